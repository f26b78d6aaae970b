use super::method::MethodArgs;
use super::values::threads;
use crate::input::{CsvOptions, HeaderLine, IndexColumn};
use clap::{ArgGroup, Args};
use std::path::PathBuf;
use std::time::Duration;

/// The arguments of `tsne embed`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("outputs").required(true).multiple(true).args(["output", "plot", "save"]))]
pub struct EmbedArgs {
    /// The points, n × d: an .npy array, a sparse matrix (.npz of SciPy's save_npz, .mtx, .mtx.gz), or text with one
    /// point per line (.csv, .tsv, .txt, also with .gz). With --metric precomputed, the n × n distances.
    #[arg(help_heading = "Input and output")]
    pub input: PathBuf,
    /// Where the map goes: .npy or .csv. An older file is replaced. May be left out with --save or --plot.
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
    /// A picture of the map, colored by label: .png, .svg or .pdf. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// Where it is saved on its way.
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}

/// Where a run is saved on its way.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub struct CheckpointArgs {
    /// Saves the run at intervals, and when Ctrl-C ends it: `tsne resume FILE` goes on to the same bits.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The seconds between two of --checkpoint; the first one is when the descent begins.
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0, value_parser = seconds)]
    pub checkpoint_every: f64,
}

impl CheckpointArgs {
    /// The time between two checkpoints.
    pub fn interval(&self) -> Duration {
        Duration::try_from_secs_f64(self.checkpoint_every).unwrap_or(Duration::MAX)
    }
}

/// A time of at least 0 seconds.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => Ok(seconds),
        _ => Err("give a number of seconds, at least 0 (600 is ten minutes)".into()),
    }
}

/// The arguments of `tsne resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// What --checkpoint has saved.
    #[arg(help_heading = "Input and output")]
    pub checkpoint: PathBuf,
    /// Where the map goes: .npy or .csv [default: as in the call that was interrupted].
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: Option<PathBuf>,
    /// Saves the fitted map [default: as in the call that was interrupted].
    #[arg(long, value_name = "MODEL", help_heading = "Input and output")]
    pub save: Option<PathBuf>,
    /// A picture of the map: .png, .svg or .pdf [default: as in the call that was interrupted].
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// The seconds between two checkpoints [default: as in the call that was interrupted].
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Run")]
    pub checkpoint_every: Option<f64>,
    /// The number of threads: -1 all processors, -2 all but one [default: as in the call that was interrupted].
    #[arg(long, alias = "n-jobs", value_name = "N", value_parser = threads, allow_negative_numbers = true, help_heading = "Run")]
    pub threads: Option<i32>,
    /// Print iteration and KL divergence to standard error every N iterations; with --json they are in "history", too.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Run")]
    pub report_every: Option<u32>,
    /// Print one JSON object instead of text.
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// Print neither progress nor warnings nor text; errors and the object of --json remain.
    #[arg(short, long, help_heading = "Run")]
    pub quiet: bool,
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
