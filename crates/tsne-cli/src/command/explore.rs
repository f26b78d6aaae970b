//! `tsne explore`.

use crate::args::ExploreArgs;
use crate::command::map;
use crate::command::method;
use crate::command::progress::Bars;
use crate::command::run::{in_pool, print, warn};
use crate::command::targets::{Targets, Written};
use crate::explore::{self, Folder, Neighbors, Page};
use crate::input::{Annotations, InputOptions, Labels, Loaded, MapTable, PointTable, as_embedded};
use crate::report::{ExploreReport, ExploreSeconds, LabelsReport};
use anyhow::{Context as _, Result, bail, ensure};
use std::io::{BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;
use tsne::affinity::Uniform;
use tsne::files::AtomicFile;
use tsne::{Context, Scalar, Tsne};

/// More points than this make a page that is slow to open: 1,000,000 with ids of 20 letters take 2 s and 22 MB
/// (headless Chromium, software rendering, two busy cores).
const MANY: usize = 2_000_000;

/// Writes a page that shows a map.
///
/// # Errors
///
/// For files that cannot be used, do not fit each other, or cannot be written.
pub(crate) fn explore(args: &ExploreArgs) -> Result<()> {
    let started = Instant::now();
    let is_folder = is_folder(&args.output);
    let targets = Targets { page: (!is_folder).then_some(args.output.as_path()), ..Targets::default() };
    if is_folder {
        Folder::check(&args.output)?;
        ensure!(
            args.data.is_none(),
            "a page in a folder has no neighbors in the data: leave --data out, or name an .html file"
        );
    }
    let sources = [Some(&args.map), args.ids.as_ref(), args.data.as_ref()];
    targets.check(&sources.into_iter().chain(args.reading.labels.iter().map(Some)).collect::<Vec<_>>())?;
    let name = |path: &Path| path.display().to_string();
    let (map, data) = read(args)?;
    warn(args.call.quiet, map.doubt().as_slice());
    let ids = data.as_ref().and_then(|data| data.annotations.ids.as_deref());
    let MapTable { table, mut annotations, .. } = map.in_order_of(ids).with_context(|| name(&args.map))?;
    let data = data.map(|data| {
        take_labels(&mut annotations, data.annotations, &args.reading.label_column);
        data.points
    });
    if let Some(path) = &args.ids {
        let (ids, doubt) = read_ids(path, table.n()).with_context(|| name(path))?;
        annotations.ids = Some(ids);
        warn(args.call.quiet, doubt.as_slice());
    }
    if table.n() > MANY && !is_folder {
        let remedy = if table.d() == 2 { "name a folder (-o map/)" } else { "explore a sample" };
        let text =
            format!("a page of {} points is slow to open, and may be too large for a browser: {remedy}", table.n());
        warn(args.call.quiet, &[text]);
    }
    ensure!(
        !is_folder || table.d() == 2,
        "a folder is for maps of two dimensions, not of {}: name an .html file",
        table.d()
    );
    let read = started.elapsed().as_secs_f64();
    let neighbors =
        data.zip(args.data.as_ref()).map(|(data, path)| neighbors(args, data, table.n()).with_context(|| name(path)));
    let neighbors = neighbors.transpose()?;
    let searched = started.elapsed().as_secs_f64();
    let stem = || args.map.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let title = args.title.clone().unwrap_or_else(stem);
    let (annotated, near) = (Some(&annotations), neighbors.as_ref());
    let page = Page { title: &title, theme: args.theme, annotations: annotated, neighbors: near, film: None };
    let mut written = Written::default();
    let (mut bytes, mut files) = (0, 1);
    written.add(is_folder.then_some(args.output.as_path()), |path| {
        let y = points::<2>(table.rows()?.iter());
        let folder = in_pool(args.call.threads, || explore::write_folder(path, &y, &page))?;
        (bytes, files) = (folder.bytes(), folder.files());
        Ok(())
    })?;
    written.add(targets.page, |path| {
        let rows = table.rows()?;
        bytes = match table.d() {
            1 => write_page(path, &points::<1>(rows.iter()), &page)?,
            2 => write_page(path, &points::<2>(rows.iter()), &page)?,
            3 => write_page(path, &points::<3>(rows.iter()), &page)?,
            d => bail!("the map has {d} columns, but a map has 1, 2 or 3"),
        };
        Ok(())
    })?;
    let total = started.elapsed().as_secs_f64();
    let report = ExploreReport {
        n: table.n(),
        components: table.d(),
        ids: annotations.ids.is_some(),
        labels: annotations.labels.iter().map(|labels| labels.name.clone()).collect(),
        k: neighbors.as_ref().map_or(0, Neighbors::k),
        bytes,
        files,
        seconds: ExploreSeconds { read, neighbors: searched - read, write: total - searched, total },
        peak_memory_bytes: crate::memory::peak_bytes(),
        seed: args.call.seed,
        version: env!("CARGO_PKG_VERSION"),
    };
    print(&report, (args.call.json, args.call.quiet), &written)
}

/// The map, and the data if they were asked for: then it is the data that the options of reading are about, as in `tsne embed`.
fn read(args: &ExploreArgs) -> Result<(MapTable, Option<Loaded<f32>>)> {
    let options = args.reading.options();
    let Some(data) = &args.data else { return Ok((map::read(&args.map, &options)?, None)) };
    let map = map::read(&args.map, &InputOptions::default())?;
    let options = as_embedded(data, options, &[&map.annotations])?;
    Ok((map, Some(Loaded::read(data, &options)?)))
}

/// Adds the names and labels of the data, unless the map has them, and brings those labels first that were asked for.
fn take_labels(annotations: &mut Annotations, data: Annotations, wanted: &[String]) {
    annotations.ids = annotations.ids.take().or(data.ids);
    let known = std::mem::take(&mut annotations.labels);
    let is_new = |labels: &Labels| known.iter().all(|known| known.name != labels.name);
    annotations.labels = data.labels.into_iter().filter(is_new).collect();
    annotations.labels.extend(known);
    annotations
        .labels
        .sort_by_key(|labels| wanted.iter().position(|name| *name == labels.name).unwrap_or(wanted.len()));
}

/// Whether a page goes into a folder: one that is there, or a name that ends like one.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR])
}

/// Writes a page, whole or not at all, and tells its size.
///
/// # Errors
///
/// Those of [`explore::write`] and of the disk.
pub(crate) fn write_page<T: Scalar, const D: usize>(path: &Path, y: &[[T; D]], page: &Page<'_>) -> Result<u64> {
    let mut file = BufWriter::new(AtomicFile::create(path)?);
    let mut bytes = Counted { to: &mut file, bytes: 0 };
    explore::write(&mut bytes, y, page)?;
    let bytes = bytes.bytes;
    file.flush()?;
    file.into_inner().map_err(|error| error.into_error())?.commit()?;
    Ok(bytes)
}

/// Counts what is written.
struct Counted<W> {
    to: W,
    bytes: u64,
}

impl<W: std::io::Write> std::io::Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

fn points<'a, const D: usize>(rows: impl Iterator<Item = &'a [f64]>) -> Vec<[f64; D]> {
    rows.map(|row| std::array::from_fn(|c| row.get(c).copied().unwrap_or_default())).collect()
}

/// The ids of the points from a file, and what is doubtful about them.
fn read_ids(path: &Path, n: usize) -> Result<(Vec<String>, Option<String>)> {
    let labels = Labels::read(path, n)?;
    let doubt = LabelsReport::new(path.display().to_string(), &labels).doubt(n);
    Ok(((0..n).map(|i| labels.of(i).unwrap_or_default().to_owned()).collect(), doubt))
}

/// The neighbors of the points in the data, by the search that is fast for them.
fn neighbors(args: &ExploreArgs, points: PointTable<f32>, n: usize) -> Result<Neighbors> {
    let metric = method::metric(args.metric.as_ref(), None)?;
    ensure!(points.n() == n, "the data have {} points, but the map has {n}: give the data of this map", points.n());
    ensure!(n > 1, "a single point has no neighbors: leave --data out");
    let k = NonZeroUsize::new(usize::from(args.k).min(n - 1)).context("a point has at least one neighbor")?;
    let tsne = Tsne::<f32, 2>::builder()
        .metric(metric.clone())
        .affinities(Uniform::new(k))
        .random_state(args.call.seed)
        .n_jobs(args.call.threads.unwrap_or(-1))
        .keep_data(false)
        .build()?;
    let bars = Bars::new(args.call.quiet);
    let index = tsne.affinities_with(points.into_dataset(&metric)?, Context::new().with_progress(&bars))?;
    bars.finish();
    warn(args.call.quiet, index.warnings());
    let graph = index.graph().context("the search kept no neighbors")?;
    Neighbors::from_graph(graph, usize::from(args.k))
}
