//! Tables within a file: `obs` and `var`, with their columns as anndata writes them: arrays, categories, and values that may be
//! missing.

use super::file::{Node, Store, array, attribute, is_boolean, is_number, node};
use crate::input::labels::{Labels, LabelsBuilder};
use crate::input::names::one_of;
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::{DType, Dataset, Group};

/// A table of a group.
pub(super) struct Frame<'a> {
    store: &'a Store,
    group: Group,
    /// What it is called in the file.
    name: &'static str,
}

impl<'a> Frame<'a> {
    /// The table of that name, if the file has one in the form of a group.
    pub(super) fn open(store: &'a Store, parent: &Group, name: &'static str) -> Result<Option<Self>> {
        Ok(match node(parent, name)? {
            Some(Node::Group(group)) => Some(Self { store, group, name }),
            Some(Node::Array(_)) => bail!(
                "{name} is a compound array, as anndata wrote it before 0.7: read and write the file by a newer one, python -c \
                 'import anndata; anndata.read_h5ad(\"X.h5ad\").write(\"Y.h5ad\")'"
            ),
            None => None,
        })
    }

    /// The names of the rows.
    pub(super) fn index(&self) -> Result<Option<Vec<String>>> {
        let name = attribute(&self.group, "_index")?.unwrap_or_else(|| "_index".to_owned());
        Ok(match node(&self.group, &name)? {
            Some(Node::Array(array)) => Some(self.texts(&array, &format!("{}/{name}", self.name))?),
            _ => None,
        })
    }

    /// The names of all columns, in their order where the file tells it.
    pub(super) fn columns(&self) -> Result<Vec<String>> {
        let attributes = self.group.attrs()?;
        if let Some(order) = attributes.get("column-order").and_then(|value| value.as_strings()) {
            return Ok(order.to_vec());
        }
        let index = attributes.get("_index").and_then(|value| value.as_str().map(str::to_owned));
        let mut names = super::file::members(&self.group)?;
        names.retain(|name| Some(name) != index.as_ref() && !name.starts_with("__"));
        Ok(names)
    }

    /// The names of columns that hold classes or text.
    pub(super) fn classes(&self) -> Result<Vec<String>> {
        let mut names = self.columns()?;
        let mut kept = Vec::new();
        for name in names.drain(..) {
            let is_class = match node(&self.group, &name)? {
                Some(Node::Group(group)) => {
                    attribute(&group, "encoding-type")?.is_some_and(|kind| kind == "categorical")
                }
                Some(Node::Array(array)) => !is_number(&array.dtype()?),
                None => false,
            };
            if is_class {
                kept.push(name);
            }
        }
        Ok(kept)
    }

    /// The labels in a column of `n` rows.
    pub(super) fn labels(&self, wanted: &str, n: usize) -> Result<Labels> {
        let names = self.columns()?;
        let name = one_of("column of obs", wanted, &names)?;
        let what = format!("{}/{name}", self.name);
        let labels = match node(&self.group, name)? {
            Some(Node::Array(array)) => match node(&self.group, "__categories")? {
                Some(Node::Group(old)) if old.datasets()?.contains(name) => {
                    let codes = self.store.integers(&array, &what)?;
                    self.categories(&codes, &old.dataset(name)?, &what)?
                }
                _ => self.plain(&array, None, &what)?,
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
    fn categories(&self, codes: &[i64], categories: &Dataset, what: &str) -> Result<Labels> {
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
    fn plain(&self, array: &Dataset, mask: Option<&[f64]>, what: &str) -> Result<Labels> {
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
    fn texts(&self, array: &Dataset, what: &str) -> Result<Vec<String>> {
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
