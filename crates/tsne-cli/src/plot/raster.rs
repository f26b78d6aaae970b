//! A canvas on which discs and strokes are drawn with smooth edges.
//!
//! Colors are blended in linear light, taken as the square of the stored value: within 2 % of the sRGB curve, and exact
//! arithmetic on every platform, so that the same map gives the same file everywhere.

use anyhow::{Context, Result};

/// A color by its three stored values, 0 to 255.
pub(super) type Color = [u8; 3];

/// An image in linear light.
#[derive(Debug)]
pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
}

fn linear(color: Color) -> [f32; 3] {
    color.map(|value| f32::from(value) * f32::from(value))
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize, background: Color) -> Self {
        Self { width, height, pixels: vec![linear(background); width * height] }
    }

    /// A disc around `center` that covers what is below it to the share `opacity`.
    pub(super) fn disc(&mut self, center: [f32; 2], radius: f32, color: Color, opacity: f32) {
        self.strokes(&[[center, center]], radius, Ink { color, opacity });
    }

    /// Line segments with round ends, united before they are blended.
    pub(super) fn strokes(&mut self, segments: &[[[f32; 2]; 2]], radius: f32, ink: impl Into<Ink>) {
        let Ink { color, opacity } = ink.into();
        let color = linear(color);
        let reach = radius + 0.5;
        let ends = || segments.iter().flatten();
        let (columns, rows) =
            (span(ends().map(|p| p[0]), reach, self.width), span(ends().map(|p| p[1]), reach, self.height));
        for row in rows {
            for column in columns.clone() {
                let pixel = [column as f32 + 0.5, row as f32 + 0.5];
                let nearest = segments.iter().map(|&[a, b]| distance2(pixel, a, b)).fold(f32::INFINITY, f32::min);
                let covered = (reach - nearest.sqrt()).clamp(0.0, 1.0) * opacity;
                if covered > 0.0 {
                    let below = &mut self.pixels[row * self.width + column];
                    for (below, over) in below.iter_mut().zip(color) {
                        *below += (over - *below) * covered;
                    }
                }
            }
        }
    }

    /// A rectangle with its corners at whole pixels.
    pub(super) fn rectangle(&mut self, x: [usize; 2], y: [usize; 2], color: Color) {
        let color = linear(color);
        for row in y[0]..y[1].min(self.height) {
            for column in x[0]..x[1].min(self.width) {
                self.pixels[row * self.width + column] = color;
            }
        }
    }

    /// The image as a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().context("cannot encode the image")?;
        let values: Vec<u8> = self.pixels.iter().flatten().map(|value| (value.sqrt() + 0.5) as u8).collect();
        writer.write_image_data(&values).context("cannot encode the image")?;
        writer.finish().context("cannot encode the image")?;
        Ok(bytes)
    }
}

/// A color and how much of what is below it covers.
pub(super) struct Ink {
    pub(super) color: Color,
    pub(super) opacity: f32,
}

impl From<Color> for Ink {
    fn from(color: Color) -> Self {
        Self { color, opacity: 1.0 }
    }
}

/// The pixels within `reach` of any of the coordinates.
fn span(coordinates: impl Iterator<Item = f32> + Clone, reach: f32, side: usize) -> std::ops::Range<usize> {
    let from = coordinates.clone().fold(f32::INFINITY, f32::min) - reach;
    let to = coordinates.fold(f32::NEG_INFINITY, f32::max) + reach;
    // Conversions saturate: what is off the canvas ends at its edges.
    (from.max(0.0) as usize).min(side)..((to + 1.0).max(0.0) as usize).min(side)
}

/// The squared distance of a point from a segment.
fn distance2(p: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let (d, q) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length2 = d[0] * d[0] + d[1] * d[1];
    let t = if length2 > 0.0 { ((d[0] * q[0] + d[1] * q[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let r = [q[0] - t * d[0], q[1] - t * d[1]];
    r[0] * r[0] + r[1] * r[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_covers_its_area() {
        let mut canvas = Canvas::new(40, 40, [0; 3]);
        canvas.disc([20.3, 19.6], 7.0, [255; 3], 1.0);
        // In linear light the covered share of each pixel adds up to the area; the linear edge errs by less than 1 %.
        let covered: f32 = canvas.pixels.iter().map(|p| p[0] / (255.0 * 255.0)).sum();
        let area = std::f32::consts::PI * 49.0;
        assert!((covered - area).abs() < 0.01 * area, "{covered} {area}");
    }

    #[test]
    fn what_is_off_the_canvas_is_cut() {
        let mut canvas = Canvas::new(4, 4, [255; 3]);
        for center in [[-9.0, 2.0], [1e30, 2.0], [f32::NAN, 1.0], [3.9, -0.2]] {
            canvas.disc(center, 1.0, [0; 3], 1.0);
        }
        assert!(canvas.pixels.iter().flatten().all(|value| value.is_finite()));
        assert!(canvas.pixels[3][0] < 65025.0 && canvas.pixels[8][0] == 65025.0);
    }
}
