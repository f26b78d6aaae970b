//! Seconds of placing new points into a map of the first `fitted` rows of an `.npy` file (`f32`, C order): the first call, later
//! ones with one point, with the rest of the rows (at most 10,000), and a stream of single points. The map is saved beside, and
//! loaded where it is there.
//!
//! ```text
//! cargo run --release -p tsne --example new_points_time -- data.npy fitted model.tsne
//! ```
#![allow(clippy::print_stdout)]

mod npy;

use npy::read_npy;
use std::path::Path;
use std::time::Instant;
use tsne::{Context, Embedding, Preset, Rows, TransformParams, Tsne};

/// Calls of one kind, of which the median and the quickest are printed.
const CALLS: usize = 9;
/// Single points one after the other.
const STREAM: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, fitted, model] = arguments.as_slice() else { return Err("data, fitted and model are needed".into()) };
    let (x, n, d) = read_npy(data)?;
    let fitted: usize = fitted.parse()?;
    let (old, new) = x.split_at_checked(fitted * d).ok_or("fewer rows than that")?;
    let count = (n - fitted).min(10_000);
    let model = Path::new(model);
    if !model.exists() {
        let clock = Instant::now();
        let embedding = Tsne::<f32, 2>::builder().build()?.fit(Rows::new(old, fitted, d)?)?;
        println!("fit {:.2} s", clock.elapsed().as_secs_f64());
        embedding.save(model)?;
    }
    let rows = |first: usize, count: usize| Rows::new(&new[first * d..(first + count) * d], count, d);
    let all = rows(0, count)?;
    let embedding = Embedding::<f32, 2>::load(model)?;
    for what in ["first", "second"] {
        let (clock, before) = (Instant::now(), cpu());
        embedding.affinity_index().to_new(rows(0, 1)?, None, Context::new())?;
        let (index, of_index) = (clock.elapsed(), cpu() - before);
        let clock = Instant::now();
        embedding.prepare_reference(&TransformParams::preset(Preset::Recommended), Context::new())?;
        let (rest, of_rest) = (clock.elapsed(), cpu() - before - of_index);
        println!(
            "{what}: affinities of one point {index:.2?} (CPU {of_index:.2} s), then preparing the rest {rest:.2?} ({of_rest:.2} s)"
        );
    }
    for first in [1, count] {
        let clock = Instant::now();
        let embedding = Embedding::<f32, 2>::load(model)?;
        let loaded = clock.elapsed();
        let x = rows(0, first)?;
        let clock = Instant::now();
        embedding.transform(x)?;
        println!("load {loaded:.1?}, then the first call with {first}: {:.1?}", clock.elapsed());
        for repeats in [1, count] {
            let (mut times, before) = (Vec::new(), cpu());
            for call in 0..CALLS {
                let x = rows(if repeats == 1 { call + 1 } else { 0 }, repeats)?;
                let clock = Instant::now();
                embedding.transform(x)?;
                times.push(clock.elapsed());
            }
            times.sort_unstable();
            let each = (cpu() - before) / CALLS as f64;
            println!(
                "  later calls with {repeats}: median {:.2?}, quickest {:.2?}, CPU {each:.3} s",
                times[CALLS / 2],
                times[0]
            );
        }
        let (mut times, before) = (Vec::new(), cpu());
        for _ in 0..3 {
            let clock = Instant::now();
            embedding.affinity_index().to_new(all, None, Context::new())?;
            times.push(clock.elapsed());
        }
        times.sort_unstable();
        println!(
            "  affinities of {count} alone, by the rule of the fit: {:.2?}, CPU {:.3} s",
            times[1],
            (cpu() - before) / 3.0
        );
        let before = cpu();
        let start = embedding.prepare_partial(all)?;
        println!("  their start with affinities of perplexity 5: CPU {:.3} s", cpu() - before);
        let before = cpu();
        start.optimized(Preset::Recommended.schedule_of_new_points())?;
        println!("  their descent: CPU {:.3} s", cpu() - before);
        let (clock, before) = (Instant::now(), cpu());
        for i in (0..count).cycle().take(STREAM) {
            embedding.transform(rows(i, 1)?)?;
        }
        let seconds = clock.elapsed().as_secs_f64();
        let (each, cpu) = (STREAM as f64 / seconds, cpu() - before);
        println!("  a stream of {STREAM} single points: {seconds:.2} s, {each:.0} a second, CPU {cpu:.2} s");
    }
    Ok(())
}
/// Seconds that all threads of this process have computed, by the system's count of hundredths: what a busy machine leaves as it is.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
