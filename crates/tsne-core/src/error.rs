use std::fmt;

/// The result of a fallible call of the toolkit.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Every message names the value given, what is allowed, and what to do.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its range.
    Parameter {
        /// The parameter, by its name in the API.
        name: &'static str,
        /// The value that was given.
        given: String,
        /// What is allowed, and where it helps, what to do.
        allowed: String,
    },
    /// A slice, matrix or map whose length does not fit.
    Shape {
        /// What has the wrong length.
        what: &'static str,
        /// The length it must have.
        expected: usize,
        /// The length it has.
        given: usize,
    },
    /// A value that is infinite or not a number.
    NonFinite {
        /// Where the value stands, such as `"data"` or `"embedding"`.
        what: &'static str,
        /// Its row, counted from 0.
        row: usize,
        /// Its column, counted from 0.
        column: usize,
    },
    /// Fewer points than the computation needs.
    TooFewPoints {
        /// The number of points given.
        n: usize,
        /// The smallest number that works.
        needed: usize,
    },
    /// A size beyond what a data structure can hold.
    Capacity {
        /// What is too large.
        what: &'static str,
        /// The size asked for.
        given: usize,
        /// The largest size possible.
        max: usize,
    },
    /// A structure that violates its own rules, such as a column index beyond the last column.
    Invalid {
        /// What is invalid.
        what: &'static str,
        /// Which rule is broken, where, and by which value.
        why: String,
    },
    /// The embedding left the range of finite numbers.
    Diverged {
        /// The iteration at whose end the first position was seen that is not finite, or has no finite square, counted
        /// from 1.
        iteration: usize,
    },
    /// A numerical procedure did not reach its goal.
    Numerical {
        /// The procedure.
        stage: &'static str,
        /// What was observed.
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
            Self::Cancelled => write!(f, "cancelled by the caller"),
        }
    }
}

impl std::error::Error for Error {}
