use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of a fallible call of the toolkit.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Every message names the value given, what is allowed, and what to do.
///
/// Kinds of errors and fields of one may be added without breaking anybody: match with `_` and `..`, and make errors by the
/// functions below. Two errors of code that is not this toolkit's ([`Error::Other`]) are equal if they read alike.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its range.
    #[non_exhaustive]
    Parameter {
        /// The parameter, by its name in the API.
        name: &'static str,
        /// The value that was given.
        given: String,
        /// What is allowed, and where it helps, what to do.
        allowed: String,
    },
    /// A slice, matrix or map whose length does not fit.
    #[non_exhaustive]
    Shape {
        /// What has the wrong length.
        what: &'static str,
        /// The length it must have.
        expected: usize,
        /// The length it has.
        given: usize,
    },
    /// A value that is infinite or not a number.
    #[non_exhaustive]
    NonFinite {
        /// Where the value stands, such as `"data"` or `"embedding"`.
        what: &'static str,
        /// Its row, counted from 0.
        row: usize,
        /// Its column, counted from 0.
        column: usize,
    },
    /// Fewer points than the computation needs.
    #[non_exhaustive]
    TooFewPoints {
        /// The number of points given.
        n: usize,
        /// The smallest number that works.
        needed: usize,
    },
    /// A size beyond what a data structure can hold.
    #[non_exhaustive]
    Capacity {
        /// What is too large.
        what: &'static str,
        /// The size asked for.
        given: usize,
        /// The largest size possible.
        max: usize,
    },
    /// A structure that violates its own rules, such as a column index beyond the last column.
    #[non_exhaustive]
    Invalid {
        /// What is invalid.
        what: &'static str,
        /// Which rule is broken, where, and by which value.
        why: String,
    },
    /// The embedding left the range of finite numbers.
    #[non_exhaustive]
    Diverged {
        /// The iteration at whose end the first position was seen that is not finite, or has no finite square, counted
        /// from 1.
        iteration: usize,
    },
    /// A numerical procedure did not reach its goal.
    #[non_exhaustive]
    Numerical {
        /// The procedure.
        stage: &'static str,
        /// What was observed.
        why: String,
    },
    /// Memory that could not be had.
    #[non_exhaustive]
    OutOfMemory {
        /// What it was for.
        what: &'static str,
        /// The bytes asked for, `usize::MAX` if their number overflows.
        bytes: usize,
    },
    /// An error of code that is not this toolkit's: of a neighbor search, an affinity model, a repulsion of one's own.
    #[non_exhaustive]
    Other {
        /// What failed.
        what: &'static str,
        /// The error, which is also the [`source`](StdError::source) of this one.
        error: Arc<dyn StdError + Send + Sync>,
    },
    /// What processes that compute one map together came to: one of them has ended, or they differ in what they were asked for.
    #[non_exhaustive]
    Team {
        /// What happened, and what to do.
        why: String,
    },
    /// The caller cancelled through its [`CancelToken`](crate::CancelToken).
    Cancelled,
}

impl Error {
    /// A parameter outside its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::parameter("k", 0, "at least 1");
    /// assert_eq!(error.to_string(), "k is 0, but must be at least 1");
    /// ```
    pub fn parameter(name: &'static str, given: impl fmt::Display, allowed: impl fmt::Display) -> Self {
        Self::Parameter { name, given: given.to_string(), allowed: allowed.to_string() }
    }

    /// A slice, matrix or map whose length does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::shape("labels", 60, 61);
    /// assert!(error.to_string().starts_with("labels has length 61, but 60 is needed"));
    /// ```
    pub const fn shape(what: &'static str, expected: usize, given: usize) -> Self {
        Self::Shape { what, expected, given }
    }

    /// A value that is infinite or not a number, by its row and column from 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// assert!(Error::non_finite("data", 3, 0).to_string().starts_with("data is not finite at row 3, column 0"));
    /// ```
    pub const fn non_finite(what: &'static str, row: usize, column: usize) -> Self {
        Self::NonFinite { what, row, column }
    }

    /// Fewer points than the computation needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// assert_eq!(Error::too_few_points(1, 2).to_string(), "1 point was given, but at least 2 are needed");
    /// ```
    pub const fn too_few_points(n: usize, needed: usize) -> Self {
        Self::TooFewPoints { n, needed }
    }

    /// A size beyond what a data structure can hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::capacity("number of points", 5_000_000_000, u32::MAX as usize);
    /// assert!(error.to_string().contains("at most 4294967295 are possible"));
    /// ```
    pub const fn capacity(what: &'static str, given: usize, max: usize) -> Self {
        Self::Capacity { what, given, max }
    }

    /// The embedding left the finite numbers at the end of an iteration, counted from 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// assert!(Error::diverged(12).to_string().contains("diverged in iteration 12"));
    /// ```
    pub const fn diverged(iteration: usize) -> Self {
        Self::Diverged { iteration }
    }

    /// Memory that could not be had.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::out_of_memory("the neighbor graph", 3 << 30);
    /// assert!(error.to_string().starts_with("3.00 GiB of memory for the neighbor graph could not be had"));
    /// ```
    pub const fn out_of_memory(what: &'static str, bytes: usize) -> Self {
        Self::OutOfMemory { what, bytes }
    }

    /// An error of code that is not this toolkit's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error as _;
    /// use tsne_core::Error;
    ///
    /// let refused = std::io::Error::other("the index server does not answer");
    /// let error = Error::other("neighbor search", refused);
    /// assert_eq!(error.to_string(), "neighbor search failed: the index server does not answer");
    /// assert!(error.source().is_some());
    /// ```
    pub fn other(what: &'static str, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Other { what, error: Arc::from(error.into()) }
    }

    /// A structure that violates its own rules.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::invalid("neighbor graph", "row 3 names itself");
    /// assert_eq!(error.to_string(), "invalid neighbor graph: row 3 names itself");
    /// ```
    pub fn invalid(what: &'static str, why: impl fmt::Display) -> Self {
        Self::Invalid { what, why: why.to_string() }
    }

    /// A numerical procedure that did not reach its goal.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// let error = Error::numerical("PCA", "the eigenvalues did not converge");
    /// assert_eq!(error.to_string(), "PCA failed: the eigenvalues did not converge");
    /// ```
    pub fn numerical(stage: &'static str, why: impl fmt::Display) -> Self {
        Self::Numerical { stage, why: why.to_string() }
    }

    /// The error of processes that compute one map together; `why` says what happened and what to do.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::Error;
    ///
    /// assert_eq!(Error::team("member 2 has ended").to_string(), "the team of processes failed: member 2 has ended");
    /// ```
    pub fn team(why: impl fmt::Display) -> Self {
        Self::Team { why: why.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, given, allowed } => write!(f, "{name} is {given}, but must be {allowed}"),
            Self::Shape { what, expected, given } => {
                write!(
                    f,
                    "{what} has length {given}, but {expected} is needed: check the shape that was passed with it"
                )
            }
            Self::NonFinite { what, row, column } => write!(
                f,
                "{what} is not finite at row {row}, column {column} (counted from 0): remove or replace infinite and missing values"
            ),
            Self::TooFewPoints { n: 1, needed } => write!(f, "1 point was given, but at least {needed} are needed"),
            Self::TooFewPoints { n, needed } => write!(f, "{n} points were given, but at least {needed} are needed"),
            Self::Capacity { what, given, max } => {
                write!(
                    f,
                    "{what} would be {given}, but at most {max} are possible: use a smaller input or coarser settings"
                )
            }
            Self::Invalid { what, why } => write!(f, "invalid {what}: {why}"),
            Self::Diverged { iteration } => write!(
                f,
                "the embedding diverged in iteration {iteration} (a position or its square is no longer finite): lower learning_rate, or set max_step_norm"
            ),
            Self::Numerical { stage, why } => write!(f, "{stage} failed: {why}"),
            Self::OutOfMemory { what, bytes } => write!(
                f,
                "{:.2} GiB of memory for {what} could not be had: use fewer points, columns or neighbors, f32 in place of f64, or a larger machine",
                *bytes as f64 / (1u64 << 30) as f64
            ),
            Self::Other { what, error } => write!(f, "{what} failed: {error}"),
            Self::Team { why } => write!(f, "the team of processes failed: {why}"),
            Self::Cancelled => write!(f, "cancelled by the caller"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Other { error, .. } => Some(&**error),
            _ => None,
        }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        // Each kind has a text of its own that names all its fields, but for the bytes, which are rounded there.
        let bytes = |error: &Self| match error {
            Self::OutOfMemory { bytes, .. } => *bytes,
            _ => 0,
        };
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && bytes(self) == bytes(other)
            && self.to_string() == other.to_string()
    }
}
