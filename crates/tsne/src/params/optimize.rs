//! What an optimization is told.

use crate::float::Float;
use crate::params::callbacks::Callbacks;
use crate::params::optimizer::CustomOptimizer;
use crate::params::preset::Preset;
use crate::params::repulsion::{RepulsionMethod, RepulsionParams};
use crate::params::schedule::Schedule;
use crate::threads;
use tsne_core::{Error, Result};

/// The parameters of an optimization: its schedule, its repulsion, and how it runs.
///
/// Start from those that a map would take without any, [`Embedding::params`](crate::Embedding::params), and change what should
/// differ in this call; nothing of it stays for the next:
///
/// ```
/// use tsne::{Rows, Tsne};
///
/// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).build()?;
/// let mut embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
/// embedding.optimize(embedding.params().n_iter(50).exaggeration(12.0))?;
/// embedding.optimize(embedding.params().n_iter(100).exaggeration(4.0).learning_rate(20.0).negative_gradient_method("bh"))?;
/// embedding.optimize(100)?; // Without exaggeration, and with the repulsion of the fit.
/// assert_eq!(embedding.iterations(), 250);
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct OptimizeParams<T, const D: usize> {
    /// The course of the descent.
    pub schedule: Schedule,
    /// The repulsion.
    pub repulsion: RepulsionParams<T, D>,
    /// An optimizer of the user's own; `None` is the toolkit's.
    pub optimizer: Option<CustomOptimizer<T, D>>,
    /// Functions that see the descent and may stop it.
    pub callbacks: Callbacks<T, D>,
    /// The iterations from one call of them to the next.
    pub callbacks_every_iters: usize,
    /// The number of threads; `None` is the caller's pool.
    pub n_jobs: Option<i32>,
    /// The preset that the parameters started from.
    pub(crate) preset: Preset,
}

impl<T: Float, const D: usize> OptimizeParams<T, D> {
    /// Those of a fit with a preset's defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{OptimizeParams, Preset, Tsne};
    ///
    /// let params = OptimizeParams::<f32, 2>::preset(Preset::OpenTsne);
    /// assert_eq!(params.schedule, Tsne::<f32, 2>::opentsne().build()?.schedule());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn preset(preset: Preset) -> Self {
        let mut repulsion = RepulsionParams::default();
        if preset == Preset::Documented {
            repulsion.method = RepulsionMethod::Fft;
        }
        Self {
            schedule: preset.schedule(),
            repulsion,
            optimizer: None,
            callbacks: Callbacks::default(),
            callbacks_every_iters: 50,
            n_jobs: preset.n_jobs(),
            preset,
        }
    }

    schedule_setters! { [schedule] "tsne::OptimizeParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check" }
    repulsion_setters! { [repulsion] "tsne::OptimizeParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check" }
    run_setters! { [] "tsne::OptimizeParams::<f32, 2>::preset(tsne::Preset::Recommended)" "check" }

    /// The momentum of the normal phase: the name that a call of `optimize` has for [`final_momentum`](Self::final_momentum).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{OptimizeParams, Preset};
    ///
    /// let params = OptimizeParams::<f32, 2>::preset(Preset::OpenTsne).momentum(0.5);
    /// assert_eq!(params.schedule.final_momentum, Some(0.5));
    /// ```
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.schedule = self.schedule.momentum(momentum);
        self
    }

    /// Another schedule.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{OptimizeParams, Preset};
    ///
    /// let params = OptimizeParams::<f32, 2>::preset(Preset::OpenTsne);
    /// assert_eq!(params.schedule(Preset::Exaggerated.schedule()).schedule.iterations(), 300);
    /// ```
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Checks every parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for the first that is out of range, with its name, the value and what is allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// let params = Tsne::<f32, 2>::builder().build()?.params();
    /// assert_eq!(params.check(), Ok(()));
    /// assert!(params.momentum(1.5).check().unwrap_err().to_string().starts_with("final_momentum is 1.5, but must be"));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn check(&self) -> Result<()> {
        self.schedule.check()?;
        self.repulsion.check()?;
        if self.callbacks_every_iters == 0 {
            return Err(Error::parameter("callbacks_every_iters", 0, "at least 1"));
        }
        threads::check(self.n_jobs)
    }

    /// What is left to optimize a map further.
    pub(crate) fn further(&self) -> Self {
        Self { schedule: self.schedule.further(), ..self.clone() }
    }
}

/// What a call of [`Embedding::optimize`](crate::Embedding::optimize) or
/// [`PartialEmbedding::optimize`](crate::PartialEmbedding::optimize) is told: a number of iterations of the normal phase, a
/// [`Schedule`], or all parameters. What it does not name is that of [`Embedding::params`](crate::Embedding::params).
///
/// # Examples
///
/// ```
/// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
/// # let tsne = tsne::Tsne::<_, 2>::opentsne().perplexity(3.0).build()?;
/// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
/// embedding.optimize(tsne.schedule().early())?;
/// embedding.optimize(100)?;
/// embedding.optimize(embedding.params().n_iter(20).theta(0.2))?;
/// assert_eq!(embedding.iterations(), 250 + 100 + 20);
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Optimize<T, const D: usize>(Told<T, D>);

#[derive(Debug, Clone)]
enum Told<T, const D: usize> {
    Iterations(usize),
    Schedule(Box<Schedule>),
    Params(Box<OptimizeParams<T, D>>),
}

impl<T: Float, const D: usize> Optimize<T, D> {
    /// All parameters, checked: `kept` are those that a map has for further optimization.
    pub(crate) fn over(self, kept: &OptimizeParams<T, D>) -> Result<OptimizeParams<T, D>> {
        let params = match self.0 {
            Told::Iterations(n_iter) => kept.clone().n_iter(n_iter),
            Told::Schedule(schedule) => kept.clone().schedule(*schedule),
            Told::Params(params) => *params,
        };
        params.check()?;
        Ok(params)
    }
}

impl<T, const D: usize> From<usize> for Optimize<T, D> {
    fn from(n_iter: usize) -> Self {
        Self(Told::Iterations(n_iter))
    }
}

impl<T, const D: usize> From<Schedule> for Optimize<T, D> {
    fn from(schedule: Schedule) -> Self {
        Self(Told::Schedule(Box::new(schedule)))
    }
}

impl<T, const D: usize> From<&Schedule> for Optimize<T, D> {
    fn from(schedule: &Schedule) -> Self {
        schedule.clone().into()
    }
}

impl<T, const D: usize> From<OptimizeParams<T, D>> for Optimize<T, D> {
    fn from(params: OptimizeParams<T, D>) -> Self {
        Self(Told::Params(Box::new(params)))
    }
}

impl<T: Clone, const D: usize> From<&OptimizeParams<T, D>> for Optimize<T, D> {
    fn from(params: &OptimizeParams<T, D>) -> Self {
        params.clone().into()
    }
}
