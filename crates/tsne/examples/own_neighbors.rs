//! A neighbor search of one's own: series at their best shift, all pairs. `cargo run -p tsne --example own_neighbors`
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne::core::{NeighborIndex, NeighborSearch};
use tsne::{Context, KnnGraph, Neighbors, Points, Result, Rows, Tsne};

#[derive(Debug)]
struct Aligned;
struct Series<'a>(Rows<'a, f32>);

/// The smallest difference of two series over all shifts of one against the other, around its end.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let shifted = |by: usize| a.iter().zip(b.iter().cycle().skip(by)).map(|(x, y)| (x - y).abs()).sum();
    (0..b.len()).map(shifted).fold(f32::INFINITY, f32::min)
}

/// The `k` nearest points of each row; a row that is one of them (`own`) leaves itself out.
fn nearest(points: Rows<'_, f32>, rows: Rows<'_, f32>, k: usize, own: bool, cx: Context<'_>) -> Result<KnnGraph<f32>> {
    let (mut indices, mut distances) = (Vec::new(), Vec::new());
    for (i, row) in rows.iter().enumerate() {
        cx.check()?;
        let others = (0..points.n()).filter(|&j| !own || j != i);
        let mut order: Vec<(f32, u32)> = others.map(|j| (distance(row, points.row(j)), j as u32)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        indices.extend(order[..k].iter().map(|pair| pair.1));
        distances.extend(order[..k].iter().map(|pair| pair.0));
    }
    KnnGraph::from_parts(k, points.n(), indices, distances)
}

impl NeighborSearch<f32> for Aligned {
    fn build<'a>(&self, points: Points<'a, f32>, _: Context<'_>) -> Result<Box<dyn NeighborIndex<f32> + 'a>> {
        Ok(Box::new(Series(points.dense("aligned series")?)))
    }
}

impl NeighborIndex<f32> for Series<'_> {
    fn shape(&self) -> (usize, usize) {
        (self.0.n(), self.0.d())
    }
    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<f32>> {
        nearest(self.0, self.0, k.get(), true, cx)
    }
    fn knn(&self, queries: Points<'_, f32>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<f32>> {
        nearest(self.0, queries.dense("aligned series")?, k.get(), false, cx)
    }
}

fn main() -> Result<()> {
    // Waves of three shapes at any shift: far apart value by value, close once aligned.
    let wave = |i: usize, t: f32| [t.sin(), t.sin().signum(), (t / 3.0).fract()][i % 3];
    let data: Vec<f32> = (0..6000).map(|at| wave(at / 40, (at % 40) as f32 * 0.4 + (at / 120) as f32)).collect();
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).neighbors(Neighbors::Custom(Arc::new(Aligned)));
    let embedding = tsne.build()?.fit(Rows::new(&data, 150, 40)?)?;
    println!("KL {:.3}, extent {:.0}", embedding.kl_divergence(), embedding.extent());
    Ok(())
}
