//! The command line.

#[macro_use]
mod parameters;

mod call;
mod explore;
mod files;
mod help;
mod input;
mod method;
mod plot;
mod prepare;
mod score;
mod transform;
mod values;

pub use call::CallArgs;
pub use explore::ExploreArgs;
pub use files::{CheckpointArgs, DemoArgs, EmbedArgs, PlanArgs, ResumeArgs};
pub use help::{command, subcommands};
pub use input::InputArgs;
pub use method::{AffinityArgs, DescentArgs, MethodArgs, OptimizationArgs, RepulsionArgs, RunArgs};
pub use plot::{Length, LookArgs, Panels, PlotArgs};
pub use prepare::{PrepareArgs, Total};
pub use score::{KlMode, Sample, ScoreArgs};
pub use transform::{PlacingArgs, TransformArgs};
pub use values::{
    AffinityType, FloatType, Init, InterpolationType, MomentumType, NeighborsType, NewInit, NewPerplexity,
    repulsion_method, threads,
};

use clap::{Parser, Subcommand};

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
    /// Tell what `tsne embed` with the same arguments would take: the memory and the time of each stage.
    ///
    /// Looks at the head of the file, measures for less than a second what the parts of a run cost on this machine, and begins
    /// nothing. Where the run does not fit into the memory that is free, it says what would.
    Plan(Box<PlanArgs>),
    /// Go on with a run that was interrupted, from what `tsne embed --checkpoint` has saved.
    ///
    /// The map comes to the same bits as without the interruption, and goes where it would have gone.
    Resume(Box<ResumeArgs>),
    /// Place new points into a map that `tsne embed --save` saved.
    ///
    /// The map stays as it is, and new points do not act on each other: one by one they come to the same places as all
    /// at once.
    Transform(Box<TransformArgs>),
    /// Measure how well a map shows its data.
    ///
    /// Prints the KL divergence, trustworthiness, continuity, neighbor recall, the rank correlation of distances, pBIC and, with
    /// labels, their agreement; of several maps beside each other. Writes the measures of every point.
    Score(Box<ScoreArgs>),
    /// Write a page that shows a map in a browser.
    ///
    /// One file with everything in it, for which no network is needed: move, zoom, point at points, search them, color them by any
    /// label, draw a line around some and save them, see the density.
    Explore(Box<ExploreArgs>),
    /// Draw maps that are there, colored by any labels, without a new fit.
    ///
    /// Writes a PNG, an SVG or a PDF. The same map, labels and options give the same bytes.
    Plot(Box<PlotArgs>),
    /// Embed 1,797 handwritten digits, which come with the program.
    ///
    /// Writes digits.npy and digits.png and prints the KL divergence and how well the map agrees with the labels.
    ///
    /// Data: Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, UCI Machine Learning
    /// Repository, CC BY 4.0.
    Demo(Box<DemoArgs>),
    /// Print what completes the options of this command in a shell.
    Completions {
        /// The shell.
        #[arg(help_heading = "Output")]
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each subcommand.
    Man {
        /// The directory that they go to, such as . for the current one. Older files are replaced.
        #[arg(help_heading = "Output")]
        out_dir: std::path::PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_shows_every_flag_once_under_a_heading() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            for argument in command.get_arguments().filter(|argument| !matches!(argument.get_id().as_str(), "help")) {
                let Some(long) = argument.get_long() else { continue };
                let name = command.get_name();
                // The entry of a flag begins its line; other texts may mention it, too.
                let entry = |line: &str| {
                    let line = line.trim_start();
                    let line = line
                        .split_once(", --")
                        .filter(|(short, _)| short.len() == 2)
                        .map_or_else(|| line.strip_prefix("--").map(str::to_owned), |(_, long)| Some(long.to_owned()));
                    let word = |text: String| text.split([' ', '.', '[']).next().map(str::to_owned);
                    line.and_then(word).is_some_and(|word| word == long)
                };
                assert_eq!(help.lines().filter(|line| entry(line)).count(), 1, "{name} --{long}");
                assert!(argument.get_help().is_some(), "{name} --{long}");
                assert!(argument.get_help_heading().is_some(), "{name} --{long}");
            }
        }
    }
}
