//! The presets, and schedules of your own, on one matrix of affinities: KL divergence with exact `Z` (beyond 300,000 points
//! with that of the grid), extent and time.
//!
//! ```text
//! cargo run --release -p tsne --example schedules -- data.npy [--rows N] [--perplexity X] [--dof X] [--dim 1|2|3] [--f64]
//!     [--seed N] [opentsne | exaggerated | recommended | ITERATIONS:EXAGGERATION:MOMENTUM[:RATE][+...] ...]
//! ```
//!
//! A schedule of one's own is Nesterov's, phases joined by `+`, with the learning rate in units of the automatic one:
//! `75:12:0.8:2+225:1:0.97:2` is the one of *exaggerated* but for its transition. The `.npy` file holds `f32` in C order.
#![allow(clippy::print_stdout)]

mod npy;

use npy::read_npy;
use std::error::Error;
use std::time::Instant;
use tsne::{AffinityIndex, Context, Embedding, Float, Preset, Rows, Tsne};

struct Options {
    path: String,
    rows: Option<usize>,
    perplexity: f64,
    dof: f64,
    dim: usize,
    double: bool,
    seed: u64,
    schedules: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let o = options()?;
    let (x, n, d) = read_npy(&o.path)?;
    let n = o.rows.unwrap_or(n).min(n);
    let x = x.get(..n * d).ok_or("truncated")?;
    println!(
        "{n} x {d}, perplexity {}, dof {}, {}-D, f{}, seed {}",
        o.perplexity,
        o.dof,
        o.dim,
        if o.double { 64 } else { 32 },
        o.seed
    );
    if o.double {
        let x: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        by_dimension(&o, Rows::new(&x, n, d)?)
    } else {
        by_dimension(&o, Rows::new(x, n, d)?)
    }
}

fn by_dimension<T: Float>(o: &Options, x: Rows<'_, T>) -> Result<(), Box<dyn Error>> {
    match o.dim {
        1 => run::<T, 1>(o, x),
        2 => run::<T, 2>(o, x),
        3 => run::<T, 3>(o, x),
        _ => Err("--dim is 1, 2 or 3".into()),
    }
}

fn run<T: Float, const D: usize>(o: &Options, x: Rows<'_, T>) -> Result<(), Box<dyn Error>> {
    let tsne =
        |preset| Tsne::<T, D>::preset(preset).perplexity(o.perplexity).dof(o.dof).random_state(o.seed).n_jobs(-1);
    let index: AffinityIndex<T> = tsne(Preset::Recommended).build()?.affinities(x)?;
    for schedule in &o.schedules {
        let start = Instant::now();
        let embedding: Embedding<T, D> = match schedule.as_str() {
            "opentsne" => tsne(Preset::OpenTsne).build()?.fit(index.clone())?,
            "exaggerated" => tsne(Preset::Exaggerated).build()?.fit(index.clone())?,
            "recommended" => tsne(Preset::Recommended).build()?.fit(index.clone())?,
            own => {
                let mut embedding = tsne(Preset::Exaggerated).build()?.prepare_initial(index.clone())?;
                for phase in own.split('+') {
                    let numbers: Vec<f64> = phase.split(':').map(str::parse).collect::<Result<_, _>>()?;
                    let (&[iterations, exaggeration, momentum], rate) = match numbers.split_at_checked(3) {
                        Some((phase, rate)) => (phase.try_into()?, rate.first().copied().unwrap_or(1.0)),
                        None => return Err(format!("not ITERATIONS:EXAGGERATION:MOMENTUM: {phase}").into()),
                    };
                    let params = embedding.params().n_iter(iterations as usize).exaggeration(exaggeration);
                    let params = params.momentum(momentum).learning_rate(rate * x.n() as f64 / exaggeration);
                    embedding.optimize(params)?;
                }
                embedding
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{schedule:<28} {:>5} iterations, KL {:.4}, extent {:>5.0}, {:>6.2} ms each{}",
            embedding.iterations(),
            if x.n() > 300_000 { embedding.kl_divergence() } else { embedding.exact_kl_divergence(Context::new())? },
            tsne::metrics::extent(embedding.positions()),
            1e3 * seconds / embedding.iterations() as f64,
            embedding.warnings().iter().map(|warning| format!("; {warning}")).collect::<String>(),
        );
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut o = Options {
        path: String::new(),
        rows: None,
        perplexity: 30.0,
        dof: 1.0,
        dim: 2,
        double: false,
        seed: 0,
        schedules: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--rows" => o.rows = Some(value()?.parse()?),
            "--perplexity" => o.perplexity = value()?.parse()?,
            "--dof" => o.dof = value()?.parse()?,
            "--dim" => o.dim = value()?.parse()?,
            "--seed" => o.seed = value()?.parse()?,
            "--f64" => o.double = true,
            _ if o.path.is_empty() => o.path = argument,
            _ => o.schedules.push(argument),
        }
    }
    if o.path.is_empty() {
        return Err("the path of an .npy file is needed".into());
    }
    if o.schedules.is_empty() {
        o.schedules = vec!["opentsne".into(), "recommended".into()];
    }
    Ok(o)
}
