//! What a map can be fitted to: dense and sparse points, a graph, distances, affinities; by every rule of affinities.

use crate::common::{bits, blobs, iris};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Uniform};
use tsne::core::{AffinityKind, NeighborIndex, NeighborSearch};
use tsne::metrics::label_agreement;
use tsne::{
    Affinities, AffinityMethod, Context, Error, Initialization, Metric, Neighbors, Points, Result, Rows, SparseRows,
    Tsne, TsneBuilder, Warning,
};

const N: usize = 240;
const D: usize = 5;

fn data() -> (Vec<f64>, Vec<u32>) {
    blobs::<f64>(N, D, 31)
}

fn builder() -> TsneBuilder<f64, 2> {
    Tsne::<_, 2>::builder().perplexity(12.0)
}

#[test]
fn sparse_points_give_the_map_of_the_same_dense_ones() {
    let (mut x, labels) = data();
    // Zeros to leave out, and a row of nothing else.
    for (at, v) in x.iter_mut().enumerate() {
        if at % 3 == 0 || at / D == 17 {
            *v = 0.0;
        }
    }
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in x.chunks_exact(D) {
        for (c, v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            columns.push(c as u32);
            values.push(*v);
        }
        pointers.push(columns.len());
    }
    let sparse = SparseRows::new(&pointers, &columns, &values, D).unwrap();
    let dense = Rows::new(&x, N, D).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Manhattan] {
        let tsne = builder().metric(metric.clone()).build().unwrap();
        let (a, b) = (tsne.affinities(dense).unwrap(), tsne.affinities(sparse).unwrap());
        // The sums run in another order: neighbors can swap only where they tie.
        assert_eq!(a.affinities().row_pointers().len(), b.affinities().row_pointers().len());
        let maps = [tsne.fit(dense).unwrap(), tsne.fit(sparse).unwrap()];
        let kept: Vec<f64> = maps.iter().map(|m| label_agreement(m.positions(), &labels, 10).unwrap()).collect();
        assert!((kept[0] - kept[1]).abs() < 0.03, "{metric}: {kept:?}");
        // And the new points are placed by sparse rows as by dense ones.
        let again = maps[1].transform(sparse).unwrap();
        assert!(again.positions().as_flattened().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn a_graph_of_ones_own_replaces_the_search() {
    let (x, _) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let tsne = builder().initialization(Initialization::Random).build().unwrap();
    let by_points = tsne.fit(x).unwrap();
    let index = tsne.affinities(x).unwrap();
    let graph = index.graph().unwrap().clone();
    assert_eq!(graph.k(), 36);
    let by_graph = tsne.fit(&graph).unwrap();
    assert_eq!(bits(by_points.positions()), bits(by_graph.positions()));
    // Without data, new points come as neighbors or affinities.
    assert!(by_graph.transform(x).is_err());
    assert_eq!(by_graph.transform(&graph).unwrap().positions().len(), N);
}

#[test]
fn a_matrix_of_distances_is_data_too() {
    let (x, labels) = data();
    let rows = Rows::new(&x, N, D).unwrap();
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let matrix: Vec<f64> = rows.iter().flat_map(|a| rows.iter().map(|b| distance(a, b)).collect::<Vec<_>>()).collect();
    let matrix = Rows::new(&matrix, N, N).unwrap();
    let tsne = builder().metric(Metric::Precomputed).build().unwrap();
    let embedding = tsne.fit(matrix).unwrap();
    assert!(embedding.warnings().is_empty(), "{:?}", embedding.warnings());
    assert!(label_agreement(embedding.positions(), &labels, 10).unwrap() > 0.95);
    // The affinities are those of the points, to the rounding of the distances.
    let (a, b) = (embedding.affinities(), builder().build().unwrap().affinities(rows).unwrap());
    for (a, b) in a.weights().iter().zip(b.affinities().weights()) {
        assert!((a - b).abs() < 1e-12);
    }
    // New points: their distances to the fitted ones. The fitted ones again come to be among their own kind.
    let placed = embedding.transform(matrix).unwrap();
    assert!(label_agreement(placed.positions(), &labels, 10).unwrap() > 0.95);
}

#[test]
fn affinities_alone_are_enough() {
    let (x, labels) = data();
    let tsne = builder().initialization("pca").build().unwrap();
    let index = tsne.affinities(Rows::new(&x, N, D).unwrap()).unwrap();
    let embedding = tsne.fit(index.affinities().clone()).unwrap();
    assert_eq!(embedding.warnings(), [Warning::SpectralInitialization]);
    assert!(label_agreement(embedding.positions(), &labels, 10).unwrap() > 0.95);
    let spectral = builder().initialization(Initialization::Spectral).build().unwrap();
    let chosen = spectral.fit(Arc::new(index.affinities().clone())).unwrap();
    assert_eq!(bits(chosen.positions()), bits(embedding.positions()));
    assert!(chosen.warnings().is_empty());
    // With the data at hand, the index starts from principal components as the data do.
    let (by_index, by_data) = (tsne.fit(index).unwrap(), tsne.fit(Rows::new(&x, N, D).unwrap()).unwrap());
    assert_eq!(bits(by_index.positions()), bits(by_data.positions()));
    let (columns, weights) = (vec![0, 1], vec![1.0, 1.0]);
    let conditional = Affinities::from_parts(vec![0, 1, 2], columns, weights, 2, AffinityKind::Conditional).unwrap();
    assert!(tsne.fit(conditional).unwrap_err().to_string().contains("joint affinities"));
}

#[test]
fn every_rule_of_affinities_makes_a_map() {
    let (x, labels) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let k = |k| NonZeroUsize::new(k).unwrap();
    let methods: [AffinityMethod<f64>; 5] = [
        PerplexityAffinity::mixture(&[5.0, 20.0]).unwrap().into(),
        PerplexityAffinity::multiscale(&[5.0, 20.0]).unwrap().into(),
        FixedSigma::new(1.0).unwrap().with_neighbors(k(20)).into(),
        Uniform::default().with_neighbors(k(15)).into(),
        AffinityMethod::Custom(Arc::new(PerplexityAffinity::new(10.0).unwrap())),
    ];
    for method in methods {
        let shown = format!("{method:?}");
        let embedding = Tsne::<f64, 2>::builder().affinities(method).build().unwrap().fit(x).unwrap();
        let agreement = label_agreement(embedding.positions(), &labels, 10).unwrap();
        assert!(agreement > 0.95, "{shown}: {agreement}");
        let placed = embedding.transform(x).unwrap();
        assert!(label_agreement(placed.positions(), &labels, 10).unwrap() > 0.95, "{shown}");
    }
    // A perplexity and a rule are two rules, in any order.
    let uniform: AffinityMethod<f64> = Uniform::default().into();
    let both = [
        Tsne::<f64, 2>::builder().affinities(uniform.clone()).perplexity(12.0),
        Tsne::<f64, 2>::builder().perplexity(12.0).affinities(uniform),
    ];
    for both in both {
        assert!(both.build().unwrap_err().to_string().starts_with("perplexity is set beside affinities"));
    }
}

#[test]
fn a_number_of_neighbors_can_be_set() {
    let (x, _) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let index = |builder: TsneBuilder<f64, 2>| builder.build().unwrap().affinities(x).unwrap();
    assert_eq!(index(builder()).graph().unwrap().k(), 36);
    let few = index(builder().k_neighbors(20));
    assert_eq!(few.graph().unwrap().k(), 20);
    let few = few.warnings();
    assert!(
        matches!(few, [Warning::Affinity(tsne::affinity::Warning::NeighborsFew { k: 20, needed: 36, .. })]),
        "{few:?}"
    );
    let error = builder().k_neighbors(N).build().unwrap().fit(x).unwrap_err().to_string();
    assert!(error.contains("k_neighbors is 240"), "{error}");
    let fewer = index(builder().k_neighbors(9));
    // openTSNE's rule: a perplexity beyond k becomes k / 3, with a warning.
    assert_eq!(fewer.warnings().len(), 1);
    assert_eq!(fewer.affinities(), index(Tsne::<_, 2>::builder().perplexity(3.0)).affinities());
}

#[test]
fn a_fit_keeps_as_many_neighbors_as_it_is_asked_for() {
    let (x, _) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let all = builder().build().unwrap().affinities(x).unwrap();
    let all = all.graph().unwrap();
    let short = || builder().early_exaggeration_iter(0).n_iter(5);
    let plain = short().build().unwrap().fit(x).unwrap();
    assert!(plain.affinity_index().graph().is_none());
    for (asked, kept) in [(7, 7), (36, 36), (1000, 36)] {
        let tsne = short().keep_neighbors(asked).build().unwrap();
        // The map is the same, whether its neighbors are searched or given.
        for fit in [tsne.fit(x).unwrap(), tsne.fit(all).unwrap()] {
            let graph = fit.affinity_index().graph().unwrap();
            assert_eq!(graph.k(), kept);
            for i in 0..N {
                let (neighbors, distances) = all.row(i);
                assert_eq!(graph.row(i), (&neighbors[..kept], &distances[..kept]), "{asked}, {i}");
            }
        }
        assert_eq!(tsne.fit(x).unwrap().positions(), plain.positions());
    }
}

#[test]
fn neighbors_by_every_way_and_by_a_search_of_ones_own() {
    #[derive(Debug)]
    struct Doubled;
    impl NeighborSearch<f64> for Doubled {
        fn build<'a>(&self, points: Points<'a, f64>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<f64> + 'a>> {
            tsne::affinity::ExactSearch::new(Metric::Euclidean).build(points, cx)
        }
    }
    let (x, labels) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let exact = builder().neighbors(Neighbors::Exact).build().unwrap().fit(x).unwrap();
    for neighbors in [Neighbors::Auto, Neighbors::Approx, Neighbors::Custom(Arc::new(Doubled))] {
        let name = neighbors.to_string();
        let embedding = builder().neighbors(neighbors).build().unwrap().fit(x).unwrap();
        assert!(label_agreement(embedding.positions(), &labels, 10).unwrap() > 0.95, "{name}");
        if name != "approx" {
            assert_eq!(bits(embedding.positions()), bits(exact.positions()), "{name}");
        }
    }
    for (name, wanted) in
        [("auto", "auto"), ("exact", "exact"), ("approx", "approx"), ("annoy", "approx"), ("hnsw", "approx")]
    {
        assert_eq!(name.parse::<Neighbors<f32>>().unwrap().to_string(), wanted);
    }
    assert!("brute".parse::<Neighbors<f32>>().unwrap_err().to_string().contains("\"exact\""));
}

#[test]
fn a_metric_may_be_a_function() {
    let (x, _) = data();
    let x = Rows::new(&x, N, D).unwrap();
    let own = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum());
    let fit = |metric: Metric| builder().metric(metric).build().unwrap().fit(x).unwrap();
    let (own, built_in) = (fit(own), fit(Metric::Manhattan));
    for (a, b) in own.affinities().weights().iter().zip(built_in.affinities().weights()) {
        assert!((a - b).abs() < 1e-12, "the sums differ in their order only");
    }
    let bad = builder().metric(Metric::function(|_, _| -1.0)).build().unwrap().fit(x).unwrap_err();
    assert!(bad.to_string().contains("-1"), "{bad}");
}

#[test]
fn wide_initial_positions_are_warned_of() {
    let (x, _) = iris::<f64>();
    let x = Rows::new(&x, 150, 4).unwrap();
    let wide: Vec<[f64; 2]> = (0..150).map(|i| [f64::from(i) * 1e-6, f64::from(i % 7)]).collect();
    let embedding = Tsne::<_, 2>::builder().initialization(wide.clone()).build().unwrap().prepare_initial(x);
    let [Warning::InitialSpread { axis: 1, std }] = embedding.unwrap().warnings().to_vec()[..] else { panic!() };
    let mean = wide.iter().map(|p| p[1]).sum::<f64>() / 150.0;
    let naive = (wide.iter().map(|p| (p[1] - mean).powi(2)).sum::<f64>() / 150.0).sqrt();
    assert!((std - naive).abs() < 1e-12);
}

#[test]
fn inputs_that_do_not_fit_are_errors() {
    let tsne = builder().build().unwrap();
    let empty = SparseRows::<f64>::new(&[0], &[], &[], 3).unwrap();
    assert_eq!(tsne.fit(empty).unwrap_err(), Error::too_few_points(0, 2));
    let nan = SparseRows::new(&[0, 1, 2], &[1, 2], &[1.0, f64::NAN], 3).unwrap();
    assert_eq!(tsne.fit(nan).unwrap_err(), Error::non_finite("data", 1, 2));
    let square = builder().metric(Metric::Precomputed).build().unwrap();
    let narrow = square.fit(Rows::new(&[0.0; 12], 4, 3).unwrap()).unwrap_err().to_string();
    assert!(narrow.contains('4') && narrow.contains('3'), "{narrow}");
}
