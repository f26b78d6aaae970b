//! Columns of labels of a table of their own, in the order of the points or joined with them by the names of the rows.
//!
//! Rows go straight to their points: of a table of a million rows for a hundred points, only a hundred labels are kept.

use super::options::{CsvOptions, IndexColumn};
use super::record::Record;
use super::schema::{Schema, is_index_name};
use crate::input::counting::Counting;
use crate::input::labels::{Labels, LabelsBuilder, Owners};
use crate::input::names::{COLUMN, Names};
use anyhow::{Result, bail, ensure};

/// Labels of a table, one column of them or several.
pub(crate) struct LabelTable {
    pub(crate) labels: Vec<Labels>,
    /// Whether the rows were joined with the points by their names.
    pub(crate) by_id: bool,
}

/// What the columns of a table of labels are for.
pub(in crate::input) struct LabelForm {
    /// Fields of each row.
    count: usize,
    /// Whether the columns have names.
    header: bool,
    ids: Option<usize>,
    /// Whether the column of the names of the rows is only the first one.
    guessed: bool,
    /// The place and the name of each column of labels.
    labels: Vec<(usize, String)>,
}

impl LabelForm {
    /// That of a table with one column, or with one beside the names of the rows: then nobody needs to say which.
    pub(in crate::input) fn sole(schema: &Schema) -> Option<Self> {
        let count = schema.kinds.len();
        let name = |column: usize| schema.names.as_ref()?.get(column).map(String::as_str);
        let beside_index = count == 2 && (schema.index == 1 || name(0).is_some_and(is_index_name));
        let last = schema.kinds.last().filter(|kind| kind.no_text().is_none());
        if last.is_none() || (count > 1 && !beside_index) {
            return None;
        }
        let labels = vec![(count - 1, name(count - 1).unwrap_or_default().to_owned())];
        let ids = (beside_index && schema.kinds[0].no_text().is_none()).then_some(0);
        Some(Self { count, header: schema.names.is_some(), ids, guessed: false, labels })
    }

    /// That of a table of which some columns are wanted.
    pub(in crate::input) fn chosen(schema: &Schema, wanted: &[String], options: &CsvOptions) -> Result<Self> {
        let count = schema.kinds.len();
        let name = |column: usize| schema.names.as_ref()?.get(column).map(String::as_str);
        let names = Names::new((0..count).map(name), COLUMN);
        let mut labels = Vec::new();
        for column in wanted {
            let column = names.find(column)?;
            let called = name(column).filter(|name| !name.is_empty());
            labels.push((column, called.map_or_else(|| format!("#{}", column + 1), str::to_owned)));
        }
        let is_free = |column: usize| labels.iter().all(|(label, _)| *label != column);
        let header = schema.names.is_some();
        let (ids, guessed) = match &options.index_column {
            IndexColumn::None => (None, false),
            IndexColumn::Column(column) if names.has(column) => (Some(names.find(column)?), false),
            _ if !is_free(0) => (None, false),
            _ => (Some(0), schema.index == 0 && !(header && name(0).is_none_or(is_index_name))),
        };
        // A column that nobody named for it need not name the rows: of dates, say.
        let named = matches!(options.index_column, IndexColumn::Column(_));
        let ids = ids.filter(|&column| named || schema.kinds[column].no_text().is_none());
        for column in ids.into_iter().chain(labels.iter().map(|(column, _)| *column)) {
            if let Some(what) = schema.kinds[column].no_text() {
                bail!(
                    "column {:?} holds {what}, which can neither label nor name points: choose another",
                    name(column).unwrap_or_default()
                );
            }
        }
        Ok(Self { count, header, ids, guessed, labels })
    }

    /// The columns that are read, and the form of rows that have no others.
    #[cfg(feature = "columnar")]
    pub(in crate::input) fn narrowed(self) -> (Vec<usize>, Self) {
        let mut read: Vec<usize> = self.ids.into_iter().chain(self.labels.iter().map(|(column, _)| *column)).collect();
        read.sort_unstable();
        read.dedup();
        let place = |column: usize| read.partition_point(|&before| before < column);
        let labels = self.labels.into_iter().map(|(column, name)| (place(column), name)).collect();
        let narrow = Self { count: read.len(), ids: self.ids.map(place), labels, ..self };
        (read, narrow)
    }
}

/// The rows so far.
pub(in crate::input) struct LabelRows<'a> {
    form: &'a LabelForm,
    points: &'a Owners<'a>,
    /// The points in the order of their names.
    by_name: Vec<u32>,
    /// Of each column: the labels in the order of the rows, as far as they can be of use, and those of the points.
    columns: Vec<(LabelsBuilder, LabelsBuilder)>,
    count: usize,
    found: Vec<bool>,
    counting: Counting,
    /// A name of a row, for messages.
    example: Option<String>,
}

impl<'a> LabelRows<'a> {
    pub(in crate::input) fn new(form: &'a LabelForm, points: &'a Owners<'a>) -> Result<Self> {
        let ids = points.ids.filter(|_| form.ids.is_some()).unwrap_or_default();
        let mut by_name: Vec<u32> = (0..ids.len() as u32).collect();
        by_name.sort_by(|&a, &b| ids[a as usize].cmp(&ids[b as usize]));
        let mut columns = Vec::new();
        for _ in &form.labels {
            columns.push((LabelsBuilder::default(), LabelsBuilder::of_missing(ids.len())?));
        }
        let found = vec![false; ids.len()];
        Ok(Self { form, points, by_name, columns, count: 0, found, counting: Counting::default(), example: None })
    }

    pub(in crate::input) fn push(&mut self, record: &Record) -> Result<()> {
        let (form, n) = (self.form, self.points.n);
        let (place, given, count) = (record.place, record.len(), form.count);
        ensure!(
            given == count,
            "{place} has {given} fields, but the first has {count}: give one label per line, in a .txt file if the commas \
             belong to the labels, or name the columns that hold labels with --label-column"
        );
        let id = form.ids.map(|column| record.field(column));
        let ids = self.points.ids.unwrap_or_default();
        if id.is_none() || self.by_name.is_empty() {
            ensure!(self.count <= n, "there are more than {} labels for {n} points: give one label per point", n + 1);
        }
        let mut owners = &[][..];
        if let Some(id) = id {
            self.counting.push(id);
            self.example.get_or_insert_with(|| id.to_owned());
            let from = self.by_name.partition_point(|&point| ids[point as usize].as_str() < id);
            let to = from + self.by_name[from..].partition_point(|&point| ids[point as usize] == id);
            owners = &self.by_name[from..to];
        }
        for ((column, _), (in_order, by_id)) in form.labels.iter().zip(&mut self.columns) {
            let label = record.field(*column);
            if self.count <= n {
                in_order.push(label)?;
            }
            for &point in owners {
                by_id.set(point as usize, label);
            }
        }
        for &point in owners {
            let twice = std::mem::replace(&mut self.found[point as usize], true);
            ensure!(
                !twice || self.points.counting().is_some(),
                "{place} is the second one for {:?}: leave one of them out",
                ids[point as usize]
            );
        }
        self.count += 1;
        Ok(())
    }

    /// The labels of the points.
    ///
    /// # Errors
    ///
    /// Where the rows fit the points neither by their names nor by their number.
    pub(in crate::input) fn finish(self, options: &CsvOptions) -> Result<LabelTable> {
        let Self { form, points, columns, count, found, counting, example, .. } = self;
        let shared = found.iter().filter(|found| **found).count();
        // Rows that are only counted have no names, whether they are counted from 0 or from 1.
        let counted = points.counting().is_some() && counting.start().is_some();
        let enough = if form.guessed { 2 * shared >= found.len() } else { true };
        let by_id = shared > 0 && enough && !counted;
        // Names on both sides, of which none is shared, are those of other points.
        let strangers = shared == 0 && !form.guessed && points.counting().is_none() && counting.start().is_none();
        if let (true, Some(of_row), Some(of_point)) = (strangers, &example, points.ids.and_then(<[String]>::first)) {
            bail!(
                "no row has the name of a point: rows are named like {of_row:?}, points like {of_point:?}; choose the columns of \
                 names with --id-column, or --id-column none for labels in the order of the points"
            );
        }
        let mut labels = Vec::new();
        for ((_, name), (mut in_order, joined)) in form.labels.iter().zip(columns) {
            let mut of = if by_id {
                joined.finish()
            } else {
                let title = if !form.header && count == points.n + 1 { in_order.take_title() } else { None };
                let given = count - usize::from(title.is_some());
                if given != points.n {
                    let (n, ids) = (points.n, points.ids.unwrap_or_default());
                    match (example.as_ref().filter(|_| shared == 0 && !counted), ids.first()) {
                        (Some(of_row), Some(of_point)) => bail!(
                            "there are {count} labels for {n} points, and no row has the name of a point: rows are named like \
                             {of_row:?}, points like {of_point:?}; choose the columns of names with --id-column, or give one \
                             label per point"
                        ),
                        _ => bail!(
                            "there are {count} labels for {n} points: give one label per point, in the order of the points"
                        ),
                    }
                }
                points.left(Labels { title, ..in_order.finish() })
            };
            of.name.clone_from(name);
            of.label_type = options.label_type;
            labels.push(of);
        }
        Ok(LabelTable { labels, by_id })
    }
}
