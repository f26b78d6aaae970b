//! Maps as tables of text, with the names and labels of the points.

use super::content::Numbers;
use crate::input::{Annotations, label_names};
use std::io::Write;
use tsne::Scalar;

/// The names of the first coordinates; later ones are numbered from 1.
const NAMES: [&str; 3] = ["x", "y", "z"];

/// One point per line, each number with the fewest digits that read back as the same number: the name of the point, if it has
/// one, its coordinates, its labels.
pub(super) fn encode<T: Scalar, const D: usize>(y: &[[T; D]], annotations: &Annotations, delimiter: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let ids = annotations.ids.as_deref();
    // What a table calls its first column where it holds names, and what readers take for it.
    let mut is_first = true;
    let mut next = |bytes: &mut Vec<u8>| {
        if !std::mem::take(&mut is_first) {
            bytes.push(delimiter);
        }
    };
    if ids.is_some() {
        next(&mut bytes);
        bytes.extend_from_slice(b"id");
    }
    for c in 0..D {
        next(&mut bytes);
        let name = NAMES.get(c).filter(|_| D <= NAMES.len()).map_or_else(|| format!("y{}", c + 1), |&name| name.into());
        bytes.extend_from_slice(name.as_bytes());
    }
    for name in label_names(annotations.labels.iter().map(|labels| labels.name.as_str()), &[]) {
        next(&mut bytes);
        push(&mut bytes, &name, DELIMITERS);
    }
    bytes.push(b'\n');
    for (i, point) in y.iter().enumerate() {
        if let Some(ids) = ids {
            push(&mut bytes, ids.get(i).map_or("", String::as_str), &[delimiter]);
            bytes.push(delimiter);
        }
        for (c, value) in point.iter().enumerate() {
            if c > 0 {
                bytes.push(delimiter);
            }
            // Writing to a vector cannot fail.
            let _ = write!(bytes, "{value:?}");
        }
        for labels in &annotations.labels {
            bytes.push(delimiter);
            push(&mut bytes, labels.of(i).unwrap_or_default(), &[delimiter]);
        }
        bytes.push(b'\n');
    }
    bytes
}

/// A row for each name, with its numbers as above; what is missing is empty.
pub(super) fn encode_numbers(ids: &[String], columns: &[Numbers], delimiter: u8) -> Vec<u8> {
    let mut bytes = b"id".to_vec();
    for column in columns {
        bytes.push(delimiter);
        push(&mut bytes, &column.name, DELIMITERS);
    }
    bytes.push(b'\n');
    for (i, id) in ids.iter().enumerate() {
        push(&mut bytes, id, &[delimiter]);
        for column in columns {
            bytes.push(delimiter);
            if let Some(value) = column.values.get(i).copied().flatten() {
                let _ = write!(bytes, "{value:?}");
            }
        }
        bytes.push(b'\n');
    }
    bytes
}

/// What readers find among the names of columns when they look for the delimiter.
const DELIMITERS: &[u8] = b"\t;,|";

/// Adds a text, between quotes where it needs them (RFC 4180): around delimiters, too.
fn push(bytes: &mut Vec<u8>, text: &str, delimiters: &[u8]) {
    let special = |byte: u8| delimiters.contains(&byte) || matches!(byte, b'"' | b'\n' | b'\r');
    // What would begin a comment, and blanks that would be cut off.
    if text.bytes().any(special) || text.starts_with('#') || text.trim() != text {
        bytes.push(b'"');
        bytes.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        bytes.push(b'"');
    } else {
        bytes.extend_from_slice(text.as_bytes());
    }
}
