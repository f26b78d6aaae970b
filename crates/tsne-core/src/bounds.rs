use crate::scalar::Scalar;

/// The smallest axis-aligned box around points.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Bounds<T, const D: usize> {
    /// The lower corner; infinity without points.
    pub lower: [T; D],
    /// The upper corner; minus infinity without points.
    pub upper: [T; D],
}

/// The box around no points.
impl<T: Scalar, const D: usize> Default for Bounds<T, D> {
    fn default() -> Self {
        Self::new([T::INFINITY; D], [-T::INFINITY; D])
    }
}

impl<T: Scalar, const D: usize> Bounds<T, D> {
    /// The box with these corners.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    ///
    /// assert_eq!(Bounds::new([0.0], [1.0]).squared_distance(&[3.0]), 4.0);
    /// ```
    #[inline(always)]
    pub const fn new(lower: [T; D], upper: [T; D]) -> Self {
        Self { lower, upper }
    }

    /// The box around `points`; a coordinate that is NaN counts nowhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    ///
    /// assert_eq!(Bounds::of(&[[0.0, 3.0], [1.0, 2.0]]), Bounds::new([0.0, 2.0], [1.0, 3.0]));
    /// assert_eq!(Bounds::<f32, 2>::of(&[]), Bounds::default());
    /// ```
    #[inline(always)]
    pub fn of(points: &[[T; D]]) -> Self {
        points.iter().fold(Self::default(), |b, p| b.union(&Self::new(*p, *p)))
    }

    /// The box around two.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    ///
    /// let (a, b) = (Bounds::of(&[[0.0, 3.0]]), Bounds::of(&[[1.0, 2.0]]));
    /// assert_eq!(a.union(&b), Bounds::new([0.0, 2.0], [1.0, 3.0]));
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for a in 0..D {
            self.lower[a] = self.lower[a].min(other.lower[a]);
            self.upper[a] = self.upper[a].max(other.upper[a]);
        }
        self
    }

    /// The squared distance from the box to a point: 0 inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Bounds;
    ///
    /// let bounds = Bounds::new([0.0, 0.0], [1.0, 1.0]);
    /// assert_eq!(bounds.squared_distance(&[4.0, 5.0]), 25.0);
    /// assert_eq!(bounds.squared_distance(&[0.5, 1.0]), 0.0);
    /// ```
    #[inline(always)]
    pub fn squared_distance(&self, p: &[T; D]) -> T {
        let mut d2 = T::ZERO;
        for a in 0..D {
            let (below, above) = (self.lower[a] - p[a], p[a] - self.upper[a]);
            // Comparisons, not `max`, which would have to look for NaN.
            let d = if below > above { below } else { above };
            let d = if d > T::ZERO { d } else { T::ZERO };
            d2 += d * d;
        }
        d2
    }
}
