//! Columns of labels of a text table of their own, in the order of the points or joined with them by the names of the rows.
//!
//! Rows go straight to their points: of a table of a million rows for a hundred points, only a hundred labels are kept.

use super::header::{is_index_name, is_short};
use super::options::{CsvOptions, IndexColumn};
use super::records::{Record, Records};
use crate::input::counting::Counting;
use crate::input::labels::{Labels, LabelsBuilder, Owners};
use crate::input::names::{COLUMN, Names};
use anyhow::{Result, bail, ensure};
use std::io::BufRead;

/// Labels of a table, one column of them or several.
pub(crate) struct LabelTable {
    pub(crate) labels: Vec<Labels>,
    /// Whether the rows were joined with the points by their names.
    pub(crate) by_id: bool,
}

/// The names of a table's columns, if its first line has any for what comes below.
pub(crate) fn column_names(read: impl BufRead, options: &CsvOptions) -> Result<Vec<String>> {
    let mut records = Records::new(read, false, options.decimal)?;
    let (mut first, mut second) = (Record::default(), Record::default());
    records.read(&mut first)?;
    let short = records.read(&mut second)? && is_short(&first, second.len());
    let blank = short.then(String::new);
    Ok(blank.into_iter().chain(first.fields().map(str::to_owned)).collect())
}

/// What the columns of a table of labels are for.
struct Form {
    /// Fields of each line.
    count: usize,
    header: bool,
    ids: Option<usize>,
    /// Whether the column of the names of the rows is only the first one.
    guessed: bool,
    /// The place and the name of each column of labels.
    labels: Vec<(usize, String)>,
}

impl Form {
    fn new(first: &Record, below: Option<usize>, wanted: &[String], options: &CsvOptions) -> Result<Self> {
        let count = first.len();
        if wanted.is_empty() {
            let beside_index = count == 2 && is_index_name(first.field(0));
            ensure!(
                count <= 1 || beside_index,
                "line {} has {count} fields: name the columns that hold labels with --label-column, or give one label per line, \
                 in a .txt file if the commas belong to the labels",
                first.line
            );
            let name = if beside_index { first.field(1).to_owned() } else { String::new() };
            let ids = beside_index.then_some(0);
            return Ok(Self { count, header: beside_index, ids, guessed: false, labels: vec![(count - 1, name)] });
        }
        let header = options.header != super::HeaderLine::No;
        let offset = usize::from(header && below.is_some_and(|below| is_short(first, below)));
        let name = |column: usize| -> Option<&str> {
            let named = column.checked_sub(offset).filter(|_| header)?;
            Some(first.field(named))
        };
        let count = count + offset;
        let names = Names::new((0..count).map(name), COLUMN);
        let mut labels = Vec::new();
        for column in wanted {
            let column = names.find(column)?;
            let called = name(column).filter(|name| !name.is_empty());
            labels.push((column, called.map_or_else(|| format!("#{}", column + 1), str::to_owned)));
        }
        let is_free = |column: usize| labels.iter().all(|(label, _)| *label != column);
        let (ids, guessed) = match &options.index_column {
            IndexColumn::None => (None, false),
            IndexColumn::Column(column) if names.has(column) => (Some(names.find(column)?), false),
            _ if !is_free(0) => (None, false),
            _ => (Some(0), !(header && name(0).is_none_or(is_index_name))),
        };
        Ok(Self { count, header, ids, guessed, labels })
    }
}

impl LabelTable {
    /// Reads the wanted columns, or the only one, for these points.
    ///
    /// # Errors
    ///
    /// Where a column is not there, or the rows fit the points neither by their names nor by their number.
    pub(crate) fn read(
        read: impl BufRead,
        wanted: &[String],
        options: &CsvOptions,
        points: &Owners<'_>,
    ) -> Result<Self> {
        // Labels may be words with blanks in them.
        let mut records = Records::new(read, false, options.decimal)?;
        let (mut first, mut record) = (Record::default(), Record::default());
        ensure!(records.read(&mut first)?, "the file has no labels: give one for each point");
        let mut more = records.read(&mut record)?;
        let form = Form::new(&first, more.then_some(record.len()), wanted, options)?;
        let mut rows = Rows::new(&form, points)?;
        if !form.header {
            rows.push(&first)?;
        }
        while more {
            rows.push(&record)?;
            more = records.read(&mut record)?;
        }
        rows.finish(options)
    }
}

/// The rows so far.
struct Rows<'a> {
    form: &'a Form,
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

impl<'a> Rows<'a> {
    fn new(form: &'a Form, points: &'a Owners<'a>) -> Result<Self> {
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

    fn push(&mut self, record: &Record) -> Result<()> {
        let (form, n) = (self.form, self.points.n);
        let (line, given, count) = (record.line, record.len(), form.count);
        ensure!(
            given == count,
            "line {line} has {given} fields, but the first has {count}: give one label per line, in a .txt file if the commas \
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
                "line {line} is the second one for {:?}: leave one of them out",
                ids[point as usize]
            );
        }
        self.count += 1;
        Ok(())
    }

    fn finish(self, options: &CsvOptions) -> Result<LabelTable> {
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
