use super::input::InputArgs;
use super::prepare::PrepareArgs;
use super::values::{FloatType, threads};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use tsne::Metric;

/// The arguments of `tsne score`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct ScoreArgs {
    /// The data, in any format that embed reads.
    #[arg(help_heading = "Input and output")]
    pub data: PathBuf,
    /// The map of these data, 1 to 3 columns: .npy, or text with one point per line.
    #[arg(help_heading = "Input and output")]
    pub map: PathBuf,
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
    /// Random points that trustworthiness and neighbor recall are measured on [default: 5,000, or all if there are no
    /// more], and the rank correlation of distances [default: 1,000].
    #[arg(long, value_name = "N", help_heading = "Measures", value_parser = clap::value_parser!(u32).range(3..))]
    pub sample: Option<u32>,
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
    /// The seed of samples.
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
