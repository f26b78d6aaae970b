//! Runs one process and watches it: its time, its memory, its last word.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

/// How often it is looked whether the process has ended: below what is reported.
const LOOK: Duration = Duration::from_millis(10);

/// How often its memory is looked at: seldom enough to cost the process nothing, often enough for what lasts. The
/// largest size of each single process is kept by the system anyway.
const LOOK_AT_MEMORY: Duration = Duration::from_millis(100);

/// What was seen of a process.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The JSON object on the last line that is one.
    pub(super) json: Option<Value>,
    /// All lines, with the seconds at which they came, at most those of the end.
    pub(super) lines: Vec<(f64, String)>,
    /// From its start to its end.
    pub(super) seconds: f64,
    /// The largest resident memory of the process with all it started, in bytes, where the system tells.
    pub(super) peak_bytes: Option<u64>,
    /// Why it failed, if it did.
    pub(super) failure: Option<String>,
}

/// Runs a command for at most `limit`.
pub(super) fn run(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let name = command.get_program().display().to_string();
    let start = Instant::now();
    // A group of its own, so that all it starts can be ended with it.
    own_group(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let readers = [
        child.stdout.take().map(|stream| follow(stream, start, Arc::clone(&lines))),
        child.stderr.take().map(|stream| follow(stream, start, Arc::clone(&lines))),
    ];
    let mut memory = Memory::default();
    let mut looked: Option<Instant> = None;
    let status = loop {
        if looked.is_none_or(|at| at.elapsed() >= LOOK_AT_MEMORY) {
            memory.look(child.id());
            looked = Some(Instant::now());
        }
        if let Some(status) = child.try_wait().with_context(|| format!("cannot wait for {name}"))? {
            break Some(status);
        }
        if start.elapsed() >= limit {
            end_group(&mut child);
            child.wait().with_context(|| format!("cannot end {name}"))?;
            break None;
        }
        thread::sleep(LOOK);
    };
    let seconds = start.elapsed().as_secs_f64();
    for reader in readers.into_iter().flatten() {
        _ = reader.join();
    }
    let mut lines = lines.lock().map(|mut lines| std::mem::take(&mut *lines)).unwrap_or_default();
    // What the pipe still held is read after the end: it counts as of the end.
    lines.iter_mut().for_each(|(at, _)| *at = at.min(seconds));
    let json = lines.iter().rev().find_map(|(_, line)| object(line));
    let failure = match status {
        None => Some(format!("ended after the limit of {:.0} s", limit.as_secs_f64())),
        Some(status) if !status.success() => Some(reason(&lines).unwrap_or_else(|| status.to_string())),
        Some(_) if json.is_none() => Some("printed no JSON object".to_owned()),
        Some(_) => None,
    };
    Ok(Outcome { json, lines, seconds, peak_bytes: memory.peak(), failure })
}

/// Makes the process the leader of a group, where the system has such.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Ends the group, by the number of its leader, which was started here and has not yet been waited for.
#[cfg(unix)]
fn end_group(child: &mut Child) {
    _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status();
}

#[cfg(not(unix))]
fn end_group(child: &mut Child) {
    _ = child.kill();
}

type Lines = Arc<Mutex<Vec<(f64, String)>>>;

/// Collects the lines of a stream as they come.
fn follow(stream: impl Read + Send + 'static, start: Instant, lines: Lines) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(std::io::Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Ok(mut lines) = lines.lock() {
                lines.push((start.elapsed().as_secs_f64(), line));
            }
        }
    })
}

fn object(line: &str) -> Option<Value> {
    serde_json::from_str(line).ok().filter(Value::is_object)
}

/// The last line that says something: the message of an exception stands there.
fn reason(lines: &[(f64, String)]) -> Option<String> {
    lines.iter().rev().map(|(_, line)| line.trim()).find(|line| !line.is_empty()).map(str::to_owned)
}

/// The resident memory of a tree of processes.
#[derive(Debug, Default)]
struct Memory {
    /// The largest sum that was seen.
    sum: u64,
    /// The largest size of each process, as the system keeps it.
    single: BTreeMap<u32, u64>,
}

impl Memory {
    fn look(&mut self, root: u32) {
        let mut sum = 0;
        let mut open = vec![root];
        while let Some(process) = open.pop() {
            let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { continue };
            sum += bytes(&status, "VmRSS:").unwrap_or(0);
            if let Some(peak) = bytes(&status, "VmHWM:") {
                self.single.insert(process, peak);
            }
            open.extend(children(process));
        }
        self.sum = self.sum.max(sum);
    }

    fn peak(&self) -> Option<u64> {
        self.single.values().copied().chain([self.sum]).max().filter(|&peak| peak > 0)
    }
}

/// A size in the text of `/proc/PID/status`.
fn bytes(status: &str, field: &str) -> Option<u64> {
    let kilobytes = status.lines().find_map(|line| line.strip_prefix(field))?;
    kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| 1024 * kilobytes)
}

/// The processes that any thread of a process started.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let of = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).ok();
    let texts = threads.filter_map(|thread| thread.ok().and_then(of));
    texts.flat_map(|text| text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).collect()
}

#[cfg(test)]
// Their scripts are for a shell.
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Outcome {
        run(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_last_object_is_the_answer_and_lines_are_kept() {
        let outcome = shell("echo epoch 1; echo '{\"a\": 1}'; echo '{\"a\": 2}'; echo done", LONG);
        assert_eq!(outcome.failure, None);
        assert_eq!(outcome.json.unwrap()["a"], 2);
        assert!(outcome.lines.iter().any(|(at, line)| line == "epoch 1" && *at <= outcome.seconds));
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let failure = |script| shell(script, LONG).failure.unwrap();
        assert_eq!(failure("echo why >&2; exit 3"), "why");
        assert!(failure("exit 3").contains('3'));
        assert!(failure("echo text").contains("no JSON"));
    }

    #[test]
    fn the_limit_ends_what_was_started() {
        // The inner shell holds the pipe: the readers end only if it ends, too.
        let outcome = shell("sh -c 'sleep 1000'; echo '{}'", Duration::from_millis(50));
        assert!(outcome.failure.unwrap().contains("limit"));
    }

    #[test]
    fn sizes_are_read() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t     12 kB\n";
        assert_eq!((bytes(status, "VmHWM:"), bytes(status, "VmRSS:")), (Some(2 << 20), Some(12 << 10)));
        assert_eq!(bytes(status, "VmPeak:"), None);
    }
}
