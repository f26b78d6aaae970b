//! Parameters given by their documented names.

use tsne_affinity::Metric;
use tsne_core::{Error, Result};

/// What a parameter of the type `V` can be set to: a value, what converts to one, or its documented name as text.
///
/// A text that is no name is an error of the check of all parameters ([`TsneBuilder::build`](crate::TsneBuilder::build),
/// [`OptimizeParams::check`](crate::OptimizeParams::check)), unless the parameter is set again.
///
/// # Examples
///
/// ```
/// use tsne::{Initialization, Tsne};
///
/// let tsne = Tsne::<f32, 2>::builder().metric("cosine").initialization("random").negative_gradient_method("bh");
/// assert!(tsne.clone().learning_rate("auto").build().is_ok());
/// assert!(tsne.initialization(Initialization::Pca).learning_rate("fast").build().is_err());
/// ```
pub trait IntoParam<V> {
    /// The value.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a text that is no name, with those that are.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{IntoParam, LearningRate};
    ///
    /// assert_eq!(IntoParam::<LearningRate>::into_param("auto"), Ok(LearningRate::Auto));
    /// assert_eq!(IntoParam::<LearningRate>::into_param(200.0), Ok(LearningRate::Fixed(200.0)));
    /// ```
    fn into_param(self) -> Result<V>;
}

/// Implements [`IntoParam`] for a parameter, its name, and what converts to it.
macro_rules! names {
    ($($generics:tt $param:ty $(, $from:ty)*;)*) => {
        $(
            names!(@impl $generics $param, $param, |value| Ok(value));
            names!(@impl $generics $param, &str, |text| text.parse());
            names!(@impl $generics $param, String, |text| text.parse());
            $(names!(@impl $generics $param, $from, |value| Ok(value.into()));)*
        )*
    };
    (@impl [$($generics:tt)*] $param:ty, $from:ty, |$value:ident| $convert:expr) => {
        impl<$($generics)*> crate::params::name::IntoParam<$param> for $from {
            fn into_param(self) -> tsne_core::Result<$param> {
                let $value = self;
                $convert
            }
        }
    };
}

names! { [] Metric; }

/// Texts that are no names, to be reported when all parameters are checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Unknown(Vec<(&'static str, Error)>);

impl Unknown {
    /// The value that the parameter `name` is set to. What it was set to before does not count any more.
    pub(crate) fn take<V>(&mut self, name: &'static str, given: impl IntoParam<V>) -> Option<V> {
        self.0.retain(|(other, _)| *other != name);
        match given.into_param() {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push((name, error));
                None
            }
        }
    }

    /// The first that is left.
    pub(crate) fn check(&self) -> Result<()> {
        self.0.first().map_or(Ok(()), |(_, error)| Err(error.clone()))
    }
}
