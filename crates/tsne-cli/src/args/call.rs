//! How a command that needs no descent runs, and what it prints.

use super::values::threads;
use clap::Args;

/// How to run, and what to print.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub struct CallArgs {
    /// The seed of samples and of an approximate search.
    #[arg(long, alias = "random-state", value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The number of threads: -1 all processors, -2 all but one [default: -1]. The result does not depend on it.
    #[arg(long, alias = "n-jobs", value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<i32>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print neither progress nor warnings nor text; errors and the object of --json remain.
    #[arg(short, long)]
    pub quiet: bool,
}
