//! `tsne plot`.

use crate::args::PlotArgs;
use crate::command::maps::{self, Map};
use crate::command::run::say;
use crate::command::targets::Targets;
use crate::input::Labels;
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
    let sources: Vec<_> = args.maps.iter().chain(&args.labels).map(Some).collect();
    targets.check(&sources)?;
    let maps: Vec<Map> = args.maps.iter().map(|path| Map::read(path)).collect::<Result<_>>()?;
    let first = maps.first().context("there is no map")?;
    let labels = labels(args, first)?;
    let title = match maps.len() {
        1 => format!("t-SNE of {} points", grouped(first.n())),
        count => format!("{count} maps of {} points", grouped(first.n())),
    };
    let options = args.look.options(title);
    let format = Format::of(&args.output)?;
    let (labels, align) = (labels.as_ref(), args.look.align);
    let bytes = match first.dimensions {
        1 => picture::<1>(args, maps, labels, align)?.encode(&options, format),
        2 => picture::<2>(args, maps, labels, align)?.encode(&options, format),
        _ => picture::<3>(args, maps, labels, align)?.encode(&options, format),
    }?;
    files::write(&args.output, &bytes).with_context(|| format!("{} cannot be written", args.output.display()))?;
    if !args.quiet {
        say(&format!("The picture: {}", args.output.display()))?;
    }
    Ok(())
}

fn picture<'a, const D: usize>(
    args: &PlotArgs,
    maps: Vec<Map>,
    labels: Option<&'a Labels>,
    align: bool,
) -> Result<Picture<'a>> {
    if let [map] = maps.as_slice() {
        return Picture::of(&map.positions::<D>()?, labels);
    }
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let named = maps.iter().zip(&args.maps).map(|(map, path)| Ok((name(path), map.positions::<D>()?)));
    let named = named.collect::<Result<_>>()?;
    drop(maps);
    Picture::side_by_side(named, labels, align)
}

/// The labels that color the points.
fn labels(args: &PlotArgs, map: &Map) -> Result<Option<Labels>> {
    let wanted = args.color.as_deref();
    if wanted == Some("none") {
        return Ok(None);
    }
    let labels = match (&args.labels, wanted) {
        (Some(path), Some(column)) => {
            Some(maps::label_column(path, column, map.n()).with_context(|| path.display().to_string())?)
        }
        (Some(path), None) => {
            let labels = Labels::read(path, map.n()).with_context(|| path.display().to_string())?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Some(Labels { name, ..labels })
        }
        (None, Some(column)) => match map.annotations.column(column) {
            Some(labels) => Some(labels.clone()),
            None => {
                let names: Vec<&str> = map.annotations.labels.iter().map(|labels| labels.name.as_str()).collect();
                match names.as_slice() {
                    [] => bail!("the map has no labels: give --labels"),
                    _ => bail!("the map has no labels {column:?}, but {}", names.join(", ")),
                }
            }
        },
        (None, None) => map.annotations.labels.first().cloned(),
    };
    let fits = labels.as_ref().is_none_or(|labels| labels.codes.len() == map.n());
    ensure!(fits, "the labels are not as many as the points");
    Ok(labels.map(|labels| Labels {
        label_type: if args.label_type == Default::default() { labels.label_type } else { args.label_type },
        ..labels
    }))
}
