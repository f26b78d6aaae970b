//! Sparse matrices in the Matrix Market exchange format (Boisvert, Pozo and Remington 1996, NIST IR 5935): coordinates with
//! real, integer or pattern values, general, symmetric or skew-symmetric.

use super::SparseTable;
use super::text::{for_each_line, open};
use anyhow::{Context, Result, bail, ensure};
use std::io::BufRead;
use std::path::Path;
use tsne::Scalar;

/// A matrix may have this many rows more than entries: a size line alone must not fill the memory.
const MAX_EMPTY_ROWS: usize = 1 << 20;

/// What the first line says.
#[derive(Debug, Clone, Copy)]
struct Kind {
    pattern: bool,
    /// The factor of mirrored entries; `None` for a general matrix.
    mirror: Option<f64>,
}

/// Reads a matrix.
pub(super) fn read<T: Scalar>(path: &Path) -> Result<SparseTable<T>> {
    parse(open(path)?)
}

fn parse<T: Scalar>(read: impl BufRead) -> Result<SparseTable<T>> {
    let mut kind = None;
    let mut size: Option<[usize; 3]> = None;
    let mut entries: Vec<(usize, usize, f64)> = Vec::new();
    let mut given = 0usize;
    for_each_line(read, |number, line| {
        let Some(Kind { pattern, mirror }) = kind else {
            kind = Some(banner(line)?);
            return Ok(());
        };
        if line.starts_with('%') {
            return Ok(());
        }
        let mut fields = line.split_whitespace();
        let mut whole = |what: &str| -> Result<usize> {
            let field = fields.next().with_context(|| format!("line {number} has no {what}"))?;
            field
                .parse()
                .ok()
                .with_context(|| format!("line {number} has {field:?} as its {what}: write a whole number"))
        };
        let Some([n, d, count]) = size else {
            size = Some([whole("number of rows")?, whole("number of columns")?, whole("number of entries")?]);
            return Ok(());
        };
        let (row, column) = (whole("row")?, whole("column")?);
        ensure!(
            (1..=n).contains(&row) && (1..=d).contains(&column),
            "line {number} is for row {row}, column {column}, but they run from 1 to {n} and {d}"
        );
        let value = if pattern {
            1.0
        } else {
            let field = fields.next().with_context(|| format!("line {number} has no value"))?;
            let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
            value.with_context(|| format!("line {number} has the value {field:?}: write a finite number"))?
        };
        given += 1;
        ensure!(given <= count, "line {number} is entry {given}, but the size line promises {count}");
        entries.push((row - 1, column - 1, value));
        if let Some(factor) = mirror.filter(|_| row != column) {
            entries.push((column - 1, row - 1, factor * value));
        }
        Ok(())
    })?;
    let Some([n, d, count]) = size else {
        bail!("not a Matrix Market file: it has no line with the numbers of rows, columns and entries")
    };
    ensure!(given == count, "the size line promises {count} entries, but there are {given}: the file is cut off");
    ensure!(
        n == d || kind.is_none_or(|kind| kind.mirror.is_none()),
        "a symmetric matrix must be square, not {n} × {d}"
    );
    ensure!(
        n <= entries.len().saturating_add(MAX_EMPTY_ROWS),
        "nearly all of the {n} rows are empty: leave them out of the matrix"
    );
    // Stable, so that repeated entries are added in the order of the file.
    entries.sort_by_key(|&(row, _, _)| row);
    let mut row_pointers = vec![0usize; n + 1];
    entries.iter().for_each(|&(row, _, _)| row_pointers[row + 1] += 1);
    for i in 0..n {
        row_pointers[i + 1] += row_pointers[i];
    }
    let columns: Vec<usize> = entries.iter().map(|entry| entry.1).collect();
    let values: Vec<f64> = entries.iter().map(|entry| entry.2).collect();
    SparseTable::from_compressed(row_pointers, &columns, &values, d)
}

/// Reads the first line.
fn banner(line: &str) -> Result<Kind> {
    let words: Vec<String> = line.split_whitespace().map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["%%matrixmarket", "matrix", format, field, symmetry] = words.as_slice() else {
        bail!(
            "not a Matrix Market file: its first line must be %%MatrixMarket matrix coordinate real general, or alike"
        )
    };
    ensure!(
        *format == "coordinate",
        "the format {format:?} is not supported: write coordinates, or a dense .npy or .csv file"
    );
    let pattern = match *field {
        "real" | "integer" | "double" => false,
        "pattern" => true,
        _ => bail!("values of type {field:?} are not supported: write real, integer or pattern ones"),
    };
    let mirror = match *symmetry {
        "general" => None,
        "symmetric" => Some(1.0),
        "skew-symmetric" => Some(-1.0),
        _ => bail!("the symmetry {symmetry:?} is not supported: write a general or symmetric matrix"),
    };
    Ok(Kind { pattern, mirror })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(text: &str) -> Vec<Vec<f32>> {
        let table = parse::<f32>(text.as_bytes()).unwrap();
        let rows = table.rows().unwrap();
        let row = |i| {
            let mut row = vec![0.0; rows.d()];
            let (columns, values) = rows.row(i);
            columns.iter().zip(values).for_each(|(&column, &value)| row[column as usize] = value);
            row
        };
        (0..rows.n()).map(row).collect()
    }

    #[test]
    fn every_field_and_symmetry() {
        let general = "%%MatrixMarket matrix coordinate real general\n% a comment\n2 3 3\n2 3 1.5\n1 1 -2e0\n2 1 4\n";
        assert_eq!(dense(general), [[-2.0, 0.0, 0.0], [4.0, 0.0, 1.5]]);
        let symmetric = "%%matrixmarket MATRIX Coordinate Integer Symmetric\n\n2 2 2\n1 1 3\n2 1 7\n";
        assert_eq!(dense(symmetric), [[3.0, 7.0], [7.0, 0.0]]);
        let skew = "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 7\n";
        assert_eq!(dense(skew), [[0.0, -7.0], [7.0, 0.0]]);
        let pattern = "%%MatrixMarket matrix coordinate pattern general\n3 2 2\n1 2\n3 1\n";
        assert_eq!(dense(pattern), [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]);
        let repeated = "%%MatrixMarket matrix coordinate real general\n1 2 3\n1 2 1\n1 1 2\n1 2 0.5\n";
        assert_eq!(dense(repeated), [[2.0, 1.5]]);
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let error = |text: &str| format!("{:#}", parse::<f32>(text.as_bytes()).unwrap_err());
        let with = |lines: &str| error(&format!("%%MatrixMarket matrix coordinate real general\n{lines}"));
        assert!(error("").contains("no line"));
        assert!(error("1 2 3\n").contains("first line"));
        assert!(error("%%MatrixMarket matrix array real general\n").contains("array"));
        assert!(error("%%MatrixMarket matrix coordinate complex general\n").contains("complex"));
        assert!(error("%%MatrixMarket matrix coordinate real hermitian\n").contains("hermitian"));
        assert!(error("%%MatrixMarket matrix coordinate real symmetric\n1 2 0\n").contains("square"));
        assert!(with("2 2\n").contains("line 2 has no number of entries"));
        assert!(with("2 2 1\n3 1 1\n").contains("line 3 is for row 3"));
        assert!(with("2 2 1\n0 1 1\n").contains("row 0"));
        assert!(with("2 2 1\n1 x 1\n").contains("\"x\""));
        assert!(with("2 2 1\n1 1\n").contains("no value"));
        assert!(with("2 2 1\n1 1 nan\n").contains("\"nan\""));
        assert!(with("2 2 2\n1 1 1\n").contains("promises 2"));
        assert!(with("2 2 0\n1 1 1\n").contains("promises 0"));
        assert!(with("99999999999 2 0\n").contains("empty"));
        assert!(with("2 99999999999 0\n").contains("2³²"));
    }
}
