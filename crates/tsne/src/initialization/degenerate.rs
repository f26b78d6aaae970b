//! Starting positions that no force unfolds.

use crate::warning::Warning;
use tsne_core::Scalar;

/// Positions this near to a line, in relation to their extent along it, are on it but for rounding in `f32`.
const FLAT: f64 = 1e-6;

/// A warning for positions that coincide, or that lie on a line or in a plane of fewer dimensions than the map.
pub(crate) fn degenerate<T: Scalar, const D: usize>(positions: &[[T; D]]) -> Option<Warning> {
    let largest = positions.as_flattened().iter().fold(0.0, |a: f64, v| a.max(v.to_f64().abs()));
    // In units of the largest coordinate, from the first position: no square leaves the range of the numbers.
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let first = positions.first()?.map(|v| v.to_f64() / unit);
    let n = positions.len() as f64;
    let differences =
        || positions.iter().map(|p| -> [f64; D] { std::array::from_fn(|c| p[c].to_f64() / unit - first[c]) });
    let mut mean = [0.0; D];
    differences().for_each(|d| (0..D).for_each(|c| mean[c] += d[c] / n));
    let mut covariance = [[0.0; D]; D];
    for difference in differences() {
        for a in 0..D {
            for b in 0..D {
                covariance[a][b] += (difference[a] - mean[a]) * (difference[b] - mean[b]) / n;
            }
        }
    }
    // Elimination by the largest pivot: what is left of the variance, axis by axis.
    let mut pivots = [0.0; D];
    let mut left: Vec<usize> = (0..D).collect();
    for pivot in &mut pivots {
        let Some(at) =
            (0..left.len()).max_by(|&a, &b| covariance[left[a]][left[a]].total_cmp(&covariance[left[b]][left[b]]))
        else {
            break;
        };
        let axis = left.swap_remove(at);
        *pivot = covariance[axis][axis];
        if *pivot > 0.0 {
            let row = covariance[axis];
            for &a in &left {
                let factor = covariance[a][axis] / *pivot;
                for b in 0..D {
                    covariance[a][b] -= factor * row[b];
                }
            }
        }
    }
    let (largest, smallest) = (pivots.first()?, pivots.last()?);
    if positions.len() > 1 && *largest <= 0.0 {
        return Some(Warning::CoincidingStart);
    }
    // Fewer points than axes leave some empty, whatever they are.
    (positions.len() > D && *smallest <= FLAT * FLAT * largest).then_some(Warning::FlatStart)
}
