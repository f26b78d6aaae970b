use super::call::CallArgs;
use super::input::InputArgs;
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
    /// How the map and labels are read; with --data, how the data are, as in `tsne embed`.
    #[command(flatten)]
    pub reading: InputArgs,
    /// The title of the page [default: the name of the map].
    #[arg(long, value_name = "TEXT", help_heading = "Page")]
    pub title: Option<String>,
    /// Whether the page opens light or dark; auto is as the reader's system.
    #[arg(long, value_enum, default_value_t, help_heading = "Page")]
    pub theme: Theme,
    /// The data that the map shows, in any format that embed reads: a chosen point then leads to its neighbors in them.
    /// Their labels are on the page, too; a column of their table that is a label of the map is no value.
    #[arg(long, value_name = "DATA", help_heading = "Neighbors in the data")]
    pub data: Option<PathBuf>,
    /// Neighbors of each point.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=15),
          requires = "data", help_heading = "Neighbors in the data")]
    pub k: u8,
    /// How distances between data points are measured; the names are those of `tsne embed --metric` [default: euclidean].
    #[arg(long, value_name = "NAME[:p=P]", requires = "data", help_heading = "Neighbors in the data")]
    pub metric: Option<Metric>,
    /// How to run, and what to print.
    #[command(flatten)]
    pub call: CallArgs,
}
