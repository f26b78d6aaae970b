//! The recall that is reported of a search, against neighbors by sorting all distances.

use crate::common::blobs;
use tsne::core::KnnGraph;
use tsne::metrics::graph_recall;
use tsne::{Context, Error, Metric, Neighbors, Rows, SearchQuality, Tsne};

/// The distances of `i` to all others, ascending.
fn sorted(x: &[f64], d: usize, i: usize) -> Vec<(f64, u32)> {
    let row = |i: usize| &x[i * d..(i + 1) * d];
    let distance = |j: usize| row(i).iter().zip(row(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let mut others: Vec<(f64, u32)> = (0..x.len() / d).filter(|j| *j != i).map(|j| (distance(j), j as u32)).collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    others
}

/// Every row misses as many of its neighbors as its number modulo 4 says.
#[test]
fn recall_counts_what_is_missing() {
    let (x, _) = blobs::<f64>(60, 3, 5);
    let (k, n) = (8, 60);
    let rows: Vec<(f64, u32)> = (0..n)
        .flat_map(|i| {
            let missing = i % 4;
            sorted(&x, 3, i).into_iter().skip(missing).take(k)
        })
        .collect();
    let graph =
        KnnGraph::from_parts(k, n, rows.iter().map(|(_, j)| *j).collect(), rows.iter().map(|(d, _)| *d).collect());
    let graph = graph.unwrap();
    let points = Rows::new(&x, n, 3).unwrap();
    let recall = |sample| graph_recall(&graph, points, &Metric::Euclidean, sample, Context::new());
    // 0, 1, 2 or 3 of 8 are missing, 1.5 on average.
    assert_eq!(recall(None), Ok(1.0 - 1.5 / 8.0));
    assert_eq!(recall(Some((60, 3))), Ok(1.0 - 1.5 / 8.0));
    assert!(matches!(recall(Some((0, 3))), Err(Error::Parameter { .. })));
    assert!(matches!(
        graph_recall(&graph, Rows::new(&x[..30], 10, 3).unwrap(), &Metric::Euclidean, None, Context::new()),
        Err(Error::Shape { .. })
    ));
}

/// Of points that tie for the last place any is as good.
#[test]
fn ties_are_no_misses() {
    let x = [0.0, 1.0, -1.0];
    let graph = |j: u32| KnnGraph::from_parts(1, 3, vec![j, 0, 0], vec![1.0, 1.0, 1.0]).unwrap();
    for j in [1, 2] {
        let recall = graph_recall(&graph(j), Rows::new(&x, 3, 1).unwrap(), &Metric::Euclidean, None, Context::new());
        assert_eq!(recall, Ok(1.0));
    }
}

/// The recall of a sample is told by every fit, and it is that of all points but for the error of the sample.
#[test]
fn a_fit_measures_its_search() {
    // More than the exact search serves under these metrics.
    let (n, d) = (6_000, 12);
    let (x, _) = blobs::<f64>(n, d, 9);
    let points = Rows::new(&x, n, d).unwrap();
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let builder = Tsne::<f64, 2>::builder().perplexity(10.0).metric(metric.clone()).neighbors(Neighbors::Approx);
        let index = builder.build().unwrap().affinities(points).unwrap();
        let Some(SearchQuality::Approximate { recall, sample }) = index.search_quality() else {
            panic!("{:?}", index.search_quality())
        };
        let of_all = graph_recall(index.graph().unwrap(), points, &metric, None, Context::new()).unwrap();
        // Rows recall from 0 to 1: the mean of m values of variance v <= (1 - mean) has a standard error of sqrt(v / m).
        let bound = 4.0 * ((1.0 - of_all) / sample as f64).sqrt() + 1e-12;
        assert!((recall - of_all).abs() <= bound && sample == 128, "{metric:?}: {recall} {of_all} {bound}");
        assert!(recall > 0.9 && recall <= 1.0, "{metric:?}: {recall}");
    }
    let exact = Tsne::<f64, 2>::builder().perplexity(10.0).neighbors(Neighbors::Exact).build().unwrap();
    assert_eq!(exact.affinities(points).unwrap().search_quality(), Some(SearchQuality::Exact));
}
