//! How nearest neighbors are found.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tsne_affinity::{ApproximateSearch, AutoSearch, ExactSearch, Metric};
use tsne_core::{Error, NeighborSearch, Scalar};

/// How nearest neighbors are found.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Neighbors<T> {
    /// Exactly where that is fast, approximately beyond ([`AutoSearch`]).
    #[default]
    Auto,
    /// Exactly ([`ExactSearch`]).
    Exact,
    /// Approximately, with the same result for any number of threads ([`ApproximateSearch`]).
    Approx,
    /// By a search of your own.
    Custom(Arc<dyn NeighborSearch<T>>),
}

impl<T: Scalar> Neighbors<T> {
    /// The search that this stands for.
    pub(crate) fn search(&self, metric: &Metric, seed: u64) -> Arc<dyn NeighborSearch<T>> {
        let metric = metric.clone();
        match self {
            Self::Auto => Arc::new(AutoSearch::new(metric, seed)),
            Self::Exact => Arc::new(ExactSearch::new(metric)),
            Self::Approx => Arc::new(ApproximateSearch::new(metric).with_seed(seed)),
            Self::Custom(search) => Arc::clone(search),
        }
    }
}

impl<T> fmt::Display for Neighbors<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Exact => "exact",
            Self::Approx => "approx",
            Self::Custom(_) => "custom",
        })
    }
}

impl<T> FromStr for Neighbors<T> {
    type Err = Error;

    /// Accepts openTSNE's names. Those of its approximate searches (`annoy`, `pynndescent`, `hnsw`) stand for this toolkit's.
    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "auto" => Ok(Self::Auto),
            "exact" => Ok(Self::Exact),
            "approx" | "annoy" | "pynndescent" | "hnsw" => Ok(Self::Approx),
            _ => {
                let allowed = "\"auto\", \"exact\" or \"approx\" (\"annoy\", \"pynndescent\", \"hnsw\")";
                Err(Error::parameter("neighbors", format_args!("{s:?}"), allowed))
            }
        }
    }
}

impl<T> From<Arc<dyn NeighborSearch<T>>> for Neighbors<T> {
    fn from(search: Arc<dyn NeighborSearch<T>>) -> Self {
        Self::Custom(search)
    }
}

names! { [T: Scalar] Neighbors<T>, Arc<dyn NeighborSearch<T>>; }
