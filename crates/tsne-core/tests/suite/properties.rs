//! Any input: what is accepted keeps its promises, and what breaks them is refused.

use proptest::prelude::*;
use tsne_core::buckets::Buckets;
use tsne_core::{
    Affinities, AffinityKind, Kernel, KnnGraph, Profile, ProfileVisitor, Rows, Scalar, SparseRows, blocks,
};

/// Weight and force of a squared distance, in the form of inner loops.
struct At<T>(T);

impl<T: Scalar> ProfileVisitor<T> for At<T> {
    type Output = (f64, f64);
    fn visit<P: Profile<T>>(self, profile: P) -> (f64, f64) {
        let (weight, force) = profile.weight_and_force(self.0);
        (weight.to_f64(), force.to_f64())
    }
}

/// The bound of `profiles.rs` for the form that errs most, powers by logarithm and exponential, and the same for the formula
/// in `f64`; below the smallest normal number nothing is promised.
fn kernel<T: Scalar>(dof: f64, d2: f64) -> Result<(), TestCaseError> {
    let d2 = T::from_f64(d2);
    let exact = Kernel::new(dof).unwrap();
    let (weight, force) = exact.visit(At(d2));
    let exponent = exact.neg_ln_weight(d2.to_f64());
    // The formula takes a power of its own for the force.
    let own = 3.0 * exponent * (1.0 + 1.0 / dof) + 8.0;
    let units = (3.0 * exponent + 2.5 * dof.min(8.0) + 8.0) * T::EPSILON.to_f64() + own * f64::EPSILON;
    let smallest = if T::NAME == "f32" { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    for (given, wanted) in [(weight, exact.weight(d2.to_f64())), (force, exact.force(d2.to_f64()))] {
        let error = (given - wanted).abs();
        prop_assert!(
            error <= units * wanted + 2.0 * smallest,
            "{} dof {dof} d² {d2:e}: {given:e}, {wanted:e}",
            T::NAME
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_kernel_is_its_formula(dof in -3.0..3.0f64, twice in 1..40u32, d2 in -30.0..34.0f64) {
        for dof in [10f64.powf(dof), f64::from(twice) / 2.0] {
            kernel::<f32>(dof, 10f64.powf(d2))?;
            kernel::<f64>(dof, 10f64.powf(d2))?;
        }
    }

    #[test]
    fn rows_are_where_the_stride_says(n in 0..9usize, d in 0..5usize, stride in 0..7usize, len in 0..50usize) {
        let data: Vec<usize> = (0..len).collect();
        let fits = n == 0 || (n - 1) * stride + d <= len;
        let rows = Rows::with_stride(&data, n, d, stride);
        prop_assert_eq!(rows.is_ok(), stride >= d && fits);
        if let Ok(rows) = rows {
            for i in 0..n {
                prop_assert!(rows.row(i).iter().copied().eq(i * stride..i * stride + d));
            }
            prop_assert!(rows.get(n).is_none());
        }
        prop_assert_eq!(Rows::new(&data, n, d).is_ok(), n * d == len);
    }

    #[test]
    fn sparse_rows_are_refused_or_in_order(
        pointers in prop::collection::vec(0..7usize, 0..6),
        columns in prop::collection::vec(0..6u32, 0..7),
        d in 0..7usize,
    ) {
        let values = vec![1.0f32; columns.len()];
        let in_order = |row: &[u32]| row.is_sorted_by(|a, b| a < b) && row.iter().all(|&c| (c as usize) < d);
        let valid = pointers.first() == Some(&0)
            && pointers.last() == Some(&columns.len())
            && pointers.is_sorted()
            && pointers.windows(2).all(|pair| in_order(&columns[pair[0]..pair[1]]));
        let rows = SparseRows::new(&pointers, &columns, &values, d);
        prop_assert_eq!(rows.is_ok(), valid);
        if let Ok(rows) = rows {
            let all: Vec<u32> = (0..rows.n()).flat_map(|i| rows.row(i).0.iter().copied()).collect();
            prop_assert_eq!(all, columns);
        }
    }

    #[test]
    fn blocks_cover_a_range_once_in_order(n in 0..10_000usize, bad in 0..20_000usize) {
        let ranges: Vec<_> = (0..blocks::count(n)).map(|b| blocks::range(b, n)).collect();
        prop_assert!(ranges.iter().cloned().flatten().eq(0..n));
        let sum = blocks::sum(&mut Vec::new(), n, |range| range.map(|i| i as f64).sum());
        prop_assert_eq!(sum, (n as f64) * (n as f64 - 1.0) / 2.0);
        // The first block with an error tells which.
        let result = blocks::try_map(n, |range| match range.clone().find(|&i| i >= bad) {
            Some(i) => Err(tsne_core::Error::capacity("items", i, bad)),
            None => Ok(range.len()),
        });
        match result {
            Ok(lengths) => prop_assert!(bad >= n && lengths.iter().sum::<usize>() == n),
            Err(error) => prop_assert!(bad < n && error == tsne_core::Error::capacity("items", bad, bad)),
        }
    }

    #[test]
    fn buckets_are_a_stable_sort(keys in prop::collection::vec(0..9usize, 0..200), n in 0..12usize) {
        let buckets = Buckets::new(n, || keys.iter().copied().enumerate().map(|(i, key)| (key, i)));
        prop_assert_eq!(buckets.is_ok(), keys.iter().all(|&key| key < n));
        if let Ok(buckets) = buckets {
            let mut sorted: Vec<usize> = (0..keys.len()).collect();
            sorted.sort_by_key(|&i| keys[i]);
            prop_assert_eq!(buckets.values(), sorted);
            prop_assert!((0..n).all(|b| buckets.bucket(b).iter().all(|&i| keys[i] == b)));
        }
    }

    #[test]
    fn graphs_are_refused_or_ascend(
        k in 0..4usize,
        n_reference in 0..5usize,
        indices in prop::collection::vec(0..5u32, 0..9),
        distances in prop::collection::vec(prop_oneof![9 => 0.0..3.0f64, 1 => Just(f64::NAN), 1 => Just(-1.0)], 0..9),
    ) {
        let mut distances = distances;
        distances.resize(indices.len(), 1.0);
        if let Ok(graph) = KnnGraph::from_parts(k, n_reference, indices.clone(), distances) {
            prop_assert_eq!(graph.n() * graph.k(), indices.len());
            for i in 0..graph.n() {
                let (indices, distances) = graph.row(i);
                prop_assert!(indices.iter().all(|&j| (j as usize) < n_reference));
                prop_assert!(distances.is_sorted() && distances.iter().all(|d| *d >= 0.0));
            }
        }
    }

    #[test]
    fn affinities_are_refused_or_sum_to_1(
        pointers in prop::collection::vec(0..7usize, 0..6),
        columns in prop::collection::vec(0..6u32, 0..7),
        weights in prop::collection::vec(prop_oneof![9 => 0.0..1.0f32, 1 => Just(f32::INFINITY)], 7),
        scale in any::<bool>(),
    ) {
        let mut weights = weights;
        weights.truncate(columns.len());
        if scale {
            let sum: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w /= sum);
        }
        let p = Affinities::from_parts(pointers, columns.clone(), weights, 6, AffinityKind::Joint);
        if let Ok(p) = p {
            let sum: f64 = (0..p.n()).flat_map(|i| p.row(i).1).map(|w| f64::from(*w)).sum();
            prop_assert!((sum - 1.0).abs() <= 1e-3 && p.nnz() == columns.len());
            prop_assert!((0..p.n()).all(|i| p.row(i).0.is_sorted_by(|a, b| a < b)));
        }
    }
}
