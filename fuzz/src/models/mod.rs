//! Saved models: an embedding that keeps its promises, or an error.

pub(crate) mod checkpoint;
pub(crate) mod model;

mod container;

use crate::alive::bounded;
use container::Container;
use tsne::{Embedding, Float, Model, StoreError};

/// What reading a model allocates: a few copies of what is there, tables, and messages.
const fn bound(length: usize) -> usize {
    (1 << 20) + 64 * length
}

/// Opens a file; what it takes of memory is bounded by its length.
fn opened(bytes: &[u8]) -> Result<Model, StoreError> {
    bounded(bound(bytes.len()), || Model::from_bytes(bytes))
}

/// The file of an embedding.
fn saved<T: Float, const D: usize>(embedding: &Embedding<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = embedding.writer().and_then(|writer| writer.write_to(&mut bytes));
    written.expect("what was loaded has no code of the user's own, and can be saved");
    bytes
}

/// The embedding of a file, which is saved to a file that is loaded and saved to the same bytes.
fn embedding<T: Float, const D: usize>(model: Model) -> Result<Embedding<T, D>, StoreError> {
    let n = model.n();
    let embedding: Embedding<T, D> = model.embedding()?;
    assert_eq!(embedding.positions().len(), n);
    assert!(embedding.positions().as_flattened().iter().all(|value| value.is_finite()));
    let first = saved(&embedding);
    let again: Embedding<T, D> =
        Model::from_bytes(&first).and_then(Model::embedding).expect("what was saved is loaded");
    assert!(saved(&again) == first, "what was loaded is saved to the same bytes");
    assert_eq!(again.remaining(), embedding.remaining());
    Ok(embedding)
}

/// All combinations of the number type and the dimension.
macro_rules! by_type {
    ($model:expr, $check:ident($($argument:expr),*)) => {
        match ($model.scalar(), $model.n_components()) {
            ("f32", 1) => $check::<f32, 1>($model, $($argument),*),
            ("f32", 2) => $check::<f32, 2>($model, $($argument),*),
            ("f32", 3) => $check::<f32, 3>($model, $($argument),*),
            ("f64", 1) => $check::<f64, 1>($model, $($argument),*),
            ("f64", 3) => $check::<f64, 3>($model, $($argument),*),
            // Of another type or dimension, it is a mismatch.
            _ => $check::<f64, 2>($model, $($argument),*),
        }
    };
}
use by_type;
