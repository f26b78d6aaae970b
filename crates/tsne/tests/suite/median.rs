//! Positions of new points among their neighbors, against plain computations.

use tsne::Error;
use tsne::core::{KnnGraph, random as counter};
use tsne::initialization::{median, weighted_mean};

fn uniform(i: usize) -> f64 {
    counter::unit(counter::mix(i as u64))
}

/// 2,000 new points with seven of 50 reference points each; every tenth has two at distance 0.
fn case() -> (Vec<[f64; 2]>, KnnGraph<f64>) {
    let embedding = (0..50).map(|i| [uniform(i), 10.0 * uniform(1_000 + i)]).collect();
    let indices = (0..14_000).map(|at| (uniform(2_000 + at) * 50.0) as u32).collect();
    let mut distances: Vec<f64> = (0..14_000).map(|at| uniform(20_000 + at)).collect();
    for (i, row) in distances.chunks_mut(7).enumerate() {
        row.sort_by(f64::total_cmp);
        if i % 10 == 0 {
            row[..2].fill(0.0);
        }
    }
    (embedding, KnnGraph::from_parts(7, 50, indices, distances).unwrap())
}

#[test]
fn medians_are_those_of_sorted_coordinates() {
    let (embedding, graph) = case();
    for k in [1, 2, 5, 6, 7, 100] {
        let y = median(&embedding, &graph, k).unwrap();
        assert_eq!(y.len(), 2_000);
        for (i, y) in y.iter().enumerate() {
            for c in 0..2 {
                let used = k.min(7);
                let mut values: Vec<f64> = graph.row(i).0[..used].iter().map(|j| embedding[*j as usize][c]).collect();
                values.sort_by(f64::total_cmp);
                let expected =
                    if used % 2 == 1 { values[used / 2] } else { (values[used / 2 - 1] + values[used / 2]) / 2.0 };
                assert_eq!(y[c], expected, "k {k}, point {i}");
            }
        }
    }
}

#[test]
fn means_weigh_by_inverse_distance() {
    let (embedding, graph) = case();
    for k in [1, 3, 7, 100] {
        let y = weighted_mean(&embedding, &graph, k).unwrap();
        for (i, y) in y.iter().enumerate() {
            let used = k.min(7);
            let (neighbors, distances) = (&graph.row(i).0[..used], &graph.row(i).1[..used]);
            let weights: Vec<f64> = if distances[0] == 0.0 {
                distances.iter().map(|d| if *d == 0.0 { 1.0 } else { 0.0 }).collect()
            } else {
                distances.iter().map(|d| 1.0 / d).collect()
            };
            let total: f64 = weights.iter().sum();
            for c in 0..2 {
                let sum: f64 = neighbors.iter().zip(&weights).map(|(j, w)| w * embedding[*j as usize][c]).sum();
                // Rounding of seven terms below 10.
                assert!((y[c] - sum / total).abs() < 1e-13, "k {k}, point {i}: {} {}", y[c], sum / total);
            }
        }
    }
}

#[test]
fn extreme_distances_and_positions_stay_finite() {
    // Inverses of the smallest distances overflow; so do sums of the largest distances.
    let graph = KnnGraph::from_parts(2, 2, vec![0, 1, 0, 1], vec![5e-324, 1e-323, 1e308, 1e308]).unwrap();
    let y = weighted_mean(&[[0.0], [3.0]], &graph, 2).unwrap();
    assert_eq!(y, [[1.0], [1.5]]);
    let far = [[f32::MAX / 2.0], [f32::MAX / 2.0]];
    let graph = KnnGraph::from_parts(2, 2, vec![0, 1], vec![1.0f32, 1.0]).unwrap();
    assert_eq!(median(&far, &graph, 2).unwrap(), far[..1]);
    assert_eq!(weighted_mean(&far, &graph, 2).unwrap(), far[..1]);
}

#[test]
fn errors_name_the_argument() {
    let graph = KnnGraph::from_parts(1, 3, vec![2], vec![1.0]).unwrap();
    let y = [[0.0], [1.0], [2.0]];
    assert_eq!(median(&y, &graph, 0).unwrap_err().to_string(), "k is 0, but must be at least 1");
    assert_eq!(weighted_mean(&y, &graph, 0).unwrap_err().to_string(), "k is 0, but must be at least 1");
    let shape = Error::shape("embedding", 3, 2);
    assert_eq!(median(&y[..2], &graph, 1).unwrap_err(), shape);
    assert_eq!(weighted_mean(&y[..2], &graph, 1).unwrap_err(), shape);
    let bad = [[0.0], [f64::NAN], [2.0]];
    assert_eq!(median(&bad, &graph, 1).unwrap_err(), Error::non_finite("embedding", 1, 0));
    assert!(weighted_mean(&[[f64::MAX], [0.0], [0.0]], &graph, 1).is_err());
}
