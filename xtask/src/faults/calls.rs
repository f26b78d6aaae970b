//! Runs that end, or that the system refuses something, at every single call that changes a file: by strace, where there is one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::place::{self, PLACE};
use super::process::{Tool, start_command};
use super::scenario::{End, Found, Ready, SCENARIOS};

/// The calls by which files come to be what they are.
const CHANGES: &str = "write,pwrite64,writev,fsync,fdatasync,ftruncate,fallocate,link,linkat,rename,renameat,renameat2,unlink,\
                       unlinkat,mkdir,sendfile,copy_file_range,fchmod";

/// Those that a full or a broken disk refuses.
const REFUSED: &str = "write,pwrite64,writev,fsync,fdatasync,ftruncate,fallocate,linkat,renameat,renameat2,rename,sendfile,\
                       copy_file_range";

/// What they are refused with: a full disk, a broken one, a quota.
const ERRORS: [&str; 3] = ["ENOSPC", "EIO", "EDQUOT"];

/// Calls of a run at which it is ended: beyond, they are taken evenly.
const MOST: usize = 60;

/// Tries all scenarios; `most` bounds the calls of each.
pub(super) fn run(tool: &Tool, data: &place::Files, home: &Path, most: usize) -> Result<()> {
    if let Err(error) = available() {
        println!("SKIPPED: kills and errors at each call of the system: {error:#}");
        return Ok(());
    }
    for scenario in &SCENARIOS {
        let ready = scenario.ready(tool, data, home).with_context(|| format!("scenario {:?}", scenario.name))?;
        let changes = count(tool, &ready, home, CHANGES)?;
        let (mut killed, mut refused, mut temporary) = (0, 0, 0);
        for number in chosen(changes, most.min(MOST)) {
            let inject = format!("{CHANGES}:signal=SIGKILL:when={number}");
            try_one(tool, &ready, home, &inject, true, &mut temporary)
                .with_context(|| message(scenario.name, home, &inject))?;
            killed += 1;
        }
        let calls = count(tool, &ready, home, REFUSED)?;
        for (turn, number) in chosen(calls, most.min(MOST)).into_iter().enumerate() {
            // One call alone, and all from it on.
            let from = if turn % 2 == 0 { "" } else { "+" };
            let inject = format!("{REFUSED}:error={}:when={number}{from}", ERRORS[turn % ERRORS.len()]);
            try_one(tool, &ready, home, &inject, false, &mut temporary)
                .with_context(|| message(scenario.name, home, &inject))?;
            refused += 1;
        }
        println!(
            "{:<12} ended at {killed} of {changes} calls that change files, {temporary} times with a file by a temporary name; {refused} \
             of {calls} calls refused",
            scenario.name
        );
    }
    Ok(())
}

fn message(scenario: &str, home: &Path, inject: &str) -> String {
    format!("scenario {scenario:?}, strace -e inject={inject}: see {}", home.join(PLACE).display())
}

fn available() -> Result<()> {
    let mut probe = Command::new("strace");
    probe.args(["-f", "-qq", "-e", "trace=none", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let status = probe.status().context("there is no strace")?;
    if !status.success() {
        bail!("strace may not trace here");
    }
    Ok(())
}

fn strace(tool: &Tool, directory: &Path, log: &Path, expressions: &[&str], arguments: &str) -> Command {
    let mut command = Command::new("strace");
    command.current_dir(directory).args(["-f", "-qq", "-o"]).arg(log);
    expressions.iter().for_each(|expression| _ = command.args(["-e", expression]));
    command.arg(&tool.program).args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

/// The most calls of these kinds that a single thread of the run makes: each thread is counted for itself.
fn count(tool: &Tool, ready: &Ready<'_>, home: &Path, calls: &str) -> Result<usize> {
    let directory = place::empty(home, PLACE)?;
    place::put(&ready.before, &directory)?;
    let log = home.join("calls.txt");
    let command = strace(tool, &directory, &log, &[&format!("trace={calls}")], ready.scenario.arguments);
    let ended = start_command(command, ready.scenario.arguments)?.end()?;
    ensure!(ended.code == Some(0), "{}", ended.describe());
    let text = std::fs::read_to_string(&log)?;
    let mut by_thread = std::collections::BTreeMap::<&str, usize>::new();
    for line in text.lines().filter(|line| !line.contains("resumed>") && !line.contains("+++") && !line.contains("---"))
    {
        *by_thread.entry(line.split_whitespace().next().unwrap_or_default()).or_default() += 1;
    }
    Ok(by_thread.into_values().max().unwrap_or(0))
}

/// Numbers from 1 to `all`, at most so many.
fn chosen(all: usize, most: usize) -> Vec<usize> {
    let count = all.min(most);
    (0..count).map(|i| 1 + i * all / count.max(1)).collect()
}

fn try_one(
    tool: &Tool,
    ready: &Ready<'_>,
    home: &Path,
    inject: &str,
    killed: bool,
    temporary: &mut usize,
) -> Result<()> {
    let directory = place::empty(home, PLACE)?;
    place::put(&ready.before, &directory)?;
    let calls = inject.split(':').next().unwrap_or_default();
    let expressions = [format!("trace={calls}"), format!("inject={inject}")];
    let expressions: Vec<&str> = expressions.iter().map(String::as_str).collect();
    let command = strace(tool, &directory, &home.join("calls.txt"), &expressions, ready.scenario.arguments);
    let ended = start_command(command, ready.scenario.arguments)?.end()?;
    if killed {
        ended.ensure_no_panic()?;
    } else {
        ended.ensure_orderly()?;
    }
    let end = if killed { End::Killed } else { End::Own };
    let found = ready.check(&directory, end).with_context(|| ended.describe())?;
    *temporary += found.iter().filter(|(_, state)| *state == Found::Temporary).count();
    ready.finish(&directory).context("what was ended is done once more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_all_taken_or_evenly() {
        assert_eq!(chosen(3, 60), [1, 2, 3]);
        assert_eq!(chosen(10, 5), [1, 3, 5, 7, 9]);
        assert!(chosen(0, 5).is_empty());
    }
}
