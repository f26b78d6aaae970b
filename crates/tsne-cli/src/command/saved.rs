//! What the command adds to a saved map: the ids and labels of its points, how their values were prepared, and the call that
//! made it.
//!
//! A checkpoint needs all of it to go on by itself, from another directory and without the input; a picture of a saved map has its
//! labels. They stand in sections of the command's own, `own.call`, `own.annotations` and `own.labels.0`, `own.labels.1` and so on.

use super::called;
use crate::input::{Annotations, LabelType, Labels, Resolved};
use crate::prepare::Preparation;
use crate::report::InputReport;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tsne::StoreError;
use tsne::store::{Reader, Writer};

const CALL: &str = "own.call";
const ANNOTATIONS: &str = "own.annotations";

fn codes(column: usize) -> String {
    format!("own.labels.{column}")
}

/// All that is kept beside a map.
#[derive(Debug)]
pub(crate) struct Extras {
    pub(crate) call: Call,
    pub(crate) annotations: Annotations,
    pub(crate) preparation: Option<Preparation>,
}

impl Extras {
    /// Adds them to what is saved.
    ///
    /// # Errors
    ///
    /// Those of the writer: none for sections that it does not have.
    pub(crate) fn add<'a>(&'a self, writer: &mut Writer<'a>) -> Result<()> {
        let mut text = |name: &str, value: Vec<u8>| writer.owned(name, &[value.len()], value).map(drop);
        text(CALL, serde_json::to_vec(&self.call)?)?;
        let label_type = |of: LabelType| TYPES.iter().find(|(_, known)| *known == of).map_or("auto", |(name, _)| *name);
        let labels = self.annotations.labels.iter().map(|labels| LabelTexts {
            name: labels.name.clone(),
            label_type: label_type(labels.label_type).into(),
            names: labels.names.clone(),
            title: labels.title.clone(),
        });
        let texts = Texts { ids: self.annotations.ids.clone(), labels: labels.collect() };
        text(ANNOTATIONS, serde_json::to_vec(&texts)?)?;
        for (column, labels) in self.annotations.labels.iter().enumerate() {
            writer.array(&codes(column), &[labels.codes.len()], &labels.codes)?;
        }
        if let Some(preparation) = &self.preparation {
            preparation.put(writer)?;
        }
        Ok(())
    }

    /// Those of the `n` points of a saved map; none of a file that a library wrote.
    ///
    /// # Errors
    ///
    /// For sections that are damaged.
    pub(crate) fn take(reader: &mut Reader, n: usize) -> Result<Option<Self>> {
        let Some(call) = text(reader, CALL)? else { return Ok(None) };
        let call = serde_json::from_slice(&call).context("the section own.call is damaged")?;
        let annotations = annotations(reader, n)?;
        Ok(Some(Self { call, annotations, preparation: Preparation::take(reader)? }))
    }
}

/// A call of the command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The arguments, from the name of the program on.
    pub(crate) arguments: Vec<String>,
    /// The directory that names of files refer to.
    pub(crate) directory: PathBuf,
    /// The number of values of each point.
    pub(crate) d: usize,
    pub(crate) input: InputReport,
    /// What was done about missing values.
    pub(crate) resolved: Resolved,
    /// The names of the columns of the points, where they have any.
    #[serde(default)]
    pub(crate) columns: Option<Vec<String>>,
}

impl Call {
    /// The call of this process.
    ///
    /// # Errors
    ///
    /// If there is no current directory.
    pub(crate) fn of_this_process(
        d: usize,
        input: InputReport,
        resolved: Resolved,
        columns: Option<Vec<String>>,
    ) -> Result<Self> {
        let arguments = called::arguments();
        let arguments = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let directory = std::env::current_dir().context("the current directory has no name")?;
        Ok(Self { arguments, directory, d, input, resolved, columns })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Texts {
    ids: Option<Vec<String>>,
    labels: Vec<LabelTexts>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LabelTexts {
    name: String,
    label_type: String,
    names: Vec<String>,
    title: Option<String>,
}

/// The names of [`LabelType`] as they are saved.
const TYPES: [(&str, LabelType); 3] =
    [("auto", LabelType::Auto), ("classes", LabelType::Classes), ("numbers", LabelType::Numbers)];

fn text(reader: &mut Reader, name: &str) -> Result<Option<Vec<u8>>> {
    if !reader.contains(name) {
        return Ok(None);
    }
    let shape = reader.shape(name)?.to_vec();
    Ok(Some(reader.take(name, &shape)?))
}

/// The names of the columns that a saved map was fitted to, where it has any.
///
/// # Errors
///
/// For a section that is damaged.
pub(crate) fn columns(reader: &mut Reader) -> Result<Option<Vec<String>>> {
    let Some(call) = text(reader, CALL)? else { return Ok(None) };
    let call: Call = serde_json::from_slice(&call).context("the section own.call is damaged")?;
    Ok(call.columns)
}

/// The ids and labels of the `n` points of a saved map.
///
/// # Errors
///
/// For sections that are damaged.
pub(crate) fn annotations(reader: &mut Reader, n: usize) -> Result<Annotations> {
    let Some(text) = text(reader, ANNOTATIONS)? else { return Ok(Annotations::default()) };
    let texts: Texts = serde_json::from_slice(&text).context("the section own.annotations is damaged")?;
    if let Some(ids) = &texts.ids {
        ensure!(ids.len() == n, "the section own.annotations has {} ids for {n} points", ids.len());
    }
    let mut annotations = Annotations { ids: texts.ids, labels: Vec::new() };
    for (column, LabelTexts { name, label_type, names, title }) in texts.labels.into_iter().enumerate() {
        let codes: Vec<u32> = reader.take(&codes(column), &[n])?;
        if let Some(code) = codes.iter().find(|&&code| code != Labels::MISSING && code as usize >= names.len()) {
            bail!("the label {code} of {name:?} is none of {}", names.len());
        }
        let label_type =
            TYPES.iter().find(|(known, _)| *known == label_type).map_or_else(LabelType::default, |(_, t)| *t);
        annotations.labels.push(Labels { name, label_type, codes, names, title });
    }
    Ok(annotations)
}

/// Why a saved map cannot be used. The message of the system is part of the error's own.
pub(crate) fn unusable(path: &Path, error: &StoreError) -> anyhow::Error {
    match error {
        StoreError::Io { .. } => anyhow!("{error}: name a map that `tsne embed --save` saved"),
        _ => anyhow!("{}: {error}", path.display()),
    }
}
