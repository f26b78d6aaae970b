//! What each member of a team computes and sends in each stage of a map: seconds of CPU and megabytes of the member with the most, and
//! of all in the mean, for teams of threads of several sizes. Members have one thread each, and the rows of their points, as `tsne-mpi` reads them. The ratio is members times the most seconds, over those of one
//! process: 1 where a stage is shared out in full, the number of members where all do everything.
//!
//! ```text
//! cargo run --release -p tsne --example team_cost -- data.npy                     # teams of 1, 2, 4 and 8, the default descent
//! cargo run --release -p tsne --example team_cost -- data.npy 1,8 50 bh           # these, 50 iterations, the tree
//! taskset -c 0 cargo run --release -p tsne --example team_cost -- data.npy        # nothing of it beside another
//! ```
//!
//! Seconds are those of a member's thread, as the system counts them, so that members may take turns on a processor. What they cannot
//! tell is whether another program shared its caches. It needs a Linux.
#![allow(clippy::print_stdout)]

mod npy;

use npy::read_npy;
use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;
use tsne::core::{DealtRows, Team, ThreadTeam};
use tsne::{Context, Error, Progress, Result, Rows, Stage, Tsne, TsneBuilder};

const STAGES: [Stage; 4] = [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization];

/// Seconds of CPU and bytes sent.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    seconds: f64,
    bytes: u64,
}

/// What one member's thread has done by stages, from being told of their progress: what was done since the last word belongs to the
/// stage that speaks, or where it begins, to the one before.
struct Meter<'a> {
    team: &'a dyn Team,
    thread: ThreadId,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    last: usize,
    before: Cost,
    stages: [Cost; STAGES.len()],
    /// Whether another thread spoke, so that this one does not do all of the work.
    others: bool,
}

impl<'a> Meter<'a> {
    fn new(team: &'a dyn Team) -> Self {
        let counted = Counted { before: now(team), ..Counted::default() };
        Self { team, thread: std::thread::current().id(), counted: Mutex::new(counted) }
    }

    fn count(&self, stage: usize) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, before) = (now(self.team), counted.before);
        counted.stages[stage].seconds += now.seconds - before.seconds;
        counted.stages[stage].bytes += now.bytes - before.bytes;
        counted.others |= std::thread::current().id() != self.thread;
        (counted.before, counted.last) = (now, stage);
    }

    /// The costs of all stages: what nothing was said of since belongs to the descent.
    fn finish(self) -> Result<[Cost; STAGES.len()]> {
        self.count(STAGES.len() - 1);
        let counted = self.counted.into_inner().unwrap_or_else(PoisonError::into_inner);
        match counted.others {
            true => Err(Error::numerical("CPU of a member", "its work runs in other threads too")),
            false => Ok(counted.stages),
        }
    }
}

impl Progress for Meter<'_> {
    fn advance(&self, stage: Stage, done: usize, _: usize) {
        let stage = STAGES.iter().position(|known| *known == stage).unwrap_or(STAGES.len() - 1);
        let last = self.counted.lock().unwrap_or_else(PoisonError::into_inner).last;
        self.count(if done == 0 { last } else { stage });
    }
}

/// The seconds that this thread has computed, and the bytes that its member has sent.
fn now(team: &dyn Team) -> Cost {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    Cost { seconds: 1e-9 * nanoseconds.unwrap_or(f64::NAN), bytes: team.sent() }
}

/// Seconds that all threads of this process have computed, by the system's count of hundredths.
fn of_process() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn builder(iterations: Option<usize>, method: Option<&str>) -> TsneBuilder<f32, 2> {
    let builder = Tsne::<f32, 2>::builder().keep_data(false);
    let builder = match iterations {
        Some(iterations) => builder.n_iter(iterations),
        None => builder,
    };
    match method {
        Some(method) => builder.negative_gradient_method(method),
        None => builder,
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map(String::as_str);
    let (x, n, d) = read_npy(argument(0).ok_or("which data?")?)?;
    let sizes = argument(1).unwrap_or("1,2,4,8").split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let tsne = builder(argument(2).map(str::parse).transpose()?, argument(3)).build()?;
    let mut alone = None;
    println!("members  stage           CPU s most   mean  ratio    MB sent most    mean");
    for size in sizes {
        let before = of_process();
        let members = ThreadTeam::run(size, 1, |team| {
            let meter = Meter::new(team);
            let cx = Context::new().with_team(team).with_progress(&meter);
            let own = cx.rows(n);
            let rows = DealtRows::new(Rows::new(&x[own.start * d..own.end * d], own.len(), d)?, own.start, n)?;
            let map = tsne.fit_with(rows, None, cx)?;
            Ok::<_, Error>((meter.finish()?, map.iterations(), map.kl_divergence()))
        })?;
        let process = of_process() - before;
        let members = members.into_iter().collect::<Result<Vec<_>>>()?;
        let of_stage = |stage: usize| members.iter().map(move |member| member.0[stage]);
        let most = |stage: usize| of_stage(stage).map(|cost| cost.seconds).fold(0.0, f64::max);
        let alone = *alone.get_or_insert([0, 1, 2, 3].map(|stage| size as f64 * most(stage)));
        for (stage, name) in STAGES.iter().enumerate() {
            let seconds = of_stage(stage).map(|cost| cost.seconds).sum::<f64>() / size as f64;
            let bytes = of_stage(stage).map(|cost| cost.bytes).sum::<u64>() as f64 / size as f64;
            println!(
                "{size:>7}  {:<15} {:>10.3} {seconds:>6.3} {:>6.2} {:>15.2} {:>7.2}",
                name.to_string(),
                most(stage),
                size as f64 * most(stage) / alone[stage],
                of_stage(stage).map(|cost| cost.bytes).max().unwrap_or(0) as f64 * 1e-6,
                bytes * 1e-6,
            );
        }
        let sum: f64 = members.iter().flat_map(|member| member.0).map(|cost| cost.seconds).sum();
        let (_, iterations, kl) = members[0];
        println!(
            "         {n} x {d}, {iterations} iterations, KL {kl:.6}; of all members {sum:.2} s, of the process {process:.2} s"
        );
    }
    Ok(())
}
