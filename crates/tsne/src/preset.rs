use std::fmt;
use std::str::FromStr;
use tsne_core::Error;

/// A set of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// The documented defaults of openTSNE 0.3: learning rate 200, momentum 0.5 then 0.8, 250 + 750 iterations, one
    /// thread, the interpolation grid.
    Documented,
    /// The defaults of openTSNE 1.0.4: learning rate `n / exaggeration` in each phase, momentum 0.8, 250 + 500
    /// iterations, steps of at most 5, automatic repulsion.
    OpenTsne,
    /// A Nesterov schedule that reaches a lower KL divergence than the others in 30 + 270 iterations: learning rate
    /// `2 n / exaggeration`, momentum 0.8 then 0.97, with a transition of 90 iterations between the two; on all threads.
    #[default]
    Recommended,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documented => "documented",
            Self::OpenTsne => "opentsne",
            Self::Recommended => "recommended",
        })
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        match s {
            "documented" => Ok(Self::Documented),
            "opentsne" => Ok(Self::OpenTsne),
            "recommended" => Ok(Self::Recommended),
            _ => {
                let allowed = "\"recommended\", \"opentsne\" or \"documented\"";
                Err(Error::parameter("preset", format_args!("{s:?}"), allowed))
            }
        }
    }
}
