use super::input::InputArgs;
use super::method::MethodArgs;
use super::prepare::PrepareArgs;
use super::values::threads;
use clap::{ArgGroup, Args};
use std::path::PathBuf;
use std::time::Duration;

/// The arguments of `tsne embed` and `tsne plan`.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("outputs").required(true).multiple(true).args([
    "output", "write_back", "plot", "html", "frames", "save", "dry_run",
]))]
pub struct EmbedArgs {
    /// The points, n × d: an array (.npy, .npz, .fbin, .u8bin, .i8bin, .f32, .f64), a sparse matrix (.npz of SciPy's save_npz, .mtx), text with one point per line
    /// (.csv, .tsv, .txt, or - for standard input, or a pipe), a table of Parquet or Arrow (.parquet, .arrow, .feather; where the program has
    /// the feature columnar), an .h5ad file, or a folder of 10x Genomics; .npy, text and .mtx also with .gz or .zst. Or the n × n
    /// distances (--metric precomputed).
    #[arg(help_heading = "Input and output", required_unless_present = "continue_from")]
    pub input: Option<PathBuf>,
    /// Optimizes a map further that --save has saved, instead of embedding points: by --n-iter iterations of the normal phase, or
    /// what else is given of its schedule and repulsion [default: as in its fit].
    #[arg(long = "continue", value_name = "MODEL", help_heading = "Input and output",
          conflicts_with_all = ["input", "write_back", "init", "preset", "metric", "perplexity", "affinities", "memory_limit"])]
    pub continue_from: Option<PathBuf>,
    /// Where the map goes: .npy, .csv or .tsv, the latter with names and labels of the points, .parquet or .arrow (feature columnar)
    /// also with their nearest neighbors, as Embedding Atlas opens it; - is standard output, as .csv; of an .h5ad file also .h5ad, a copy with obsm["X_tsne"] and uns["tsne"]. An older file is replaced. It may be left out
    /// if there is another output.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: Option<PathBuf>,
    /// Puts the map into the .h5ad file that the points are from, as scanpy does: obsm["X_tsne"] and uns["tsne"].
    #[arg(long, help_heading = "Input and output")]
    pub write_back: bool,
    /// Saves the fitted map with all it takes to place new points (`tsne transform`). An older file is replaced.
    #[arg(long, value_name = "MODEL", help_heading = "Input and output")]
    pub save: Option<PathBuf>,
    /// Leaves the data points out of the saved map, which makes it smaller; new points cannot be placed into it then.
    #[arg(long, help_heading = "Input and output", requires = "save")]
    pub no_keep_data: bool,
    /// Begins nothing: tells what the run would take, as tsne plan does.
    #[arg(long, help_heading = "Run")]
    pub dry_run: bool,
    /// How the points and their labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// How their values are prepared; a saved map prepares new points the same way.
    #[command(flatten)]
    pub prepare: PrepareArgs,
    /// A picture of the map, colored by label: .png, .svg or .pdf. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// Where it is saved on its way.
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,
    /// A page to explore the map in a browser, without a network: .html. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub html: Option<PathBuf>,
    /// The film of the descent, of a map of two dimensions: .html, the page of --html with a slider over its frames, or .png, an
    /// animated picture. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub frames: Option<PathBuf>,
    /// The most frames of the film, which are denser at its beginning; with many points there are fewer, so that they take 200 MB at most.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(2..=500),
          requires = "frames", help_heading = "Input and output")]
    pub n_frames: u16,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}

/// The arguments of `tsne plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// The processes that compute the map together (tsne-mpi): told is what each of them takes, and times are those of one divided by
    /// their number, which is the least.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Run")]
    pub processes: u32,
    /// The run.
    #[command(flatten)]
    pub embed: EmbedArgs,
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
#[derive(Debug, Clone, Args)]
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
    /// A page to explore the map: .html [default: as in the call that was interrupted].
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub html: Option<PathBuf>,
    /// The film of the descent: .html or .png [default: as in the call that was interrupted].
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub frames: Option<PathBuf>,
    /// The seconds between two checkpoints [default: as in the call that was interrupted].
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Run")]
    pub checkpoint_every: Option<f64>,
    /// The number of threads: -1 all processors, -2 all but one [default: as in the call that was interrupted].
    #[arg(long, alias = "n-jobs", value_name = "N", value_parser = threads, allow_negative_numbers = true, help_heading = "Run")]
    pub threads: Option<i32>,
    /// A directory on a disk for what the descent keeps of the affinities besides: as of tsne embed. That of the call that was interrupted
    /// is not used again.
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub scratch: Option<PathBuf>,
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
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// The directory for digits.npy and digits.png. Older files are replaced.
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Input and output")]
    pub out_dir: PathBuf,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}
