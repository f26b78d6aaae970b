//! The update rule: the toolkit's, or one of the user's own.

use std::fmt;
use std::mem::take;
use std::sync::Arc;
use tsne_core::{Error, Optimizer, Result, Scalar, memory};
use tsne_optim::{Momentum, MomentumGains};

/// Makes the optimizer of each map: an update rule of your own in place of [`MomentumGains`].
///
/// It gets learning rate, momentum and the longest step of each iteration from the schedule, and may use them or not; the
/// [`momentum_rule`](crate::TsneBuilder::momentum_rule) is not for it. A map keeps its optimizer from one call of
/// [`Embedding::optimize`](crate::Embedding::optimize) to the next; a clone of the map has a clone of it.
///
/// # Examples
///
/// ```
/// use tsne::core::{Context, Optimizer, Step};
/// use tsne::{CustomOptimizer, Result, Rows, Tsne};
///
/// /// Gradient descent without momentum; all that it keeps is the number of points.
/// #[derive(Clone)]
/// struct Plain(usize);
///
/// impl Optimizer<f64, 2> for Plain {
///     fn reset(&mut self, n: usize) -> Result<()> {
///         self.0 = n;
///         Ok(())
///     }
///
///     fn n(&self) -> usize {
///         self.0
///     }
///
///     fn step(&mut self, step: Step, gradient: &[[f64; 2]], y: &mut [[f64; 2]], _: Context<'_>) -> Result<()> {
///         y.iter_mut().zip(gradient).for_each(|(y, g)| (0..2).for_each(|c| y[c] -= step.learning_rate * g[c]));
///         Ok(())
///     }
/// }
///
/// let data: Vec<f64> = (0..100).map(|i| f64::from((i * 7919) % 101)).collect();
/// let tsne = Tsne::<f64, 2>::opentsne().perplexity(4.0).optimizer(CustomOptimizer::new(|| Plain(0))).build()?;
/// let embedding = tsne.fit(Rows::new(&data, 20, 5)?)?;
/// assert!(embedding.optimizer().is_none() && embedding.kl_divergence().is_finite());
/// # Ok::<(), tsne::Error>(())
/// ```
pub struct CustomOptimizer<T, const D: usize>(Arc<dyn Fn() -> Box<dyn Owned<T, D>> + Send + Sync>);

impl<T: Scalar, const D: usize> CustomOptimizer<T, D> {
    /// The optimizer that `make` makes, once for each map.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{CustomOptimizer, Momentum, MomentumGains, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let x = Rows::new(&data[..60], 12, 5)?;
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(3.0);
    /// let own = tsne.clone().optimizer(CustomOptimizer::new(|| MomentumGains::new(Momentum::Classical))).build()?;
    /// assert_eq!(own.fit(x)?.positions(), tsne.build()?.fit(x)?.positions());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new<O: Optimizer<T, D> + Clone + Sync + 'static>(make: impl Fn() -> O + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Box::new(make())))
    }
}

impl<T, const D: usize> Clone for CustomOptimizer<T, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, const D: usize> PartialEq for CustomOptimizer<T, D> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T, const D: usize> fmt::Debug for CustomOptimizer<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomOptimizer")
    }
}

/// An optimizer that can be copied though its type is not known.
trait Owned<T: Scalar, const D: usize>: Optimizer<T, D> + Sync {
    fn copied(&self) -> Box<dyn Owned<T, D>>;

    fn as_mut(&mut self) -> &mut dyn Optimizer<T, D>;
}

impl<T: Scalar, const D: usize, O: Optimizer<T, D> + Clone + Sync + 'static> Owned<T, D> for O {
    fn copied(&self) -> Box<dyn Owned<T, D>> {
        Box::new(self.clone())
    }

    fn as_mut(&mut self) -> &mut dyn Optimizer<T, D> {
        self
    }
}

/// The optimizer of a map, with its state.
pub(crate) struct OptimizerState<T, const D: usize>(Kind<T, D>);

enum Kind<T, const D: usize> {
    MomentumGains(MomentumGains<T, D>),
    Custom { made_by: CustomOptimizer<T, D>, optimizer: Box<dyn Owned<T, D>> },
}

impl<T: Scalar, const D: usize> OptimizerState<T, D> {
    /// A new one: of one's own if there is one.
    pub(crate) fn new(custom: Option<&CustomOptimizer<T, D>>, momentum_rule: Momentum) -> Self {
        Self(match custom {
            Some(custom) => Kind::Custom { made_by: custom.clone(), optimizer: (custom.0)() },
            None => Kind::MomentumGains(MomentumGains::new(momentum_rule)),
        })
    }

    /// The given one, for `n` points or none yet, unless parameters ask for another.
    pub(crate) fn given(
        optimizer: MomentumGains<T, D>,
        custom: Option<&CustomOptimizer<T, D>>,
        n: usize,
    ) -> Result<Self> {
        if custom.is_some() {
            let allowed = "left out of the parameters, or given alone: both are optimizers";
            return Err(Error::parameter("optimizer", "one of your own beside a given state", allowed));
        }
        match optimizer.n() {
            0 => {}
            state if state == n => {}
            state => return Err(Error::shape("optimizer state", n, state)),
        }
        Ok(Self(Kind::MomentumGains(optimizer)))
    }

    /// Makes it the one that parameters ask for: with its state, unless they ask for another one.
    pub(crate) fn become_of(&mut self, custom: Option<&CustomOptimizer<T, D>>, momentum_rule: Momentum) {
        match (&mut self.0, custom) {
            (Kind::MomentumGains(optimizer), None) => optimizer.set_momentum(momentum_rule),
            (Kind::Custom { made_by, .. }, Some(custom)) if made_by == custom => {}
            _ => *self = Self::new(custom, momentum_rule),
        }
    }

    pub(crate) fn as_mut(&mut self) -> &mut dyn Optimizer<T, D> {
        match &mut self.0 {
            Kind::MomentumGains(optimizer) => optimizer,
            Kind::Custom { optimizer, .. } => (**optimizer).as_mut(),
        }
    }

    /// The toolkit's own, if it is that.
    pub(crate) const fn momentum_gains(&self) -> Option<&MomentumGains<T, D>> {
        match &self.0 {
            Kind::MomentumGains(optimizer) => Some(optimizer),
            Kind::Custom { .. } => None,
        }
    }
}

impl<T: Scalar, const D: usize> Clone for OptimizerState<T, D> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::MomentumGains(optimizer) => Kind::MomentumGains(optimizer.clone()),
            Kind::Custom { made_by, optimizer } => {
                Kind::Custom { made_by: made_by.clone(), optimizer: (**optimizer).copied() }
            }
        })
    }
}

impl<T: fmt::Debug, const D: usize> fmt::Debug for OptimizerState<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::MomentumGains(optimizer) => optimizer.fmt(f),
            Kind::Custom { made_by, .. } => made_by.fmt(f),
        }
    }
}

/// A copy of an optimizer's state, to go back to. Its buffers are used again.
#[derive(Debug)]
pub(crate) struct SavedState<T, const D: usize> {
    kept: Option<OptimizerState<T, D>>,
    momentum_rule: Momentum,
    gains: Vec<[T; D]>,
    velocity: Vec<[T; D]>,
    steps: usize,
    slope: Option<f64>,
}

impl<T, const D: usize> Default for SavedState<T, D> {
    fn default() -> Self {
        let (gains, velocity) = (Vec::new(), Vec::new());
        Self { kept: None, momentum_rule: Momentum::default(), gains, velocity, steps: 0, slope: None }
    }
}

impl<T: Scalar, const D: usize> SavedState<T, D> {
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub(crate) fn save(&mut self, state: &OptimizerState<T, D>) -> Result<()> {
        self.gains.clear();
        self.velocity.clear();
        self.kept = match &state.0 {
            Kind::MomentumGains(optimizer) => {
                self.momentum_rule = optimizer.momentum();
                (self.steps, self.slope) = (optimizer.steps(), optimizer.slope());
                memory::copy_into("saved gains", &mut self.gains, optimizer.gains())?;
                memory::copy_into("saved velocities", &mut self.velocity, optimizer.velocity())?;
                None
            }
            Kind::Custom { .. } => Some(state.clone()),
        };
        Ok(())
    }

    /// Puts a copy of the saved state in place of `state`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`]; `state` is what it was.
    pub(crate) fn restore(&self, state: &mut OptimizerState<T, D>) -> Result<()> {
        let gains = memory::copied("gains", &self.gains)?;
        let velocity = memory::copied("velocities", &self.velocity)?;
        self.put(self.kept.clone(), (gains, velocity), state)
    }

    /// Puts the saved state itself in place of `state`, which takes no memory. Nothing is saved any more then.
    pub(crate) fn put_back(&mut self, state: &mut OptimizerState<T, D>) -> Result<()> {
        let (kept, gains, velocity) = (self.kept.take(), take(&mut self.gains), take(&mut self.velocity));
        self.put(kept, (gains, velocity), state)
    }

    fn put(
        &self,
        kept: Option<OptimizerState<T, D>>,
        (gains, velocity): (Vec<[T; D]>, Vec<[T; D]>),
        state: &mut OptimizerState<T, D>,
    ) -> Result<()> {
        *state = match kept {
            Some(kept) => kept,
            None => {
                let optimizer = MomentumGains::from_state(self.momentum_rule, gains, velocity)?;
                OptimizerState(Kind::MomentumGains(optimizer.with_steps(self.steps).with_slope(self.slope)))
            }
        };
        Ok(())
    }
}
