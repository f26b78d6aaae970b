//! The coarse start: what it needs, what it gives, and that nothing of it depends on threads.

use crate::common::{bits, blobs, digits};
use tsne::initialization::coarse;
use tsne::{Context, Error, Initialization, Kernel, Metric, Preset, Rows, SparseRows, Tsne, with_threads};

/// Beyond the 8,000 up to which points are mapped themselves, so that there is one level of groups.
const N: usize = 9_000;

#[test]
fn the_bits_do_not_depend_on_threads_nor_on_who_asks() {
    let (x, _) = blobs::<f32>(N, 8, 30);
    let x = Rows::new(&x, N, 8).unwrap();
    let tsne = Tsne::<_, 2>::builder().n_iter(10).build().unwrap();
    let index = tsne.affinities(x).unwrap();
    let start = |threads: i32| {
        let run = || coarse::<f32, 2>(index.affinities(), Some(x.into()), Kernel::CAUCHY, 0, Context::new());
        bits(&with_threads(threads, run).unwrap())
    };
    let one = start(1);
    assert_eq!(one, start(2));
    assert_eq!(one, start(7));
    assert_eq!(one, bits(tsne.prepare_initial(x).unwrap().positions()));
    let other = coarse::<f32, 2>(index.affinities(), Some(x.into()), Kernel::CAUCHY, 1, Context::new()).unwrap();
    assert_ne!(one, bits(&other));
}

/// What the preset is for: half of the iterations, from another start, and no higher.
#[test]
fn a_fit_from_it_ends_no_higher_than_one_by_exaggeration() {
    let (x, labels) = blobs::<f32>(N, 8, 30);
    let x = Rows::new(&x, N, 8).unwrap();
    let fit = |preset| Tsne::<_, 2>::preset(preset).build().unwrap().fit(x).unwrap();
    let (recommended, exaggerated) = (fit(Preset::Recommended), fit(Preset::Exaggerated));
    assert!(recommended.iterations() <= 180);
    let (low, high) = (recommended.kl_divergence(), exaggerated.kl_divergence());
    assert!(low < high, "{low}, {high}");
    let agreement = |positions: &[[f32; 2]]| tsne::metrics::label_agreement(positions, &labels, 10).unwrap();
    assert!(agreement(recommended.positions()) >= agreement(exaggerated.positions()) - 0.002);
}

#[test]
fn few_points_are_mapped_themselves_and_not_shrunk() {
    let (x, _) = digits::<f64>();
    let tsne = Tsne::<_, 2>::builder().build().unwrap();
    let start = tsne.prepare_initial(Rows::new(&x, 1797, 64).unwrap()).unwrap();
    // Well on their way: noise of the start's extent has a divergence above 3.
    assert!(start.extent() > 10.0 && start.kl_divergence() < 1.2, "{} {}", start.extent(), start.kl_divergence());
}

#[test]
fn many_points_without_coordinates_distances_and_sparse_rows() {
    let (x, _) = blobs::<f32>(N, 4, 30);
    let rows = Rows::new(&x, N, 4).unwrap();
    let tsne = Tsne::<_, 2>::builder().n_iter(20).build().unwrap();
    let index = tsne.affinities(rows).unwrap();
    let with = tsne.prepare_initial(rows).unwrap();
    // From affinities alone, whose spectrum is the start of the first map.
    let without = tsne.prepare_initial(index.affinities().clone()).unwrap();
    assert!(without.warnings().is_empty(), "{:?}", without.warnings());
    for start in [&with, &without] {
        assert!((start.extent() - 0.3).abs() < 1e-5);
    }
    // Sparse rows with the same values: the same up to the rounding of the components, which the descent lets grow.
    let pointers: Vec<usize> = (0..=N).map(|i| 4 * i).collect();
    let columns: Vec<u32> = (0..4 * N as u32).map(|at| at % 4).collect();
    let sparse = SparseRows::new(&pointers, &columns, &x, 4).unwrap();
    let start = coarse::<f32, 2>(index.affinities(), Some(sparse.into()), Kernel::CAUCHY, 0, Context::new()).unwrap();
    assert_eq!(start.len(), N);
    // A small matrix of distances.
    let distances: Vec<f32> = (0..40 * 40).map(|at| ((at / 40) as f32 - (at % 40) as f32).abs()).collect();
    let tsne = Tsne::<_, 2>::builder().perplexity(5.0).metric(Metric::Precomputed).build().unwrap();
    assert!(tsne.fit(Rows::new(&distances, 40, 40).unwrap()).unwrap().kl_divergence().is_finite());
}

#[test]
fn every_number_of_points_in_every_dimension() {
    fn check<const D: usize>() {
        for n in 2..12 {
            for same in [false, true] {
                let x: Vec<f64> =
                    (0..3 * n).map(|i| if same { 1.0 } else { f64::from((i * 7919 % 101) as u32) }).collect();
                let tsne = Tsne::<_, D>::builder().perplexity(2.0).build().unwrap();
                let map = tsne.fit(Rows::new(&x, n, 3).unwrap()).unwrap();
                assert!(map.positions().as_flattened().iter().all(|v| v.is_finite()), "{n} points in {D}-D");
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
}

#[test]
fn what_does_not_fit_is_an_error() {
    let (x, _) = blobs::<f64>(40, 3, 4);
    let x = Rows::new(&x, 40, 3).unwrap();
    let index = Tsne::<_, 2>::builder().perplexity(5.0).build().unwrap().affinities(x).unwrap();
    let fewer = [0.0; 30];
    let points = Rows::new(&fewer, 10, 3).unwrap();
    let error =
        coarse::<f64, 2>(index.affinities(), Some(points.into()), Kernel::CAUCHY, 0, Context::new()).unwrap_err();
    assert_eq!(error, Error::shape("points", 40, 10));
}

/// The early phase is there where nothing else brings order at large.
#[test]
fn another_start_has_an_early_phase_and_a_number_of_its_own_stands() {
    let build = |builder: tsne::TsneBuilder<f32, 2>| builder.build().unwrap().schedule();
    let builder = Tsne::<f32, 2>::builder;
    let early = |schedule: tsne::Schedule| schedule.early().iterations();
    assert_eq!(early(build(builder())), 0);
    for start in ["pca", "spectral", "random"] {
        assert_eq!(early(build(builder().initialization(start))), 30);
        assert_eq!(early(build(builder().early_exaggeration_iter(0).initialization(start))), 0);
        assert_eq!(early(build(builder().initialization(start).early_exaggeration_iter(7))), 7);
    }
    assert_eq!(early(build(builder().initialization("pca").initialization(Initialization::Coarse))), 0);
    assert_eq!(early(build(builder().early_exaggeration_iter(12))), 12);
    // Other presets have theirs, whatever the start.
    assert_eq!(early(build(Tsne::opentsne().initialization("coarse"))), 250);
}
