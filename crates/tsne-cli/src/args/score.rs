use super::call::CallArgs;
use super::input::InputArgs;
use super::prepare::PrepareArgs;
use super::values::FloatType;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tsne::Metric;

/// The arguments of `tsne score`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct ScoreArgs {
    /// The data, in any format that embed reads; with --data, a map.
    #[arg(value_name = "DATA", help_heading = "Input and output")]
    pub first: PathBuf,
    /// The map of these data, 1 to 3 columns: .npy, text with one point per line, or what `tsne embed --save` saved. Several maps
    /// are measured beside each other.
    #[arg(value_name = "MAP", required_unless_present = "data", num_args = 0.., help_heading = "Input and output")]
    pub maps: Vec<PathBuf>,
    /// The data, where they do not come first: all files before it are maps then. A column of their table that is a label of a map is
    /// no value.
    #[arg(long, value_name = "DATA", help_heading = "Input and output")]
    pub data: Option<PathBuf>,
    /// Where the measures of every point go, .csv or .tsv: neighbor_recall, trust, continuity, kl_share and kin_distance, of all points,
    /// or of the --sample. `tsne plot --labels` colors maps by them. An older file is replaced.
    #[arg(long, value_name = "OUT", help_heading = "Input and output")]
    pub per_point: Option<PathBuf>,
    /// How the points and their labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// How the values of the data are prepared, as in `tsne embed`.
    #[command(flatten)]
    pub prepare: PrepareArgs,
    /// Neighbors that trustworthiness, neighbor recall and label agreement look at [default: 10, or fewer than half of the
    /// points].
    #[arg(long, value_name = "N", help_heading = "Measures")]
    pub k: Option<usize>,
    /// Random points that trustworthiness, continuity and neighbor recall are measured on, with their standard errors, or all
    /// [default: 2,000, or all with --per-point], and the rank correlation of distances [default: 1,000].
    #[arg(long, value_name = "N|all", help_heading = "Measures")]
    pub sample: Option<Sample>,
    /// Whether to compute the KL divergence, whose normalizer takes O(n²); auto does up to 100,000 points.
    #[arg(long, value_enum, default_value_t, help_heading = "Measures")]
    pub kl: KlMode,
    /// The perplexity of the affinities that the KL divergence refers to.
    #[arg(long, value_name = "N", default_value_t = 30.0, help_heading = "Measures")]
    pub perplexity: f64,
    /// The degrees of freedom of the kernel of the map.
    #[arg(long, value_name = "X", default_value_t = 1.0, help_heading = "Measures")]
    pub dof: f64,
    /// How distances between data points are measured; the names are those of `tsne embed --metric` [default: euclidean].
    #[arg(long, value_name = "NAME[:p=P]", help_heading = "Measures")]
    pub metric: Option<Metric>,
    /// The parameters of the metric, as in `tsne embed`.
    #[arg(long, value_name = "FILE", requires = "metric", help_heading = "Measures")]
    pub metric_params: Option<PathBuf>,
    /// The number type of all computations.
    #[arg(long, value_enum, default_value_t, help_heading = "Measures")]
    pub float: FloatType,
    /// How to run, and what to print.
    #[command(flatten)]
    pub call: CallArgs,
}

impl ScoreArgs {
    /// The data, and the maps of them.
    pub fn files(&self) -> (&Path, Vec<&Path>) {
        let maps = self.maps.iter().map(PathBuf::as_path);
        match &self.data {
            Some(data) => (data, std::iter::once(self.first.as_path()).chain(maps).collect()),
            None => (&self.first, maps.collect()),
        }
    }
}

/// How many points are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// So many, drawn at random.
    Points(usize),
    /// Every one.
    All,
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(points @ 3..) => Ok(Self::Points(points)),
            _ if text == "all" => Ok(Self::All),
            _ => Err("write a number of points from 3 on, or all".into()),
        }
    }
}

/// Whether the KL divergence is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum KlMode {
    /// Up to 100,000 points.
    #[default]
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}
