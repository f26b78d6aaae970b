//! `tsne plot`.

use crate::args::PlotArgs;
use crate::command::map;
use crate::command::run::{say, warn};
use crate::command::targets::{Targets, is_h5ad};
use crate::input::{Annotations, InputOptions, LabelType, Labels, MapTable};
use crate::plot::{Format, Picture, grouped};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use tsne::files;

/// Draws maps that are there.
///
/// # Errors
///
/// For files that cannot be used or do not fit each other, and options out of range.
pub(crate) fn plot(args: &PlotArgs) -> Result<()> {
    let targets = Targets { plot: Some(&args.output), ..Targets::default() };
    let sources: Vec<_> = args.maps.iter().chain(&args.reading.labels).map(Some).collect();
    targets.check(&sources)?;
    let mut reading = args.reading.options();
    // What colors the map comes first; a table of text has all its columns as labels anyway.
    let color = args.color.as_deref().filter(|color| *color != "none");
    let elsewhere = !reading.labels.is_empty() || args.maps.first().is_some_and(|map| is_h5ad(map));
    let wanted = color.filter(|color| elsewhere && !reading.table.label_columns.iter().any(|c| c == color));
    reading.table.label_columns.splice(0..0, wanted.map(str::to_owned));
    // Labels are those of the first map.
    let plain = InputOptions::default();
    let mut maps: Vec<MapTable> = Vec::new();
    for (i, path) in args.maps.iter().enumerate() {
        let map = map::read(path, if i == 0 { &reading } else { &plain })?;
        warn(args.quiet, map.doubt().as_slice());
        // Points side by side are the same, wherever they stand in their files.
        let ids = maps.first().and_then(|first| first.annotations.ids.as_deref());
        maps.push(map.in_order_of(ids).with_context(|| path.display().to_string())?);
    }
    let first = maps.first().context("there is no map")?;
    let labels = labels(args, &first.annotations)?;
    let title = match maps.len() {
        1 => format!("{} points", grouped(first.table.n())),
        count => format!("{count} maps of {} points", grouped(first.table.n())),
    };
    let options = args.look.options(title);
    let format = Format::of(&args.output)?;
    let (labels, align) = (labels.as_ref(), args.look.align);
    let bytes = match first.table.d() {
        1 => picture::<1>(args, maps, labels, align)?.encode(&options, format),
        2 => picture::<2>(args, maps, labels, align)?.encode(&options, format),
        _ => picture::<3>(args, maps, labels, align)?.encode(&options, format),
    }?;
    files::write(&args.output, &bytes).with_context(|| format!("{} cannot be written", args.output.display()))?;
    if !args.quiet {
        say(&format!("{:<16} {}", "written", args.output.display()))?;
    }
    Ok(())
}

fn picture<'a, const D: usize>(
    args: &PlotArgs,
    maps: Vec<MapTable>,
    labels: Option<&'a Labels>,
    align: bool,
) -> Result<Picture<'a>> {
    if let [map] = maps.as_slice() {
        return Picture::of(&positions::<D>(map)?, labels);
    }
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let named = maps.iter().zip(&args.maps).map(|(map, path)| Ok((name(path), positions::<D>(map)?)));
    let named = named.collect::<Result<_>>()?;
    drop(maps);
    Picture::side_by_side(named, labels, align)
}

/// The labels that color the points.
fn labels(args: &PlotArgs, annotations: &Annotations) -> Result<Option<Labels>> {
    let labels = match args.color.as_deref() {
        Some("none") => return Ok(None),
        Some(column) => match annotations.column(column) {
            Some(labels) => labels.clone(),
            None => {
                let names: Vec<&str> = annotations.labels.iter().map(|labels| labels.name.as_str()).collect();
                match names.as_slice() {
                    [] => bail!("--color {column}: the map has no labels: give --labels"),
                    _ => bail!("--color {column}: there are no such labels, but {}", names.join(", ")),
                }
            }
        },
        None => match annotations.labels.first() {
            Some(labels) => labels.clone(),
            None => return Ok(None),
        },
    };
    let label_type = match args.reading.label_type {
        LabelType::Auto => labels.label_type,
        given => given,
    };
    Ok(Some(Labels { label_type, ..labels }))
}

/// The positions of a map, of as many coordinates as it has.
fn positions<const D: usize>(map: &MapTable) -> Result<Vec<[f64; D]>> {
    ensure!(map.table.d() == D, "maps side by side must have the same number of coordinates");
    Ok(map.table.rows()?.iter().map(|row| std::array::from_fn(|c| row.get(c).copied().unwrap_or_default())).collect())
}
