//! What the columns of a stored table are.

use crate::input::table::{Kind, Schema};
use arrow_schema::{DataType, Schema as Stored};
use std::collections::HashMap;

/// Where pandas describes its frame.
const PANDAS: &str = "pandas";

/// How pandas calls an index that has no name.
const UNNAMED: &str = "__index_level_";

/// The columns, and the place of each in the file: the index of a frame comes first.
pub(super) fn schema(stored: &Stored) -> (Schema, Vec<usize>) {
    let fields = stored.fields();
    let index = index(stored);
    let rest = (0..fields.len()).filter(|place| !index.contains(place));
    let places: Vec<usize> = index.iter().copied().chain(rest).collect();
    let name = |place: usize| {
        let name = fields[place].name();
        if index.contains(&place) && name.starts_with(UNNAMED) { String::new() } else { name.clone() }
    };
    let names = places.iter().map(|&place| name(place)).collect();
    let kinds = places.iter().map(|&place| kind(fields[place].data_type())).collect();
    (Schema { names: Some(names), kinds, index: index.len(), typed: true }, places)
}

/// The places of the columns that pandas wrote for the index of a frame, whether or not it says so.
fn index(stored: &Stored) -> Vec<usize> {
    let described = stored.metadata().get(PANDAS).and_then(|text| serde_json::from_str(text).ok());
    let described: Option<HashMap<String, serde_json::Value>> = described;
    let columns = described.as_ref().and_then(|described| described.get("index_columns")?.as_array());
    // What is no name counts the rows and is no column.
    let named = |columns: &Vec<serde_json::Value>| -> Vec<usize> {
        let place = |name: &str| stored.fields().iter().position(|field| field.name() == name);
        let mut places: Vec<usize> = Vec::new();
        for place in columns.iter().filter_map(|name| place(name.as_str()?)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    };
    let unnamed = || {
        let fields = stored.fields().iter().enumerate();
        fields.filter(|(_, field)| field.name().starts_with(UNNAMED)).map(|(place, _)| place).collect()
    };
    columns.map_or_else(unnamed, named)
}

fn kind(of: &DataType) -> Kind {
    match of {
        of if is_number(of) => Kind::Number,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Dictionary(_, values) => match kind(values) {
            plain @ (Kind::Number | Kind::Text) => plain,
            _ => other(values),
        },
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
            if is_number(item.data_type()) =>
        {
            Kind::Vector
        }
        of => other(of),
    }
}

/// A type by its name alone: those of the parts of a structure would fill a page.
fn other(of: &DataType) -> Kind {
    let text = of.to_string();
    let name: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    Kind::Other(name.to_lowercase())
}

/// Whether values are numbers, or booleans that stand for 0 and 1.
fn is_number(of: &DataType) -> bool {
    of.is_numeric() || *of == DataType::Boolean
}

/// Whether single precision holds every value of a column.
pub(super) fn fits_single(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, values) => fits_single(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            fits_single(item.data_type())
        }
        of => matches!(
            of,
            DataType::Boolean
                | DataType::Int8
                | DataType::UInt8
                | DataType::Int16
                | DataType::UInt16
                | DataType::Float16
                | DataType::Float32
        ),
    }
}
