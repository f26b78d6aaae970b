use super::kind::Metric;
use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// The power of the Minkowski distance where none is named, SciPy's.
const DEFAULT_POWER: f64 = 2.0;

/// The metrics that have a name, with all names of each: first that which it is shown by.
static NAMED: [(&[&str], Metric); 26] = [
    (&["euclidean", "l2"], Metric::Euclidean),
    (&["sqeuclidean"], Metric::SqEuclidean),
    (&["manhattan", "l1", "taxicab", "cityblock"], Metric::Manhattan),
    (&["chebyshev", "linfinity", "linfty", "linf", "infinity"], Metric::Chebyshev),
    (&["minkowski", "p"], Metric::minkowski(DEFAULT_POWER)),
    (&["seuclidean", "standardised_euclidean"], Metric::SEuclidean { variances: None }),
    (&["mahalanobis"], Metric::Mahalanobis { inverse_covariance: None }),
    (&["cosine"], Metric::Cosine),
    (&["correlation"], Metric::Correlation),
    (&["hamming", "matching"], Metric::Hamming),
    (&["jaccard"], Metric::Jaccard),
    (&["dice"], Metric::Dice),
    (&["rogerstanimoto"], Metric::RogersTanimoto),
    (&["russellrao"], Metric::RussellRao),
    (&["sokalmichener"], Metric::SokalMichener),
    (&["sokalsneath"], Metric::SokalSneath),
    (&["yule"], Metric::Yule),
    (&["canberra"], Metric::Canberra),
    (&["braycurtis"], Metric::BrayCurtis),
    (&["haversine"], Metric::Haversine),
    (&["hellinger"], Metric::Hellinger),
    (&["dot", "ip"], Metric::Dot),
    (&["jensenshannon", "jensen-shannon", "jensen_shannon"], Metric::JensenShannon),
    (&["symmetric-kl", "symmetric_kl", "symmetric_kullback_liebler"], Metric::SymmetricKl),
    (&["spearmanr"], Metric::SpearmanR),
    (&["precomputed"], Metric::Precomputed),
];

/// All names, for an error.
fn all_names() -> String {
    let each = NAMED.iter().map(|(names, metric)| {
        let mut others: Vec<&str> = names[1..].to_vec();
        if matches!(metric, Metric::Minkowski { .. }) {
            others.push("with a power: minkowski:p=1.5");
        }
        if others.is_empty() { names[0].to_owned() } else { format!("{} ({})", names[0], others.join(", ")) }
    });
    format!("one of {}", each.collect::<Vec<_>>().join(", "))
}

impl Metric {
    /// A name of each metric that has one and needs no parameters: each parses.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::Metric;
    ///
    /// assert!(Metric::names().any(|name| name == "cosine"));
    /// assert!(Metric::names().all(|name| name.parse::<Metric>().is_ok()));
    /// ```
    pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
        NAMED.iter().map(|(names, _)| names[0])
    }

    /// The name by which it is shown; none of one with a power, and of a function.
    fn name(&self) -> Option<&'static str> {
        let is_same = |other: &Self| std::mem::discriminant(self) == std::mem::discriminant(other);
        let shown = NAMED.iter().find(|(_, metric)| is_same(metric));
        shown.filter(|_| !matches!(self, Self::Minkowski { .. })).map(|(names, _)| names[0])
    }
}

/// The canonical name, which parses to the same metric; `minkowski:p=1.5` shows the power. Weights, variances and
/// matrices have no name, and a function is `function`, which does not parse.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minkowski { p, .. } => write!(f, "minkowski:p={p}"),
            other => f.write_str(other.name().unwrap_or("function")),
        }
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
        let unknown = || Error::parameter("metric", format_args!("{s:?}"), all_names());
        if let Some((name, parameter)) = s.split_once(':') {
            let power =
                parameter.strip_prefix("p=").filter(|_| matches!(name, "minkowski" | "p")).ok_or_else(unknown)?;
            let p = power.parse().map_err(|_| {
                Error::parameter("p", format_args!("{power:?}"), "a number of at least 1, as in minkowski:p=1.5")
            })?;
            super::check::power(p)?;
            return Ok(Self::minkowski(p));
        }
        if matches!(s, "wminkowski" | "weighted_minkowski") {
            let allowed = "a metric without parameters by its name; weights belong to Metric::Minkowski { p, weights }";
            return Err(Error::parameter("metric", format_args!("{s:?}"), allowed));
        }
        let named = NAMED.iter().find(|(names, _)| names.contains(&s));
        named.map(|(_, metric)| metric.clone()).ok_or_else(unknown)
    }
}
