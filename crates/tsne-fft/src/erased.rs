//! Grids of any dimension behind a trait over plain coordinates: their code is compiled here, once.

use tsne_core::{Context, Kernel, Result};

/// The repulsion of one dimension, over coordinates point after point.
pub trait ErasedRepulsion<T>: std::fmt::Debug + Send + Sync {
    /// Forces into `out`, and `Z`.
    fn repulse(&mut self, kernel: Kernel, y: &[T], out: &mut [T], cx: Context<'_>) -> Result<f64>;
}

/// A reference of one dimension, over coordinates point after point.
pub trait ErasedReference<T>: std::fmt::Debug + Send + Sync {
    /// Forces into `out`, and normalizers into `z`.
    fn repulse(&self, y: &[T], out: &mut [T], z: &mut [T], cx: Context<'_>) -> Result<()>;
}
