use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// How the distance of two points is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Metric {
    /// The length of the difference, not squared.
    #[default]
    Euclidean,
    /// One minus the cosine of the angle at the origin, from 0 to 2.
    ///
    /// A row of zeros has no direction: it counts as a direction of its own, at distance 0 from other rows of zeros
    /// and 1 from everything else. The sum behind it is half the squared difference of the normalized rows, which
    /// keeps its digits for nearly parallel rows.
    Cosine,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Euclidean => "euclidean",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "euclidean" => Ok(Self::Euclidean),
            "cosine" => Ok(Self::Cosine),
            _ => Err(Error::parameter("metric", format_args!("{s:?}"), "\"euclidean\" or \"cosine\"")),
        }
    }
}
