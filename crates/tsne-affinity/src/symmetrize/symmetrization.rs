//! How the two directions of a pair become one.

use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// How the weights `w_ij` and `w_ji` of a pair become joint affinities; all are divided by their sum afterwards.
///
/// Parsed from and shown as `mean`, `max` and `none`.
///
/// # Without symmetrization
///
/// [`Symmetrization::None`] leaves a matrix with `p_ij ≠ p_ji`, and a point is pulled by its own neighbors only. The KL
/// divergence stays the one of that matrix. Its gradient pulls point `i` with the mean `(p_ij + p_ji) / 2`, however, since
/// the distance is that of both, while an optimizer that sums over the stored entries of row `i` pulls with `p_ij`: such
/// forces are not the gradient of any objective, nor do they sum to zero, and the divergence may rise under them. openTSNE
/// computes the same. To minimize the divergence, take [`Symmetrization::Mean`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Symmetrization {
    /// Their mean (van der Maaten and Hinton 2008). What Gaussian models take by default.
    Mean,
    /// The larger one: with equal weights the union of both neighborhoods. What uniform affinities take by default.
    Max,
    /// Each as it is: the result is not symmetric.
    None,
}

impl fmt::Display for Symmetrization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Max => "max",
            Self::None => "none",
        })
    }
}

impl FromStr for Symmetrization {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "mean" => Ok(Self::Mean),
            "max" => Ok(Self::Max),
            "none" => Ok(Self::None),
            _ => Err(Error::parameter("symmetrization", format_args!("{name:?}"), "one of mean, max and none")),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Symmetrization {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tsne_core::serial::name(self, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Symmetrization {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tsne_core::serial::named(deserializer)
    }
}
