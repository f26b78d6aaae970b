//! The command line.

use crate::input::{CsvOptions, HeaderLine};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use tsne::{Interpolation, LearningRate, Metric, Momentum, NegativeGradientMethod, Preset};

/// Maps of high-dimensional data by t-SNE.
///
/// The same input, options and program give the same map, bit for bit, for any number of threads.
#[derive(Debug, Parser)]
#[command(name = "tsne", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Embed the points of a file.
    Embed(Box<EmbedArgs>),
    /// Embed 1,797 handwritten digits, which come with the program.
    ///
    /// Writes digits.npy and digits.png and prints the KL divergence and how well the map agrees with the labels.
    ///
    /// Data: Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, UCI Machine Learning
    /// Repository, CC BY 4.0.
    Demo(Box<DemoArgs>),
}

/// The arguments of `tsne embed`.
#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// The points: an .npy array of n × d numbers, or text with one point per line (.csv, .tsv, .txt, also with .gz).
    #[arg(help_heading = "Input and output")]
    pub input: PathBuf,
    /// Where the map goes: .npy or .csv. An older file is replaced.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: PathBuf,
    /// Labels of the points: .npy, or text with one label per line.
    #[arg(long, value_name = "FILE", help_heading = "Input and output", conflicts_with = "label_column")]
    pub labels: Option<PathBuf>,
    /// The column of a text table that holds the labels, by its name or its number from 1.
    #[arg(long, value_name = "NAME|N", help_heading = "Input and output")]
    pub label_column: Option<String>,
    /// A column of a text table to leave out, by its name or its number from 1; may be repeated.
    #[arg(long, value_name = "NAME|N", help_heading = "Input and output")]
    pub drop_column: Vec<String>,
    /// Whether the first line of a text table names the columns. With auto it does if none of its fields is a number.
    #[arg(long, value_enum, default_value_t, help_heading = "Input and output")]
    pub header: HeaderLine,
    /// A picture of the map, colored by label: .png. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// The method and how to run it.
    #[command(flatten)]
    pub method: MethodArgs,
}

impl EmbedArgs {
    /// How a text table is to be read.
    pub fn csv_options(&self) -> CsvOptions {
        CsvOptions {
            header: self.header,
            label_column: self.label_column.clone(),
            drop_columns: self.drop_column.clone(),
        }
    }
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

/// The method and how to run it: the same for all subcommands.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct MethodArgs {
    /// The defaults of all options of the method: recommended, opentsne (those of openTSNE 1.0.4) or documented (those
    /// of openTSNE 0.3).
    #[arg(long, default_value_t, help_heading = "Method")]
    pub preset: Preset,
    /// The dimension of the map.
    #[arg(long, value_name = "D", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3),
          help_heading = "Method")]
    pub components: u8,
    /// The number type of the whole run, to which the input is converted.
    #[arg(long, value_enum, default_value_t, help_heading = "Method")]
    pub float: FloatType,
    /// Affinities.
    #[command(flatten)]
    pub affinities: AffinityArgs,
    /// Optimization.
    #[command(flatten)]
    pub optimization: OptimizationArgs,
    /// Repulsion.
    #[command(flatten)]
    pub repulsion: RepulsionArgs,
    /// Running and reporting.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The affinities of the points.
#[derive(Debug, Args)]
#[command(next_help_heading = "Affinities")]
pub struct AffinityArgs {
    /// The perplexity, roughly the number of neighbors that count [default: 30]. Several, separated by commas, are mixed.
    #[arg(long, value_name = "N[,N...]", value_delimiter = ',')]
    pub perplexity: Vec<f64>,
    /// How distances between points are measured: euclidean or cosine [default: euclidean].
    #[arg(long)]
    pub metric: Option<Metric>,
}

/// The descent.
#[derive(Debug, Args)]
#[command(next_help_heading = "Optimization")]
pub struct OptimizationArgs {
    /// Where the points start: pca, random, or a file with a map of the right shape (.npy or .csv) [default: pca].
    #[arg(long, value_name = "pca|random|FILE")]
    pub init: Option<Init>,
    /// The standard deviation of initial positions from pca or random.
    #[arg(long, value_name = "X")]
    pub init_std: Option<f64>,
    /// Iterations of the normal phase.
    #[arg(long, value_name = "N")]
    pub n_iter: Option<usize>,
    /// Iterations of the early phase.
    #[arg(long, value_name = "N")]
    pub early_exaggeration_iter: Option<usize>,
    /// The factor on the attraction in the early phase.
    #[arg(long, value_name = "X")]
    pub early_exaggeration: Option<f64>,
    /// The factor on the attraction in the normal phase.
    #[arg(long, value_name = "X")]
    pub exaggeration: Option<f64>,
    /// No exaggeration in the normal phase.
    #[arg(long, conflicts_with = "exaggeration")]
    pub no_exaggeration: bool,
    /// The learning rate; auto is n / exaggeration in each phase.
    #[arg(long, value_name = "auto|X")]
    pub learning_rate: Option<LearningRate>,
    /// The form of momentum.
    #[arg(long, value_enum)]
    pub momentum: Option<MomentumType>,
    /// The momentum of the early phase.
    #[arg(long, value_name = "X")]
    pub initial_momentum: Option<f64>,
    /// The momentum of the normal phase.
    #[arg(long, value_name = "X")]
    pub final_momentum: Option<f64>,
    /// Ends a phase when the norm of the gradient is below this.
    #[arg(long, value_name = "X")]
    pub min_grad_norm: Option<f64>,
    /// Lets phases run to their end whatever the norm of the gradient.
    #[arg(long, conflicts_with = "min_grad_norm")]
    pub no_min_grad_norm: bool,
    /// Scales longer gradients of single points down to this norm.
    #[arg(long, value_name = "X")]
    pub max_grad_norm: Option<f64>,
    /// Leaves gradients as they are.
    #[arg(long, conflicts_with = "max_grad_norm")]
    pub no_max_grad_norm: bool,
    /// Scales longer steps of single points down to this length.
    #[arg(long, value_name = "X")]
    pub max_step_norm: Option<f64>,
    /// Leaves steps as they are.
    #[arg(long, conflicts_with = "max_step_norm")]
    pub no_max_step_norm: bool,
    /// The degrees of freedom of the kernel; below 1, clusters break up more [default: 1].
    #[arg(long, value_name = "X")]
    pub dof: Option<f64>,
}

/// The repulsion.
#[derive(Debug, Args)]
#[command(next_help_heading = "Repulsion")]
pub struct RepulsionArgs {
    /// How the repulsion is computed: auto, bh (Barnes-Hut), fft (interpolation grid) or exact (all pairs).
    #[arg(long)]
    pub method: Option<NegativeGradientMethod>,
    /// The threshold of Barnes-Hut; 0 is exact [default: 0.5].
    #[arg(long, value_name = "X")]
    pub theta: Option<f64>,
    /// Nodes per cell of the grid and axis [default: 3].
    #[arg(long, value_name = "N")]
    pub n_interpolation_points: Option<usize>,
    /// The smallest number of cells of the grid along the longer side of the map [default: 50].
    #[arg(long, value_name = "N")]
    pub min_num_intervals: Option<usize>,
    /// The side of a cell of the grid, in units of the map [default: 1].
    #[arg(long, value_name = "X")]
    pub ints_in_interval: Option<f64>,
    /// The interpolation of the grid [default: b-spline].
    #[arg(long, value_enum)]
    pub interpolation: Option<InterpolationType>,
}

/// How to run, and what to report.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// The seed of everything random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The number of threads [default: all processors]. The map does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=4096))]
    pub threads: Option<i32>,
    /// Print one JSON object instead of text. In it, seconds.total is reading, the stages, evaluation and writing.
    #[arg(long)]
    pub json: bool,
    /// Report the KL divergence with its normalizer summed over all pairs, in O(n²), not that of the repulsion in use.
    #[arg(long)]
    pub exact_kl: bool,
    /// Print neither progress nor warnings nor text; errors and the object of --json remain.
    #[arg(short, long)]
    pub quiet: bool,
}

/// The number type of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum FloatType {
    /// Single precision.
    #[default]
    F32,
    /// Double precision.
    F64,
}

/// The form of momentum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MomentumType {
    /// The velocity is the step.
    Classical,
    /// The gradient is taken where the momentum will carry.
    Nesterov,
}

impl From<MomentumType> for Momentum {
    fn from(momentum: MomentumType) -> Self {
        match momentum {
            MomentumType::Classical => Self::Classical,
            MomentumType::Nesterov => Self::Nesterov,
        }
    }
}

/// The interpolation of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InterpolationType {
    /// Smooth splines, one transform of one charge.
    BSpline,
    /// Polynomials, as in openTSNE.
    Lagrange,
}

impl From<InterpolationType> for Interpolation {
    fn from(interpolation: InterpolationType) -> Self {
        match interpolation {
            InterpolationType::BSpline => Self::BSpline,
            InterpolationType::Lagrange => Self::Lagrange,
        }
    }
}

/// Where the points start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Init {
    /// At the first principal components.
    Pca,
    /// At random.
    Random,
    /// At the positions in a file.
    File(PathBuf),
}

impl FromStr for Init {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "pca" => Ok(Self::Pca),
            "random" => Ok(Self::Random),
            file if file.contains('.') => Ok(Self::File(file.into())),
            _ => Err("write pca, random, or the name of an .npy or .csv file".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
