//! What the colors mean: a list of categories, or a scale of numbers.

use super::font::{self, SMALL};
use super::palette::{self, INK};
use super::raster::{Canvas, Color};
use crate::input::Labels;

/// More categories than this are not told apart by color; if they are numbers, a scale shows them.
const MAX_CATEGORIES: usize = 40;

/// The height of a line of the list in pixels.
const LINE: usize = 30;

/// The widest name in pixels; longer ones are cut.
const MAX_NAME: f32 = 220.0;

/// The radius of the dots of the list in pixels.
const DOT: f32 = 7.0;

/// Pixels between a dot's left edge and its name.
const INDENT: f32 = 26.0;

/// Pixels between two columns of the list.
const GUTTER: usize = 22;

/// The size of the scale in pixels.
const SCALE: [usize; 2] = [20, 320];

/// How points are colored by their labels.
#[derive(Debug)]
pub(super) enum Legend<'a> {
    /// Without labels.
    None,
    /// One color per category.
    List(&'a Labels),
    /// Colors on a scale from the first number to the last.
    Scale { labels: &'a Labels, numbers: Vec<f64> },
}

impl<'a> Legend<'a> {
    pub(super) fn new(labels: Option<&'a Labels>) -> Self {
        match labels {
            None => Self::None,
            Some(labels) => match labels.numbers() {
                Some(numbers) if labels.are_continuous() || numbers.len() > MAX_CATEGORIES => {
                    Self::Scale { labels, numbers }
                }
                _ => Self::List(labels),
            },
        }
    }

    /// The color of point `i`.
    pub(super) fn color(&self, i: usize) -> Color {
        let code = |labels: &Labels| labels.codes.get(i).map_or(0, |&code| code as usize);
        match self {
            Self::None => palette::PLAIN,
            Self::List(labels) | Self::Scale { labels, .. } if labels.of(i).is_none() => palette::MISSING,
            Self::List(labels) => palette::category(code(labels), labels.names.len()),
            Self::Scale { labels, numbers } => {
                let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
                // Halved, so that the span of the largest numbers is finite.
                let number = numbers.get(code(labels)).copied().unwrap_or(first);
                palette::scale((0.5 * number - 0.5 * first) / (0.5 * last - 0.5 * first))
            }
        }
    }

    fn columns(labels: &Labels, height: usize) -> (usize, usize) {
        let rows = (height / LINE).max(1);
        let columns = labels.names.len().div_ceil(rows).clamp(1, 2);
        (labels.names.len().div_ceil(columns).min(rows), columns)
    }

    fn column_width(labels: &Labels) -> usize {
        let widest = labels.names.iter().take(1000).map(|name| font::width(name, SMALL)).fold(0.0, f32::max);
        (INDENT + widest.min(MAX_NAME)) as usize
    }

    /// The width that the legend takes in a picture of that height.
    pub(super) fn width(&self, height: usize) -> usize {
        match self {
            Self::None => 0,
            Self::List(labels) => {
                let (_, columns) = Self::columns(labels, height);
                columns * Self::column_width(labels) + (columns - 1) * GUTTER
            }
            Self::Scale { numbers, .. } => {
                let text = |number: f64| font::width(&number.to_string(), SMALL).min(MAX_NAME);
                SCALE[0] + 10 + text(numbers[0]).max(text(numbers[numbers.len() - 1])) as usize
            }
        }
    }

    /// Draws the legend with its upper left corner at `(x, y)`.
    pub(super) fn draw(&self, canvas: &mut Canvas, x: usize, y: usize, height: usize) {
        match self {
            Self::None => {}
            Self::List(labels) => {
                let (rows, columns) = Self::columns(labels, height);
                let count = labels.names.len();
                for (code, name) in labels.names.iter().enumerate().take(rows * columns) {
                    let left = (x + code / rows * (Self::column_width(labels) + GUTTER)) as f32;
                    let middle = (y + code % rows * LINE + LINE / 2) as f32;
                    let base = middle + 3.0 * SMALL;
                    if code + 1 == rows * columns && count > rows * columns {
                        let more = format!("+ {} more", count - code);
                        font::draw(canvas, &font::fit(&more, SMALL, MAX_NAME), left, base, SMALL, INK);
                        continue;
                    }
                    canvas.disc([left + DOT, middle], DOT, palette::category(code, count), 1.0);
                    font::draw(canvas, &font::fit(name, SMALL, MAX_NAME), left + INDENT, base, SMALL, INK);
                }
            }
            Self::Scale { numbers, .. } => {
                let bar = SCALE[1].min(height);
                for row in 0..bar {
                    let color = palette::scale(1.0 - row as f64 / (bar - 1).max(1) as f64);
                    canvas.rectangle([x, x + SCALE[0]], [y + row, y + row + 1], color);
                }
                let left = (x + SCALE[0] + 10) as f32;
                let mut write = |number: f64, base: f32| {
                    let text = font::fit(&number.to_string(), SMALL, MAX_NAME);
                    font::draw(canvas, &text, left, base, SMALL, INK);
                };
                write(numbers[numbers.len() - 1], y as f32 + 6.0 * SMALL);
                write(numbers[0], (y + bar) as f32);
            }
        }
    }
}
