//! The attraction over rows in chunks.

use super::avx2;
use super::lanes::{AttractionLanes, LANES};
use super::rows::{ChunkedRows, ChunkedView, Weights, number_of, offset};
use tsne_core::Scalar;
use tsne_core::simd::{Task, dispatch};

/// The sums `Σ_j w_j u_r (y_r - p_j) / (1 + |y_r - p_j|² inverse_dof)` of each row `r`, of unit `u_r`, of `rows` from `first` on, for as many as there
/// are positions `y` and sums: over the points `p_j` that its columns name, in `LANES` running sums (entry by entry of the
/// chunks) that are then added pairwise. Rows beyond the last get zero, and so do all where there are fewer points than
/// [`ChunkedRows::bound`].
pub(super) fn attraction<T: Scalar, const D: usize>(
    y: &[[T; D]],
    points: &[[T; D]],
    (rows, first): (&ChunkedRows<T>, usize),
    inverse_dof: T,
    sums: &mut [[T; D]],
) {
    if points.len() < rows.bound() {
        sums.fill([T::ZERO; D]);
    } else if !avx2::attraction(y, points, (rows, first), inverse_dof, sums) {
        match rows.weights() {
            Weights::Counts(counts) => {
                let rows = rows.view(first, counts);
                dispatch(Attraction { y, points, rows, number_of: number_of::<T>, inverse_dof, sums });
            }
            Weights::Whole(weights) => {
                let rows = rows.view(first, weights);
                dispatch(Attraction { y, points, rows, number_of: |weight| weight, inverse_dof, sums });
            }
        }
    }
}

struct Attraction<'a, T, W, F, const D: usize> {
    y: &'a [[T; D]],
    points: &'a [[T; D]],
    rows: ChunkedView<'a, T, W>,
    /// Makes numbers of what the rows have.
    number_of: F,
    inverse_dof: T,
    sums: &'a mut [[T; D]],
}

impl<T: Scalar, W: Copy, F: Fn(W) -> T, const D: usize> Task for Attraction<'_, T, W, F, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { y, points, rows, number_of, inverse_dof, sums } = self;
        for (r, (y, sum)) in y.iter().zip(sums).enumerate() {
            *sum = [T::ZERO; D];
            let Some(row) = rows.row(r) else { continue };
            let mut lanes = AttractionLanes::new();
            let mut add = |columns: &[u32; LANES], weights: &[W; LANES]| {
                // Every column is below the number of points.
                _ = lanes.add(*y, points, columns, &weights.map(&number_of), inverse_dof);
            };
            if row.is_narrow() {
                for (columns, weights) in row.columns.iter().zip(row.weights) {
                    avx2::prefetch_behind(columns, weights);
                    add(&columns.map(|low| row.first_column + u32::from(low)), weights);
                }
            } else {
                for ([low, high], weights) in row.columns.as_chunks().0.iter().zip(row.weights) {
                    avx2::prefetch_behind(low, weights);
                    let columns = std::array::from_fn(|l| row.first_column + offset(low[l], high[l]));
                    add(&columns, weights);
                }
            }
            *sum = lanes.fold().map(|sum| row.unit * sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{RowStart, are_counts, count_of, per_unit, unit_of};
    use super::*;
    use tsne_core::random::{element_seed, unit};

    fn values<T: Scalar>(n: usize, seed: u64) -> Vec<T> {
        (0..n as u64).map(|i| T::from_f64(20.0 * unit(element_seed(seed, 0, i)) - 10.0)).collect()
    }

    /// Rows of 0, 1, 2, ... chunks over `n` points.
    fn chunked<T: Scalar>(rows: usize, n: u32) -> (Vec<usize>, Vec<[u32; LANES]>, Vec<[T; LANES]>) {
        let starts: Vec<usize> = (0..=rows).map(|r| r * r.saturating_sub(1) / 2).collect();
        let chunks = starts[rows];
        let hash = |chunk: usize, l: usize| element_seed(7, l as u64, chunk as u64);
        let columns = (0..chunks).map(|i| std::array::from_fn(|l| (hash(i, l) % u64::from(n)) as u32)).collect();
        let weights = (0..chunks).map(|i| std::array::from_fn(|l| T::from_f64(unit(hash(i, l))))).collect();
        (starts, columns, weights)
    }

    fn row_unit<T: Scalar>(weights: &[[T; LANES]]) -> T {
        if are_counts::<T>() { unit_of(weights.as_flattened()) } else { T::ONE }
    }

    /// The same rows with their columns counted from the smallest of each row, in halves where they need it.
    fn in_halves<T: Scalar>(
        starts: &[usize],
        columns: &[[u32; LANES]],
        weights: &[[T; LANES]],
        bound: usize,
    ) -> ChunkedRows<T> {
        let (mut row_starts, mut halves, mut packed) = (Vec::new(), Vec::new(), Vec::new());
        for ends in starts.windows(2) {
            let row = &columns[ends[0]..ends[1]];
            let first_column = row.as_flattened().iter().min().copied().unwrap_or(bound as u32);
            let is_wide = row.as_flattened().iter().any(|column| column - first_column > 65_535);
            let unit = row_unit(&weights[ends[0]..ends[1]]);
            row_starts.push(RowStart { unit, first_column, columns: halves.len(), weights: ends[0] });
            let packed_row = weights[ends[0]..ends[1]].iter().map(|chunk| chunk.map(|w| count_of(w, per_unit(unit))));
            packed.extend(packed_row);
            for chunk in row {
                halves.push(chunk.map(|column| (column - first_column) as u16));
                if is_wide {
                    halves.push(chunk.map(|column| ((column - first_column) >> 16) as u16));
                }
            }
        }
        row_starts.push(RowStart { columns: halves.len(), weights: weights.len(), ..RowStart::default() });
        let weights =
            if are_counts::<T>() { Weights::Counts(packed.into()) } else { Weights::Whole(weights.to_vec().into()) };
        ChunkedRows::new(row_starts, halves.into(), weights, bound).unwrap()
    }

    #[test]
    fn attraction_of_every_version_gives_the_bits_of_the_plain_loop() {
        fn check<T: Scalar, const D: usize>(inverse_dof: f64) {
            check_over::<T, D>(inverse_dof, 500);
            // Columns in two halves.
            check_over::<T, D>(inverse_dof, 200_000);
        }
        fn check_over<T: Scalar, const D: usize>(inverse_dof: f64, n: usize) {
            let rows = 20;
            // The same again and again: Miri makes few numbers a second.
            let coordinates: Vec<T> = values::<T>(1_009, 3).into_iter().cycle().take(n * D).collect();
            let (points, _) = coordinates.as_chunks::<D>();
            let (starts, columns, weights) = chunked::<T>(rows, n as u32);
            let inverse_dof = T::from_f64(inverse_dof);
            let mut sums = vec![[T::ONE; D]; rows];
            let chunked = in_halves(&starts, &columns, &weights, n);
            attraction(&points[..7], points, (&chunked, 0), inverse_dof, &mut sums[..7]);
            // From an address that is no multiple of a point's length, too.
            let shifted: Vec<T> = std::iter::once(T::ZERO).chain(coordinates.iter().copied()).collect();
            let mut shifted_sums = vec![[T::ONE; D]; 7];
            attraction(&points[..7], shifted[1..].as_chunks().0, (&chunked, 0), inverse_dof, &mut shifted_sums);
            assert_eq!(shifted_sums, sums[..7], "{} D {D}", T::NAME);
            attraction(&points[7..rows], points, (&chunked, 7), inverse_dof, &mut sums[7..]);
            for (r, sum) in sums.iter().enumerate() {
                let mut lanes = AttractionLanes::new();
                let mut naive = [0.0; D];
                let row_weights = &weights[starts[r]..starts[r + 1]];
                let unit = row_unit(row_weights);
                for (columns, weights) in columns[starts[r]..starts[r + 1]].iter().zip(row_weights) {
                    let counts =
                        weights.map(|w| if are_counts::<T>() { number_of(count_of(w, per_unit(unit))) } else { w });
                    assert!(lanes.add(points[r], points, columns, &counts, inverse_dof));
                    for (&j, w) in columns.iter().zip(weights) {
                        let difference: [f64; D] =
                            std::array::from_fn(|c| points[r][c].to_f64() - points[j as usize][c].to_f64());
                        let d2: f64 = difference.iter().map(|v| v * v).sum();
                        for c in 0..D {
                            naive[c] += w.to_f64() * difference[c] / (1.0 + d2 * inverse_dof.to_f64());
                        }
                    }
                }
                let plain = lanes.fold().map(|sum| unit * sum);
                for c in 0..D {
                    assert_eq!(sum[c].bits(), plain[c].bits(), "{} D {D}, row {r}", T::NAME);
                    // Terms below 1/2 · 1/√inverse_dof, each wrong by some ten units, and partial sums of as many.
                    let terms = ((starts[r + 1] - starts[r]) * LANES) as f64;
                    // Weights up to 1, of which 16 bits are kept in `f32`.
                    let rounding = if T::NAME == "f32" { 0.5 / 65_535.0 } else { 0.0 };
                    let bound = (20.0 * T::EPSILON.to_f64() + 0.5 * rounding / inverse_dof.to_f64().sqrt()) * terms;
                    assert!((sum[c].to_f64() - naive[c]).abs() <= bound, "{} D {D}, row {r}", T::NAME);
                }
            }
        }
        check::<f32, 2>(1.0);
        check::<f32, 2>(0.5);
        check::<f32, 1>(1.0);
        check::<f32, 3>(2.0);
        check::<f64, 2>(1.0);
        check::<f64, 3>(1.0);
    }

    #[test]
    fn attraction_of_too_few_points_or_rows_is_zero() {
        fn check<T: Scalar, const D: usize>() {
            let points = [[T::ZERO; D], [T::ONE; D]];
            let rows = in_halves(&[0, 1, 1], &[[1; LANES]], &[[T::ONE; LANES]], 2);
            let sums_of = |points: &[[T; D]], first| {
                let mut sums = [[T::MAX; D]; 4];
                attraction(&[[T::ZERO; D]; 4], points, (&rows, first), T::ONE, &mut sums);
                sums
            };
            let sums = sums_of(&points, 0);
            assert!(sums[0][0] < T::ZERO);
            // A row without entries, and two that do not exist.
            assert_eq!(sums[1..], [[T::ZERO; D]; 3], "{} D {D}", T::NAME);
            assert_eq!(sums_of(&points, 3), [[T::ZERO; D]; 4], "{} D {D}", T::NAME);
            assert_eq!(sums_of(&points, usize::MAX), [[T::ZERO; D]; 4], "{} D {D}", T::NAME);
            assert_eq!(sums_of(&points[..1], 0), [[T::ZERO; D]; 4], "{} D {D}", T::NAME);
        }
        check::<f32, 2>();
        check::<f32, 3>();
        check::<f64, 2>();
    }
}
