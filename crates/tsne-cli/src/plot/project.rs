//! Maps of one, two and three dimensions as flat panels.

use super::points::mix;
use tsne::Scalar;

/// The thickness of a strip relative to its length.
const THICKNESS: f64 = 0.55;

/// Intervals along the axis of a one-dimensional map in which points are counted for the thickness of the strip.
const BINS: usize = 240;

/// Points of one panel, upright: the second coordinate grows upwards.
pub(super) type Flat = Vec<[f64; 2]>;

/// The views of a map: one of up to two dimensions, three of three or more, named by their axes.
pub(super) fn views<T: Scalar, const D: usize>(y: &[[T; D]]) -> Vec<(String, Flat)> {
    let pair = |a: usize, b: usize| y.iter().map(|point| [point[a].to_f64(), point[b].to_f64()]).collect::<Flat>();
    match D {
        0 => vec![(String::new(), vec![[0.0; 2]; y.len()])],
        1 => {
            let x: Vec<f64> = y.iter().map(|point| point[0].to_f64()).collect();
            vec![(String::new(), x.iter().zip(strip(&x)).map(|(&x, up)| [x, up]).collect())]
        }
        2 => vec![(String::new(), pair(0, 1))],
        _ => [(0, 1), (0, 2), (1, 2)].map(|(a, b)| (format!("axes {} and {}", a + 1, b + 1), pair(a, b))).into(),
    }
}

pub(super) fn bounds(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

/// Heights that spread the points of a line so that the thickness is their density.
fn strip(x: &[f64]) -> Vec<f64> {
    let [low, high] = bounds(x.iter().copied());
    let half = if high > low { 0.5 * high - 0.5 * low } else { 1.0 };
    let bin = |x: f64| ((0.5 * x - 0.5 * low) / half * BINS as f64).min((BINS - 1) as f64) as usize;
    let mut counts = vec![0usize; BINS];
    for &x in x {
        counts[bin(x)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let thickness = 2.0 * THICKNESS * half.min(0.25 * f64::MAX);
    let height = |(i, &x): (usize, &f64)| {
        let jitter = mix(i as u64) as f64 / u64::MAX as f64 - 0.5;
        jitter * thickness * counts[bin(x)] as f64 / most
    };
    x.iter().enumerate().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_thick_where_points_are_dense() {
        let x: Vec<f64> = (0..1000).map(|i| if i < 900 { 0.0 } else { 1.0 + i as f64 }).collect();
        let up = strip(&x);
        let reach = |range: std::ops::Range<usize>| up[range].iter().fold(0.0f64, |most, up| most.max(up.abs()));
        assert!(reach(0..900) > 10.0 * reach(900..1000));
    }

    #[test]
    fn three_dimensions_have_three_views() {
        let views = views(&[[1.0f32, 2.0, 3.0]]);
        assert_eq!(views.iter().map(|(_, flat)| flat[0]).collect::<Vec<_>>(), [[1.0, 2.0], [1.0, 3.0], [2.0, 3.0]]);
        assert_eq!(views[1].0, "axes 1 and 3");
    }
}
