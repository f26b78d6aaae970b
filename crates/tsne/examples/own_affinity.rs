//! Affinities of one's own, scaled by the neighborhoods of both points. `cargo run -p tsne --example own_affinity`
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne::affinity::{precomputed_conditional, symmetrize};
use tsne::core::AffinityModel;
use tsne::metrics::label_agreement;
use tsne::{Affinities, AffinityMethod, Context, KnnGraph, Result, Rows, Tsne};

/// `p_ij ∝ exp(-d_ij² / (s_i s_j))`, `s` the distance to the seventh neighbor (Zelnik-Manor and Perona 2004).
#[derive(Debug)]
struct SelfTuning;

const NEIGHBORS: NonZeroUsize = NonZeroUsize::new(30).unwrap();
const SCALE: usize = 6;

fn scale(graph: &KnnGraph<f32>, i: usize) -> f32 {
    graph.row(i).1[SCALE.min(graph.k() - 1)].max(f32::MIN_POSITIVE)
}

impl AffinityModel<f32> for SelfTuning {
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize> {
        Ok(NEIGHBORS.min(NonZeroUsize::new(n.saturating_sub(1)).unwrap_or(NonZeroUsize::MIN)))
    }

    fn joint(&self, graph: &KnnGraph<f32>, cx: Context<'_>) -> Result<Affinities<f32>> {
        let weights: Vec<f32> = (0..graph.n())
            .flat_map(|i| {
                let (neighbors, distances) = graph.row(i);
                let pairs = neighbors.iter().zip(distances);
                pairs.map(|(&j, d)| (-d * d / scale(graph, i) / scale(graph, j as usize)).exp()).collect::<Vec<_>>()
            })
            .collect();
        symmetrize(graph, &weights, cx)
    }

    fn conditional(&self, graph: &KnnGraph<f32>, cx: Context<'_>) -> Result<Affinities<f32>> {
        let weights: Vec<f32> = (0..graph.n())
            .flat_map(|i| graph.row(i).1.iter().map(move |d| (-(d / scale(graph, i)).powi(2)).exp()))
            .collect();
        let row_pointers: Vec<usize> = (0..=graph.n()).map(|i| i * graph.k()).collect();
        precomputed_conditional(&row_pointers, graph.indices(), &weights, graph.n_reference(), cx)
    }
}

fn main() -> Result<()> {
    let text = include_str!("../tests/data/iris.csv");
    let table: Vec<Vec<f32>> =
        text.lines().skip(1).map(|line| line.split(',').filter_map(|field| field.parse().ok()).collect()).collect();
    let data: Vec<f32> = table.iter().flat_map(|row| row[..4].to_vec()).collect();
    let species: Vec<u32> = table.iter().map(|row| row[4] as u32).collect();
    let own = AffinityMethod::Custom(Arc::new(SelfTuning));
    let embedding = Tsne::<_, 2>::builder().affinities(own).build()?.fit(Rows::new(&data, 150, 4)?)?;
    let placed = embedding.transform(Rows::new(&data[..40], 10, 4)?)?;
    let agreement = label_agreement(embedding.positions(), &species, 10)?;
    println!("KL {:.3}, agreement {agreement:.3}, {} placed", embedding.kl_divergence(), placed.positions().len());
    Ok(())
}
