//! The instances that most programs, tests and examples use, compiled once in a development build.
//!
//! Up to optimization level 1 a crate takes an instance of generic code from a crate below that has it. Without these, every test and
//! example would compile the whole method again.

use crate::builder::Tsne;
use crate::maps::embedding::Embedding;
use crate::maps::partial::PartialEmbedding;
use tsne_core::{Result, Rows};

type Fit = for<'a> fn(&Tsne<f32, 2>, Rows<'a, f32>) -> Result<Embedding<f32, 2>>;

type Transform = for<'a> fn(&Embedding<f32, 2>, Rows<'a, f32>) -> Result<PartialEmbedding<f32, 2>>;

#[used]
static FIT: Fit = |tsne, rows| tsne.fit(rows);

#[used]
static TRANSFORM: Transform = |embedding, rows| embedding.transform(rows);
