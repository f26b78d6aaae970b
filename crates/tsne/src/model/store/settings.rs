use super::StoreError;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write;

/// A named scalar of a model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// An unsigned integer.
    U64(u64),
    /// A real number; it comes back bit for bit, but for the payload of a value that is not a number.
    F64(f64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Str(String),
}

macro_rules! from {
    ($($type:ty => |$value:ident| $into:expr),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $into
            }
        })*
    };
}

from! {
    u64 => |value| Self::U64(value),
    usize => |value| Self::U64(value as u64),
    f64 => |value| Self::F64(value),
    bool => |value| Self::Bool(value),
    &str => |value| Self::Str(value.into()),
    String => |value| Self::Str(value),
}

impl Value {
    const fn kind(&self) -> &'static str {
        match self {
            Self::U64(_) => "u64",
            Self::F64(_) => "f64",
            Self::Bool(_) => "bool",
            Self::Str(_) => "str",
        }
    }
}

/// A type as which a setting can be read.
pub trait FromValue<'a>: Sized {
    /// The type's name in messages.
    const KIND: &'static str;

    /// The value, or `None` if it is of another type.
    ///
    /// ```
    /// use tsne::store::{FromValue, Value};
    ///
    /// assert_eq!(f64::from_value(&Value::F64(0.5)), Some(0.5));
    /// assert_eq!(bool::from_value(&Value::F64(0.5)), None);
    /// ```
    fn from_value(value: &'a Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty, $kind:literal, $pattern:pat => $value:expr;)*) => {
        $(impl<'a> FromValue<'a> for $type {
            const KIND: &'static str = $kind;

            fn from_value(value: &'a Value) -> Option<Self> {
                if let $pattern = value { $value } else { None }
            }
        })*
    };
}

from_value! {
    u64, "a u64", Value::U64(value) => Some(*value);
    usize, "a u64 within the range of usize", Value::U64(value) => Self::try_from(*value).ok();
    f64, "an f64", Value::F64(value) => Some(*value);
    bool, "a bool", Value::Bool(value) => Some(*value);
    &'a str, "a str", Value::Str(value) => Some(value);
}

/// The scalars of a model, by name: a section of text, one line `name=type:value` for each, sorted by name.
///
/// ```
/// use tsne::store::Settings;
///
/// let mut settings = Settings::new();
/// settings.set("n", 150_usize).set("theta", 0.5).set("metric", "cosine");
/// assert_eq!(settings.get::<usize>("n")?, 150);
/// assert_eq!(settings.get::<&str>("metric")?, "cosine");
/// assert_eq!(settings.optional::<f64>("max_grad_norm")?, None);
/// assert!(settings.get::<u64>("theta").is_err());
/// # Ok::<(), tsne::store::StoreError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// No settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Settings;
    ///
    /// assert_eq!(Settings::new().iter().len(), 0);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a value, in place of an earlier one of the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Settings;
    ///
    /// let mut settings = Settings::new();
    /// settings.set("n", 1_usize).set("n", 2_usize);
    /// assert_eq!(settings.get::<usize>("n")?, 2);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets all of others, each under its name behind `prefix`.
    pub(crate) fn set_all(&mut self, prefix: &str, others: &Self) {
        self.0.extend(others.0.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())));
    }

    /// Those whose names begin with `prefix`, without it.
    pub(crate) fn below(&self, prefix: &str) -> Self {
        let stripped = |(name, value): (&String, &Value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone()));
        Self(self.0.iter().filter_map(stripped).collect())
    }

    /// The value of a setting that must be there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if it is not, [`StoreError::Mismatch`] if it has another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Settings, StoreError};
    ///
    /// let mut settings = Settings::new();
    /// settings.set("n", 150_usize);
    /// assert_eq!(settings.get::<usize>("n")?, 150);
    /// assert!(matches!(settings.get::<f64>("n"), Err(StoreError::Mismatch { .. })));
    /// assert!(matches!(settings.get::<f64>("theta"), Err(StoreError::Missing { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn get<'a, T: FromValue<'a>>(&'a self, name: &str) -> Result<T, StoreError> {
        self.optional(name)?.ok_or_else(|| StoreError::missing("setting", name))
    }

    /// The value of a setting, if it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] if it has another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Settings;
    ///
    /// let mut settings = Settings::new();
    /// settings.set("theta", 0.5);
    /// assert_eq!(settings.optional::<f64>("theta")?, Some(0.5));
    /// assert_eq!(settings.optional::<f64>("max_grad_norm")?, None);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn optional<'a, T: FromValue<'a>>(&'a self, name: &str) -> Result<Option<T>, StoreError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        T::from_value(value).map(Some).ok_or_else(|| StoreError::Mismatch {
            what: format!("setting {name:?}"),
            found: format!("{value:?}"),
            expected: T::KIND.into(),
        })
    }

    /// All settings, sorted by name.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Settings;
    ///
    /// let mut settings = Settings::new();
    /// settings.set("theta", 0.5).set("n", 150_usize);
    /// assert!(settings.iter().map(|(name, _)| name).eq(["n", "theta"]));
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The text of the section.
    pub(super) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let mut text = String::new();
        for (name, value) in &self.0 {
            check_name(name).map_err(|why| StoreError::invalid("setting", name, why))?;
            let kind = value.kind();
            let value = match value {
                Value::U64(value) => value.to_string(),
                // The fewest digits that give the same number back.
                Value::F64(value) => format!("{value:?}"),
                Value::Bool(value) => value.to_string(),
                Value::Str(value) => value.replace('\\', "\\\\").replace('\n', "\\n"),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={kind}:{value}");
        }
        Ok(text.into_bytes())
    }

    /// The settings in the text of `section`.
    pub(super) fn decode(section: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = |why: String| StoreError::corrupt(format!("section {section:?}"), why);
        let text = std::str::from_utf8(bytes).map_err(|error| corrupt(format!("it is not UTF-8 text: {error}")))?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(corrupt("its last line does not end".into()));
        }
        let mut settings = BTreeMap::new();
        // Not `lines`, which drops a carriage return before a line's end.
        for (i, line) in text.split_terminator('\n').enumerate() {
            let corrupt = |why: &str| corrupt(format!("line {} is {line:?}, but {why}", i + 1));
            let (name, rest) = line.split_once('=').ok_or_else(|| corrupt("has no '='"))?;
            let (kind, value) = rest.split_once(':').ok_or_else(|| corrupt("has no ':'"))?;
            check_name(name).map_err(|why| corrupt(&why))?;
            if settings.last_key_value().is_some_and(|(last, _): (&String, _)| last.as_str() > name) {
                return Err(corrupt("the lines must be sorted by name"));
            }
            let value = match kind {
                "u64" => value.parse().ok().map(Value::U64),
                "f64" => value.parse().ok().map(Value::F64),
                "bool" => value.parse().ok().map(Value::Bool),
                "str" => unescape(value).map(Value::Str),
                _ => return Err(corrupt("the types are u64, f64, bool and str")),
            };
            let value = value.ok_or_else(|| corrupt(&format!("the value is not of type {kind}")))?;
            match settings.entry(name.to_owned()) {
                Entry::Vacant(entry) => entry.insert(value),
                Entry::Occupied(_) => return Err(corrupt("an earlier line has the name")),
            };
        }
        Ok(Self(settings))
    }
}

/// Whether a setting may be called so.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name must not be empty".into());
    }
    match name.bytes().find(|&byte| !byte.is_ascii_graphic() || byte == b'=') {
        Some(byte) => {
            Err(format!("the name has the byte {byte:#04x}, but must be of visible ASCII characters and no '='"))
        }
        None => Ok(()),
    }
}

/// The text with `\\` and `\n` replaced by what they stand for; `None` for a backslash before anything else.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}
