//! What `tsne embed` and `tsne resume` do where several processes compute one map.

use crate::args::{EmbedArgs, MethodArgs};
use crate::command::targets::Targets;
use anyhow::{Result, bail};
use std::path::Path;
use tsne::core::Team;
use tsne::{Context, Embedding, Float};

/// Checks that nothing is asked for that one process alone can do.
///
/// # Errors
///
/// For points from the standard input, which only one process has.
pub(crate) fn check(args: &EmbedArgs) -> Result<()> {
    if args.input.as_deref() == Some(Path::new("-")) {
        bail!("standard input is that of one process, and each of several reads the points: name a file");
    }
    Ok(())
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

/// Whether this process writes, and speaks.
pub(crate) fn is_first(team: Option<&dyn Team>) -> bool {
    team.is_none_or(|team| team.rank() == 0)
}

/// Makes the map of the first member as whole as what is asked for needs, and returns the number of its affinities, of all points;
/// `None` for the others, who have done their part.
///
/// # Errors
///
/// Those of [`Embedding::complete`].
pub(crate) fn complete<T: Float, const D: usize>(
    embedding: &mut Embedding<T, D>,
    (targets, args): (&Targets<'_>, &MethodArgs),
    team: Option<&dyn Team>,
) -> Result<Option<usize>> {
    let Some(team) = team else { return Ok(Some(embedding.affinities().nnz())) };
    let cx = Context::new().with_team(team);
    let counts = cx.gather_one(embedding.affinities().nnz())?;
    let is_whole = embedding.affinities().n() == embedding.affinities().n_columns();
    // Where there was a checkpoint, and nothing to do since, the first may have all already.
    let entries = if is_whole { embedding.affinities().nnz() } else { counts.into_iter().sum() };
    let shown = targets.page.is_some() || targets.film.is_some();
    if targets.model.is_some() || shown || targets.wants_neighbors() || args.exact_kl {
        embedding.complete(cx)?;
    }
    Ok((team.rank() == 0).then_some(entries))
}
