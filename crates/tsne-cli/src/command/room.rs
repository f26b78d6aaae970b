//! Whether each of the processes of a map has the memory that is planned for it.

use crate::args::EmbedArgs;
use crate::command::plan::{self, Members};
use crate::command::team;
use anyhow::{Result, bail};
use std::path::Path;
use tsne::Context;
use tsne::core::Team;

/// A number that tells this machine, since it was started, from others; 0 where there is none.
fn machine() -> u64 {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or(0, |boot| team::of_text(&boot))
}

/// What to say where one of the processes has not the memory that is planned for it.
///
/// # Errors
///
/// Those of [`plan::check`].
pub(crate) fn doubt(args: &EmbedArgs, input: &Path, team: &dyn Team) -> Result<Option<String>> {
    let cx = Context::new().with_team(team);
    let machine = machine();
    let here = cx.gather_one(machine)?.into_iter().filter(|other| *other == machine).count();
    let members = Members { count: team.size(), here, is_first: team.rank() == 0 };
    let checked = plan::check(args, input, members);
    // What the first says that has something to say, to all of them.
    let of_first = |own: Option<String>| -> Result<Option<(usize, usize, String)>> {
        let has = cx.gather_one(u8::from(own.is_some()))?;
        let Some(first) = has.iter().position(|has| *has == 1) else { return Ok(None) };
        let said = cx.concat(own.filter(|_| first == team.rank()).unwrap_or_default().into_bytes())?;
        Ok(Some((first, has.iter().filter(|has| **has == 1).count(), String::from_utf8_lossy(&said).into_owned())))
    };
    if let Some((_, _, error)) = of_first(checked.as_ref().err().map(|error| format!("{error:#}")))? {
        bail!("{error}");
    }
    let Some((first, count, said)) = of_first(checked?)? else { return Ok(None) };
    Ok(Some(format!(
        "{count} of {} processes have too little memory, the first of them is process {first}: {said}",
        team.size()
    )))
}
