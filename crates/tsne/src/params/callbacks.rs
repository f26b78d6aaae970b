//! Callbacks, and how several listeners share one descent.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use tsne_core::{Iteration, Observer, Scalar};

/// A function that sees the descent every
/// [`callbacks_every_iters`](crate::TsneBuilder::callbacks_every_iters) iterations and may stop it with
/// [`ControlFlow::Break`].
///
/// It is shared by all fits with the same parameters, also at the same time, so it takes no `&mut`: keep what it collects
/// behind a mutex or a channel. For a listener of one call with state of its own there is [`Observer`].
///
/// In a fit it sees both phases, each with iterations counted from 1. The divergence that it is shown is never exaggerated, so it
/// may rise in the early phase, where another function is minimized: a rule that waits for it to settle belongs in
/// the normal phase, optimized by itself ([`Schedule::normal`](crate::Schedule::normal)).
///
/// # Examples
///
/// Stop when a look every ten iterations finds it lower by less than a thousandth:
///
/// ```
/// use std::ops::ControlFlow;
/// use std::sync::Mutex;
/// use tsne::{Callback, Finish, Preset, Rows, Tsne};
///
/// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let tsne = Tsne::<_, 2>::opentsne().perplexity(4.0).build()?;
/// let mut embedding = tsne.prepare_initial(Rows::new(&data[..100], 20, 5)?)?;
/// embedding.optimize(tsne.schedule().early())?;
/// let last = Mutex::new(f64::INFINITY);
/// let settled = Callback::new(move |iteration| {
///     let Ok(mut last) = last.lock() else { return ControlFlow::Break(()) };
///     let before = std::mem::replace(&mut *last, iteration.kl_divergence);
///     if *last < 0.999 * before { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
/// });
/// let finish = embedding.optimize(embedding.params().n_iter(5000).callbacks(settled).callbacks_every_iters(10))?;
/// assert_eq!(finish, Finish::Stopped);
/// # Ok::<(), tsne::Error>(())
/// ```
pub struct Callback<T, const D: usize>(Arc<Function<T, D>>);

type Function<T, const D: usize> = dyn Fn(&Iteration<'_, T, D>) -> ControlFlow<()> + Send + Sync;

impl<T, const D: usize> Callback<T, D> {
    /// A callback that calls `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Callback, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let stop = Callback::new(|iteration| {
    ///     if iteration.kl_divergence < 2.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// });
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).callbacks(vec![stop]).build()?;
    /// assert!(tsne.fit(Rows::new(&data, 60, 5)?)?.iterations() < 150);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(f: impl Fn(&Iteration<'_, T, D>) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }
}

impl<T, const D: usize> Clone for Callback<T, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, const D: usize> fmt::Debug for Callback<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

/// Functions that see a descent: none, one, or several.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use tsne::{Callback, Callbacks};
///
/// let go_on = || Callback::<f32, 2>::new(|_| ControlFlow::Continue(()));
/// assert_eq!((Callbacks::from(go_on()).len(), Callbacks::from(vec![go_on(), go_on()]).len()), (1, 2));
/// assert!(Callbacks::<f32, 2>::default().is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Callbacks<T, const D: usize>(Vec<Callback<T, D>>);

impl<T, const D: usize> Callbacks<T, D> {
    /// Their number.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne::Callbacks::<f32, 2>::from(Vec::new()).len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(tsne::Callbacks::<f32, 2>::from(Vec::new()).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const D: usize> Default for Callbacks<T, D> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const D: usize> From<Callback<T, D>> for Callbacks<T, D> {
    fn from(callback: Callback<T, D>) -> Self {
        Self(vec![callback])
    }
}

impl<T, const D: usize> From<Vec<Callback<T, D>>> for Callbacks<T, D> {
    fn from(callbacks: Vec<Callback<T, D>>) -> Self {
        Self(callbacks)
    }
}

impl<T, const N: usize, const D: usize> From<[Callback<T, D>; N]> for Callbacks<T, D> {
    fn from(callbacks: [Callback<T, D>; N]) -> Self {
        Self(callbacks.into())
    }
}

/// Several observers as one: each is called when it wants to be, all of them before the descent stops, which it does when
/// one asks for it.
///
/// # Examples
///
/// ```
/// use std::ops::ControlFlow;
/// use tsne::{Context, Iteration, Observers, Preset, Rows, Tsne};
///
/// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// let (mut divergences, mut frames) = (Vec::new(), Vec::new());
/// let mut log = |iteration: &Iteration<'_, f32, 2>| {
///     divergences.push(iteration.kl_divergence);
///     ControlFlow::Continue(())
/// };
/// let mut film = |iteration: &Iteration<'_, f32, 2>| {
///     frames.push(iteration.embedding.to_vec());
///     ControlFlow::Continue(())
/// };
/// let mut observers = Observers::new().every(25, &mut log).every(100, &mut film);
/// let tsne = Tsne::<_, 2>::opentsne().perplexity(10.0).n_iter(270).build()?;
/// tsne.fit_with(Rows::new(&data, 60, 5)?, Some(&mut observers), Context::new())?;
/// assert_eq!((divergences.len(), frames.len()), (10 + 10, 2 + 2));
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Default)]
pub struct Observers<'a, T, const D: usize>(Vec<Entry<'a, T, D>>);

struct Entry<'a, T, const D: usize> {
    /// 0 leaves it to the observer.
    every: usize,
    observer: &'a mut (dyn Observer<T, D> + Send),
}

impl<T, const D: usize> fmt::Debug for Observers<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observers").field(&self.0.len()).finish()
    }
}

impl<'a, T: Scalar, const D: usize> Observers<'a, T, D> {
    /// No observer yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Context, Observers, Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(3.0).build()?;
    /// let mut none = Observers::new();
    /// let embedding = tsne.fit_with(Rows::new(&data[..60], 12, 5)?, Some(&mut none), Context::new())?;
    /// assert_eq!(embedding.iterations(), 750);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// One more observer, called after the iterations that it [wants](Observer::wants).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Iteration, Observers, Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// // A closure wants every 50th iteration of each phase: none of 40, and two of 120.
    /// let mut seen = Vec::new();
    /// let mut log = |iteration: &Iteration<'_, f32, 2>| {
    ///     seen.push(iteration.index);
    ///     ControlFlow::Continue(())
    /// };
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(3.0).early_exaggeration_iter(40).n_iter(120).build()?;
    /// tsne.fit_with(Rows::new(&data[..60], 12, 5)?, Some(&mut Observers::new().with(&mut log)), Context::new())?;
    /// assert_eq!(seen, [50, 100]);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn with(self, observer: &'a mut (dyn Observer<T, D> + Send)) -> Self {
        self.every(0, observer)
    }

    /// One more observer, called every `iterations` iterations; 0 leaves it to what it [wants](Observer::wants).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use tsne::{Context, Iteration, Observers, Preset, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let mut seen = Vec::new();
    /// let mut log = |iteration: &Iteration<'_, f32, 2>| {
    ///     seen.push(iteration.index);
    ///     ControlFlow::Continue(())
    /// };
    /// let tsne = Tsne::<_, 2>::opentsne().perplexity(3.0).early_exaggeration_iter(30).n_iter(40).build()?;
    /// tsne.fit_with(Rows::new(&data[..60], 12, 5)?, Some(&mut Observers::new().every(30, &mut log)), Context::new())?;
    /// assert_eq!(seen, [30, 30]);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    #[must_use]
    pub fn every(mut self, iterations: usize, observer: &'a mut (dyn Observer<T, D> + Send)) -> Self {
        self.0.push(Entry { every: iterations, observer });
        self
    }
}

impl<T: Scalar, const D: usize> Entry<'_, T, D> {
    fn wants(&self, completed: usize) -> bool {
        if self.every == 0 { self.observer.wants(completed) } else { completed.is_multiple_of(self.every) }
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for Observers<'_, T, D> {
    fn about_to_start(&mut self, embedding: &[[T; D]], iterations: usize) {
        for entry in &mut self.0 {
            entry.observer.about_to_start(embedding, iterations);
        }
    }

    fn wants(&self, completed: usize) -> bool {
        self.0.iter().any(|entry| entry.wants(completed))
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        for entry in &mut self.0 {
            if entry.wants(iteration.index) && entry.observer.observe(iteration) == ControlFlow::Break(()) {
                flow = ControlFlow::Break(());
            }
        }
        flow
    }
}

/// The callbacks among the parameters, and the observer of one call.
pub(crate) struct Listeners<'c, 'o, T, const D: usize> {
    pub(crate) callbacks: &'c Callbacks<T, D>,
    pub(crate) every: usize,
    pub(crate) observer: Option<&'o mut (dyn Observer<T, D> + Send)>,
}

impl<T: Scalar, const D: usize> Listeners<'_, '_, T, D> {
    fn callbacks_want(&self, completed: usize) -> bool {
        !self.callbacks.is_empty() && completed.is_multiple_of(self.every)
    }
}

impl<T: Scalar, const D: usize> Observer<T, D> for Listeners<'_, '_, T, D> {
    fn about_to_start(&mut self, embedding: &[[T; D]], iterations: usize) {
        if let Some(observer) = self.observer.as_deref_mut() {
            observer.about_to_start(embedding, iterations);
        }
    }

    fn wants(&self, completed: usize) -> bool {
        self.callbacks_want(completed) || self.observer.as_ref().is_some_and(|observer| observer.wants(completed))
    }

    fn observe(&mut self, iteration: &Iteration<'_, T, D>) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        if self.callbacks_want(iteration.index) {
            for callback in &self.callbacks.0 {
                if (callback.0)(iteration) == ControlFlow::Break(()) {
                    flow = ControlFlow::Break(());
                }
            }
        }
        if let Some(observer) = self.observer.as_deref_mut().filter(|observer| observer.wants(iteration.index))
            && observer.observe(iteration) == ControlFlow::Break(())
        {
            flow = ControlFlow::Break(());
        }
        flow
    }
}
