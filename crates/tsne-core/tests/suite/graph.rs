//! Neighbor graphs from their parts: each rule is broken once, and the message names what broke it.

use tsne_core::{Error, KnnGraph};

fn parts() -> (usize, usize, Vec<u32>, Vec<f64>) {
    (2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0, 2.0, 1.0, 1.5, 1.5, 2.0])
}

#[test]
fn what_goes_in_comes_out() {
    let (k, n_reference, indices, distances) = parts();
    let graph = KnnGraph::from_parts(k, n_reference, indices.clone(), distances.clone()).unwrap();
    assert_eq!((graph.n(), graph.k(), graph.n_reference()), (3, 2, 3));
    assert_eq!(graph.row(1), (&[0, 2][..], &[1.0, 1.5][..]));
    for beyond in [3, 4, usize::MAX] {
        assert_eq!(graph.row(beyond), (&[][..], &[][..]));
    }
    assert_eq!((graph.indices(), graph.distances()), (&indices[..], &distances[..]));
    assert_eq!(graph.into_parts(), (k, n_reference, indices, distances));
}

#[test]
fn equal_distances_and_zero_are_allowed_and_rows_may_be_none() {
    assert!(KnnGraph::from_parts(2, 3, vec![1, 2], vec![0.0f32, 0.0]).is_ok());
    assert_eq!(KnnGraph::<f32>::from_parts(7, 0, vec![], vec![]).unwrap().n(), 0);
    // Queries: more reference points than rows.
    assert_eq!(KnnGraph::from_parts(1, 1000, vec![999], vec![3.0f32]).unwrap().n_reference(), 1000);
}

#[track_caller]
fn refused(change: impl Fn(&mut (usize, usize, Vec<u32>, Vec<f64>)), words: &[&str]) {
    let mut given = parts();
    change(&mut given);
    let error = KnnGraph::from_parts(given.0, given.1, given.2, given.3).unwrap_err();
    let message = error.to_string();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
}

#[test]
fn broken_rules_are_named() {
    refused(|g| g.0 = 0, &["k is 0", "at least 1"]);
    refused(|g| g.3.truncate(5), &["distances", "length 5", "6 is needed"]);
    refused(|g| g.0 = 4, &["indices", "length 6", "8 is needed"]);
    refused(|g| g.0 = usize::MAX, &["indices", "length 6"]);
    refused(|g| g.2[3] = 3, &["row 1 names point 3", "there are 3"]);
    refused(|g| g.2[5] = u32::MAX, &["row 2 names point 4294967295"]);
    refused(|g| g.3[0] = -0.5, &["row 0", "-0.5", "not negative"]);
    refused(|g| g.3[4] = f64::NAN, &["row 2", "NaN", "finite"]);
    refused(|g| g.3[5] = f64::INFINITY, &["row 2", "inf", "finite"]);
    refused(|g| g.3.swap(2, 3), &["row 1", "ascend", "sort"]);
}

#[test]
fn a_bad_distance_is_found_at_any_place_of_a_row() {
    for k in 1..12 {
        for (i, bad) in (0..k).flat_map(|i| [-0.5, f64::NAN, f64::INFINITY, -f64::INFINITY].map(|bad| (i, bad))) {
            let mut distances = vec![1.0; k];
            distances[i] = bad;
            let message = KnnGraph::from_parts(k, k, (0..k as u32).collect(), distances).unwrap_err().to_string();
            assert!(message.contains(&format!("row 0 has the distance {bad}")), "{message}");
        }
    }
}

#[test]
fn the_kinds_of_error_are_those_documented() {
    let (k, n, indices, distances) = parts();
    let shape = KnnGraph::from_parts(k, n, indices.clone(), distances[1..].to_vec()).unwrap_err();
    assert_eq!(shape, Error::shape("distances", 6, 5));
    let invalid = KnnGraph::from_parts(k, 2, indices.clone(), distances.clone()).unwrap_err();
    assert!(matches!(invalid, Error::Invalid { what: "neighbor graph", .. }));
    let parameter = KnnGraph::from_parts(0, n, indices, distances).unwrap_err();
    assert!(matches!(parameter, Error::Parameter { name: "k", .. }));
}
