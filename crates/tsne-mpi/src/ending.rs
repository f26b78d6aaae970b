//! How a job ends: together where it can, and what is to be said is said once, and whole.

use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tsne::core::Team;
use tsne_cli::Failure;
use tsne_mpi::MpiTeam;

/// How long a process that has failed waits for the others to come to their ends, too: what all find in the same file they find within
/// this. Where they do not come, they may be waiting for this one.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time for `mpiexec` to pass on what was said: of jobs that end at once it cut off the last line of 1 in 15 (MPICH 4.0).
const PASSED_ON: Duration = Duration::from_millis(200);

/// The exit code of a run that a signal has ended in order.
const INTERRUPTED: u8 = 130;

/// The pause between two looks for the others.
const PAUSE: Duration = Duration::from_millis(1);

/// Where processes meet at the end: apart from what they send each other before, in which others may still be waiting.
pub(crate) struct Ending(SimpleCommunicator);

impl Ending {
    /// To be called by all processes, before anything can fail.
    pub(crate) fn new() -> Self {
        Self(SimpleCommunicator::world().duplicate())
    }

    /// Waits for the others at the end of a run, says what failed unless a process before this one says the same, and returns the code
    /// to exit with, the same for all. A process that has failed alone ends the job.
    pub(crate) fn end(self, ended: &Result<(), Failure>, team: &MpiTeam) -> u8 {
        let code = ended.as_ref().err().map_or(0, Failure::code);
        let clock = Instant::now();
        let mut all = self.0.immediate_barrier();
        while let Err(some) = all.test() {
            if code != 0 && clock.elapsed() > PATIENCE {
                say(ended);
                let (rank, size) = (team.rank(), team.size());
                _ = writeln!(io::stderr(), "tsne-mpi: process {rank} of {size} has ended, and the job with it");
                sleep(PASSED_ON);
                team.abort(code);
            }
            sleep(PAUSE);
            all = some;
        }
        let line = ended.as_ref().err().and_then(Failure::line);
        let own = [line.map_or(0, hash), u64::from(code)];
        let mut all = vec![0u64; own.len() * team.size()];
        self.0.all_gather_into(&own[..], &mut all[..]);
        let all = all.as_chunks::<2>().0;
        if !all[..team.rank()].iter().any(|[line, _]| *line == own[0]) {
            say(ended);
        }
        let code = all.iter().map(|[_, code]| *code as u8).max().unwrap_or(code);
        // Asked to end a job, `mpiexec` may return 0 whatever its processes return: not where one of them aborts.
        if code == INTERRUPTED && team.size() > 1 {
            sleep(PASSED_ON);
            team.abort(code);
        }
        code
    }
}

fn say(ended: &Result<(), Failure>) {
    if let Err(failure) = ended {
        failure.say();
    }
}

fn hash(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
