//! The stages of a fit, one after the other.

use crate::builder::Tsne;
use crate::data::affinity_index::{AffinityIndex, Keep};
use crate::data::fingerprint::fingerprint;
use crate::data::fingerprint::{of_positions, of_text};
use crate::data::input::Input;
use crate::data::own::{own_affinities, own_graph};
use crate::data::recipe::Recipe;
use crate::float::Float;
use crate::initialization::{self, Begun, Start};
use crate::maps::embedding::Embedding;
use crate::params::initialization::Initialization;
use crate::params::optimizer::OptimizerState;
use crate::params::random_state::RandomState;
use crate::params::schedule::Beginning;
use crate::plan::{AFFINITIES, FIT};
use crate::threads;
use crate::warning::Warning;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;
use tsne_core::{Context, Error, Kernel, Observer, Result, Stage, check_embedding, memory};

/// The standard deviation of given initial positions beyond which a warning is returned: openTSNE's threshold.
const LARGE_SPREAD: f64 = 1e-2;

impl<T: Float, const D: usize> Tsne<T, D> {
    /// Fits a map: data points ([`Rows`](crate::Rows) or [`SparseRows`](crate::SparseRows), `n × d`), a
    /// [neighbor graph](crate::KnnGraph), joint [`Affinities`](crate::Affinities) or an [`AffinityIndex`].
    ///
    /// It is [`prepare_initial`](Self::prepare_initial), then [`optimize`](Embedding::optimize) with the
    /// [`schedule`](Self::schedule), to the bit, and the KL divergence at its end. The points appear in the map in the order of the data.
    ///
    /// Should the first descent of a map, by a whole schedule with momentum in Nesterov's form and an automatic rate, fail, it is run
    /// anew by the classical rule of [`Preset::OpenTsne`](crate::Preset::OpenTsne), with its counts of iterations where those of the
    /// preset were not changed, and [`Warning::Restarted`] says so; an observer sees it, too.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] for a value that is not finite, [`Error::TooFewPoints`] below two points, [`Error::Shape`] if
    /// given initial positions are not `n`, [`Error::Capacity`] from 2³² points (2³¹ for the tree), [`Error::Diverged`] if the descent leaves
    /// the finite numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let embedding = tsne.fit(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.positions().len(), 60);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn fit<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<Embedding<T, D>> {
        self.fit_with(x, None, Context::new())
    }

    /// Fits a map as [`Tsne::fit`] does, with an observer of the descent that may stop it, and with a context for progress and
    /// cancellation.
    ///
    /// The observer sees both phases, each with iterations counted from 1. When it stops one, the map of that moment is the
    /// result; [`Embedding::propagate_interrupt`] makes an error of it.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// A closure is an observer, called every 50 iterations:
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Finish, Iteration, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).build()?;
    /// let mut stop_at_100 = |iteration: &Iteration<'_, f32, 2>| {
    ///     if iteration.index == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// };
    /// let embedding = tsne.fit_with(Rows::new(&data, 60, 5)?, Some(&mut stop_at_100), Context::new())?;
    /// assert_eq!((embedding.iterations(), embedding.finish()), (100, Finish::Stopped));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn fit_with<'a>(
        &self,
        x: impl Into<Input<'a, T>>,
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        cx: Context<'_>,
    ) -> Result<Embedding<T, D>> {
        let x = x.into();
        let optimize = &self.parameters.optimize;
        threads::run(optimize.n_jobs, || {
            let mut embedding = self.start(x, cx)?;
            embedding.advance(optimize, observer, cx)?;
            embedding.settle(cx)?;
            Ok(embedding)
        })
    }

    /// The map before its optimization: affinities and initial positions.
    /// [`Embedding::optimize`] takes it from there, step by step.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).build()?;
    /// let embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
    /// assert_eq!(embedding.iterations(), 0);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_initial<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<Embedding<T, D>> {
        self.prepare_initial_with(x, Context::new())
    }

    /// [`Tsne::prepare_initial`] with a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CancelToken, Context, Error, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let token = CancelToken::new();
    /// token.cancel(); // As another thread would.
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let cancelled = tsne.prepare_initial_with(Rows::new(&data, 60, 5)?, Context::new().with_cancel(&token));
    /// assert_eq!(cancelled.unwrap_err(), Error::Cancelled);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn prepare_initial_with<'a>(&self, x: impl Into<Input<'a, T>>, cx: Context<'_>) -> Result<Embedding<T, D>> {
        let x = x.into();
        threads::run(self.parameters.optimize.n_jobs, || self.start(x, cx))
    }

    /// The affinities of data, with their neighbors, to be fitted (once or often), changed in perplexity, or used alone.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::fit`] that concern the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// let index = tsne.affinities(Rows::new(&data, 60, 5)?)?;
    /// let sum: f32 = index.affinities().weights().iter().sum();
    /// assert!((sum - 1.0).abs() < 1e-5);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities<'a>(&self, x: impl Into<Input<'a, T>>) -> Result<AffinityIndex<T>> {
        self.affinities_with(x, Context::new())
    }

    /// [`Tsne::affinities`] with a context for progress and cancellation.
    ///
    /// # Errors
    ///
    /// Those of [`Tsne::affinities`], and [`Error::Cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use tsne::{Context, Progress, Rows, Stage, Tsne};
    ///
    /// #[derive(Default)]
    /// struct Stages(Mutex<Vec<Stage>>);
    ///
    /// impl Progress for Stages {
    ///     fn advance(&self, stage: Stage, _done: usize, _total: usize) {
    ///         self.0.lock().unwrap().push(stage);
    ///     }
    /// }
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let stages = Stages::default();
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build()?;
    /// tsne.affinities_with(Rows::new(&data, 60, 5)?, Context::new().with_progress(&stages))?;
    /// assert!(stages.0.lock().unwrap().contains(&Stage::Affinities));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn affinities_with<'a>(&self, x: impl Into<Input<'a, T>>, cx: Context<'_>) -> Result<AffinityIndex<T>> {
        let x = x.into();
        let parameters = &self.parameters;
        let keep = Keep { data: parameters.keep_data, neighbors: usize::MAX };
        let seed = parameters.random_state.unwrap_or_default().draw();
        self.check_memory(&x, AFFINITIES, cx)?;
        let index = threads::run(parameters.optimize.n_jobs, || {
            self.check_team(&x, cx)?;
            let whole = self.together(&x, cx)?;
            self.index(whole.as_ref().unwrap_or(&x), keep, of_first(seed, cx)?, cx)
        })?;
        Ok(Arc::unwrap_or_clone(index))
    }

    fn index(&self, x: &Input<'_, T>, keep: Keep, seed: u64, cx: Context<'_>) -> Result<Arc<AffinityIndex<T>>> {
        let parameters = &self.parameters;
        let n_jobs = parameters.optimize.n_jobs;
        let recipe = || {
            Ok::<_, Error>(Recipe {
                method: parameters.method()?,
                metric: parameters.metric.clone(),
                neighbors: parameters.neighbors.clone(),
                k_neighbors: parameters.k_neighbors,
                random_state: seed,
            })
        };
        Ok(match x {
            Input::Data(data) => Arc::new(AffinityIndex::of_data(data, recipe()?, keep, n_jobs, cx)?),
            Input::Graph(graph) => {
                let own = own_graph(graph, cx)?;
                let given = own.as_ref().unwrap_or(graph);
                let index = AffinityIndex::of_graph(Cow::Borrowed(given), recipe()?, n_jobs, cx)?;
                // Neighbors that were lent are copied only where they are kept.
                match keep.neighbors {
                    0 => Arc::new(index),
                    _ => Arc::new(index.with_graph(&Arc::new(own.unwrap_or_else(|| (*graph).clone())), keep)?),
                }
            }
            Input::SharedGraph(graph) => {
                let own = own_graph(graph, cx)?.map_or_else(|| Arc::clone(graph), Arc::new);
                let index = AffinityIndex::of_graph(Cow::Borrowed(&own), recipe()?, n_jobs, cx)?;
                Arc::new(index.with_graph(&own, keep)?)
            }
            Input::Affinities(joint) => {
                Arc::new(AffinityIndex::of_affinities(Arc::clone(joint), recipe()?, n_jobs, cx)?)
            }
            Input::Index(index) => match own_affinities(&index.joint, cx)? {
                Some(own) => {
                    let graph = index.graph.as_ref().map(|graph| own_graph(graph, cx)).transpose()?.flatten();
                    Arc::new(index.with_parts(own, graph.map(Arc::new)))
                }
                None => Arc::clone(index),
            },
        })
    }

    /// Checks that all members of a team have the same input and parameters: else their messages would not fit together.
    fn check_team(&self, x: &Input<'_, T>, cx: Context<'_>) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        // What is dealt out is another on each member: data, and affinities that were made in the team.
        let data = match x {
            Input::Data(data) => data.own_rows()?,
            _ => None,
        };
        cx.agree("input (dealt out or not)", u64::from(data.is_some()))?;
        if let Some(rows) = data {
            rows.check(cx)?;
        } else {
            let is_dealt = cx.gather_one(u8::from(x.joint().is_some_and(|p| p.check_own(cx).is_ok())))?;
            match is_dealt.contains(&0) {
                true => cx.agree("input", fingerprint(x)?)?,
                false => cx.agree("number of points", x.n() as u64)?,
            }
        }
        let mut parameters = self.parameters.clone();
        // How many threads each has is its own affair; positions are compared as numbers, once they are there.
        parameters.optimize.n_jobs = None;
        if matches!(parameters.initialization, Initialization::Given(_)) {
            parameters.initialization = Initialization::Random;
        }
        let text = format!("{parameters:?} {}", env!("CARGO_PKG_VERSION"));
        cx.agree("parameters", of_text(&text))
    }

    /// Data that are dealt out to a team with all rows, where one of the stages asks for these. `None` where the input is taken as it is.
    fn together<'x>(&self, x: &'x Input<'_, T>, cx: Context<'_>) -> Result<Option<Input<'x, T>>> {
        let Input::Data(data) = x else { return Ok(None) };
        let Some(rows) = data.own_rows()? else { return Ok(None) };
        if cx.members() < 2 {
            // The members of a team were checked with it.
            rows.check(cx)?;
        }
        if cx.members() > 1 && self.takes_dealt(rows.n(), rows.d()) {
            return Ok(None);
        }
        Ok(data.together(cx)?.map(Input::Data))
    }

    /// Whether the stages of a fit ask for no rows but those of each member, of data that are dealt out.
    pub(crate) fn takes_dealt(&self, n: usize, d: usize) -> bool {
        let parameters = &self.parameters;
        let is_custom = matches!(parameters.initialization, Initialization::Custom(_));
        parameters.neighbors.search(&parameters.metric, 0).takes_dealt(n, d) && !parameters.keep_data && !is_custom
    }

    /// Affinities and initial positions.
    fn start(&self, x: Input<'_, T>, cx: Context<'_>) -> Result<Embedding<T, D>> {
        let parameters = &self.parameters;
        let n = x.n();
        if n < 2 {
            return Err(Error::too_few_points(n, 2));
        }
        // Before the neighbor search: a wrong shape should not cost minutes.
        if let Initialization::Given(positions) = &parameters.initialization {
            if positions.len() != n {
                return Err(Error::shape("initialization", n, positions.len()));
            }
            check_embedding(positions)?;
        }
        self.check_memory(&x, FIT, cx)?;
        self.check_team(&x, cx)?;
        let given = !matches!(parameters.random_state, None | Some(RandomState::Fresh));
        let seed = match &x {
            // That of its neighbors, so that one number stands for the whole fit.
            Input::Index(index) if !given => index.random_state(),
            _ => parameters.random_state.unwrap_or_default().draw(),
        };
        let seed = of_first(seed, cx)?;
        let keep = Keep { data: parameters.keep_data, neighbors: parameters.keep_neighbors };
        let whole = self.together(&x, cx)?;
        let x = whole.as_ref().unwrap_or(&x);
        let index = self.index(x, keep, seed, cx)?;
        let clock = Instant::now();
        let mut warnings = Vec::new();
        let begun = self.initial_positions(x, &index, seed, &mut warnings, cx)?;
        // What all have computed alike: processors of other kinds may not have.
        if cx.members() > 1 {
            cx.agree("start of the map", of_positions(&begun.positions))?;
        }
        let durations = index.durations;
        let kernel = Kernel::new(parameters.dof)?;
        let beginning = if begun.optimizer.is_some() { Beginning::Points } else { Beginning::Elsewhere };
        // One of the user's own begins anew.
        let optimizer = begun.optimizer.filter(|_| parameters.optimize.optimizer.is_none());
        let optimizer =
            optimizer.map(|optimizer| OptimizerState::given(optimizer, None, index.joint.n())).transpose()?;
        let mut embedding = Embedding::start(begun.positions, index, kernel, &parameters.optimize, optimizer);
        (embedding.random_state, embedding.run.beginning) = (seed, beginning);
        embedding.run.warnings.extend(warnings);
        (embedding.timings.neighbors, embedding.timings.affinities) = durations;
        embedding.timings.initialization = clock.elapsed();
        Ok(embedding)
    }

    fn initial_positions(
        &self,
        x: &Input<'_, T>,
        index: &AffinityIndex<T>,
        seed: u64,
        warnings: &mut Vec<Warning>,
        cx: Context<'_>,
    ) -> Result<Begun<T, D>> {
        let (n, std) = (index.n(), self.parameters.initialization_std);
        cx.check()?;
        cx.advance(Stage::Initialization, 0, 1);
        let coordinates = x.coordinates(index)?;
        let scaled = |positions| initialization::scaled(positions, std, self.parameters.initialization_jitter, seed);
        let positions = match (&self.parameters.initialization, coordinates) {
            (Initialization::Given(positions), _) => {
                warnings.extend((0..D).filter_map(|axis| {
                    let std = spread(positions, axis);
                    (std > LARGE_SPREAD).then_some(Warning::InitialSpread { axis, std })
                }));
                warnings.extend(initialization::degenerate(positions));
                memory::copied("given positions", positions)?
            }
            (Initialization::Custom(custom), _) => {
                let mut start = Start::new(&index.joint);
                (start.points, start.random_state, start.context) = (coordinates, seed, cx);
                let positions = custom.positions(&start)?;
                warnings.extend(initialization::degenerate(&positions));
                positions
            }
            (Initialization::Random, _) => initialization::random(n, std, seed)?,
            (Initialization::Coarse, coordinates) => {
                let kernel = Kernel::new(self.parameters.dof)?;
                let begun = initialization::begin(&index.joint, coordinates, kernel, seed, cx)?;
                cx.advance(Stage::Initialization, 1, 1);
                return Ok(begun);
            }
            (Initialization::Pca, Some(coordinates)) => scaled(initialization::pca(coordinates, seed, cx)?)?,
            (chosen @ (Initialization::Pca | Initialization::Spectral), _) => {
                if matches!(chosen, Initialization::Pca) {
                    warnings.push(Warning::SpectralInitialization);
                }
                scaled(initialization::spectral(&index.joint, seed, cx)?)?
            }
        };
        cx.advance(Stage::Initialization, 1, 1);
        Ok(positions.into())
    }
}

/// The standard deviation of positions along an axis.
fn spread<T: Float, const D: usize>(positions: &[[T; D]], axis: usize) -> f64 {
    let n = positions.len() as f64;
    let values = || positions.iter().map(|position| position[axis].to_f64());
    let mean = values().map(|v| v / n).sum::<f64>();
    values().map(|v| (v - mean) * (v - mean) / n).sum::<f64>().sqrt()
}

/// The seed of the first member of a team: a fresh one is another for each.
fn of_first(seed: u64, cx: Context<'_>) -> Result<u64> {
    Ok(cx.gather_one(seed)?.first().copied().unwrap_or(seed))
}
