//! Given matrices against dense sums in `f64`, straight from the definition.
#![allow(clippy::unwrap_used)]

use crate::common::{cloud, in_pool};
use crate::models::{check_close, check_conditional, check_joint, graph_of, join, models, to_dense};
use proptest::prelude::*;
use tsne_affinity::{
    Precomputed, Symmetrization, precomputed_conditional, precomputed_conditional_dense, precomputed_joint,
    precomputed_joint_dense,
};
use tsne_core::{Affinities, CancelToken, Context, Error, Rows, Scalar, random};

/// A matrix with unsorted columns, repetitions, zeros and a diagonal, and what it is dense.
fn messy(n: usize, seed: u64) -> (Vec<usize>, Vec<u32>, Vec<f64>, Vec<f64>) {
    let (mut row_pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    let mut dense = vec![0.0; n * n];
    let mut draw = 0;
    let mut next = || {
        draw += 1;
        random::mix(random::element_seed(seed, 5, draw))
    };
    for i in 0..n {
        let entries = next() % 9;
        for _ in 0..entries {
            // Sums of small multiples of a power of two are exact: repetitions have one value in any order.
            let (j, w) = ((next() % n as u64) as usize, (next() % 64) as f64 / 16.0);
            columns.push(j as u32);
            weights.push(w);
            if i != j {
                dense[i * n + j] += w;
            }
        }
        row_pointers.push(columns.len());
    }
    (row_pointers, columns, weights, dense)
}

#[test]
fn given_matrices_are_cleaned_joined_and_normalized() {
    for n in [2, 3, 40, 1500] {
        let (row_pointers, columns, mut weights, mut dense) = messy(n, n as u64);
        for symmetrize in [true, false] {
            let how = if symmetrize { Symmetrization::Mean } else { Symmetrization::None };
            let options = Precomputed::default().with_symmetrize(symmetrize);
            let p = precomputed_joint(&row_pointers, &columns, &weights, n, options, Context::new()).unwrap();
            check_joint(&p, symmetrize);
            let expected = join(&dense, n, how);
            // Sums are exact; a division, and another in the oracle.
            check_close(&to_dense(&p), &expected, 2.0 * f64::EPSILON);
            assert_eq!(p.nnz(), expected.iter().filter(|&&p| p > 0.0).count());
            let mut square = dense.clone();
            square[0] = 7.0; // The diagonal does not count.
            let same = precomputed_joint_dense(Rows::new(&square, n, n).unwrap(), options, Context::new()).unwrap();
            assert_eq!(same, p);
        }
        // With sum 1 already, nothing is divided: the matrix comes back as given.
        let sum: f64 = dense.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        dense.iter_mut().for_each(|w| *w /= sum);
        let options = Precomputed::default().with_symmetrize(false).with_normalize(false);
        let p = precomputed_joint_dense(Rows::new(&dense, n, n).unwrap(), options, Context::new()).unwrap();
        assert_eq!(to_dense(&p), dense);
        let options = Precomputed::default().with_normalize(false);
        let p = precomputed_joint_dense(Rows::new(&dense, n, n).unwrap(), options, Context::new()).unwrap();
        check_joint(&p, true);
        // The oracle divides by its sum, which is 1 but for a rounding of each of n² additions.
        check_close(&to_dense(&p), &join(&dense, n, Symmetrization::Mean), (n * n) as f64 * f64::EPSILON);
        let options = Precomputed::default().with_symmetrize(false).with_normalize(false);
        let p = precomputed_joint(&row_pointers, &columns, &weights, n, options, Context::new()).unwrap();
        // Repetitions are divided before they are added: one rounding for each of at most 9.
        check_close(&to_dense(&p), &dense, 9.0 * f64::EPSILON);
    }
}

/// Affinities of a model pass unchanged, to the bit where nothing is to be divided.
#[test]
fn affinities_are_their_own_matrix() {
    let graph = graph_of(&cloud::<f32>(3, 100, 3), 100, 10);
    for model in models::<f32>(10) {
        let p = model.joint(&graph, Context::new()).unwrap();
        let options = Precomputed::default().with_symmetrize(false).with_normalize(false);
        let same = precomputed_joint(p.row_pointers(), p.columns(), p.weights(), 100, options, Context::new());
        // Weights that underflowed to 0 are left out.
        assert_eq!(to_dense(&same.unwrap()), to_dense(&p), "{model:?}");
        let q = model.conditional(&graph, Context::new()).unwrap();
        let same = precomputed_conditional(q.row_pointers(), q.columns(), q.weights(), 100, Context::new()).unwrap();
        check_close(&to_dense(&same), &to_dense(&q), 2.0 * f64::from(f32::EPSILON));
    }
}

#[test]
fn given_rows_of_new_points_are_normalized() {
    let p = precomputed_conditional(
        &[0, 3, 4, 7],
        &[4, 0, 4, 2, 1, 0, 3],
        &[1.0f32, 2.0, 1.0, 5.0, 0.0, 3.0, 1.0],
        5,
        Context::new(),
    )
    .unwrap();
    check_conditional(&p);
    assert_eq!(p.row(0), (&[0, 4][..], &[0.5, 0.5][..]));
    assert_eq!(p.row(1), (&[2][..], &[1.0][..]));
    assert_eq!(p.row(2), (&[0, 3][..], &[0.75, 0.25][..]));
    let dense = [2.0f32, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 5.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0];
    let same = precomputed_conditional_dense(Rows::new(&dense, 3, 5).unwrap(), Context::new()).unwrap();
    assert_eq!(same, p);
    let none = precomputed_conditional::<f32>(&[0], &[], &[], 5, Context::new()).unwrap();
    assert_eq!((none.n(), none.n_columns()), (0, 5));
}

#[test]
fn errors_of_given_matrices() {
    let both = Precomputed::default();
    let joint = |row_pointers: &[usize], columns: &[u32], weights: &[f64], n, options| {
        precomputed_joint(row_pointers, columns, weights, n, options, Context::new()).unwrap_err().to_string()
    };
    let as_given = Precomputed::default().with_symmetrize(false).with_normalize(false);
    for (error, words) in [
        (joint(&[0, 1, 2], &[1, 0], &[1.0, -1.0], 2, both), "row 1, column 0 is -1, but"),
        (joint(&[0, 1, 2], &[1, 0], &[f64::NAN, 1.0], 2, both), "row 0, column 1 is NaN"),
        // Also where it would not count.
        (joint(&[0, 1, 2], &[1, 1], &[1.0, f64::INFINITY], 2, both), "row 1, column 1 is inf"),
        (joint(&[0, 1, 2], &[1, 2], &[1.0, 1.0], 2, both), "row 1 names column 2, but there are 2"),
        (joint(&[0, 0, 0, 1], &[9], &[1.0], 3, both), "row 2 names column 9, but there are 3"),
        (joint(&[0, 2, 1], &[1], &[1.0], 2, both), "row pointer 2 is below"),
        (joint(&[0, 1, 1], &[1, 0], &[1.0, 1.0], 2, both), "must run from 0 to 2"),
        (joint(&[1, 1, 2], &[1, 0], &[1.0, 1.0], 2, both), "run from 1 to 2"),
        (joint(&[0, 1, 2], &[1, 0], &[1.0], 2, both), "weights has length 1, but 2"),
        (joint(&[], &[], &[], 2, both), "row_pointers has length 0"),
        (joint(&[0, 1, 2], &[1, 0], &[1.0, 1.0], 3, both), "row_pointers has length 3, but 4"),
        (joint(&[0, 1, 2], &[0, 1], &[1.0, 1.0], 2, both), "sum is 0 without the diagonal"),
        (joint(&[0, 1, 2], &[1, 0], &[f64::MAX, f64::MAX], 2, both), "sum is inf"),
        (joint(&[0, 2, 2], &[1, 1], &[f64::MAX, f64::MAX], 2, both), "row 0, column 1 add up to inf"),
        (joint(&[0, 1, 2], &[1, 0], &[1.0, 1.0], 2, as_given), "sum is 2 without the diagonal, but must be 1"),
        (joint(&[0, 1], &[0], &[1.0], 1, both), "1 point was given, but at least 2"),
        (joint(&[0], &[], &[], 0, both), "0 points were given, but at least 2"),
    ] {
        assert!(error.contains(words), "{error} / {words}");
    }
    let rows = |values: &'static [f64], n, d| Rows::new(values, n, d).unwrap();
    let error = precomputed_joint_dense(rows(&[1.0; 6], 2, 3), both, Context::new()).unwrap_err();
    assert_eq!(error, Error::shape("a row of the affinities", 2, 3));
    let error = precomputed_joint_dense(rows(&[0.0, f64::NAN, 1.0, 0.0], 2, 2), both, Context::new()).unwrap_err();
    assert!(error.to_string().contains("row 0, column 1 is NaN"), "{error}");
    let error = precomputed_conditional_dense(rows(&[1.0, 2.0, 0.0, 0.0], 2, 2), Context::new()).unwrap_err();
    assert!(error.to_string().contains("row 1 has the sum 0"), "{error}");
    let error = precomputed_conditional(&[0, 1, 1], &[0], &[1.0f32], 2, Context::new()).unwrap_err();
    assert!(error.to_string().contains("row 1 has the sum 0"), "{error}");
    let token = CancelToken::new();
    token.cancel();
    let cx = Context::new().with_cancel(&token);
    assert_eq!(precomputed_joint(&[0, 1, 2], &[1, 0], &[1.0f32, 1.0], 2, both, cx), Err(Error::Cancelled));
    assert_eq!(precomputed_conditional(&[0, 1], &[0], &[1.0f32], 2, cx), Err(Error::Cancelled));
    // The largest numbers, where half of each still has a sum.
    let large = [f32::MAX, f32::MAX];
    let p = precomputed_joint(&[0, 1, 2], &[1, 0], &large, 2, both, Context::new()).unwrap();
    assert_eq!(p.weights(), [0.5, 0.5]);
}

#[test]
fn given_matrices_have_the_same_bits_for_any_number_of_threads() {
    fn run<T: Scalar>(threads: usize) -> Vec<Affinities<T>> {
        in_pool(threads, || {
            // More than two blocks of rows; no powers of two, so that the order of a sum shows.
            let (n, (row_pointers, columns, weights, _)) = (2500, messy(2500, 3));
            let weights: Vec<T> = weights.iter().map(|w| T::from_f64(w * 0.1 + 1e-3)).collect();
            [true, false]
                .map(|symmetrize| {
                    let options = Precomputed::default().with_symmetrize(symmetrize);
                    precomputed_joint(&row_pointers, &columns, &weights, n, options, Context::new()).unwrap()
                })
                .into()
        })
    }
    let (narrow, wide) = (run::<f32>(1), run::<f64>(1));
    for threads in [2, 7] {
        assert_eq!(run::<f32>(threads), narrow);
        assert_eq!(run::<f64>(threads), wide);
    }
}

#[test]
fn by_default_matrices_are_symmetrized_and_normalized() {
    let by_default = Precomputed::default();
    assert!(by_default.symmetrize && by_default.normalize);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any arrays: affinities that hold their promises, or an error.
    #[test]
    fn matrices_of_any_shape(
        rows in prop::collection::vec(prop::collection::vec((0u32..12, -0.1f32..1.0), 0..6), 0..12),
        n in 0usize..12, options in any::<[bool; 2]>(),
    ) {
        let mut row_pointers = vec![0];
        row_pointers.extend(rows.iter().scan(0, |at, row| { *at += row.len(); Some(*at) }));
        let (columns, weights): (Vec<u32>, Vec<f32>) = rows.iter().flatten().copied().unzip();
        let options = Precomputed::default().with_symmetrize(options[0]).with_normalize(options[1]);
        if let Ok(p) = precomputed_joint(&row_pointers, &columns, &weights, n, options, Context::new()) {
            prop_assert!(options.normalize || p.n() == n);
            if options.normalize {
                check_joint(&p, options.symmetrize);
            }
        }
        if let Ok(p) = precomputed_conditional(&row_pointers, &columns, &weights, n, Context::new()) {
            check_conditional(&p);
        }
    }
}
