//! Sparse matrices in the Matrix Market exchange format (Boisvert, Pozo and Remington 1996, NIST IR 5935): coordinates with
//! real, integer or pattern values, general, symmetric or skew-symmetric.

use super::grow::grow;
use super::line_ends::LineEnds;
use super::lines::for_each_line;
use super::open::open;
use super::sparse::{SparseTable, check_size};
use anyhow::{Context, Result, bail, ensure};
use std::cmp::Ordering;
use std::io::BufRead;
use std::path::Path;
use std::str::SplitWhitespace;
use tsne::Scalar;

/// Reads a matrix.
pub(super) fn read<T: Scalar>(path: &Path) -> Result<SparseTable<T>> {
    parse(open(path)?)
}

/// Reads a matrix from a stream.
pub(super) fn parse<T: Scalar>(read: impl BufRead) -> Result<SparseTable<T>> {
    entries(read)?.context(NO_SIZES)?.finish()
}

/// Parses the lines at the beginning of a matrix, which may be all of it.
pub(super) fn parse_beginning(lines: &[u8], are_all: bool) -> Result<()> {
    match entries(lines)? {
        Some(entries) if are_all => entries.check(),
        _ => Ok(()),
    }
}

/// The entries of a matrix, as far as its lines are there; none before the line of its size.
fn entries(read: impl BufRead) -> Result<Option<Entries>> {
    let mut kind = None;
    let mut entries: Option<Entries> = None;
    for_each_line(read, |number, line| {
        let Some(kind) = kind else {
            kind = Some(banner(line)?);
            return Ok(());
        };
        if line.starts_with('%') {
            return Ok(());
        }
        let mut fields = Fields { number, fields: line.split_whitespace() };
        match &mut entries {
            Some(entries) => entries.push(&mut fields),
            None => {
                entries = Some(Entries::new(kind, &mut fields)?);
                Ok(())
            }
        }
    })?;
    Ok(entries)
}

/// The sides of a matrix, and its entries with those that are mirrored: what stands before the first of them.
pub(super) fn shape(read: impl BufRead) -> Result<(usize, usize, usize)> {
    let mut kind = None;
    let read = LineEnds::new(read.take(HEAD)).context("cannot read")?;
    for (line, number) in read.lines().zip(1..) {
        let line = line.context("cannot read")?;
        // As the reader does.
        if line.trim().is_empty() {
            continue;
        }
        let Some(kind) = kind else {
            kind = Some(banner(&line)?);
            continue;
        };
        if line.starts_with('%') {
            continue;
        }
        let entries = Entries::new(kind, &mut Fields { number, fields: line.split_whitespace() })?;
        let mirrored = if entries.kind.symmetry == Symmetry::General { 1 } else { 2 };
        return Ok((entries.n, entries.d, entries.promised.saturating_mul(mirrored)));
    }
    bail!("{NO_SIZES}")
}

/// The bytes of the first lines, at most.
const HEAD: u64 = 1 << 20;

const NO_SIZES: &str = "not a Matrix Market file: it has no line with the numbers of rows, columns and entries";

/// What the first line says.
#[derive(Debug, Clone, Copy)]
struct Kind {
    values: Values,
    symmetry: Symmetry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Real,
    Integer,
    /// None: where there is an entry, there is a 1.
    Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
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
    let values = match *field {
        "real" | "double" => Values::Real,
        "integer" => Values::Integer,
        "pattern" => Values::Pattern,
        _ => bail!("values of type {field:?} are not supported: write real, integer or pattern ones"),
    };
    let symmetry = match *symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" => Symmetry::Skew,
        _ => bail!("the symmetry {symmetry:?} is not supported: write a general or symmetric matrix"),
    };
    Ok(Kind { values, symmetry })
}

/// The fields of a line.
struct Fields<'a> {
    number: u64,
    fields: SplitWhitespace<'a>,
}

impl<'a> Fields<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str> {
        self.fields.next().with_context(|| format!("line {} has no {what}", self.number))
    }

    fn whole(&mut self, what: &str) -> Result<usize> {
        let field = self.next(what)?;
        let number = self.number;
        field.parse().ok().with_context(|| format!("line {number} has {field:?} as its {what}: write a whole number"))
    }

    /// Checks that nothing is left.
    fn end(&mut self, after: &str) -> Result<()> {
        match self.fields.next() {
            None => Ok(()),
            Some(field) => bail!("line {} has {field:?} after its {after}: leave it out", self.number),
        }
    }
}

/// The entries so far.
struct Entries {
    kind: Kind,
    n: usize,
    d: usize,
    /// How many the size line promises, and how many were given; mirrored ones are not counted.
    promised: usize,
    given: usize,
    /// The triangle of a symmetric matrix that is given: the row compared with the column.
    triangle: Option<Ordering>,
    /// Row, column and value.
    entries: Vec<(u32, u32, f64)>,
}

impl Entries {
    /// Reads the size line.
    fn new(kind: Kind, fields: &mut Fields<'_>) -> Result<Self> {
        let n = fields.whole("number of rows")?;
        let d = fields.whole("number of columns")?;
        let promised = fields.whole("number of entries")?;
        fields.end("number of entries")?;
        ensure!(n == d || kind.symmetry == Symmetry::General, "a symmetric matrix must be square, not {n} × {d}");
        let mirrored = if kind.symmetry == Symmetry::General { 1 } else { 2 };
        check_size(n, d, promised.saturating_mul(mirrored))?;
        Ok(Self { kind, n, d, promised, given: 0, triangle: None, entries: Vec::new() })
    }

    fn push(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let (n, d, number) = (self.n, self.d, fields.number);
        let (row, column) = (fields.whole("row")?, fields.whole("column")?);
        ensure!(
            (1..=n).contains(&row) && (1..=d).contains(&column),
            "line {number} is for row {row}, column {column}, but they run from 1 to {n} and {d}"
        );
        let value = match self.kind.values {
            Values::Pattern => 1.0,
            kind => {
                let field = fields.next("value")?;
                let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
                let value =
                    value.with_context(|| format!("line {number} has the value {field:?}: write a finite number"))?;
                ensure!(
                    kind == Values::Real || value.fract() == 0.0,
                    "line {number} has the value {field} in a matrix of integers: write real in the first line"
                );
                value
            }
        };
        fields.end(if self.kind.values == Values::Pattern { "column" } else { "value" })?;
        self.given += 1;
        let promised = self.promised;
        ensure!(self.given <= promised, "line {number} is entry {}, but the size line promises {promised}", self.given);
        let narrow = |place: usize| u32::try_from(place - 1).context("the matrix has more than 2³² rows");
        let (i, j) = (narrow(row)?, narrow(column)?);
        grow("the entries of the matrix", &mut self.entries, 2)?;
        self.entries.push((i, j, value));
        let side = row.cmp(&column);
        match (self.kind.symmetry, side) {
            (Symmetry::General, _) | (Symmetry::Symmetric, Ordering::Equal) => {}
            (Symmetry::Skew, Ordering::Equal) => {
                bail!("line {number} is on the diagonal, which is zero in a skew-symmetric matrix: leave it out")
            }
            (symmetry, side) => {
                let given = *self.triangle.get_or_insert(side);
                ensure!(
                    given == side,
                    "line {number} is for row {row}, column {column}, on the other side of the diagonal than the entries \
                     before: of a symmetric matrix only one triangle is written, or write general in the first line"
                );
                self.entries.push((j, i, if symmetry == Symmetry::Skew { -value } else { value }));
            }
        }
        Ok(())
    }

    /// Whether all that are promised are there.
    fn check(&self) -> Result<()> {
        let Self { promised, given, .. } = self;
        ensure!(
            given == promised,
            "the size line promises {promised} entries, but there are {given}: the file is cut off"
        );
        Ok(())
    }

    fn finish<T: Scalar>(self) -> Result<SparseTable<T>> {
        self.check()?;
        SparseTable::from_coordinates(self.n, self.d, self.entries)
    }
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
        let upper = "%%MatrixMarket matrix coordinate integer symmetric\n2 2 2\n1 1 3\n1 2 7.0\n";
        assert_eq!(dense(upper), [[3.0, 7.0], [7.0, 0.0]]);
        let skew = "%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 7\n";
        assert_eq!(dense(skew), [[0.0, -7.0], [7.0, 0.0]]);
        let pattern = "%%MatrixMarket matrix coordinate pattern general\n3 2 2\n1 2\n3 1\n";
        assert_eq!(dense(pattern), [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]);
        let repeated = "%%MatrixMarket matrix coordinate real general\n1 2 3\n1 2 1\n1 1 2\n1 2 0.5\n";
        assert_eq!(dense(repeated), [[2.0, 1.5]]);
    }

    #[test]
    fn sizes_are_known_before_the_entries() {
        let of = |text: &str| shape(text.as_bytes()).map_err(|error| format!("{error:#}"));
        let general = "%%MatrixMarket matrix coordinate real general\n\n% a comment\n2 3 4\nno entry\n";
        assert_eq!(of(general), Ok((2, 3, 4)));
        // As many again on the other side.
        assert_eq!(of("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 4\n"), Ok((3, 3, 8)));
        for none in ["", "%%MatrixMarket matrix coordinate real general\n% 2 3 4\n"] {
            assert!(of(none).unwrap_err().contains("no line"), "{none}");
        }
    }

    #[test]
    fn a_beginning_is_checked_and_all_of_it_counted() {
        let of = |lines: &str, are_all: bool| {
            let text = format!("%%MatrixMarket matrix coordinate real general\n{lines}");
            parse_beginning(text.as_bytes(), are_all).map_err(|error| format!("{error:#}"))
        };
        assert_eq!(of("2 2 2\n1 1 1\n", false), Ok(()));
        assert!(of("2 2 2\n1 1 1\n", true).unwrap_err().contains("promises 2"));
        assert_eq!(of("2 2 2\n1 1 1\n1 2 1\n", true), Ok(()));
        assert!(of("2 2 2\n3 1 1\n", false).unwrap_err().contains("row 3"));
    }

    #[test]
    fn damage_is_named_with_its_line() {
        let error = |text: &str| format!("{:#}", parse::<f32>(text.as_bytes()).unwrap_err());
        let of = |kind: &str, lines: &str| error(&format!("%%MatrixMarket matrix coordinate {kind}\n{lines}"));
        let with = |lines: &str| of("real general", lines);
        assert!(error("").contains("no line"));
        assert!(error("1 2 3\n").contains("first line"));
        assert!(error("%%MatrixMarket matrix array real general\n").contains("array"));
        assert!(error("%%MatrixMarket matrix coordinate complex general\n").contains("complex"));
        assert!(error("%%MatrixMarket matrix coordinate real hermitian\n").contains("hermitian"));
        assert!(error("%%MatrixMarket matrix coordinate real symmetric\n1 2 0\n").contains("square"));
        assert!(with("2 2\n").contains("line 2 has no number of entries"));
        assert!(with("2 2 1 1\n").contains("line 2 has \"1\" after"));
        assert!(with("2 2 1\n3 1 1\n").contains("line 3 is for row 3"));
        assert!(with("2 2 1\n0 1 1\n").contains("row 0"));
        assert!(with("2 2 1\n1 x 1\n").contains("\"x\""));
        assert!(with("2 2 1\n1 1\n").contains("no value"));
        assert!(with("2 2 1\n1 1 nan\n").contains("\"nan\""));
        assert!(with("2 2 1\n1 1 1 7\n").contains("line 3 has \"7\" after its value"));
        assert!(of("pattern general", "2 2 1\n1 1 1\n").contains("line 3 has \"1\" after its column"));
        assert!(of("integer general", "2 2 2\n1 1 2\n1 2 1.5\n").contains("line 4 has the value 1.5"));
        assert!(of("real skew-symmetric", "2 2 1\n2 2 1\n").contains("line 3 is on the diagonal"));
        assert!(of("real symmetric", "2 2 2\n2 1 1\n1 2 1\n").contains("line 4 is for row 1, column 2"));
        assert!(with("2 2 2\n1 1 1\n").contains("promises 2"));
        assert!(with("2 2 0\n1 1 1\n").contains("promises 0"));
        assert!(with("99999999999 2 0\n").contains("empty"));
        assert!(with("1048576 2 1\n1 1 1\n").contains("empty"));
        assert!(with("2 99999999999 0\n").contains("columns"));
    }
}
