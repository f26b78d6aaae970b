//! `tsne score`.

mod map;
mod names;
mod per_point;
mod scored;
mod spearman;

use crate::args::{FloatType, KlMode, Sample, ScoreArgs};
use crate::command::progress::Bars;
use crate::command::run::{Data, in_pool, print, read, warn};
use crate::command::targets::{Targets, Written};
use crate::command::{map as maps, method};
use crate::input::{Annotations, InputOptions, Labels, MapTable, as_embedded};
use crate::report::{MapScore, ScoreReport, ScoreSeconds, StandardErrors};
use anyhow::{Context as _, Result, ensure};
use map::Map;
use scored::Scored;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;
use tsne::affinity::PerplexityAffinity;
use tsne::metrics::{self, PointMeasures};
use tsne::{AffinityIndex, Context, Float, Kernel, Tsne};

/// Up to here the KL divergence is computed unasked: for 70,000 points
/// (neighbors included) that took 1.4 to 1.6 s on two cores, and it grows with the square.
const KL_POINTS: usize = 100_000;

/// Points that trustworthiness, continuity and neighbor recall are measured on, unless told otherwise: their standard error, which
/// is printed, is then below 1 / sqrt(2,000), 2.2 % of the spread of the points' own values.
const SAMPLE: usize = 2000;

/// Neighbors that four measures look at, unless told otherwise or half of the points are fewer.
const K: usize = 10;

/// Measures maps.
///
/// # Errors
///
/// For files that cannot be used or do not fit each other, and parameters out of range.
pub(crate) fn score(args: &ScoreArgs) -> Result<()> {
    let started = Instant::now();
    Kernel::new(args.dof)?;
    let (data, files) = args.files();
    let targets = Targets { map: args.per_point.as_deref(), ..Targets::default() };
    let sources: Vec<PathBuf> = files.iter().chain([&data]).map(|path| path.to_path_buf()).collect();
    targets.check(&sources.iter().chain(&args.reading.labels).map(Some).collect::<Vec<_>>())?;
    args.per_point.as_deref().map(per_point::check).transpose()?;
    match args.float {
        FloatType::F32 => measure_any::<f32>(args, started),
        FloatType::F64 => measure_any::<f64>(args, started),
    }
}

fn measure_any<T: Float + FromStr>(args: &ScoreArgs, started: Instant) -> Result<()> {
    let metric = method::metric(args.metric.as_ref(), args.metric_params.as_deref())?;
    let (data_path, files) = args.files();
    let names = names::short_names(&files)?;
    let tables = files.iter().map(|path| maps::read(path, &InputOptions::default())).collect::<Result<Vec<_>>>()?;
    let known: Vec<&Annotations> = tables.iter().map(|map| &map.annotations).collect();
    let options = as_embedded(data_path, args.reading.options(), &known)?;
    let data = read::<T>(data_path, &options)?.prepared(data_path, args.prepare.steps(), args.call.seed)?;
    let (n, ids) = (data.points.n(), data.annotations.ids.as_deref());
    let mut all = Vec::new();
    for (path, table) in files.iter().zip(tables) {
        let of_path = || path.display().to_string();
        let MapTable { table, .. } = table.in_order_of(ids).with_context(of_path)?;
        ensure!(
            table.n() == n,
            "{}: the map has {} points, but the data have {n}: give the map of these data, in their order",
            of_path(),
            table.n()
        );
        all.push(map::of_table::<T>(&table).with_context(of_path)?);
    }
    let Data { points, annotations, input, .. } = data;
    let points = points.into_dataset(&metric).with_context(|| data_path.display().to_string())?;
    let scored = Scored { args, metric, points, annotations, names, input, started };
    scored.report(data_path, &all)
}

/// A value and the seconds that it took.
fn timed<R>(f: impl FnOnce() -> Result<R>) -> Result<(R, f64)> {
    let clock = Instant::now();
    Ok((f()?, clock.elapsed().as_secs_f64()))
}

impl<T: Float + FromStr> Scored<'_, T> {
    /// Measures the maps, writes the measures of the points, and prints.
    fn report(&self, data: &Path, maps: &[Box<dyn Map<T>>]) -> Result<()> {
        let (args, n) = (self.args, self.points.n());
        let (json, quiet) = (args.call.json, args.call.quiet);
        let seconds_read = self.started.elapsed().as_secs_f64();
        let wanted = match args.kl {
            KlMode::Auto => n <= KL_POINTS,
            KlMode::Yes => true,
            KlMode::No => false,
        };
        if args.kl == KlMode::Auto && !wanted {
            let why = format!("the KL divergence of {n} points takes O(n²) and was left out: ask for it with --kl yes");
            warn(quiet, &[why]);
        }
        let sample = match args.sample {
            Some(Sample::Points(points)) => points.min(n),
            None if args.per_point.is_none() => SAMPLE.min(n),
            Some(Sample::All) | None => n,
        };
        let k = args.k.unwrap_or_else(|| K.min(n.saturating_sub(1) / 2).max(1));
        let measured = || -> Result<_> {
            let (kept, seconds_neighborhoods) = timed(|| in_pool(args.call.threads, || self.kept(maps, sample, k)))?;
            // Warnings come after what may still be wrong with the arguments.
            let (shares, seconds_kl) = timed(|| if wanted { self.kl_shares(maps) } else { Ok(Vec::new()) })?;
            let most = spearman::sample(args.sample, n);
            let correlations = || maps.iter().map(|map| map.spearman(self, most)).collect::<Result<Vec<_>>>();
            let (correlations, seconds_spearman) = timed(|| in_pool(args.call.threads, correlations))?;
            let labels = self.annotations.labels.first();
            let mut scores = Vec::new();
            for (m, map) in maps.iter().enumerate() {
                let divergence = shares.get(m).map(|shares| shares.iter().sum());
                let spearman = correlations.get(m).copied().flatten();
                let Some(kept) = kept.get(m) else { continue };
                scores.push(self.score(map.as_ref(), m, (kept, k), (divergence, spearman), labels)?);
            }
            let seconds = move |total| ScoreSeconds {
                read: seconds_read,
                kl_divergence: seconds_kl,
                neighborhoods: seconds_neighborhoods,
                spearman: seconds_spearman,
                total,
            };
            Ok((kept, shares, scores, most, seconds))
        };
        let (kept, shares, mut scores, spearman_sample, seconds) =
            measured().with_context(|| data.display().to_string())?;
        let mut written = Written::default();
        if let Some(path) = &args.per_point {
            let columns = per_point::columns(n, &self.names, &kept, &shares);
            let ids = self.annotations.ids.as_deref();
            written.table(path, |format, to| per_point::write((format, to), n, ids, &columns))?;
        }
        let map = if scores.len() == 1 { scores.pop() } else { None };
        let report = ScoreReport {
            n,
            d: self.points.d(),
            input: self.input.clone(),
            map,
            maps: scores,
            perplexity: self.perplexity()?,
            k,
            sample,
            spearman_sample,
            seconds: seconds(self.started.elapsed().as_secs_f64()),
            peak_memory_bytes: crate::memory::peak_bytes(),
            seed: args.call.seed,
            version: env!("CARGO_PKG_VERSION"),
        };
        print(&report, (json, quiet), &written)
    }

    fn score(
        &self,
        map: &dyn Map<T>,
        m: usize,
        (kept, k): (&PointMeasures, usize),
        (kl_divergence, spearman): (Option<f64>, Option<f64>),
        labels: Option<&Labels>,
    ) -> Result<MapScore> {
        let (means, errors) = (kept.means(), kept.standard_errors());
        let agreement = |labels| in_pool(self.args.call.threads, || map.agreement(labels, k));
        let pbic = |kl| Ok::<_, anyhow::Error>(metrics::pbic(kl, self.perplexity()?, self.points.n())?);
        Ok(MapScore {
            name: self.names.get(m).cloned().unwrap_or_default(),
            components: map.components(),
            extent: map.extent(),
            kl_divergence,
            pbic: kl_divergence.map(pbic).transpose()?,
            trustworthiness: means.trustworthiness,
            continuity: means.continuity,
            neighbor_recall: means.neighbor_recall,
            standard_errors: StandardErrors {
                trustworthiness: errors.trustworthiness,
                continuity: errors.continuity,
                neighbor_recall: errors.neighbor_recall,
            },
            label_agreement: labels.map(agreement).transpose()?.flatten(),
            spearman,
        })
    }

    /// What the maps keep of the neighborhoods of a sample.
    fn kept(&self, maps: &[Box<dyn Map<T>>], sample: usize, k: usize) -> Result<Vec<PointMeasures>> {
        let Some((first, others)) = maps.split_first() else { return Ok(Vec::new()) };
        let others = others.iter().map(|map| map.rows()).collect::<Result<Vec<_>>>()?;
        first.per_point_beside(self, &others, (sample, k))
    }

    /// The perplexity of the affinities: the one that was given, or the largest that so few points allow.
    fn perplexity(&self) -> Result<f64> {
        let given = PerplexityAffinity::mixture(&[self.args.perplexity])?;
        Ok(given.effective_perplexities(self.points.n())?.0.first().copied().unwrap_or(self.args.perplexity))
    }

    /// The share of each point in the exact KL divergence of each map, for the affinities that `tsne embed` computes.
    fn kl_shares(&self, maps: &[Box<dyn Map<T>>]) -> Result<Vec<Vec<f64>>> {
        let index = self.affinities()?;
        let kernel = Kernel::new(self.args.dof)?;
        in_pool(self.args.call.threads, || maps.iter().map(|map| map.kl_shares(index.affinities(), kernel)).collect())
    }

    fn affinities(&self) -> Result<AffinityIndex<T>> {
        let bars = Bars::new(self.args.call.quiet);
        let cx = Context::new().with_progress(&bars);
        let tsne = Tsne::<T, 2>::builder()
            .perplexity(self.args.perplexity)
            .metric(self.metric.clone())
            .keep_data(false)
            .n_jobs(self.args.call.threads.unwrap_or(-1))
            .build()?;
        let index = tsne.affinities_with(self.points.clone(), cx)?;
        bars.finish();
        warn(self.args.call.quiet, index.warnings());
        Ok(index)
    }
}
