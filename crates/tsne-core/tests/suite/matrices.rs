//! Arrays and matrices of other crates as rows, under the features of their names.

#[cfg(feature = "ndarray")]
mod ndarray {
    use ndarray::{Array2, ArrayView2, s};
    use tsne_core::{KnnGraph, Rows};

    #[test]
    fn views_are_rows_and_rows_are_views() {
        let x = Array2::from_shape_fn((7, 3), |(i, j)| (10 * i + j) as f32);
        let rows = Rows::try_from(x.view()).unwrap();
        assert_eq!((rows.n(), rows.d()), (7, 3));
        assert!(rows.iter().zip(x.rows()).all(|(row, expected)| Some(row) == expected.as_slice()));
        assert_eq!(ArrayView2::try_from(rows).unwrap(), x);
        // Some rows are rows; some columns, every other row and the transpose are not.
        assert_eq!(Rows::try_from(x.slice(s![2..5, ..])).unwrap().row(0), [20.0, 21.0, 22.0]);
        for view in [x.slice(s![.., 1..]), x.slice(s![..;2, ..]), x.t()] {
            let message = Rows::try_from(view).unwrap_err().to_string();
            assert!(message.contains("as_standard_layout"), "{message}");
        }
    }

    #[test]
    fn rows_with_a_stride_are_views() {
        let data: Vec<f64> = (0..14).map(f64::from).collect();
        let rows = Rows::with_stride(&data, 3, 2, 5).unwrap();
        assert_eq!(ArrayView2::try_from(rows).unwrap(), ndarray::array![[0.0, 1.0], [5.0, 6.0], [10.0, 11.0]]);
    }

    #[test]
    fn sizes_without_a_value_work_or_are_refused() {
        for (n, d) in [(0, 0), (0, 5), (5, 0)] {
            let empty = Array2::<f64>::zeros((n, d));
            let rows = Rows::try_from(empty.view()).unwrap();
            assert_eq!((rows.n(), rows.d()), (n, d));
            assert_eq!(ArrayView2::try_from(rows).unwrap().dim(), (n, d));
        }
        let rows = Rows::<f64>::new(&[], usize::MAX, 0).unwrap();
        assert!(ArrayView2::try_from(rows).is_err());
    }

    #[test]
    fn a_graph_has_views_and_an_embedding_is_an_array() {
        let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 3.0, 1.0, 2.0, 2.0, 3.0]).unwrap();
        let (indices, distances) = graph.views().unwrap();
        assert_eq!((indices[(2, 0)], distances[(0, 1)], indices.dim()), (1, 3.0, (3, 2)));
        let embedding = vec![[0.0f32, 1.0], [2.0, 3.0]];
        assert_eq!(Array2::from(embedding), ndarray::array![[0.0, 1.0], [2.0, 3.0]]);
    }
}

#[cfg(feature = "faer")]
mod faer {
    use faer::Mat;
    use tsne_core::row_major;

    #[test]
    fn matrices_become_rows_whatever_their_layout() {
        // More rows than a block.
        let x = Mat::<f64>::from_fn(2_500, 3, |i, j| (10 * i + j) as f64);
        let values = row_major(x.as_ref()).unwrap();
        assert!(values.iter().enumerate().all(|(at, v)| *v == (10 * (at / 3) + at % 3) as f64));
        assert_eq!(values.len(), 7_500);
        let transposed = row_major(x.as_ref().subrows(0, 4).transpose()).unwrap();
        assert_eq!(transposed[..5], [0.0, 10.0, 20.0, 30.0, 1.0]);
        for (n, d) in [(0, 0), (0, 4), (4, 0)] {
            assert!(row_major(Mat::<f32>::zeros(n, d).as_ref()).unwrap().is_empty());
        }
    }
}
