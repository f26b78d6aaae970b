//! The choice of a metric, and what is known of each.

use super::function::DistanceFunction;
use std::sync::Arc;

/// How the distance of two points, rows `a` and `b` of `d` values, is measured.
///
/// [`Metric::distance`] is the definition of each, term by term. The definitions are those of SciPy's
/// `scipy.spatial.distance` unless stated otherwise. *Metric* below means that the triangle inequality holds, which
/// [`VpTreeSearch`](crate::VpTreeSearch) needs; *sparse* that compressed rows are taken, too.
///
/// The boolean metrics take every value other than zero as true. They count the columns where both rows are true
/// (`tt`), only `a` (`tf`), only `b` (`ft`) and neither (`ff`), and write `r = tf + ft` for the columns that differ;
/// a quotient 0/0 is 0. All of them are sparse.
///
/// Names parse ([`FromStr`](std::str::FromStr)); aliases stand in brackets below.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Metric {
    /// The length of the difference, not squared: `sqrt(Σ (a - b)²)`. Metric, sparse. Names `euclidean`, `l2`.
    #[default]
    Euclidean,
    /// The squared length of the difference: `Σ (a - b)²`. Not metric; sparse. Name `sqeuclidean`.
    SqEuclidean,
    /// `Σ |a - b|`. Metric, sparse. Names `manhattan`, `l1`, `taxicab`, `cityblock`.
    Manhattan,
    /// `max |a - b|`. Metric, sparse. Names `chebyshev`, `linfinity`, `linfty`, `linf`, `infinity`.
    Chebyshev,
    /// `(Σ w |a - b|^p)^(1/p)`. Metric, sparse. Names `minkowski` (`p = 2`), `minkowski:p=1.5`, `p`.
    Minkowski {
        /// The power, finite and at least 1.
        p: f64,
        /// A positive weight of each column; `None` for 1.
        weights: Option<Arc<[f64]>>,
    },
    /// The Euclidean distance of standardized columns: `sqrt(Σ (a - b)² / v)`. Metric, sparse. Names `seuclidean`,
    /// `standardised_euclidean`.
    SEuclidean {
        /// The positive variance of each column; `None` for that of the indexed points, divided by `n - 1`.
        variances: Option<Arc<[f64]>>,
    },
    /// `sqrt((a - b)ᵀ V⁻¹ (a - b))`: the Euclidean distance where the data have unit covariance. Metric; dense rows only.
    /// Name `mahalanobis`. Preparing takes `n d²` multiplications.
    Mahalanobis {
        /// The inverse `V⁻¹` of the covariance, `d × d`, row-major, symmetric and positive definite; `None` for that of
        /// the indexed points, divided by `n - 1`.
        inverse_covariance: Option<Arc<[f64]>>,
    },
    /// One minus the cosine of the angle at the origin, from 0 to 2. Not metric; sparse. Name `cosine`.
    ///
    /// A row of zeros has no direction: it counts as a direction of its own, at distance 0 from other rows of zeros
    /// and 1 from everything else. The sum behind it is half the squared difference of the normalized rows, which
    /// keeps its digits for nearly parallel rows.
    Cosine,
    /// One minus Pearson's correlation of the values of two rows: [`Metric::Cosine`] of rows from which their own means
    /// are subtracted, from 0 to 2. A constant row counts as a row of zeros there. Not metric; sparse. Name `correlation`.
    Correlation,
    /// The fraction of columns whose values differ, from 0 to 1. Metric, sparse. Names `hamming`, `matching`.
    Hamming,
    /// Boolean: `r / (tt + r)`, from 0 to 1. Metric. Name `jaccard`.
    Jaccard,
    /// Boolean: `r / (2 tt + r)`, from 0 to 1. Not metric. Name `dice`.
    Dice,
    /// Boolean: `2 r / (tt + ff + 2 r)`, from 0 to 1. Metric. Name `rogerstanimoto`.
    RogersTanimoto,
    /// Boolean: `(d - tt) / d`, from 0 to 1; a row's distance to itself is not 0 unless all its values are true. Metric
    /// but for that. Name `russellrao`.
    RussellRao,
    /// Boolean: `2 r / (tt + ff + 2 r)`, as SciPy defined it: the same as [`Metric::RogersTanimoto`]. Metric. Name
    /// `sokalmichener`.
    SokalMichener,
    /// Boolean: `2 r / (tt + 2 r)`, from 0 to 1. Metric. Name `sokalsneath`.
    SokalSneath,
    /// Boolean: `2 tf ft / (tt ff + tf ft)`, from 0 to 2. Not metric. Name `yule`.
    Yule,
    /// `Σ |a - b| / (|a| + |b|)`, where 0/0 counts 0; from 0 to `d`. Metric, sparse. Name `canberra`.
    Canberra,
    /// `Σ |a - b| / Σ |a + b|`, 0 for equal rows; from 0 to 1 where no value is negative. Not metric; sparse. Name
    /// `braycurtis`. Rows that differ while `a + b` is zero everywhere have no finite distance: an error.
    BrayCurtis,
    /// The angle between two places on a sphere: rows are (latitude, longitude) in radians; from 0 to π. Multiply by the
    /// radius for a length. Metric; dense rows only. Name `haversine`.
    ///
    /// The formula loses half of the digits of an `f64` for places opposite each other, none for near ones. A latitude
    /// beyond π/2 is an error, as for data in degrees.
    Haversine,
    /// `sqrt(1 - Σ sqrt(a b) / sqrt(Σ a Σ b))`, between distributions that need not be normalized; from 0 to 1. A row of
    /// zeros is at distance 0 from other rows of zeros and 1 from everything else (as in pynndescent); a negative value
    /// is an error. Metric, sparse. Name `hellinger`.
    Hellinger,
    /// `1 - a·b`, for rows no longer than 1; from 0 to 2. Not metric; sparse. Names `dot`, `ip`.
    ///
    /// For longer rows the number can be negative, and is no distance: an error that names the row. Normalize the rows,
    /// or divide all by the length of the longest (lengths may exceed 1 by their rounding). openTSNE's Annoy index
    /// returns `a·b` itself as the distance, so that near neighbors count as far ones.
    Dot,
    /// The Jensen–Shannon distance of two distributions, natural logarithm, square root taken:
    /// `sqrt((Σ a ln(a/m) + Σ b ln(b/m)) / 2)` with `m = (a + b) / 2`, rows divided by their sums first; from 0 to
    /// `sqrt(ln 2)`. A row of zeros counts as a distribution on an outcome of its own; a negative value is an error.
    /// Metric (Endres and Schindelin 2003, "A new metric for probability distributions"); dense rows only. Names
    /// `jensenshannon`, `jensen-shannon`, `jensen_shannon`.
    JensenShannon,
    /// Half the sum of the two Kullback–Leibler divergences, `Σ (a - b) ln(a / b) / 2`; 1e-11 is added to each value
    /// before rows are divided by their sums (as in UMAP), so that no quotient is infinite. Not metric; dense rows only;
    /// a negative value is an error. Names `symmetric-kl`, `symmetric_kl`,
    /// `symmetric_kullback_liebler`.
    SymmetricKl,
    /// One minus Spearman's rank correlation of the values of two rows: [`Metric::Correlation`] of their ranks, equal
    /// values sharing the mean of theirs; from 0 to 2. Not metric; dense rows only. Name `spearmanr`.
    SpearmanR,
    /// The data are the distances: an `n × n` matrix, row `i` from point `i` to each point; queries are `m × n`. Values
    /// are finite and not negative; the diagonal is ignored; that the matrix is symmetric is the caller's word. Dense
    /// rows only. Name `precomputed`.
    Precomputed,
    /// A function of two rows; see [`Metric::function`].
    Function(DistanceFunction),
}

impl Metric {
    /// The Minkowski distance with power `p`, not weighted.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert_eq!(Metric::minkowski(1.0).distance(&[0.0, 0.0], &[3.0, 4.0])?, 7.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn minkowski(p: f64) -> Self {
        Self::Minkowski { p, weights: None }
    }

    /// A function of two dense rows, each handed over as `f64` whatever the scalar of the data.
    ///
    /// It must be symmetric, and finite and not negative for every pair that a search meets: a search returns an error
    /// that names such a pair (the same one for any number of threads). For
    /// [`VpTreeSearch`](crate::VpTreeSearch) the triangle inequality must hold. It is called from several threads. Memory: an `f64` copy of the data.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// let largest_step = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
    /// assert_eq!(largest_step.distance(&[0.0, 1.0], &[3.0, 2.0])?, 3.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn function(f: impl Fn(&[f64], &[f64]) -> f64 + Send + Sync + 'static) -> Self {
        Self::Function(DistanceFunction::new(f))
    }

    /// Whether the triangle inequality holds (for a function: as its author promises).
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert!(Metric::Manhattan.is_metric());
    /// assert!(!Metric::Cosine.is_metric());
    /// ```
    pub const fn is_metric(&self) -> bool {
        match self {
            Self::Euclidean
            | Self::Manhattan
            | Self::Chebyshev
            | Self::Minkowski { .. }
            | Self::SEuclidean { .. }
            | Self::Mahalanobis { .. }
            | Self::Hamming
            | Self::Jaccard
            | Self::RogersTanimoto
            | Self::RussellRao
            | Self::SokalMichener
            | Self::SokalSneath
            | Self::Canberra
            | Self::Haversine
            | Self::Hellinger
            | Self::JensenShannon
            | Self::Function(_) => true,
            Self::SqEuclidean
            | Self::Cosine
            | Self::Correlation
            | Self::Dice
            | Self::Yule
            | Self::BrayCurtis
            | Self::Dot
            | Self::SymmetricKl
            | Self::SpearmanR
            | Self::Precomputed => false,
        }
    }

    /// Whether sparse rows are taken.
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert!(Metric::Cosine.takes_sparse());
    /// assert!(!Metric::Haversine.takes_sparse());
    /// ```
    pub const fn takes_sparse(&self) -> bool {
        !matches!(
            self,
            Self::Mahalanobis { .. }
                | Self::Haversine
                | Self::JensenShannon
                | Self::SymmetricKl
                | Self::SpearmanR
                | Self::Precomputed
                | Self::Function(_)
        )
    }

    /// Whether equal rows have the distance 0, so that they can be searched as one.
    pub(crate) const fn is_zero_for_equal_rows(&self) -> bool {
        !matches!(self, Self::Dot | Self::RussellRao | Self::Precomputed | Self::Function(_))
    }

    /// Whether rows are read as true and false.
    pub(crate) const fn is_boolean(&self) -> bool {
        matches!(
            self,
            Self::Jaccard
                | Self::Dice
                | Self::RogersTanimoto
                | Self::RussellRao
                | Self::SokalMichener
                | Self::SokalSneath
                | Self::Yule
        )
    }
}
