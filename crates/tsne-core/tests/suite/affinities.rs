//! Affinities from their parts: each rule is broken once, and the message names what broke it.

use tsne_core::{Affinities, AffinityKind, Error, Scalar};

/// A ring of four points in which each has two neighbors, with all weights 1/8.
#[derive(Clone)]
struct Parts<T> {
    row_pointers: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<T>,
    n_columns: usize,
    kind: AffinityKind,
}

impl<T: Scalar> Parts<T> {
    fn joint() -> Self {
        Self {
            row_pointers: vec![0, 2, 4, 6, 8],
            columns: vec![1, 3, 0, 2, 1, 3, 0, 2],
            weights: vec![T::from_f64(0.125); 8],
            n_columns: 4,
            kind: AffinityKind::Joint,
        }
    }

    fn conditional() -> Self {
        Self { weights: vec![T::HALF; 8], kind: AffinityKind::Conditional, ..Self::joint() }
    }

    fn build(self) -> Result<Affinities<T>, Error> {
        Affinities::from_parts(self.row_pointers, self.columns, self.weights, self.n_columns, self.kind)
    }
}

#[test]
fn what_goes_in_comes_out() {
    let p = Parts::<f32>::joint().build().unwrap();
    assert_eq!((p.n(), p.n_columns(), p.nnz(), p.kind()), (4, 4, 8, AffinityKind::Joint));
    assert_eq!(p.row(1), (&[0, 2][..], &[0.125, 0.125][..]));
    assert_eq!(p.row(4), (&[][..], &[][..]));
    assert_eq!(p.row(usize::MAX), (&[][..], &[][..]));
    assert_eq!(p.row_pointers(), [0, 2, 4, 6, 8]);
    assert_eq!((p.columns(), p.weights()), (&[1, 3, 0, 2, 1, 3, 0, 2][..], &[0.125; 8][..]));
    let parts = Parts::<f32>::joint();
    assert_eq!(p.into_parts(), (parts.row_pointers, parts.columns, parts.weights));
}

#[test]
fn rows_may_be_empty_and_the_matrix_too() {
    // Two points affine to each other, two alone.
    let p = Affinities::from_parts(vec![0, 1, 1, 1, 2], vec![3, 0], vec![0.5f64; 2], 4, AffinityKind::Joint).unwrap();
    assert_eq!(p.row(1), (&[][..], &[][..]));
    for kind in [AffinityKind::Joint, AffinityKind::Conditional] {
        assert_eq!(Affinities::<f64>::from_parts(vec![0], vec![], vec![], 0, kind).unwrap().n(), 0);
    }
}

#[test]
fn conditional_affinities_need_not_be_square() {
    let p =
        Affinities::from_parts(vec![0, 1, 3], vec![9, 0, 5], vec![1.0f32, 0.25, 0.75], 10, AffinityKind::Conditional);
    assert_eq!(p.unwrap().n_columns(), 10);
}

#[track_caller]
fn refused(change: impl Fn(&mut Parts<f64>), kind: AffinityKind, words: &[&str]) {
    let mut parts = if kind == AffinityKind::Joint { Parts::joint() } else { Parts::conditional() };
    assert!(parts.clone().build().is_ok(), "the rule must be the only one that is broken");
    change(&mut parts);
    let error = parts.build().unwrap_err();
    assert!(matches!(error, Error::Shape { .. } | Error::Invalid { .. }));
    let message = error.to_string();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
}

#[test]
fn lengths_must_fit() {
    let joint = AffinityKind::Joint;
    refused(|p| p.weights.truncate(7), joint, &["weights", "length 7", "8 is needed"]);
    refused(|p| p.row_pointers.clear(), joint, &["row_pointers", "length 0", "1 is needed"]);
    refused(|p| p.n_columns = 5, joint, &["joint affinities", "length 4", "5 is needed"]);
}

#[test]
fn row_pointers_must_cover_the_entries_in_order() {
    let joint = AffinityKind::Joint;
    refused(|p| p.row_pointers[0] = 1, joint, &["from 1 to 8", "from 0 to 8"]);
    refused(|p| p.row_pointers[4] = 7, joint, &["from 0 to 7", "from 0 to 8"]);
    refused(|p| p.row_pointers[4] = usize::MAX, joint, &["from 0 to 18446744073709551615", "from 0 to 8"]);
    refused(|p| p.row_pointers[2] = 1, joint, &["row pointer 2 is below"]);
    refused(|p| p.row_pointers[2] = 9, joint, &["row pointer 3 is below"]);
}

#[test]
fn columns_must_ascend_within_range() {
    for kind in [AffinityKind::Joint, AffinityKind::Conditional] {
        refused(|p| p.columns.swap(4, 5), kind, &["columns of row 2", "ascend"]);
        refused(|p| p.columns[2] = 2, kind, &["columns of row 1", "repeat"]);
        refused(|p| p.columns[3] = 4, kind, &["row 1 names column 4", "there are 4"]);
        refused(|p| p.columns[7] = u32::MAX, kind, &["row 3 names column 4294967295", "there are 4"]);
    }
}

#[test]
fn no_point_has_an_affinity_to_itself() {
    refused(|p| p.columns[2] = 1, AffinityKind::Joint, &["row 1 names its own point", "leave it out"]);
    // New points are no points of the reference: the numbers mean others.
    let mut parts = Parts::<f64>::conditional();
    parts.columns[2] = 1;
    assert!(parts.build().is_ok());
}

#[test]
fn weights_must_be_finite_and_not_negative() {
    for kind in [AffinityKind::Joint, AffinityKind::Conditional] {
        refused(|p| p.weights[5] = -0.25, kind, &["row 2", "-0.25", "not negative"]);
        refused(|p| p.weights[0] = f64::NAN, kind, &["row 0", "NaN", "finite"]);
        refused(|p| p.weights[7] = f64::INFINITY, kind, &["row 3", "inf", "finite"]);
    }
}

#[test]
fn sums_must_be_one() {
    // 1.01 and 0.99: beyond the tolerance of 0.1 %. Half of it is accepted below.
    refused(|p| p.weights[0] += 0.01, AffinityKind::Joint, &["sum to 1.01", "must sum to 1"]);
    refused(|p| p.weights[0] -= 0.01, AffinityKind::Joint, &["sum to 0.99", "must sum to 1"]);
    refused(|p| p.weights[5] = 0.25, AffinityKind::Conditional, &["row 2 sums to 0.75", "must sum to 1"]);
    // An empty row has no distribution.
    refused(
        |p| p.row_pointers = vec![0, 2, 4, 4, 6, 8],
        AffinityKind::Conditional,
        &["row 2 sums to 0", "must sum to 1"],
    );
    for mut parts in [Parts::<f64>::joint(), Parts::conditional()] {
        parts.weights[0] += 0.0005;
        assert!(parts.build().is_ok());
    }
}

/// Rows are added up in eight lanes and a rest: sums of rows of any length are those of all their weights.
#[test]
fn rows_of_any_length_have_their_sums() {
    for length in [1u32, 7, 8, 9, 16, 20, 100] {
        let conditional = |weights: Vec<f32>| {
            let columns = (0..length).collect();
            Affinities::from_parts(vec![0, length as usize], columns, weights, 100, AffinityKind::Conditional)
        };
        // Of 1, 2, 3, ... times 2^-13, and the rest of 1: no two lanes are alike, and all sums are exact.
        let mut weights: Vec<f32> = (1..=length).map(|w| w as f32 / 8192.0).collect();
        weights[0] += 1.0 - weights.iter().sum::<f32>();
        assert!(conditional(weights.clone()).is_ok(), "{length}");
        for i in 0..length as usize {
            let mut off = weights.clone();
            off[i] += 0.25;
            let message = conditional(off).unwrap_err().to_string();
            assert!(message.contains("row 0 sums to 1.25"), "{message}");
        }
    }
}

#[test]
fn a_bad_weight_is_found_at_any_place_of_a_row() {
    for length in 1..12 {
        for (i, bad) in (0..length).flat_map(|i| [-0.5, f64::NAN, f64::INFINITY, -f64::INFINITY].map(|bad| (i, bad))) {
            let mut weights = vec![1.0 / length as f64; length];
            weights[i] = bad;
            let columns = (0..length as u32).collect();
            let p = Affinities::from_parts(vec![0, length], columns, weights, length, AffinityKind::Conditional);
            let message = p.unwrap_err().to_string();
            assert!(message.contains(&format!("row 0 has the weight {bad}")), "{message}");
        }
    }
}

#[test]
fn clones_are_one_matrix_and_equals_are_not() {
    let p = Parts::<f32>::joint().build().unwrap();
    let other = Parts::<f32>::joint().build().unwrap();
    assert!(p.ptr_eq(&p.clone()));
    assert!(p == other && !p.ptr_eq(&other));
}

#[test]
fn the_first_broken_row_is_named_whatever_the_schedule() {
    let n = 20_000u32;
    let mut columns: Vec<u32> = (0..n).map(|i| (i + 1) % n).collect();
    columns[17_001] = n;
    columns[12_345] = n + 7;
    let p = Affinities::from_parts(
        (0..=n as usize).collect(),
        columns,
        vec![1.0 / f64::from(n); n as usize],
        n as usize,
        AffinityKind::Joint,
    );
    let message = p.unwrap_err().to_string();
    assert!(message.contains("row 12345 names column 20007"), "{message}");
}
