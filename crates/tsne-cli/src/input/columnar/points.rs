//! The points of a stored table.

use super::cells::{Vectors, optional, texts};
use super::file::{Batch, Opened};
use crate::input::dense::Table;
use crate::input::fits::Fits;
use crate::input::missing::{Missing, is_missing};
use crate::input::points::PointTable;
use crate::input::table::{Columns, CsvOptions, Gathered, Parsed, Place, Record, Role, refused};
use anyhow::{Context, Result, bail, ensure};
use arrow_array::Array;
use tsne::Scalar;

/// Why a table without rows is none.
pub(super) const NO_ROWS: &str = "the table has no rows: write one point per row";

/// Reads the points, in the precision that their types need.
///
/// # Errors
///
/// For whatever is not an `n × d` table of finite numbers; the message says where and what to do.
pub(in crate::input) fn read<T: Scalar>(opened: Opened, options: &CsvOptions) -> Result<PointTable<T>> {
    let columns = Columns::new(options, opened.schema.clone())?;
    let fits = Fits::of::<T>();
    let exact = size_of::<T>() == size_of::<f64>() || opened.fit_single(columns.of(Role::Value));
    Ok(if exact {
        PointTable::Dense(Table::from(parse(opened, columns, options, fits)?))
    } else {
        PointTable::Wide(Table::from(parse(opened, columns, options, fits)?))
    })
}

/// The rows and columns that points will have, and whether they are in double precision for a run in single precision: by the
/// index of a file, or what stands before each batch, and its first batch.
///
/// # Errors
///
/// For options that name no column, and damage that is seen so far.
pub(in crate::input) fn shape<T: Scalar>(opened: Opened, options: &CsvOptions) -> Result<(usize, usize, bool)> {
    let mut columns = Columns::new(options, opened.schema.clone())?;
    let is_wide = size_of::<T>() < size_of::<f64>() && !opened.fit_single(columns.of(Role::Value));
    let n = opened.rows()?;
    measure_first(opened, &mut columns)?;
    Ok((n, columns.d(), is_wide))
}

/// Learns from the first rows of a table how many values lists have.
pub(super) fn measure_first(opened: Opened, columns: &mut Columns) -> Result<()> {
    let values: Vec<usize> = columns.of(Role::Value).collect();
    if values.iter().any(|&column| columns.is_vector(column)) {
        let mut batches = opened.batches(&values)?;
        while let Some(batch) = batches.next()? {
            if batch.n() > 0 {
                return measure(&batch, columns);
            }
        }
    }
    Ok(())
}

fn parse<T: Scalar>(opened: Opened, mut columns: Columns, options: &CsvOptions, fits: Fits) -> Result<Parsed<T>> {
    let read: Vec<usize> = columns.of(Role::Value).chain(named(&columns)).collect();
    let mut batches = opened.batches(&read)?;
    let mut rows: Option<Rows<T>> = None;
    while let Some(batch) = batches.next()? {
        if batch.n() == 0 {
            continue;
        }
        let rows = match &mut rows {
            Some(rows) => rows,
            None => {
                measure(&batch, &mut columns)?;
                rows.insert(Rows::new(&columns, options, fits, 0))
            }
        };
        rows.push_values(&columns, &batch)?;
        rows.push_names(&columns, &batch)?;
    }
    rows.context(NO_ROWS)?.points.finish(&columns, options)
}

/// The columns with names and labels.
pub(super) fn named(columns: &Columns) -> impl Iterator<Item = usize> {
    columns.of(Role::Index).chain(columns.labels())
}

/// Learns from the first rows how many values lists have.
fn measure(batch: &Batch<'_>, columns: &mut Columns) -> Result<()> {
    let vectors: Vec<usize> = columns.of(Role::Value).filter(|&column| columns.is_vector(column)).collect();
    for column in vectors {
        let lists = Vectors::of(batch.column(column)?)?;
        let first = (0..batch.n()).find_map(|row| lists.row(row));
        let called = columns.called(column);
        let (_, width) =
            first.with_context(|| format!("column {called:?} has no list in its first {} rows", batch.n()))?;
        ensure!(width > 0, "the first list in column {called:?} is empty: a point has at least one value");
        columns.set_width(column, width);
    }
    Ok(())
}

/// The rows so far.
pub(super) struct Rows<T> {
    pub(super) points: Gathered<T>,
    /// The number of the first one.
    first: usize,
}

impl<T: Scalar> Rows<T> {
    pub(super) fn new(columns: &Columns, options: &CsvOptions, fits: Fits, first: usize) -> Self {
        Self { points: Gathered::new(columns, options, fits), first }
    }

    pub(super) fn push_values(&mut self, columns: &Columns, batch: &Batch<'_>) -> Result<()> {
        let (n, first, points) = (batch.n(), self.first + self.points.n, &mut self.points);
        points.grow(n)?;
        let start = points.values.len();
        points.values.resize(start + n * points.d, T::ZERO);
        let mut holes = Vec::new();
        let mut offset = 0;
        for column in columns.of(Role::Value) {
            let (array, width) = (batch.column(column)?, columns.width(column));
            let mut slots =
                Slots { points: &mut *points, first, columns, column, offset: start + offset, holes: &mut holes };
            if columns.is_vector(column) {
                slots.vectors(&Vectors::of(array)?, n, width)?;
            } else if columns.is_text(column) {
                slots.texts(array)?;
            } else {
                for (row, value) in optional(array)?.into_iter().enumerate() {
                    slots.set(row, 0, value)?;
                }
            }
            offset += width;
        }
        holes.sort_unstable();
        points.push_holes(&holes)?;
        points.n += n;
        Ok(())
    }

    pub(super) fn push_names(&mut self, columns: &Columns, batch: &Batch<'_>) -> Result<()> {
        let cells: Vec<(usize, Record)> =
            named(columns).map(|column| Ok((column, texts(batch.column(column)?)?))).collect::<Result<_>>()?;
        for row in 0..batch.n() {
            let cell = |wanted: usize| cells.iter().find(|(column, _)| *column == wanted);
            self.points.push_texts(|column| cell(column).map_or("", |(_, cells)| cells.field(row)))?;
        }
        Ok(())
    }
}

/// Where the values of one column go.
struct Slots<'a, T> {
    points: &'a mut Gathered<T>,
    /// The number of the first row of the batch.
    first: usize,
    columns: &'a Columns,
    column: usize,
    /// The place of the first one.
    offset: usize,
    holes: &'a mut Vec<usize>,
}

impl<T: Scalar> Slots<'_, T> {
    fn set(&mut self, row: usize, item: usize, value: Option<f64>) -> Result<()> {
        let place = self.offset + row * self.points.d + item;
        match value {
            Some(value) if self.points.fits.admits(value) => self.points.values[place] = T::from_f64(value),
            Some(value) if !value.is_nan() => return Err(self.refused(row, &format!("{value:?}"))),
            _ if self.points.missing == Missing::Error => {
                return Err(self.refused(row, if value.is_some() { "NaN" } else { "" }));
            }
            _ => self.holes.push(place),
        }
        Ok(())
    }

    /// Numbers that are stored as text, of a column that was asked for.
    fn texts(&mut self, array: &dyn Array) -> Result<()> {
        let texts = texts(array)?;
        for (row, text) in texts.fields().enumerate() {
            let value = self.points.numbers.value::<f64>(text);
            if value.is_none() && !is_missing(text) {
                return Err(self.refused(row, text));
            }
            self.set(row, 0, value)?;
        }
        Ok(())
    }

    fn vectors(&mut self, lists: &Vectors<'_>, n: usize, width: usize) -> Result<()> {
        let items = lists.items()?;
        for row in 0..n {
            let Some((start, length)) = lists.row(row) else {
                (0..width).try_for_each(|item| self.set(row, item, None))?;
                continue;
            };
            if length != width {
                bail!(
                    "{}, column {:?} has a list of {length} numbers, but the first has {width}: make all lists equally long",
                    self.place(row),
                    self.columns.called(self.column)
                );
            }
            let items =
                items.get(start..start + width).context("a list lies beyond its column: the file is damaged")?;
            for (item, value) in items.iter().enumerate() {
                self.set(row, item, *value)?;
            }
        }
        Ok(())
    }

    fn place(&self, row: usize) -> Place {
        Place::Row((self.first + row + 1) as u64)
    }

    fn refused(&self, row: usize, field: &str) -> anyhow::Error {
        let (columns, fits) = (self.columns, self.points.fits);
        anyhow::Error::msg(refused(self.place(row), self.column, field, columns, self.points.numbers, fits))
    }
}
