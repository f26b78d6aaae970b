//! What `tsne embed` does where several processes compute one map.

use crate::args::EmbedArgs;
use crate::command::targets::{Targets, is_h5ad};
use anyhow::{Result, bail};
use std::path::Path;

/// Checks that nothing is asked for that one process alone can do.
///
/// # Errors
///
/// For an option that needs the affinities of all points in one process, or a map to go on with.
pub(crate) fn check(args: &EmbedArgs) -> Result<()> {
    let has_neighbors = Targets { map: args.output.as_deref(), ..Targets::default() }.wants_neighbors();
    let asked = [
        (args.input.is_none(), "--continue-from"),
        (args.input.as_deref().is_some_and(|input| input == Path::new("-")), "standard input"),
        (args.write_back, "--write-back"),
        (args.output.as_deref().is_some_and(is_h5ad), "a map in an .h5ad file"),
        (has_neighbors, "a map with the neighbors of its points (.parquet, .arrow)"),
        (args.save.is_some(), "--save"),
        (args.checkpoint.checkpoint.is_some(), "--checkpoint"),
        (args.html.is_some(), "--html"),
        (args.frames.is_some(), "--frames"),
        (args.method.exact_kl, "--exact-kl"),
        (args.method.force_error, "--force-error"),
    ];
    match asked.into_iter().find(|(is_asked, _)| *is_asked) {
        None => Ok(()),
        Some((_, name)) => {
            bail!("{name} is for one process: each of several has a part of what it needs. Ask for --output or --plot")
        }
    }
}

/// What a member is asked for: all but the first are silent and write nothing.
pub(crate) fn of_member(args: &EmbedArgs, rank: usize) -> EmbedArgs {
    let mut own = args.clone();
    if rank > 0 {
        own.method.run.quiet = true;
        own.method.run.json = false;
    }
    own
}
