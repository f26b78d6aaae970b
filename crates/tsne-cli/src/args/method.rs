use super::values::{
    AffinityType, FloatType, Init, InterpolationType, MomentumType, NeighborsType, amount_of_memory, repulsion_method,
    threads,
};
use clap::Args;
use std::path::PathBuf;
use tsne::affinity::Symmetrization;
use tsne::{EarlyExaggeration, Interpolation, LearningRate, Metric, Momentum, Preset};

/// The method and how to run it: the same for `embed` and `demo`.
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct MethodArgs {
    /// The defaults of all options of the method: recommended, exaggerated (what was recommended before: principal components and
    /// early exaggeration), opentsne (those of openTSNE 1.0.4) or documented (those of openTSNE 0.3).
    #[arg(long, default_value_t, help_heading = "Method")]
    pub preset: Preset,
    /// The dimension of the map.
    #[arg(long, alias = "n-components", value_name = "D", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=3),
          help_heading = "Method")]
    pub components: u8,
    /// The number type of the whole run, to which the input is converted.
    #[arg(long, value_enum, default_value_t, help_heading = "Method")]
    pub float: FloatType,
    /// Affinities.
    #[command(flatten)]
    pub affinities: AffinityArgs,
    /// Where the points start: coarse (among the points of a small map of groups), pca, spectral, random, or a file with a map of
    /// the right shape (.npy or .csv) [default: coarse; pca in other presets than recommended].
    #[arg(
        long,
        alias = "initialization",
        value_name = "coarse|pca|spectral|random|FILE",
        help_heading = "Optimization"
    )]
    pub init: Option<Init>,
    /// Optimization.
    #[command(flatten)]
    pub optimization: OptimizationArgs,
    /// What fits share with new points.
    #[command(flatten)]
    pub descent: DescentArgs,
    /// Repulsion.
    #[command(flatten)]
    pub repulsion: RepulsionArgs,
    /// Running and reporting.
    #[command(flatten)]
    pub run: RunArgs,
    /// The memory that the run may take, or each process of several, in bytes or with a unit: 500MB, 2.5GB. One that is planned to
    /// take more is refused before it begins, with what would fit [default: no limit, and a warning where more is planned than is free].
    #[arg(long, value_name = "SIZE", value_parser = amount_of_memory, help_heading = "Run")]
    pub memory_limit: Option<u64>,
    /// A directory on a disk for the neighbors and affinities of the points, which are most of what a run takes: the system has in memory
    /// what is used just now, and the rest in files there, which are gone with the run. The map is the same; it takes a
    /// fifth longer, and more where memory is short. Arrays below 1 MiB stay in memory.
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub scratch: Option<PathBuf>,
    /// Report the KL divergence with its normalizer summed over all pairs, in O(n²), not that of the repulsion in use.
    #[arg(long, help_heading = "Run")]
    pub exact_kl: bool,
    /// Report the error of the repulsive force, measured for 1,000 points against sums over all pairs.
    #[arg(long, help_heading = "Run")]
    pub force_error: bool,
}

impl MethodArgs {
    /// The parameters that are told with a map, by scanpy's names where it has any.
    pub fn described(&self) -> Vec<(&'static str, crate::output::Note)> {
        use crate::output::Note;
        let metric = self.affinities.metric.as_ref().map_or_else(|| "euclidean".to_owned(), Metric::to_string);
        let mut described = vec![
            ("metric", Note::Text(metric)),
            ("random_state", Note::Count(self.run.seed as i64)),
            ("preset", Note::Text(self.preset.to_string())),
            ("program", Note::Text(format!("tsne {}", env!("CARGO_PKG_VERSION")))),
        ];
        match self.affinities.perplexity.as_slice() {
            [] => described.push(("perplexity", Note::Number(30.0))),
            [one] => described.push(("perplexity", Note::Number(*one))),
            several => described.push(("perplexity", Note::Text(format!("{several:?}")))),
        }
        described
    }
}

/// The affinities of the points.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Affinities")]
pub struct AffinityArgs {
    /// The perplexity, roughly the number of neighbors that count [default: 30]. Several, separated by commas, are
    /// combined.
    #[arg(long, value_name = "N[,N...]", value_delimiter = ',')]
    pub perplexity: Vec<f64>,
    /// How neighbor distances become affinities [default: perplexity].
    #[arg(long, value_enum)]
    pub affinities: Option<AffinityType>,
    /// The standard deviation of the Gaussians of --affinities fixed-sigma, in the unit of the distances.
    #[arg(long, value_name = "X")]
    pub sigma: Option<f64>,
    /// How both directions of a pair become one: mean, max or none [default: mean; max for uniform affinities].
    #[arg(long, value_name = "mean|max|none")]
    pub symmetrization: Option<Symmetrization>,
    /// The number of neighbors of each point [default: 3 × perplexity; 30 for fixed-sigma and uniform].
    #[arg(long, value_name = "N")]
    pub k_neighbors: Option<usize>,
    /// How distances between points are measured [default: euclidean].
    ///
    /// euclidean (l2), sqeuclidean, manhattan (l1, taxicab, cityblock), chebyshev (linfinity), minkowski (p; with a power:
    /// minkowski:p=1.5), seuclidean, mahalanobis, cosine, correlation, hamming (matching), jaccard, dice, rogerstanimoto,
    /// russellrao, sokalmichener, sokalsneath, yule, canberra, braycurtis, haversine, hellinger, dot (ip), jensenshannon,
    /// symmetric-kl, spearmanr, or precomputed: the input is the square matrix of distances.
    #[arg(long, value_name = "NAME[:p=P]")]
    pub metric: Option<Metric>,
    /// The parameters of the metric (.npy or text): weights of minkowski, variances of seuclidean (one per column), or
    /// the inverse covariance of mahalanobis (d × d). Without, the latter two are computed from the points.
    #[arg(long, value_name = "FILE", requires = "metric")]
    pub metric_params: Option<PathBuf>,
    /// How nearest neighbors are found; auto is exact where that is fast [default: auto].
    #[arg(long, value_enum)]
    pub neighbors: Option<NeighborsType>,
}

parameters! {
    fit
    /// What a map begins with.
    #[command(next_help_heading = "Optimization")]
    OptimizationArgs {
        /// The standard deviation of initial positions that are computed and not coarse.
        #[arg(long = "init-std", alias = "initialization-std", value_name = "X")]
        initialization_std: f64;
        /// The degrees of freedom of the kernel; below 1, clusters break up more [default: 1].
        #[arg(long, value_name = "X")]
        dof: f64;
    }
}

parameters! {
    both
    /// The descent of a fit or of new points. Defaults are the preset's.
    #[command(next_help_heading = "Optimization")]
    DescentArgs {
        /// Iterations of the normal phase.
        #[arg(long, value_name = "N")]
        n_iter: usize;
        /// Iterations of the early phase [default of recommended: none after --init coarse, 30 after others].
        #[arg(long, value_name = "N")]
        early_exaggeration_iter: usize;
        /// The factor on the attraction in the early phase; auto is 12, or --exaggeration if that is larger.
        #[arg(long, value_name = "auto|X")]
        early_exaggeration: EarlyExaggeration;
        /// The first iterations of the normal phase, over which exaggeration, learning rate and momentum go from those of the
        /// early phase to its own; without an early phase, only the momentum does [default of recommended: by the start].
        #[arg(long, value_name = "N")]
        transition_iter: usize;
        /// The factor on the attraction in the normal phase.
        #[arg(long, value_name = "X")]
        exaggeration: f64,
        or
        /// No exaggeration in the normal phase.
        #[arg(long, conflicts_with = "exaggeration")]
        no_exaggeration;
        /// The learning rate; auto is n / exaggeration in each phase of a fit, 0.1 for new points, auto*2 twice that.
        #[arg(long, value_name = "auto|X")]
        learning_rate: LearningRate;
        /// The form of momentum.
        #[arg(long, value_enum)]
        momentum_rule: MomentumType as Momentum;
        /// The momentum of the early phase, or of the beginning without one [default of recommended: by the start].
        #[arg(long, value_name = "X")]
        initial_momentum: f64;
        /// The momentum of the normal phase.
        #[arg(long, alias = "momentum", value_name = "X")]
        final_momentum: f64;
        /// Whether the momentum of the normal phase gives way where it carries uphill.
        #[arg(long, value_name = "true|false")]
        adaptive_momentum: bool;
        /// Ends a phase when the norm of the gradient is below this.
        #[arg(long, value_name = "X")]
        min_grad_norm: f64,
        or
        /// Lets phases run to their end whatever the norm of the gradient.
        #[arg(long, conflicts_with = "min_grad_norm")]
        no_min_grad_norm;
        /// Scales longer gradients of single points down to this norm.
        #[arg(long, value_name = "X")]
        max_grad_norm: f64,
        or
        /// Leaves gradients as they are.
        #[arg(long, conflicts_with = "max_grad_norm")]
        no_max_grad_norm;
        /// Scales longer steps of single points down to this length.
        #[arg(long, value_name = "X")]
        max_step_norm: f64,
        or
        /// Leaves steps as they are.
        #[arg(long, conflicts_with = "max_step_norm")]
        no_max_step_norm;
        /// Ends the normal phase when an iteration lowers the KL divergence by less than this fraction of it, on average over
        /// 25 iterations (0.0002 is a good choice); give --n-iter the most that you would wait for.
        #[arg(long, value_name = "X")]
        min_kl_improvement: f64;
    }
}

parameters! {
    descent
    /// The repulsion.
    #[command(next_help_heading = "Repulsion")]
    RepulsionArgs {
        /// How the repulsion is computed: auto, bh (Barnes-Hut), fft (interpolation grid) or exact (all pairs).
        #[arg(long = "method", alias = "negative-gradient-method", value_parser = repulsion_method)]
        negative_gradient_method: String;
        /// The relative error of the force that is acceptable, from 0.0001 to 0.5: --theta and the parameters of the grid
        /// follow from it [default: theirs].
        #[arg(
            long,
            value_name = "X",
            conflicts_with_all = ["theta", "n_interpolation_points", "min_num_intervals", "ints_in_interval"]
        )]
        force_tolerance: f64;
        /// The threshold of Barnes-Hut; 0 is exact [default: 0.5].
        #[arg(long, value_name = "X")]
        theta: f64;
        /// Nodes per cell of the grid and axis [default: 3].
        #[arg(long, value_name = "N")]
        n_interpolation_points: usize;
        /// The smallest number of cells of the grid along the longer side of the map [default: 50].
        #[arg(long, value_name = "N")]
        min_num_intervals: usize;
        /// The side of a cell of the grid, in units of the map [default: 1].
        #[arg(long, value_name = "X")]
        ints_in_interval: f64;
        /// The interpolation of the grid [default: b-spline].
        #[arg(long, value_enum)]
        interpolation: InterpolationType as Interpolation;
    }
}

/// How to run, and what to report.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// The seed of everything random.
    #[arg(long, alias = "random-state", value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The number of threads: -1 all processors, -2 all but one [default: -1]. The result does not depend on it.
    #[arg(long, alias = "n-jobs", value_name = "N", value_parser = threads)]
    pub threads: Option<i32>,
    /// Print iteration and KL divergence to standard error every N iterations; with --json they are in "history", too.
    #[arg(long, alias = "callbacks-every-iters", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub report_every: Option<u32>,
    /// Print one JSON object instead of text. In it, seconds.total is reading, the stages, evaluation and writing.
    #[arg(long)]
    pub json: bool,
    /// Print neither progress nor warnings nor text; errors and the object of --json remain.
    #[arg(short, long)]
    pub quiet: bool,
}
