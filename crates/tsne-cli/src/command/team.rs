//! What `tsne embed` and `tsne resume` do where several processes compute one map.

use crate::args::{Cli, Command, EmbedArgs, MethodArgs};
use crate::command::targets::Targets;
use crate::input::is_stream;
use crate::prepare::Steps;
use crate::report::{MemberReport, MemberSeconds, SentBytes};
use anyhow::{Result, bail};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tsne::core::Team;
use tsne::{Context, Embedding, Float, Timings};

/// Checks that nothing is asked for that one process alone can do.
///
/// # Errors
///
/// For points or labels from the standard input, which only one process has, or from a pipe, which only one can read.
pub(crate) fn check(args: &EmbedArgs) -> Result<()> {
    let mut read = args.input.iter().chain(&args.reading.labels);
    if let Some(path) = read.find(|path| is_stream(path)) {
        bail!(
            "{}: standard input and pipes are those of one process, and each of several reads points and labels: name a file",
            path.display()
        );
    }
    Ok(())
}

/// Makes sure that all processes are asked for the same command, or for help, or that what each is asked for is wrong.
///
/// # Errors
///
/// [`tsne::Error::Team`] that names a process of which something else is wanted.
pub(crate) fn agree_on_command(parsed: &Result<Cli, clap::Error>, team: &dyn Team) -> Result<()> {
    let what = match parsed {
        Ok(Cli { command: Command::Embed(args) }) if args.dry_run => "plan".to_owned(),
        Ok(cli) => format!("{:?}", std::mem::discriminant(&cli.command)),
        Err(error) => error.kind().to_string(),
    };
    Ok(Context::new().with_team(team).agree("command", of_text(&what))?)
}

/// Makes sure that all processes are asked for the same, as far as they have to do it together: each its points, which may be a copy of
/// its own, and as many threads as it has.
///
/// # Errors
///
/// [`tsne::Error::Team`] that names a process that was called otherwise.
pub(crate) fn agree(args: &EmbedArgs, team: &dyn Team) -> Result<()> {
    let mut told = args.clone();
    // Whether there are any, not which.
    for path in [&mut told.input, &mut told.continue_from].into_iter().flatten() {
        path.clear();
    }
    (told.method.memory_limit, told.method.scratch) = (None, None);
    let run = &mut told.method.run;
    (run.threads, run.json, run.quiet) = (None, false, false);
    Ok(Context::new().with_team(team).agree("call", of_text(&format!("{told:?}")))?)
}

/// A number that stands for a text: in one build of this program always the same.
pub(crate) fn of_text(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// What a member is asked for: all but the first are silent and write nothing.
pub(crate) fn of_member(args: &EmbedArgs, team: Option<&dyn Team>) -> EmbedArgs {
    let mut own = args.clone();
    if !is_first(team) {
        own.method.run.quiet = true;
        own.method.run.json = false;
    }
    own
}

/// Which process of how many this is, where each needs the rows of its own points alone: unless the values are prepared, or kept
/// with the map.
pub(crate) fn share(args: &EmbedArgs, team: Option<&dyn Team>) -> Option<(usize, usize)> {
    let team = team.filter(|team| team.size() > 1)?;
    needs_own_rows(args, false).then(|| (team.rank(), team.size()))
}

/// Whether each of several processes needs the rows of its own points alone: as called, or if the data were not kept.
pub(crate) fn needs_own_rows(args: &EmbedArgs, forgets_data: bool) -> bool {
    args.prepare.steps() == Steps::default() && (args.save.is_none() || args.no_keep_data || forgets_data)
}

/// Whether this process writes, and speaks.
pub(crate) fn is_first(team: Option<&dyn Team>) -> bool {
    team.is_none_or(|team| team.rank() == 0)
}

/// What the processes of a map know together.
#[derive(Debug)]
pub(crate) struct Together {
    /// The entries of the joint affinities of all points.
    pub(crate) entries: usize,
    /// What each process took; of one alone nothing.
    pub(crate) members: Vec<MemberReport>,
}

/// The context of a team, and of nothing else.
pub(crate) fn context(team: Option<&dyn Team>) -> Context<'_> {
    team.map_or(Context::new(), |team| Context::new().with_team(team))
}

/// How many processes there are.
pub(crate) fn size(team: Option<&dyn Team>) -> usize {
    team.map_or(1, Team::size)
}

/// Makes the map of the first member as whole as what is asked for needs, and returns what is to be told; `None` for the others, who
/// have done their part.
///
/// # Errors
///
/// Those of [`Embedding::complete`].
pub(crate) fn complete<T: Float, const D: usize>(
    embedding: &mut Embedding<T, D>,
    (sent, read): (SentBytes, Duration),
    targets: &Targets<'_>,
    team: Option<&dyn Team>,
) -> Result<Option<Together>> {
    let p = embedding.affinities();
    let entries = p.nnz();
    let Some(team) = team else { return Ok(Some(Together { entries, members: Vec::new() })) };
    let cx = Context::new().with_team(team);
    let entries = cx.gather_one(entries)?.into_iter().sum();
    if needs_all(targets) {
        embedding.complete(cx)?;
    }
    let members = members(embedding.timings(), read, sent, cx)?;
    Ok((team.rank() == 0).then_some(Together { entries, members }))
}

/// Whether something is asked for that takes the affinities of all points, or their neighbors, in one process.
pub(crate) fn needs_all(targets: &Targets<'_>) -> bool {
    targets.page.is_some() || targets.film.is_some() || targets.wants_neighbors()
}

/// What the other members do while the first writes: they send it the rows of the map that it saves, and then compute their share of the
/// exact divergence.
///
/// # Errors
///
/// [`Error::Team`](tsne::Error::Team), where the first did not come to it.
pub(crate) fn serve<T: Float, const D: usize>(
    embedding: &mut Embedding<T, D>,
    (targets, args): (&Targets<'_>, &MethodArgs),
    team: Option<&dyn Team>,
) -> Result<()> {
    if let Some(path) = targets.model {
        embedding.save_with(path, context(team), |_| Ok::<_, anyhow::Error>(()))??;
    }
    if args.exact_kl && embedding.remaining() == 0 {
        embedding.exact_kl_divergence(context(team))?;
    }
    Ok(())
}

/// What each process took.
fn members(times: &Timings, read: Duration, sent: SentBytes, cx: Context<'_>) -> Result<Vec<MemberReport>> {
    let nanoseconds = [read, times.neighbors, times.affinities, times.initialization, times.optimization]
        .map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let sent = [sent.neighbors, sent.affinities, sent.initialization, sent.optimization];
    // 0 is no size of a process.
    let peak = [crate::memory::peak_bytes().unwrap_or(0)];
    let all = cx.concat([&nanoseconds[..], &sent, &peak].concat())?;
    let member = |(rank, values): (usize, &[u64; 10])| {
        let [r, n, a, i, o, sent @ .., peak] = values;
        let [read, neighbors, affinities, initialization, optimization] =
            [r, n, a, i, o].map(|time| *time as f64 * 1e-9);
        let seconds = MemberSeconds { read, neighbors, affinities, initialization, optimization };
        let [neighbors, affinities, initialization, optimization] = *sent;
        let sent_bytes = SentBytes { neighbors, affinities, initialization, optimization };
        MemberReport { rank, seconds, sent_bytes, peak_memory_bytes: Some(*peak).filter(|peak| *peak > 0) }
    };
    Ok(all.as_chunks().0.iter().enumerate().map(member).collect())
}
