//! What a page is told besides its arrays, as JSON.

use super::columns::Form;
use super::frames::{self, FrameMeta};
use super::neighbors::Neighbors;
use super::options::{Page, Theme};
use crate::input::{Annotations, Labels};
use crate::plot::{Limits, Palette, Scale, palette};
use serde::Serialize;

/// Colors that are made for one column at most: beyond, they repeat, and nobody could tell them apart.
const COLORS: usize = 256;

/// What the page reads first.
#[derive(Debug, Serialize)]
pub(super) struct Meta<'a> {
    pub(super) title: &'a str,
    pub(super) theme: &'static str,
    n: usize,
    /// The names of the coordinates, as in the tables that the command writes.
    axes: &'a [&'a str],
    /// What is to be added to them.
    origin: &'a [f64],
    ids: bool,
    /// The number of neighbors of each point.
    k: usize,
    columns: Vec<Column<'a>>,
    /// The colors of the scale of numbers.
    scale: Vec<String>,
    /// The frames of a film, and the square in which they are shown.
    frames: Vec<FrameMeta>,
    pub(super) square: Option<[[f64; 2]; 2]>,
    /// Of a page with its points in tiles.
    pub(super) tiles: Option<TilesMeta>,
}

/// How points are shared out among the scripts beside a page.
#[derive(Debug, Serialize)]
pub(super) struct TilesMeta {
    /// The scripts of the sorted ids.
    pub(super) ids: usize,
    /// The rows in each script that tells in which tiles they are.
    pub(super) rows: usize,
    /// Of each column: how many points are in each class and in none, or how many have no number.
    pub(super) columns: Vec<Vec<u32>>,
}

/// What a column of labels is.
#[derive(Debug, Serialize)]
struct Column<'a> {
    name: &'a str,
    kind: &'static str,
    /// Of each value.
    bytes: u8,
    colors: Vec<String>,
    /// The ends of the scale of numbers, as pictures have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<[f64; 2]>,
    /// Whether there are numbers beyond them.
    clipped: bool,
}

impl<'a> Meta<'a> {
    pub(super) fn new(
        n: usize,
        origin: &'a [f64],
        page: &Page<'a>,
        (annotations, forms): (&'a Annotations, &[Form]),
    ) -> Self {
        let theme = match page.theme {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let (frames, square) = page.film.map(|film| frames::metas(film, origin)).unwrap_or_default();
        Self {
            title: page.title,
            theme,
            n,
            axes: AXES.get(..origin.len()).unwrap_or_default(),
            origin,
            ids: annotations.ids.is_some(),
            k: page.neighbors.map_or(0, Neighbors::k),
            columns: annotations.labels.iter().zip(forms).map(Column::new).collect(),
            scale: (0..STOPS).map(stop).collect(),
            frames,
            square,
            tiles: None,
        }
    }
}

/// The names of the coordinates.
const AXES: [&str; 3] = ["x", "y", "z"];

impl<'a> Column<'a> {
    fn new((labels, form): (&'a Labels, &Form)) -> Self {
        let (kind, bytes, count, scale) = match form {
            Form::Classes(bytes) => ("classes", *bytes, labels.names.len().clamp(1, COLORS), None),
            Form::Numbers(numbers, bytes) => {
                let of_points = labels.codes.iter().filter_map(|&code| numbers.get(code as usize).copied()).collect();
                ("numbers", *bytes, 0, Some(Scale::new(of_points, Limits::Robust)))
            }
        };
        let colors = (0..count).map(|code| hexadecimal(palette::category(Palette::Auto, code, count))).collect();
        let range = scale.as_ref().map(|scale| [scale.low, scale.high]);
        let clipped = scale.is_some_and(|scale| scale.beyond.contains(&true));
        Self { name: &labels.name, kind, bytes, colors, range, clipped }
    }
}

/// Stops of the scale of numbers, between which the page mixes colors.
const STOPS: usize = 10;

fn stop(i: usize) -> String {
    hexadecimal(palette::scale(Palette::Auto, i as f64 / (STOPS - 1) as f64))
}

fn hexadecimal([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
