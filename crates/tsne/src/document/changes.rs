//! Parameters in documents, all or some of them: what a document leaves out is as its preset has it.
//!
//! The default of a parameter depends on the preset, which may be named anywhere in the document. So a document is read as a list of
//! changes, which are made when the preset is known.

use crate::params::preset::Preset;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

type Change<V> = Box<dyn FnOnce(&mut V)>;

/// What a document says of a value of the type `V`.
pub(super) struct Changes<V> {
    changes: Vec<Change<V>>,
    /// The preset, if it is named.
    pub(super) preset: Option<Preset>,
}

impl<V> Changes<V> {
    pub(super) fn push(&mut self, change: impl FnOnce(&mut V) + 'static) {
        self.changes.push(Box::new(change));
    }

    /// Makes the changes.
    pub(super) fn apply(self, value: &mut V) {
        self.changes.into_iter().for_each(|change| change(value));
    }

    /// What they make of the defaults.
    pub(super) fn over(self, defaults: impl FnOnce(Preset) -> V) -> V {
        let mut value = defaults(self.preset.unwrap_or_default());
        self.apply(&mut value);
        value
    }
}

/// A type whose documents are read field by field: see `document!`.
pub(super) trait Document: Sized {
    const NAME: &'static str;
    const FIELDS: &'static [&'static str];

    /// Reads the value of one of the fields.
    fn read<'de, A: MapAccess<'de>>(field: &str, map: &mut A, to: &mut Changes<Self>) -> Result<(), A::Error>;
}

impl<'de, V: Document> Deserialize<'de> for Changes<V> {
    fn deserialize<De: Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
        struct Fields<V>(PhantomData<V>);

        impl<'de, V: Document> Visitor<'de> for Fields<V> {
            type Value = Changes<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a map of fields of {}", V::NAME)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Changes<V>, A::Error> {
                let mut changes = Changes { changes: Vec::new(), preset: None };
                let mut seen = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let known = V::FIELDS.iter().copied().find(|field| *field == name);
                    let field = known.ok_or_else(|| A::Error::unknown_field(&name, V::FIELDS))?;
                    if seen.contains(&field) {
                        return Err(A::Error::duplicate_field(field));
                    }
                    seen.push(field);
                    V::read(field, &mut map, &mut changes)?;
                }
                Ok(changes)
            }
        }

        deserializer.deserialize_struct(V::NAME, V::FIELDS, Fields(PhantomData))
    }
}

/// Makes documents of a struct.
///
/// Of each field in braces stands the type in whose form it is written and read: its own, or one that it converts to and back. A
/// field behind `..` may have some of its fields only, too. `preset` is the field that names the preset, `texts` holds texts that
/// are no names, `own` is code of the user's own where it is not `None`: with either, there is no document. `without` is left out.
macro_rules! document {
    ([$($generics:tt)*] $type:ty, $name:literal over $defaults:expr, {
        $($field:ident: $form:ty,)*
        $(..$nested:ident: $inner:ty,)*
    } $(preset $preset:ident)? $(texts $texts:ident)? $(own $own:ident)? $(without $absent:ident)?) => {
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<Se: serde::Serializer>(&self, serializer: Se) -> Result<Se::Ok, Se::Error> {
                use serde::ser::SerializeStruct;
                // No field is forgotten.
                let Self { $($field: _,)* $($nested: _,)* $($preset: _,)? $($texts: _,)? $($own: _,)? $($absent: _,)? } = self;
                $(self.$texts.check().map_err(serde::ser::Error::custom)?;)?
                $(if self.$own.is_some() {
                    return Err(tsne_core::serial::own_code(stringify!($own)));
                })?
                let mut document = serializer.serialize_struct($name, <Self as Document>::FIELDS.len())?;
                $(document.serialize_field(stringify!($preset), &self.$preset)?;)?
                $(document.serialize_field(stringify!($field), &<$form>::from(self.$field.clone()))?;)*
                $(document.serialize_field(stringify!($nested), &self.$nested)?;)*
                document.end()
            }
        }

        impl<$($generics)*> Document for $type {
            const NAME: &'static str = $name;
            const FIELDS: &'static [&'static str] =
                &[$(stringify!($preset),)? $(stringify!($field),)* $(stringify!($nested),)*];

            fn read<'de, A: serde::de::MapAccess<'de>>(field: &str, map: &mut A, to: &mut Changes<Self>) -> Result<(), A::Error> {
                $(if field == stringify!($preset) {
                    let preset = map.next_value()?;
                    to.preset = Some(preset);
                    to.push(move |value| value.$preset = preset);
                })?
                $(if field == stringify!($field) {
                    let form: $form = map.next_value()?;
                    to.push(move |value| value.$field = form.into());
                })*
                $(if field == stringify!($nested) {
                    let inner: Changes<$inner> = map.next_value()?;
                    to.preset = to.preset.or(inner.preset);
                    to.push(move |value| inner.apply(&mut value.$nested));
                })*
                Ok(())
            }
        }

        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<De: serde::Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
                Ok(Changes::<Self>::deserialize(deserializer)?.over($defaults))
            }
        }
    };
}
