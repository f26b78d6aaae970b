//! Matrix Market.

use super::{CONSTANT, bound, options, read_both};
use crate::input::Input;
use crate::scratch::file;
use std::collections::BTreeMap;
use tsne_cli::input::{InputOptions, PointTable};

/// A matrix of any text, the beginning of which may be right.
pub(crate) fn mtx(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    if kind == 0 {
        let (name, options) = (input.pick(&["x.mtx", "x.mtx.gz", "x.mtx.zst"]), options(&mut input));
        let bytes = input.rest();
        let is_packed = name != "x.mtx";
        let bound = if is_packed { 8 * CONSTANT + (1 << 27) * bytes.len().max(1) } else { bound(bytes.len()) };
        read_both(&file(name, bytes), &options, bytes.len(), bound);
        return;
    }
    let values = ["real", "integer", "pattern", "double"][usize::from(kind & 3)];
    let symmetry = ["general", "symmetric", "skew-symmetric", "general"][usize::from(kind >> 2 & 3)];
    let mut text = format!("%%MatrixMarket matrix coordinate {values} {symmetry}\n").into_bytes();
    text.extend_from_slice(input.rest());
    let loaded = read_both(&file("x.mtx", &text), &InputOptions::default(), text.len(), bound(text.len()));
    let Some(PointTable::Sparse(table)) = loaded.map(|loaded| loaded.points) else { return };
    let text = std::str::from_utf8(&text).expect("what is no text is refused");
    let (n, d, expected) = entries(text, values == "pattern", symmetry);
    let rows = table.rows().unwrap();
    assert_eq!((rows.n(), rows.d()), (n, d));
    let mut found = BTreeMap::new();
    for i in 0..n {
        let (columns, values) = rows.row(i);
        found.extend(columns.iter().zip(values).map(|(&column, value)| ((i, column as usize), value.to_bits())));
    }
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(place, value)| (place, value.to_bits())).collect();
    assert_eq!(found, expected);
}

/// The sides of a matrix that is written as it should be, and the sums of its entries.
fn entries(text: &str, is_pattern: bool, symmetry: &str) -> (usize, usize, BTreeMap<(usize, usize), f64>) {
    let lines = text.split('\n').filter(|line| !line.trim().is_empty() && !line.starts_with('%'));
    let mut numbers = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let whole = |text: &str| text.parse::<usize>().unwrap();
    let sizes = numbers.next().unwrap();
    let mut sums = BTreeMap::new();
    let mut add = |place: (usize, usize), value: f64| {
        sums.entry(place).and_modify(|sum| *sum += value).or_insert(value);
    };
    for fields in numbers {
        let place = (whole(fields[0]) - 1, whole(fields[1]) - 1);
        let value = if is_pattern { 1.0 } else { fields[2].parse().unwrap() };
        add(place, value);
        if symmetry != "general" && place.0 != place.1 {
            add((place.1, place.0), if symmetry == "symmetric" { value } else { -value });
        }
    }
    (whole(sizes[0]), whole(sizes[1]), sums)
}
