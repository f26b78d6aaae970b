//! Parameters and reports as documents (feature `serde`): what derived implementations of serde's traits leave open.
//!
//! - A value with a documented name is written as that name and read from it and its aliases: [`name`], [`named`].
//! - A number that is not finite is written as text, `"NaN"`, `"inf"` or `"-inf"`, to formats for people: JSON has no such number, and
//!   `serde_json` would write `null`, which an optional field takes for none. Binary formats have it as it is. Both forms are read:
//!   [`Number`], [`number`].
//! - Of a parameter, `None` is written as `"none"`: formats without a null (TOML) would leave the field out, and a default that is a
//!   number would come in its place. `null` is read as well: [`Optional`], [`optional`]. In reports it is a null: [`nullable`].
//!
//! All of it needs a format that describes itself, as JSON, TOML, YAML and CBOR do.

use serde::de::value::{F64Deserializer, I64Deserializer, U64Deserializer};
use serde::de::{Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// Writes the documented name of a value.
///
/// # Errors
///
/// Those of the format.
///
/// # Examples
///
/// ```
/// use tsne_core::{Stage, serial};
///
/// let mut json = Vec::new();
/// serial::name(&Stage::Neighbors, &mut serde_json::Serializer::new(&mut json)).unwrap();
/// assert_eq!(json, b"\"neighbors\"");
/// ```
pub fn name<V: fmt::Display, S: Serializer>(value: &V, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Reads a value from its documented name.
///
/// # Errors
///
/// Those of the value's `FromStr`, which name what is allowed, and those of the format.
///
/// # Examples
///
/// ```
/// use tsne_core::serial;
///
/// let mut json = serde_json::Deserializer::from_str("\"127.0.0.1\"");
/// assert!(serial::named::<std::net::IpAddr, _>(&mut json).unwrap().is_loopback());
/// ```
pub fn named<'de, V: FromStr<Err: fmt::Display>, D: Deserializer<'de>>(deserializer: D) -> Result<V, D::Error> {
    struct Names<V>(PhantomData<V>);

    impl<V: FromStr<Err: fmt::Display>> Visitor<'_> for Names<V> {
        type Value = V;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a documented name")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<V, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Names(PhantomData))
}

/// A number that need not be finite.
///
/// # Examples
///
/// ```
/// use tsne_core::serial::Number;
///
/// assert_eq!(serde_json::to_string(&Number(f64::INFINITY)).unwrap(), "\"inf\"");
/// assert!(serde_json::from_str::<Number>("\"NaN\"").unwrap().0.is_nan());
/// assert_eq!(serde_json::from_str::<Number>("200").unwrap().0, 200.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(number)
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> Self {
        number.0
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() || !serializer.is_human_readable() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl Visitor<'_> for Numbers {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                match text {
                    "NaN" => Ok(Number(f64::NAN)),
                    "inf" => Ok(Number(f64::INFINITY)),
                    "-inf" => Ok(Number(f64::NEG_INFINITY)),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(Numbers)
    }
}

/// An optional number of a parameter: `V` is [`Number`] or an integer.
///
/// # Examples
///
/// ```
/// use tsne_core::serial::{Number, Optional};
///
/// let read = |json| serde_json::from_str::<Optional<Number>>(json).unwrap().0;
/// assert_eq!((read("5"), read("null"), read("\"none\"")), (Some(Number(5.0)), None, None));
/// assert_eq!(serde_json::to_string(&Optional::<i32>(None)).unwrap(), "\"none\"");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optional<V>(pub Option<V>);

/// What `None` is called.
const NONE: &str = "none";

impl From<Option<f64>> for Optional<Number> {
    fn from(number: Option<f64>) -> Self {
        Self(number.map(Number))
    }
}

impl From<Optional<Number>> for Option<f64> {
    fn from(number: Optional<Number>) -> Self {
        number.0.map(f64::from)
    }
}

/// Of integers, which are written as they are.
macro_rules! integers {
    ($($integer:ty)*) => {
        $(
            impl From<Option<$integer>> for Optional<$integer> {
                fn from(number: Option<$integer>) -> Self {
                    Self(number)
                }
            }

            impl From<Optional<$integer>> for Option<$integer> {
                fn from(number: Optional<$integer>) -> Self {
                    number.0
                }
            }
        )*
    };
}

integers! { i32 usize }

impl<V: Serialize> Serialize for Optional<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(number) => number.serialize(serializer),
            None => serializer.serialize_str(NONE),
        }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Optional<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Optionals<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Optionals<V> {
            type Value = Optional<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number or {NONE:?}")
            }

            fn visit_unit<E>(self) -> Result<Optional<V>, E> {
                Ok(Optional(None))
            }

            fn visit_none<E>(self) -> Result<Optional<V>, E> {
                Ok(Optional(None))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Optional<V>, D::Error> {
                V::deserialize(deserializer).map(|number| Optional(Some(number)))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Optional<V>, E> {
                self.visit_some::<F64Deserializer<E>>(number.into_deserializer())
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Optional<V>, E> {
                self.visit_some::<I64Deserializer<E>>(number.into_deserializer())
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Optional<V>, E> {
                self.visit_some::<U64Deserializer<E>>(number.into_deserializer())
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Optional<V>, E> {
                if text == NONE { Ok(Optional(None)) } else { self.visit_some(text.into_deserializer()) }
            }
        }

        deserializer.deserialize_any(Optionals(PhantomData))
    }
}

/// `#[serde(with = "tsne_core::serial::number")]`: an `f64` as a [`Number`].
pub mod number {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the format.
    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number(*number).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Those of the format, and for what is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Number::deserialize(deserializer).map(f64::from)
    }
}

/// `#[serde(with = "tsne_core::serial::optional")]`: an `Option<f64>` of a parameter as an [`Optional`].
pub mod optional {
    use super::{Deserialize, Deserializer, Optional, Serialize, Serializer};

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the format.
    pub fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        Optional::from(*number).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Those of the format, and for what is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Optional::deserialize(deserializer).map(Option::from)
    }
}

/// `#[serde(with = "tsne_core::serial::nullable")]`: an `Option<f64>` of a report, whose `None` is a null.
pub mod nullable {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the format.
    pub fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        number.map(Number).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Those of the format, and for what is no number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(f64::from))
    }
}

/// What code of the user's own answers when it is to be written.
///
/// # Examples
///
/// ```
/// use tsne_core::serial;
///
/// let error: serde_json::Error = serial::own_code("neighbors");
/// assert!(error.to_string().starts_with("neighbors is code of your own"));
/// ```
pub fn own_code<E: serde::ser::Error>(name: &str) -> E {
    E::custom(format_args!("{name} is code of your own, which cannot be written: set it where the parameters are read"))
}

/// By its [`dof`](crate::Kernel::dof), which is read with the checks of [`Kernel::new`](crate::Kernel::new).
impl Serialize for crate::kernel::Kernel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dof())
    }
}

impl<'de> Deserialize<'de> for crate::kernel::Kernel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Number::deserialize(deserializer)?.0).map_err(D::Error::custom)
    }
}
