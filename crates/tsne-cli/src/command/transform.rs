//! `tsne transform`.

use crate::args::{NewInit, TransformArgs};
use crate::command::explore::write_page;
use crate::command::method;
use crate::command::progress::{Bars, History};
use crate::command::run::{Data, print, read, warn};
use crate::command::saved::{self, unusable};
use crate::command::targets::{Targets, Written};
use crate::command::together::together;
use crate::explore::Page;
use crate::output::{Beside, Note};
use crate::plot::{self, Options, Picture};
use crate::prepare::Preparation;
use crate::report::{TransformReport, TransformSeconds};
use anyhow::{Context as _, Result, bail};
use std::str::FromStr;
use std::time::Instant;
use tsne::{Context, Float, Metric, Model, Observer, Stage, files};

/// Places the points of a file into a saved map.
///
/// # Errors
///
/// For arguments that do not fit each other, files that cannot be used, and files that cannot be written.
pub(crate) fn transform(args: &TransformArgs) -> Result<()> {
    let targets = Targets {
        map: args.output.as_deref(),
        plot: args.plot.as_deref(),
        page: args.html.as_deref(),
        source: Some(&args.input),
        ..Targets::default()
    };
    let init = match &args.init {
        Some(NewInit::File(path)) => Some(path),
        _ => None,
    };
    let mut sources = vec![Some(&args.model), Some(&args.input), init];
    sources.extend(args.reading.labels.iter().map(Some));
    targets.check(&sources)?;
    let started = Instant::now();
    let model = Model::open(&args.model).map_err(|error| unusable(&args.model, &error))?;
    match (model.scalar(), model.n_components()) {
        ("f32", 1) => place::<f32, 1>(args, &targets, model, started),
        ("f32", 2) => place::<f32, 2>(args, &targets, model, started),
        ("f32", 3) => place::<f32, 3>(args, &targets, model, started),
        ("f64", 1) => place::<f64, 1>(args, &targets, model, started),
        ("f64", 2) => place::<f64, 2>(args, &targets, model, started),
        ("f64", 3) => place::<f64, 3>(args, &targets, model, started),
        (scalar, dimensions) => bail!(
            "{}: the map is of {scalar} in {dimensions} dimensions, but this command knows f32 and f64 in 1 to 3: use \
             the library",
            args.model.display()
        ),
    }
}

fn place<T: Float + FromStr, const D: usize>(
    args: &TransformArgs,
    targets: &Targets<'_>,
    mut model: Model,
    started: Instant,
) -> Result<()> {
    let run = &args.run;
    let preparation = Preparation::take(model.sections()).map_err(|error| unusable(&args.model, &error))?;
    let n_fitted = model.n();
    let of_map = saved::annotations(model.sections(), n_fitted).with_context(|| args.model.display().to_string())?;
    let fitted_columns = saved::columns(model.sections()).with_context(|| args.model.display().to_string())?;
    let fitted = model.embedding::<T, D>().map_err(|error| unusable(&args.model, &error))?;
    let index = fitted.affinity_index();
    if !index.has_data() && *index.metric() != Metric::Precomputed {
        bail!(
            "{}: it was saved without its points, so new ones cannot be placed into it: embed the points again, without \
             --no-keep-data",
            args.model.display()
        );
    }
    let Data { mut points, annotations, mut input, resolved, columns, .. } =
        read::<T>(&args.input, &args.reading.options())?;
    targets.check_room(&annotations, 0)?;
    warn(run.quiet, &input.warnings(points.n()));
    if let (Some(fitted), Some(given)) = (&fitted_columns, &columns) {
        let doubt = same_columns(fitted, given).with_context(|| args.input.display().to_string())?;
        warn(run.quiet, doubt.as_slice());
    }
    if let Some(preparation) = &preparation {
        points = preparation.apply(points).with_context(|| args.input.display().to_string())?;
        input.prepared = preparation.words();
    }
    let params = method::transform_params::<T, D>(args, fitted.preset(), (points.n(), annotations.ids.as_deref()))?;
    let seconds_read = started.elapsed().as_secs_f64();

    let bars = Bars::new(run.quiet);
    let every = run.report_every.map_or(0, |every| every as usize);
    let mut history = History::new(every, !run.quiet, &bars);
    let observer = (every > 0).then_some(&mut history as &mut (dyn Observer<T, D> + Send));
    let placed = fitted
        .transform_with(points.new_points()?, &params, observer, Context::new().with_progress(&bars))
        .with_context(|| args.input.display().to_string())?;
    bars.finish();
    warn(run.quiet, placed.warnings());
    let y = placed.positions();
    let kl_divergence = placed.kl_divergence();
    let kl_divergence_per_point = kl_divergence / y.len() as f64;
    let mut written = Written::default();
    written.map(targets.map, y, &Beside { annotations: Some(&annotations), graph: None })?;
    written.h5ad(targets, y, (&resolved, annotations.ids.as_deref()), || {
        vec![("model", Note::Text(args.model.display().to_string()))]
    })?;
    written.add(targets.plot, |path| {
        let (new, old) = (plot::grouped(y.len()), plot::grouped(fitted.positions().len()));
        let title = format!("{new} new points in a t-SNE of {old}");
        let subtitle = format!("KL divergence {kl_divergence_per_point:.4} per new point");
        let options = Options { title, subtitle, ..Options::default() };
        let picture = Picture::onto(fitted.positions(), y, annotations.labels.first())?;
        let picture = picture.encode(&options, plot::Format::of(path)?)?;
        Ok(files::write(path, &picture)?)
    })?;
    written.add(targets.page, |path| {
        let all: Vec<[T; D]> = fitted.positions().iter().chain(y).copied().collect();
        let annotations = together((n_fitted, &of_map), (y.len(), &annotations));
        let title = format!("{} in the t-SNE of {}", args.input.display(), args.model.display());
        write_page(path, &all, &Page { title: &title, annotations: Some(&annotations), ..Page::default() }).map(drop)
    })?;
    let report = TransformReport {
        n: points.n(),
        d: points.d(),
        input,
        n_fitted: fitted.positions().len(),
        iterations: placed.iterations(),
        kl_divergence,
        kl_divergence_per_point,
        seconds: TransformSeconds {
            read: seconds_read,
            neighbors: bars.seconds(Stage::Neighbors),
            affinities: bars.seconds(Stage::Affinities),
            initialization: bars.seconds(Stage::Initialization),
            optimization: bars.seconds(Stage::Optimization),
            total: started.elapsed().as_secs_f64(),
        },
        peak_memory_bytes: crate::memory::peak_bytes(),
        history: history.entries,
        seed: run.seed,
        version: env!("CARGO_PKG_VERSION"),
    };
    print(&report, (run.json, run.quiet), &written)
}

/// Checks that columns are those of the fit, in their order: new points are placed by position. Other names are a doubt, since they
/// may mean the same.
///
/// # Errors
///
/// Where they are in another order, or others in number.
fn same_columns(fitted: &[String], given: &[String]) -> Result<Option<String>> {
    if fitted == given {
        return Ok(None);
    }
    if let Some(more) = given.iter().find(|name| given.len() > fitted.len() && !fitted.contains(name)) {
        bail!(
            "there are {} columns, but {} were fitted, without {more:?}: leave it out (--drop-columns)",
            given.len(),
            fitted.len()
        );
    }
    if let Some(less) = fitted.iter().find(|name| given.len() < fitted.len() && !given.contains(name)) {
        bail!("there are {} columns, but {} were fitted, {less:?} among them: give it, too", given.len(), fitted.len());
    }
    let Some(place) = fitted.iter().zip(given).position(|(fitted, given)| fitted != given) else { return Ok(None) };
    let (was, is) = (&fitted[place], &given[place]);
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    if sorted(fitted) == sorted(given) {
        bail!(
            "column {} is {is:?}, but {was:?} was fitted there: bring the columns into the order of the fit",
            place + 1
        );
    }
    Ok(Some(format!(
        "column {} is {is:?}, but {was:?} was fitted there: columns are matched by their order",
        place + 1
    )))
}
