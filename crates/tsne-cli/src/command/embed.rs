//! `tsne embed` and `tsne demo`.

use crate::args::{DemoArgs, EmbedArgs, FloatType, Init, MethodArgs};
use crate::command::method;
use crate::command::progress::{Bars, History};
use crate::command::run::{Data, agreement, in_pool, print, read, say, warn};
use crate::command::targets::{Targets, Written};
use crate::input::{CsvOptions, HeaderLine, Loaded, PointTable};
use crate::plot;
use crate::report::{ForceError, Milliseconds, Report, Seconds};
use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;
use tsne::{Context, Float, Observer, files};

/// Neighbors whose labels are compared with a point's own, as in Kobak and Berens (2019).
const AGREEMENT_NEIGHBORS: usize = 10;

/// Points whose forces are summed exactly: the root of the mean squared error is then known within a few per cent.
const FORCE_SAMPLES: usize = 1_000;

/// The handwritten digits of `data/`, which see for their source and license.
const DIGITS: &[u8] = include_bytes!("../../data/digits.csv.gz");

/// What the demonstration says before it begins.
const DEMO: &str = "t-SNE of 1,797 handwritten digits, 8 x 8 pixels each: a point per digit, similar ones near each other, colored \
                    by what was written. This takes some seconds.";

/// The column of the digits' labels, counted from 1.
const LABEL_COLUMN: &str = "65";

/// One run: how, from where, where to, and what is kept in the saved map.
struct Run<'a> {
    /// For messages.
    source: String,
    args: &'a MethodArgs,
    targets: Targets<'a>,
    keep_data: bool,
}

/// Embeds the points of a file.
///
/// # Errors
///
/// For arguments that do not fit each other, input that cannot be used, and files that cannot be written.
pub(crate) fn embed(args: &EmbedArgs) -> Result<()> {
    method::check(&args.method)?;
    let targets = Targets {
        map: args.output.as_deref(),
        plot: args.plot.as_deref(),
        model: args.save.as_deref(),
        back: args.write_back.then_some(&args.input),
        source: Some(&args.input),
    };
    let init = match &args.method.init {
        Some(Init::File(path)) => Some(path),
        _ => None,
    };
    let params = args.method.affinities.metric_params.as_ref();
    let mut sources = vec![Some(&args.input), init, params];
    sources.extend(args.reading.labels.iter().map(Some));
    targets.check(&sources)?;
    let source = args.input.display().to_string();
    let (steps, seed) = (args.prepare.steps(), args.method.run.seed);
    let run = Run { source, args: &args.method, targets, keep_data: args.save.is_some() && !args.no_keep_data };
    match args.method.float {
        FloatType::F32 => {
            run.start(|| read::<f32>(&args.input, &args.reading.options())?.prepared(&args.input, steps, seed))
        }
        FloatType::F64 => {
            run.start(|| read::<f64>(&args.input, &args.reading.options())?.prepared(&args.input, steps, seed))
        }
    }
}

/// Embeds the digits.
///
/// # Errors
///
/// For parameters out of their range and files that cannot be written.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    method::check(&args.method)?;
    // Without a directory the names are shown as they are written here.
    let directory = if args.out_dir == Path::new(".") { Path::new("") } else { &args.out_dir };
    let (map, plot) = (directory.join("digits.npy"), directory.join("digits.png"));
    let targets = Targets { map: Some(&map), plot: Some(&plot), ..Targets::default() };
    targets.check(&[])?;
    let speaks = !(args.method.run.json || args.method.run.quiet);
    if speaks {
        say(DEMO)?;
    }
    let run = Run { source: "the digits".into(), args: &args.method, targets, keep_data: false };
    match args.method.float {
        FloatType::F32 => run.start(digits::<f32>),
        FloatType::F64 => run.start(digits::<f64>),
    }?;
    if speaks {
        say(&format!("The picture of the map: {}", std::path::absolute(&plot).unwrap_or(plot.clone()).display()))?;
    }
    Ok(())
}

fn digits<T: Float + FromStr>() -> Result<Data<T>> {
    let options =
        CsvOptions { header: HeaderLine::No, label_columns: vec![LABEL_COLUMN.into()], ..CsvOptions::default() };
    Ok(Loaded::from(PointTable::from_csv(BufReader::new(GzDecoder::new(DIGITS)), &options)?).into())
}

impl Run<'_> {
    /// Reads, and embeds in the dimension asked for.
    fn start<T: Float + FromStr>(self, read: impl FnOnce() -> Result<Data<T>>) -> Result<()> {
        let started = Instant::now();
        let data = read()?;
        match self.args.components {
            1 => self.embed::<T, 1>(data, started),
            2 => self.embed::<T, 2>(data, started),
            _ => self.embed::<T, 3>(data, started),
        }
    }

    fn embed<T: Float + FromStr, const D: usize>(&self, data: Data<T>, started: Instant) -> Result<()> {
        let (args, run) = (self.args, &self.args.run);
        let Data { points, annotations, input, resolved, preparation } = data;
        let (labels, n, d) = (annotations.labels.first(), points.n(), points.d());
        let metric = args.affinities.metric.clone().unwrap_or_default();
        let data = points.into_input(&metric).with_context(|| self.source.clone())?;
        let read = started.elapsed();
        let method = method::method::<T, D>(args, n, self.keep_data)?;
        let bars = Bars::new(run.quiet);
        let every = run.report_every.map_or(0, |every| every as usize);
        let mut history = History::new(every, !run.quiet, &bars);
        let observer = (every > 0).then_some(&mut history as &mut (dyn Observer<T, D> + Send));
        let embedding = method
            .fit_with(data, observer, Context::new().with_progress(&bars))
            .with_context(|| self.source.clone())?;
        bars.finish();
        warn(run.quiet, embedding.warnings())?;
        let y = embedding.positions();
        // What took long is on the disk before anything else can fail.
        let mut written = Written::default();
        written.map(self.targets.map, y, &annotations)?;
        written.h5ad(&self.targets, y, &resolved, || args.described())?;
        written.add(self.targets.model, |path| {
            let mut writer = embedding.writer()?;
            if let Some(preparation) = &preparation {
                preparation.put(&mut writer)?;
            }
            writer.save(path)?;
            Ok(())
        })?;
        let kl_divergence = match args.exact_kl {
            true => written.then(|| Ok(embedding.exact_kl_divergence(Context::new())?))?,
            false => embedding.kl_divergence(),
        };
        let agreement = |labels| in_pool(run.threads, || agreement(y, labels, AGREEMENT_NEIGHBORS));
        let label_agreement = written.then(|| labels.map(agreement).transpose())?.flatten();
        written.add(self.targets.plot, |path| {
            let title = format!("t-SNE of {} points", plot::grouped(n));
            let agreement = label_agreement.map(|share| format!("    label agreement {:.1} %", 100.0 * share));
            let subtitle = format!("KL divergence {kl_divergence:.4}{}", agreement.unwrap_or_default());
            Ok(files::write(path, &plot::render(y, labels, &title, &subtitle)?)?)
        })?;
        let force_error = args.force_error.then(|| embedding.force_error(FORCE_SAMPLES, Context::new()));
        let force_error = written.then(|| Ok(force_error.transpose()?))?;
        let report = Report {
            n,
            d,
            input,
            iterations: embedding.iterations(),
            kl_divergence,
            label_agreement,
            force_error: force_error.map(ForceError::from),
            extent: embedding.extent(),
            ms_per_iteration: Milliseconds::from(embedding.timings()),
            seconds: Seconds::new(read, embedding.timings(), started.elapsed()),
            peak_memory_bytes: crate::memory::peak_bytes(),
            history: history.entries,
            seed: run.seed,
            version: env!("CARGO_PKG_VERSION"),
        };
        print(&report, (run.json, run.quiet), &written)
    }
}
