//! Data, affinities and maps that are made up to be measured.

use crate::float::Float;
use tsne_affinity::DataShape;
use tsne_core::random::{element_seed, mix, unit};
use tsne_core::{Affinities, AffinityKind, Result, SharedPoints, SharedRows, SharedSparseRows, memory};

/// The directions in which the points of a cluster differ: those of images and cells have some ten.
const DIRECTIONS: usize = 8;

/// Clusters.
const CLUSTERS: u64 = 10;

const WHAT: &str = "points that are measured";

/// A number from -1 to 1.
fn number(stage: u64, i: u64, c: u64) -> f64 {
    2.0 * unit(element_seed(stage, c, i)) - 1.0
}

/// What lies above all values, so that none is negative: some metrics ask for that.
const ABOVE: f64 = 11.0;

/// Points of that shape.
pub(super) fn points<T: Float>(DataShape { n, d, entries }: DataShape) -> Result<SharedPoints<T>> {
    if let Some(entries) = entries {
        let each = (entries / n.max(1)).clamp(1, d.max(1));
        let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
        memory::reserve(WHAT, &mut columns, n.saturating_mul(each))?;
        memory::reserve(WHAT, &mut values, n.saturating_mul(each))?;
        let mut row: Vec<u32> = Vec::new();
        for i in 0..n as u64 {
            row.clear();
            // Few columns are frequent, as of words and genes.
            row.extend((0..each as u64).map(|e| {
                let place = unit(element_seed(i % CLUSTERS, e, i));
                ((place * place * d as f64) as u32).min(d.saturating_sub(1) as u32)
            }));
            row.sort_unstable();
            row.dedup();
            columns.extend_from_slice(&row);
            values.extend(row.iter().map(|&column| T::from_f64(1.0 + number(7, i, u64::from(column)).abs())));
            starts.push(columns.len());
        }
        return Ok(SharedSparseRows::new(starts, columns, values, d)?.into());
    }
    let mut values = Vec::new();
    memory::reserve(WHAT, &mut values, n.saturating_mul(d))?;
    for i in 0..n as u64 {
        let cluster = mix(i) % CLUSTERS;
        let along: [f64; DIRECTIONS] = std::array::from_fn(|c| number(1, i, c as u64));
        for column in 0..d as u64 {
            let center = 2.0 * number(2, cluster, column);
            let spread: f64 = along.iter().zip(0..).map(|(v, c)| v * number(3, c, column)).sum();
            values.push(T::from_f64(ABOVE + center + spread + 0.1 * unit(mix(i ^ column << 32))));
        }
    }
    Ok(SharedRows::new(values, n, d)?.into())
}

/// Affinities of `n` points on a ring, each with `each` of those beside it.
pub(super) fn ring<T: Float>(n: usize, each: usize) -> Result<Affinities<T>> {
    let half = (each / 2).clamp(1, ((n - 1) / 2).max(1));
    let stride = ((n - 1) / (2 * half)).clamp(1, 4);
    let (mut starts, mut columns) = (vec![0], Vec::new());
    memory::reserve(WHAT, &mut columns, n.saturating_mul(2 * half))?;
    for i in 0..n {
        let first = columns.len();
        columns.extend((1..=half).rev().map(|step| ((i + n - step * stride) % n) as u32));
        columns.extend((1..=half).map(|step| ((i + step * stride) % n) as u32));
        columns[first..].sort_unstable();
        starts.push(columns.len());
    }
    let weight = T::from_f64(1.0 / columns.len() as f64);
    let weights = memory::filled(WHAT, columns.len(), weight)?;
    Affinities::from_parts(starts, columns, weights, n, AffinityKind::Joint)
}

/// A map of `n` points, `width` across: clusters with room between them.
pub(super) fn map<T: Float, const D: usize>(n: usize, width: f64) -> Result<Vec<[T; D]>> {
    let mut map = Vec::new();
    memory::reserve(WHAT, &mut map, n)?;
    map.extend((0..n as u64).map(|i| {
        let cluster = mix(i) % (2 * CLUSTERS);
        std::array::from_fn(|c| {
            let center = number(4, cluster, c as u64);
            T::from_f64(width * 0.5 * (0.8 * center + 0.2 * number(5, i, c as u64)))
        })
    }));
    Ok(map)
}

/// The points of a ring in the plane or along a line.
pub(super) fn ring_map<T: Float, const D: usize>(n: usize) -> Result<Vec<[T; D]>> {
    let mut map = Vec::new();
    memory::reserve(WHAT, &mut map, n)?;
    map.extend((0..n).map(|i| {
        let angle = std::f64::consts::TAU * i as f64 / n as f64;
        std::array::from_fn(|c| T::from_f64(40.0 * if c == 0 { angle.cos() } else { angle.sin() }))
    }));
    Ok(map)
}
