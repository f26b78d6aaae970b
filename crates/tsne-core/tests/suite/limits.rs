//! Limits on machines of 32 and 64 bits.

use tsne_core::limits::{INDICES, countable};
use tsne_core::{Error, SparseRows};

#[test]
fn a_machine_of_32_bits_counts_one_less_than_its_indices_name() {
    assert_eq!(countable(1 << 32, u32::MAX as usize), u32::MAX as usize);
    assert_eq!(countable(u64::from(u32::MAX), u32::MAX as usize), u32::MAX as usize);
    assert_eq!(countable(7, u32::MAX as usize), 7);
    assert_eq!(countable(0, 0), 0);
    assert_eq!(INDICES as u64, (1u64 << 32).min(usize::MAX as u64));
}

#[test]
fn sparse_rows_have_as_many_columns_as_indices_name() {
    let last = (INDICES - 1) as u32;
    assert_eq!(SparseRows::new(&[0, 1], &[last], &[1.0], INDICES).unwrap().row(0).0, [last]);
    if let Some(beyond) = INDICES.checked_add(1) {
        let error = SparseRows::<f64>::new(&[0], &[], &[], beyond).unwrap_err();
        assert_eq!(error, Error::capacity("number of columns", beyond, INDICES));
    }
}
