//! How long calls go on after another thread has cancelled them, in every stage: at 70,000 x 784 no answer may take longer than 100 ms
//! on an idle machine.
//!
//! ```text
//! cargo run --release -p tsne --example cancel_time                      # made-up data of 70,000 x 784
//! cargo run --release -p tsne --example cancel_time -- data.npy 20       # rows of f32, 20 moments for each call
//! cargo run --release -p tsne --example cancel_time -- 20000x50 20 exact # made-up data, calls whose names contain "exact"
//! ```
//!
//! Each call is timed once as a whole, and then cancelled at moments that are spread evenly over this time.
#![allow(clippy::print_stdout)]

mod npy;

use npy::read_npy;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tsne::core::random;
use tsne::metrics::Comparison;
use tsne::{
    CancelToken, Context, Embedding, Error, Initialization, Preset, Progress, Result, Rows, Stage, TransformParams,
    Tsne,
};

/// The answer that is promised.
const PROMISED: Duration = Duration::from_millis(100);

/// The shape of the data that are made up.
const SHAPE: (usize, usize) = (70_000, 784);

/// The most new points.
const NEW: usize = 10_000;

/// The stage that was told last.
#[derive(Default)]
struct Last(Mutex<Option<Stage>>);

impl Progress for Last {
    fn advance(&self, stage: Stage, _: usize, _: usize) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some(stage);
        }
    }
}

/// Answers by call and stage.
struct Answers {
    moments: usize,
    filter: String,
    slow: usize,
}

impl Answers {
    /// Cancels a call at moments of its own time, and prints how long it went on.
    fn of(&mut self, name: &str, call: &mut dyn FnMut(Context<'_>) -> Result<()>) -> Result<()> {
        self.of_each(name, &mut || Ok(()), call)
    }

    /// The same, with what has to be done before each call and is not timed.
    fn of_each(
        &mut self,
        name: &str,
        before: &mut dyn FnMut() -> Result<()>,
        call: &mut dyn FnMut(Context<'_>) -> Result<()>,
    ) -> Result<()> {
        if !name.contains(&self.filter) {
            return Ok(());
        }
        before()?;
        let clock = Instant::now();
        call(Context::new())?;
        let whole = clock.elapsed();
        let mut answers = BTreeMap::<Option<Stage>, Vec<(Duration, f64)>>::new();
        let mut done = 0;
        for i in 0..self.moments {
            let share = (i as f64 + random::unit(random::element_seed(7, 0, i as u64))) / self.moments as f64;
            let (token, last) = (CancelToken::new(), Last::default());
            let switch = token.clone();
            before()?;
            let (outcome, cancelled) = std::thread::scope(|scope| {
                let other = scope.spawn(move || {
                    std::thread::sleep(whole.mul_f64(share));
                    switch.cancel();
                    Instant::now()
                });
                let outcome = call(Context::new().with_cancel(&token).with_progress(&last));
                let ended = Instant::now();
                (outcome, other.join().map(|cancelled| ended.saturating_duration_since(cancelled)))
            });
            match (outcome, cancelled) {
                (Err(Error::Cancelled), Ok(answer)) => {
                    let stage = last.0.into_inner().unwrap_or(None);
                    answers.entry(stage).or_default().push((answer, share));
                }
                (Err(error), _) => return Err(error),
                _ => done += 1,
            }
        }
        println!("{name}: {:.2} s as a whole, {done} of {} were done before", whole.as_secs_f64(), self.moments);
        for (stage, mut times) in answers {
            times.sort_by_key(|time| time.0);
            let (worst, share) = times.last().copied().unwrap_or_default();
            self.slow += times.iter().filter(|(answer, _)| *answer > PROMISED).count();
            let stage = stage.map_or_else(|| "before any".to_owned(), |stage| stage.to_string());
            let ms = |time: Duration| 1e3 * time.as_secs_f64();
            let median = ms(times[times.len() / 2].0);
            println!(
                "  {stage:<16}{:>4} answers, median {median:>8.2} ms, longest {:>8.2} ms (at {share:.3} of the time)",
                times.len(),
                ms(worst)
            );
        }
        Ok(())
    }
}

/// Clusters of unequal size around 50 centers.
fn made_up(n: usize, d: usize) -> Vec<f32> {
    let unit = |stage: u64, at: usize| random::unit(random::element_seed(3, stage, at as u64)) as f32 - 0.5;
    let center = |i: usize| (50.0 * (unit(9, i) + 0.5).powi(2)) as usize;
    (0..n * d).map(|at| 4.0 * unit(1, center(at / d) * d + at % d) + unit(2, at)).collect()
}

fn data(from: Option<&str>) -> Result<(Vec<f32>, usize, usize), Box<dyn StdError>> {
    let shape = match from {
        None => Some(SHAPE),
        Some(from) => from.split_once('x').and_then(|(n, d)| Some((n.parse().ok()?, d.parse().ok()?))),
    };
    match (shape, from) {
        (Some((n, d)), _) => Ok((made_up(n, d), n, d)),
        (None, Some(path)) => read_npy(path),
        (None, None) => Err("no data".into()),
    }
}

fn main() -> Result<(), Box<dyn StdError>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map(String::as_str);
    let (x, n, d) = data(argument(0))?;
    let moments = argument(1).map_or(Ok(20), str::parse)?;
    let mut answers = Answers { moments, filter: argument(2).unwrap_or_default().to_owned(), slow: 0 };
    let rows = Rows::new(&x, n, d)?;
    println!("{n} x {d}");
    let builder = Tsne::<f32, 2>::builder;
    let tsne = builder().build()?;
    answers.of("affinities", &mut |cx| tsne.affinities_with(rows, cx).map(drop))?;
    let exact = builder().neighbors("exact").build()?;
    answers.of("affinities exact", &mut |cx| exact.affinities_with(rows, cx).map(drop))?;
    let index = std::sync::Arc::new(tsne.affinities(rows)?);
    let starts = [
        ("coarse", Initialization::Coarse),
        ("pca", Initialization::Pca),
        ("spectral", Initialization::Spectral),
        ("random", Initialization::Random),
    ];
    for (name, initialization) in starts {
        let name = format!("initialization {name}");
        let tsne = builder().initialization(initialization).build()?;
        answers.of(&name, &mut |cx| tsne.prepare_initial_with(std::sync::Arc::clone(&index), cx).map(drop))?;
    }
    for preset in [Preset::Recommended, Preset::OpenTsne, Preset::Documented] {
        let tsne = Tsne::<f32, 2>::preset(preset).early_exaggeration_iter(60).n_iter(60).build()?;
        let start = tsne.prepare_initial(std::sync::Arc::clone(&index))?;
        let name = format!("descent {preset}");
        answers.of(&name, &mut |cx| start.optimized_with(tsne.schedule(), None, cx).map(drop))?;
    }
    let embedding = tsne.fit(std::sync::Arc::clone(&index))?;
    for method in ["fft", "bh", "exact"] {
        let params = embedding.params().n_iter(if method == "exact" { 2 } else { 60 }).negative_gradient_method(method);
        let name = format!("further descent {method}");
        answers.of(&name, &mut |cx| embedding.optimized_with(params.clone(), None, cx).map(drop))?;
    }
    // Each call with a map that has neither index nor repulsion prepared.
    let file = tempfile::NamedTempFile::new()?;
    embedding.save(file.path())?;
    let new = Rows::new(&x[..n.min(NEW) * d], n.min(NEW), d)?;
    let params = TransformParams::preset(Preset::Recommended);
    let fresh = RefCell::new(Embedding::<f32, 2>::load(file.path())?);
    let mut load = || {
        let loaded = Embedding::load(file.path()).map_err(|error| Error::other("the saved map", error))?;
        fresh.replace(loaded);
        Ok(())
    };
    answers
        .of_each("new points", &mut load, &mut |cx| fresh.borrow().transform_with(new, &params, None, cx).map(drop))?;
    answers.of("force error", &mut |cx| embedding.force_error(1_000, cx).map(drop))?;
    answers.of("exact divergence", &mut |cx| embedding.exact_kl_divergence(cx).map(drop))?;
    let y = embedding.positions();
    answers.of("trustworthiness", &mut |cx| {
        Comparison::new(rows, y)?.sample(500, 1).context(cx).trustworthiness(10).map(drop)
    })?;
    println!("{} answers took longer than {PROMISED:?}", answers.slow);
    Ok(())
}
