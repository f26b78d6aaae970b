use super::kind::Metric;
use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// What [`Metric::from_str`] takes, for its error.
const NAMES: &str = "one of euclidean (l2), sqeuclidean, manhattan (l1, taxicab, cityblock), chebyshev (linfinity, linfty, \
    linf, infinity), minkowski (p; with a power: minkowski:p=1.5), seuclidean (standardised_euclidean), mahalanobis, cosine, \
    correlation, hamming (matching), jaccard, dice, rogerstanimoto, russellrao, sokalmichener, sokalsneath, yule, canberra, \
    braycurtis, haversine, hellinger, dot (ip), jensenshannon (jensen-shannon, jensen_shannon), symmetric-kl (symmetric_kl, \
    symmetric_kullback_liebler), spearmanr, precomputed";

/// The power of the Minkowski distance where none is named, SciPy's.
const DEFAULT_POWER: f64 = 2.0;

/// The canonical name, which parses to the same metric; `minkowski:p=1.5` shows the power. Weights, variances and
/// matrices have no name, and a function is `function`, which does not parse.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Euclidean => "euclidean",
            Self::SqEuclidean => "sqeuclidean",
            Self::Manhattan => "manhattan",
            Self::Chebyshev => "chebyshev",
            Self::Minkowski { p, .. } => return write!(f, "minkowski:p={p}"),
            Self::SEuclidean { .. } => "seuclidean",
            Self::Mahalanobis { .. } => "mahalanobis",
            Self::Cosine => "cosine",
            Self::Correlation => "correlation",
            Self::Hamming => "hamming",
            Self::Jaccard => "jaccard",
            Self::Dice => "dice",
            Self::RogersTanimoto => "rogerstanimoto",
            Self::RussellRao => "russellrao",
            Self::SokalMichener => "sokalmichener",
            Self::SokalSneath => "sokalsneath",
            Self::Yule => "yule",
            Self::Canberra => "canberra",
            Self::BrayCurtis => "braycurtis",
            Self::Haversine => "haversine",
            Self::Hellinger => "hellinger",
            Self::Dot => "dot",
            Self::JensenShannon => "jensenshannon",
            Self::SymmetricKl => "symmetric-kl",
            Self::SpearmanR => "spearmanr",
            Self::Precomputed => "precomputed",
            Self::Function(_) => "function",
        })
    }
}

/// Any name or alias in the documentation of [`Metric`]'s variants; the Minkowski power after a colon.
///
/// ```
/// use tsne_affinity::Metric;
///
/// assert_eq!("l1".parse::<Metric>()?, Metric::Manhattan);
/// assert_eq!("minkowski:p=1.5".parse::<Metric>()?, Metric::minkowski(1.5));
/// # Ok::<(), tsne_core::Error>(())
/// ```
impl FromStr for Metric {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let unknown = || Error::parameter("metric", format_args!("{s:?}"), NAMES);
        if let Some((name, parameter)) = s.split_once(':') {
            let power =
                parameter.strip_prefix("p=").filter(|_| matches!(name, "minkowski" | "p")).ok_or_else(unknown)?;
            let p = power.parse().map_err(|_| {
                Error::parameter("p", format_args!("{power:?}"), "a number of at least 1, as in minkowski:p=1.5")
            })?;
            super::check::power(p)?;
            return Ok(Self::minkowski(p));
        }
        Ok(match s {
            "euclidean" | "l2" => Self::Euclidean,
            "sqeuclidean" => Self::SqEuclidean,
            "manhattan" | "l1" | "taxicab" | "cityblock" => Self::Manhattan,
            "chebyshev" | "linfinity" | "linfty" | "linf" | "infinity" => Self::Chebyshev,
            "minkowski" | "p" => Self::minkowski(DEFAULT_POWER),
            "seuclidean" | "standardised_euclidean" => Self::SEuclidean { variances: None },
            "mahalanobis" => Self::Mahalanobis { inverse_covariance: None },
            "cosine" => Self::Cosine,
            "correlation" => Self::Correlation,
            "hamming" | "matching" => Self::Hamming,
            "jaccard" => Self::Jaccard,
            "dice" => Self::Dice,
            "rogerstanimoto" => Self::RogersTanimoto,
            "russellrao" => Self::RussellRao,
            "sokalmichener" => Self::SokalMichener,
            "sokalsneath" => Self::SokalSneath,
            "yule" => Self::Yule,
            "canberra" => Self::Canberra,
            "braycurtis" => Self::BrayCurtis,
            "haversine" => Self::Haversine,
            "hellinger" => Self::Hellinger,
            "dot" | "ip" => Self::Dot,
            "jensenshannon" | "jensen-shannon" | "jensen_shannon" => Self::JensenShannon,
            "symmetric-kl" | "symmetric_kl" | "symmetric_kullback_liebler" => Self::SymmetricKl,
            "spearmanr" => Self::SpearmanR,
            "precomputed" => Self::Precomputed,
            "wminkowski" | "weighted_minkowski" => {
                let allowed =
                    "a metric without parameters by its name; weights belong to Metric::Minkowski { p, weights }";
                return Err(Error::parameter("metric", format_args!("{s:?}"), allowed));
            }
            _ => return Err(unknown()),
        })
    }
}
