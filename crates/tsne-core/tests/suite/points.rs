//! Sparse rows: the rules of their arrays, and what they give back. Points of either kind.

use tsne_core::{Error, Points, Rows, SparseRows};

/// `[1 0 2; 0 0 0; 0 3 0]`.
fn sample() -> SparseRows<'static, f64> {
    SparseRows::new(&[0, 2, 2, 3], &[0, 2, 1], &[1.0, 2.0, 3.0], 3).unwrap()
}

#[test]
fn sparse_rows_give_back_what_they_hold() {
    let rows = sample();
    assert_eq!((rows.n(), rows.d(), rows.nnz()), (3, 3, 3));
    assert_eq!(rows.row(0), (&[0, 2][..], &[1.0, 2.0][..]));
    assert_eq!(rows.row(1), (&[][..], &[][..]));
    assert_eq!(rows.row(2), (&[1][..], &[3.0][..]));
    for beyond in [3, usize::MAX] {
        assert_eq!(rows.row(beyond), (&[][..], &[][..]));
    }
    assert_eq!(
        (rows.row_pointers(), rows.columns(), rows.values()),
        (&[0, 2, 2, 3][..], &[0, 2, 1][..], &[1.0, 2.0, 3.0][..])
    );
    let none = SparseRows::<f32>::new(&[0], &[], &[], 0).unwrap();
    assert_eq!((none.n(), none.d(), none.nnz()), (0, 0, 0));
}

#[test]
fn arrays_that_break_the_rules_are_refused() {
    let message = |pointers: &[usize], columns: &[u32], values: &[f32], d: usize| {
        SparseRows::new(pointers, columns, values, d).unwrap_err().to_string()
    };
    assert!(message(&[0, 1], &[0], &[], 2).contains("values has length 0, but 1"));
    assert!(message(&[], &[], &[], 2).contains("row_pointers has length 0"));
    assert!(message(&[1, 1], &[0], &[1.0], 2).contains("run from 1 to 1, but must run from 0 to 1"));
    assert!(message(&[0, 2], &[0], &[1.0], 2).contains("run from 0 to 2, but must run from 0 to 1"));
    assert!(message(&[0, 2, 1, 2], &[0, 1], &[1.0; 2], 2).contains("row pointer 2 is below"));
    assert!(message(&[0, 2], &[1, 0], &[1.0; 2], 2).contains("columns of row 0 do not ascend"));
    assert!(message(&[0, 0, 2], &[1, 1], &[1.0; 2], 2).contains("columns of row 1 do not ascend, or repeat"));
    assert!(message(&[0, 1], &[2], &[1.0], 2).contains("row 0 names column 2, but there are 2"));
    // A pointer beyond the arrays in the middle, which comes back down.
    assert!(message(&[0, 9, 1], &[0], &[1.0], 2).contains("row pointer 2 is below"));
    #[cfg(target_pointer_width = "64")]
    assert!(matches!(SparseRows::<f32>::new(&[0], &[], &[], 1 << 33), Err(Error::Capacity { .. })));
}

#[test]
fn values_that_are_not_finite_are_found_by_row_and_column() {
    assert_eq!(sample().check_finite(), Ok(()));
    let values = [1.0, f64::NAN, f64::INFINITY];
    let rows = SparseRows::new(&[0, 2, 2, 3], &[0, 2, 1], &values, 3).unwrap();
    let error = Error::non_finite("data", 0, 2);
    assert_eq!(rows.check_finite(), Err(error.clone()));
    assert_eq!(Points::from(rows).check_finite(), Err(error));
}

#[test]
fn points_are_either_kind() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let dense: Points<'_, f64> = Rows::new(&values, 2, 2).unwrap().into();
    assert_eq!((dense.n(), dense.d()), (2, 2));
    assert_eq!(dense.dense("this").unwrap().row(1), &[3.0, 4.0]);
    let sparse: Points<'_, f64> = sample().into();
    assert_eq!((sparse.n(), sparse.d()), (3, 3));
    let error = sparse.dense("a kd-tree").map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("sparse") && error.contains("a kd-tree takes dense rows"), "{error}");
    // Cheap copies of one view.
    let (a, b) = (sparse, sparse);
    assert_eq!(a.n(), b.n());
}
