//! Times the loading of a saved model: `cargo run --release -p tsne --example load_time -- [POINTS] [REPEATS]`.
//!
//! The model is made of points in 50 columns, with the data and ten iterations, in the directory for temporary files; it is read
//! from the memory of the system, not from the disk.
#![allow(missing_docs, clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;
use tsne::core::random;
use tsne::{Embedding, Model, Rows, Tsne};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let n: usize = args.next().map_or(Ok(60_000), |n| n.parse())?;
    let repeats: usize = args.next().map_or(Ok(30), |repeats| repeats.parse())?;
    let uniform = |stage: u64, at: usize| random::unit(random::element_seed(1, stage, at as u64)) - 0.5;
    let x: Vec<f32> =
        (0..n * 50).map(|at| (6.0 * uniform(1, (at / 50 % 10) * 50 + at % 50) + uniform(2, at)) as f32).collect();
    let path = std::env::temp_dir().join(format!("load-time-{}.tsne", std::process::id()));
    Tsne::<f32, 2>::builder().n_iter(10).build()?.fit(Rows::new(&x, n, 50)?)?.save(&path)?;
    println!("{} bytes", std::fs::metadata(&path)?.len());
    let mut times = Vec::new();
    for _ in 0..repeats {
        let clock = Instant::now();
        let model = Model::open(&path)?;
        let opened = clock.elapsed().as_secs_f64();
        let embedding: Embedding<f32, 2> = model.embedding()?;
        times.push((clock.elapsed().as_secs_f64(), opened));
        drop(embedding);
    }
    std::fs::remove_file(&path)?;
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (name, at) in [("least", 0), ("median", times.len() / 2)] {
        println!("{name}: {:.1} ms, of which reading {:.1} ms", 1e3 * times[at].0, 1e3 * times[at].1);
    }
    Ok(())
}
