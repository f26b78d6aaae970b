//! Parameters of metrics.

use super::dense::Table;
use super::npy::Npy;
use super::open::ends_in;
use super::table::CsvOptions;
use anyhow::{Result, ensure};
use std::path::Path;

/// The numbers of a vector or a matrix, row by row: `.npy` of one or two dimensions, or text.
///
/// # Errors
///
/// For whatever is not a table of finite numbers.
pub fn read_parameters(path: &Path) -> Result<Vec<f64>> {
    if ends_in(path, "npy") {
        let npy = Npy::open(path)?;
        if npy.shape.len() == 1 {
            let values = npy.vector::<f64>()?;
            ensure!(
                !values.is_empty() && values.iter().all(|value| value.is_finite()),
                "the numbers must be finite, and at least one"
            );
            return Ok(values);
        }
    }
    let table = Table::<f64>::read(path, &CsvOptions::default())?;
    Ok(table.rows()?.iter().flatten().copied().collect())
}
