//! Where points stand in the picture, and in which order they are drawn.

use tsne::Scalar;

/// The shortest side of the field, relative to its longest.
const MIN_ASPECT: f64 = 0.55;

/// Intervals along the axis of a one-dimensional map in which points are counted for the thickness of the strip.
const BINS: usize = 240;

/// Points in pixels, from the upper left corner of the field.
#[derive(Debug)]
pub(super) struct Placed {
    /// Width and height of the field.
    pub(super) size: [usize; 2],
    pub(super) points: Vec<[f32; 2]>,
    /// From far to near in three dimensions; else mixed, since in the order of the data the last class would hide
    /// the others.
    pub(super) order: Vec<u32>,
    depths: Vec<f32>,
}

impl Placed {
    pub(super) fn new<T: Scalar, const D: usize>(y: &[[T; D]], longest: usize) -> Self {
        let coordinate = |c: usize| y.iter().map(|p| p[c].to_f64()).collect::<Vec<f64>>();
        let mut order: Vec<u32> = (0..y.len() as u32).collect();
        order.sort_by_key(|&i| (mix(u64::from(i)), i));
        let (x, up, depths) = match D {
            0 => (Vec::new(), Vec::new(), Vec::new()),
            1 => {
                let x = coordinate(0);
                let up = strip(&x);
                (x, up, Vec::new())
            }
            2 => (coordinate(0), coordinate(1), Vec::new()),
            _ => {
                let z = coordinate(2);
                let [low, high] = bounds(&z);
                let far = |z: f64| if high > low { (0.5 * high - 0.5 * z) / (0.5 * high - 0.5 * low) } else { 0.0 };
                order.sort_by(|&a, &b| z[a as usize].total_cmp(&z[b as usize]).then(a.cmp(&b)));
                (coordinate(0), coordinate(1), z.iter().map(|&z| far(z) as f32).collect())
            }
        };
        let ([x0, x1], [y0, y1]) = (bounds(&x), bounds(&up));
        // Half extents, since whole ones of the largest numbers are infinite.
        let (w, h) = (0.5 * x1 - 0.5 * x0, 0.5 * y1 - 0.5 * y0);
        let side = if w.max(h) > 0.0 { w.max(h) } else { 1.0 };
        let aspect = |extent: f64| ((extent / side).max(MIN_ASPECT) * longest as f64) as usize;
        let size = [aspect(w), aspect(h)];
        let scale = 0.5 * longest as f64 / side;
        let middle = [0.5 * x0 + 0.5 * x1, 0.5 * y0 + 0.5 * y1];
        let pixel = |(x, up): (&f64, &f64)| {
            // Pictures have their origin above.
            [
                (0.5 * size[0] as f64 + (x - middle[0]) * scale) as f32,
                (0.5 * size[1] as f64 - (up - middle[1]) * scale) as f32,
            ]
        };
        let points = x.iter().zip(&up).map(pixel).collect();
        Self { size, points, order, depths }
    }

    /// How far away a point is, from 0 to 1; 0 in flat maps.
    pub(super) fn depth(&self, i: usize) -> f32 {
        self.depths.get(i).copied().unwrap_or(0.0)
    }
}

fn bounds(values: &[f64]) -> [f64; 2] {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

/// Heights that spread the points of a line so that the thickness is their density.
fn strip(x: &[f64]) -> Vec<f64> {
    let [low, high] = bounds(x);
    let half = if high > low { 0.5 * high - 0.5 * low } else { 1.0 };
    let bin = |x: f64| ((0.5 * x - 0.5 * low) / half * BINS as f64).min((BINS - 1) as f64) as usize;
    let mut counts = vec![0usize; BINS];
    for &x in x {
        counts[bin(x)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let thickness = 2.0 * MIN_ASPECT * half.min(0.25 * f64::MAX);
    let height = |(i, &x): (usize, &f64)| {
        let jitter = mix(i as u64) as f64 / u64::MAX as f64 - 0.5;
        jitter * thickness * counts[bin(x)] as f64 / most
    };
    x.iter().enumerate().map(height).collect()
}

/// Scatters the bits of a number (the finalizer of SplitMix64, Steele et al. 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_equal_scales_and_the_picture_is_upright() {
        let placed = Placed::new(&[[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]], 400);
        assert_eq!(placed.size, [400, 300]);
        assert_eq!(placed.points, [[0.0, 300.0], [400.0, 300.0], [400.0, 0.0]]);
    }

    #[test]
    fn degenerate_maps_stay_in_the_picture() {
        for y in [vec![], vec![[1.0, 1.0]], vec![[f64::MAX, 0.0], [-f64::MAX, 0.0]]] {
            let placed = Placed::new(&y, 100);
            assert!(placed.size.iter().all(|&side| (55..=100).contains(&side)), "{:?}", placed.size);
        }
    }

    #[test]
    fn near_points_are_drawn_last() {
        let placed = Placed::new(&[[0.0, 0.0, 1.0], [1.0, 0.0, -1.0], [0.0, 1.0, 0.0]], 100);
        assert_eq!(placed.order, [1, 2, 0]);
        assert_eq!([placed.depth(0), placed.depth(1), placed.depth(2)], [0.0, 1.0, 0.5]);
    }

    #[test]
    fn strips_are_thick_where_points_are_dense() {
        let x: Vec<f64> = (0..1000).map(|i| if i < 900 { 0.0 } else { 1.0 + i as f64 }).collect();
        let up = strip(&x);
        let reach = |range: std::ops::Range<usize>| up[range].iter().fold(0.0f64, |most, up| most.max(up.abs()));
        assert!(reach(0..900) > 10.0 * reach(900..1000));
    }
}
