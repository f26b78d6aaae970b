//! A neighbor search of one's own: series compared at their best shift, all pairs. `cargo run -p tsne --example own_neighbors`

use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne::core::{NeighborIndex, NeighborSearch};
use tsne::metrics::label_agreement;
use tsne::{Context, KnnGraph, Neighbors, Points, Preset, Result, Rows, Tsne};

#[derive(Debug)]
struct Aligned;

struct Series<'a>(Rows<'a, f32>);

/// The smallest difference of two series over all shifts of one against the other, around its end.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let shifted = |by: usize| a.iter().zip(b.iter().cycle().skip(by)).map(|(x, y)| (x - y).abs()).sum();
    (0..b.len()).map(shifted).fold(f32::INFINITY, f32::min)
}

impl NeighborSearch<f32> for Aligned {
    fn build<'a>(&self, points: Points<'a, f32>, _: Context<'_>) -> Result<Box<dyn NeighborIndex<f32> + 'a>> {
        Ok(Box::new(Series(points.dense("aligned series")?)))
    }
}

impl Series<'_> {
    /// The `k` nearest of each row; among its own points (`own`) a row leaves itself out.
    fn nearest(&self, rows: Rows<'_, f32>, k: usize, own: bool, cx: Context<'_>) -> Result<KnnGraph<f32>> {
        let (mut indices, mut distances) = (Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            cx.check()?;
            let others = self.0.iter().enumerate().filter(|(j, _)| !own || *j != i);
            let mut order: Vec<(f32, u32)> = others.map(|(j, other)| (distance(row, other), j as u32)).collect();
            order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            indices.extend(order.iter().take(k).map(|pair| pair.1));
            distances.extend(order.iter().take(k).map(|pair| pair.0));
        }
        KnnGraph::from_parts(k, self.0.n(), indices, distances)
    }
}

impl NeighborIndex<f32> for Series<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.0.n(), self.0.d())
    }
    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<f32>> {
        self.nearest(self.0, k.get(), true, cx)
    }
    fn knn(&self, queries: Points<'_, f32>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<f32>> {
        self.nearest(queries.dense("aligned series")?, k.get(), false, cx)
    }
}

fn main() -> Result<()> {
    // Waves of three shapes, each shifted in time: far apart point by point, close once aligned.
    let wave = |shape: usize, t: f32| [t.sin(), t.sin().signum(), (t / 3.0).fract()][shape];
    let value = |i: usize, t: usize| wave(i % 3, 0.4 * t as f32 + 0.37 * (i / 3) as f32);
    let data: Vec<f32> = (0..150).flat_map(|i| (0..40).map(move |t| value(i, t))).collect();
    let shapes: Vec<usize> = (0..150).map(|i| i % 3).collect();
    let tsne = Tsne::preset(Preset::Recommended).perplexity(10.0).neighbors(Neighbors::Custom(Arc::new(Aligned)));
    let embedding = tsne.build()?.fit(Rows::new(&data, 150, 40)?)?;
    println!(
        "KL {:.3}, agreement {:.3}",
        embedding.kl_divergence(),
        label_agreement(embedding.positions(), &shapes, 10)?
    );
    Ok(())
}
