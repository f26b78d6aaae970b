//! Placing new points into a fitted map.

use crate::data::new_affinities::NewAffinities;
use crate::data::new_points::NewPoints;
use crate::float::Float;
use crate::initialization::{self, partial};
use crate::maps::embedding::Embedding;
use crate::maps::partial::PartialEmbedding;
use crate::params::initialization::PartialInitialization;
use crate::params::optimize::OptimizeParams;
use crate::params::random_state::RandomState;
use crate::params::transform::TransformParams;
use crate::threads;
use tsne_core::{Context, Error, Observer, Result, Stage, check_embedding, memory};

impl<T: Float, const D: usize> Embedding<T, D> {
    /// Places new points into the map, with the default parameters of its preset.
    ///
    /// New points feel the fitted ones and not each other: one by one they come to the same places as all at once. The
    /// map itself does not change. `x` are points in the columns of the fitted data, or their nearest fitted points, or their
    /// affinities.
    ///
    /// The first call builds the neighbor index over the fitted points (0.1 s for 60,000 points in 50 dimensions, and 25 MB beside the
    /// data) and prepares the repulsion of the map. Later ones find both there: one point more takes less than a millisecond, many
    /// at once take less for each. All calls and threads share them, and so do clones of the map, until the last of them is gone.
    /// A neighbor search of your own is kept if it has an index that can be ([`NeighborSearch::build_shared`](tsne_core::NeighborSearch::build_shared)),
    /// else built for each call.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for points if the fit did not keep its data, [`Error::Shape`] if columns do not fit,
    /// [`Error::NonFinite`] for a value that is not finite, [`Error::Parameter`] where the fit had a repulsion of the caller's own
    /// without a form for new points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let placed = embedding.transform(Rows::new(new, 10, 5)?)?;
    /// assert_eq!((placed.positions().len(), placed.iterations()), (10, 100));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn transform<'a>(&self, x: impl Into<NewPoints<'a, T>>) -> Result<PartialEmbedding<T, D>> {
        self.transform_with(x, &TransformParams::preset(self.preset()), None, Context::new())
    }

    /// Places new points into the map, with parameters, an observer that may stop the descent, and a context for progress and
    /// cancellation.
    ///
    /// Callers on several threads get the same as one after the other; let each take one thread with
    /// [`n_jobs(1)`](TransformParams::n_jobs). [`prepare_reference`](Self::prepare_reference) spares those that come first at the same
    /// time preparing index and map each for itself.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::transform`], [`Error::Parameter`] for a parameter out of range, and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, Rows, TransformParams, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let params = TransformParams::preset(Preset::OpenTsne).perplexity(10.0).n_iter(50);
    /// let placed = embedding.transform_with(Rows::new(new, 10, 5)?, &params, None, Context::new())?;
    /// assert_eq!(placed.iterations(), 50);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn transform_with<'a>(
        &self,
        x: impl Into<NewPoints<'a, T>>,
        params: &TransformParams<T, D>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        let x = x.into();
        let optimize = params.optimize(&self.run.params)?;
        // Each member of a team places new points by itself.
        let cx = cx.without_team();
        threads::run(optimize.n_jobs, || {
            let mut partial = self.partial(x, params, &optimize, cx)?;
            partial.advance(&optimize, observer, cx)?;
            partial.settle(cx)?;
            Ok(partial)
        })
    }

    /// New points at their starting positions, with the default parameters of the map's preset, to be optimized step by step by
    /// [`PartialEmbedding::optimize`].
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::transform`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let mut partial = embedding.prepare_partial(Rows::new(new, 10, 5)?)?;
    /// let start = partial.kl_divergence();
    /// partial.optimize(Preset::Recommended.schedule_of_new_points())?;
    /// assert!(partial.kl_divergence() < start);
    /// assert_eq!(partial.positions(), embedding.transform(Rows::new(new, 10, 5)?)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_partial<'a>(&self, x: impl Into<NewPoints<'a, T>>) -> Result<PartialEmbedding<T, D>> {
        self.prepare_partial_with(x, &TransformParams::preset(self.preset()), Context::new())
    }

    /// [`prepare_partial`](Self::prepare_partial) with parameters, and a context for progress and cancellation.
    ///
    /// openTSNE's `prepare_partial` takes the perplexity of the fit unless told otherwise: that is
    /// `params.perplexity(None)` here.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::transform_with`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, TransformParams, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let params = TransformParams::preset(Preset::Recommended).initialization("weighted").k(10);
    /// let mut partial = embedding.prepare_partial_with(Rows::new(new, 10, 5)?, &params, Default::default())?;
    /// partial.optimize(50)?;
    /// assert_eq!(partial.iterations(), 50);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_partial_with<'a>(
        &self,
        x: impl Into<NewPoints<'a, T>>,
        params: &TransformParams<T, D>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        let x = x.into();
        let optimize = params.optimize(&self.run.params)?;
        threads::run(optimize.n_jobs, || self.partial(x, params, &optimize, cx.without_team()))
    }

    /// Prepares for new points what the first [`transform`](Self::transform) does else: the repulsion of this map (openTSNE's
    /// `prepare_interpolation_grid`), and the neighbor index over the fitted points, where they were kept. The map is not moved.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`], and those of the repulsion and of the search.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Preset, TransformParams};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let new = tsne::Rows::new(&data[..25], 5, 5)?;
    /// let params = TransformParams::preset(Preset::Recommended);
    /// embedding.prepare_reference(&params, Context::new())?;
    /// let placed = embedding.transform_with(new, &params, None, Context::new())?;
    /// assert_eq!(placed.positions(), embedding.clone().transform(new)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_reference(&self, params: &TransformParams<T, D>, cx: Context<'_>) -> Result<()> {
        let optimize = params.optimize(&self.run.params)?;
        let cx = cx.without_team();
        threads::run(optimize.n_jobs, || {
            let method = params.method(self.index.method())?;
            self.index.prepare_in_pool(method.as_ref(), wanted(params), cx)?;
            self.prepared(&optimize, cx).map(drop)
        })
    }

    /// New points at their starting positions.
    fn partial(
        &self,
        x: NewPoints<'_, T>,
        params: &TransformParams<T, D>,
        optimize: &OptimizeParams<T, D>,
        cx: Context<'_>,
    ) -> Result<PartialEmbedding<T, D>> {
        let method = params.method(self.index.method())?;
        let wanted = wanted(params);
        let NewAffinities { affinities, graph, warnings } =
            self.index.to_new_in_pool(&x, method.as_ref(), wanted, cx)?;
        let n = affinities.n();
        cx.check()?;
        cx.advance(Stage::Initialization, 0, 1);
        let positions = match (&params.initialization, x.graph().or(graph.as_ref())) {
            (PartialInitialization::Given(positions), _) => {
                if positions.len() != n {
                    return Err(Error::shape("initialization", n, positions.len()));
                }
                check_embedding(positions)?;
                memory::copied("given positions", positions)?
            }
            (PartialInitialization::Random, _) => {
                let seed = params.random_state.map_or(self.random_state, RandomState::draw);
                initialization::random(n, params.initialization_std, seed)?
            }
            (chosen, Some(graph)) => {
                let weighted = matches!(chosen, PartialInitialization::Weighted);
                let place = if weighted { partial::weighted_mean_of_checked } else { partial::median_of_checked };
                place(self.positions(), graph, params.k)?
            }
            (_, None) => {
                let allowed = "random or given where affinities are given: there are no neighbors to start from";
                return Err(Error::parameter("initialization", "median or weighted", allowed));
            }
        };
        cx.advance(Stage::Initialization, 1, 1);
        let reference = self.prepared(optimize, cx)?;
        Ok(PartialEmbedding::start(positions, affinities, reference, optimize, None, warnings))
    }
}

/// The neighbors that the start of the new points asks for, beside those of the affinities.
const fn wanted<T, const D: usize>(params: &TransformParams<T, D>) -> usize {
    match params.initialization {
        PartialInitialization::Median | PartialInitialization::Weighted => params.k,
        _ => 0,
    }
}
