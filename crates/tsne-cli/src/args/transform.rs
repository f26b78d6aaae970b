use super::input::InputArgs;
use super::method::{DescentArgs, RunArgs};
use super::values::{AffinityType, NewInit, NewPerplexity, repulsion_method};
use clap::{ArgGroup, Args};
use std::path::PathBuf;
use tsne::Preset;

/// The arguments of `tsne transform`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true,
          group = ArgGroup::new("outputs").required(true).multiple(true).args(["output", "plot", "html"]))]
pub struct TransformArgs {
    /// A map that `tsne embed --save` saved.
    #[arg(help_heading = "Input and output")]
    pub model: PathBuf,
    /// The new points, in the columns of the fitted ones and any format that embed reads. Of a map of precomputed
    /// distances: the distances of each new point to all fitted ones.
    #[arg(help_heading = "Input and output")]
    pub input: PathBuf,
    /// Where the positions of the new points go: .npy, .csv or .tsv, the latter with names and labels; - is standard output, as
    /// .csv. An older file is replaced.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: Option<PathBuf>,
    /// How the points and their labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// A picture: .png, .svg or .pdf, fitted points gray, new ones colored by label. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub plot: Option<PathBuf>,
    /// A page to explore the fitted points and the new ones together in a browser: .html. An older file is replaced.
    #[arg(long, value_name = "FILE", help_heading = "Input and output")]
    pub html: Option<PathBuf>,
    /// The defaults of all options: recommended, opentsne or documented [default: that of the map].
    #[arg(long, help_heading = "Method")]
    pub preset: Option<Preset>,
    /// The perplexity of the affinities to the fitted points [default: 5]. Several are combined; fitted stands for the
    /// rule of the fit, which maps without a perplexity keep by default.
    #[arg(long, value_name = "fitted|N[,N...]", help_heading = "Affinities")]
    pub perplexity: Option<NewPerplexity>,
    /// How distances to the fitted points become affinities [default: as in the fit].
    #[arg(long, value_enum, help_heading = "Affinities")]
    pub affinities: Option<AffinityType>,
    /// The standard deviation of the Gaussians of --affinities fixed-sigma, in the unit of the distances.
    #[arg(long, value_name = "X", help_heading = "Affinities")]
    pub sigma: Option<f64>,
    /// The number of fitted neighbors that --affinities uses [default: 3 × perplexity; 30 for fixed-sigma and uniform].
    #[arg(long, value_name = "N", help_heading = "Affinities", requires = "affinities")]
    pub k_neighbors: Option<usize>,
    /// Where the new points start: at the median of their nearest fitted points, at their weighted mean, at random
    /// around the origin, or at the positions in a file (.npy or .csv) [default: median].
    #[arg(long, alias = "initialization", value_name = "median|weighted|random|FILE", help_heading = "Optimization")]
    pub init: Option<NewInit>,
    /// Placing.
    #[command(flatten)]
    pub placing: PlacingArgs,
    /// The descent.
    #[command(flatten)]
    pub descent: DescentArgs,
    /// Running and reporting.
    #[command(flatten)]
    pub run: RunArgs,
}

parameters! {
    new
    /// What is particular to new points.
    #[command(next_help_heading = "Optimization")]
    PlacingArgs {
        /// How many nearest fitted points the start is taken from [default: 25].
        #[arg(long, value_name = "N")]
        k: usize;
        /// The standard deviation of random starting positions.
        #[arg(long = "init-std", alias = "initialization-std", value_name = "X")]
        initialization_std: f64;
        /// How the repulsion of the fitted points is computed: auto, bh, fft or exact [default: as in the fit].
        #[arg(long = "method", alias = "negative-gradient-method", value_parser = repulsion_method,
              help_heading = "Repulsion")]
        negative_gradient_method: String;
    }
}
