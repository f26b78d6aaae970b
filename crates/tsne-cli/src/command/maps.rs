//! Maps as files hold them: saved models, arrays, and tables whose other columns are labels.

use crate::command::saved;
use crate::command::transform::unusable;
use crate::input::{Annotations, CsvOptions, Labels, Table};
use anyhow::{Context, Result, bail, ensure};
use csv_core::{ReadRecordResult, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;
use tsne::Model;

/// Positions of any dimension, row by row, with what is known of the points.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) dimensions: usize,
    values: Vec<f64>,
    pub(crate) annotations: Annotations,
}

impl Map {
    /// The number of points.
    pub(crate) fn n(&self) -> usize {
        self.values.len() / self.dimensions.max(1)
    }

    /// Reads a map in any of its formats.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or has neither one nor two nor three coordinates.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let lower = path.to_string_lossy().to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        let map = if plain.ends_with(".npy") {
            Self::array(path)
        } else if [".csv", ".tsv", ".txt"].iter().any(|extension| plain.ends_with(extension)) {
            Self::table(path)
        } else {
            Self::model(path)
        }?;
        ensure!(
            (1..=3).contains(&map.dimensions),
            "{}: a map has 1 to 3 coordinates, but this has {}",
            path.display(),
            map.dimensions
        );
        Ok(map)
    }

    fn array(path: &Path) -> Result<Self> {
        let table = Table::<f64>::read(path, &CsvOptions::default()).with_context(|| path.display().to_string())?;
        let rows = table.rows()?;
        let values = rows.iter().flat_map(|row| row.iter().copied()).collect();
        Ok(Self { dimensions: table.d(), values, annotations: Annotations::default() })
    }

    fn model(path: &Path) -> Result<Self> {
        let mut model = Model::open(path).map_err(|error| unusable(path, &error))?;
        let (n, dimensions) = (model.n(), model.n_components());
        let single = model.scalar() == "f32";
        let sections = model.sections();
        let annotations = saved::annotations(sections, n).with_context(|| path.display().to_string())?;
        let shape = [n, dimensions];
        let values = if single {
            sections.take::<f32>("positions", &shape)?.into_iter().map(f64::from).collect()
        } else {
            sections.take::<f64>("positions", &shape)?
        };
        Ok(Self { dimensions, values, annotations })
    }

    fn table(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let Columns { names, columns } = Columns::read(path).with_context(name)?;
        let coordinate = |name: &str| {
            let name = name.trim().to_ascii_lowercase().replace(['-', '_', ' '], "");
            ["x", "y", "z"].iter().zip(1..).any(|(axis, i)| {
                name == *axis || name == format!("tsne{i}") || name == format!("y{i}") || name == format!("dim{i}")
            })
        };
        let number = |text: &String| text.trim().parse::<f64>().is_ok();
        let wanted: Vec<usize> = match &names {
            Some(names) => (0..names.len()).filter(|&c| coordinate(&names[c])).collect(),
            None => (0..columns.len()).take_while(|&c| c < 3 && columns[c].iter().all(number)).collect(),
        };
        ensure!(!wanted.is_empty(), "{}: none of its columns is named x or tsne-1, as those of a map are", name());
        let n = columns.first().map_or(0, Vec::len);
        let mut values = Vec::with_capacity(n * wanted.len());
        for row in 0..n {
            for &column in &wanted {
                let text = &columns[column][row];
                let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite());
                values
                    .push(value.with_context(|| format!("{}: point {}: {text:?} is no coordinate", name(), row + 1))?);
            }
        }
        let mut annotations = Annotations::default();
        for (c, texts) in columns.into_iter().enumerate().filter(|(c, _)| !wanted.contains(c)) {
            let title = names.as_ref().and_then(|names| names.get(c)).cloned().unwrap_or_else(|| format!("#{}", c + 1));
            if title.eq_ignore_ascii_case("id") || title.is_empty() {
                annotations.ids = Some(texts);
            } else {
                annotations.labels.push(labels(title, &texts));
            }
        }
        Ok(Self { dimensions: wanted.len(), values, annotations })
    }

    /// The positions, of as many coordinates as they have.
    ///
    /// # Errors
    ///
    /// If they are of another dimension.
    pub(crate) fn positions<const D: usize>(&self) -> Result<Vec<[f64; D]>> {
        ensure!(self.dimensions == D, "maps side by side must have the same number of coordinates");
        Ok(self.values.as_chunks::<D>().0.to_vec())
    }
}

/// Labels of a column in which empty fields are points without a label.
fn labels(name: String, texts: &[String]) -> Labels {
    let present = texts.iter().filter(|text| !text.trim().is_empty());
    let mut labels = Labels::from_texts(present.map(|text| text.trim()));
    let mut codes = std::mem::take(&mut labels.codes).into_iter();
    let code = |text: &String| if text.trim().is_empty() { None } else { codes.next() };
    labels.codes = texts.iter().map(code).map(|code| code.unwrap_or(Labels::MISSING)).collect();
    Labels { name, ..labels }
}

/// A column of labels of a table of `n` rows.
///
/// # Errors
///
/// If there is no such column, or another number of rows.
pub(crate) fn label_column(path: &Path, column: &str, n: usize) -> Result<Labels> {
    let Columns { names, columns } = Columns::read(path)?;
    let names = names.context("the table has no line that names its columns")?;
    let Some(place) = names.iter().position(|name| name.trim() == column) else {
        bail!("there is no column {column:?}: the columns are {}", names.join(", "))
    };
    let texts = &columns[place];
    ensure!(texts.len() == n, "there are {} labels for {n} points", texts.len());
    Ok(labels(column.to_owned(), texts))
}

/// The fields of a table, column by column.
struct Columns {
    names: Option<Vec<String>>,
    columns: Vec<Vec<String>>,
}

impl Columns {
    fn read(path: &Path) -> Result<Self> {
        let lower = path.to_string_lossy().to_ascii_lowercase();
        let mut bytes = std::fs::read(path).context("cannot be read")?;
        if lower.ends_with(".gz") {
            let mut plain = Vec::new();
            MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).context("cannot be unpacked")?;
            bytes = plain;
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let delimiter = match line {
            line if line.contains(&b'\t') => b'\t',
            line if line.contains(&b';') && !line.contains(&b',') => b';',
            line if line.contains(&b',') => b',',
            _ => b' ',
        };
        let mut records = records(text, delimiter)?.into_iter();
        let first = records.next().context("the table is empty")?;
        let width = first.len();
        let header = !first.iter().any(|field| field.trim().parse::<f64>().is_ok());
        let mut columns = vec![Vec::new(); width];
        let (names, rest) = if header { (Some(first), None) } else { (None, Some(first)) };
        for (i, record) in rest.into_iter().chain(records).enumerate() {
            ensure!(record.len() == width, "row {} has {} fields, but the first line has {width}", i + 1, record.len());
            for (column, field) in columns.iter_mut().zip(record) {
                column.push(field);
            }
        }
        Ok(Self { names, columns })
    }
}

fn records(mut input: &[u8], delimiter: u8) -> Result<Vec<Vec<String>>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut output, mut ends) = (vec![0; 1024], vec![0; 64]);
    let (mut written, mut fields) = (0, 0);
    let mut records = Vec::new();
    loop {
        let (result, read, wrote, ended) = reader.read_record(input, &mut output[written..], &mut ends[fields..]);
        input = &input[read..];
        written += wrote;
        fields += ended;
        match result {
            // The input is all there: emptiness is its end.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => output.resize(2 * output.len(), 0),
            ReadRecordResult::OutputEndsFull => ends.resize(2 * ends.len(), 0),
            ReadRecordResult::Record => {
                let mut start = 0;
                let mut record = Vec::with_capacity(fields);
                for &end in &ends[..fields] {
                    let text = std::str::from_utf8(&output[start..end]).context("the table is not UTF-8")?;
                    record.push(text.to_owned());
                    start = end;
                }
                records.push(record);
                (written, fields) = (0, 0);
            }
            ReadRecordResult::End => return Ok(records),
        }
    }
}
