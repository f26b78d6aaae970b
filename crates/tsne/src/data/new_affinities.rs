//! The affinities of new points to those of an index.

use super::affinity_index::AffinityIndex;
use super::kept::Kept;
use super::new_points::NewPoints;
use super::recipe::{conditional, searched, warnings};
use crate::params::affinity_method::AffinityMethod;
use crate::threads;
use crate::warning::Warning;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne_core::{
    Affinities, AffinityKind, Context, Error, KnnGraph, NeighborSearch, Points, Result, Rows, Scalar, SparseRows,
};

/// The affinities of new points to the points of an [`AffinityIndex`].
#[derive(Debug, Clone)]
pub struct NewAffinities<T> {
    /// The conditional affinities, one row for each new point; rows sum to 1.
    pub affinities: Arc<Affinities<T>>,
    /// The nearest points of each new point with their distances, unless they or affinities were given.
    pub graph: Option<KnnGraph<T>>,
    /// What was not used as given.
    pub warnings: Vec<Warning>,
}

impl<T: Scalar> AffinityIndex<T> {
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
        threads::run(self.n_jobs, || self.to_new_in_pool(&x, method, 0, cx.without_team()))
    }

    /// Looks for `at_least` neighbors, more if the rule needs them.
    pub(crate) fn to_new_in_pool(
        &self,
        x: &NewPoints<'_, T>,
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
                let affinities = Arc::clone(affinities);
                return Ok(NewAffinities { affinities, graph: None, warnings: Vec::new() });
            }
            NewPoints::Graph(graph) => {
                if graph.n_reference() != n {
                    let what = "neighbors of new points (fitted points)";
                    return Err(Error::shape(what, n, graph.n_reference()));
                }
                return self.of_new_graph(graph, rule, cx);
            }
            NewPoints::Points(points) => match self.fitted()?.aligned(*points)? {
                Some(aligned) => self.neighbors_of(aligned.points(), rule, at_least, cx)?,
                None => self.neighbors_of(*points, rule, at_least, cx)?,
            },
            NewPoints::PointsF64(points) => {
                let aligned = self.fitted()?.aligned_f64(*points)?;
                self.neighbors_of(aligned.points(), rule, at_least, cx)?
            }
        };
        let new = self.of_new_graph(&graph, rule, cx)?;
        Ok(NewAffinities { graph: Some(graph), ..new })
    }

    fn fitted(&self) -> Result<&Kept<T>> {
        let why = "it was made without the data points, which new points are compared with: keep them (keep_data), or give the neighbors of the new points";
        self.data.as_ref().ok_or_else(|| Error::invalid("affinity index", why))
    }

    fn neighbors_of(
        &self,
        x: Points<'_, T>,
        rule: &AffinityMethod<T>,
        at_least: usize,
        cx: Context<'_>,
    ) -> Result<KnnGraph<T>> {
        let needed = self.needed(rule, at_least)?;
        let graph = self.kept_index.knn(&*self.search(), self.fitted()?, x, needed, cx)?;
        searched(graph, (x.n(), self.n()), needed)
    }

    /// Builds the index that later searches for neighbors of new points share, and all that it makes when it is first asked for as
    /// many neighbors; unless the search has no such index, or there are no data.
    pub(crate) fn prepare_in_pool(
        &self,
        method: Option<&AffinityMethod<T>>,
        at_least: usize,
        cx: Context<'_>,
    ) -> Result<()> {
        let Some(data) = &self.data else { return Ok(()) };
        let needed = self.needed(method.unwrap_or(&self.recipe.method), at_least)?;
        let Some(index) = self.kept_index.get(&*self.search(), data, cx)? else { return Ok(()) };
        // The first point stands for a new one.
        match data.points() {
            Points::Dense(rows) => index.knn(Rows::new(rows.row(0), 1, rows.d())?.into(), needed, cx),
            Points::Sparse(rows) => {
                let (columns, values) = rows.row(0);
                index.knn(SparseRows::new(&[0, columns.len()], columns, values, rows.d())?.into(), needed, cx)
            }
            _ => return Ok(()),
        }
        .map(drop)
    }

    /// The neighbors to look for: what the rule needs, and at least so many.
    fn needed(&self, rule: &AffinityMethod<T>, at_least: usize) -> Result<NonZeroUsize> {
        let needed = rule.model().neighbors_needed(self.n())?;
        Ok(needed.max(NonZeroUsize::new(at_least.min(self.n())).unwrap_or(needed)))
    }

    fn search(&self) -> Arc<dyn NeighborSearch<T>> {
        self.recipe.neighbors.search(&self.recipe.metric, self.recipe.random_state)
    }

    fn of_new_graph(&self, graph: &KnnGraph<T>, rule: &AffinityMethod<T>, cx: Context<'_>) -> Result<NewAffinities<T>> {
        let affinities = Arc::new(conditional(rule, graph, cx)?);
        let warnings = warnings(rule, graph.k(), self.n())?;
        Ok(NewAffinities { affinities, graph: None, warnings })
    }
}
