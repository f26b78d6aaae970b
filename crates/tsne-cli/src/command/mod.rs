//! The `tsne` command.
//!
//! In the library, so that it is compiled beside the crates below it, whose types are all that a library waits for, and not when
//! they are done, as a program is: this is all of the method for six combinations of number type and dimension. Without it the
//! tests of the library are compiled in less than half of the time; it has none of its own.

mod called;
mod code;
mod descent;
mod embed;
mod explore;
mod failure;
mod film;
mod further;
mod interrupt;
mod manual;
mod map;
mod meter;
mod method;
mod outcome;
mod pause;
mod plan;
mod planner;
mod plot;
mod progress;
mod resume;
mod room;
mod run;
mod saved;
mod score;
mod scratch;
mod targets;
mod team;
mod together;
mod transform;
mod usage;

use crate::args::{self, Cli, Command};
use clap::FromArgMatches;
use code::SUCCESS;
pub use failure::Failure;
use std::ffi::OsString;
use std::process::ExitCode;
use tsne::core::Team;

/// Runs the command that the arguments of this process name: the program `tsne`.
///
/// # Examples
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     tsne_cli::main()
/// }
/// ```
pub fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}

/// Runs the command of these arguments, the first of which is the name of the program, and returns its exit code: what
/// [`main`] does, for programs whose arguments come from elsewhere.
///
/// # Examples
///
/// ```no_run
/// assert_eq!(tsne_cli::run(["tsne", "demo"]), 0);
/// ```
pub fn run<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> u8 {
    match call(arguments.into_iter().map(Into::into).collect(), None) {
        Ok(()) => SUCCESS,
        Err(failure) => {
            failure.say();
            failure.code()
        }
    }
}

/// Runs `tsne embed` or `tsne resume` with `arguments`, the first of which is the name of the program, as a member of a team of
/// processes that all have the same: the first member writes what is written, and says what there is to say.
///
/// # Errors
///
/// What failed, which has not been said: members that fail for one reason fail with one line, to be said once.
///
/// # Examples
///
/// ```no_run
/// use tsne::core::ThreadTeam;
///
/// let arguments = ["tsne", "embed", "data.npy", "--output", "map.npy"];
/// let ended = ThreadTeam::run(2, 1, |team| tsne_cli::run_in_team(arguments, team))?;
/// assert_eq!(ended, [Ok(()), Ok(())]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn run_in_team<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>, team: &dyn Team) -> Result<(), Failure> {
    call(arguments.into_iter().map(Into::into).collect(), Some(team))
}

fn call(arguments: Vec<OsString>, team: Option<&dyn Team>) -> Result<(), Failure> {
    called::with(&arguments);
    let matched = args::command().try_get_matches_from(&arguments);
    let parsed = matched.and_then(|matches| Cli::from_arg_matches(&matches));
    // Members of a team that were called for something else would wait for each other.
    let same = team.map_or(Ok(()), |team| team::agree_on_command(&parsed, team));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::usage(&error, arguments.get(1), team::is_first(team)),
    };
    same.map_err(|error| Failure::of(&error))?;
    let done = match &cli.command {
        Command::Embed(args) if args.dry_run && !team::is_first(team) => Ok(()),
        Command::Embed(args) if args.dry_run => plan::plan(args, team::size(team)),
        Command::Embed(args) => embed::embed(args, team),
        Command::Resume(args) => resume::resume(args, team),
        _ if team.is_some_and(|team| team.size() > 1) => Err(anyhow::anyhow!(
            "several processes compute one map with the commands embed and resume: start one process for the others"
        )),
        Command::Plan(args) => plan::plan(&args.embed, args.processes as usize),
        Command::Transform(args) => transform::transform(args),
        Command::Score(args) => score::score(args),
        Command::Explore(args) => explore::explore(args),
        Command::Plot(args) => plot::plot(args),
        Command::Demo(args) => embed::demo(args),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { out_dir } => manual::man(out_dir),
    };
    done.map_err(|error| Failure::of(&error))
}
