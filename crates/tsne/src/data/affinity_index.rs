//! Affinities of a data set, with what it takes to place new points among them.

use super::dataset::Dataset;
use super::kept::Kept;
use super::kept_index::KeptIndex;
use super::own::{affinities_of_first, graph_of_first, own_affinities};
use super::recipe::{Recipe, joint, nearest, searched, warnings};
use super::search_quality::SearchQuality;
use crate::params::affinity_method::AffinityMethod;
use crate::params::neighbors::Neighbors;
use crate::threads;
use crate::warning::Warning;
use std::borrow::Cow;
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
    pub(crate) data: Option<Kept<T>>,
    /// Of the data, by the recipe: neither changes.
    pub(super) kept_index: KeptIndex<T>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) search_quality: Option<SearchQuality>,
    pub(crate) n_jobs: Option<i32>,
    /// What the neighbor search and the affinities took.
    pub(crate) durations: (Duration, Duration),
}

/// What an index is to keep besides the affinities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) data: bool,
    /// How many neighbors of each point, the nearest ones.
    pub(crate) neighbors: usize,
}

impl<T: Scalar> AffinityIndex<T> {
    pub(crate) fn of_data(
        x: &Dataset<'_, T>,
        recipe: Recipe<T>,
        keep: Keep,
        n_jobs: Option<i32>,
        cx: Context<'_>,
    ) -> Result<Self> {
        let clock = Instant::now();
        let points = x.points()?;
        let n = points.n();
        if n < 2 {
            return Err(Error::too_few_points(n, 2));
        }
        points.check_finite()?;
        x.check(&recipe.metric)?;
        let mut doubts = x.warnings(&recipe.metric, cx)?;
        if matches!(recipe.neighbors, Neighbors::Custom(_)) {
            // It may weigh columns as it likes.
            doubts.retain(|doubt| !matches!(doubt, Warning::ColumnScales { .. }));
        }
        let k = recipe.k(n)?;
        let (graph, search_quality) = {
            let (metric, seed) = (&recipe.metric, recipe.random_state);
            let index = recipe.neighbors.search(metric, seed).build(points, cx)?;
            let graph = searched(index.knn_graph(k, cx)?, (cx.rows(n).len(), n), k)?;
            let quality = match recipe.neighbors {
                _ if index.is_exact() => Some(SearchQuality::Exact),
                // It may have a distance of its own.
                Neighbors::Custom(_) => None,
                _ => Some(SearchQuality::measured(&graph, (points, &*index), metric, seed, cx)?),
            };
            (graph, quality)
        };
        let neighbors = clock.elapsed();
        let mut index = if keep.neighbors >= graph.k() {
            let index = Self::of_graph(Cow::Borrowed(&graph), recipe, n_jobs, cx)?;
            index.with_graph(&Arc::new(graph), keep)?
        } else {
            let kept = (keep.neighbors > 0).then(|| nearest(&graph, keep.neighbors)).transpose()?;
            let mut index = Self::of_graph(Cow::Owned(graph), recipe, n_jobs, cx)?;
            index.graph = kept.map(Arc::new);
            index
        };
        index.durations.0 = neighbors;
        index.search_quality = search_quality;
        if index.warnings.contains(&Warning::IdenticalNeighbors)
            && (doubts.contains(&Warning::IdenticalPoints) || all_same(points))
        {
            index.warnings.retain(|warning| *warning != Warning::IdenticalNeighbors);
            doubts.retain(|doubt| *doubt != Warning::IdenticalPoints);
            index.warnings.push(Warning::IdenticalPoints);
        }
        for doubt in doubts {
            if !index.warnings.contains(&doubt) {
                index.warnings.push(doubt);
            }
        }
        if keep.data {
            index.data = Some(x.kept()?);
        }
        Ok(index)
    }

    /// The index of neighbors, which the caller keeps or not: in a team those of this member's points.
    pub(crate) fn of_graph(
        graph: Cow<'_, KnnGraph<T>>,
        recipe: Recipe<T>,
        n_jobs: Option<i32>,
        cx: Context<'_>,
    ) -> Result<Self> {
        let clock = Instant::now();
        let mut warnings = warnings(&recipe.method, graph.k(), graph.n_reference())?;
        if graph.k() > 0 && !cx.any(graph.distances().iter().any(|d| *d != T::ZERO))? {
            warnings.push(Warning::IdenticalNeighbors);
        }
        let joint = Arc::new(joint(&recipe.method, graph, cx)?);
        let durations = (Duration::ZERO, clock.elapsed());
        let kept_index = KeptIndex::default();
        Ok(Self {
            joint,
            graph: None,
            recipe,
            data: None,
            kept_index,
            warnings,
            search_quality: None,
            n_jobs,
            durations,
        })
    }

    /// The same with the joint affinities, and the neighbors, of other rows.
    pub(crate) fn with_parts(&self, joint: Affinities<T>, graph: Option<Arc<KnnGraph<T>>>) -> Self {
        let (kept_index, recipe, data) = (self.kept_index.clone(), self.recipe.clone(), self.data.clone());
        Self {
            joint: Arc::new(joint),
            graph,
            recipe,
            data,
            kept_index,
            warnings: self.warnings.clone(),
            search_quality: self.search_quality,
            n_jobs: self.n_jobs,
            durations: self.durations,
        }
    }

    /// The same with all rows, of which each member of a team has its own, for the first member; the others have `None`.
    pub(crate) fn completed(&self, cx: Context<'_>) -> Result<Option<Self>> {
        let joint = affinities_of_first(&self.joint, cx)?;
        let graph = match &self.graph {
            Some(graph) => graph_of_first(graph, cx)?.map(Arc::new),
            None => None,
        };
        Ok(joint.map(|joint| self.with_parts(joint, graph)))
    }

    /// The same with those of its neighbors that are kept.
    pub(crate) fn with_graph(mut self, graph: &Arc<KnnGraph<T>>, keep: Keep) -> Result<Self> {
        self.graph = match keep.neighbors {
            0 => None,
            count if count < graph.k() => Some(Arc::new(nearest(graph, count)?)),
            _ => Some(Arc::clone(graph)),
        };
        Ok(self)
    }

    pub(crate) fn of_affinities(
        joint: Arc<Affinities<T>>,
        recipe: Recipe<T>,
        n_jobs: Option<i32>,
        cx: Context<'_>,
    ) -> Result<Self> {
        if joint.kind() != AffinityKind::Joint {
            let why = "a map is fitted to joint affinities, but conditional ones were given: symmetrize them";
            return Err(Error::invalid("affinities", why));
        }
        let joint = own_affinities(&joint, cx)?.map_or(joint, Arc::new);
        let durations = (Duration::ZERO, Duration::ZERO);
        let (kept_index, warnings) = (KeptIndex::default(), Vec::new());
        Ok(Self {
            joint,
            graph: None,
            recipe,
            data: None,
            kept_index,
            warnings,
            search_quality: None,
            n_jobs,
            durations,
        })
    }

    /// An index as it was saved.
    pub(crate) fn of_parts(
        joint: Affinities<T>,
        graph: Option<Arc<KnnGraph<T>>>,
        recipe: Recipe<T>,
        data: Option<Kept<T>>,
    ) -> Self {
        let (joint, kept_index, durations) = (Arc::new(joint), KeptIndex::default(), (Duration::ZERO, Duration::ZERO));
        Self {
            joint,
            graph,
            recipe,
            data,
            kept_index,
            warnings: Vec::new(),
            search_quality: None,
            n_jobs: None,
            durations,
        }
    }

    /// The joint affinities: symmetric, with sum 1. Those that a member of a [`Team`](tsne_core::Team) has made are the rows of its points.
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
        self.joint.n_columns()
    }

    /// The neighbors that the affinities were computed from, where they were kept: by
    /// [`Tsne::affinities`](crate::Tsne::affinities), and by a fit as many as
    /// [`keep_neighbors`](crate::TsneBuilder::keep_neighbors) says, which is none unless it is asked for.
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

    /// The seed of the neighbor search, and of a fit of this index for which none is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).random_state(None).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let seed = index.random_state();
    /// assert_eq!(tsne.prepare_initial(index)?.random_state(), seed);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub const fn random_state(&self) -> u64 {
        self.recipe.random_state
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

    /// How good the neighbors are; `None` where they were given, or saved, or found by a search of the user's own that does not
    /// say that it is [exact](tsne_core::NeighborIndex::is_exact).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, SearchQuality, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(index.search_quality(), Some(SearchQuality::Exact));
    /// let graph = index.graph().ok_or("the neighbors were not kept")?;
    /// assert_eq!(tsne.affinities(graph)?.search_quality(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn search_quality(&self) -> Option<SearchQuality> {
        self.search_quality
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
    /// A multiscale model stays one; symmetrization and a number of neighbors that was set stay, too.
    ///
    /// # Errors
    ///
    /// Those of [`AffinityIndex::set_perplexity`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{AffinityMethod, Rows, Tsne, affinity::PerplexityAffinity};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().affinities(PerplexityAffinity::multiscale(&[5.0, 15.0])?).build()?;
    /// let mut index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// index.set_perplexities(&[3.0, 10.0])?;
    /// assert!(matches!(index.method(), AffinityMethod::Perplexity(model) if model.is_multiscale() && model.perplexities() == [3.0, 10.0]));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn set_perplexities(&mut self, perplexities: &[f64]) -> Result<()> {
        let method: AffinityMethod<T> = match &self.recipe.method {
            AffinityMethod::Perplexity(old) => old.clone().with_perplexities(perplexities)?.into(),
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
            let joint = joint(&method, Cow::Borrowed(&graph), Context::new())?;
            Ok((joint, warnings(&method, graph.k(), graph.n_reference())?))
        })?;
        self.recipe.method = method;
        self.joint = Arc::new(joint);
        // What there is to say of the data stays.
        self.warnings.retain(|warning| !matches!(warning, Warning::Affinity(_)));
        self.warnings.splice(0..0, warnings);
        Ok(())
    }
}

/// Whether all points are the same.
fn all_same<T: Scalar>(points: Points<'_, T>) -> bool {
    match points {
        Points::Dense(rows) => rows.iter().all(|row| row == rows.row(0)),
        Points::Sparse(rows) => (1..rows.n()).all(|i| rows.row(i) == rows.row(0)),
        // Of those that are dealt out the doubts of all members say it.
        _ => false,
    }
}
