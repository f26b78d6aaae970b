//! `tsne resume`.

use crate::args::{Cli, Command, EmbedArgs, ResumeArgs};
use crate::command::descent::{Checkpoint, descend};
use crate::command::interrupt::Interrupt;
use crate::command::outcome::Outcome;
use crate::command::progress::{Bars, History};
use crate::command::run::in_pool;
use crate::command::saved::{Call, Extras};
use crate::command::targets::Targets;
use crate::command::transform::unusable;
use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tsne::{Float, Model};

/// Goes on with a run that was interrupted.
///
/// # Errors
///
/// For a file that is no checkpoint of the command, or of a run that came to its end, and for files that cannot be written.
pub(crate) fn resume(args: &ResumeArgs) -> Result<()> {
    let started = Instant::now();
    let name = || args.checkpoint.display().to_string();
    let mut model = Model::open(&args.checkpoint).map_err(|error| unusable(&args.checkpoint, &error))?;
    let n = model.n();
    let extras = Extras::take(model.sections(), n).with_context(name)?;
    let extras = extras.with_context(|| format!("{}: it is no checkpoint of `tsne embed`", name()))?;
    let embed = interrupted(&extras.call, args).with_context(name)?;
    let run = Resumed { args, embed, extras, started };
    match (model.scalar(), model.n_components()) {
        ("f32", 1) => run.resume::<f32, 1>(model),
        ("f32", 2) => run.resume::<f32, 2>(model),
        ("f32", 3) => run.resume::<f32, 3>(model),
        ("f64", 1) => run.resume::<f64, 1>(model),
        ("f64", 2) => run.resume::<f64, 2>(model),
        ("f64", 3) => run.resume::<f64, 3>(model),
        (scalar, dimensions) => {
            bail!("{}: a map of {scalar} in {dimensions} dimensions is none of this command's", name())
        }
    }
}

/// The call that was interrupted, with what this one asks for instead.
fn interrupted(call: &Call, args: &ResumeArgs) -> Result<EmbedArgs> {
    let Ok(Cli { command: Command::Embed(mut embed) }) = Cli::try_parse_from(&call.arguments) else {
        bail!("it is of a version of this program with other options: resume it with that version");
    };
    // Names in it refer to the directory that it was called from, those of this call to that of this one.
    let there = |path: Option<PathBuf>| path.map(|path| call.directory.join(path));
    let chosen = |given: &Option<PathBuf>, then: Option<PathBuf>| given.clone().or_else(|| there(then));
    embed.input = call.directory.join(&embed.input);
    embed.output = chosen(&args.output, embed.output.take());
    embed.save = chosen(&args.save, embed.save.take());
    embed.plot = chosen(&args.plot, embed.plot.take());
    embed.html = chosen(&args.html, embed.html.take());
    embed.checkpoint.checkpoint = Some(args.checkpoint.clone());
    embed.checkpoint.checkpoint_every = args.checkpoint_every.unwrap_or(embed.checkpoint.checkpoint_every);
    let run = &mut embed.method.run;
    run.threads = args.threads.or(run.threads);
    run.report_every = args.report_every.or(run.report_every);
    (run.json, run.quiet) = (args.json || run.json, args.quiet || run.quiet);
    Ok(*embed)
}

struct Resumed<'a> {
    args: &'a ResumeArgs,
    embed: EmbedArgs,
    extras: Extras,
    started: Instant,
}

impl Resumed<'_> {
    fn resume<T: Float, const D: usize>(&self, model: Model) -> Result<()> {
        let Self { args, embed, extras, started } = self;
        let path: &Path = &args.checkpoint;
        let run = &embed.method.run;
        let targets = Targets {
            map: embed.output.as_deref(),
            plot: embed.plot.as_deref(),
            page: embed.html.as_deref(),
            model: embed.save.as_deref(),
            checkpoint: None,
            back: embed.write_back.then_some(&embed.input),
            source: Some(&embed.input),
        };
        targets.check(&[Some(&args.checkpoint)])?;
        let mut embedding = model.embedding::<T, D>().map_err(|error| unusable(path, &error))?;
        ensure!(embedding.remaining() > 0, "{}: its run came to its end, so nothing is left of it", path.display());
        let (bars, interrupt) = (Bars::new(run.quiet), Interrupt::install()?);
        bars.go_on_from(embedding.iterations());
        let mut history = History::new(run.report_every.map_or(0, |every| every as usize), !run.quiet, &bars);
        let checkpoint = Checkpoint { path, every: embed.checkpoint.interval(), extras };
        let embedding = in_pool(run.threads, || {
            let begin = |observer: &mut (dyn tsne::Observer<T, D> + Send), cx: tsne::Context<'_>| {
                embedding.resume_with(Some(observer), cx)?;
                Ok(embedding)
            };
            descend(begin, &mut history, (&bars, interrupt), Some(checkpoint))
        })?;
        Outcome {
            source: &embed.input.display().to_string(),
            args: &embed.method,
            targets: &Targets { checkpoint: Some(path), ..targets },
            extras,
            history: history.entries,
            read: Duration::ZERO,
            started: *started,
        }
        .write(&embedding)
    }
}
