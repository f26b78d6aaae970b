//! Points as an image: discs while they can be told apart, a density beyond.
//!
//! Up to [`DISCS`] points, each is a disc with smooth edges, drawn in an order that is mixed by a fixed hash: in the order of the
//! data the last class would hide the others. Of more points, discs of any size would be a blob. There the image counts: light is
//! summed in each pixel, and its opacity is the logarithm of the count, between that of a lone point, which stays visible, and that of
//! the densest places. The color of a pixel is the mean of the colors of its points, in linear light (taken as the square of the
//! stored value: within 2 % of sRGB, and the same arithmetic on every platform).

use super::palette::Color;
use anyhow::{Result, ensure};

/// The most points that are drawn as discs; more are a density. By eye: of 70,000 single points still show, of 1,000,000 none.
pub(super) const DISCS: usize = 150_000;

/// The share of the field that the dots would cover if they were spread out, by eye at 150, 1,797 and 70,000 points.
const COVER: f32 = 0.11;

/// The limits of a dot's radius in points: below the first it no longer shows, above the second dots hide each other.
const RADIUS: [f32; 2] = [0.42, 2.8];

/// The opacity of dots that are not smaller than they should be, and the lowest: less would hide lone points.
const OPACITY: [f32; 2] = [0.94, 0.3];

/// Dots from this radius on have a rim that parts overlapping ones.
const RIM_FROM: f32 = 0.9;

/// The standard deviation in points of the spot that a point of a density is.
const SPOT: f32 = 0.28;

/// The opacity of a lone point of a density.
const LONE: f32 = 0.42;

/// The share of pixels that are denser than what is drawn opaque.
const DENSEST: f32 = 0.01;

/// A field of points in a picture: where each is, in 1/72 inch, and its color; none is below the others.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) at: &'a [[f32; 2]],
    pub(super) colors: &'a [Option<Color>],
    /// The upper left corner and the size of the part of the picture that the points may cover.
    pub(super) corner: [f32; 2],
    pub(super) size: [f32; 2],
}

/// How points are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dots {
    /// In 1/72 inch.
    pub(super) radius: f32,
    pub(super) opacity: f32,
    /// The color and width of the rim.
    pub(super) rim: Option<(Color, f32)>,
    /// The color of points below the others.
    pub(super) below: Color,
}

impl Dots {
    /// The dots of `n` points in a field of that size, where not chosen by the caller.
    pub(super) fn new(
        n: usize,
        size: [f32; 2],
        [halo, below]: [Color; 2],
        radius: Option<f32>,
        opacity: Option<f32>,
    ) -> Self {
        let wanted = (COVER * size[0] * size[1] / (std::f32::consts::PI * n.max(1) as f32)).sqrt();
        let radius = radius.unwrap_or_else(|| wanted.clamp(RADIUS[0], RADIUS[1]));
        // A density has an opacity of its own.
        let usual = if n > DISCS { 1.0 } else { (OPACITY[0] * (wanted / radius).min(1.0)).max(OPACITY[1]) };
        let rim = (radius >= RIM_FROM && opacity.is_none()).then_some((halo, 0.16 * radius + 0.12));
        Self { radius, opacity: opacity.unwrap_or(usual), rim, below }
    }
}

/// The order in which points are drawn: those below first, each part mixed.
pub(super) fn order(colors: &[Option<Color>]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..colors.len() as u32).collect();
    order.sort_unstable_by_key(|&i| (colors[i as usize].is_some(), mix(u64::from(i)), i));
    order
}

/// Scatters the bits of a number (the finalizer of SplitMix64, Steele et al. 2014).
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// An image in linear light, colors multiplied by opacity.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<[f32; 4]>,
    /// Pixels for 1/72 inch.
    scale: f32,
}

fn linear(color: Color) -> [f32; 3] {
    color.map(|value| f32::from(value) * f32::from(value))
}

fn pixels(width: usize, height: usize) -> Result<Vec<[f32; 4]>> {
    let mut pixels = Vec::new();
    ensure!(
        width.checked_mul(height).is_some_and(|count| pixels.try_reserve_exact(count).is_ok()),
        "there is no memory for a picture of {width} × {height} pixels"
    );
    pixels.resize(width * height, [0.0; 4]);
    Ok(pixels)
}

impl Canvas {
    /// A transparent image of that size.
    pub(super) fn new(width: usize, height: usize, scale: f32) -> Result<Self> {
        Ok(Self { width, height, pixels: pixels(width, height)?, scale })
    }

    /// Draws the points of a field.
    pub(super) fn field(&mut self, field: &Field<'_>, dots: Dots) -> Result<()> {
        if field.at.len() > DISCS {
            let below = field.colors.iter().any(Option::is_none);
            if below {
                self.density(field, dots, false)?;
            }
            return self.density(field, dots, true);
        }
        for i in order(field.colors) {
            let i = i as usize;
            let center = field.at[i].map(|value| value * self.scale);
            if let Some((color, width)) = dots.rim.filter(|_| field.colors[i].is_some()) {
                self.disc(center, (dots.radius + width) * self.scale, color, 0.9);
            }
            let color = field.colors[i].unwrap_or(dots.below);
            self.disc(center, dots.radius * self.scale, color, dots.opacity);
        }
        Ok(())
    }

    /// A disc around `center` that covers what is below it to the share `opacity`.
    fn disc(&mut self, center: [f32; 2], radius: f32, color: Color, opacity: f32) {
        let color = linear(color);
        // Dots below a pixel keep their area.
        let (radius, opacity) = if radius < 0.5 { (0.5, opacity * (radius / 0.5).powi(2)) } else { (radius, opacity) };
        let reach = radius + 0.5;
        let (columns, rows) = (span(center[0], reach, self.width), span(center[1], reach, self.height));
        for row in rows {
            for column in columns.clone() {
                let [dx, dy] = [column as f32 + 0.5 - center[0], row as f32 + 0.5 - center[1]];
                let covered = (reach - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0) * opacity;
                if covered > 0.0 {
                    over(&mut self.pixels[row * self.width + column], color, covered);
                }
            }
        }
    }

    /// Counts the points of a field that are below the others, or those that are not, and draws their density.
    fn density(&mut self, field: &Field<'_>, dots: Dots, above: bool) -> Result<()> {
        let scale = self.scale;
        let [left, top] = field.corner.map(|value| (value * scale).floor().max(0.0) as usize);
        let [width, height] = field.size.map(|value| (value * scale).ceil() as usize + 1);
        let mut sums = pixels(width, height)?;
        for (at, color) in field.at.iter().zip(field.colors).filter(|(_, color)| color.is_some() == above) {
            let [r, g, b] = linear(color.unwrap_or(dots.below));
            // Spread over the four pixels whose centers are around the point.
            let [x, y] = [at[0] * scale - left as f32 - 0.5, at[1] * scale - top as f32 - 0.5];
            if !(x >= 0.0 && y >= 0.0) {
                continue;
            }
            let (column, row) = (x as usize, y as usize);
            if column + 1 >= width || row + 1 >= height {
                continue;
            }
            let (fx, fy) = (x - column as f32, y - row as f32);
            for (step, share) in
                [(0, (1.0 - fx) * (1.0 - fy)), (1, fx * (1.0 - fy)), (width, (1.0 - fx) * fy), (width + 1, fx * fy)]
            {
                let sum = &mut sums[row * width + column + step];
                for (sum, value) in sum.iter_mut().zip([r, g, b, 1.0]) {
                    *sum += share * value;
                }
            }
        }
        // The binomial filter 1 2 1 has half a pixel² of variance in each direction; the splat has a sixth on average.
        let spot = SPOT.max(0.5 * dots.radius) * scale;
        let passes = ((2.0 * spot * spot).round() as usize).clamp(1, 200);
        blur(&mut sums, width, height, passes);
        let lone = 1.0 / (std::f32::consts::TAU * (0.5 * passes as f32 + 1.0 / 6.0));
        let dense = densest(&sums, lone);
        for (row, sums) in sums.chunks_exact(width).enumerate().take(self.height.saturating_sub(top)) {
            for (column, &[r, g, b, weight]) in sums.iter().enumerate().take(self.width.saturating_sub(left)) {
                let share = weight / lone;
                if share < 0.02 {
                    continue;
                }
                let place = if dense > lone { ((share + 1.0).ln() / (dense / lone + 1.0).ln()).min(1.0) } else { 0.0 };
                let opacity = share.min(1.0) * (LONE + (1.0 - LONE) * place) * dots.opacity;
                let color = [r, g, b].map(|value| value / weight);
                over(&mut self.pixels[(top + row) * self.width + left + column], color, opacity);
            }
        }
        Ok(())
    }

    /// The image with stored values and opacity apart, four bytes for a pixel.
    pub(super) fn rgba(&self) -> Vec<u8> {
        let pixel = |&[r, g, b, a]: &[f32; 4]| {
            let value = |v: f32| if a > 0.0 { ((v / a).max(0.0).sqrt() + 0.5).min(255.0) as u8 } else { 0 };
            [value(r), value(g), value(b), (a * 255.0 + 0.5).min(255.0) as u8]
        };
        self.pixels.iter().flat_map(pixel).collect()
    }
}

fn over(below: &mut [f32; 4], color: [f32; 3], opacity: f32) {
    for (below, value) in below.iter_mut().zip([color[0], color[1], color[2], 1.0]) {
        *below += (value - *below) * opacity;
    }
}

/// The weight that a share of the pixels with points exceeds.
fn densest(sums: &[[f32; 4]], lone: f32) -> f32 {
    let mut weights: Vec<f32> = sums.iter().map(|sum| sum[3]).filter(|&weight| weight > 0.5 * lone).collect();
    if weights.is_empty() {
        return lone;
    }
    let place = ((1.0 - DENSEST) * (weights.len() - 1) as f32) as usize;
    *weights.select_nth_unstable_by(place, f32::total_cmp).1
}

/// Smooths by the binomial filter in both directions, `passes` times.
fn blur(sums: &mut [[f32; 4]], width: usize, height: usize, passes: usize) {
    let quarter =
        |a: [f32; 4], b: [f32; 4], c: [f32; 4]| std::array::from_fn(|k| 0.25 * a[k] + 0.5 * b[k] + 0.25 * c[k]);
    let mut above = vec![[0.0; 4]; width];
    for _ in 0..passes {
        for row in sums.chunks_exact_mut(width) {
            let mut left = [0.0; 4];
            for column in 0..width {
                let here = row[column];
                let right = row.get(column + 1).copied().unwrap_or([0.0; 4]);
                row[column] = quarter(left, here, right);
                left = here;
            }
        }
        above.fill([0.0; 4]);
        for row in 0..height {
            for column in 0..width {
                let here = sums[row * width + column];
                let down = if row + 1 < height { sums[(row + 1) * width + column] } else { [0.0; 4] };
                sums[row * width + column] = quarter(above[column], here, down);
                above[column] = here;
            }
        }
    }
}

/// The pixels within `reach` of a coordinate.
fn span(center: f32, reach: f32, side: usize) -> std::ops::Range<usize> {
    // Conversions saturate: what is off the canvas ends at its edges.
    ((center - reach).max(0.0) as usize).min(side)..((center + reach + 1.0).max(0.0) as usize).min(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Color = [200, 30, 40];

    fn canvas(at: &[[f32; 2]], colors: &[Option<Color>], dots: Dots) -> Canvas {
        let mut canvas = Canvas::new(100, 100, 1.0).unwrap();
        let field = Field { at, colors, corner: [0.0; 2], size: [100.0; 2] };
        canvas.field(&field, dots).unwrap();
        canvas
    }

    #[test]
    fn a_disc_covers_its_area_around_its_center() {
        let dots = Dots { radius: 7.0, opacity: 1.0, rim: None, below: [200; 3] };
        let canvas = canvas(&[[20.3, 19.6]], &[Some(RED)], dots);
        let weights =
            canvas.pixels.iter().enumerate().map(|(i, p)| [p[3], p[3] * (i % 100) as f32, p[3] * (i / 100) as f32]);
        let [area, x, y] = weights.fold([0.0f32; 3], |sum, w| std::array::from_fn(|k| sum[k] + w[k]));
        let wanted = std::f32::consts::PI * 49.0;
        assert!((area - wanted).abs() < 0.01 * wanted, "{area} {wanted}");
        assert!((x / area + 0.5 - 20.3).abs() < 0.05 && (y / area + 0.5 - 19.6).abs() < 0.05);
        assert_eq!(canvas.rgba()[4 * (19 * 100 + 20)..][..4], [200, 30, 40, 255]);
    }

    #[test]
    fn what_is_off_the_canvas_is_cut() {
        let at = [[-9.0, 2.0], [1e30, 2.0], [f32::NAN, 1.0], [99.9, -0.2]];
        let canvas = canvas(&at, &[Some(RED); 4], Dots { radius: 1.0, opacity: 1.0, rim: None, below: [200; 3] });
        assert!(canvas.pixels.iter().flatten().all(|value| value.is_finite()));
        assert!(canvas.pixels[99][3] > 0.0 && canvas.pixels[50][3] == 0.0);
    }

    #[test]
    fn many_points_are_a_density_that_shows_both_crowds_and_lone_points() {
        let n = DISCS + 1;
        // A crowd whose middle is denser than its edge, and one lone point.
        let mut at: Vec<[f32; 2]> = (1..n as u64)
            .map(|i| {
                let unit = |j: u64| mix(2 * i + j) as f32 / u64::MAX as f32 - 0.5;
                let (r, angle) = (20.0 * (unit(0) + 0.5), std::f32::consts::TAU * unit(1));
                [40.0 + r * angle.cos(), 40.0 + r * angle.sin()]
            })
            .collect();
        at.push([80.5, 80.5]);
        let canvas = canvas(&at, &vec![Some(RED); n], Dots { radius: 0.4, opacity: 1.0, rim: None, below: [200; 3] });
        let opacity = |x: usize, y: usize| canvas.pixels[y * 100 + x][3];
        let (middle, edge, lone, empty) = (opacity(40, 40), opacity(57, 40), opacity(80, 80), opacity(90, 20));
        assert!(middle > edge + 0.05 && edge > lone && lone > 0.25 && empty == 0.0, "{middle} {edge} {lone} {empty}");
    }

    #[test]
    fn a_mix_of_two_classes_hides_neither() {
        let at: Vec<[f32; 2]> =
            (0..4000u64).map(|i| [mix(i), mix(i + 9999)].map(|v| 100.0 * (v as f32 / u64::MAX as f32))).collect();
        let colors: Vec<_> = (0..4000).map(|i| Some(if i < 2000 { RED } else { [20, 60, 220] })).collect();
        let canvas = canvas(&at, &colors, Dots { radius: 2.0, opacity: 1.0, rim: None, below: [200; 3] });
        let red = canvas.pixels.iter().filter(|p| p[0] > p[2]).count() as f32 / 10_000.0;
        // About half of the field, the standard error of a share of some 800 independent discs being 2 %.
        assert!((0.42..0.58).contains(&red), "{red}");
    }
}
