//! Tables within a file: `obs` and `var`, with their columns as anndata writes them: arrays, categories, and values that may be
//! missing; before 0.7 the fields of a compound array, of which the first has the names of the rows, with categories in `uns`.

use super::array::Array;
use super::file::{Node, Store, array, attribute, is_boolean, is_number, members, node};
use crate::input::labels::{Labels, LabelsBuilder};
use crate::input::names::one_of;
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::{DType, Group};

/// A table of a group.
pub(super) struct Frame<'a> {
    store: &'a Store,
    columns: Columns,
    /// What it is called in the file.
    name: &'static str,
}

/// The columns of a table.
enum Columns {
    Group(Group),
    /// The names of the fields of a compound array, and what the file says about them.
    Fields {
        array: Box<Node>,
        names: Vec<String>,
        uns: Option<Group>,
    },
}

impl<'a> Frame<'a> {
    /// The table of that name, if the file has one.
    pub(super) fn open(store: &'a Store, root: &Group, name: &'static str) -> Result<Option<Self>> {
        let columns = match node(root, name)? {
            Some(Node::Group(group)) => Columns::Group(group),
            Some(array) => {
                let fields = array.fields(name)?.with_context(|| format!("{name} is no table: the file is damaged"))?;
                let names = fields.into_iter().map(|field| field.name).collect();
                let uns = match node(root, "uns")? {
                    Some(Node::Group(uns)) => Some(uns),
                    _ => None,
                };
                Columns::Fields { array: Box::new(array), names, uns }
            }
            None => return Ok(None),
        };
        Ok(Some(Self { store, columns, name }))
    }

    /// The names of the rows.
    pub(super) fn index(&self) -> Result<Option<Vec<String>>> {
        let name = match &self.columns {
            Columns::Group(group) => attribute(group, "_index")?.unwrap_or_else(|| "_index".to_owned()),
            Columns::Fields { names, .. } => names.first().cloned().unwrap_or_default(),
        };
        Ok(match self.column(&name)? {
            Some(Node::Array(array)) => Some(self.texts(&array, &format!("{}/{name}", self.name))?),
            _ => None,
        })
    }

    fn column(&self, name: &str) -> Result<Option<Node>> {
        match &self.columns {
            Columns::Group(group) => node(group, name),
            Columns::Fields { array, .. } => array.child(name, self.name),
        }
    }

    /// The names of all columns, in their order where the file tells it.
    pub(super) fn columns(&self) -> Result<Vec<String>> {
        let group = match &self.columns {
            Columns::Group(group) => group,
            Columns::Fields { names, .. } => return Ok(names.iter().skip(1).cloned().collect()),
        };
        let attributes = group.attrs()?;
        if let Some(order) = attributes.get("column-order").and_then(|value| value.as_strings()) {
            return Ok(order.to_vec());
        }
        let index = attributes.get("_index").and_then(|value| value.as_str().map(str::to_owned));
        let mut names = members(group)?;
        names.retain(|name| Some(name) != index.as_ref() && !name.starts_with("__"));
        Ok(names)
    }

    /// Whether there is a column of that name.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        Ok(self.columns()?.iter().any(|known| known == name))
    }

    /// The names of columns that hold classes or text.
    pub(super) fn classes(&self) -> Result<Vec<String>> {
        let mut names = self.columns()?;
        let mut kept = Vec::new();
        for name in names.drain(..) {
            let is_class = match self.column(&name)? {
                Some(Node::Group(group)) => {
                    attribute(&group, "encoding-type")?.is_some_and(|kind| kind == "categorical")
                }
                Some(Node::Array(array)) => !is_number(&array.dtype()?) || self.apart(&name)?.is_some(),
                None => false,
            };
            if is_class {
                kept.push(name);
            }
        }
        Ok(kept)
    }

    /// The categories of a column of codes, where the file has them apart from it.
    fn apart(&self, name: &str) -> Result<Option<Array>> {
        let categories = match &self.columns {
            Columns::Group(group) => match node(group, "__categories")? {
                Some(Node::Group(old)) => node(&old, name)?,
                _ => None,
            },
            Columns::Fields { uns: Some(uns), .. } => node(uns, &format!("{name}_categories"))?,
            Columns::Fields { .. } => None,
        };
        Ok(match categories {
            Some(Node::Array(array)) => Some(array),
            _ => None,
        })
    }

    /// The labels in a column of `n` rows.
    pub(super) fn labels(&self, wanted: &str, n: usize) -> Result<Labels> {
        let names = self.columns()?;
        let name = one_of("column of obs", wanted, &names)?;
        let what = format!("{}/{name}", self.name);
        let labels = match self.column(name)? {
            Some(Node::Array(array)) => match self.apart(name)? {
                Some(categories) => self.codes(&array, &categories, &what)?,
                None => self.plain(&array, None, &what)?,
            },
            Some(Node::Group(group)) => self.encoded(&group, &what)?,
            None => bail!("{what} is named, but not there: the file is damaged"),
        };
        ensure!(
            labels.codes.len() == n,
            "{what} has {} values for {n} points: the file is damaged",
            labels.codes.len()
        );
        Ok(Labels { name: name.clone(), ..labels })
    }

    /// Labels of a column whose categories are apart from it. Of a compound array these are found by their name alone, so it has
    /// them only if it can: the rule of anndata.
    fn codes(&self, array: &Array, categories: &Array, what: &str) -> Result<Labels> {
        let by_name = matches!(self.columns, Columns::Fields { .. });
        if by_name && !is_integer(&array.dtype()?) {
            return self.plain(array, None, what);
        }
        let codes = self.store.integers(array, what)?;
        let count = categories.shape()?.iter().fold(1u64, |count, &side| count.saturating_mul(side));
        if by_name && codes.iter().any(|&code| u64::try_from(code).is_ok_and(|code| code >= count)) {
            return self.plain(array, None, what);
        }
        self.categories(&codes, categories, what)
    }

    fn encoded(&self, group: &Group, what: &str) -> Result<Labels> {
        let kind = attribute(group, "encoding-type")?.unwrap_or_default();
        if kind == "categorical" {
            let codes = self.store.integers(&array(group, "codes", what)?, what)?;
            return self.categories(&codes, &array(group, "categories", what)?, what);
        }
        ensure!(
            kind.starts_with("nullable-"),
            "{what} is of type {kind:?}, which is no column of labels: choose another"
        );
        let mask = array(group, "mask", what)?;
        let mask: Vec<f64> = self.store.numbers(&mask, what)?;
        self.plain(&array(group, "values", what)?, Some(&mask), what)
    }

    /// Labels of codes, of which negative ones stand for none. Categories keep their names, also where those are words for nothing.
    fn categories(&self, codes: &[i64], categories: &Array, what: &str) -> Result<Labels> {
        let names = self.texts(categories, what)?;
        let mut labels = LabelsBuilder::default();
        for &code in codes {
            if code < 0 {
                labels.push("")?;
                continue;
            }
            let name = usize::try_from(code).ok().and_then(|code| names.get(code));
            labels.push_named(name.with_context(|| {
                format!("{what} names the category {code}, but there are {}: the file is damaged", names.len())
            })?)?;
        }
        Ok(labels.finish())
    }

    /// Labels of the elements of an array, but for those that are masked.
    fn plain(&self, array: &Array, mask: Option<&[f64]>, what: &str) -> Result<Labels> {
        let texts = self.texts(array, what)?;
        ensure!(
            mask.is_none_or(|mask| mask.len() == texts.len()),
            "{what} has {} values, but another number of marks of missing ones: the file is damaged",
            texts.len()
        );
        let mut labels = LabelsBuilder::default();
        for (i, text) in texts.iter().enumerate() {
            let masked = mask.is_some_and(|mask| mask[i] != 0.0);
            labels.push(if masked { "" } else { text })?;
        }
        Ok(labels.finish())
    }

    /// The elements of an array as text.
    fn texts(&self, array: &Array, what: &str) -> Result<Vec<String>> {
        let dtype = array.dtype().with_context(|| format!("{what} has no readable type"))?;
        Ok(match &dtype {
            DType::I8 | DType::I16 | DType::I32 | DType::I64 => {
                self.store.integers(array, what)?.iter().map(i64::to_string).collect()
            }
            DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
                let values: Vec<f64> = self.store.numbers(array, what)?;
                values.iter().map(f64::to_string).collect()
            }
            DType::F32 => {
                let values: Vec<f32> = self.store.numbers(array, what)?;
                values.iter().map(|value| (value + 0.0).to_string()).collect()
            }
            DType::F64 => {
                let values: Vec<f64> = self.store.numbers(array, what)?;
                values.iter().map(|value| (value + 0.0).to_string()).collect()
            }
            dtype if is_boolean(dtype) => {
                let values: Vec<f64> = self.store.numbers(array, what)?;
                values.iter().map(|&value| if value == 0.0 { "False" } else { "True" }.to_owned()).collect()
            }
            _ => self.store.texts(array, what)?,
        })
    }
}

/// Whether elements can be codes of categories.
fn is_integer(dtype: &DType) -> bool {
    use DType::{I8, I16, I32, I64, U8, U16, U32};
    matches!(dtype, I8 | I16 | I32 | I64 | U8 | U16 | U32)
}
