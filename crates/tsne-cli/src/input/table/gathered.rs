//! The points of a table so far, whatever file they are from.

use super::columns::{Columns, Role, TableForm};
use super::like_labels;
#[cfg(feature = "columnar")]
use super::number::Numbers;
use super::options::CsvOptions;
use crate::input::fits::Fits;
use crate::input::grow::grow;
use crate::input::labels::{Labels, LabelsBuilder};
use crate::input::missing::{Missing, Resolved, keep};
use crate::input::transpose::transposed;
use anyhow::{Result, ensure};
use tsne::Scalar;

/// The points of a table.
#[derive(Debug)]
pub(in crate::input) struct Parsed<T> {
    /// In row-major order.
    pub(in crate::input) values: Vec<T>,
    pub(in crate::input) n: usize,
    pub(in crate::input) d: usize,
    pub(in crate::input) ids: Option<Vec<String>>,
    pub(in crate::input) labels: Vec<Labels>,
    /// The names of values, where the table names them.
    pub(in crate::input) names: Option<Vec<String>>,
    pub(in crate::input) form: TableForm,
    pub(in crate::input) resolved: Resolved,
}

/// The points of a table so far.
#[derive(Debug)]
pub(in crate::input) struct Gathered<T> {
    /// In row-major order.
    pub(in crate::input) values: Vec<T>,
    pub(in crate::input) n: usize,
    /// Values of each point.
    pub(in crate::input) d: usize,
    /// Places of the values that are missing, ascending.
    holes: Vec<usize>,
    ids: Option<(usize, Vec<String>)>,
    /// The columns of labels, in the order in which they are wanted.
    labels: Vec<(usize, LabelsBuilder)>,
    pub(in crate::input) missing: Missing,
    pub(in crate::input) fits: Fits,
    /// How texts that are numbers are written.
    #[cfg(feature = "columnar")]
    pub(in crate::input) numbers: Numbers,
}

impl<T: Scalar> Gathered<T> {
    pub(in crate::input) fn new(columns: &Columns, options: &CsvOptions, fits: Fits) -> Self {
        Self {
            values: Vec::new(),
            n: 0,
            d: columns.d(),
            holes: Vec::new(),
            ids: columns.of(Role::Index).next().map(|column| (column, Vec::new())),
            labels: columns.labels().into_iter().map(|column| (column, LabelsBuilder::default())).collect(),
            missing: options.missing,
            fits,
            #[cfg(feature = "columnar")]
            numbers: Numbers { decimal: options.decimal },
        }
    }

    /// Makes room for the values of `points` more points.
    pub(in crate::input) fn grow(&mut self, points: usize) -> Result<()> {
        Ok(grow("the values of the table", &mut self.values, self.d.saturating_mul(points))?)
    }

    /// Notes that the values at these places, ascending and beyond all others, are missing.
    pub(in crate::input) fn push_holes(&mut self, places: &[usize]) -> Result<()> {
        grow("the places of missing values", &mut self.holes, places.len())?;
        self.holes.extend_from_slice(places);
        Ok(())
    }

    /// Adds the name and the labels of the next point, whose fields are texts.
    pub(in crate::input) fn push_texts<'a>(&mut self, field: impl Fn(usize) -> &'a str) -> Result<()> {
        if let Some((column, ids)) = &mut self.ids {
            grow("the names of the rows", ids, 1)?;
            ids.push(field(*column).to_owned());
        }
        for (column, labels) in &mut self.labels {
            labels.push(field(*column))?;
        }
        Ok(())
    }

    pub(in crate::input) fn finish(mut self, columns: &Columns, options: &CsvOptions) -> Result<Parsed<T>> {
        let mut form = columns.form();
        let mut names: Option<Vec<String>> = columns.has_header().then(|| columns.value_names().collect());
        let mut ids = self.ids.map(|(_, ids)| ids);
        if let (Some(names), true) = (&names, options.columns.is_empty() && !options.transpose) {
            form.like_labels = like_labels::among(names, &self.values);
        }
        if options.transpose {
            ensure!(
                self.labels.is_empty(),
                "of a transposed table the columns are points and hold no labels: give these in a table of their own, --labels"
            );
            self.values = transposed(&self.values, self.n, self.d)?;
            let (n, d) = (self.n, self.d);
            self.holes.iter_mut().for_each(|hole| *hole = *hole % d * n + *hole / d);
            self.holes.sort_unstable();
            self.d = n;
            std::mem::swap(&mut ids, &mut names);
        }
        let name = |which: usize| match options.transpose {
            false => format!("{:?}", columns.value_names().nth(which).unwrap_or_default()),
            true => format!("{} of the transposed table", which + 1),
        };
        let resolved = self.missing.resolve(&mut self.values, self.d, &self.holes, name)?;
        let mut labels = Vec::new();
        for (column, builder) in self.labels {
            let of = builder.finish();
            labels.push(Labels { name: columns.called(column), label_type: options.label_type, ..of });
        }
        if let Some(kept) = &resolved.kept {
            ids = ids.map(|ids| keep(ids, kept));
            labels = labels.iter().map(|labels| labels.chosen(kept.iter().map(|&row| Some(row)))).collect();
        }
        Ok(Parsed { n: self.values.len() / self.d, values: self.values, d: self.d, ids, labels, names, form, resolved })
    }
}
