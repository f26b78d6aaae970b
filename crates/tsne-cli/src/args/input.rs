//! How points and their labels are read: the same for every command that reads them.

use crate::input::{CsvOptions, Decimal, HeaderLine, IndexColumn, InputOptions, LabelType, Missing};
use clap::Args;
use std::path::PathBuf;

/// How points and their labels are read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Labels of the points: .npy, text with one label per line, or a table (.csv, .tsv, .parquet, .arrow) whose rows are joined with the
    /// points by their names where both have any; may be repeated. The first labels color the map.
    #[arg(long, value_name = "FILE")]
    pub labels: Vec<PathBuf>,
    /// A column that holds labels, of a table of --labels, of the points' own table, or of obs of an .h5ad file: its name, or #
    /// and its number from 1 ('#3'; 3 will do where no column has that name); may be repeated. Of an .h5ad file also a gene, whose
    /// values are those of raw, or of X where there is no raw.
    #[arg(long, value_name = "NAME|#N")]
    pub label_column: Vec<String>,
    /// Whether labels are classes or numbers. With auto they are numbers if there are more than ten, with fractions or fewer
    /// than five points for each.
    #[arg(long, value_enum, default_value_t)]
    pub label_type: LabelType,
    /// The column of a table with the names of the rows, by its name or number as above, or none. With auto it is the first one,
    /// if its name is left out or empty, index, id or alike, or the index of a frame of pandas.
    #[arg(long, alias = "index-column", value_name = "auto|none|NAME|#N", default_value = "auto")]
    pub id_column: IndexColumn,
    /// The columns of a table that hold the values [default: all that are left, or the one that has lists of numbers]: by name, number ('#3'), range (gene1..gene9,
    /// '#3..#50') or pattern ('gene*'), several between commas; may be repeated.
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Vec<String>,
    /// Columns of a table to leave out, named as above; may be repeated.
    #[arg(long, alias = "drop-column", value_name = "COLUMNS")]
    pub drop_columns: Vec<String>,
    /// Whether the first line of a text table names the columns. With auto it does if none of its fields is a number, if
    /// its numbers count the columns from 0, or if it is one field short.
    #[arg(long, value_enum, default_value_t)]
    pub header: HeaderLine,
    /// What stands before the fraction of a number in a text table.
    #[arg(long, value_enum, default_value_t)]
    pub decimal: Decimal,
    /// What to do about missing values (empty, NA, NaN, null): an error, drop the point, or fill in the mean of the column.
    #[arg(long, value_enum, default_value_t)]
    pub missing: Missing,
    /// Rows are what points have, and columns are the points, as in many tables of genes.
    #[arg(long)]
    pub transpose: bool,
    /// The number of columns of a .f32 or .f64 file, which holds numbers and nothing else, row by row.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub n_columns: Option<u32>,
    /// The layer of an .h5ad file that holds the points, or the array of an .npz file.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["obsm", "raw"])]
    pub layer: Option<String>,
    /// The array of obsm of an .h5ad file that holds the points, such as X_pca.
    #[arg(long, visible_alias = "use-rep", value_name = "NAME", conflicts_with = "raw")]
    pub obsm: Option<String>,
    /// The points are raw.X of an .h5ad file.
    #[arg(long)]
    pub raw: bool,
    /// The neighbors that scanpy.pp.neighbors left in an .h5ad file stand for the points, without a search: the key of uns,
    /// which is neighbors unless another was given, or of obsp.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["layer", "obsm", "raw"])]
    pub neighbors_key: Option<String>,
}

impl InputArgs {
    /// How the points are read.
    pub fn options(&self) -> InputOptions {
        InputOptions {
            table: CsvOptions {
                header: self.header,
                index_column: self.id_column.clone(),
                label_columns: self.label_column.clone(),
                label_type: self.label_type,
                columns: self.columns.clone(),
                drop_columns: self.drop_columns.clone(),
                decimal: self.decimal,
                missing: self.missing,
                transpose: self.transpose,
            },
            labels: self.labels.clone(),
            layer: self.layer.clone(),
            obsm: self.obsm.clone(),
            raw: self.raw,
            neighbors_key: self.neighbors_key.clone(),
            n_columns: self.n_columns.map(|count| count as usize),
            share: None,
        }
    }
}
