//! `mpiexec -n 8 tsne-mpi embed data.npy --output map.npy`: the command of tsne, computed by all processes of a job.

mod allocator;
mod ending;

use ending::Ending;
use mpi::Threading;
use std::fs::File;
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use tsne::Context;
use tsne::core::Team;
use tsne_cli::Failure;
use tsne_mpi::MpiTeam;

/// The exit code of a program of Rust that panicked.
const PANICKED: u8 = 101;

fn main() -> ExitCode {
    allocator::give_back_large_arrays();
    let Some((universe, granted)) = mpi::initialize_with_threading(Threading::Serialized) else {
        _ = writeln!(io::stderr(), "error: MPI cannot be started: start this program with mpiexec");
        return ExitCode::FAILURE;
    };
    let (team, ending) = (MpiTeam::new(), Ending::new());
    let code = ending.end(&run(&team, granted), &team);
    drop(universe);
    ExitCode::from(code)
}

fn run(team: &MpiTeam, granted: Threading) -> Result<(), Failure> {
    if granted < Threading::Serialized && team.size() > 1 {
        return Err(Failure::new(1, "error: this MPI serves one thread alone: use one that was built with threads"));
    }
    if let Some((name, count)) = others().filter(|_| team.size() < 2) {
        let why = format!(
            "error: {name} is {count}, but each process is alone, and would compute the whole map: start them with the mpiexec of the MPI \
             that this program was built with, in SLURM by srun --mpi=pmi2 or pmix"
        );
        return Err(Failure::new(1, &why));
    }
    same_program(team).map_err(|error| Failure::new(1, &format!("error: {error}")))?;
    // A panic is told by its hook; from here it would end in MPI, which waits for the others, who wait for this one.
    let run = AssertUnwindSafe(|| tsne_cli::run_in_team(std::env::args_os(), team));
    panic::catch_unwind(run).unwrap_or_else(|_| Err(Failure::said(PANICKED)))
}

/// What a launcher says of the number of processes that it has started, if they are several: one of another MPI says it to nobody else.
fn others() -> Option<(&'static str, usize)> {
    // Those of Open MPI, of MPICH and its relatives, and of a step of SLURM.
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"].into_iter().find_map(|name| {
        let count = std::env::var(name).ok()?.parse().ok()?;
        (count > 1).then_some((name, count))
    })
}

/// Checks that all processes run the same program: another one would send other messages.
fn same_program(team: &MpiTeam) -> tsne::Result<()> {
    let hash = || -> io::Result<u64> {
        let mut file = File::open(std::env::current_exe()?)?;
        // Of the standard library, with constant keys: all members are of one build, or differ.
        let mut hasher = std::hash::DefaultHasher::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                length => hasher.write(&buffer[..length]),
            }
        }
    };
    Context::new().with_team(team).agree("program", hash().unwrap_or(0))
}
