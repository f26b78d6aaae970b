//! Points read by their indices.
//!
//! # Why `unsafe` is sound here
//!
//! Points are read without bounds checks after the largest of the indices has been compared with their number.
#![allow(unsafe_code)]

use tsne_core::Scalar;

/// The points that `indices` name, or `None` if one of them is beyond the last point.
///
/// One comparison for all `L` indices in place of one for each: the inner loop of the attraction is bound by loads
/// and does not hide the others.
#[inline(always)]
pub(super) fn gather<T: Scalar, const D: usize, const L: usize>(
    points: &[[T; D]],
    indices: &[u32; L],
) -> Option<[[T; D]; L]> {
    let largest = indices.iter().fold(0u32, |a, &b| a.max(b));
    if L == 0 || largest as usize >= points.len() {
        return None;
    }
    let mut out = [[T::ZERO; D]; L];
    for l in 0..L {
        // SAFETY: `indices[l] <= largest < points.len()`.
        out[l] = unsafe { *points.get_unchecked(indices[l] as usize) };
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::gather;

    #[test]
    fn gather_reads_the_points_that_the_indices_name() {
        let points: Vec<[f32; 3]> = (0..100u8).map(|i| [f32::from(i), -f32::from(i), 0.5]).collect();
        assert_eq!(gather(&points, &[0, 99, 7, 7]), Some([points[0], points[99], points[7], points[7]]));
        // Points without coordinates are points.
        assert_eq!(gather(&[[0.0f64; 0]; 3], &[2]), Some([[0.0; 0]]));
    }

    #[test]
    fn gather_refuses_what_is_out_of_range() {
        let points = [[1.0f64, 2.0]; 10];
        for position in 0..8 {
            for bad in [10, 11, u32::MAX] {
                let mut indices = [9u32; 8];
                assert!(gather(&points, &indices).is_some());
                indices[position] = bad;
                assert_eq!(gather(&points, &indices), None, "{bad} at {position}");
            }
        }
        assert_eq!(gather::<f64, 2, 1>(&[], &[0]), None);
        assert_eq!(gather::<f64, 2, 0>(&points, &[]), None);
    }
}
