use super::method::MethodArgs;
use crate::input::{CsvOptions, HeaderLine, IndexColumn};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// The arguments of `tsne embed`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("outputs").required(true).multiple(true).args(["output", "plot", "html", "save"]))]
pub struct EmbedArgs {
    /// The points, n × d: an .npy array, a sparse matrix (.npz of SciPy's save_npz, .mtx, .mtx.gz), or text with one
    /// point per line (.csv, .tsv, .txt, also with .gz). With --metric precomputed, the n × n distances.
    #[arg(help_heading = "Input and output")]
    pub input: PathBuf,
    /// Where the map goes: .npy or .csv. An older file is replaced. May be left out where another output is asked for.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: Option<PathBuf>,
    /// Saves the fitted map with all it takes to place new points (`tsne transform`). An older file is replaced.
    #[arg(long, value_name = "MODEL", help_heading = "Input and output")]
    pub save: Option<PathBuf>,
    /// Leaves the data points out of the saved map, which makes it smaller; new points cannot be placed into it then.
    #[arg(long, help_heading = "Input and output", requires = "save")]
    pub no_keep_data: bool,
    /// Labels of the points: .npy, or text with one label per line.
    #[arg(long, value_name = "FILE", help_heading = "Input and output", conflicts_with = "label_column")]
    pub labels: Option<PathBuf>,
    /// How text tables are read.
    #[command(flatten)]
    pub csv: CsvArgs,
    /// A picture of the map, colored by label: .png. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// A page to explore the map in a browser, without a network: .html. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub html: Option<PathBuf>,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}

/// The arguments of `tsne demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The directory for digits.npy and digits.png. Older files are replaced.
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Input and output")]
    pub out_dir: PathBuf,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}

/// How a text table of points is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input and output")]
pub struct CsvArgs {
    /// The column of a text table that holds the labels: its name, or # and its number from 1 ('#3'; 3 will do where no
    /// column has that name).
    #[arg(long, value_name = "NAME|#N")]
    pub label_column: Option<String>,
    /// A column of a text table to leave out, by its name or number as above; may be repeated.
    #[arg(long, value_name = "NAME|#N")]
    pub drop_column: Vec<String>,
    /// The column of a text table with the names of the rows, by its name or number as above, or none. With auto it is the
    /// first one, if the header line leaves its name out or empty, or calls it index, id or alike.
    #[arg(long, value_name = "auto|none|NAME|#N", default_value = "auto")]
    pub index_column: IndexColumn,
    /// Whether the first line of a text table names the columns. With auto it does if none of its fields is a number, if
    /// its numbers count the columns from 0, or if it is one field short.
    #[arg(long, value_enum, default_value_t)]
    pub header: HeaderLine,
}

impl CsvArgs {
    /// How a text table is to be read.
    pub fn options(&self) -> CsvOptions {
        CsvOptions {
            header: self.header,
            index_column: self.index_column.clone(),
            label_column: self.label_column.clone(),
            drop_columns: self.drop_column.clone(),
        }
    }
}
