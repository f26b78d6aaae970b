//! A map from a file, with the ids and labels beside its coordinates.

use crate::input::{Annotations, CsvOptions, HeaderLine, IndexColumn, Labels, Table};
use anyhow::{Context as _, Result, ensure};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A line of names is no longer than this: what is longer is not one.
const LONGEST_LINE: u64 = 1 << 20;

/// A map from a file: places of points, and what is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct MapTable {
    /// The coordinates, one to three of each point.
    pub table: Table<f64>,
    /// Ids and labels that were beside them.
    pub annotations: Annotations,
}

impl MapTable {
    /// Reads a map: an array, a text of coordinates only, or a table whose names tell which columns these are.
    ///
    /// # Errors
    ///
    /// If it cannot be read, with what to do.
    pub fn read(path: &Path, options: &CsvOptions) -> Result<Self> {
        let names = if is_array(path) || options.header == HeaderLine::No { None } else { names(path)? };
        let columns = names.as_deref().and_then(|names| Columns::of(names, options));
        let Some(columns) = columns else {
            let table = Table::read(path, options)?;
            let mut labels: Vec<Labels> = table.labels().cloned().into_iter().collect();
            if let (Some(labels), Some(form)) = (labels.first_mut(), table.form()) {
                labels.name = form.label_column.clone().unwrap_or_default();
            }
            let d = table.d();
            ensure!(
                d <= 3,
                "the map has {d} columns, but a map has 1, 2 or 3: call them x, y, z where others are labels"
            );
            return Ok(Self { table, annotations: Annotations { ids: None, labels } });
        };
        // The reader takes one column of labels at a time.
        let read = |label: Option<usize>| {
            let drop = (0..columns.count).filter(|c| Some(*c) != label && !columns.coordinates.contains(c));
            let options = CsvOptions {
                header: HeaderLine::Yes,
                index_column: IndexColumn::None,
                label_column: label.map(selector),
                drop_columns: drop.map(selector).collect(),
            };
            Table::<f64>::read(path, &options)
        };
        let column = |c: usize| -> Result<Labels> {
            let table = read(Some(c))?;
            let name = table.form().and_then(|form| form.label_column.clone()).unwrap_or_default();
            Ok(Labels { name, ..table.labels().cloned().context("a column of labels was not read")? })
        };
        Ok(Self {
            table: read(None)?,
            annotations: Annotations {
                ids: columns.ids.map(column).transpose()?.as_ref().map(texts),
                labels: columns.labels.iter().map(|&c| column(c)).collect::<Result<_>>()?,
            },
        })
    }
}

/// The text of each label, empty where there is none: ids.
pub fn texts(labels: &Labels) -> Vec<String> {
    (0..labels.codes.len()).map(|i| labels.of(i).unwrap_or_default().to_owned()).collect()
}

fn selector(column: usize) -> String {
    format!("#{}", column + 1)
}

/// What the columns of a table are for, counted from 0.
#[derive(Debug, PartialEq, Eq)]
struct Columns {
    count: usize,
    coordinates: Vec<usize>,
    ids: Option<usize>,
    labels: Vec<usize>,
}

impl Columns {
    /// By their names, if some of them are those of coordinates.
    fn of(names: &[String], options: &CsvOptions) -> Option<Self> {
        let count = names.len();
        let coordinates: Vec<usize> = (0..count).filter(|&c| is_coordinate(&names[c])).take(3).collect();
        if coordinates.is_empty() {
            return None;
        }
        let is_called = |c: usize, wanted: &str| names[c] == wanted || selector(c) == wanted;
        let asked = |c: &usize| matches!(&options.index_column, IndexColumn::Column(wanted) if is_called(*c, wanted));
        let ids = match options.index_column {
            IndexColumn::Auto => (!coordinates.contains(&0) && is_id(&names[0])).then_some(0),
            IndexColumn::None => None,
            IndexColumn::Column(_) => (0..count).find(asked),
        };
        let is_dropped = |c: usize| options.drop_columns.iter().any(|wanted| is_called(c, wanted));
        let is_label = |c: &usize| !coordinates.contains(c) && Some(*c) != ids && !is_dropped(*c);
        let mut labels: Vec<usize> = (0..count).filter(is_label).collect();
        // That which was asked for colors the map first.
        labels.sort_by_key(|&c| !options.label_column.as_ref().is_some_and(|wanted| is_called(c, wanted)));
        Some(Self { count, coordinates, ids, labels })
    }
}

/// Whether a column of this name has coordinates: those that this program writes, and those of others.
fn is_coordinate(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    if ["x", "y", "z"].contains(&name.as_str()) {
        return true;
    }
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.len() < name.len()
        && ["y", "tsne", "t-sne", "x_tsne", "dim", "umap"].contains(&stem.trim_end_matches(['-', '_', ' ', '.']))
}

/// Whether a first column of this name has ids: pandas and R leave it empty.
fn is_id(name: &str) -> bool {
    const NAMES: [&str; 9] = ["", "id", "ids", "index", "_index", "unnamed: 0", "rownames", "row.names", "obs_names"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// The fields of the first line of a text, if there is one that could be names.
fn names(path: &Path) -> Result<Option<Vec<String>>> {
    let file = File::open(path).context("cannot open")?;
    let is_packed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let read: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut line = Vec::new();
    BufReader::new(read).take(LONGEST_LINE).read_until(b'\n', &mut line).context("cannot read")?;
    let Ok(text) = std::str::from_utf8(&line) else { return Ok(None) };
    let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|&d| text.bytes().filter(|&b| b == d).count());
    let mut reader = csv_core::ReaderBuilder::new().delimiter(delimiter.unwrap_or(b',')).build();
    let (mut output, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let (mut written, mut fields) = (0, 0);
    let bytes = [text.as_bytes(), b"\n"].concat();
    let (_, _, more, found) = reader.read_record(&bytes, &mut output, &mut ends);
    written += more;
    fields += found;
    let output = &output[..written.min(output.len())];
    let mut from = 0;
    let names = ends[..fields].iter().map(|&to| {
        let field = output.get(from..to).unwrap_or_default();
        from = to;
        String::from_utf8_lossy(field).trim().to_owned()
    });
    Ok(Some(names.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_columns_are_for() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let of = |text: &str| Columns::of(&names(text), &CsvOptions::default());
        let columns = |coordinates: &[usize], ids: Option<usize>, labels: &[usize], count: usize| {
            Some(Columns { count, coordinates: coordinates.to_vec(), ids, labels: labels.to_vec() })
        };
        assert_eq!(of("x,y"), columns(&[0, 1], None, &[], 2));
        assert_eq!(of("id,x,y,kind,age"), columns(&[1, 2], Some(0), &[3, 4], 5));
        assert_eq!(of("kind,tSNE_1,tSNE_2"), columns(&[1, 2], None, &[0], 3));
        assert_eq!(of("tsne-1,tsne-2,tsne-3,batch"), columns(&[0, 1, 2], None, &[3], 4));
        assert_eq!(of("a,b"), None);
        assert_eq!(of("1.5,2.5"), None);
        let options =
            CsvOptions { label_column: Some("b".into()), drop_columns: vec!["c".into()], ..CsvOptions::default() };
        let chosen = Columns::of(&names("x,y,a,b,c"), &options);
        assert_eq!(chosen, columns(&[0, 1], None, &[3, 2], 5));
    }
}
