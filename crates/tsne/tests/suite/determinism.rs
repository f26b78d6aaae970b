//! The same bits for any number of threads, through a whole fit.

use crate::common::{bits, blobs};
use tsne::{Float, Interpolation, NegativeGradientMethod, Preset, Rows, Tsne};

/// More than one block of every reduction, and a last one that is not full.
const N: usize = 2_500;

#[track_caller]
fn check<T: Float, const D: usize>(preset: Preset, method: NegativeGradientMethod, interpolation: Interpolation) {
    let (x, _) = blobs::<T>(N, 12, 11);
    let fit = |n_jobs: i32| {
        let builder = Tsne::preset(preset).n_components::<D>().negative_gradient_method(method);
        let builder = builder.early_exaggeration_iter(15).n_iter(25).interpolation(interpolation);
        let tsne = builder.perplexity(20.0).n_jobs(n_jobs).build().unwrap();
        let embedding = tsne.fit(Rows::new(&x, N, 12).unwrap()).unwrap();
        (bits(embedding.positions()), embedding.kl_divergence().to_bits())
    };
    let one = fit(1);
    for n_jobs in [2, 3, 8] {
        assert!(fit(n_jobs) == one, "{preset}, {method}, {interpolation:?}, {D}-D: {n_jobs} threads differ from one");
    }
}

#[test]
fn every_repulsion_in_both_scalars() {
    use NegativeGradientMethod::{BarnesHut, Exact, Fft};
    for method in [Exact, BarnesHut, Fft] {
        check::<f32, 2>(Preset::Recommended, method, Interpolation::BSpline);
        check::<f64, 2>(Preset::OpenTsne, method, Interpolation::BSpline);
    }
    check::<f32, 2>(Preset::OpenTsne, Fft, Interpolation::Lagrange);
    check::<f32, 1>(Preset::Recommended, Fft, Interpolation::BSpline);
    check::<f32, 3>(Preset::Recommended, BarnesHut, Interpolation::BSpline);
}

#[test]
fn the_seed_changes_the_map_and_nothing_else_does() {
    let (x, _) = blobs::<f32>(400, 5, 3);
    let fit = |seed: u64| {
        let tsne = Tsne::preset(Preset::Recommended).random_state(seed).build().unwrap();
        bits(tsne.fit(Rows::new(&x, 400, 5).unwrap()).unwrap().positions())
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}
