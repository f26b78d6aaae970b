//! Pictures of maps: one dot per point, colored by label, with a legend, as a PNG file.
//!
//! The picture is a function of its arguments: the same bytes on every run and for any number of threads.

mod font;
mod legend;
pub(crate) mod palette;
mod place;
mod raster;

use crate::input::Labels;
use anyhow::{Result, ensure};
use font::{LARGE, SMALL};
use legend::Legend;
use palette::{BACKGROUND, FAINT, INK};
use place::Placed;
use raster::{Canvas, Color};
use tsne::Scalar;

/// The longer side of the field of points in pixels.
const FIELD: usize = 1200;
/// Empty pixels around everything.
const MARGIN: usize = 48;
/// The height of the title and the line below it in pixels.
const HEAD: usize = 84;
/// Pixels between the points and the legend.
const GAP: usize = 36;

/// The share of the field that the dots would cover if they were spread out, by eye at 150, 1,797 and 70,000 points.
const COVER: f32 = 0.11;
/// The limits of a dot's radius in pixels: below the first it no longer shows, above the second dots hide each other.
const RADIUS: [f32; 2] = [1.25, 7.0];
/// The opacity of dots that are not smaller than they should be.
const OPACITY: f32 = 0.94;
/// The lowest opacity: less would hide lone points.
const MIN_OPACITY: f32 = 0.25;
/// Dots from this radius on have a bright rim that parts overlapping ones.
const RIM_FROM: f32 = 2.5;
/// The width of the rim in pixels.
const RIM: f32 = 0.9;

/// Draws a map of any dimension: one as a strip whose thickness is the density, two as they are with equal scales, three
/// seen along the third axis, where nearer points are larger and clearer. Of more, the first three are shown.
///
/// # Errors
///
/// Unless all positions are finite and there is a label for each point, or none at all.
pub fn render<T: Scalar, const D: usize>(
    y: &[[T; D]],
    labels: Option<&Labels>,
    title: &str,
    subtitle: &str,
) -> Result<Vec<u8>> {
    render_onto(&[], y, labels, title, subtitle)
}

/// Draws new points `y`, colored by their labels, onto the gray points of a map, which they never hide behind.
///
/// # Errors
///
/// Those of [`render`].
pub fn render_onto<T: Scalar, const D: usize>(
    fitted: &[[T; D]],
    y: &[[T; D]],
    labels: Option<&Labels>,
    title: &str,
    subtitle: &str,
) -> Result<Vec<u8>> {
    ensure!(fitted.as_flattened().iter().all(|value| value.is_finite()), "a position of the map is not finite");
    ensure!(y.as_flattened().iter().all(|value| value.is_finite()), "a position is not finite: it cannot be drawn");
    if let Some(labels) = labels {
        ensure!(labels.codes.len() == y.len(), "there are {} labels for {} points", labels.codes.len(), y.len());
    }
    let all: Vec<[T; D]> = fitted.iter().chain(y).copied().collect();
    let placed = Placed::new(&all, FIELD);
    let [width, height] = placed.size;
    let legend = Legend::new(labels);
    let beside = match legend.width(height) {
        0 => 0,
        legend => legend + GAP,
    };
    let mut canvas = Canvas::new(width + beside + 2 * MARGIN, height + HEAD + 2 * MARGIN, BACKGROUND);
    let limit = (width + beside) as f32;
    let left = MARGIN as f32;
    let base = MARGIN as f32 + 6.0 * LARGE;
    font::draw(&mut canvas, &font::fit(title, LARGE, limit), left, base, LARGE, INK);
    font::draw(&mut canvas, &font::fit(subtitle, SMALL, limit), left, base + 16.0 * SMALL, SMALL, FAINT);

    let wanted = (COVER * (width * height) as f32 / (std::f32::consts::PI * all.len().max(1) as f32)).sqrt();
    let radius = wanted.clamp(RADIUS[0], RADIUS[1]);
    let opacity = (OPACITY * (wanted / radius).min(1.0)).max(MIN_OPACITY);
    let (below, above): (Vec<usize>, Vec<usize>) =
        placed.order.iter().map(|&i| i as usize).partition(|&i| i < fitted.len());
    for i in below.into_iter().chain(above) {
        let [x, y] = placed.points[i];
        let center = [x + left, y + (MARGIN + HEAD) as f32];
        let depth = placed.depth(i);
        let radius = radius * (1.0 - 0.45 * depth);
        if radius >= RIM_FROM {
            canvas.disc(center, radius + RIM, BACKGROUND, 0.9);
        }
        let color = i.checked_sub(fitted.len()).map_or(palette::FITTED, |new| legend.color(new));
        canvas.disc(center, radius, fade(color, depth), opacity);
    }
    legend.draw(&mut canvas, MARGIN + width + GAP, MARGIN + HEAD, height);
    canvas.png()
}

/// A color as it looks through mist: up to two thirds of the background at the far end.
fn fade(color: Color, depth: f32) -> Color {
    let share = 0.66 * depth;
    std::array::from_fn(|c| (f32::from(color[c]) * (1.0 - share) + f32::from(BACKGROUND[c]) * share) as u8)
}

/// A count with its thousands set apart.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1797, 1_000_000].map(grouped), ["0", "999", "1,797", "1,000,000"]);
    }
}
