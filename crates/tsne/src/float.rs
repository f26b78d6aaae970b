use crate::model::store::Element;
use tsne_fft::GridScalar;

/// The number type of a fit: `f32` or `f64`. All stages run in it; sums over points are always taken in `f64`.
pub trait Float: GridScalar + Element {}

impl Float for f32 {}
impl Float for f64 {}
