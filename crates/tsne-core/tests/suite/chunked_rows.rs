use tsne_core::simd::LANES;
use tsne_core::{ChunkedRows, RowStart};

fn start(first_column: u32, columns: usize, weights: usize) -> RowStart {
    RowStart { first_column, columns, weights }
}

#[track_caller]
fn message(starts: &[RowStart], columns: &[[u16; LANES]], bound: usize) -> String {
    let rows = ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0f32; LANES]; 2], bound);
    rows.unwrap_err().to_string()
}

#[test]
fn rows_that_leave_the_arrays_are_refused() {
    let columns = [[0; LANES]; 4];
    for starts in [
        [start(0, 0, 0), start(0, 5, 1)],
        [start(0, 0, 0), start(0, 3, 3)],
        [start(0, 2, 1), start(0, 1, 1)],
        [start(0, 1, 2), start(0, 1, 1)],
        [start(0, usize::MAX, 0), start(0, 4, 2)],
    ] {
        let message = message(&starts, &columns, 9);
        assert!(message.contains("row 0 runs from"), "{message}");
    }
    let message = message(&[start(0, 0, 0), start(0, 1, 1), start(0, 4, 2)], &columns, 9);
    assert!(message.contains("row 1 has 3 chunks of columns and 1 of weights"), "{message}");
}

#[test]
fn columns_beyond_the_bound_are_refused() {
    for position in 0..LANES {
        let mut columns = [[6u16; LANES]; 2];
        let starts = [start(3, 0, 0), start(1, 1, 1), start(0, 2, 2)];
        assert!(ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0; LANES]; 2], 10).is_ok());
        columns[1][position] = 9;
        let message = message(&starts, &columns, 10);
        assert!(message.contains("row 1 names column 10, but there are 10"), "{message}");
    }
    // In halves: 65,536 + 2 and one column more.
    for position in 0..LANES {
        let mut columns = [[2u16; LANES], [0; LANES]];
        columns[1][position] = 1;
        let starts = [start(1, 0, 0), start(0, 2, 1)];
        assert!(ChunkedRows::new(starts.to_vec(), columns.to_vec(), vec![[1.0; LANES]], 65_540).is_ok());
        let message = message(&starts, &columns, 65_539);
        assert!(message.contains("row 0 names column 65539, but there are 65539"), "{message}");
    }
    let message = message(&[start(u32::MAX, 0, 0), start(0, 1, 1)], &[[1; LANES]], 1 << 32);
    assert!(message.contains("names column 4294967296"), "{message}");
    assert!(ChunkedRows::<f32>::new(vec![], vec![], vec![], (1 << 32) + 1).is_err());
}

#[test]
fn empty_rows_are_rows() {
    let rows = ChunkedRows::<f64>::new(vec![start(7, 0, 0); 4], vec![], vec![], 0).unwrap();
    assert_eq!((rows.len(), rows.is_empty(), rows.bound()), (3, false, 0));
    assert!(ChunkedRows::<f64>::new(vec![], vec![], vec![], 0).unwrap().is_empty());
}
