//! `tsne resume`.

use crate::args::{Cli, Command, EmbedArgs, ResumeArgs};
use crate::command::film;
use crate::command::further::{Going, How};
use crate::command::saved::{Call, Extras, unusable};
use crate::command::team;
use anyhow::{Context as _, Result, bail};
use clap::Parser;
use std::path::PathBuf;
use std::time::Instant;
use tsne::Model;
use tsne::core::Team;

/// Goes on with a run that was interrupted.
///
/// # Errors
///
/// For a file that is no checkpoint of the command, or of a run that came to its end, and for files that cannot be written.
pub(crate) fn resume(args: &ResumeArgs, team: Option<&dyn Team>) -> Result<()> {
    let started = Instant::now();
    let from = &args.checkpoint;
    let name = || from.display().to_string();
    let team = team.filter(|team| team.size() > 1);
    let mut model = Model::open_with(from, team::context(team)).map_err(|error| unusable(from, &error))?;
    let n = model.n();
    let extras = Extras::take(model.sections(), n).with_context(name)?;
    let extras = extras.with_context(|| format!("{}: it is no checkpoint of `tsne embed`", name()))?;
    let embed = interrupted(&extras.call, args).with_context(name)?;
    team.map_or(Ok(()), |team| team::agree(&embed, team))?;
    let embed = team::of_member(&embed, team);
    film::check(&embed, model.n_components())?;
    let mut film = film::film(&embed);
    film.as_mut().map_or(Ok(()), |film| film.take(model.sections(), n)).with_context(name)?;
    Going { from, how: How::Resume, args: &embed, extras, checkpoint: Some(from), film, started, team }.start(model)
}

/// The call that was interrupted, with what this one asks for instead.
fn interrupted(call: &Call, args: &ResumeArgs) -> Result<EmbedArgs> {
    let Ok(Cli { command: Command::Embed(mut embed) }) = Cli::try_parse_from(&call.arguments) else {
        bail!("it is of a version of this program with other options: resume it with that version");
    };
    // Names in it refer to the directory that it was called from, those of this call to that of this one.
    let join = |path: PathBuf| if path.as_os_str() == "-" { path } else { call.directory.join(path) };
    let there = |path: Option<PathBuf>| path.map(join);
    let chosen = |given: &Option<PathBuf>, then: Option<PathBuf>| given.clone().or_else(|| there(then));
    embed.input = there(embed.input.take());
    embed.output = chosen(&args.output, embed.output.take());
    embed.save = chosen(&args.save, embed.save.take());
    embed.plot = chosen(&args.plot, embed.plot.take());
    embed.html = chosen(&args.html, embed.html.take());
    embed.frames = chosen(&args.frames, embed.frames.take());
    embed.checkpoint.checkpoint_every = args.checkpoint_every.unwrap_or(embed.checkpoint.checkpoint_every);
    // A directory of the machine that it ran on.
    embed.method.scratch.clone_from(&args.scratch);
    let run = &mut embed.method.run;
    run.threads = args.threads.or(run.threads);
    run.report_every = args.report_every.or(run.report_every);
    (run.json, run.quiet) = (args.json || run.json, args.quiet || run.quiet);
    Ok(*embed)
}
