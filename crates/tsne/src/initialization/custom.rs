//! Starting positions of one's own.

use std::fmt;
use std::sync::Arc;
use tsne_core::{Affinities, Context, Error, Points, Result, Scalar, check_embedding};

/// What there is to start a map from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Start<'a, T> {
    /// The joint affinities of the points, as many as there are columns: in a [`Team`](tsne_core::Team) the rows are those of this
    /// member's points, while all members return the positions of all.
    pub affinities: &'a Affinities<T>,
    /// The data points, less their [offset](crate::Dataset::offset); `None` where a graph, affinities or distances were given.
    pub points: Option<Points<'a, T>>,
    /// The seed of everything random.
    pub random_state: u64,
    /// For progress and cancellation.
    pub context: Context<'a>,
}

impl<'a, T> Start<'a, T> {
    /// A start from affinities, with seed 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::core::{Affinities, AffinityKind};
    /// use tsne::initialization::Start;
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5], 2, AffinityKind::Joint)?;
    /// assert!(Start::new(&p).points.is_none());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn new(affinities: &'a Affinities<T>) -> Self {
        Self { affinities, points: None, random_state: 0, context: Context::new() }
    }
}

/// The function that makes the positions.
type Make<T, const D: usize> = dyn Fn(&Start<'_, T>) -> Result<Vec<[T; D]>> + Send + Sync;

/// Starting positions from code of one's own.
///
/// # Examples
///
/// A circle in the order of the data:
///
/// ```
/// use tsne::core::{Affinities, AffinityKind};
/// use tsne::initialization::{CustomInitialization, Start};
///
/// let circle = CustomInitialization::<f64, 2>::new(|start| {
///     let n = start.affinities.n_columns();
///     let turn = |i: usize| i as f64 / n as f64 * std::f64::consts::TAU;
///     Ok((0..n).map(|i| [1e-4 * turn(i).cos(), 1e-4 * turn(i).sin()]).collect())
/// });
/// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5], 2, AffinityKind::Joint)?;
/// assert_eq!(circle.positions(&Start::new(&p))?[0], [1e-4, 0.0]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub struct CustomInitialization<T, const D: usize>(Arc<Make<T, D>>);

impl<T: Scalar, const D: usize> CustomInitialization<T, D> {
    /// Positions that `make` makes, one for each point.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::initialization::{self, CustomInitialization};
    ///
    /// let wide = CustomInitialization::<f32, 2>::new(|start| {
    ///     initialization::random(start.affinities.n_columns(), 1.0, start.random_state)
    /// });
    /// ```
    pub fn new(make: impl Fn(&Start<'_, T>) -> Result<Vec<[T; D]>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The positions, checked.
    ///
    /// # Errors
    ///
    /// Those of the code; [`Error::Shape`] unless it returns a position for each point; [`Error::NonFinite`] for one that is not
    /// finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::core::{Affinities, AffinityKind};
    /// use tsne::initialization::{CustomInitialization, Start};
    ///
    /// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5], 2, AffinityKind::Joint)?;
    /// let wrong = CustomInitialization::<f64, 2>::new(|_| Ok(vec![[0.0; 2]; 7]));
    /// assert!(wrong.positions(&Start::new(&p)).is_err());
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn positions(&self, start: &Start<'_, T>) -> Result<Vec<[T; D]>> {
        let positions = (self.0)(start)?;
        let n = start.affinities.n_columns();
        if positions.len() != n {
            return Err(Error::shape("initialization", n, positions.len()));
        }
        check_embedding(&positions)?;
        Ok(positions)
    }
}

impl<T, const D: usize> Clone for CustomInitialization<T, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The same code, not code that does the same.
impl<T, const D: usize> PartialEq for CustomInitialization<T, D> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T, const D: usize> fmt::Debug for CustomInitialization<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomInitialization")
    }
}
