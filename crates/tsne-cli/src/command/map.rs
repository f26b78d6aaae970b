//! A map that was made before: of a file of coordinates, or of a saved map.

use crate::command::saved::{self, unusable};
use crate::input::{InputOptions, Loaded, MapTable, Table, is_stream};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tsne::{Float, Model};

/// What a saved map begins with: see `docs/model-format.md` of the library.
const MAGIC: &[u8] = b"\x89TSN";

/// Reads a map with what is known of its points.
///
/// # Errors
///
/// If it cannot be read, with the name of the file.
pub(crate) fn read(path: &Path, options: &InputOptions) -> Result<MapTable> {
    ensure!(
        !is_stream(path),
        "a map is not read from standard input or a pipe, as it is looked at before it is read: write it to a file, and name that"
    );
    if !is_model(path) {
        return MapTable::read(path, options);
    }
    let name = || path.display().to_string();
    let mut model = Model::open(path).map_err(|error| unusable(path, &error))?;
    let n = model.n();
    let mut annotations = saved::annotations(model.sections(), n).with_context(name)?;
    let table = match (model.scalar(), model.n_components()) {
        ("f32", 1) => positions::<f32, 1>(path, model),
        ("f32", 2) => positions::<f32, 2>(path, model),
        ("f32", 3) => positions::<f32, 3>(path, model),
        ("f64", 1) => positions::<f64, 1>(path, model),
        ("f64", 2) => positions::<f64, 2>(path, model),
        ("f64", 3) => positions::<f64, 3>(path, model),
        (scalar, dimensions) => bail!("{}: a map of {scalar} in {dimensions} dimensions cannot be shown", name()),
    }?;
    // That which is asked for colors the map; labels of files come before those of the map.
    let wanted = &options.table.label_columns;
    annotations
        .labels
        .sort_by_key(|labels| wanted.iter().position(|name| *name == labels.name).unwrap_or(wanted.len()));
    let of_files = Loaded::<f64>::labels_of_files(options, n, annotations.ids.as_deref())?;
    annotations.labels.splice(0..0, of_files);
    Ok(MapTable { table, annotations, left_out: 0 })
}

fn is_model(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == MAGIC
}

fn positions<T: Float, const D: usize>(path: &Path, model: Model) -> Result<Table<f64>> {
    let embedding = model.embedding::<T, D>().map_err(|error| unusable(path, &error))?;
    let values = embedding.positions().as_flattened().iter().map(|value| value.to_f64()).collect();
    Ok(Table::from_rows(values, D))
}
