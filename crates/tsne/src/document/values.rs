//! The values of single parameters: names, or what converts to them.

use crate::params::affinity_method::AffinityMethod;
use crate::params::initialization::{Initialization, PartialInitialization};
use crate::params::learning_rate::{EarlyExaggeration, LearningRate};
use crate::params::neighbors::Neighbors;
use crate::params::preset::Preset;
use crate::params::random_state::RandomState;
use crate::params::repulsion::RepulsionMethod;
use crate::params::transform::NewPerplexities;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;
use tsne_affinity::{FixedSigma, PerplexityAffinity, Uniform};
use tsne_core::Scalar;
use tsne_core::serial::{self, Number};

impl Serialize for Preset {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        serial::name(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Preset {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        serial::named(deserializer)
    }
}

/// By name; a repulsion of your own cannot be written.
impl<T, const D: usize> Serialize for RepulsionMethod<T, D> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        match self {
            Self::Custom(_) => Err(serial::own_code("negative_gradient_method")),
            named => serial::name(named, serializer),
        }
    }
}

impl<'de, T, const D: usize> Deserialize<'de> for RepulsionMethod<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        serial::named(deserializer)
    }
}

/// By name; a search of your own cannot be written.
impl<T> Serialize for Neighbors<T> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        match self {
            Self::Custom(_) => Err(serial::own_code("neighbors")),
            named => serial::name(named, serializer),
        }
    }
}

impl<'de, T> Deserialize<'de> for Neighbors<T> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        serial::named(deserializer)
    }
}

/// Reads a name or a number.
struct NameOrNumber<V>(PhantomData<V>);

impl<V: FromStr<Err: Display> + From<f64>> Visitor<'_> for NameOrNumber<V> {
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or \"auto\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E>(self, number: f64) -> Result<V, E> {
        Ok(V::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<V, E> {
        Ok(V::from(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<V, E> {
        Ok(V::from(number as f64))
    }
}

/// Writes a number, or the name of what is none; and reads both.
macro_rules! name_or_number {
    ($($(#[$doc:meta])* $type:ty;)*) => {$(
        $(#[$doc])*
        impl Serialize for $type {
            fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
                match self {
                    Self::Fixed(number) => Number(*number).serialize(serializer),
                    named => serial::name(named, serializer),
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
                deserializer.deserialize_any(NameOrNumber(PhantomData))
            }
        }
    )*};
}

name_or_number! {
    /// A number, `"auto"`, or `"auto*2"`.
    LearningRate;
    /// A number or `"auto"`.
    EarlyExaggeration;
}

/// The seed that is none.
const FRESH: &str = "fresh";

/// The seed, or `"fresh"`.
impl Serialize for RandomState {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        match self {
            Self::Seed(seed) => serializer.serialize_u64(*seed),
            Self::Fresh => serializer.serialize_str(FRESH),
        }
    }
}

impl<'de> Deserialize<'de> for RandomState {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        struct Seeds;

        impl Visitor<'_> for Seeds {
            type Value = RandomState;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a seed, a whole number from 0, or {FRESH:?}")
            }

            fn visit_u64<E>(self, seed: u64) -> Result<RandomState, E> {
                Ok(RandomState::Seed(seed))
            }

            fn visit_i64<E: Error>(self, seed: i64) -> Result<RandomState, E> {
                let seed = u64::try_from(seed).map_err(|_| E::invalid_value(Unexpected::Signed(seed), &self))?;
                Ok(RandomState::Seed(seed))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RandomState, E> {
                if text == FRESH { Ok(RandomState::Fresh) } else { Err(E::invalid_value(Unexpected::Str(text), &self)) }
            }
        }

        deserializer.deserialize_any(Seeds)
    }
}

/// Positions, each a list of its coordinates.
fn write_positions<T: Scalar, const D: usize, Se: Serializer>(
    positions: &[[T; D]],
    serializer: Se,
) -> Result<Se::Ok, Se::Error> {
    serializer.collect_seq(positions.iter().map(|position| position.map(|v| Number(v.to_f64())).to_vec()))
}

/// Reads a name, or positions.
struct NameOrPositions<V, T, const D: usize>(PhantomData<(V, T)>);

impl<'de, V, T: Scalar, const D: usize> Visitor<'de> for NameOrPositions<V, T, D>
where
    V: FromStr<Err: Display> + From<Vec<[T; D]>>,
{
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of an initialization, or a list of positions of {D} coordinates each")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<V, A::Error> {
        let mut positions = Vec::new();
        while let Some(numbers) = list.next_element::<Vec<Number>>()? {
            let coordinates = numbers.iter().map(|number| T::from_f64(number.0)).collect::<Vec<T>>();
            let position: Result<[T; D], _> = coordinates.try_into();
            positions.push(position.map_err(|_| A::Error::invalid_length(numbers.len(), &self))?);
        }
        Ok(positions.into())
    }
}

/// By name, or the given positions; code of your own cannot be written.
impl<T: Scalar, const D: usize> Serialize for Initialization<T, D> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        let name = match self {
            Self::Coarse => "coarse",
            Self::Pca => "pca",
            Self::Spectral => "spectral",
            Self::Random => "random",
            Self::Given(positions) => return write_positions(positions, serializer),
            Self::Custom(_) => return Err(serial::own_code("initialization")),
        };
        serializer.serialize_str(name)
    }
}

impl<'de, T: Scalar, const D: usize> Deserialize<'de> for Initialization<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        deserializer.deserialize_any(NameOrPositions(PhantomData))
    }
}

/// By name, or the given positions.
impl<T: Scalar, const D: usize> Serialize for PartialInitialization<T, D> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        let name = match self {
            Self::Median => "median",
            Self::Weighted => "weighted",
            Self::Random => "random",
            Self::Given(positions) => return write_positions(positions, serializer),
        };
        serializer.serialize_str(name)
    }
}

impl<'de, T: Scalar, const D: usize> Deserialize<'de> for PartialInitialization<T, D> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        deserializer.deserialize_any(NameOrPositions(PhantomData))
    }
}

/// The perplexities of a fit; none is those of the preset.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Perplexities(Option<Vec<Number>>);

impl From<Option<Vec<f64>>> for Perplexities {
    fn from(perplexities: Option<Vec<f64>>) -> Self {
        Self(perplexities.map(|perplexities| perplexities.into_iter().map(Number).collect()))
    }
}

impl From<Perplexities> for Option<Vec<f64>> {
    fn from(perplexities: Perplexities) -> Self {
        Some(perplexities.0?.into_iter().map(f64::from).collect())
    }
}

/// `"default"`, `"fitted"`, or the list of perplexities.
impl Serialize for NewPerplexities {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        match self {
            Self::Default => serializer.serialize_str("default"),
            Self::Fitted => serializer.serialize_str("fitted"),
            Self::Given(perplexities) => serializer.collect_seq(perplexities.iter().copied().map(Number)),
        }
    }
}

impl<'de> Deserialize<'de> for NewPerplexities {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        struct Forms;

        impl<'de> Visitor<'de> for Forms {
            type Value = NewPerplexities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"default\", \"fitted\" or a list of perplexities")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<NewPerplexities, E> {
                match text {
                    "default" => Ok(NewPerplexities::Default),
                    "fitted" => Ok(NewPerplexities::Fitted),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NewPerplexities, A::Error> {
                let mut perplexities = Vec::new();
                while let Some(Number(perplexity)) = list.next_element()? {
                    perplexities.push(perplexity);
                }
                Ok(NewPerplexities::Given(perplexities))
            }
        }

        deserializer.deserialize_any(Forms)
    }
}

/// A rule for affinities that is this toolkit's.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Model {
    Perplexity(PerplexityAffinity),
    FixedSigma(FixedSigma),
    Uniform(Uniform),
}

/// A map from the name of the rule, `"perplexity"`, `"fixed_sigma"` or `"uniform"`, to its parameters; a rule of your own cannot be
/// written.
impl<T> Serialize for AffinityMethod<T> {
    fn serialize<Se: Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
        let model = match self {
            Self::Perplexity(model) => Model::Perplexity(model.clone()),
            Self::FixedSigma(model) => Model::FixedSigma(*model),
            Self::Uniform(model) => Model::Uniform(*model),
            Self::Custom(_) => return Err(serial::own_code("affinities")),
        };
        model.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for AffinityMethod<T> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        Ok(match Model::deserialize(deserializer)? {
            Model::Perplexity(model) => model.into(),
            Model::FixedSigma(model) => model.into(),
            Model::Uniform(model) => model.into(),
        })
    }
}

/// The iterations of a part of a schedule: from the first to the one before which it ends, if it does.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    #[serde(default)]
    start: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

impl From<(usize, usize)> for Part {
    fn from((start, end): (usize, usize)) -> Self {
        Self { start, end: Some(end).filter(|end| *end != usize::MAX) }
    }
}

impl From<Part> for (usize, usize) {
    fn from(part: Part) -> Self {
        (part.start, part.end.unwrap_or(usize::MAX))
    }
}
