//! Views: shapes, strides, overflow, and where a value is not finite.

use tsne_core::{Error, Rows, check_embedding};

#[test]
fn contiguous_rows_are_the_chunks_of_the_data() {
    let data: Vec<f64> = (0..12).map(f64::from).collect();
    let rows = Rows::new(&data, 4, 3).unwrap();
    assert_eq!((rows.n(), rows.d()), (4, 3));
    assert!(rows.iter().eq(data.chunks(3)));
    assert_eq!(rows.iter().len(), 4);
    assert_eq!(rows.get(3), Some(&data[9..]));
    assert_eq!(rows.get(4), None);
    assert_eq!(rows.get(usize::MAX), None);
    assert!(rows.row(4).is_empty());
}

#[test]
fn rows_with_a_stride_leave_out_what_is_between() {
    let data: Vec<f32> = (0..12).map(|v| v as f32).collect();
    let rows = Rows::with_stride(&data, 3, 2, 5).unwrap();
    assert!(rows.iter().eq([[0.0, 1.0], [5.0, 6.0], [10.0, 11.0]].iter().map(|row| &row[..])));
    // The last row need not be followed by the rest of its stride, but must be whole.
    assert!(Rows::with_stride(&data[..11], 3, 2, 5).is_err());
    assert_eq!(Rows::with_stride(&data[..11], 3, 2, 5).unwrap_err(), Error::shape("data", 12, 11));
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let data = [0.0f32; 6];
    assert_eq!(Rows::new(&data, 2, 2).unwrap_err(), Error::shape("data", 4, 6));
    assert_eq!(Rows::new(&data, 4, 2).unwrap_err(), Error::shape("data", 8, 6));
    let short = Rows::with_stride(&data, 2, 3, 2).unwrap_err();
    assert_eq!(short, Error::parameter("stride", 2, "at least d = 3"));
}

#[test]
fn products_beyond_the_word_are_refused() {
    let data = [0.0f32; 6];
    // 2 (2^63 + 3) is 6 in 64-bit arithmetic: only a checked product sees that the rows are not there.
    assert!(matches!(Rows::new(&data, usize::MAX / 2 + 4, 2), Err(Error::Capacity { .. })));
    assert!(matches!(Rows::with_stride(&data, usize::MAX, 2, usize::MAX), Err(Error::Shape { given: 6, .. })));
    assert!(matches!(Rows::with_stride(&data, 2, 2, usize::MAX), Err(Error::Shape { given: 6, .. })));
}

#[test]
fn empty_views_are_views() {
    let none: [f64; 0] = [];
    for rows in [Rows::new(&none, 0, 5).unwrap(), Rows::with_stride(&none, 0, 2, 7).unwrap()] {
        assert_eq!(rows.iter().count(), 0);
        assert_eq!(rows.check_finite(), Ok(()));
    }
    let rows = Rows::new(&none, usize::MAX, 0).unwrap();
    assert_eq!(rows.get(7), Some(&none[..]));
    // Must return although the rows cannot be counted one by one.
    assert_eq!(rows.check_finite(), Ok(()));
}

#[test]
fn the_first_value_that_is_not_finite_is_found() {
    let n = 5000;
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut data = vec![1.0f32; n * 3];
        assert_eq!(Rows::new(&data, n, 3).unwrap().check_finite(), Ok(()));
        // Later ones first: the answer is the first of all, on any number of threads.
        for (row, column) in [(4999, 2), (4100, 0), (77, 2), (77, 1), (0, 0)] {
            data[row * 3 + column] = bad;
            let found = Rows::new(&data, n, 3).unwrap().check_finite();
            assert_eq!(found, Err(Error::non_finite("data", row, column)));
        }
    }
}

#[test]
fn values_between_the_rows_are_not_looked_at() {
    let data = [1.0, 2.0, f64::NAN, 3.0, 4.0, f64::INFINITY];
    assert_eq!(Rows::with_stride(&data, 2, 2, 3).unwrap().check_finite(), Ok(()));
    let shifted = Rows::with_stride(&data[1..], 2, 2, 3).unwrap().check_finite();
    assert_eq!(shifted, Err(Error::non_finite("data", 0, 1)));
}

#[test]
fn an_embedding_is_checked_by_point_and_coordinate() {
    let mut y = [[0.0f64; 3]; 10];
    assert_eq!(check_embedding(&y), Ok(()));
    assert_eq!(check_embedding::<f64, 3>(&[]), Ok(()));
    y[7][2] = f64::NAN;
    assert_eq!(check_embedding(&y), Err(Error::non_finite("embedding", 7, 2)));
    // The difference of the largest numbers is not finite, that of their halves is.
    assert_eq!(check_embedding(&[[f32::MAX / 2.0, f32::MIN / 2.0]]), Ok(()));
    let message = check_embedding(&[[f32::MAX, f32::MIN]]).unwrap_err().to_string();
    assert!(message.contains("3.4028235e38") && message.contains("1.7014117e38"), "{message}");
    // The value that is named is the one that is too large.
    let message = check_embedding(&[[f32::MAX / 2.0, f32::MAX]]).unwrap_err().to_string();
    assert!(message.contains("3.4028235e38"), "{message}");
}

#[test]
fn a_coordinate_is_looked_at_wherever_it_stands() {
    // Many times as many as are looked at together.
    let mut y = vec![[0.0f32; 2]; 10_000];
    for i in [0, 1, 127, 128, 129, 5_000, 9_999] {
        for coordinate in [0, 1] {
            y[i][coordinate] = f32::NAN;
            assert_eq!(check_embedding(&y), Err(Error::non_finite("embedding", i, coordinate)));
            y[i][coordinate] = f32::MIN;
            assert!(matches!(check_embedding(&y), Err(Error::Parameter { .. })), "{i}, {coordinate}");
            y[i][coordinate] = 0.0;
        }
    }
    assert_eq!(check_embedding(&y), Ok(()));
}
