use super::input::InputArgs;
use super::values::threads;
use crate::explore::Theme;
use clap::Args;
use std::path::PathBuf;
use tsne::Metric;

/// The arguments of `tsne explore`.
#[derive(Debug, Args)]
pub struct ExploreArgs {
    /// The map, 1 to 3 columns: .npy, text with one point per line, obsm["X_tsne"] of an .h5ad file, or a map that
    /// `tsne embed --save` saved. Of a text with names, columns called x, y, z (or tsne-1,
    /// tsne-2 and alike) are the coordinates, one called id or alike in the first place has the ids, and all others are labels.
    #[arg(help_heading = "Input and output")]
    pub map: PathBuf,
    /// Where the page goes: .html, or a folder (map/) for millions of points, of which a browser loads what it shows; index.html in
    /// it is the page. An older page is replaced.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: PathBuf,
    /// The ids of the points, in a file like that of labels.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub ids: Option<PathBuf>,
    /// How the map and labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// The title of the page [default: the name of the map].
    #[arg(long, value_name = "TEXT", help_heading = "Page")]
    pub title: Option<String>,
    /// Whether the page opens light or dark; auto is as the reader's system.
    #[arg(long, value_enum, default_value_t, help_heading = "Page")]
    pub theme: Theme,
    /// The data that the map shows, in any format that embed reads: a chosen point then leads to its neighbors in them.
    #[arg(long, value_name = "DATA", help_heading = "Neighbors in the data")]
    pub data: Option<PathBuf>,
    /// Neighbors of each point.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=15),
          requires = "data", help_heading = "Neighbors in the data")]
    pub k: u8,
    /// How distances between data points are measured; the names are those of `tsne embed --metric` [default: euclidean].
    #[arg(long, value_name = "NAME[:p=P]", requires = "data", help_heading = "Neighbors in the data")]
    pub metric: Option<Metric>,
    /// The seed of an approximate search.
    #[arg(long, alias = "random-state", value_name = "N", default_value_t = 0, help_heading = "Run")]
    pub seed: u64,
    /// The number of threads: -1 all processors, -2 all but one [default: -1]. The result does not depend on it.
    #[arg(long, alias = "n-jobs", value_name = "N", value_parser = threads, help_heading = "Run")]
    pub threads: Option<i32>,
    /// Print one JSON object instead of text.
    #[arg(long, help_heading = "Run")]
    pub json: bool,
    /// Print neither progress nor warnings nor text; errors and the object of --json remain.
    #[arg(short, long, help_heading = "Run")]
    pub quiet: bool,
}
