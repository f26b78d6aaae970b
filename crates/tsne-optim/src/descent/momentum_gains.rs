//! The update rule of t-SNE.

use tsne_core::simd::{self, Task};
use tsne_core::{Context, Error, Optimizer, Result, Scalar, Step, blocks, chunks, memory};

/// Which form of momentum [`MomentumGains`] uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Momentum {
    /// The velocity is the step: `v' = m v - η g ∘ gains`, `y' = y + v'` (Jacobs 1988; openTSNE's rule).
    #[default]
    Classical,
    /// `y' = y + v' + m (v' - v)`: the gradient is always taken at the point to which the momentum will carry
    /// (Nesterov 1983, in the form of Sutskever et al. 2013 with the look-ahead point as the variable).
    Nesterov,
}

/// The update rule of t-SNE: momentum, and a gain for each coordinate that grows while the gradient and the velocity
/// disagree in sign (delta-bar-delta, Jacobs 1988).
///
/// A gain grows by 0.2 where the signs of velocity and gradient differ and becomes `0.8 gain + 0.01` where they agree,
/// with `sign(0) = 0` a sign of its own; it starts at 1. This is openTSNE's rule to the letter: the first step, with
/// velocity zero, counts as a difference, and 0.01 is added, not a lower bound (gains tend to no less than 0.05).
///
/// In an [adaptive](Step::adaptive) step the momentum gives way where it carries uphill. To second order the last step changed the
/// objective by `t = ½ Σ (g + g') · v`, with the gradient `g` that the velocity `v` was made of, and the one after it, `g'`: where
/// `t > 0`, all velocities are halved. (Restarts by the value of the function: O'Donoghue and Candès 2015, whose usual sign, that of
/// `Σ g' · v` alone, fails here: at the look-ahead point it is positive in healthy descents, whose stiff local modes have just
/// overshot.) 1,797 digits at perplexity 100, momentum 0.985: divergence 0.597 with it, 0.644 without; where nothing overshoots, it
/// changes nothing.
#[derive(Debug, Clone)]
pub struct MomentumGains<T, const D: usize> {
    momentum: Momentum,
    gains: Vec<[T; D]>,
    velocity: Vec<[T; D]>,
    steps: usize,
    slope: Option<f64>,
    partials: Vec<f64>,
}

/// Of the state; not of buffers.
impl<T: PartialEq, const D: usize> PartialEq for MomentumGains<T, D> {
    fn eq(&self, other: &Self) -> bool {
        let state = |rule: &Self| (rule.momentum, rule.steps, rule.slope);
        state(self) == state(other) && self.gains == other.gains && self.velocity == other.velocity
    }
}

/// What velocities are multiplied by where they carry uphill. From 0 to 0.9 it made no difference (KL divergence of digits at perplexity
/// 100 0.585, at dof 2 0.758, of 10,000 rows of Fashion-MNIST at dof 2 1.462 to 1.465); without the rule 0.589, 0.773 and 1.513.
const GIVING_WAY: f64 = 0.5;

/// What a gain grows by where velocity and gradient differ in sign (Jacobs 1988; the value is the one that all t-SNE
/// implementations share).
const GAIN_INCREASE: f64 = 0.2;
/// What a gain is multiplied by where the signs agree.
const GAIN_DECREASE: f64 = 0.8;
/// What is added to a gain where the signs agree.
const MIN_GAIN: f64 = 0.01;

impl<T: Scalar, const D: usize> MomentumGains<T, D> {
    /// The rule with no state yet: it prepares itself for the first embedding that it moves.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Momentum, MomentumGains, Optimizer, Step};
    ///
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[1.0f64]]);
    /// rule.reset(1)?;
    /// rule.step(Step::new(0.5, 0.8), &[[1.0]], &mut y, Context::new())?;
    /// assert!((y[0][0] - (1.0 - 0.5 * 1.2)).abs() < 1e-15); // The first gain is 1 + 0.2.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new(momentum: Momentum) -> Self {
        Self { momentum, gains: Vec::new(), velocity: Vec::new(), steps: 0, slope: None, partials: Vec::new() }
    }

    /// The rule with a state that was saved: the gains and velocities of `n` points.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the lengths differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Momentum, MomentumGains};
    ///
    /// let rule = MomentumGains::from_state(Momentum::Nesterov, vec![[1.5f32]], vec![[0.1]])?;
    /// assert_eq!(MomentumGains::from_state(rule.momentum(), rule.gains().to_vec(), rule.velocity().to_vec())?, rule);
    /// assert!(MomentumGains::from_state(Momentum::Nesterov, vec![[1.5f32]], vec![]).is_err());
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn from_state(momentum: Momentum, gains: Vec<[T; D]>, velocity: Vec<[T; D]>) -> Result<Self> {
        if gains.len() != velocity.len() {
            return Err(Error::shape("velocity", gains.len(), velocity.len()));
        }
        Ok(Self { gains, velocity, ..Self::new(momentum) })
    }

    /// The same state after so many [steps](Optimizer::steps).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Momentum, MomentumGains, Optimizer};
    ///
    /// let rule = MomentumGains::from_state(Momentum::Nesterov, vec![[1.5f32]], vec![[0.1]])?.with_steps(300);
    /// assert_eq!(rule.steps(), 300);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    #[must_use]
    pub const fn with_steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// The same state with the [`slope`](Self::slope) of its last step.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Momentum, MomentumGains};
    ///
    /// let rule = MomentumGains::from_state(Momentum::Nesterov, vec![[1.5f32]], vec![[0.1]])?.with_slope(-0.25);
    /// assert_eq!(rule.slope(), Some(-0.25));
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    #[must_use]
    pub fn with_slope(mut self, slope: impl Into<Option<f64>>) -> Self {
        self.slope = slope.into();
        self
    }

    /// The product of all velocities and the gradient that they were made of, if the last step was [adaptive](Step::adaptive).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Momentum, MomentumGains, Optimizer, Step};
    ///
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Nesterov), [[0.0f64]]);
    /// rule.reset(1)?;
    /// rule.step(Step::new(0.5, 0.8).with_adaptive(true), &[[1.0]], &mut y, Context::new())?;
    /// assert_eq!(rule.slope(), Some(-0.5 * 1.2)); // The first gain is 1 + 0.2.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub const fn slope(&self) -> Option<f64> {
        self.slope
    }

    /// The form of momentum.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Momentum, MomentumGains};
    ///
    /// assert_eq!(MomentumGains::<f32, 2>::new(Momentum::Nesterov).momentum(), Momentum::Nesterov);
    /// ```
    pub const fn momentum(&self) -> Momentum {
        self.momentum
    }

    /// The same state under another form of momentum.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Momentum, MomentumGains};
    ///
    /// let mut rule = MomentumGains::from_state(Momentum::Classical, vec![[1.5f32]], vec![[0.1]])?;
    /// rule.set_momentum(Momentum::Nesterov);
    /// assert_eq!((rule.momentum(), rule.gains()), (Momentum::Nesterov, &[[1.5]][..]));
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn set_momentum(&mut self, momentum: Momentum) {
        self.momentum = momentum;
    }

    /// The gain of each coordinate.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Momentum, MomentumGains, Optimizer, Step};
    ///
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[0.0f64]]);
    /// rule.reset(1)?;
    /// rule.step(Step::new(0.5, 0.8), &[[1.0]], &mut y, Context::new())?;
    /// assert_eq!(rule.gains(), [[1.2]]); // 1 + 0.2 after the first step.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn gains(&self) -> &[[T; D]] {
        &self.gains
    }

    /// The last step of each point (before the look-ahead of [`Momentum::Nesterov`]).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Context, Momentum, MomentumGains, Optimizer, Step};
    ///
    /// let (mut rule, mut y) = (MomentumGains::new(Momentum::Classical), [[0.0f64]]);
    /// rule.reset(1)?;
    /// rule.step(Step::new(0.5, 0.8), &[[1.0]], &mut y, Context::new())?;
    /// assert!((rule.velocity()[0][0] - y[0][0]).abs() < 1e-15); // From 0 by the first step.
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn velocity(&self) -> &[[T; D]] {
        &self.velocity
    }
}

impl<T: Scalar, const D: usize> Optimizer<T, D> for MomentumGains<T, D> {
    fn reset(&mut self, n: usize) -> Result<()> {
        self.gains.clear();
        self.velocity.clear();
        (self.steps, self.slope) = (0, None);
        memory::reserve("velocities", &mut self.velocity, n)?;
        memory::resize("gains", &mut self.gains, n, [T::ONE; D])?;
        self.velocity.resize(n, [T::ZERO; D]);
        Ok(())
    }

    fn n(&self) -> usize {
        self.gains.len()
    }

    fn steps(&self) -> usize {
        self.steps
    }

    fn step(&mut self, step: Step, gradient: &[[T; D]], y: &mut [[T; D]], cx: Context<'_>) -> Result<()> {
        let n = self.gains.len();
        if gradient.len() != n {
            return Err(Error::shape("gradient", n, gradient.len()));
        }
        if y.len() != n {
            return Err(Error::shape("embedding", n, y.len()));
        }
        // Before the step, the velocity is that which led here.
        let uphill = match self.slope.filter(|_| step.adaptive) {
            Some(before) => before + along(gradient, &self.velocity, &mut self.partials, cx)? > 0.0,
            None => false,
        };
        let kept = if uphill { GIVING_WAY } else { 1.0 };
        let rule = Rule {
            kept: T::from_f64(kept),
            learning_rate: T::from_f64(step.learning_rate),
            momentum: T::from_f64(step.momentum * kept),
            max_norm: step.max_norm.map(T::from_f64),
            look_ahead: T::from_f64(match self.momentum {
                Momentum::Classical => 0.0,
                Momentum::Nesterov => step.momentum,
            }),
        };
        // By coordinates, so that the loop is one for all dimensions.
        let [y, gains, velocity] =
            [y, &mut self.gains, &mut self.velocity].map(|points| (points.as_flattened_mut(), blocks::BLOCK * D));
        chunks::for_each3(y, gains, velocity, |b, y, gains, velocity| {
            let [y, gains, velocity] = [y, gains, velocity].map(|flat| flat.as_chunks_mut().0);
            simd::dispatch(Block { rule, y, gains, velocity, gradient: &gradient[blocks::range(b, n)] });
        });
        self.steps = self.steps.saturating_add(1);
        self.slope = match step.adaptive {
            true => Some(along(gradient, &self.velocity, &mut self.partials, cx)?),
            false => None,
        };
        Ok(())
    }
}

/// The product of a gradient and velocities, summed by blocks.
fn along<T: Scalar, const D: usize>(
    gradient: &[[T; D]],
    velocity: &[[T; D]],
    partials: &mut Vec<f64>,
    cx: Context<'_>,
) -> Result<f64> {
    blocks::map(partials, velocity.len(), |range| {
        let (gradient, velocity) = (gradient[range.clone()].as_flattened(), velocity[range].as_flattened());
        gradient.iter().zip(velocity).map(|(g, v)| g.to_f64() * v.to_f64()).sum::<f64>()
    });
    // Those of all members, whose points begin with a block each.
    *partials = cx.concat(std::mem::take(partials))?;
    Ok(partials.iter().fold(0.0, |sum, partial| sum + partial))
}

#[derive(Clone, Copy)]
struct Rule<T> {
    /// What velocities are multiplied by before the step.
    kept: T,
    learning_rate: T,
    momentum: T,
    max_norm: Option<T>,
    look_ahead: T,
}

struct Block<'a, T, const D: usize> {
    rule: Rule<T>,
    y: &'a mut [[T; D]],
    gains: &'a mut [[T; D]],
    velocity: &'a mut [[T; D]],
    gradient: &'a [[T; D]],
}

impl<T: Scalar, const D: usize> Task for Block<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rule, y, gains, velocity, gradient } = self;
        let increase = T::from_f64(GAIN_INCREASE);
        let decrease = T::from_f64(GAIN_DECREASE);
        let min_gain = T::from_f64(MIN_GAIN);
        for (((y, gain), v), g) in y.iter_mut().zip(gains).zip(velocity).zip(gradient) {
            let mut next = [T::ZERO; D];
            for c in 0..D {
                let differ = ((v[c] > T::ZERO) != (g[c] > T::ZERO)) | ((v[c] < T::ZERO) != (g[c] < T::ZERO));
                gain[c] = if differ { gain[c] + increase } else { gain[c] * decrease + min_gain };
                next[c] = rule.momentum * v[c] - rule.learning_rate * gain[c] * g[c];
            }
            if let Some(max_norm) = rule.max_norm {
                let norm2 = next.iter().fold(T::ZERO, |sum, &s| sum + s * s);
                if norm2 > max_norm * max_norm {
                    let scale = max_norm / norm(&next, norm2);
                    for s in &mut next {
                        *s *= scale;
                    }
                }
            }
            for c in 0..D {
                y[c] += next[c] + rule.look_ahead * (next[c] - rule.kept * v[c]);
            }
            *v = next;
        }
    }
}

/// The root of a squared norm; where the square has left the range of the numbers, by way of the largest component.
#[inline(always)]
fn norm<T: Scalar, const D: usize>(vector: &[T; D], norm2: T) -> T {
    if norm2.is_finite() {
        return norm2.sqrt();
    }
    let largest = vector.iter().fold(T::ZERO, |a, v| a.max(v.abs()));
    largest * vector.iter().fold(T::ZERO, |sum, &v| sum + (v / largest) * (v / largest)).sqrt()
}
