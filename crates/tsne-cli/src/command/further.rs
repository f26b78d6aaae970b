//! Descents that go on from a saved map: what an interrupted run had left, and further iterations of one that came to its end.

use crate::args::EmbedArgs;
use crate::command::descent::{Checkpoint, descend};
use crate::command::film::{self, film};
use crate::command::interrupt::Interrupt;
use crate::command::outcome::Outcome;
use crate::command::progress::{Bars, History};
use crate::command::run::{in_pool, warn};
use crate::command::saved::{Call, Extras, unusable};
use crate::command::targets::Targets;
use crate::command::{scratch, team};
use crate::film::Film;
use crate::input::{Annotations, Resolved};
use crate::report::InputReport;
use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tsne::core::Team;
use tsne::{Float, Model, files};

/// How a descent goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// With what an interrupted run had left.
    Resume,
    /// With iterations of the normal phase.
    Further,
}

/// A descent that goes on.
pub(crate) struct Going<'a> {
    /// The saved map.
    pub(crate) from: &'a Path,
    pub(crate) how: How,
    /// The call: where results go, and what is asked of the descent.
    pub(crate) args: &'a EmbedArgs,
    pub(crate) extras: Extras,
    /// Where it is saved on its way.
    pub(crate) checkpoint: Option<&'a Path>,
    /// What was recorded before.
    pub(crate) film: Option<Film>,
    pub(crate) started: Instant,
    /// The processes that compute the map together, if there are several.
    pub(crate) team: Option<&'a dyn Team>,
}

/// `tsne embed --continue`.
///
/// # Errors
///
/// For a file that is no saved map, and files that cannot be written.
pub(crate) fn embed_further(args: &EmbedArgs, team: Option<&dyn Team>) -> Result<()> {
    let started = Instant::now();
    let from = args.continue_from.as_deref().context("name the points to embed, or a map to --continue")?;
    let mut model = Model::open_with(from, team::context(team)).map_err(|error| unusable(from, &error))?;
    let n = model.n();
    let saved = Extras::take(model.sections(), n).with_context(|| from.display().to_string())?;
    let extras = match saved {
        // That of this call, so that it can be resumed.
        Some(Extras { call, annotations, preparation }) => {
            let call = Call::of_this_process(call.d, call.input, call.resolved, call.columns)?;
            Extras { call, annotations, preparation }
        }
        // Of a map that a library has saved.
        None => {
            let call = Call::of_this_process(0, InputReport::default(), Resolved::default(), None)?;
            Extras { call, annotations: Annotations::default(), preparation: None }
        }
    };
    let checkpoint = args.checkpoint.checkpoint.as_deref();
    film::check(args, model.n_components())?;
    let film = film(args);
    warn(args.method.run.quiet, &film::warnings(args, n));
    Going { from, how: How::Further, args, extras, checkpoint, film, started, team }.start(model)
}

impl Going<'_> {
    /// Goes on in the number type and dimension of the map.
    ///
    /// # Errors
    ///
    /// Those of the descent, and for files that cannot be written.
    pub(crate) fn start(self, model: Model) -> Result<()> {
        match (model.scalar(), model.n_components()) {
            ("f32", 1) => self.go_on::<f32, 1>(model),
            ("f32", 2) => self.go_on::<f32, 2>(model),
            ("f32", 3) => self.go_on::<f32, 3>(model),
            ("f64", 1) => self.go_on::<f64, 1>(model),
            ("f64", 2) => self.go_on::<f64, 2>(model),
            ("f64", 3) => self.go_on::<f64, 3>(model),
            (scalar, dimensions) => bail!(
                "{}: the map is of {scalar} in {dimensions} dimensions, but this command knows f32 and f64 in 1 to 3: use \
                 the library",
                self.from.display()
            ),
        }
    }

    fn go_on<T: Float, const D: usize>(self, model: Model) -> Result<()> {
        let Self { from, how, args, extras, checkpoint, mut film, started, team } = self;
        let run = &args.method.run;
        let scratch = scratch::open(args.method.scratch.as_deref(), run.quiet)?;
        let targets = Targets {
            map: args.output.as_deref(),
            plot: args.plot.as_deref(),
            page: args.html.as_deref(),
            film: args.frames.as_deref(),
            model: args.save.as_deref(),
            checkpoint: checkpoint.filter(|checkpoint| how == How::Further || *checkpoint != from),
            back: args.write_back.then_some(args.input.as_deref()).flatten(),
            source: args.input.as_deref(),
        };
        // An interrupted run may have saved itself where its map goes in the end.
        let model_elsewhere = targets.model.filter(|model| how == How::Further || !files::same_file(model, from));
        Targets { model: model_elsewhere, ..targets }.check(&[Some(&PathBuf::from(from)), args.input.as_ref()])?;
        targets.check_room(&extras.annotations, model.n())?;
        let embedding = in_pool(run.threads, || Ok(model.embedding_with::<T, D>(team::context(team))))?;
        let mut embedding = embedding.map_err(|error| unusable(from, &error))?;
        let read = started.elapsed();
        ensure!(
            how == How::Further || embedding.remaining() > 0,
            "{}: its run came to its end, so nothing is left of it (`tsne embed --continue` goes beyond)",
            from.display()
        );
        let (bars, interrupt) = (Bars::new(run.quiet), Interrupt::install()?);
        bars.go_on_from(embedding.iterations());
        let mut history = History::new(run.report_every.map_or(0, |every| every as usize), !run.quiet, &bars);
        let every = args.checkpoint.interval();
        let saves = checkpoint.map(|path| Checkpoint { path, every, extras: &extras });
        let further = args.method.descent.set_further(embedding.params());
        let further = args.method.repulsion.set_further(further);
        let left = if how == How::Resume { embedding.remaining() } else { further.schedule.iterations() };
        let end = embedding.iterations() + left;
        let mut done = in_pool(run.threads, || {
            let begin = |observer: &mut (dyn tsne::Observer<T, D> + Send), cx: tsne::Context<'_>| {
                match how {
                    How::Resume => embedding.resume_with(Some(observer), cx)?,
                    How::Further => embedding.optimize_with(further, Some(observer), cx)?,
                };
                Ok(embedding)
            };
            let film = film.as_mut().map(|film| (film, end));
            descend(begin, &mut history, (&bars, interrupt), saves, film, (team, scratch.as_ref()))
        })?;
        let Some(together) = team::complete(&mut done.embedding, (done.sent, read), &targets, team)? else {
            return team::serve(&mut done.embedding, (&targets, &args.method), team);
        };
        Outcome {
            source: &args.input.as_deref().unwrap_or(from).display().to_string(),
            args: &args.method,
            // What is resumed has a checkpoint already.
            targets: &Targets { checkpoint: checkpoint.filter(|_| done.saved || how == How::Resume), ..targets },
            extras: &extras,
            history: history.entries,
            film,
            together,
            read,
            started,
        }
        .write(&mut done.embedding, team)
    }
}
