//! A page to explore a map: one file that a browser opens without a network, with all points, their labels and neighbors in it.
//!
//! Points are drawn by WebGL 2 in a few hundred lines of our own (`page/render.js`). An existing one was looked at:
//! regl-scatterplot 1.16 draws as well, but compiles its drawing commands with `Function` and searches points in a worker
//! from a blob, so that the page would have to allow `unsafe-eval` and workers; and it would be three times the rest of the page.
//!
//! What the page holds besides the arrays is in `page/`: the markup, the style, and the script in files of one idea each, joined
//! in this order. Nothing of a table gets into markup or script: texts are in arrays as bytes, which are base64, or escaped.

mod blob;
mod columns;
mod frames;
mod meta;
mod neighbors;
mod options;
mod text;
mod tiles;

pub use neighbors::Neighbors;
pub use options::{Page, Theme};
pub use tiles::{Folder, write_folder};

use crate::film::Frame;
use crate::input::Annotations;
use anyhow::{Context, Result, ensure};
use blob::Arrays;
use columns::Form;
use meta::Meta;
use std::io::Write;
use text::{escaped_json, escaped_markup};
use tsne::Scalar;

const MARKUP: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: [&str; 17] = [
    include_str!("page/data.js"),
    include_str!("page/geometry.js"),
    include_str!("page/tiles.js"),
    include_str!("page/index.js"),
    include_str!("page/colors.js"),
    include_str!("page/render.js"),
    include_str!("page/density.js"),
    include_str!("page/camera.js"),
    include_str!("page/overlay.js"),
    include_str!("page/elements.js"),
    include_str!("page/legend.js"),
    include_str!("page/search.js"),
    include_str!("page/panel.js"),
    include_str!("page/film.js"),
    include_str!("page/gestures.js"),
    include_str!("page/app.js"),
    include_str!("page/main.js"),
];

/// The page with a map of `n` points in one, two or three dimensions, as bytes of HTML.
///
/// A map of one dimension is a strip as thick as it is dense; one of three can be turned.
///
/// # Errors
///
/// As [`write()`].
///
/// # Examples
///
/// ```
/// use tsne_cli::explore::{Page, page};
/// use tsne_cli::input::{Annotations, Labels};
///
/// let annotations = Annotations { ids: None, labels: vec![Labels::from_texts(["a", "b", "</script>"])] };
/// let options = Page { title: "Three points", annotations: Some(&annotations), ..Page::default() };
/// let html = String::from_utf8(page(&[[0.0f32, 1.0], [2.0, 0.5], [1.0, 0.0]], &options)?)?;
/// assert!(html.contains("<title>Three points</title>") && html.matches("</script>").count() == html.matches("<script").count());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn page<T: Scalar, const D: usize>(y: &[[T; D]], options: &Page<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut bytes, y, options)?;
    Ok(bytes)
}

/// Writes the page to `to`, array by array: beside the map, no more memory is taken than for the texts of one column.
///
/// # Errors
///
/// For a map without points or of more than three dimensions, positions that are not finite in single precision, a film of a map that has
/// not two dimensions, annotations, neighbors or frames that do not belong to `n` points, texts that are longer than a browser's, and what `to` refuses.
pub fn write<T: Scalar, const D: usize>(mut to: impl Write, y: &[[T; D]], options: &Page<'_>) -> Result<()> {
    let none = Annotations::default();
    let annotations = options.annotations.unwrap_or(&none);
    check(y, annotations, options)?;
    let origin = origin(y);
    let forms: Vec<Form> = annotations.labels.iter().map(Form::of).collect();
    let meta = Meta::new(y.len(), &origin, options, (annotations, &forms));
    write_markup(&mut to, &meta, SELF_CONTAINED, |to| {
        for c in 0..D {
            to.numbers(&format!("axis-{c}"), y.iter().map(|point| place(point[c], origin[c])))?;
        }
        for (c, column) in annotations.labels.iter().zip(&forms).enumerate() {
            columns::write_values(to, c, column, 0..y.len())?;
            columns::write_names(to, c, column)?;
        }
        if let Some(ids) = &annotations.ids {
            text::write(to, "ids", ids.iter().map(String::as_str))?;
        }
        if let Some(neighbors) = options.neighbors {
            to.numbers("neighbors", neighbors.ranks().iter().map(|j| j.to_le_bytes()))?;
        }
        options.film.map_or(Ok(()), |film| frames::write(to, film))
    })
}

/// What a page may load beside what is in it: nothing, or scripts beside it, be it from a server or from a disk.
const SELF_CONTAINED: &str = "";
const WITH_SCRIPTS: &str = " 'self' file:";

/// The page with what it is told, and the arrays in the order in which it reads them.
fn write_markup(
    to: &mut dyn Write,
    meta: &Meta<'_>,
    scripts: &str,
    arrays: impl FnOnce(&mut Arrays<'_>) -> Result<()>,
) -> Result<()> {
    let json = serde_json::to_string(meta).context("cannot write what the page holds")?;
    let mut arrays = Some(arrays);
    for part in parts(MARKUP) {
        match part {
            Part::Text(text) => to.write_all(text.as_bytes())?,
            Part::Field("theme") => to.write_all(meta.theme.as_bytes())?,
            Part::Field("title") => to.write_all(escaped_markup(meta.title).as_bytes())?,
            Part::Field("scripts") => to.write_all(scripts.as_bytes())?,
            Part::Field("style") => to.write_all(STYLE.as_bytes())?,
            Part::Field("script") => {
                to.write_all(b"\"use strict\";\n")?;
                SCRIPT.iter().try_for_each(|script| to.write_all(script.as_bytes()))?;
            }
            Part::Field(_) => {
                writeln!(to, "<script type=\"text/plain\" id=\"data-meta\">{}</script>", escaped_json(&json))?;
                if let Some(arrays) = arrays.take() {
                    arrays(&mut Arrays::elements(to))?;
                }
            }
        }
    }
    Ok(())
}

/// A coordinate as the page has it: in single precision, from the origin of its axis.
fn place<T: Scalar>(value: T, origin: f64) -> [u8; 4] {
    ((value.to_f64() - origin) as f32).to_le_bytes()
}

/// Where single precision would lose digits of an axis because it is far from 0, its middle; else 0, and the page has the
/// positions of the map to the last bit.
fn origin<T: Scalar, const D: usize>(y: &[[T; D]]) -> [f64; D] {
    /// An axis as far from 0 as four of its lengths has lost two of 24 bits.
    const FAR: f64 = 4.0;
    std::array::from_fn(|c| {
        let values = || y.iter().map(|point| point[c].to_f64());
        let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let middle = 0.5 * low + 0.5 * high;
        if middle.abs() > FAR * (high - low) { middle } else { 0.0 }
    })
}

fn check<T: Scalar, const D: usize>(y: &[[T; D]], annotations: &Annotations, options: &Page<'_>) -> Result<()> {
    let n = y.len();
    ensure!(n > 0, "the map has no points");
    ensure!((1..=3).contains(&D), "the map has {D} dimensions: a page shows 1, 2 or 3");
    ensure!(u32::try_from(n).is_ok_and(|n| n < u32::MAX), "there are {n} points: a page has less than 2³² - 1");
    let fits = |value: &T| (value.to_f64() as f32).is_finite();
    ensure!(y.as_flattened().iter().all(fits), "a position of the map is not finite in single precision");
    if let Some(ids) = &annotations.ids {
        ensure!(ids.len() == n, "there are {} ids for {n} points", ids.len());
    }
    for labels in &annotations.labels {
        ensure!(labels.codes.len() == n, "there are {} labels {:?} for {n} points", labels.codes.len(), labels.name);
    }
    if let Some(neighbors) = options.neighbors {
        ensure!(neighbors.n() == n, "there are neighbors of {} points for {n} points", neighbors.n());
    }
    if let Some(film) = options.film {
        ensure!(D == 2, "the map has {D} dimensions, but a film shows two");
        let other = film.frames().iter().map(Frame::n).find(|&of| of != n);
        ensure!(other.is_none(), "there are frames of {} points for {n} points", other.unwrap_or_default());
    }
    Ok(())
}

/// A piece of the markup.
enum Part<'a> {
    Text(&'a str),
    /// What goes where `{name}` stands.
    Field(&'a str),
}

/// The pieces of the markup, which has braces for nothing else.
fn parts(markup: &str) -> impl Iterator<Item = Part<'_>> {
    markup.split('{').enumerate().flat_map(|(i, piece)| {
        let (field, text) =
            if i == 0 { (None, piece) } else { piece.split_once('}').map_or((None, piece), |(f, t)| (Some(f), t)) };
        field.map(Part::Field).into_iter().chain([Part::Text(text)])
    })
}
