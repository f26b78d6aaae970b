//! The memory and the time of a fit, by stage, with neighbors and affinities in files and without.
//!
//! ```text
//! cargo run --release -p tsne --example scratch_memory -- 1000000 50 20            # points, columns, iterations
//! cargo run --release -p tsne --example scratch_memory -- 1000000 50 20 /var/tmp   # and a directory for files
//! ```
//!
//! Memory is what this process has for itself (`RssAnon`) and, behind it, what it has of files at the moment (`RssFile`), which the
//! system takes back when it likes: on Linux. The points are made up, of 100 groups; the last line is a hash of the map.
#![allow(clippy::print_stdout)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tsne::files::ScratchDir;
use tsne::{Context, Dataset, Progress, Stage, Tsne};

/// Each stage with its time and the most of both kinds of memory.
#[derive(Default)]
struct Stages(Mutex<Vec<(String, Instant, u64, u64)>>);

impl Stages {
    fn begin(&self, name: String) {
        let mut stages = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if stages.last().is_none_or(|last| last.0 != name) {
            stages.push((name, Instant::now(), 0, 0));
        }
    }

    fn look(&self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1000
        };
        let (own, files) = (megabytes("RssAnon:"), megabytes("RssFile:"));
        let mut stages = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(last) = stages.last_mut() {
            (last.2, last.3) = (last.2.max(own), last.3.max(files));
        }
    }
}

impl Progress for Stages {
    fn advance(&self, stage: Stage, _done: usize, _total: usize) {
        self.begin(stage.to_string());
    }
}

/// The bits of a hash of 64, whose order is as good as none.
fn mixed(mut h: u64) -> u64 {
    for _ in 0..2 {
        h = (h ^ (h >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    h ^ (h >> 32)
}

/// Sums of four uniform numbers around the centers of 100 groups of different widths.
fn points(n: usize, d: usize) -> Vec<f32> {
    let uniform = |h: u64| (mixed(h) >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
    let mut values = Vec::with_capacity(n * d);
    for i in 0..n as u64 {
        let group = mixed(i ^ 0x55) % 100;
        for j in 0..d as u64 {
            let at = 4 * (i * d as u64 + j) + (1 << 50);
            let noise: f32 = (0..4).map(|k| uniform(at + k)).sum();
            values.push(8.0 * uniform(group * 1_000 + j) + noise * (0.5 + 0.2 * (group % 7) as f32));
        }
    }
    values
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, name: &str| {
        arguments.get(at).ok_or(format!("no {name} given"))?.parse().map_err(|_| format!("{name} is no number"))
    };
    let (n, d, iterations) = (number(0, "POINTS")?, number(1, "COLUMNS")?, number(2, "ITERATIONS")?);
    let scratch = arguments.get(3).map(ScratchDir::new).transpose()?;
    let stages = Stages::default();
    let over = AtomicBool::new(false);
    let map = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                stages.look();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        stages.begin("points".into());
        let fit = || -> tsne::Result<_> {
            let data = Dataset::dense(points(n, d), n, d)?;
            let cx = Context::new().with_progress(&stages);
            let cx = scratch.as_ref().map_or(cx, |scratch| cx.with_scratch(scratch));
            let builder = Tsne::<f32, 2>::builder().early_exaggeration_iter(0).n_iter(iterations).keep_data(false);
            builder.random_state(1).build()?.fit_with(data, None, cx)
        };
        let map = fit();
        stages.begin("end".into());
        over.store(true, Ordering::Relaxed);
        map
    })?;
    let stages = stages.0.into_inner()?;
    for (stage, next) in stages.iter().zip(&stages[1..]) {
        println!(
            "{:16} {:8.1} s {:8} MB own {:8} MB of files",
            stage.0,
            (next.1 - stage.1).as_secs_f64(),
            stage.2,
            stage.3
        );
    }
    let bits = |hash: u64, value: &f32| mixed(hash ^ u64::from(value.to_bits()));
    println!("{:016x} {}", map.positions().as_flattened().iter().fold(0, bits), map.kl_divergence());
    Ok(())
}
