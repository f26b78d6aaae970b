//! Options that are parameters of the method: a new one is one entry in a list.

/// Declares a group of options with the names of parameters, and how they are set: on the builder of a fit (`fit`), on
/// that and on the parameters of further optimization (`descent`), on
/// the parameters of new points (`new`), or on all three (`both`). What is not given is left to the preset.
///
/// An entry is documentation, attributes of [`clap::Arg`], the name of the parameter and its type; `as` names the type that it is
/// converted to, `or` the flag that sets it to none.
macro_rules! parameters {
    (fit $(#[$meta:meta])* $group:ident $entries:tt) => {
        parameters!(@struct $(#[$meta])* $group $entries);
        parameters!(@set $group $entries set TsneBuilder "The builder of a fit with what is given.");
    };
    (both $(#[$meta:meta])* $group:ident $entries:tt) => {
        parameters!(@struct $(#[$meta])* $group $entries);
        parameters!(@set $group $entries set TsneBuilder "The builder of a fit with what is given.");
        parameters!(@set $group $entries set_new TransformParams "The parameters of new points with what is given.");
        parameters!(@set $group $entries set_further OptimizeParams "The parameters of further optimization with what is given.");
    };
    (descent $(#[$meta:meta])* $group:ident $entries:tt) => {
        parameters!(@struct $(#[$meta])* $group $entries);
        parameters!(@set $group $entries set TsneBuilder "The builder of a fit with what is given.");
        parameters!(@set $group $entries set_further OptimizeParams "The parameters of further optimization with what is given.");
    };
    (new $(#[$meta:meta])* $group:ident $entries:tt) => {
        parameters!(@struct $(#[$meta])* $group $entries);
        parameters!(@set $group $entries set_new TransformParams "The parameters of new points with what is given.");
    };
    (@struct $(#[$meta:meta])* $group:ident {
        $($(#[$arg:meta])* $name:ident: $type:ty $(as $target:ty)? $(, or $(#[$none:meta])* $no:ident)?;)*
    }) => {
        #[derive(Debug, Clone, clap::Args)]
        $(#[$meta])*
        pub struct $group {
            $(
                $(#[$arg])*
                pub $name: Option<$type>,
                $(
                    $(#[$none])*
                    pub $no: bool,
                )?
            )*
        }
    };
    (@set $group:ident {
        $($(#[$arg:meta])* $name:ident: $type:ty $(as $target:ty)? $(, or $(#[$none:meta])* $no:ident)?;)*
    } $set:ident $builder:ident $doc:literal) => {
        impl $group {
            #[doc = $doc]
            pub fn $set<T: tsne::Float, const D: usize>(
                &self,
                mut builder: tsne::$builder<T, D>,
            ) -> tsne::$builder<T, D> {
                $(
                    let given = self.$name.clone();
                    $(let given = given.map(<$target>::from);)?
                    parameters!(@apply builder given $name $(self.$no)?);
                )*
                builder
            }
        }
    };
    (@apply $builder:ident $given:ident $name:ident) => {
        if let Some(value) = $given {
            $builder = $builder.$name(value);
        }
    };
    (@apply $builder:ident $given:ident $name:ident $($no:tt)+) => {
        if $given.is_some() || $($no)+ {
            $builder = $builder.$name($given);
        }
    };
}
