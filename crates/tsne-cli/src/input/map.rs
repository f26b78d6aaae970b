//! A map from a file, with the ids and labels beside its coordinates.

use super::annotations::Annotations;
use super::dense::Table;
use super::format::{Format, format_of};
use super::grow::grow;
use super::labels::{Owners, schema_of};
use super::loaded::{InputOptions, Loaded};
use super::missing::Missing;
use super::names::{COLUMN, Names};
use super::open::is_stream;
use super::points::PointTable;
use super::table::{CsvOptions, IndexColumn, Schema, is_index_name};
use super::text::HeaderLine;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::HashMap;
use std::path::Path;

/// Where the map of an `.h5ad` file is, unless another array is named.
const OBSM: &str = "X_tsne";

/// A map from a file: places of points, and what is known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct MapTable {
    /// The coordinates, one to three of each point.
    pub table: Table<f64>,
    /// Ids and labels that were beside them, or in files of their own.
    pub annotations: Annotations,
    /// How many points of the file have no place on the map, and are left out.
    pub left_out: usize,
}

impl MapTable {
    /// The same map with its points in the order of these ids; as it is where either side has none, or names that only count.
    ///
    /// # Errors
    ///
    /// Where the ids are those of other points.
    pub fn in_order_of(self, ids: Option<&[String]>) -> Result<Self> {
        let (Some(own), Some(wanted)) = (&self.annotations.ids, ids) else { return Ok(self) };
        let counts = |ids: &[String]| Owners { ids: Some(ids), ..Owners::default() }.counting().is_some();
        if own == wanted || counts(own) || counts(wanted) {
            return Ok(self);
        }
        let places: HashMap<&str, usize> = own.iter().map(String::as_str).zip(0..).collect();
        let mut order = Vec::new();
        grow("the order of the points", &mut order, wanted.len())?;
        for id in wanted {
            let Some(&place) = places.get(id.as_str()) else {
                match self.left_out {
                    0 => bail!("the map has no point {id:?}: it is a map of other points, or names them otherwise"),
                    count => bail!(
                        "the map has no place for the point {id:?}, as {count} points were left out of it: leave them \
                         out of the data, too"
                    ),
                }
            };
            order.push(place);
        }
        ensure!(
            places.len() == own.len() && own.len() == wanted.len(),
            "the map has {} points with {} different names, but {} are needed: give each one name",
            own.len(),
            places.len(),
            wanted.len()
        );
        let d = self.table.d();
        let rows = self.table.rows()?;
        let values = order.iter().flat_map(|&place| rows.row(place).iter().copied()).collect();
        let labels = self.annotations.labels.iter().map(|labels| labels.chosen(order.iter().map(|&place| Some(place))));
        let annotations = Annotations { ids: Some(wanted.to_vec()), labels: labels.collect() };
        Ok(Self { table: Table::from_rows(values, d), annotations, ..self })
    }

    /// Reads a map: an array, a text of coordinates only, a table whose names tell which columns these are (all others are
    /// labels), or `obsm` of an `.h5ad` file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, with what to do.
    pub fn read(path: &Path, options: &InputOptions) -> Result<Self> {
        let name = || path.display().to_string();
        let mut options = options.clone();
        match format_of(path).with_context(name)? {
            format @ (Format::Text | Format::Columnar)
                if options.table.header != HeaderLine::No && options.table.columns.is_empty() =>
            {
                let schema = schema_of(path, &options.table).with_context(name)?;
                if let Some(columns) = Columns::of(&schema, &options.table) {
                    columns.choose(&mut options.table);
                    if format == Format::Text {
                        options.table.header = HeaderLine::Yes;
                    }
                }
            }
            Format::H5ad => {
                options.obsm.get_or_insert_with(|| OBSM.into());
                // Points that were left out of a map have no numbers where it was put back.
                if options.table.missing == Missing::Error {
                    options.table.missing = Missing::Drop;
                }
            }
            _ => {}
        }
        let mut loaded = Loaded::<f64>::read(path, &options)?;
        if loaded.form.is_none() && options.table.label_columns.is_empty() && !loaded.left_out.is_empty() {
            // As of a table of text: all that can be labels is.
            options.table.label_columns = std::mem::take(&mut loaded.left_out);
            loaded = Loaded::<f64>::read(path, &options)?;
        }
        let Loaded { points, annotations, resolved, .. } = loaded;
        let (PointTable::Dense(table) | PointTable::Wide(table)) = points else {
            bail!("{}: a map is a table of coordinates, and no sparse matrix", name());
        };
        let d = table.d();
        ensure!(
            d <= 3,
            "{}: the map has {d} columns, but a map has 1, 2 or 3: call them x, y, z where others are labels, or choose them by --columns",
            name()
        );
        Ok(Self { table, annotations, left_out: resolved.dropped })
    }

    /// What deserves a second look: points that the file has, and the map has not.
    pub fn doubt(&self) -> Option<String> {
        let count = self.left_out;
        (count > 0).then(|| format!("{count} points of the file have no place on the map, and are left out"))
    }
}

/// Options that read the data of maps as `tsne embed` has read them: columns of a text table that are labels of a map are labels and no
/// values, unless values were chosen; labels that only a map has are not looked for in the data.
///
/// # Errors
///
/// If the data cannot be opened.
pub fn as_embedded(data: &Path, mut options: InputOptions, maps: &[&Annotations]) -> Result<InputOptions> {
    let name = || data.display().to_string();
    let format = if is_stream(data) { None } else { Some(format_of(data).with_context(name)?) };
    let table = &mut options.table;
    let written = match format {
        Some(Format::Text | Format::Columnar) => schema_of(data, table).with_context(name)?.names.unwrap_or_default(),
        _ => Vec::new(),
    };
    // Where the first line is no header, its fields only count the columns.
    let headless = format == Some(Format::Text) && table.header == HeaderLine::No;
    let names = Names::new(written.iter().map(|name| (!headless).then_some(name.as_str())), COLUMN);
    let has = |column: &str| match format {
        #[cfg(feature = "h5ad")]
        Some(Format::H5ad) => super::h5ad::has_labels(data, column).unwrap_or(true),
        _ => names.find(column).is_ok(),
    };
    let is_label = |name: &str| maps.iter().any(|map| map.column(name).is_some());
    table.label_columns.retain(|column| has(column) || !is_label(column));
    if table.columns.is_empty() {
        let is_chosen = |of: &[String], column| of.iter().any(|chosen| names.find(chosen).is_ok_and(|at| at == column));
        for (column, written) in written.iter().enumerate() {
            let called = if headless { selector(column) } else { written.clone() };
            // A map calls its labels otherwise where it would take them for coordinates.
            let used = label_names(std::iter::once(called.as_str()), &[]).iter().any(|name| is_label(name));
            if used && !is_chosen(&table.label_columns, column) && !is_chosen(&table.drop_columns, column) {
                table.label_columns.push(called);
            }
        }
    }
    Ok(options)
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
    fn of(schema: &Schema, options: &CsvOptions) -> Option<Self> {
        let names = schema.names.as_deref()?;
        let count = names.len();
        let coordinates: Vec<usize> = (0..count).filter(|&c| is_coordinate(&names[c])).take(3).collect();
        if coordinates.is_empty() {
            return None;
        }
        let is_called = |c: usize, wanted: &str| names[c] == wanted || selector(c) == wanted;
        let asked = |c: &usize| matches!(&options.index_column, IndexColumn::Column(wanted) if is_called(*c, wanted));
        let ids = match options.index_column {
            IndexColumn::Auto => {
                (!coordinates.contains(&0) && (schema.index > 0 || is_index_name(&names[0]))).then_some(0)
            }
            IndexColumn::None => None,
            IndexColumn::Column(_) => (0..count).find(asked),
        };
        let is_dropped = |c: usize| options.drop_columns.iter().any(|wanted| is_called(c, wanted));
        let has_text = |c: usize| schema.kinds[c].no_text().is_none();
        let is_label = |c: &usize| !coordinates.contains(c) && Some(*c) != ids && !is_dropped(*c) && has_text(*c);
        let mut labels: Vec<usize> = (0..count).filter(is_label).collect();
        // That which was asked for colors the map first.
        labels.sort_by_key(|&c| !options.label_columns.iter().any(|wanted| is_called(c, wanted)));
        Some(Self { count, coordinates, ids, labels })
    }

    /// Makes options that read them so.
    fn choose(&self, options: &mut CsvOptions) {
        options.columns = self.coordinates.iter().copied().map(selector).collect();
        options.index_column = self.ids.map_or(IndexColumn::None, |ids| IndexColumn::Column(selector(ids)));
        options.label_columns.extend(self.labels.iter().copied().map(selector));
        options.drop_columns.clear();
    }
}

/// Names for columns of labels beside ids and coordinates, such that [`MapTable::read`] takes each for what it is: those that it would
/// take for coordinates or ids, those that are `reserved`, and those that are there already, get `_label` behind them, once or more.
pub(crate) fn label_names<'a>(labels: impl Iterator<Item = &'a str>, reserved: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for label in labels {
        // Readers take the blanks around a name away.
        let mut name = label.trim().to_owned();
        while is_coordinate(&name) || is_index_name(&name) || names.contains(&name) || reserved.contains(&name.as_str())
        {
            name.push_str("_label");
        }
        names.push(name);
    }
    names
}

/// How Embedding Atlas begins the names of coordinates.
pub(crate) const PROJECTION: &str = "projection_";

/// Whether a column of this name has coordinates: those that this program writes, and those of others.
fn is_coordinate(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    if ["x", "y", "z"].contains(&name.strip_prefix(PROJECTION).unwrap_or(&name)) {
        return true;
    }
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    stem.len() < name.len()
        && ["y", "tsne", "t-sne", "x_tsne", "dim", "umap"].contains(&stem.trim_end_matches(['-', '_', ' ', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_columns_are_for() {
        let names = |text: &str| Schema::of_texts(text.split(',').map(str::to_owned).collect());
        let of = |text: &str| Columns::of(&names(text), &CsvOptions::default());
        let columns = |coordinates: &[usize], ids: Option<usize>, labels: &[usize], count: usize| {
            Some(Columns { count, coordinates: coordinates.to_vec(), ids, labels: labels.to_vec() })
        };
        assert_eq!(of("x,y"), columns(&[0, 1], None, &[], 2));
        assert_eq!(of("id,x,y,kind,age"), columns(&[1, 2], Some(0), &[3, 4], 5));
        assert_eq!(of("kind,tSNE_1,tSNE_2"), columns(&[1, 2], None, &[0], 3));
        assert_eq!(of("tsne-1,tsne-2,tsne-3,batch"), columns(&[0, 1, 2], None, &[3], 4));
        assert_eq!(of("id,projection_x,projection_y,kind"), columns(&[1, 2], Some(0), &[3], 4));
        assert_eq!(of("a,b"), None);
        assert_eq!(of("1.5,2.5"), None);
        let options =
            CsvOptions { label_columns: vec!["b".into()], drop_columns: vec!["c".into()], ..CsvOptions::default() };
        let chosen = Columns::of(&names("x,y,a,b,c"), &options);
        assert_eq!(chosen, columns(&[0, 1], None, &[3, 2], 5));
    }
}
