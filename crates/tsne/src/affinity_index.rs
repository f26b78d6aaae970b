//! Affinities of a data set, with what it takes to place new points among them.

use crate::input::{Dataset, NewPoints};
use crate::params::affinity_method::AffinityMethod;
use crate::params::neighbors::Neighbors;
use crate::threads;
use crate::warning::Warning;
use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tsne_affinity::{Metric, PerplexityAffinity};
use tsne_core::{Affinities, AffinityKind, Context, Error, KnnGraph, Points, Result, Scalar};

/// The joint affinities of a data set, with the data, the neighbor search and the rule that led to them: what openTSNE calls
/// an affinity index.
///
/// Made by [`Tsne::affinities`](crate::Tsne::affinities); a fit makes one of its own. It can be fitted many times, its
/// perplexity changed without another neighbor search, and it computes the affinities of new points.
///
/// # Examples
///
/// ```
/// use tsne::{Preset, Rows, Tsne};
///
/// let data: Vec<f32> = (0..200).map(|i| ((i * 7919) % 101) as f32).collect();
/// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(25).build()?;
/// let mut index = tsne.affinities(Rows::new(&data, 40, 5)?)?;
/// let wide = tsne.fit(index.clone())?;
/// index.set_perplexity(3.0)?;
/// let narrow = tsne.fit(index)?;
/// assert!(narrow.affinities().nnz() < wide.affinities().nnz());
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AffinityIndex<T> {
    pub(crate) joint: Arc<Affinities<T>>,
    pub(crate) graph: Option<Arc<KnnGraph<T>>>,
    pub(crate) recipe: Recipe<T>,
    pub(crate) data: Option<Arc<Dataset<T>>>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) n_jobs: Option<i32>,
    /// What the neighbor search and the affinities took.
    pub(crate) durations: (Duration, Duration),
}

/// How neighbors are found and affinities computed from them.
#[derive(Debug, Clone)]
pub(crate) struct Recipe<T> {
    pub(crate) method: AffinityMethod<T>,
    pub(crate) metric: Metric,
    pub(crate) neighbors: Neighbors<T>,
    pub(crate) k_neighbors: Option<usize>,
    pub(crate) random_state: u64,
}

/// The affinities of new points to the points of an [`AffinityIndex`].
#[derive(Debug, Clone)]
pub struct NewAffinities<T> {
    /// The conditional affinities, one row for each new point; rows sum to 1.
    pub affinities: Arc<Affinities<T>>,
    /// The nearest points of each new point with their distances, unless affinities were given.
    pub graph: Option<KnnGraph<T>>,
    /// What was not used as given.
    pub warnings: Vec<Warning>,
}

/// What an index is to keep besides the affinities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) data: bool,
    pub(crate) graph: bool,
}

impl<T: Scalar> Recipe<T> {
    /// The neighbors to look for among `n` points: what the rule needs, or more if more are asked for.
    fn k(&self, n: usize) -> Result<NonZeroUsize> {
        let needed = self.method.model().neighbors_needed(n)?;
        let asked = self.k_neighbors.and_then(|k| NonZeroUsize::new(k.min(n.saturating_sub(1))));
        Ok(asked.map_or(needed, |asked| asked.max(needed)))
    }
}

/// What `method` changes about its parameters for `k` neighbors out of `n` points.
fn warnings<T: Scalar>(method: &AffinityMethod<T>, k: usize, n: usize) -> Result<Vec<Warning>> {
    let warnings = match method {
        AffinityMethod::Perplexity(model) => model.effective_perplexities_for_graph(n, k)?.1,
        AffinityMethod::Multiscale(model) => model.effective_perplexities_for_graph(n, k)?.1,
        _ => Vec::new(),
    };
    Ok(warnings.into_iter().map(Warning::from).collect())
}

/// The graph with as many neighbors as a rule of the user's own asked for; rules of the toolkit read no more than theirs.
fn asked_for<'g, T: Scalar>(method: &AffinityMethod<T>, graph: &'g KnnGraph<T>) -> Result<Cow<'g, KnnGraph<T>>> {
    let AffinityMethod::Custom(model) = method else { return Ok(Cow::Borrowed(graph)) };
    let (k, wanted) = (graph.k(), model.neighbors_needed(graph.n_reference())?.get());
    if wanted >= k {
        return Ok(Cow::Borrowed(graph));
    }
    let indices = graph.indices().chunks_exact(k).flat_map(|row| &row[..wanted]).copied().collect();
    let distances = graph.distances().chunks_exact(k).flat_map(|row| &row[..wanted]).copied().collect();
    KnnGraph::from_parts(wanted, graph.n_reference(), indices, distances).map(Cow::Owned)
}

/// What a rule makes of a graph must be of its points: code of the user's own is checked like data.
fn checked<T: Scalar>(
    affinities: Affinities<T>,
    kind: AffinityKind,
    (n, n_columns): (usize, usize),
) -> Result<Affinities<T>> {
    if affinities.kind() != kind {
        let why = format_args!("the rule returned {:?} ones, but {kind:?} ones were asked for", affinities.kind());
        return Err(Error::invalid("affinities", why));
    }
    if (affinities.n(), affinities.n_columns()) != (n, n_columns) {
        let given = (affinities.n(), affinities.n_columns());
        let why = format_args!(
            "the rule returned a matrix of {given:?}, but the graph asks for {:?}: return a row for each of its points",
            (n, n_columns)
        );
        return Err(Error::invalid("affinities", why));
    }
    Ok(affinities)
}

fn joint<T: Scalar>(method: &AffinityMethod<T>, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
    let joint = method.model().joint(&*asked_for(method, graph)?, cx)?;
    checked(joint, AffinityKind::Joint, (graph.n(), graph.n()))
}

fn conditional<T: Scalar>(method: &AffinityMethod<T>, graph: &KnnGraph<T>, cx: Context<'_>) -> Result<Affinities<T>> {
    let conditional = method.model().conditional(&*asked_for(method, graph)?, cx)?;
    checked(conditional, AffinityKind::Conditional, (graph.n(), graph.n_reference()))
}

/// The graph that a search returned is of the points that it was given.
fn searched<T: Scalar>(graph: KnnGraph<T>, n: usize, n_reference: usize) -> Result<KnnGraph<T>> {
    if (graph.n(), graph.n_reference()) != (n, n_reference) {
        let given = (graph.n(), graph.n_reference());
        let why = format_args!(
            "the search returned one of {} points among {}, but was asked for {n} among {n_reference}: return a row for each point",
            given.0, given.1
        );
        return Err(Error::invalid("neighbor graph", why));
    }
    Ok(graph)
}

impl<T: Scalar> AffinityIndex<T> {
    pub(crate) fn of_points(
        x: Points<'_, T>,
        recipe: Recipe<T>,
        keep: Keep,
        n_jobs: Option<i32>,
        cx: Context<'_>,
    ) -> Result<Self> {
        let clock = Instant::now();
        if x.n() < 2 {
            return Err(Error::too_few_points(x.n(), 2));
        }
        x.check_finite()?;
        let k = recipe.k(x.n())?;
        let graph = recipe.neighbors.search(&recipe.metric, recipe.random_state).build(x, cx)?.knn_graph(k, cx)?;
        let graph = searched(graph, x.n(), x.n())?;
        let neighbors = clock.elapsed();
        let mut index = Self::of_graph(graph, recipe, keep, n_jobs, cx)?;
        index.durations.0 = neighbors;
        if keep.data {
            index.data = Some(Arc::new(Dataset::copy_of(x)?));
        }
        Ok(index)
    }

    pub(crate) fn of_graph(
        graph: KnnGraph<T>,
        recipe: Recipe<T>,
        keep: Keep,
        n_jobs: Option<i32>,
        cx: Context<'_>,
    ) -> Result<Self> {
        let clock = Instant::now();
        let warnings = warnings(&recipe.method, graph.k(), graph.n_reference())?;
        let joint = Arc::new(joint(&recipe.method, &graph, cx)?);
        let durations = (Duration::ZERO, clock.elapsed());
        let graph = keep.graph.then(|| Arc::new(graph));
        Ok(Self { joint, graph, recipe, data: None, warnings, n_jobs, durations })
    }

    pub(crate) fn of_affinities(joint: Arc<Affinities<T>>, recipe: Recipe<T>, n_jobs: Option<i32>) -> Result<Self> {
        if joint.kind() != AffinityKind::Joint {
            let why = "a map is fitted to joint affinities, but conditional ones were given: symmetrize them";
            return Err(Error::invalid("affinities", why));
        }
        let durations = (Duration::ZERO, Duration::ZERO);
        Ok(Self { joint, graph: None, recipe, data: None, warnings: Vec::new(), n_jobs, durations })
    }

    /// The joint affinities: symmetric, with sum 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne, core::AffinityKind};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!((index.n(), index.affinities().kind()), (60, AffinityKind::Joint));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities(&self) -> &Affinities<T> {
        &self.joint
    }

    /// The number of points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(index.n(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        self.joint.n()
    }

    /// The neighbors that the affinities were computed from, where they were kept: by
    /// [`Tsne::affinities`](crate::Tsne::affinities), not by a fit, which saves their memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(0).n_iter(10).build()?;
    /// let x = Rows::new(&data, 60, 5)?;
    /// assert_eq!(tsne.affinities(x)?.graph().map(|graph| graph.k()), Some(30));
    /// assert!(tsne.fit(x)?.affinity_index().graph().is_none());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn graph(&self) -> Option<&KnnGraph<T>> {
        self.graph.as_deref()
    }

    /// The rule that the affinities follow; where affinities were given, the one that new points would get.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{AffinityMethod, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert!(matches!(index.method(), AffinityMethod::Perplexity(model) if model.perplexities() == [10.0]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn method(&self) -> &AffinityMethod<T> {
        &self.recipe.method
    }

    /// The metric of the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Metric, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(index.metric(), &Metric::Euclidean);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn metric(&self) -> &Metric {
        &self.recipe.metric
    }

    /// Whether the data points are there, which new points need to be placed.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert!(index.has_data());
    /// // From neighbors alone there are none.
    /// let graph = index.graph().ok_or("the neighbors were not kept")?;
    /// assert!(!Tsne::<f32, 2>::builder().perplexity(10.0).build()?.affinities(graph)?.has_data());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn has_data(&self) -> bool {
        self.data.is_some()
    }

    /// What was not used as given.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(100.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert!(index.warnings()[0].to_string().starts_with("perplexity 100 is too large for 60 points"));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The affinities of another perplexity, from the same neighbors: openTSNE's `set_perplexity`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a perplexity that is out of range or needs more neighbors than were kept;
    /// [`Error::Invalid`] where no neighbors were kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let mut index = Tsne::<_, 2>::builder().perplexity(15.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// index.set_perplexity(5.0)?;
    /// let fresh = Tsne::<f32, 2>::builder().perplexity(5.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(index.affinities(), fresh.affinities());
    /// assert!(index.set_perplexity(16.0).is_err()); // It needs 48 neighbors, and 45 were kept.
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_perplexity(&mut self, perplexity: f64) -> Result<()> {
        self.set_perplexities(&[perplexity])
    }

    /// The affinities of other perplexities, mixed, from the same neighbors: openTSNE's `set_perplexities`.
    ///
    /// An index with [`AffinityMethod::Multiscale`] stays one; symmetrization and a number of neighbors that was set stay, too.
    ///
    /// # Errors
    ///
    /// Those of [`AffinityIndex::set_perplexity`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{AffinityMethod, Rows, Tsne, affinity::Multiscale};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().affinities(Multiscale::new(&[5.0, 15.0])?).build()?;
    /// let mut index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// index.set_perplexities(&[3.0, 10.0])?;
    /// assert!(matches!(index.method(), AffinityMethod::Multiscale(model) if model.perplexities() == [3.0, 10.0]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_perplexities(&mut self, perplexities: &[f64]) -> Result<()> {
        let method: AffinityMethod<T> = match &self.recipe.method {
            AffinityMethod::Multiscale(old) => {
                let new = tsne_affinity::Multiscale::new(perplexities)?.with_symmetrization(old.symmetrization());
                match old.k_neighbors() {
                    Some(k) => new.with_neighbors(k).into(),
                    None => new.into(),
                }
            }
            AffinityMethod::Perplexity(old) => {
                let new = PerplexityAffinity::mixture(perplexities)?.with_symmetrization(old.symmetrization());
                match old.k_neighbors() {
                    Some(k) => new.with_neighbors(k).into(),
                    None => new.into(),
                }
            }
            _ => PerplexityAffinity::mixture(perplexities)?.into(),
        };
        self.set_method(method)
    }

    /// The affinities by another rule, from the same neighbors. On an error nothing has changed.
    ///
    /// # Errors
    ///
    /// Those of [`AffinityIndex::set_perplexity`], and of the rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne, affinity::Uniform};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let mut index = Tsne::<_, 2>::builder().perplexity(15.0).build()?.affinities(Rows::new(&data, 60, 5)?)?;
    /// index.set_method(Uniform::default())?;
    /// // All pairs of neighbors weigh the same.
    /// let weights = index.affinities().weights();
    /// assert!(weights.iter().all(|weight| *weight == weights[0]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_method(&mut self, method: impl Into<AffinityMethod<T>>) -> Result<()> {
        let method = method.into();
        let Some(graph) = self.graph.clone() else {
            let why = "the neighbors were not kept: make the index with Tsne::affinities, which keeps them";
            return Err(Error::invalid("affinity index", why));
        };
        match &method {
            AffinityMethod::Perplexity(model) => model.check_graph(&graph)?,
            AffinityMethod::Multiscale(model) => model.check_graph(&graph)?,
            AffinityMethod::FixedSigma(model) => model.check_graph(&graph)?,
            AffinityMethod::Uniform(model) => model.check_graph(&graph)?,
            AffinityMethod::Custom(model) => {
                let needed = model.neighbors_needed(graph.n_reference())?.get();
                if needed > graph.k() {
                    let allowed = format_args!("at most {}, the neighbors that were kept: make a new index", graph.k());
                    return Err(Error::parameter("number of neighbors needed", needed, allowed));
                }
            }
        }
        let (joint, warnings) = threads::run(self.n_jobs, || {
            let joint = joint(&method, &graph, Context::new())?;
            Ok((joint, warnings(&method, graph.k(), graph.n_reference())?))
        })?;
        self.recipe.method = method;
        self.joint = Arc::new(joint);
        self.warnings = warnings;
        Ok(())
    }

    /// The affinities of new points to the points of this index: openTSNE's `to_new`. `method` replaces the rule of the
    /// index; the number of neighbors follows from it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for new points where the data were not kept, [`Error::Shape`] where columns or points do not fit,
    /// [`Error::NonFinite`], [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{AffinityMethod, Context, Rows, Tsne, affinity::FixedSigma};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let index = Tsne::<_, 2>::builder().perplexity(10.0).build()?.affinities(Rows::new(&data[..250], 50, 5)?)?;
    /// let new = Rows::new(&data[250..], 10, 5)?;
    /// let p = index.to_new(new, None, Context::new())?.affinities;
    /// assert_eq!((p.n(), p.n_columns()), (10, 50));
    /// assert!((p.row(0).1.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    /// let wide: AffinityMethod<f32> = FixedSigma::new(100.0)?.into();
    /// assert_ne!(index.to_new(new, Some(&wide), Context::new())?.affinities, p);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn to_new<'a>(
        &self,
        x: impl Into<NewPoints<'a, T>>,
        method: Option<&AffinityMethod<T>>,
        cx: Context<'_>,
    ) -> Result<NewAffinities<T>> {
        let x = x.into();
        threads::run(self.n_jobs, || self.to_new_in_pool(x, method, 0, cx))
    }

    /// Looks for `at_least` neighbors, more if the rule needs them.
    pub(crate) fn to_new_in_pool(
        &self,
        x: NewPoints<'_, T>,
        method: Option<&AffinityMethod<T>>,
        at_least: usize,
        cx: Context<'_>,
    ) -> Result<NewAffinities<T>> {
        let n = self.n();
        let rule = method.unwrap_or(&self.recipe.method);
        let graph = match x {
            NewPoints::Affinities(affinities) => {
                if affinities.kind() != AffinityKind::Conditional {
                    let why = "new points need conditional affinities, but joint ones were given";
                    return Err(Error::invalid("affinities", why));
                }
                if affinities.n_columns() != n {
                    let what = "affinities of new points (columns)";
                    return Err(Error::shape(what, n, affinities.n_columns()));
                }
                return Ok(NewAffinities { affinities, graph: None, warnings: Vec::new() });
            }
            NewPoints::Graph(graph) => {
                if graph.n_reference() != n {
                    let what = "neighbors of new points (fitted points)";
                    return Err(Error::shape(what, n, graph.n_reference()));
                }
                graph.clone()
            }
            NewPoints::Points(points) => {
                let Some(data) = &self.data else {
                    let why = "it was made without the data points, which new points are compared with: keep them (keep_data), or give the neighbors of the new points";
                    return Err(Error::invalid("affinity index", why));
                };
                let needed = rule.model().neighbors_needed(n)?;
                let needed = needed.max(NonZeroUsize::new(at_least.min(n)).unwrap_or(needed));
                let search = self.recipe.neighbors.search(&self.recipe.metric, self.recipe.random_state);
                searched(search.build(data.points()?, cx)?.knn(points, needed, cx)?, points.n(), n)?
            }
        };
        let affinities = Arc::new(conditional(rule, &graph, cx)?);
        let warnings = warnings(rule, graph.k(), n)?;
        Ok(NewAffinities { affinities, graph: Some(graph), warnings })
    }
}
