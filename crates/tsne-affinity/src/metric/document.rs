//! A metric in a document: its name, or its name with the numbers that it takes.

use super::kind::Metric;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;
use tsne_core::serial::{self, Number};

/// What no name has room for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum WithNumbers {
    Minkowski {
        p: Number,
        #[serde(default)]
        weights: Option<Vec<Number>>,
    },
    SEuclidean {
        #[serde(default)]
        variances: Option<Vec<Number>>,
    },
    Mahalanobis {
        #[serde(default)]
        inverse_covariance: Option<Vec<Number>>,
    },
}

fn written(values: &Option<Arc<[f64]>>) -> Option<Vec<Number>> {
    Some(values.as_deref()?.iter().copied().map(Number).collect())
}

fn read(values: Option<Vec<Number>>) -> Option<Arc<[f64]>> {
    Some(values?.into_iter().map(f64::from).collect())
}

/// By its name, as [`Display`](fmt::Display) shows it. Weights, variances and matrices make it a map, such as
/// `{"minkowski": {"p": 1.5, "weights": [1.0, 2.0]}}`. A function cannot be written.
impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Minkowski { p, weights: weights @ Some(_) } => {
                WithNumbers::Minkowski { p: Number(*p), weights: written(weights) }.serialize(serializer)
            }
            Self::SEuclidean { variances: variances @ Some(_) } => {
                WithNumbers::SEuclidean { variances: written(variances) }.serialize(serializer)
            }
            Self::Mahalanobis { inverse_covariance: inverse_covariance @ Some(_) } => {
                WithNumbers::Mahalanobis { inverse_covariance: written(inverse_covariance) }.serialize(serializer)
            }
            Self::Function(_) => Err(serial::own_code("metric")),
            named => serial::name(named, serializer),
        }
    }
}

/// From any name or alias, or with the numbers that it takes; [`Metric::check`] judges these.
impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = Metric;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a metric, or a map from it to its numbers")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Metric, E> {
                name.parse().map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Metric, A::Error> {
                Ok(match WithNumbers::deserialize(MapAccessDeserializer::new(map))? {
                    WithNumbers::Minkowski { p, weights } => Metric::Minkowski { p: p.0, weights: read(weights) },
                    WithNumbers::SEuclidean { variances } => Metric::SEuclidean { variances: read(variances) },
                    WithNumbers::Mahalanobis { inverse_covariance } => {
                        Metric::Mahalanobis { inverse_covariance: read(inverse_covariance) }
                    }
                })
            }
        }

        deserializer.deserialize_any(Forms)
    }
}
