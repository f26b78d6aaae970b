//! Principal components of sparse points against those of the same points, dense.

use crate::common::bits;
use tsne::core::{SparseRows, random as counter};
use tsne::initialization::pca;
use tsne::{Context, Error, Rows};

fn uniform(stage: u64, i: usize) -> f64 {
    counter::unit(counter::element_seed(21, stage, i as u64))
}

/// Dense data and the same in compressed rows.
struct Data {
    dense: Vec<f64>,
    row_pointers: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    n: usize,
    d: usize,
}

impl Data {
    fn new(dense: Vec<f64>, n: usize, d: usize) -> Self {
        let (mut row_pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in dense.chunks_exact(d) {
            for (c, v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                columns.push(c as u32);
                values.push(*v);
            }
            row_pointers.push(columns.len());
        }
        Self { dense, row_pointers, columns, values, n, d }
    }

    /// Three factors of clearly different sizes on shares of the columns, one in five entries kept.
    fn random(n: usize, d: usize) -> Self {
        let value = |i: usize, c: usize| {
            let signal: f64 = (0..3).map(|f| uniform(f, i) * uniform(10 + f, c) * 4.0 * 0.4f64.powi(f as i32)).sum();
            if uniform(30, i * d + c) < 0.2 { signal + 0.1 * uniform(31, i * d + c) } else { 0.0 }
        };
        Self::new((0..n * d).map(|at| value(at / d, at % d)).collect(), n, d)
    }

    fn sparse(&self) -> SparseRows<'_, f64> {
        SparseRows::new(&self.row_pointers, &self.columns, &self.values, self.d).unwrap()
    }

    #[track_caller]
    fn check<const D: usize>(&self, tolerance: f64) {
        let dense = pca::<f64, D>(Rows::new(&self.dense, self.n, self.d).unwrap(), 1, Context::new()).unwrap();
        let sparse = pca::<f64, D>(self.sparse(), 1, Context::new()).unwrap();
        let scale = dense.as_flattened().iter().fold(0.0f64, |a, v| a.max(v.abs()));
        for (i, (a, b)) in dense.iter().zip(&sparse).enumerate() {
            for c in 0..D {
                let off = (a[c] - b[c]).abs();
                assert!(off <= tolerance * scale, "n {}, d {}, point {i}, axis {c}: off by {off:e}", self.n, self.d);
            }
        }
    }
}

#[test]
fn sparse_points_have_the_components_of_the_same_dense_points() {
    // Both by the covariance: rounding of its sums, 1e-15 n, over relative gaps that are no smaller than a hundredth.
    Data::random(300, 40).check::<2>(1e-10);
    Data::random(2_000, 150).check::<2>(1e-10);
    // Fewer points than columns, and more components than columns.
    Data::random(20, 70).check::<1>(1e-10);
    Data::random(50, 2).check::<3>(1e-10);
    // Values whose squares leave the range of the numbers.
    let mut huge = Data::random(100, 10);
    huge.dense.iter_mut().chain(&mut huge.values).for_each(|v| *v *= 1e200);
    huge.check::<2>(1e-10);
}

#[test]
fn very_wide_sparse_points_go_through_the_subspace_iteration() {
    // Both run the same iteration from the same vectors: they differ by rounding alone, which the iteration contracts.
    Data::random(60, 2_100).check::<1>(1e-8);
    Data::random(60, 2_100).check::<2>(1e-8);
}

#[test]
fn degenerate_sparse_points() {
    let constant = Data::new([0.0, 3.5, 0.0].repeat(6), 6, 3);
    assert_eq!(pca::<f64, 2>(constant.sparse(), 0, Context::new()).unwrap(), [[0.0; 2]; 6]);
    // Nothing stored, zeros stored, no points, no columns.
    let nothing = SparseRows::<f64>::new(&[0, 0, 0], &[], &[], 4).unwrap();
    assert_eq!(pca::<f64, 2>(nothing, 0, Context::new()).unwrap(), [[0.0; 2]; 2]);
    let zeros = SparseRows::new(&[0, 1, 1], &[2], &[0.0f32], 4).unwrap();
    assert_eq!(pca::<f32, 2>(zeros, 0, Context::new()).unwrap(), [[0.0; 2]; 2]);
    assert!(pca::<f32, 2>(SparseRows::new(&[0], &[], &[], 4).unwrap(), 0, Context::new()).unwrap().is_empty());
    assert_eq!(pca::<f32, 2>(SparseRows::new(&[0, 0], &[], &[], 0).unwrap(), 0, Context::new()).unwrap(), [[0.0; 2]]);
    let bad = SparseRows::new(&[0, 1], &[2], &[f64::NAN], 4).unwrap();
    let error = pca::<f64, 2>(bad, 0, Context::new()).unwrap_err();
    assert_eq!(error, Error::non_finite("data", 0, 2));
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let (narrow, wide) = (Data::random(2_500, 130), Data::random(40, 2_200));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let of = |data: &Data| bits(&pca::<f64, 2>(data.sparse(), 1, Context::new()).unwrap());
        pool.install(|| (of(&narrow), of(&wide)))
    };
    let one = run(1);
    for threads in [2, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
