use super::input::InputArgs;
use super::method::MethodArgs;
use super::prepare::PrepareArgs;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// The arguments of `tsne embed`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("outputs").required(true).multiple(true).args(["output", "write_back", "plot", "save"]))]
pub struct EmbedArgs {
    /// The points, n × d: an array (.npy, .npz), a sparse matrix (.npz of SciPy's save_npz, .mtx), text with one point per line
    /// (.csv, .tsv, .txt, or - for standard input), an .h5ad file, or a folder of 10x Genomics; all but .npz and .h5ad also
    /// with .gz or .zst. Or the n × n distances (--metric precomputed).
    #[arg(help_heading = "Input and output")]
    pub input: PathBuf,
    /// Where the map goes: .npy, .csv or .tsv, the latter with names and labels of the points; - is standard output, as .csv;
    /// of an .h5ad file also .h5ad, a copy with obsm["X_tsne"] and uns["tsne"]. An older file is replaced. It may be left out
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
    /// How the points and their labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// How their values are prepared; a saved map prepares new points the same way.
    #[command(flatten)]
    pub prepare: PrepareArgs,
    /// A picture of the map, colored by label: .png. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
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
