//! `tsne embed` and `tsne demo`.

use crate::args::{DemoArgs, EmbedArgs, FloatType, MethodArgs};
use crate::command::descent::{Checkpoint, descend};
use crate::command::film::{self, film};
use crate::command::interrupt::Interrupt;
use crate::command::outcome::Outcome;
use crate::command::progress::{Bars, History};
use crate::command::run::{Data, read, say, warn};
use crate::command::saved::{Call, Extras};
use crate::command::targets::Targets;
use crate::command::{further, method, plan, room, scratch, team};
use crate::film::Film;
use crate::input::{CsvOptions, HeaderLine, InputOptions, Loaded, PointTable};
use anyhow::{Context as _, Result};
use flate2::read::GzDecoder;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;
use tsne::Float;
use tsne::core::Team;
use tsne::files::ScratchDir;

/// The handwritten digits of `data/`, which see for their source and license.
const DIGITS: &[u8] = include_bytes!("../../data/digits.csv.gz");

/// What the demonstration says before it begins.
const DEMO: &str = "t-SNE of 1,797 handwritten digits, 8 x 8 pixels each: a point per digit, similar ones near each other, colored \
                    by what was written. This takes some seconds.";

/// The column of the digits' labels, counted from 1.
const LABEL_COLUMN: &str = "65";

/// One run: how, from where, where to, and what is kept in the saved map.
struct Run<'a> {
    /// For messages.
    source: String,
    args: &'a MethodArgs,
    targets: Targets<'a>,
    keep_data: bool,
    /// The call, if it is one of `tsne embed`.
    embed: Option<&'a EmbedArgs>,
    /// The processes that compute the map together, if there are several.
    team: Option<&'a dyn Team>,
    /// Where what memory need not hold is kept.
    scratch: Option<ScratchDir>,
}

/// Embeds the points of a file.
///
/// # Errors
///
/// For arguments that do not fit each other, input that cannot be used, and files that cannot be written.
pub(crate) fn embed(args: &EmbedArgs, team: Option<&dyn Team>) -> Result<()> {
    method::check(&args.method)?;
    let team = team.filter(|team| team.size() > 1);
    let own;
    let args = match team {
        None => args,
        Some(some) => {
            team::check(args)?;
            team::agree(args, some)?;
            own = team::of_member(args, team);
            &own
        }
    };
    let Some(input) = &args.input else { return further::embed_further(args, team) };
    let targets = Targets::of_call(args, input)?;
    let scratch = scratch::open(args.method.scratch.as_deref(), args.method.run.quiet)?;
    let doubt = match team {
        None => plan::check(args, input, plan::Members::default())?,
        Some(team) => room::doubt(args, input, team)?,
    };
    warn(args.method.run.quiet, doubt.as_slice());
    let source = input.display().to_string();
    let (steps, seed) = (args.prepare.steps(), args.method.run.seed);
    let keep_data = args.save.is_some() && !args.no_keep_data;
    let run = Run { source, args: &args.method, embed: Some(args), targets, keep_data, team, scratch };
    let options = InputOptions { share: team::share(args, team), ..args.reading.options() };
    match args.method.float {
        FloatType::F32 => run.start(|| read::<f32>(input, &options)?.prepared(input, steps, seed)),
        FloatType::F64 => run.start(|| read::<f64>(input, &options)?.prepared(input, steps, seed)),
    }
}

/// Embeds the digits.
///
/// # Errors
///
/// For parameters out of their range and files that cannot be written.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    method::check(&args.method)?;
    // Without a directory the names are shown as they are written here.
    let directory = if args.out_dir == Path::new(".") { Path::new("") } else { &args.out_dir };
    // Without its feature, `plot` draws no other.
    let picture = if cfg!(feature = "plot") { "digits.png" } else { "digits.svg" };
    let (map, plot) = (directory.join("digits.npy"), directory.join(picture));
    let targets = Targets { map: Some(&map), plot: Some(&plot), ..Targets::default() };
    targets.check(&[])?;
    let speaks = !(args.method.run.json || args.method.run.quiet);
    if speaks {
        say(DEMO)?;
    }
    let scratch = scratch::open(args.method.scratch.as_deref(), args.method.run.quiet)?;
    let run = Run {
        source: "the digits".into(),
        args: &args.method,
        embed: None,
        targets,
        keep_data: false,
        team: None,
        scratch,
    };
    match args.method.float {
        FloatType::F32 => run.start(digits::<f32>),
        FloatType::F64 => run.start(digits::<f64>),
    }?;
    if speaks {
        say(&format!("The picture of the map: {}", std::path::absolute(&plot).unwrap_or(plot.clone()).display()))?;
    }
    Ok(())
}

fn digits<T: Float + FromStr>() -> Result<Data<T>> {
    let options =
        CsvOptions { header: HeaderLine::No, label_columns: vec![LABEL_COLUMN.into()], ..CsvOptions::default() };
    Ok(Loaded::from(PointTable::from_csv(BufReader::new(GzDecoder::new(DIGITS)), &options)?).into())
}

impl Run<'_> {
    /// Reads, and embeds in the dimension asked for.
    fn start<T: Float + FromStr>(self, read: impl FnOnce() -> Result<Data<T>>) -> Result<()> {
        let started = Instant::now();
        let film = self.embed.and_then(film);
        let data = read()?;
        match self.args.components {
            1 => self.embed::<T, 1>(data, film, started),
            2 => self.embed::<T, 2>(data, film, started),
            _ => self.embed::<T, 3>(data, film, started),
        }
    }

    fn embed<T: Float + FromStr, const D: usize>(
        &self,
        data: Data<T>,
        mut film: Option<Film>,
        started: Instant,
    ) -> Result<()> {
        let (args, run) = (self.args, &self.args.run);
        let Data { points, annotations, input, resolved, preparation, columns } = data;
        let n = points.n();
        let together = team::context(self.team);
        together.agree("input", points.seal())?;
        // Before what takes long.
        self.targets.check_room(&annotations, n)?;
        warn(run.quiet, &input.warnings(n));
        warn(run.quiet, &self.embed.map(|embed| film::warnings(embed, n)).unwrap_or_default());
        let extras =
            Extras { call: Call::of_this_process(points.d(), input, resolved, columns)?, annotations, preparation };
        let metric = args.affinities.metric.clone().unwrap_or_default();
        let data = points.into_input(&metric, together).with_context(|| self.source.clone())?;
        let read = started.elapsed();
        let method = method::method::<T, D>(
            args,
            (n, extras.annotations.ids.as_deref()),
            (self.keep_data, self.targets.wants_neighbors()),
        )?;
        let (bars, interrupt) = (Bars::new(run.quiet), Interrupt::install()?);
        let mut history = History::new(run.report_every.map_or(0, |every| every as usize), !run.quiet, &bars);
        let checkpoint = self.embed.map(|embed| &embed.checkpoint).and_then(|args| {
            let path = args.checkpoint.as_deref()?;
            Some(Checkpoint { path, every: args.interval(), extras: &extras })
        });
        let begin = |observer: &mut (dyn tsne::Observer<T, D> + Send), cx: tsne::Context<'_>| {
            method.fit_with(data, Some(observer), cx).with_context(|| self.source.clone())
        };
        let recorded = film.as_mut().map(|film| (film, method.schedule().iterations()));
        let places = (self.team, self.scratch.as_ref());
        let mut done = descend(begin, &mut history, (&bars, interrupt), checkpoint, recorded, places)?;
        let Some(together) = team::complete(&mut done.embedding, (done.sent, read), &self.targets, self.team)? else {
            return team::serve(&mut done.embedding, (&self.targets, args), self.team);
        };
        Outcome {
            source: &self.source,
            args,
            // Nobody is sent to a file that could not be written.
            targets: &Targets { checkpoint: self.targets.checkpoint.filter(|_| done.saved), ..self.targets },
            extras: &extras,
            history: history.entries,
            film,
            together,
            read,
            started,
        }
        .write(&mut done.embedding, self.team)
    }
}
