//! The arrays that are alive together.

use super::task::{Held, InputShape, Task};
use crate::float::Float;
use crate::initialization::coarse::{Outline, planned_bytes};
use crate::params::initialization::Initialization;
use crate::params::repulsion::RepulsionMethod;
use tsne_affinity::Symmetrization;
use tsne_fft::GridParams;
use tsne_optim::JointState;

/// What the allocator keeps of the search after its end, at most; of a small search as much as its result. With 10,000, 70,000 and
/// 250,000 points the peak of the process is by 7, 50 and 60 MB above that of the arrays.
const RETAINED: f64 = 5e7;

/// Entries of the joined rows that joining has in memory where its arrays are in files, about: those of a part of the rows, in both
/// directions.
const PARTS: f64 = 1.75e7;

/// The bytes in files, by the same stages; none where there are none.
pub(super) fn files<T: Float, const D: usize>(task: &Task<T, D>) -> [u64; 5] {
    if !task.in_files {
        return [0; 5];
    }
    let (n, entry) = (task.shape.n() as f64, 4.0 + size_of::<T>() as f64);
    let found = n * task.k as f64 * entry;
    let searched = if task.search.is_some() { found } else { 0.0 };
    let lists = if task.kept_neighbors > 0 { searched } else { 0.0 };
    // Weights and entries by their columns are each as large as the lists; the matrix has room for the case that no pair is mutual.
    let (joining, joint) = match task.symmetrization {
        Symmetrization::None => (2.0 * found, found),
        _ => (4.0 * found, 2.0 * found),
    };
    // Fewer than all are copied, into memory.
    let kept = if task.kept_neighbors >= task.k { searched } else { 0.0 };
    let descent = joint + kept + numbered::<T, D>(task, task.entries) - numbered::<T, D>(task, 0.0);
    [searched, joining + lists, joint + kept, descent, descent].map(|bytes| (bytes / task.members as f64) as u64)
}

/// The bytes of neighbors, affinities, initialization, the early phase and the normal phase. In floating point, as products may be
/// beyond all integers.
pub(super) fn stages<T: Float, const D: usize>(task: &Task<T, D>, initialization: &Initialization<T, D>) -> [u64; 5] {
    let (n, entry) = (task.shape.n() as f64, 4.0 + size_of::<T>() as f64);
    // What is by points is shared out.
    let shared = |bytes: f64| bytes / task.members as f64;
    let all_data = task.shape.bytes(size_of::<T>()) as f64;
    let data = match task.held {
        Held::All => all_data,
        Held::Own => shared(all_data),
        Held::Both if task.members < 2 => all_data,
        Held::Both => shared(all_data) + all_data,
    };
    // Principal components of all points take the rows of all.
    let for_components = if task.held == Held::Own && task.members > 1 { all_data } else { 0.0 };
    let found = n * task.k as f64 * entry;
    // What grows with the neighbors, and is in memory.
    let held = |bytes: f64| if task.in_files { 0.0 } else { shared(bytes) };
    let neighbors = match (task.shape, task.search) {
        // The neighbors are in files, if anything is.
        (_, Some(search)) => {
            let bytes = search.bytes_of_member(task.members) as f64;
            bytes - (shared(found) - held(found)).min(bytes)
        }
        (InputShape::Graph { .. }, None) => 0.0,
        // Of a search of the user's own, what it returns is known.
        (InputShape::Data(_) | InputShape::Dealt(_), None) => shared(found),
    };
    let joint = held(task.entries * entry) + shared(8.0 * n);
    let descent = descent(task);
    let starting = match (initialization, task.coarse) {
        (Initialization::Coarse, Outline::Points { .. }) => descent.max(for_components),
        (Initialization::Coarse, Outline::Groups { .. }) => {
            planned_bytes(task.shape.n(), task.entries, task.members, size_of::<T>(), D)
        }
        // All walk over the affinities of all.
        (Initialization::Spectral, _) => {
            let whole = if task.members > 1 { task.entries * entry } else { 0.0 };
            whole + 8.0 * (8 + 2 * D) as f64 * n
        }
        (Initialization::Pca, _) => 16.0 * D as f64 * n + for_components,
        _ => 16.0 * D as f64 * n,
    };
    let kept = if task.keeps_data { all_data } else { 0.0 };
    let retained = if task.search.is_some() { shared(found).min(RETAINED) } else { 0.0 };
    // Neighbors that were given are in memory.
    let held_lists = |bytes: f64| if task.search.is_some() { held(bytes) } else { shared(bytes) };
    // Where some of them are kept, all are there until affinities are made of them.
    let lists = if task.kept_neighbors > 0 { held_lists(found) } else { 0.0 };
    let kept_entries = n * task.kept_neighbors as f64 * entry;
    let kept_lists = if task.kept_neighbors >= task.k { held_lists(kept_entries) } else { shared(kept_entries) };
    let optimization = retained + kept + kept_lists + joint + descent;
    let own = task.shape.n().div_ceil(task.members);
    let entries = shared(task.entries) as u64;
    let joining = task.symmetrization.peak_bytes(own, task.k, entries, size_of::<T>()) as f64;
    let affinities =
        if task.in_files { joining.min((PARTS * entry).min(shared(2.0 * found)) + shared(8.0 * n)) } else { joining };
    let [affinities, initialization] =
        [affinities + lists, joint + starting + kept_lists].map(|bytes| retained + data + bytes);
    let stages = [data + neighbors, affinities, initialization, optimization, optimization];
    stages.map(|bytes| bytes as u64)
}

/// What a descent has besides the affinities.
fn descent<T: Float, const D: usize>(task: &Task<T, D>) -> f64 {
    let scalar = size_of::<T>() as f64;
    let n = task.shape.n() as f64;
    // Positions, gradient, velocities, gains; and those of the start, for another beginning.
    let points = 6.0 * n * D as f64 * scalar;
    let numbered = numbered::<T, D>(task, if task.in_files { 0.0 } else { task.entries });
    points + numbered / task.members as f64 + repulsion(task)
}

/// What the attraction has of so many affinities in an order of its own.
fn numbered<T: Float, const D: usize>(task: &Task<T, D>, entries: f64) -> f64 {
    JointState::<T, D>::planned_bytes(task.shape.n(), entries as u64) as f64
}

/// The width of a map of `n` points, about: with the recommended preset 182, 332, 498 and 536 of 1,797, 10,000, 70,000 and 250,000
/// points in two dimensions, with others half of it; 255 of 70,000 points in three.
pub(super) fn extent(n: usize, dimensions: usize) -> f64 {
    let n = n as f64;
    match dimensions {
        1 => n / 20.0,
        2 => (24.0 * n.powf(0.27)).min(600.0),
        _ => (12.0 * n.powf(0.27)).min(300.0),
    }
}

/// Nodes of a grid for each point, at most: beyond, near pairs are cheaper. At perplexity 10, 20,000 points in three clusters took
/// the memory of 115 to 140, and 70,000 of Fashion-MNIST that of 127 to 140, in `f32` and `f64`.
const fn nodes_of_a_point(dimensions: usize) -> f64 {
    if dimensions < 3 { 140.0 } else { 400.0 }
}

fn repulsion<T: Float, const D: usize>(task: &Task<T, D>) -> f64 {
    let scalar = size_of::<T>() as f64;
    let n = task.shape.n() as f64;
    match &task.repulsion {
        RepulsionMethod::Fft => {
            let side = 2.0 * extent(task.shape.n(), D) / GridParams::new().spacing();
            let most = (nodes_of_a_point(D) * n).min(GridParams::MAX_PADDED_NODES as f64);
            let nodes = side.powi(D as i32).min(most);
            // The grid of charges is half of the padded one along each axis but one; the spectrum is real. A member has its share of
            // these, frequencies that come to it, and the potential on all nodes; in three dimensions some slabs of charges, too. A single
            // line is one member's.
            let members = task.members as f64;
            let numbers: f64 = match D {
                2 if task.members > 1 => 0.25 + 2.75 / members,
                3 if task.members > 1 => 0.375 + 1.25 / members,
                _ => 2.0,
            };
            // Points by slabs, and sorted for near pairs.
            nodes * scalar * numbers.min(2.0) + n * (D as f64 * scalar + 12.0)
        }
        RepulsionMethod::BarnesHut => n * (120.0 + 2.0 * D as f64 * scalar),
        _ => n * 2.0 * D as f64 * scalar,
    }
}
