//! A stretch of the descent, as the methods of embeddings take it.

use crate::callbacks::{Callback, Listeners};
use crate::options::{CustomRepulsion, LearningRate};
use crate::{Float, NegativeGradientMethod, Preset, threads};
use tsne_bh::BarnesHut;
use tsne_core::{Context, Error, Observer, Progress, Result, Stage};
use tsne_fft::{GridParams, Interpolation};
use tsne_optim::{Descent, Momentum, MomentumGains, Objective, Outcome, Phase};

/// The parameters of [`Embedding::optimize`](crate::Embedding::optimize) and
/// [`PartialEmbedding::optimize`](crate::PartialEmbedding::optimize).
///
/// Start from those of the normal phase that the embedding was made with, and change what should differ in this call; nothing
/// of it stays for the next ([`Tsne::early_params`](crate::Tsne::early_params) has those of the early phase):
///
/// ```
/// use tsne::{Preset, Rows, Tsne};
///
/// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let tsne = Tsne::preset(Preset::OpenTsne).perplexity(10.0).build()?;
/// let mut embedding = tsne.prepare_initial(Rows::new(&data, 60, 5)?)?;
/// embedding.optimize(&embedding.params().n_iter(50).exaggeration(12.0))?;
/// embedding.optimize(&embedding.params().n_iter(100).exaggeration(4.0).learning_rate(20.0))?;
/// assert_eq!(embedding.iterations(), 150);
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OptimizeParams<T, const D: usize> {
    /// The preset that they started from.
    pub(crate) preset: Preset,
    pub(crate) n_iter: usize,
    pub(crate) learning_rate: LearningRate,
    pub(crate) exaggeration: Option<f64>,
    pub(crate) momentum: f64,
    pub(crate) momentum_rule: Momentum,
    pub(crate) min_grad_norm: Option<f64>,
    pub(crate) max_grad_norm: Option<f64>,
    pub(crate) max_step_norm: Option<f64>,
    pub(crate) min_kl_improvement: Option<f64>,
    pub(crate) negative_gradient_method: NegativeGradientMethod,
    pub(crate) custom_repulsion: Option<CustomRepulsion<T, D>>,
    pub(crate) force_tolerance: Option<f64>,
    pub(crate) theta: f64,
    pub(crate) grid: GridParams,
    pub(crate) callbacks: Vec<Callback<T, D>>,
    pub(crate) callbacks_every_iters: usize,
    pub(crate) n_jobs: i32,
    pub(crate) random_state: u64,
}

/// Setters of the fields of the same name. `= value, not other` adds the doc test that `value` passes the check and that
/// `other` is an error which names the parameter; where no value is wrong, the example stands in the comment.
macro_rules! params {
    ($($(#[$doc:meta])* $name:ident: $argument:ty $(= $value:expr, not $other:expr)?;)*) => {
        $(
            $(#[$doc])*
            $(
                #[doc = concat!(
                    "\n# Examples\n\n```\nuse tsne::{Error, Tsne};\n\n",
                    "let params = Tsne::<f32, 2>::builder().build()?.params();\n",
                    "assert!(params.clone().", stringify!($name), "(", stringify!($value), ").check().is_ok());\n",
                    "let error = params.", stringify!($name), "(", stringify!($other), ").check().unwrap_err();\n",
                    "assert!(matches!(error, Error::Parameter { name: \"", stringify!($name), "\", .. }));\n",
                    "# Ok::<(), Error>(())\n```"
                )]
            )?
            #[must_use]
            pub fn $name(mut self, $name: $argument) -> Self {
                self.$name = $name.into();
                self
            }
        )*
    };
}

impl<T: Float, const D: usize> OptimizeParams<T, D> {
    params! {
        /// The number of iterations.
        ///
        /// # Examples
        ///
        /// ```
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// embedding.optimize(&embedding.params().n_iter(7))?;
        /// assert_eq!(embedding.iterations(), 7);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        n_iter: usize;
        /// The learning rate, for gradients without the factor 4: a number, [`LearningRate::Auto`] or a multiple of it, which is
        /// `n / exaggeration` for an embedding and 0.1 for a partial one.
        learning_rate: impl Into<LearningRate> = 50.0, not 0.0;
        /// The factor on the attraction, from 1e-6 to 1e6; `None` is 1.
        exaggeration: impl Into<Option<f64>> = 2.0, not -1.0;
        /// The momentum, from 0 to below 1.
        momentum: f64 = 0.5, not 1.0;
        /// The form of momentum. The state of the optimizer serves both.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::Momentum;
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// embedding.optimize(&embedding.params().momentum_rule(Momentum::Nesterov).n_iter(7))?;
        /// assert_eq!(embedding.optimizer().momentum(), Momentum::Nesterov);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        momentum_rule: Momentum;
        /// Ends the descent when the norm of the whole gradient is below this; `None` never does.
        min_grad_norm: impl Into<Option<f64>> = 1e-7, not -1.0;
        /// Scales gradients of single points that are longer than this down to it; `None` leaves them.
        max_grad_norm: impl Into<Option<f64>> = 0.25, not 0.0;
        /// Scales steps of single points that are longer than this, in units of the map, down to it; `None` leaves them.
        max_step_norm: impl Into<Option<f64>> = 1.0, not 0.0;
        /// Ends the descent when an iteration lowers the KL divergence by less than this fraction of it, on average over 25
        /// iterations ([`Phase::min_kl_improvement`]); `None` never does. 2e-4 is the rule of opt-SNE (Belkina et al. 2019).
        min_kl_improvement: impl Into<Option<f64>> = 2e-4, not -1.0;
        /// How the repulsion is computed, unless a [`custom_repulsion`](Self::custom_repulsion) is set, which goes before.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::NegativeGradientMethod;
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// embedding.optimize(&embedding.params().negative_gradient_method(NegativeGradientMethod::BarnesHut).n_iter(7))?;
        /// assert_eq!(embedding.negative_gradient_method(), NegativeGradientMethod::BarnesHut);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        negative_gradient_method: NegativeGradientMethod;
        /// A repulsion of your own in place of that method; `None` for none. New points do not use it.
        ///
        /// # Examples
        ///
        /// ```
        /// use tsne::{CustomRepulsion, optim::Exact};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// let mut same = embedding.clone();
        /// embedding.optimize(&embedding.params().custom_repulsion(CustomRepulsion::new(Exact::new)).n_iter(7))?;
        /// same.optimize(&same.params().n_iter(7))?; // So few points are summed exactly anyway.
        /// assert_eq!(embedding.positions(), same.positions());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        custom_repulsion: impl Into<Option<CustomRepulsion<T, D>>>;
        /// The relative error of the repulsive force (root mean square) that is acceptable, from 0.0001 to 0.5, from which
        /// the threshold of Barnes-Hut and spacing and order of the grid follow; `None` leaves them to their own parameters.
        force_tolerance: impl Into<Option<f64>> = 0.01, not 0.0;
        /// The threshold of Barnes-Hut, not negative; 0 is exact.
        theta: f64 = 0.3, not -1.0;
        /// Functions that see the descent every [`callbacks_every_iters`](Self::callbacks_every_iters) iterations and may
        /// stop it.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::ops::ControlFlow;
        /// use tsne::{Callback, Finish};
        ///
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// let stop = Callback::new(|_| ControlFlow::Break(()));
        /// let params = embedding.params().callbacks(vec![stop]).callbacks_every_iters(5).n_iter(20);
        /// assert_eq!(embedding.optimize(&params)?, Finish::Stopped);
        /// assert_eq!(embedding.iterations(), 5);
        /// # Ok::<(), tsne::Error>(())
        /// ```
        callbacks: Vec<Callback<T, D>>;
        /// The iterations from one call of the callbacks to the next, at least 1.
        callbacks_every_iters: usize = 10, not 0;
        /// The number of threads in scikit-learn's convention: -1 all processors, -2 all but one. 0 is an error.
        n_jobs: i32 = -2, not 0;
        /// Taken for openTSNE's sake and without effect: nothing in a descent is random.
        ///
        /// # Examples
        ///
        /// ```
        /// # let data: Vec<f32> = (0..60).map(|i| ((i * 7919) % 101) as f32).collect();
        /// # let tsne = tsne::Tsne::preset(tsne::Preset::OpenTsne).perplexity(3.0).build()?;
        /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 12, 5)?)?;
        /// let other = embedding.optimized(&embedding.params().n_iter(7).random_state(42))?;
        /// assert_eq!(other.positions(), embedding.optimized(&embedding.params().n_iter(7))?.positions());
        /// # Ok::<(), tsne::Error>(())
        /// ```
        random_state: u64;
    }

    /// Nodes per cell of the grid and axis, 1 to 9.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// let params = Tsne::<f32, 2>::builder().build()?.params();
    /// assert!(params.clone().n_interpolation_points(5).check().is_ok());
    /// assert!(params.n_interpolation_points(10).check().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn n_interpolation_points(mut self, n_interpolation_points: usize) -> Self {
        self.grid.n_interpolation_points = n_interpolation_points;
        self
    }

    /// The smallest number of cells of the grid along the longer side of the map; three dimensions allow some 15.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// let params = Tsne::<f32, 2>::builder().build()?.params();
    /// assert!(params.clone().min_num_intervals(30).check().is_ok());
    /// assert!(params.min_num_intervals(0).check().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn min_num_intervals(mut self, min_num_intervals: usize) -> Self {
        self.grid.min_num_intervals = min_num_intervals;
        self
    }

    /// The side of a cell of the grid, in units of the map.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::Tsne;
    ///
    /// let params = Tsne::<f32, 2>::builder().build()?.params();
    /// assert!(params.clone().ints_in_interval(0.5).check().is_ok());
    /// assert!(params.ints_in_interval(0.0).check().is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn ints_in_interval(mut self, ints_in_interval: f64) -> Self {
        self.grid.ints_in_interval = ints_in_interval;
        self
    }

    /// The interpolation of the grid.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Interpolation, NegativeGradientMethod};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::builder().perplexity(10.0).build()?;
    /// # let mut embedding = tsne.prepare_initial(tsne::Rows::new(&data, 60, 5)?)?;
    /// let params = embedding.params().negative_gradient_method(NegativeGradientMethod::Fft).n_iter(3);
    /// let splines = embedding.optimized(&params)?;
    /// let polynomials = embedding.optimized(&params.interpolation(Interpolation::Lagrange))?;
    /// assert_ne!(splines.positions(), polynomials.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.grid.interpolation = interpolation;
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
    /// assert!(params.momentum(1.5).check().unwrap_err().to_string().starts_with("momentum is 1.5, but must be"));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn check(&self) -> Result<()> {
        match self.learning_rate {
            LearningRate::Auto => {}
            LearningRate::Scaled(number) | LearningRate::Fixed(number) => positive("learning_rate", number)?,
        }
        exaggeration("exaggeration", self.factor())?;
        momentum("momentum", self.momentum)?;
        self.phase(1.0).check()?;
        self.grid_params().check()?;
        BarnesHut::<T, 2>::new(self.theta)?;
        if self.callbacks_every_iters == 0 {
            return Err(Error::parameter("callbacks_every_iters", 0, "at least 1"));
        }
        threads::check(self.n_jobs)?;
        let method = self.negative_gradient_method;
        if method == NegativeGradientMethod::Custom && self.custom_repulsion.is_none() {
            let allowed = "chosen by setting custom_repulsion: it names a repulsion of your own";
            return Err(Error::parameter("negative_gradient_method", "custom", allowed));
        }
        if D > 3
            && self.custom_repulsion.is_none()
            && matches!(method, NegativeGradientMethod::BarnesHut | NegativeGradientMethod::Fft)
        {
            let allowed = "1, 2 or 3 for Barnes-Hut and the grid: choose the exact repulsion beyond";
            return Err(Error::parameter("n_components", D, allowed));
        }
        Ok(())
    }

    pub(crate) fn factor(&self) -> f64 {
        self.exaggeration.unwrap_or(1.0)
    }

    /// The phase; `auto` is the automatic learning rate without exaggeration.
    pub(crate) fn phase(&self, auto: f64) -> Phase {
        let exaggeration = self.factor();
        let learning_rate = match self.learning_rate {
            LearningRate::Auto => auto / exaggeration,
            LearningRate::Scaled(factor) => factor * (auto / exaggeration),
            LearningRate::Fixed(rate) => rate,
        };
        Phase::default()
            .iterations(self.n_iter)
            .exaggeration(exaggeration)
            .learning_rate(learning_rate)
            .momentum(self.momentum)
            .max_grad_norm(self.max_grad_norm)
            .min_grad_norm(self.min_grad_norm)
            .max_step_norm(self.max_step_norm)
            .min_kl_improvement(self.min_kl_improvement)
    }
}

pub(crate) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(Error::parameter(name, value, "positive and finite")) }
}

/// Factors that leave room for the products of a descent in `f32`; typical ones are 1 to 32.
pub(crate) fn exaggeration(name: &'static str, value: f64) -> Result<()> {
    if (1e-6..=1e6).contains(&value) {
        Ok(())
    } else {
        Err(Error::parameter(name, value, "from 0.000001 to 1000000 (1 is none, 12 the usual early one)"))
    }
}

pub(crate) fn momentum(name: &'static str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) { Ok(()) } else { Err(Error::parameter(name, value, "from 0 to below 1")) }
}

/// What moves: positions, their optimizer, and the buffers of the descent.
pub(crate) struct Moving<'a, T, const D: usize> {
    pub(crate) descent: Descent<T, D>,
    pub(crate) optimizer: &'a mut MomentumGains<T, D>,
    pub(crate) positions: &'a mut Vec<[T; D]>,
}

/// One stretch of a descent that may have several: how many iterations lie before it, and in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) before: usize,
    pub(crate) total: usize,
}

impl<T: Float, const D: usize> Moving<'_, T, D> {
    /// Runs one stretch. `auto` is the automatic learning rate without exaggeration.
    pub(crate) fn run(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        (params, auto): (&OptimizeParams<T, D>, f64),
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        stretch: Stretch,
        cx: Context<'_>,
    ) -> Result<Outcome> {
        self.run_phase(objective, (params, &params.phase(auto)), observer, stretch, cx)
    }

    /// Runs one stretch whose numbers are those of `phase`.
    pub(crate) fn run_phase(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        (params, phase): (&OptimizeParams<T, D>, &Phase),
        observer: Option<&mut (dyn Observer<T, D> + Send)>,
        stretch: Stretch,
        cx: Context<'_>,
    ) -> Result<Outcome> {
        let progress = Shifted { cx, stretch };
        let inner = Context::new().with_progress(&progress);
        let inner = match cx.cancel_token() {
            Some(token) => inner.with_cancel(token),
            None => inner,
        };
        self.optimizer.set_momentum(params.momentum_rule);
        let mut listeners =
            Listeners { callbacks: &params.callbacks, every: params.callbacks_every_iters.max(1), observer };
        self.descent.run(objective, self.optimizer, self.positions, phase, Some(&mut listeners), inner)
    }

    /// The divergence of the positions where the last outcome does not have it.
    pub(crate) fn kl_divergence(
        &mut self,
        objective: &mut dyn Objective<T, D>,
        known: Option<f64>,
        cx: Context<'_>,
    ) -> Result<f64> {
        match known {
            Some(kl_divergence) => Ok(kl_divergence),
            None => self.descent.kl_divergence(objective, self.positions, cx),
        }
    }
}

/// Counts the iterations of all stretches together.
struct Shifted<'a> {
    cx: Context<'a>,
    stretch: Stretch,
}

impl Progress for Shifted<'_> {
    fn advance(&self, stage: Stage, done: usize, _: usize) {
        self.cx.advance(stage, self.stretch.before + done, self.stretch.total);
    }
}
