//! Warnings where a map is of no use, and none where it is.

use crate::common::{blobs, digits, iris};
use tsne::{Embedding, Initialization, Metric, NotDistances, Rows, Tsne, TsneBuilder, Warning};

fn builder() -> TsneBuilder<f64, 2> {
    Tsne::builder().perplexity(10.0)
}

/// The warnings of a fit of `n` rows, without those of a perplexity that is too large.
fn of(builder: TsneBuilder<f64, 2>, x: &[f64], n: usize) -> Vec<Warning> {
    let embedding = builder.n_iter(60).build().unwrap().fit(Rows::new(x, n, x.len() / n).unwrap()).unwrap();
    embedding.warnings().iter().filter(|w| !matches!(w, Warning::Affinity(_))).cloned().collect()
}

#[test]
fn good_data_give_none() {
    assert_eq!(of(builder(), &iris().0, 150), []);
    assert_eq!(of(builder(), &blobs(200, 7, 3).0, 200), []);
    let (x, _) = digits::<f64>();
    assert_eq!(builder().build().unwrap().affinities(Rows::new(&x, 1797, 64).unwrap()).unwrap().warnings(), []);
    // One column is no disproportion.
    let line: Vec<f64> = (0..80).map(|i| f64::from(i) * 1e6).collect();
    assert_eq!(of(builder(), &line, 80), []);
}

#[test]
fn rows_that_are_all_the_same() {
    let same = vec![0.3; 40 * 3];
    assert_eq!(of(builder(), &same, 40), [Warning::IdenticalPoints]);
    // But for rounding: 0.1 + 0.2 is not 0.3.
    let noise: Vec<f64> = (0..120).map(|at| if at % 7 == 0 { 0.1 + 0.2 } else { 0.3 }).collect();
    assert_eq!(of(builder(), &noise, 40), [Warning::IdenticalPoints]);
    assert_eq!(of(builder().metric(Metric::Cosine), &same, 40), [Warning::IdenticalPoints]);
}

/// Measures in units of their own, as those of the wine data: one is in the hundreds.
#[test]
fn columns_whose_variances_differ_by_orders_of_magnitude() {
    let (n, d) = (178, 13);
    let (mut x, _) = blobs::<f64>(n, d, 8);
    for row in x.chunks_exact_mut(d) {
        row[12] *= 200.0;
    }
    let [Warning::ColumnScales { columns: 1, of: 13, column: 12, share }] = of(builder(), &x, n)[..] else {
        panic!("{:?}", of(builder(), &x, n));
    };
    assert!(share > 0.99 && share <= 1.0);
    // Not where scales do not count.
    for metric in [Metric::SEuclidean { variances: None }, Metric::Cosine, Metric::Correlation] {
        assert_eq!(of(builder().metric(metric.clone()), &x, n), [], "{metric}");
    }
    // Two of thirty.
    let (mut x, _) = blobs::<f64>(n, 30, 8);
    for row in x.chunks_exact_mut(30) {
        (row[3], row[23]) = (row[3] * 300.0, row[23] * 500.0);
    }
    assert!(matches!(of(builder(), &x, n)[..], [Warning::ColumnScales { columns: 2, of: 30, column: 23, .. }]));
    // Principal components descend by their nature.
    let components: Vec<f64> =
        blobs::<f64>(n, 6, 4).0.iter().enumerate().map(|(at, v)| v * 20f64.powi(-((at % 6) as i32))).collect();
    assert_eq!(of(builder(), &components, n), []);
}

#[test]
fn initial_positions_that_no_force_unfolds() {
    let (x, _) = blobs::<f64>(60, 4, 2);
    let start = |y: Vec<[f64; 2]>| of(builder().initialization(Initialization::Given(y)), &x, 60);
    let at = |i: usize| (i as f64 * 0.7).sin() * 1e-4;
    assert_eq!(start(vec![[3e-5, 1e-5]; 60]), [Warning::CoincidingStart]);
    assert_eq!(start((0..60).map(|i| [at(i), 0.0]).collect()), [Warning::FlatStart]);
    assert_eq!(start((0..60).map(|i| [at(i), 1e-3 - 2.0 * at(i)]).collect()), [Warning::FlatStart]);
    assert_eq!(start((0..60).map(|i| [at(i), at(3 * i + 1)]).collect()), []);
    // Two points lie on a line whatever they do.
    let pair = builder().perplexity(1.0).initialization(Initialization::Given(vec![[0.0, 0.0], [1e-4, 0.0]]));
    assert_eq!(of(pair, &x[..8], 2), []);
}

/// A learning rate ten thousand times the automatic one, and no limit on a step.
#[test]
fn a_classical_descent_that_flies_apart() {
    let (x, _) = blobs::<f64>(300, 6, 6);
    let classical = || Tsne::<f64, 2>::opentsne().perplexity(10.0);
    let wild = classical().learning_rate(1e5).max_step_norm(None);
    let warnings = of(wild, &x, 300);
    let [Warning::FlownApart { kl_divergence, without_structure }] = warnings[..] else { panic!("{warnings:?}") };
    assert!(kl_divergence > without_structure + 2.0 && without_structure < 4.0);
    assert_eq!(of(classical(), &x, 300), []);
    assert_eq!(of(classical().exaggeration(12.0), &x, 300), []);
}

/// The same in steps: the map has the warning once its divergence is known, and as long as it is right.
#[test]
fn a_map_that_flies_apart_in_steps() {
    let (x, _) = blobs::<f64>(300, 6, 6);
    let rows = Rows::new(&x, 300, 6).unwrap();
    let classical = Tsne::<f64, 2>::opentsne().perplexity(10.0).build().unwrap();
    let mut map = classical.prepare_initial(rows).unwrap();
    map.optimize(classical.schedule().n_iter(60).learning_rate(1e5).max_step_norm(None)).unwrap();
    let flown = map.kl_divergence();
    assert!(matches!(map.warnings(), [Warning::FlownApart { kl_divergence, .. }] if *kl_divergence == flown));
    assert_eq!(map.clone().warnings(), map.warnings());
    // Other affinities are another question.
    let index = classical.affinities(rows).unwrap();
    map.set_affinities(index.into()).unwrap();
    assert_eq!(map.warnings(), []);
    let flown = map.kl_divergence();
    assert!(matches!(map.warnings(), [Warning::FlownApart { kl_divergence, .. }] if *kl_divergence == flown));
    // One warning of the map as it is, not one for each time that it was asked.
    map.optimize(1).unwrap();
    let flown = map.kl_divergence();
    assert!(matches!(map.warnings(), [Warning::FlownApart { kl_divergence, .. }] if *kl_divergence == flown));
}

/// What is wrong with data is so with any rule, and is said once.
#[test]
fn doubts_of_the_data_outlive_another_perplexity() {
    let same = vec![0.3; 40 * 3];
    let rows = Rows::new(&same, 40, 3).unwrap();
    let tsne = builder().n_iter(5).build().unwrap();
    let mut index = tsne.affinities(rows).unwrap();
    let mut map = tsne.fit(index.clone()).unwrap();
    index.set_perplexity(5.0).unwrap();
    assert_eq!(index.warnings(), [Warning::IdenticalPoints]);
    let doubts = |map: &Embedding<f64, 2>| map.warnings().iter().filter(|w| **w == Warning::IdenticalPoints).count();
    assert_eq!(doubts(&map), 1);
    map.set_affinities(index.into()).unwrap();
    assert_eq!(doubts(&map), 1);
    // A perplexity that is too large comes first, goes with its rule, and takes nothing along.
    let mut index = builder().perplexity(50.0).build().unwrap().affinities(rows).unwrap();
    assert!(matches!(index.warnings(), [Warning::Affinity(_), Warning::IdenticalPoints]));
    index.set_perplexity(5.0).unwrap();
    assert_eq!(index.warnings(), [Warning::IdenticalPoints]);
    // Those of other data go with them.
    let (x, _) = blobs::<f64>(40, 3, 3);
    map.set_affinities(tsne.affinities(Rows::new(&x, 40, 3).unwrap()).unwrap().into()).unwrap();
    assert_eq!(doubts(&map), 0);
}

#[test]
fn matrices_that_are_no_distances() {
    let n = 60;
    let (x, _) = blobs::<f64>(n, 3, 12);
    let distance = |i: usize, j: usize| (0..3).map(|c| (x[3 * i + c] - x[3 * j + c]).powi(2)).sum::<f64>().sqrt();
    let matrix = |f: &dyn Fn(usize, usize) -> f64| (0..n * n).map(|at| f(at / n, at % n)).collect::<Vec<f64>>();
    let warnings = |f: &dyn Fn(usize, usize) -> f64| {
        of(builder().initialization("pca").metric(Metric::Precomputed), &matrix(f), n)
    };
    let spectral = Warning::SpectralInitialization;
    let with = |why| vec![Warning::NotDistances(why), spectral.clone()];
    assert_eq!(warnings(&distance), std::slice::from_ref(&spectral));
    assert_eq!(warnings(&|i, j| (-distance(i, j) / 10.0).exp()), with(NotDistances::Similarities));
    assert_eq!(
        warnings(&|i, j| if i > j { distance(i, j) } else { 0.0 })[0],
        Warning::NotDistances(NotDistances::Triangle)
    );
    let (value, mirror) = (1.5 * distance(7, 4), distance(4, 7));
    let asymmetric = warnings(&|i, j| if (i, j) == (7, 4) { value } else { distance(i, j) });
    assert_eq!(asymmetric, with(NotDistances::Asymmetric { row: 7, column: 4, value, mirror }));
    let diagonal = warnings(&|i, j| if (i, j) == (9, 9) { 0.5 } else { distance(i, j) });
    assert_eq!(diagonal, with(NotDistances::Diagonal { row: 9, value: 0.5 }));
}

/// Three kinds of 20 copies each: a map of them shows the kinds.
#[test]
fn copies_of_several_points_are_not_identical_points() {
    let kinds = [[0.0, 1.0, 5.0], [3.0, 0.0, 1.0], [2.0, 7.0, 1.0]];
    let x: Vec<f64> = (0..60).flat_map(|i| kinds[i % 3]).collect();
    let map = builder().perplexity(5.0).build().unwrap().fit(Rows::new(&x, 60, 3).unwrap()).unwrap();
    assert_eq!(map.warnings(), [Warning::IdenticalNeighbors]);
    // With more neighbors than copies the kinds have distances.
    assert_eq!(of(builder().perplexity(15.0), &x, 60), []);
    // A metric that sees only which values are zero.
    let positive: Vec<f64> = (0..120).map(|i| 1.0 + f64::from((i * 7919) % 101)).collect();
    let tsne = builder().perplexity(5.0).metric(Metric::Yule).build().unwrap();
    let index = tsne.affinities(Rows::new(&positive, 40, 3).unwrap()).unwrap();
    assert_eq!(index.warnings(), [Warning::IdenticalNeighbors]);
    // Given neighbors tell no more than that.
    let graph = tsne::KnnGraph::from_parts(1, 2, vec![1, 0], vec![0.0; 2]).unwrap();
    let index = builder().perplexity(1.0).build().unwrap().affinities(&graph).unwrap();
    assert!(index.warnings().contains(&Warning::IdenticalNeighbors));
}

/// Descents that move nothing, each for another reason.
#[test]
fn maps_that_never_unfold() {
    let (x, _) = blobs::<f64>(300, 6, 6);
    let short = || builder().initialization("pca").perplexity(10.0).early_exaggeration_iter(20).n_iter(40);
    for still in [
        short().learning_rate(1e-100),
        short().max_step_norm(1e-100),
        short().max_grad_norm(1e-100),
        short().initialization_std(1e-30).learning_rate(1e-9),
    ] {
        let warnings = of(still, &x, 300);
        assert!(matches!(warnings[..], [Warning::NotUnfolded { extent }] if extent < 1e-2), "{warnings:?}");
    }
    assert_eq!(of(short(), &x, 300), []);
    // Nothing is to unfold where all affinities are equal, and a map that was not moved has no fault yet.
    assert_eq!(of(builder().perplexity(1.0), &x[..12], 2), []);
    let start = short().build().unwrap().prepare_initial(Rows::new(&x, 300, 6).unwrap()).unwrap();
    assert!(start.kl_divergence().is_finite() && start.warnings().is_empty());
}

/// Small maps that fly apart end less far above a map without structure than large ones.
#[test]
fn small_maps_that_fly_apart() {
    let (x, _) = blobs::<f64>(40, 4, 6);
    for rate in [1e6, 1e10] {
        let wild = Tsne::<f64, 2>::opentsne().perplexity(5.0).learning_rate(rate).max_step_norm(None);
        let warnings = of(wild, &x, 40);
        assert!(matches!(warnings[..], [Warning::FlownApart { .. }]), "{rate}: {warnings:?}");
    }
}
