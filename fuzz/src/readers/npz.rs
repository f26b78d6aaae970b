//! Archives of arrays, and sparse matrices in them.

use super::arrays::{Array, archive};
use super::{CONSTANT, bound, options, read_both};
use crate::input::Input;
use crate::scratch::file;
use tsne_cli::input::{InputOptions, PointTable};

/// What deflate compresses at most.
const COMPRESSION: usize = 1032;

/// An archive of any bytes, of any arrays, or of a sparse matrix, which must read back.
pub(crate) fn npz(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(4) {
        0 => {
            let options = options(&mut input);
            let bytes = input.rest();
            // An array may be packed, and then claims less than a thousand bytes for each.
            let bound = CONSTANT + COMPRESSION * 64 * bytes.len();
            read_both(&file("x.npz", bytes), &options, bytes.len(), bound);
        }
        1 => arrays(&mut input),
        _ => matrix(&mut input),
    }
}

fn arrays(input: &mut Input<'_>) {
    const NAMES: [&str; 10] = ["format", "shape", "indptr", "indices", "data", "row", "col", "x", "kind", "y"];
    let options = options(input);
    let mut members = Vec::new();
    for _ in 0..input.below(8) {
        let name = input.pick(&NAMES);
        let array = match (name, input.below(4)) {
            ("format", 0..3) => Array::of_text(input.pick(&["csr", "csc", "coo", "bsr"])),
            ("x" | "y", 0..3) => {
                let shape = [input.below(6), input.below(6)];
                Array::of(input, &shape)
            }
            (_, 0..3) => {
                let counts: Vec<u64> = (0..input.below(8)).map(|_| u64::from(input.byte() / 32)).collect();
                Array::of_counts(&counts)
            }
            _ => {
                let shape: Vec<usize> = (0..input.below(4)).map(|_| input.below(5)).collect();
                Array::of(input, &shape)
            }
        };
        members.push((format!("{name}.npy"), array.file()));
    }
    let bytes = archive(&members);
    read_both(&file("x.npz", &bytes), &options, bytes.len(), bound(bytes.len()));
}

fn matrix(input: &mut Input<'_>) {
    let (n, d) = (input.below(8) + 1, input.below(8) + 1);
    let format = input.pick(&["csr", "csc", "coo"]);
    // Entries by the lines of the format, in any order within each, some of them repeated.
    let (lines, places) = if format == "csc" { (d, n) } else { (n, d) };
    let mut entries = Vec::new();
    let mut pointers = vec![0];
    for line in 0..lines {
        for _ in 0..input.below(5) {
            entries.push((line, input.below(places), input.number()));
        }
        pointers.push(entries.len() as u64);
    }
    if format == "coo" {
        let by = input.byte();
        entries.sort_by_key(|(_, place, value)| (*place ^ usize::from(by & 7), value.to_bits() & 1));
    }
    let column = |of: &dyn Fn(&(usize, usize, f64)) -> usize| {
        Array::of_counts(&entries.iter().map(|entry| of(entry) as u64).collect::<Vec<_>>())
    };
    let values: Vec<f64> = entries.iter().map(|entry| entry.2).collect();
    let mut arrays = vec![
        ("format", Array::of_text(format)),
        ("shape", Array::of_counts(&[n as u64, d as u64])),
        ("data", Array::of_numbers(&values)),
    ];
    match format {
        "coo" => arrays.extend([("row", column(&|entry| entry.0)), ("col", column(&|entry| entry.1))]),
        _ => arrays.extend([("indptr", Array::of_counts(&pointers)), ("indices", column(&|entry| entry.1))]),
    }
    let members: Vec<(String, Vec<u8>)> =
        arrays.into_iter().map(|(name, array)| (format!("{name}.npy"), array.file())).collect();
    let bytes = archive(&members);
    let loaded = read_both(&file("x.npz", &bytes), &InputOptions::default(), bytes.len(), bound(bytes.len()));

    let mut expected = vec![None; n * d];
    for &(line, place, value) in &entries {
        let at = if format == "csc" { place * d + line } else { line * d + place };
        let sum: &mut Option<f64> = &mut expected[at];
        *sum = Some(sum.map_or(value, |sum| sum + value));
    }
    let is_finite = expected.iter().flatten().all(|value| value.is_finite());
    assert_eq!(loaded.is_some(), is_finite, "{format} {n} × {d}: {entries:?}");
    let Some(PointTable::Sparse(table)) = loaded.map(|loaded| loaded.points) else { return };
    let rows = table.rows().unwrap();
    assert_eq!((rows.n(), rows.d()), (n, d));
    for (i, expected) in expected.chunks(d).enumerate() {
        let (columns, values) = rows.row(i);
        let found = columns.iter().map(|&column| column as usize).zip(values.iter().map(|value| value.to_bits()));
        let expected = expected.iter().enumerate().filter_map(|(c, value)| Some((c, (*value)?.to_bits())));
        assert!(found.eq(expected), "{format} {n} × {d}, row {i}: {entries:?}");
    }
}
