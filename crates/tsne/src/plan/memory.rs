//! The arrays that are alive together.

use super::{InputShape, Task};
use crate::float::Float;
use crate::params::initialization::Initialization;
use crate::params::repulsion::RepulsionMethod;
use tsne_fft::GridParams;

/// Points from which on the descent has a copy of the affinities in an order of its own.
const RENUMBERED_FROM: usize = 8192;

/// Points up to which neighbors are less than 2¹⁶ places apart.
const NEAR: usize = 1 << 16;

/// Points of the coarsest map; fewer are not grouped.
const FEW: usize = 8_000;

/// Affinities of a group that are kept, and points in a group.
const OF_GROUP: (u64, u64) = (60, 8);

/// The bytes of neighbors, affinities, initialization, the early phase and the normal phase.
pub(super) fn stages<T: Float, const D: usize>(task: &Task<T, D>, initialization: &Initialization<T, D>) -> [u64; 5] {
    let scalar = size_of::<T>() as u64;
    let (n, entries) = (task.shape.n() as u64, task.entries as u64);
    let data = task.shape.bytes(size_of::<T>());
    let neighbors = match (task.shape, task.search) {
        (_, Some(search)) => search.bytes,
        (InputShape::Graph { .. }, None) => 0,
        // Of a search of the user's own, what it returns is known.
        (InputShape::Data(_), None) => n * task.k as u64 * (4 + scalar),
    };
    let joint = entries * (4 + scalar) + 8 * n;
    let affinities = affinities(task, joint);
    let descent = descent(task);
    let starting = match initialization {
        Initialization::Coarse if task.shape.n() <= FEW => descent,
        // Of groups: lists, their copies, and the affinities of both directions; two numbers of the group of each point, and the
        // points of each group.
        Initialization::Coarse => (OF_GROUP.0 * (4 + scalar) / OF_GROUP.1) * n * 3 + 12 * n,
        Initialization::Spectral => 8 * (8 + 2 * D as u64) * n,
        _ => 2 * D as u64 * 8 * n,
    };
    let kept = if task.keeps_data { data } else { 0 };
    let optimization = kept + joint + descent;
    [data + neighbors, data + affinities, data + joint + starting, optimization, optimization]
}

/// Neighbors, their weights, the entries sorted by where they point, and the matrix that takes their place.
fn affinities<T: Float, const D: usize>(task: &Task<T, D>, joint: u64) -> u64 {
    let scalar = size_of::<T>() as u64;
    let listed = task.shape.n() as u64 * task.k as u64;
    let weighted = listed * (4 + scalar);
    // Distances are there until all weights are.
    let weights = weighted + listed * scalar;
    if !task.symmetric {
        return weights.max(weighted + joint);
    }
    weights.max(weighted + weighted.max(joint) + weighted.min(2 * PART * (4 + scalar) / 4))
}

/// The bytes of columns of a part of the matrix.
const PART: u64 = 33 << 20;

/// What a descent has besides the affinities.
fn descent<T: Float, const D: usize>(task: &Task<T, D>) -> u64 {
    let scalar = size_of::<T>() as u64;
    let (n, d) = (task.shape.n() as u64, D as u64);
    // Positions, gradient, velocities, gains; those of the start, for another beginning; and the positions in another order.
    let points = 8 * n * d * scalar;
    let own_order = if task.shape.n() >= RENUMBERED_FROM {
        // Eight entries at a time.
        let padded = task.entries as u64 + 4 * n;
        let column = if task.shape.n() > NEAR { 4 } else { 2 };
        let weight = if scalar == 4 { 2 } else { scalar };
        // Where rows start, two orders, and the keys by which one is sorted.
        padded * (column + weight) + n * (16 + 2 * scalar) + n * (2 * 8 + 16)
    } else {
        0
    };
    points + own_order + repulsion(task)
}

/// The width of a map of `n` points, about: at the end of a descent by the default schedule 70,000 points span some 200 in two
/// dimensions, and 1,000,000 some 350.
pub(super) fn extent(n: usize, dimensions: usize) -> f64 {
    let n = n as f64;
    match dimensions {
        1 => n / 20.0,
        2 => 12.0 * n.powf(0.25),
        _ => 4.0 * n.powf(0.2),
    }
}

fn repulsion<T: Float, const D: usize>(task: &Task<T, D>) -> u64 {
    let scalar = size_of::<T>() as u64;
    let n = task.shape.n() as u64;
    match &task.repulsion {
        RepulsionMethod::Fft => {
            let side = 2.0 * extent(task.shape.n(), D) / GridParams::new().spacing();
            let nodes = side.powi(D as i32).min(GridParams::MAX_PADDED_NODES as f64) as u64;
            // The grid of charges is half of the padded one along each axis but one; the spectrum is real. Points by slabs, and
            // sorted for near pairs.
            nodes * scalar * 2 + n * (D as u64 * scalar + 12)
        }
        RepulsionMethod::BarnesHut => n * (120 + 2 * D as u64 * scalar),
        _ => n * 2 * D as u64 * scalar,
    }
}
