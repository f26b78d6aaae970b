use std::fmt;

/// What was not used as given, or deserves a second look. Warnings are returned with the result; nothing is printed.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Warning {
    /// From the affinities, such as a perplexity that is too large for the data.
    Affinity(tsne_affinity::Warning),
    /// Principal components need coordinates, and there are none: the spectral initialization was used.
    SpectralInitialization,
    /// Given initial positions spread wide along an axis, which may keep the map from unfolding.
    InitialSpread {
        /// The axis, from 0.
        axis: usize,
        /// The standard deviation of the positions along it.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        std: f64,
    },
    /// The initial positions are all the same: without a difference there is no force.
    CoincidingStart,
    /// The initial positions lie on a line (or, in more dimensions, in a plane), which forces along it never leave.
    FlatStart,
    /// All points are the same, or so near that rounding tells them apart: the map shows nothing but random numbers.
    IdenticalPoints,
    /// All neighbors of each point are at distance 0 from it, though not all points are the same: the map shows groups of equal
    /// points, and not how these lie to each other.
    IdenticalNeighbors,
    /// A column lies so far from the origin that its values cannot be told apart in the number type of the map.
    Offset {
        /// The first such column, from 0.
        column: usize,
        /// Where its values lie.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        offset: f64,
        /// By how much they differ.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        spread: f64,
        /// The number type, `"f32"` or `"f64"`.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "scalar_name"))]
        scalar: ScalarName,
    },
    /// A few columns hold nearly all of the variance, and so of the distances: as a rule, a matter of units.
    ColumnScales {
        /// How many columns.
        columns: usize,
        /// Of how many.
        of: usize,
        /// The one with the largest variance, from 0.
        column: usize,
        /// The fraction of the variance that they hold.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        share: f64,
    },
    /// A matrix given as distances looks like something else.
    NotDistances(NotDistances),
    /// The KL divergence is far above that of a map without any structure: the descent flew apart.
    FlownApart {
        /// The divergence of the map.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        kl_divergence: f64,
        /// That of a map in which all points are equally near to each other.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        without_structure: f64,
    },
    /// After many iterations the map is still so small that all pairs are equally near: it shows nothing yet.
    NotUnfolded {
        /// The longest side of the map.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        extent: f64,
    },
    /// The descent left the finite numbers, or its normal phase ended at a larger KL divergence than it began with: the map is
    /// that of a second descent by the classical rule of [`Preset::OpenTsne`](crate::Preset::OpenTsne).
    Restarted {
        /// What happened.
        cause: RestartCause,
    },
}

impl Warning {
    /// Whether it is one of affinities and their data; the others are of a map.
    pub(crate) const fn is_of_index(&self) -> bool {
        matches!(
            self,
            Self::Affinity(_)
                | Self::IdenticalPoints
                | Self::IdenticalNeighbors
                | Self::Offset { .. }
                | Self::ColumnScales { .. }
                | Self::NotDistances(_)
        )
    }
}

/// What speaks against a matrix being one of distances.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum NotDistances {
    /// Each point is farthest from itself: similarities.
    Similarities,
    /// One triangle is zero.
    Triangle,
    /// The distance of two points depends on which is named first.
    Asymmetric {
        /// The row of the first such pair.
        row: usize,
        /// Its column.
        column: usize,
        /// The entry there.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        value: f64,
        /// The entry at its mirror image.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        mirror: f64,
    },
    /// A point has a distance from itself.
    Diagonal {
        /// The first such point.
        row: usize,
        /// The distance.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        value: f64,
    },
}

/// By another name, since a derived implementation would borrow it from a document that lives as long.
type ScalarName = &'static str;

/// The name of a number type that there is.
#[cfg(feature = "serde")]
fn scalar_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ScalarName, D::Error> {
    let name: String = serde::Deserialize::deserialize(deserializer)?;
    let known = ["f32", "f64"].into_iter().find(|known| *known == name);
    known.ok_or_else(|| serde::de::Error::unknown_variant(&name, &["f32", "f64"]))
}

impl fmt::Display for NotDistances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Similarities => f.write_str(
                "most points are farthest from themselves: these look like similarities; turn them into distances, as 1 - s or -ln s",
            ),
            Self::Triangle => f.write_str(
                "one triangle is zero, so that half of the distances are 0: fill in both, the matrix plus its transpose",
            ),
            Self::Asymmetric { row, column, value, mirror } => write!(
                f,
                "the distance is {value} at ({row}, {column}) and {mirror} at ({column}, {row}): each point looks for neighbors in its own row; take the mean of the matrix and its transpose if that is not meant"
            ),
            Self::Diagonal { row, value } => write!(
                f,
                "point {row} has the distance {value} from itself: the diagonal is not used, but should be 0; check what the matrix holds"
            ),
        }
    }
}

/// Why a fit was started anew.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum RestartCause {
    /// A position left the finite numbers at this iteration of a phase.
    Diverged(usize),
    /// The normal phase raised the KL divergence.
    Rose {
        /// The divergence when the normal phase began.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        from: f64,
        /// The divergence when it ended.
        #[cfg_attr(feature = "serde", serde(with = "tsne_core::serial::number"))]
        to: f64,
    },
}

impl fmt::Display for RestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diverged(iteration) => write!(f, "the descent left the finite numbers at iteration {iteration}"),
            Self::Rose { from, to } => write!(f, "the descent raised the KL divergence from {from:.4} to {to:.4}"),
        }
    }
}

impl From<tsne_affinity::Warning> for Warning {
    fn from(warning: tsne_affinity::Warning) -> Self {
        Self::Affinity(warning)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Affinity(warning) => warning.fmt(f),
            Self::SpectralInitialization => f.write_str(
                "there are no coordinates to compute principal components of: the spectral initialization is used; choose it, or give positions",
            ),
            Self::CoincidingStart => f.write_str(
                "all initial positions are the same, and without a difference there is no force: give others, or let them be computed",
            ),
            Self::FlatStart => f.write_str(
                "the initial positions lie on a line (or a plane), and no force leads out of it: add small random numbers, as initialization::jitter does, or let them be computed",
            ),
            Self::IdenticalPoints => f.write_str(
                "all points are the same up to rounding, so the map shows nothing but random numbers: check that the right columns were read, and that no large offset hides what they differ by",
            ),
            Self::IdenticalNeighbors => f.write_str(
                "all neighbors of each point are at distance 0 from it, so the map shows which points are equal and not how the groups lie to each other: leave out duplicates, raise the perplexity, or take a metric that tells more points apart",
            ),
            Self::Offset { column, offset, spread, scalar: scalar @ "f64" } => write!(
                f,
                "column {column} (counted from 0) lies at {offset:e} and is only {spread:e} wide: in {scalar} its values can hardly be told apart; subtract a constant from it where it comes from"
            ),
            Self::Offset { column, offset, spread, scalar } => write!(
                f,
                "column {column} (counted from 0) lies at {offset:e} and is only {spread:e} wide: in {scalar} its values can hardly be told apart; subtract a constant from it first (data in double precision are moved by Dataset::from_f64, if the metric allows it), or compute in f64"
            ),
            Self::ColumnScales { columns: 1, of, column, share } => write!(
                f,
                "column {column} (counted from 0) holds {:.1} % of the variance of all {of}, so the others hardly count: if their units differ, standardize the columns, or take the metric seuclidean",
                100.0 * share
            ),
            Self::ColumnScales { columns, of, column, share } => write!(
                f,
                "{columns} of {of} columns (first of all column {column}, counted from 0) hold {:.1} % of the variance, so the others hardly count: if their units differ, standardize the columns, or take the metric seuclidean",
                100.0 * share
            ),
            Self::NotDistances(why) => write!(f, "given as distances: {why}"),
            Self::FlownApart { kl_divergence, without_structure } => write!(
                f,
                "the map flew apart: its KL divergence is {kl_divergence:.3}, where a map without any structure has {without_structure:.3}; lower the learning rate (\"auto\" is n / early_exaggeration) or the exaggeration"
            ),
            Self::NotUnfolded { extent } => write!(
                f,
                "the map has not unfolded: its extent is {extent:.1e}, at which all pairs are equally near; raise the learning rate (\"auto\" is n / early_exaggeration), max_step_norm or max_grad_norm, or run more iterations"
            ),
            Self::Restarted { cause } => write!(
                f,
                "{cause}: the map is that of a second fit with classical momentum 0.8; a lower learning_rate or final_momentum avoids the first"
            ),
            Self::InitialSpread { axis, std } => write!(
                f,
                "the initial positions have the standard deviation {std} along axis {axis}: above 0.01 the map may not unfold; rescale them, as initialization::rescale does"
            ),
        }
    }
}
