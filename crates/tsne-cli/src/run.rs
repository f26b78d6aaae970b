//! One run, from points to files and report.

use crate::method;
use crate::progress::Bars;
use anyhow::{Context as _, Result, ensure};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tsne::{Context, Float, metrics};
use tsne_cli::args::MethodArgs;
use tsne_cli::input::{Labels, Table};
use tsne_cli::output::{self, Format};
use tsne_cli::plot;
use tsne_cli::report::{Milliseconds, Report, Seconds};

/// Neighbors whose labels are compared with a point's own, as in Kobak and Berens (2019).
const AGREEMENT_NEIGHBORS: usize = 10;

/// Where the results of a run go.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    pub(crate) map: &'a Path,
    pub(crate) plot: Option<&'a Path>,
}

impl Targets<'_> {
    /// Checks before any work that the files can be written.
    pub(crate) fn check(&self) -> Result<Format> {
        let format = Format::of(self.map)?;
        output::check_target(self.map)?;
        if let Some(plot) = self.plot {
            let png = plot.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
            ensure!(png, "{}: the extension of the plot must be .png", plot.display());
            output::check_target(plot)?;
        }
        Ok(format)
    }
}

/// Points that were read, and when reading began.
#[derive(Debug)]
pub(crate) struct Loaded<T> {
    pub(crate) table: Table<T>,
    pub(crate) labels: Option<Labels>,
    pub(crate) started: Instant,
}

/// Embeds in the dimension asked for.
pub(crate) fn run<T: Float + FromStr>(args: &MethodArgs, targets: &Targets<'_>, loaded: Loaded<T>) -> Result<()> {
    match args.components {
        1 => embed::<T, 1>(args, targets, loaded),
        2 => embed::<T, 2>(args, targets, loaded),
        _ => embed::<T, 3>(args, targets, loaded),
    }
}

fn embed<T: Float + FromStr, const D: usize>(
    args: &MethodArgs,
    targets: &Targets<'_>,
    loaded: Loaded<T>,
) -> Result<()> {
    let Loaded { table, labels, started } = loaded;
    let read = started.elapsed();
    let method = method::method::<T, D>(args, table.n())?;
    let bars = Bars::new(args.run.quiet);
    let embedding = method.fit_with(table.rows()?, None, Context::new().with_progress(&bars))?;
    bars.finish();
    if !args.run.quiet {
        for warning in embedding.warnings() {
            writeln!(std::io::stderr(), "warning: {warning}").context("cannot write to standard error")?;
        }
    }
    let y = embedding.positions();
    let kl_divergence =
        if args.run.exact_kl { embedding.exact_kl_divergence(Context::new())? } else { embedding.kl_divergence() };
    let label_agreement = labels.as_ref().map(|labels| agreement(args, y, labels)).transpose()?;

    // Both are made before either is written: only the disk can still come between them.
    let map = Format::of(targets.map)?.encode(y);
    let plot = match targets.plot {
        Some(path) => {
            let title = format!("t-SNE of {} points", plot::grouped(table.n()));
            let agreement = label_agreement.map(|share| format!("    label agreement {:.1} %", 100.0 * share));
            let subtitle = format!("KL divergence {kl_divergence:.4}{}", agreement.unwrap_or_default());
            Some((path, plot::render(y, labels.as_ref(), &title, &subtitle)?))
        }
        None => None,
    };
    output::write(targets.map, &map)?;
    let mut files = vec![targets.map.display().to_string()];
    if let Some((path, plot)) = plot {
        output::write(path, &plot)
            .with_context(|| format!("the map was written to {}, but the plot failed", targets.map.display()))?;
        files.push(path.display().to_string());
    }
    let report = Report {
        n: table.n(),
        d: table.d(),
        iterations: embedding.iterations(),
        kl_divergence,
        label_agreement,
        extent: embedding.extent(),
        ms_per_iteration: Milliseconds::from(embedding.timings()),
        seconds: seconds(read, started, &embedding),
        peak_memory_bytes: tsne_cli::peak_bytes(),
        seed: args.run.seed,
        version: env!("CARGO_PKG_VERSION"),
    };
    let stdout = std::io::stdout().lock();
    match (args.run.json, args.run.quiet) {
        (true, _) => report.write_json(stdout),
        (false, false) => report.write_text(stdout, &files),
        (false, true) => Ok(()),
    }
}

fn seconds<T: Float, const D: usize>(read: Duration, started: Instant, embedding: &tsne::Embedding<T, D>) -> Seconds {
    Seconds::new(read, embedding.timings(), started.elapsed())
}

/// The label agreement of a map, on as many threads as the run has.
fn agreement<T: Float, const D: usize>(args: &MethodArgs, y: &[[T; D]], labels: &Labels) -> Result<f64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(method::threads(args)).build();
    let pool = pool.context("the threads cannot be started: lower --threads")?;
    // Of fewer points, all others are neighbors.
    let k = AGREEMENT_NEIGHBORS.min(y.len().saturating_sub(1));
    Ok(pool.install(|| metrics::label_agreement(y, &labels.codes, k))?)
}
