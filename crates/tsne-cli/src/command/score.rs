//! `tsne score`.

use crate::args::{FloatType, KlMode, ScoreArgs};
use crate::command::progress::Bars;
use crate::command::run::{Data, agreement, in_pool, print, read, warn};
use crate::command::targets::Written;
use crate::command::{map, method};
use crate::input::{InputOptions, Labels, Table};
use crate::report::{InputReport, ScoreReport, ScoreSeconds};
use anyhow::{Context as _, Result, bail, ensure};
use std::str::FromStr;
use std::time::Instant;
use tsne::affinity::PerplexityAffinity;
use tsne::core::random;
use tsne::metrics::{self, Comparison};
use tsne::{Context, Dataset, Float, Kernel, Metric, Rows, Scalar, Tsne};

/// Up to here the KL divergence is computed unasked: for 70,000 points
/// (neighbors included) that took 1.8 s on two cores, and it grows with the square.
const KL_POINTS: usize = 100_000;

/// Points that trustworthiness, continuity and neighbor recall are measured on, unless told otherwise: their standard error is
/// then below 1 / sqrt(5,000), 1.4 % of the spread of the points' own values.
const SAMPLE: usize = 5000;

/// Neighbors that four measures look at, unless told otherwise or half of the points are fewer.
const K: usize = 10;

/// Points whose distances are correlated, as in Kobak and Berens (2019).
const SPEARMAN_SAMPLE: usize = 1000;

/// The most points whose distances are correlated.
const MAX_SPEARMAN_SAMPLE: usize = 8192;

/// The stream of random numbers that draws the sample of a matrix of distances.
const SAMPLE_STREAM: u64 = 211;

/// Measures a map.
///
/// # Errors
///
/// For files that cannot be used or do not fit each other, and parameters out of range.
pub(crate) fn score(args: &ScoreArgs) -> Result<()> {
    let started = Instant::now();
    Kernel::new(args.dof)?;
    match args.float {
        FloatType::F32 => measure_any::<f32>(args, started),
        FloatType::F64 => measure_any::<f64>(args, started),
    }
}

fn measure_any<T: Float + FromStr>(args: &ScoreArgs, started: Instant) -> Result<()> {
    let metric = method::metric(args.metric.as_ref(), args.metric_params.as_deref())?;
    let data = read::<T>(&args.data, &args.reading.options())?.prepared(&args.data, args.prepare.steps(), args.seed)?;
    let name = || args.map.display().to_string();
    let map = map::read(&args.map, &InputOptions::default())?;
    let map = map.in_order_of(data.annotations.ids.as_deref()).with_context(name)?.table;
    ensure!(
        map.n() == data.points.n(),
        "{}: the map has {} points, but the data have {}: give the map of these data, in their order",
        name(),
        map.n(),
        data.points.n()
    );
    let Data { points, annotations, input, .. } = data;
    let labels = annotations.labels.into_iter().next();
    let points = points.into_dataset(&metric).with_context(|| args.data.display().to_string())?;
    let scored = Scored { args, metric, points, labels, input, started };
    match map.d() {
        1 => scored.measure::<1>(&map),
        2 => scored.measure::<2>(&map),
        3 => scored.measure::<3>(&map),
        d => bail!("{}: the map has {d} columns, but a map has 1, 2 or 3", name()),
    }
}

/// What is measured, apart from the map.
struct Scored<'a, T: 'static> {
    args: &'a ScoreArgs,
    metric: Metric,
    points: Dataset<'static, T>,
    labels: Option<Labels>,
    input: InputReport,
    started: Instant,
}

/// A value and the seconds that it took.
fn timed<R>(f: impl FnOnce() -> Result<R>) -> Result<(R, f64)> {
    let clock = Instant::now();
    Ok((f()?, clock.elapsed().as_secs_f64()))
}

impl<T: Float + FromStr> Scored<'_, T> {
    fn measure<const D: usize>(&self, map: &Table<f64>) -> Result<()> {
        let (args, n) = (self.args, self.points.n());
        let rows = map.rows()?;
        let y: Vec<[T; D]> = rows.iter().map(|row| std::array::from_fn(|c| T::from_f64(row[c]))).collect();
        let seconds_read = self.started.elapsed().as_secs_f64();
        let given = PerplexityAffinity::mixture(&[args.perplexity])?.effective_perplexities(n)?.0;
        let perplexity = given.first().copied().unwrap_or(args.perplexity);
        let wanted = match args.kl {
            KlMode::Auto => n <= KL_POINTS,
            KlMode::Yes => true,
            KlMode::No => false,
        };
        if args.kl == KlMode::Auto && !wanted {
            let why = format!("the KL divergence of {n} points takes O(n²) and was left out: ask for it with --kl yes");
            warn(args.quiet, &[why])?;
        }

        let sample = args.sample.map_or(SAMPLE, |sample| sample as usize).min(n);
        let k = args.k.unwrap_or_else(|| K.min(n.saturating_sub(1) / 2).max(1));
        let measured = || -> Result<ScoreReport> {
            let (kept, seconds_neighborhoods) = timed(|| {
                in_pool(args.threads, || {
                    let comparison = Comparison::new(self.points.points()?, &y)?.metric(&self.metric);
                    Ok(comparison.sample(sample, args.seed).measures(k)?)
                })
            })?;
            // Warnings come after what may still be wrong with the arguments.
            let (kl_divergence, seconds_kl) = timed(|| wanted.then(|| self.kl_divergence(&y)).transpose())?;
            let most = args.sample.map_or(SPEARMAN_SAMPLE, |sample| sample as usize).min(n).min(MAX_SPEARMAN_SAMPLE);
            let (spearman, seconds_spearman) = timed(|| in_pool(args.threads, || self.spearman(&y, most)))?;
            let labels = self.labels.as_ref();
            let agreement = |labels| in_pool(args.threads, || agreement(&y, labels, k));
            let label_agreement = labels.map(agreement).transpose()?.flatten();
            Ok(ScoreReport {
                n,
                d: self.points.d(),
                input: self.input.clone(),
                components: D,
                extent: metrics::extent(&y),
                kl_divergence,
                perplexity,
                pbic: kl_divergence.map(|kl| metrics::pbic(kl, perplexity, n)).transpose()?,
                k,
                trustworthiness: kept.trustworthiness,
                continuity: kept.continuity,
                neighbor_recall: kept.neighbor_recall,
                label_agreement,
                spearman,
                sample,
                spearman_sample: most,
                seconds: ScoreSeconds {
                    read: seconds_read,
                    kl_divergence: seconds_kl,
                    neighborhoods: seconds_neighborhoods,
                    spearman: seconds_spearman,
                    total: self.started.elapsed().as_secs_f64(),
                },
                peak_memory_bytes: crate::memory::peak_bytes(),
                seed: args.seed,
                version: env!("CARGO_PKG_VERSION"),
            })
        };
        let report = measured().with_context(|| args.data.display().to_string())?;
        print(&report, (args.json, args.quiet), &Written::default())
    }

    /// The exact KL divergence for the affinities that `tsne embed` computes.
    fn kl_divergence<const D: usize>(&self, y: &[[T; D]]) -> Result<f64> {
        let bars = Bars::new(self.args.quiet);
        let cx = Context::new().with_progress(&bars);
        let tsne = Tsne::<T, 2>::builder()
            .perplexity(self.args.perplexity)
            .metric(self.metric.clone())
            .keep_data(false)
            .n_jobs(self.args.threads.unwrap_or(-1))
            .build()?;
        let index = tsne.affinities_with(self.points.clone(), cx)?;
        bars.finish();
        warn(self.args.quiet, index.warnings())?;
        in_pool(self.args.threads, || {
            Ok(metrics::kl_divergence(index.affinities(), Kernel::new(self.args.dof)?, y, Context::new())?)
        })
    }

    /// The rank correlation of distances; `None`, with a warning, where there is no order among them.
    fn spearman<const D: usize>(&self, y: &[[T; D]], sample: usize) -> Result<Option<f64>> {
        let correlation = match self.metric {
            // Of a sample of points, a matrix of distances needs the columns as well.
            Metric::Precomputed => {
                let chosen = draw(y.len(), sample, self.args.seed);
                let distances = self.points.points()?.dense("a matrix of distances")?;
                let values = sub_matrix(distances, &chosen);
                let x = Rows::new(&values, chosen.len(), chosen.len())?;
                let y: Vec<[T; D]> = chosen.iter().map(|&i| y[i]).collect();
                Comparison::new(x, &y)?.metric(&self.metric).sample(chosen.len(), self.args.seed).spearman()
            }
            _ => {
                let points = self.points.points()?;
                Comparison::new(points, y)?.metric(&self.metric).sample(sample, self.args.seed).spearman()
            }
        };
        match correlation {
            Ok(correlation) => Ok(Some(correlation)),
            Err(error @ (tsne::Error::Numerical { .. } | tsne::Error::TooFewPoints { .. })) => {
                warn(self.args.quiet, &[error])?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// `count` of the points below `n`, ascending: those with the smallest hashes.
fn draw(n: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut points: Vec<usize> = (0..n).collect();
    points.sort_by_key(|&i| (random::element_seed(seed, SAMPLE_STREAM, i as u64), i));
    points.truncate(count);
    points.sort_unstable();
    points
}

/// The distances among some points.
fn sub_matrix<T: Scalar>(distances: Rows<'_, T>, chosen: &[usize]) -> Vec<T> {
    let value = |i: usize, j: usize| distances.row(i).get(j).copied().unwrap_or(T::ZERO);
    chosen.iter().flat_map(|&i| chosen.iter().map(move |&j| value(i, j))).collect()
}
