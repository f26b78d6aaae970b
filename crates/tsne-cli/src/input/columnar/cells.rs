//! What the cells of a column hold, as numbers and as texts.

use crate::input::table::Record;
use anyhow::{Context, Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type,
};
use arrow_array::{Array, PrimitiveArray, downcast_integer_array};
use arrow_schema::DataType;
use std::fmt::{Display, Write};

/// The numbers of a column, one for each row; booleans are 0 and 1, and what stands for a null means nothing.
pub(super) fn numbers(array: &dyn Array) -> Result<Vec<f64>> {
    Ok(downcast_integer_array!(
        array => array.values().iter().map(|&value| value as f64).collect(),
        DataType::Boolean => array.as_boolean().values().iter().map(|yes| f64::from(u8::from(yes))).collect(),
        DataType::Float16 => of::<Float16Type>(array, f64::from),
        DataType::Float32 => of::<Float32Type>(array, f64::from),
        DataType::Float64 => of::<Float64Type>(array, f64::from),
        DataType::Decimal32(..) => decimals::<Decimal32Type>(array),
        DataType::Decimal64(..) => decimals::<Decimal64Type>(array),
        DataType::Decimal128(..) => decimals::<Decimal128Type>(array),
        DataType::Decimal256(..) => decimals::<Decimal256Type>(array),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let (keys, values) = (numbers(dictionary.keys())?, numbers(dictionary.values())?);
            keys.iter().map(|&key| values.get(key as usize).copied().unwrap_or_default()).collect()
        }
        other => bail!("a column holds values of the type {other}, which are no numbers"),
    ))
}

fn of<P: ArrowPrimitiveType>(array: &dyn Array, value: impl Fn(P::Native) -> f64) -> Vec<f64> {
    array.as_primitive::<P>().values().iter().map(|&number| value(number)).collect()
}

/// Through their digits: dividing by a power of ten would round twice.
fn decimals<P: DecimalType>(array: &dyn Array) -> Vec<f64> {
    let array: &PrimitiveArray<P> = array.as_primitive();
    (0..array.len()).map(|row| array.value_as_string(row).parse().unwrap_or(f64::NAN)).collect()
}

/// The texts of a column, one for each row; of a null, none. Numbers are written so that they read back as the same.
pub(super) fn texts(array: &dyn Array) -> Result<Record> {
    if let DataType::Dictionary(..) = array.data_type() {
        let dictionary = array.as_any_dictionary();
        let (keys, values) = (numbers(dictionary.keys())?, texts(dictionary.values())?);
        return Ok(record(dictionary.keys(), |row, to| to.push_str(values.field(keys[row] as usize))));
    }
    Ok(downcast_integer_array!(
        array => record(array, |row, to| write(to, array.value(row))),
        DataType::Utf8 => record(array, |row, to| to.push_str(array.as_string::<i32>().value(row))),
        DataType::LargeUtf8 => record(array, |row, to| to.push_str(array.as_string::<i64>().value(row))),
        DataType::Utf8View => record(array, |row, to| to.push_str(array.as_string_view().value(row))),
        DataType::Boolean => record(array, |row, to| write(to, if array.as_boolean().value(row) { "True" } else { "False" })),
        DataType::Float16 => record(array, |row, to| write(to, array.as_primitive::<Float16Type>().value(row).to_f32())),
        DataType::Float32 => record(array, |row, to| write(to, array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => record(array, |row, to| write(to, array.as_primitive::<Float64Type>().value(row))),
        DataType::Decimal32(..) => digits::<Decimal32Type>(array),
        DataType::Decimal64(..) => digits::<Decimal64Type>(array),
        DataType::Decimal128(..) => digits::<Decimal128Type>(array),
        DataType::Decimal256(..) => digits::<Decimal256Type>(array),
        other => bail!("a column holds values of the type {other}, which can neither label nor name points"),
    ))
}

fn digits<P: DecimalType>(array: &dyn Array) -> Record {
    let array: &PrimitiveArray<P> = array.as_primitive();
    record(array, |row, to| to.push_str(&array.value_as_string(row)))
}

fn record(array: &dyn Array, write: impl Fn(usize, &mut String)) -> Record {
    let mut record = Record::default();
    for row in 0..array.len() {
        record.push(|text| {
            if array.is_valid(row) {
                write(row, text);
            }
        });
    }
    record
}

fn write(to: &mut String, value: impl Display) {
    // Writing to a text cannot fail.
    let _ = write!(to, "{value}");
}

/// Lists of numbers: those of all rows one after the other, and where each row's begin and end.
pub(super) struct Vectors<'a> {
    array: &'a dyn Array,
    /// Those of all rows, also of others than are looked at.
    items: &'a dyn Array,
}

impl<'a> Vectors<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Result<Self> {
        let items: &dyn Array = match array.data_type() {
            DataType::List(_) => array.as_list::<i32>().values(),
            DataType::LargeList(_) => array.as_list::<i64>().values(),
            DataType::FixedSizeList(..) => array.as_fixed_size_list().values(),
            other => bail!("a column holds values of the type {other}, which are no lists of numbers"),
        };
        Ok(Self { array, items })
    }

    /// Where the list of a row begins; that behind the last row, where it ends.
    fn offset(&self, row: usize) -> usize {
        match self.array.data_type() {
            DataType::List(_) => self.array.as_list::<i32>().value_offsets()[row] as usize,
            DataType::LargeList(_) => self.array.as_list::<i64>().value_offsets()[row] as usize,
            _ => row * self.array.as_fixed_size_list().value_length() as usize,
        }
    }

    /// The place of the first item of a row and how many it has; none where the list is missing.
    pub(super) fn row(&self, row: usize) -> Option<(usize, usize)> {
        let (start, end) = (self.offset(row), self.offset(row + 1));
        self.array.is_valid(row).then_some((start - self.offset(0), end - start))
    }

    /// The numbers of all lists, `None` for those that are missing.
    pub(super) fn items(&self) -> Result<Vec<Option<f64>>> {
        let (start, end) = (self.offset(0), self.offset(self.array.len()));
        optional(&self.items.slice(start, end - start))
    }
}

/// The numbers of a column, `None` for those that are missing.
pub(super) fn optional(array: &dyn Array) -> Result<Vec<Option<f64>>> {
    let nulls = array.logical_nulls();
    let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let numbers = numbers(array).context("cannot read a column of numbers")?;
    Ok(numbers.into_iter().enumerate().map(|(row, number)| (!is_null(row)).then_some(number)).collect())
}
