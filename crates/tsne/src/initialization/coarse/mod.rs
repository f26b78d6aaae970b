//! A coarse map as the start: few points, with the affinities of the groups that they stand for, are mapped first, and all others are
//! placed among them.
//!
//! What exaggeration is for, the order of clusters at large, needs few points and many iterations; of all points an iteration costs
//! more, and with groups it takes few of them. The affinities between groups are sums of those of their points, so that nothing is
//! searched and nothing is needed but the affinities. (Coarser graphs for a layout: Walshaw 2003, "A multilevel algorithm for
//! force-directed graph drawing"; samples for t-SNE: Kobak and Berens 2019.)

mod coarser;
mod first_map;
mod groups;
mod joined;
mod place;
mod planned;
mod selected;
mod sent;
mod ties;

use crate::float::Float;
use crate::initialization::{Begun, pca, scaled, spectral};
use coarser::{Coarser, KEPT, SHARED};
use groups::Groups;
pub(crate) use planned::planned_bytes;
use selected::Selected;
use tsne_core::{Affinities, Context, Error, Kernel, Points, Result, memory};

/// Up to so many points with [`KNOWN`] neighbors each are themselves what is mapped first, and more with more: what counts is how many
/// neighborhoods there are. 10,000 rows of Fashion-MNIST at perplexity 100, KL divergence from groups 1.141, from the points
/// themselves 1.128 (*exaggerated*: 1.131).
const FEW: usize = 8_000;

/// Neighbors of a point at perplexity 30: three times that, and those of which it is one.
const KNOWN: usize = 128;

/// Whether points are to be mapped themselves. With tails lighter than the Cauchy kernel's a map from groups stays above:
/// 10,000 rows at dof 2 and 3 1.497 and 1.605, from the points themselves 1.464 and 1.575 (*exaggerated*: 1.463 and 1.573).
fn few(n: usize, nnz: usize, kernel: Kernel) -> bool {
    let known = (nnz / n.max(1)).max(KNOWN);
    n / known <= FEW / KNOWN || kernel.dof() > 1.0
}

/// Groups of the coarsest graph, about. With a prototype, 70,000 points, KL divergence after 125 iterations by coarsest maps of 2,000, 4,000 and
/// 10,000: 2.2620, 2.2725, 2.2692, and .1, .4 and .5 s for the map.
const COARSEST: usize = 2_500;

/// Points of a graph for each of the next coarser one: as many as the neighborhoods of nearly all of them have one that was drawn.
const FACTOR: usize = 8;

/// What is made coarser again is shared out.
const _: () = assert!(SHARED <= 2 * COARSEST);

/// What a start will be, for a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outline {
    /// The points are mapped themselves, in so many iterations.
    Points { iterations: usize },
    /// Groups are, with so many affinities in all.
    Groups { mapped: usize, nnz: usize, iterations: usize },
}

impl Outline {
    /// Of a start for `n` points with `nnz` affinities.
    pub(crate) fn of(n: usize, nnz: usize, kernel: Kernel) -> Self {
        let is_of_points = few(n, nnz, kernel) || n < 2 * COARSEST;
        let iterations = first_map::schedule(is_of_points).iterations();
        if is_of_points {
            return Self::Points { iterations };
        }
        Self::Groups { mapped: COARSEST, nnz: COARSEST * KEPT, iterations }
    }
}

/// The extent of a start from groups. 70,000 rows of Fashion-MNIST after 150 iterations: 2.238, at a quarter of the size of the coarse
/// map 2.245, at its own size 2.344.
const EXTENT: f64 = 0.3;

/// The standard deviation and the jitter of where the first map begins: those of the presets.
const BEGIN: (f64, f64) = (1e-4, 0.01);

/// Positions near those of a map of few groups of points, in proportion to the affinities `p` (`n × n`, joint).
///
/// About an eighth of the points is drawn; each other one joins that of them to which its affinity is largest. The affinity of two
/// groups is the sum of those of their points. That is repeated down to 2,500 groups, which are mapped as by
/// [`Preset::Exaggerated`](crate::Preset::Exaggerated), in 90 iterations, from the principal components of `points` or, where there are
/// none, from the spectrum of their affinities. Each point of the next finer graph then stands at the mean of the groups of its neighbors,
/// weighted by its affinities, and the whole map is shrunk to an extent of 0.3. Up to 8,000 points at perplexity 30 (more at larger ones,
/// and any number for `dof` above 1) are mapped themselves, in 120 iterations, and not shrunk.
///
/// `O(nnz)` but for the first map, whose size is constant unless the points are mapped themselves. The same bits for any number of threads.
///
/// # Errors
///
/// [`Error::Shape`] unless `points` and `p` are `n`, [`Error::NonFinite`] for points that are not finite, [`Error::OutOfMemory`],
/// [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// use tsne::{Context, Rows, Tsne, core::Kernel, initialization};
///
/// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let x = Rows::new(&data, 60, 5)?;
/// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(x)?;
/// let start = initialization::coarse::<f32, 2>(index.affinities(), Some(x.into()), Kernel::CAUCHY, 42, Context::new())?;
/// assert_eq!(start.len(), 60);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn coarse<T: Float, const D: usize>(
    p: &Affinities<T>,
    points: Option<Points<'_, T>>,
    kernel: Kernel,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<[T; D]>> {
    begin(p, points, kernel, seed, cx).map(|begun| begun.positions)
}

/// [`coarse`], with the state of the descent where it is a map of the points themselves: gains grow by 0.2 an iteration while points
/// keep their course, and without them a large map takes many iterations more. (70,000 rows at dof 2: 2.372, 2.441 without; a line:
/// .216 and .220.)
pub(crate) fn begin<T: Float, const D: usize>(
    p: &Affinities<T>,
    points: Option<Points<'_, T>>,
    kernel: Kernel,
    seed: u64,
    cx: Context<'_>,
) -> Result<Begun<T, D>> {
    let n = p.n_columns();
    if p.points() != cx.rows(n) {
        return Err(Error::shape("affinities", cx.rows(n).len(), p.n()));
    }
    if let Some(points) = points.filter(|points| points.n() != n) {
        return Err(Error::shape("points", n, points.n()));
    }
    let mut coarser: Vec<Coarser<T>> = Vec::new();
    let nnz = cx.gather_one(p.nnz())?.iter().sum();
    if !few(n, nnz, kernel) {
        loop {
            // Shared out, as the affinities of the points are.
            let fine = coarser.last().map_or(p, |graph| &graph.p);
            let n = fine.n_columns();
            if n < 2 * COARSEST {
                break;
            }
            let count = n / FACTOR;
            let groups = Groups::of(fine, if count < 2 * COARSEST { COARSEST } else { count }, seed, cx)?;
            // Unless none has an affinity to another.
            let Some(graph) = Coarser::new(fine, groups, cx)? else { break };
            coarser.push(graph);
        }
    }
    let (coarsest, coarsest_cx) = coarser.last().map_or((p, cx), |graph| (&graph.p, graph.context(cx)));
    let start = match points {
        Some(points) if coarser.is_empty() => pca(points, seed, cx)?,
        Some(points) => {
            let whole = memory::collected("drawn points", 0..coarsest.n_columns() as u32)?;
            let drawn = coarser.iter().rev().try_fold(whole, |drawn, graph| graph.groups.drawn(&drawn))?;
            pca(Selected::of(points, &drawn, cx)?.points()?, seed, cx)?
        }
        None => spectral(coarsest, seed, coarsest_cx)?,
    };
    let start = scaled(start, BEGIN.0, BEGIN.1, seed)?;
    let is_of_points = coarser.is_empty();
    let mut begun = first_map::first_map(coarsest, kernel, start, is_of_points, coarsest_cx)?;
    while let Some(Coarser { groups, p: placed }) = coarser.pop() {
        drop(placed);
        let fine = coarser.last().map_or(p, |graph| &graph.p);
        begun = place::among(fine, &groups, &begun.positions, cx)?.into();
    }
    if !is_of_points {
        place::shrink(&mut begun.positions, EXTENT);
    }
    Ok(begun)
}
