//! Models of fits that have ended.

use super::container::sealed;
use super::{Container, by_type, embedding, opened};
use crate::input::Input;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform};
use tsne::core::random;
use tsne::{
    Context, Embedding, Float, Initialization, Interpolation, Metric, Model, Preset, RepulsionMethod, Rows, SparseRows,
    StoreError, TransformParams, Tsne, TsneBuilder,
};

/// Points of the models.
const N: usize = 9;
const COLUMNS: usize = 3;

/// A file of any bytes with checksums that are right, or the file of a model with some changes.
pub(crate) fn model(data: &[u8]) {
    let mut input = Input::new(data);
    let which = input.below(models().len() + 1);
    let Some(known) = models().get(which) else { return of_any_type(&sealed(input.rest()), 0, true) };
    let uses = input.byte();
    let is_changed = !input.is_empty();
    let mut container = Container::parse(known);
    container.edit(&mut input);
    let bytes = container.bytes();
    assert!(is_changed || bytes == *known, "the format is what its document says");
    of_any_type(&bytes, uses, is_changed);
}

fn of_any_type(bytes: &[u8], uses: u8, is_changed: bool) {
    let Ok(model) = opened(bytes) else {
        assert!(is_changed, "a whole file can be read");
        return;
    };
    by_type!(model, check(bytes, uses, is_changed));
}

fn check<T: Float, const D: usize>(model: Model, bytes: &[u8], uses: u8, is_changed: bool) {
    let embedding = match embedding::<T, D>(model) {
        Ok(embedding) => embedding,
        Err(error) => return assert!(is_changed, "{error}"),
    };
    if !is_changed {
        assert!(super::saved(&embedding) == bytes, "a map that was not changed has its file");
    }
    // What can be done with a map can be done with one of a file.
    let finite = |positions: &[[T; D]]| positions.as_flattened().iter().all(|value| value.is_finite());
    let small = embedding.positions().len() < 100;
    if uses & 1 == 1
        && small
        && let Ok(further) = embedding.optimized(embedding.params().n_iter(2))
    {
        assert!(finite(further.positions()) && !further.kl_divergence().is_nan());
    }
    if uses & 2 == 2 && small {
        let d = usize::from(uses >> 2 & 3) + 1;
        let x: Vec<T> = (0..3 * d).map(|at| value(7, at)).collect();
        let params = TransformParams::preset(Preset::OpenTsne).n_iter(2).early_exaggeration_iter(1);
        let rows = Rows::new(&x, 3, d).expect("three rows");
        if let Ok(placed) = embedding.transform_with(rows, &params, None, Context::new()) {
            assert!(finite(placed.positions()) && !placed.kl_divergence().is_nan());
        }
    }
}

/// A number between -2 and 2, of which some are equal.
pub(super) fn value<T: Float>(seed: u64, at: usize) -> T {
    T::from_f64((16.0 * random::unit(random::element_seed(seed, 0, at as u64))).floor() / 4.0 - 2.0)
}

pub(super) fn short<T: Float, const D: usize>() -> TsneBuilder<T, D> {
    Tsne::<T, D>::preset(Preset::OpenTsne).early_exaggeration_iter(3).n_iter(5).random_state(3)
}

/// The files of some maps, with each kind of section and setting in at least one of them.
fn models() -> &'static [Vec<u8>] {
    static MODELS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MODELS.get_or_init(|| make().expect("the maps are sound"))
}

fn make() -> Result<Vec<Vec<u8>>, StoreError> {
    fn file<T: Float, const D: usize>(embedding: &tsne::Result<Embedding<T, D>>) -> Result<Vec<u8>, StoreError> {
        let embedding = embedding.as_ref().unwrap_or_else(|error| panic!("{error}"));
        let mut bytes = Vec::new();
        embedding.writer()?.write_to(&mut bytes)?;
        Ok(bytes)
    }
    let single: Vec<f32> = (0..N * COLUMNS).map(|at| value(1, at)).collect();
    let double: Vec<f64> = (0..N * COLUMNS).map(|at| value(2, at)).collect();
    let far: Vec<f32> = single.iter().map(|value| value + 1e4).collect();
    let rows = |values| Rows::new(values, N, COLUMNS).expect("nine rows");
    let wide = Rows::new(&double, N, COLUMNS).expect("nine rows");
    let pointers: Vec<usize> = (0..=N).map(|row| 2 * row).collect();
    let columns: Vec<u32> = (0..N).flat_map(|row| [row as u32 % 2, 2]).collect();
    let sparse = SparseRows::new(&pointers, &columns, &double[..2 * N], COLUMNS).expect("two entries a row");
    let four = NonZeroUsize::MIN.saturating_add(3);
    let none = Symmetrization::None;
    let scales = PerplexityAffinity::multiscale(&[2.0, 3.0]).expect("they are above 1").with_symmetrization(none);
    let narrow = FixedSigma::new(0.7).expect("it is positive").with_neighbors(four);
    let inverse = [2.0, 0.5, 0.0, 0.5, 2.0, 0.5, 0.0, 0.5, 2.0];
    // In two dimensions: a grid of three takes a second for each iteration.
    let lagrange = || short().negative_gradient_method(RepulsionMethod::Fft).interpolation(Interpolation::Lagrange);
    let mahalanobis = Metric::Mahalanobis { inverse_covariance: Some(inverse.into()) };
    Ok(vec![
        file(&short::<f32, 2>().perplexity(2.0).build().and_then(|tsne| tsne.fit(rows(&single))))?,
        file(&short::<f32, 1>().perplexity(2.0).keep_data(false).build().and_then(|tsne| tsne.fit(rows(&single))))?,
        file(&short::<f32, 3>().perplexity(2.5).keep_neighbors(3).build().and_then(|tsne| tsne.fit(rows(&far))))?,
        file(&short::<f64, 2>().affinities(scales).metric("cosine").build().and_then(|tsne| tsne.fit(wide)))?,
        file(&short::<f64, 2>().affinities(narrow).build().and_then(|tsne| tsne.fit(sparse)))?,
        file(&short::<f64, 1>().affinities(Uniform::new(four)).dof(0.5).build().and_then(|tsne| tsne.fit(wide)))?,
        file(&lagrange().perplexity(2.0).metric(mahalanobis).build().and_then(|tsne: Tsne<f64, 2>| tsne.fit(wide)))?,
        file(
            &Tsne::<f64, 2>::builder()
                .perplexity(2.0)
                .n_iter(4)
                .early_exaggeration_iter(2)
                .initialization(Initialization::Pca)
                .build()
                .and_then(|tsne| tsne.fit(wide)),
        )?,
    ])
}
