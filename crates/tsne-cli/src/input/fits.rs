//! What numbers a run can take.

use tsne::Scalar;

/// The number type of a run, to which values are converted after they were read in a wider one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fits {
    /// The name of the type.
    pub(crate) name: &'static str,
    admits: fn(f64) -> bool,
}

impl Fits {
    /// Those that are finite as a `T`.
    pub(crate) fn of<T: Scalar>() -> Self {
        Self { name: T::NAME, admits: |value| T::from_f64(value).is_finite() }
    }

    /// Whether a value is among them.
    pub(crate) fn admits(self, value: f64) -> bool {
        (self.admits)(value)
    }
}
