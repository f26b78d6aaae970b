//! The places where one backend can be swapped and the rest stays fixed.

use crate::affinities::Affinities;
use crate::context::Context;
use crate::error::Result;
use crate::graph::KnnGraph;
use crate::kernel::Kernel;
use crate::points::Points;
use crate::scalar::Scalar;
use crate::shared::SharedPoints;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

/// A way to find nearest neighbors: a recipe that builds a [`NeighborIndex`] over given points.
pub trait NeighborSearch<T: Scalar>: fmt::Debug + Send + Sync {
    /// Builds the index over `points`, `n × d`. All members of a [`Team`](crate::Team) build at the same time, over the same points:
    /// they may share that work, too.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`](crate::Error::NonFinite) where a value is not finite, and what the method itself cannot do:
    /// [`Points::dense`] is the error of one that takes no sparse points, and none that are dealt out.
    fn build<'a>(&self, points: Points<'a, T>, cx: Context<'_>) -> Result<Box<dyn NeighborIndex<T> + 'a>>;

    /// Whether `n` points of `d` columns that are [dealt out](crate::DealtRows) to a team are searched as they are, by
    /// [`knn_graph`](NeighborIndex::knn_graph) and [`knn_exact`](NeighborIndex::knn_exact). `false`, which is what is provided, has the
    /// caller bring them together.
    fn takes_dealt(&self, n: usize, d: usize) -> bool {
        let _ = (n, d);
        false
    }

    /// [`build`](Self::build) over points that the index shares instead of borrowing them, so that it can be kept for later calls.
    ///
    /// `None`, the default, is the answer of a search that has no such index: it is then built anew for each call. All searches
    /// of the toolkit have one. Both indexes must give the same answers.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build).
    fn build_shared(&self, points: &SharedPoints<T>, cx: Context<'_>) -> Result<Option<Box<dyn NeighborIndex<T>>>> {
        let _ = (points, cx);
        Ok(None)
    }
}

/// A built index that answers neighbor queries.
pub trait NeighborIndex<T: Scalar>: Send + Sync {
    /// The number of indexed points and their dimension, `(n, d)`.
    fn shape(&self) -> (usize, usize);

    /// The `k` nearest other points of each indexed point.
    ///
    /// In a [`Team`](crate::Team) each member has an index of its own, over all points, and the graph has the rows of its own points
    /// alone: [`Context::rows`] of `n`, with the bits that they have in a process by itself, and `n` as
    /// [`KnnGraph::n_reference`]. All members ask at the same time, for the same `k`: they may share the work and send each other
    /// what they have found. Of the other methods only [`knn_exact`](Self::knn_exact) knows of a team.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](crate::Error::Parameter) if `k >= n`;
    /// [`Error::Cancelled`](crate::Error::Cancelled) when the caller asks; [`Error::Team`](crate::Error::Team).
    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>>;

    /// The `k` nearest indexed points of each query, `m × d`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) if the dimensions differ, [`Error::Parameter`](crate::Error::Parameter)
    /// if `k > n`, [`Error::NonFinite`](crate::Error::NonFinite) and
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>>;

    /// Whether no neighbor is ever missed. `false`, which is what is provided, promises nothing.
    fn is_exact(&self) -> bool {
        false
    }

    /// [`knn`](Self::knn) without a miss: what the quality of an approximate search is measured by. `None`, which is what is provided
    /// for an index that is not [exact](Self::is_exact), where it has no better way than a search of another kind.
    ///
    /// In a [`Team`](crate::Team) all members ask at the same time, for the same queries, and each has the answers to all of them.
    ///
    /// # Errors
    ///
    /// Those of [`knn`](Self::knn).
    fn knn_exact(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<Option<KnnGraph<T>>> {
        if self.is_exact() { self.knn(queries, k, cx).map(Some) } else { Ok(None) }
    }

    /// The ranks of `others` among the neighbors of `rows`, all of them numbers of indexed points: of each row as many others
    /// as `others.len() / rows.len()`, row by row. The rank of a point is 1 for the nearest other point of the row by
    /// (distance, index), and what position it has in [`knn_graph`](Self::knn_graph) with `k = n - 1` plus 1.
    ///
    /// `None`, which is what is provided, where the index has no better way than to sort all distances.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) unless all rows have as many others,
    /// [`Error::Parameter`](crate::Error::Parameter) for numbers that are not below `n`, and for a row among its own others;
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn ranks(&self, rows: &[u32], others: &[u32], cx: Context<'_>) -> Result<Option<Vec<u32>>> {
        let _ = (rows, others, cx);
        Ok(None)
    }
}

/// A rule that turns neighbor distances into affinities.
pub trait AffinityModel<T: Scalar>: fmt::Debug + Send + Sync {
    /// How many neighbors of each of `n` points the rule wants (for new points: out of `n` reference points).
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](crate::Error::TooFewPoints) if no rule can be followed with `n` points.
    fn neighbors_needed(&self, n: usize) -> Result<NonZeroUsize>;

    /// Joint affinities of the points of a graph: with sum 1, and symmetric unless the rule was asked for others.
    ///
    /// In a [`Team`](crate::Team) the graph has the rows of this member's points, [`Context::rows`], and so has the result
    /// ([`Affinities::from_rows`]): a rule that makes it symmetric exchanges entries with the other members.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for a graph that is not over one set of points, or has not the rows of this member, and
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn joint(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>>;

    /// [`joint`](Self::joint) of a graph that nobody needs any more: a rule may free what it has read. What is provided keeps
    /// the graph to the end.
    ///
    /// # Errors
    ///
    /// Those of [`joint`](Self::joint).
    fn joint_owned(&self, graph: KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
        self.joint(&graph, cx)
    }

    /// Conditional affinities of new points to the reference points of a graph: each row sums to 1.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn conditional(&self, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>>;
}

/// The repulsion among the points of an embedding.
///
/// Implementations own their trees, grids and buffers and reuse them: a second call at the same size does not
/// allocate. The result is a function of the arguments only, whatever was computed before.
///
/// # Examples
///
/// ```
/// use tsne_core::{Context, Kernel, Repulsion, Result};
///
/// /// All pairs, two by two.
/// struct Naive;
///
/// impl Repulsion<f64, 1> for Naive {
///     fn repulse(&mut self, kernel: Kernel, y: &[[f64; 1]], out: &mut [[f64; 1]], _: Context<'_>) -> Result<f64> {
///         let mut z = 0.0;
///         for (i, (a, force)) in y.iter().zip(out).enumerate() {
///             force[0] = 0.0;
///             for (_, b) in y.iter().enumerate().filter(|(j, _)| *j != i) {
///                 let difference = a[0] - b[0];
///                 force[0] += kernel.force(difference * difference) * difference;
///                 z += kernel.weight(difference * difference);
///             }
///         }
///         Ok(z)
///     }
/// }
///
/// let mut force = [[0.0]; 2];
/// let z = Naive.repulse(Kernel::CAUCHY, &[[0.0], [1.0]], &mut force, Context::new())?;
/// assert_eq!((z, force), (1.0, [[-0.25], [0.25]]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub trait Repulsion<T: Scalar, const D: usize>: Send {
    /// Writes the un-normalized force `F_i = Σ_j w(r_ij²)^((dof+1)/dof) (y_i - y_j)` of every point into `out` and
    /// returns the normalizer `Z = Σ_{i≠j} w(r_ij²)`. The repulsive part of the gradient is `-F_i / Z`.
    ///
    /// What `out` held before is of no meaning. A descent calls this inside its pool of threads, so rayon's parallel
    /// iterators use as many as the caller asked for; it checks positions and lengths itself, other callers may not.
    ///
    /// In a [`Team`](crate::Team) `y` are the positions of all points and `out` the forces on those of this member,
    /// [`Context::rows`] of `y.len()`; `Z` is that of all pairs, the same on all members. One that knows of no team finds its check of
    /// the lengths fail there.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) unless `out` is as long as `y`, or in a team as this member's rows,
    /// [`Error::NonFinite`](crate::Error::NonFinite) for a position that is not finite,
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn repulse(&mut self, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64>;
}

/// The repulsion of new points from a fixed reference embedding; new points do not act on each other.
pub trait ReferenceRepulsion<T: Scalar, const D: usize>: Send + Sync {
    /// Writes `F_i = Σ_j w^((dof+1)/dof) (y_i - r_j)` over all reference points `r_j` into `out`, and each point's
    /// own normalizer `z_i = Σ_j w` into `z`.
    ///
    /// Takes `&self`: one prepared reference serves any number of threads.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) unless `out` and `z` are as long as `y`,
    /// [`Error::NonFinite`](crate::Error::NonFinite) for a position that is not finite,
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn repulse(&self, y: &[[T; D]], out: &mut [[T; D]], z: &mut [T], cx: Context<'_>) -> Result<()>;
}

/// The numbers that one step of an [`Optimizer`] depends on besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum.
    pub momentum: f64,
    /// The longest move of one point, in units of the embedding; `None` for no limit.
    pub max_norm: Option<f64>,
    /// Whether the momentum is to give way where it carries uphill. An optimizer without such a rule may ignore it.
    pub adaptive: bool,
}

impl Step {
    /// A step without a limit to the moves of points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Step;
    ///
    /// let step = Step::new(200.0, 0.8);
    /// assert_eq!((step.learning_rate, step.momentum, step.max_norm), (200.0, 0.8, None));
    /// ```
    pub const fn new(learning_rate: f64, momentum: f64) -> Self {
        Self { learning_rate, momentum, max_norm: None, adaptive: false }
    }

    /// The same step with this limit to the move of one point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Step;
    ///
    /// assert_eq!(Step::new(200.0, 0.8).with_max_norm(5.0).max_norm, Some(5.0));
    /// assert_eq!(Step::new(200.0, 0.8).with_max_norm(None), Step::new(200.0, 0.8));
    /// ```
    #[must_use]
    pub fn with_max_norm(self, max_norm: impl Into<Option<f64>>) -> Self {
        Self { max_norm: max_norm.into(), ..self }
    }

    /// The same step with a momentum that gives way where it carries uphill, or does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Step;
    ///
    /// assert!(Step::new(200.0, 0.985).with_adaptive(true).adaptive);
    /// ```
    #[must_use]
    pub const fn with_adaptive(self, adaptive: bool) -> Self {
        Self { adaptive, ..self }
    }
}

/// A rule that moves points along the gradient, with the state it keeps between steps.
///
/// # Examples
///
/// ```
/// use tsne_core::{Context, Optimizer, Result, Step};
///
/// /// Gradient descent without momentum.
/// struct Plain(usize);
///
/// impl Optimizer<f64, 1> for Plain {
///     fn reset(&mut self, n: usize) -> Result<()> {
///         self.0 = n;
///         Ok(())
///     }
///
///     fn n(&self) -> usize {
///         self.0
///     }
///
///     fn step(&mut self, step: Step, gradient: &[[f64; 1]], y: &mut [[f64; 1]], _: Context<'_>) -> Result<()> {
///         y.iter_mut().zip(gradient).for_each(|(y, g)| y[0] -= step.learning_rate * g[0]);
///         Ok(())
///     }
/// }
///
/// let mut y = [[1.0]];
/// Plain(1).step(Step::new(0.5, 0.0), &[[1.0]], &mut y, Context::new())?;
/// assert_eq!(y, [[0.5]]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub trait Optimizer<T: Scalar, const D: usize>: Send {
    /// Forgets everything and prepares for `n` points.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory) if the state for `n` points cannot be held.
    fn reset(&mut self, n: usize) -> Result<()>;

    /// The number of points that the state is for; 0 before the first step.
    fn n(&self) -> usize;

    /// The number of steps since the last reset: what a descent does once in so many steps it does by this number, whatever the
    /// calls that they are divided into. 0 where steps are not counted, and none of that is done.
    fn steps(&self) -> usize {
        0
    }

    /// Moves every point of `y` by one step along `gradient` (`n` rows; without the factor 4 of the mathematical
    /// gradient, as all implementations scale it).
    ///
    /// In a [`Team`](crate::Team) these are the points of this member, [`Context::rows`] of the map's: what is summed over all points is
    /// summed over those of all members.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) if the lengths differ, or differ from the state's;
    /// [`Error::Team`](crate::Error::Team).
    fn step(&mut self, step: Step, gradient: &[[T; D]], y: &mut [[T; D]], cx: Context<'_>) -> Result<()>;
}

/// What an [`Observer`] sees: a consistent moment of the descent.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Iteration<'a, T, const D: usize> {
    /// The number of completed iterations of the phase, from 1.
    pub index: usize,
    /// The positions after that many iterations.
    pub embedding: &'a [[T; D]],
    /// The KL divergence of exactly these positions, with `Z` from the repulsion in use, never exaggerated.
    pub kl_divergence: f64,
}

impl<'a, T, const D: usize> Iteration<'a, T, D> {
    /// A moment of the descent, for drivers other than this toolkit's.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Iteration;
    ///
    /// let iteration = Iteration::new(50, &[[0.0f32, 1.0]], 1.25);
    /// assert_eq!((iteration.index, iteration.kl_divergence), (50, 1.25));
    /// ```
    pub const fn new(index: usize, embedding: &'a [[T; D]], kl_divergence: f64) -> Self {
        Self { index, embedding, kl_divergence }
    }
}

/// A listener to the descent that may stop it.
///
/// Any `FnMut(&Iteration<T, D>) -> ControlFlow<()>` is one, called every 50 iterations.
pub trait Observer<T: Scalar, const D: usize> {
    /// Is told once before the first of at most `iterations` iterations of a call, with the positions at which it starts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne_core::{Iteration, Observer};
    ///
    /// /// The positions from before the first iteration on.
    /// #[derive(Default)]
    /// struct Film(Vec<Vec<[f32; 2]>>);
    ///
    /// impl Observer<f32, 2> for Film {
    ///     fn about_to_start(&mut self, embedding: &[[f32; 2]], iterations: usize) {
    ///         self.0.reserve(iterations / 50 + 1);
    ///         self.0.push(embedding.to_vec());
    ///     }
    ///
    ///     fn observe(&mut self, iteration: &Iteration<'_, f32, 2>) -> ControlFlow<()> {
    ///         self.0.push(iteration.embedding.to_vec());
    ///         ControlFlow::Continue(())
    ///     }
    /// }
    ///
    /// let mut film = Film::default();
    /// film.about_to_start(&[[0.0, 0.0]], 100);
    /// film.observe(&Iteration::new(50, &[[1.0, 0.0]], 0.5));
    /// assert_eq!(film.0, [[[0.0, 0.0]], [[1.0, 0.0]]]);
    /// ```
    fn about_to_start(&mut self, embedding: &[[T; D]], iterations: usize) {
        _ = (embedding, iterations);
    }

    /// Whether to be called after `completed` iterations of the phase. The KL divergence costs a few times an
    /// iteration's attraction, so it is computed only then. Members of a [`Team`](crate::Team) may want different ones: all compute what
    /// one of them wants.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne_core::{Iteration, Observer};
    ///
    /// struct Patience(f64);
    ///
    /// impl Observer<f32, 2> for Patience {
    ///     fn wants(&self, completed: usize) -> bool {
    ///         completed >= 100 && completed.is_multiple_of(10)
    ///     }
    ///
    ///     fn observe(&mut self, iteration: &Iteration<'_, f32, 2>) -> ControlFlow<()> {
    ///         let before = std::mem::replace(&mut self.0, iteration.kl_divergence);
    ///         if iteration.kl_divergence > 0.99 * before { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    ///     }
    /// }
    ///
    /// assert!(!Patience(f64::INFINITY).wants(50) && Patience(f64::INFINITY).wants(110));
    /// let mut closure = |_: &Iteration<'_, f32, 2>| ControlFlow::Continue(());
    /// assert!(Observer::wants(&closure, 50) && !Observer::wants(&closure, 51));
    /// # _ = closure(&Iteration::new(1, &[], 0.0));
    /// ```
    fn wants(&self, completed: usize) -> bool {
        completed.is_multiple_of(50)
    }

    /// Sees the descent after an iteration; [`ControlFlow::Break`] ends it with these positions.
    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()>;
}

impl<T: Scalar, const D: usize, F: FnMut(&Iteration<'_, T, D>) -> ControlFlow<()>> Observer<T, D> for F {
    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        self(iteration)
    }
}
