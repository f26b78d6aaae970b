//! Dispatch changes the speed and no bit; gathering refuses what is out of range.

use tsne_core::random::{element_seed, unit};
use tsne_core::simd::{AttractionLanes, LANES, Task, attraction, dispatch, fold, gather};
use tsne_core::{ChunkedRows, Kernel, Profile, ProfileVisitor, RowStart, Scalar};

fn values<T: Scalar>(n: usize, seed: u64) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(20.0 * unit(element_seed(seed, 0, i)) - 10.0)).collect()
}

/// Divisions, products followed by sums (which a fused operation would round once instead of twice), and running sums.
#[derive(Clone, Copy)]
struct Sums<'a, T> {
    x: &'a [T],
    y: &'a [T],
}

impl<T: Scalar> Task for Sums<'_, T> {
    type Output = [T; 16];

    #[inline(always)]
    fn run(self) -> [T; 16] {
        let mut sums = [T::ZERO; 16];
        for (x, y) in self.x.as_chunks::<16>().0.iter().zip(self.y.as_chunks::<16>().0) {
            for l in 0..16 {
                let d2 = x[l] * x[l] + y[l] * y[l];
                sums[l] += x[l] / (T::ONE + d2) + d2.sqrt() * y[l];
            }
        }
        sums
    }
}

fn bits<T: Scalar>(values: &[T]) -> Vec<u64> {
    values.iter().map(|v| v.bits()).collect()
}

#[test]
fn dispatch_gives_the_bits_of_the_plain_run() {
    fn check<T: Scalar>() {
        let (x, y) = (values::<T>(16_000, 1), values::<T>(16_000, 2));
        let task = Sums { x: &x, y: &y };
        assert_eq!(bits(&dispatch(task)), bits(&task.run()));
    }
    check::<f32>();
    check::<f64>();
}

struct Weights<'a, P> {
    d2: &'a [f32],
    profile: P,
}

impl<P: Profile<f32>> Task for Weights<'_, P> {
    type Output = Vec<u64>;

    #[inline(always)]
    fn run(self) -> Vec<u64> {
        self.d2
            .iter()
            .map(|&d2| {
                let (w, f) = self.profile.weight_and_force(d2);
                w.bits() << 32 ^ f.bits()
            })
            .collect()
    }
}

struct Compare<'a>(&'a [f32]);

impl ProfileVisitor<f32> for Compare<'_> {
    type Output = ();
    fn visit<P: Profile<f32>>(self, profile: P) {
        let plain = Weights { d2: self.0, profile }.run();
        assert_eq!(dispatch(Weights { d2: self.0, profile }), plain);
    }
}

#[test]
fn every_form_of_the_kernel_keeps_its_bits_under_dispatch() {
    let d2: Vec<f32> = values::<f32>(10_000, 3).into_iter().map(|v| v * v).collect();
    for dof in [0.5, 1.0, 1.5, 2.0, 3.3, 8.0] {
        Kernel::new(dof).unwrap().visit(Compare(&d2));
    }
}

#[test]
fn dispatch_returns_what_the_task_returns() {
    struct Moves(Vec<String>);
    impl Task for Moves {
        type Output = Vec<String>;
        fn run(self) -> Vec<String> {
            self.0
        }
    }
    assert_eq!(dispatch(Moves(vec!["a".to_owned()])), ["a"]);
}

#[test]
fn gather_reads_the_points_that_the_indices_name() {
    let points: Vec<[f32; 3]> = (0..100).map(|i| [i as f32, -(i as f32), 0.5]).collect();
    let found = gather(&points, &[0u32, 99, 7, 7]).unwrap();
    assert_eq!(found, [points[0], points[99], points[7], points[7]]);
    // Points without coordinates are points.
    assert_eq!(gather(&[[0.0f64; 0]; 3], &[2u32]), Some([[0.0; 0]]));
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

/// Rows of 0, 1, 2, ... chunks over `n` points.
fn chunked<T: Scalar>(rows: usize, n: u32) -> (Vec<usize>, Vec<[u32; LANES]>, Vec<[T; LANES]>) {
    let starts: Vec<usize> = (0..=rows).map(|r| r * r.saturating_sub(1) / 2).collect();
    let chunks = starts[rows];
    let hash = |chunk: usize, l: usize| element_seed(7, l as u64, chunk as u64);
    let columns = (0..chunks).map(|i| std::array::from_fn(|l| (hash(i, l) % u64::from(n)) as u32)).collect();
    let weights = (0..chunks).map(|i| std::array::from_fn(|l| T::from_f64(unit(hash(i, l))))).collect();
    (starts, columns, weights)
}

/// The same rows with their columns counted from the smallest of each row, in halves where they need it.
fn in_halves<T: Scalar>(
    starts: &[usize],
    columns: &[[u32; LANES]],
    weights: &[[T; LANES]],
    bound: usize,
) -> ChunkedRows<T> {
    let (mut row_starts, mut halves) = (Vec::new(), Vec::new());
    for ends in starts.windows(2) {
        let row = &columns[ends[0]..ends[1]];
        let first_column = row.as_flattened().iter().min().copied().unwrap_or(bound as u32);
        let is_wide = row.as_flattened().iter().any(|column| column - first_column > 65_535);
        row_starts.push(RowStart { first_column, columns: halves.len(), weights: ends[0] });
        for chunk in row {
            halves.push(chunk.map(|column| (column - first_column) as u16));
            if is_wide {
                halves.push(chunk.map(|column| ((column - first_column) >> 16) as u16));
            }
        }
    }
    row_starts.push(RowStart { first_column: 0, columns: halves.len(), weights: weights.len() });
    ChunkedRows::new(row_starts, halves, weights.to_vec(), bound).unwrap()
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
        let coordinates = values::<T>(n * D, 3);
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
            for (columns, weights) in columns[starts[r]..starts[r + 1]].iter().zip(&weights[starts[r]..starts[r + 1]]) {
                assert!(lanes.add(points[r], points, columns, weights, inverse_dof));
                for (&j, w) in columns.iter().zip(weights) {
                    let difference: [f64; D] =
                        std::array::from_fn(|c| points[r][c].to_f64() - points[j as usize][c].to_f64());
                    let d2: f64 = difference.iter().map(|v| v * v).sum();
                    for c in 0..D {
                        naive[c] += w.to_f64() * difference[c] / (1.0 + d2 * inverse_dof.to_f64());
                    }
                }
            }
            let plain = lanes.fold();
            for c in 0..D {
                assert_eq!(sum[c].bits(), plain[c].bits(), "{} D {D}, row {r}", T::NAME);
                // Terms below 1/2 · 1/√inverse_dof, each wrong by some ten units, and partial sums of as many.
                let terms = ((starts[r + 1] - starts[r]) * LANES) as f64;
                let bound = 20.0 * T::EPSILON.to_f64() * terms;
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

#[test]
fn lanes_are_folded_pairwise() {
    assert_eq!(fold([1e16f64, 1.0, -1e16, 1.0]), 2.0);
    assert_eq!(fold([3.0f32, 1.0, 2.0]), 6.0);
    assert_eq!(fold([5.0f32]), 5.0);
    assert_eq!(fold::<f32, 0>([]), 0.0);
}
