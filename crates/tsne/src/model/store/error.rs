use std::path::PathBuf;
use std::{error, fmt, io};

/// Why a model was not saved or not loaded. Every message says what was found, where, and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    Io {
        /// What was tried, such as `"read"`.
        action: &'static str,
        /// The file, unless the caller gave a stream.
        path: Option<PathBuf>,
        /// The reason.
        source: io::Error,
    },
    /// A file of another kind, or one that a transfer in text mode has changed.
    NotAModel {
        /// How its first bytes differ.
        why: String,
    },
    /// A file of a major version that this build cannot read.
    Version {
        /// The file's major and minor version.
        found: (u16, u16),
        /// The newest version that this build knows.
        supported: (u16, u16),
    },
    /// A file that was cut or extended.
    Length {
        /// The bytes it has.
        found: u64,
        /// The bytes it must have.
        expected: u64,
    },
    /// A file whose bytes were changed, or that breaks the rules of the format.
    Corrupt {
        /// The section, or the part of the file, such as `"header"`.
        section: String,
        /// What is wrong.
        why: String,
    },
    /// A section or a setting that is not in the file.
    Missing {
        /// Its kind and name.
        what: String,
    },
    /// A section whose array was taken by an earlier call.
    Taken {
        /// Its name.
        section: String,
    },
    /// A section or a setting of another type or shape than asked for.
    Mismatch {
        /// Its kind and name.
        what: String,
        /// What the file holds.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// Something that is valid, but beyond this build or this machine.
    Unsupported(String),
    /// Content that the format cannot hold, given to a [`Writer`](crate::store::Writer).
    Invalid {
        /// The section or setting.
        what: String,
        /// Which rule it breaks, and by which value.
        why: String,
    },
}

impl StoreError {
    /// A section whose content breaks a rule, also one beyond the container's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::StoreError;
    ///
    /// let error = StoreError::corrupt("positions", "the first is beyond the map");
    /// assert!(error.to_string().contains("damaged in positions: the first is beyond the map"));
    /// ```
    pub fn corrupt(section: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Corrupt { section: section.into(), why: why.to_string() }
    }

    /// A section or setting that is not in the file.
    pub(super) fn missing(kind: &str, name: &str) -> Self {
        Self::Missing { what: format!("{kind} {name:?}") }
    }

    /// Content that the format cannot hold.
    pub(super) fn invalid(kind: &str, name: &str, why: impl fmt::Display) -> Self {
        Self::Invalid { what: format!("{kind} {name:?}"), why: why.to_string() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path: Some(path), source } => {
                write!(f, "could not {action} {}: {source}", path.display())
            }
            Self::Io { action, path: None, source } => write!(f, "could not {action} the model: {source}"),
            Self::NotAModel { why } => write!(f, "not a model saved by this library: {why}"),
            Self::Version { found, supported } => write!(
                f,
                "the model has format version {}.{}, but this build reads versions {}.x: {}",
                found.0,
                found.1,
                supported.0,
                if found.0 > supported.0 { "load it with a newer release" } else { "save it again with this release" },
            ),
            Self::Length { found, expected } if found < expected => {
                write!(f, "the file was cut: {found} of at least {expected} bytes are there; copy or save it again")
            }
            Self::Length { found, expected } => write!(
                f,
                "the file has {found} bytes, but its header says {expected}: something was appended or it is damaged; copy or save it again"
            ),
            Self::Corrupt { section, why } => {
                write!(f, "the model is damaged in {section}: {why}; copy or save it again")
            }
            Self::Missing { what } => {
                write!(f, "the model has no {what}: check the name, or save the model again with this release")
            }
            Self::Taken { section } => {
                write!(f, "section {section:?} was taken before: keep the array, or read the file again")
            }
            Self::Mismatch { what, found, expected } => write!(f, "{what} is {found}, but {expected} is needed"),
            Self::Unsupported(why) => f.write_str(why),
            Self::Invalid { what, why } => write!(f, "{what} cannot be saved: {why}"),
        }
    }
}

impl error::Error for StoreError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
