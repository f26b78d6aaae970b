//! What systems do to runs: full disks, places that cannot be written or read, readers that go away, files that change under the
//! reader, and clocks that jump.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::chance::Chance;
use super::place::{self, Files, PLACE};
use super::process::{Tool, start_command};
use super::scenario::{End, Found, SCENARIOS};

/// How often the disk is full, and a file changes while it is read, at another size or moment each time.
const SIZES: usize = 16;

/// What all of this file needs.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    pub(super) shell: &'a Shell,
    pub(super) tool: &'a Tool,
    pub(super) data: &'a Files,
    pub(super) home: &'a Path,
}

/// A fault of the system: what it is called, and what tries it. Returns what was done, or what is missing for it.
type Fault = (&'static str, fn(&Trial<'_>, &mut Chance) -> Result<Tried>);

enum Tried {
    Done(String),
    Skipped(String),
}

const FAULTS: [Fault; 8] = [
    ("full disk", full_disk),
    ("limit of file sizes", file_limit),
    ("read-only places", read_only),
    ("directories for files", directories),
    ("readers that go away", broken_pipes),
    ("unreadable inputs", unreadable),
    ("inputs that change", changing),
    ("clocks that jump", clocks),
];

/// Tries all of them.
pub(super) fn run(trial: &Trial<'_>, chance: &mut Chance) -> Result<()> {
    for (name, fault) in FAULTS {
        match fault(trial, chance).with_context(|| name.to_owned())? {
            Tried::Done(what) => println!("{name:<24}{what}"),
            Tried::Skipped(why) => println!("{name:<24}SKIPPED: {why}"),
        }
    }
    Ok(())
}

fn is_root(shell: &Shell) -> bool {
    cmd!(shell, "id -u").quiet().ignore_stderr().read().is_ok_and(|id| id == "0")
}

/// A file system in memory, which is unmounted in the end.
struct Mounted<'a>(&'a Shell, PathBuf);

impl<'a> Mounted<'a> {
    fn new(shell: &'a Shell, home: &Path, options: &str) -> Result<Self> {
        let path = place::empty(home, PLACE)?;
        cmd!(shell, "mount -t tmpfs -o {options} tsne-faults {path}").quiet().ignore_stderr().run()?;
        Ok(Self(shell, path))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let path = &self.1;
        _ = cmd!(self.0, "umount {path}").quiet().run();
    }
}

/// All scenarios on disks that are full sooner or later.
fn full_disk(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { shell, tool, data, home } = *trial;
    if !is_root(shell) {
        return Ok(Tried::Skipped("only root may mount a small file system".to_owned()));
    }
    if let Err(error) = Mounted::new(shell, home, "size=64k") {
        return Ok(Tried::Skipped(format!("no file system can be mounted here: {error:#}")));
    }
    let (mut refused, mut passed) = (0, 0);
    for scenario in &SCENARIOS {
        let ready = scenario.ready(tool, data, home)?;
        let pages = |files: &Files| files.values().map(|bytes| bytes.len().div_ceil(4096)).sum::<usize>();
        let (least, needed) = (pages(&ready.before) + 8, pages(&ready.after) + 8);
        for i in 0..SIZES {
            let size = 4 * (least + i * needed / (SIZES - 2));
            let disk = Mounted::new(shell, home, &format!("size={size}k"))?;
            let told = || format!("scenario {:?} on a disk of {size} KiB", scenario.name);
            place::put(&ready.before, &disk.1).with_context(told)?;
            let ended = tool.run(&disk.1, scenario.arguments).with_context(told)?;
            ended.ensure_orderly().with_context(told)?;
            let full = ["No space left", "os error 28"].iter().any(|word| ended.stderr.contains(word));
            ensure!(ended.code == Some(0) || full, "{}: {}", told(), ended.describe());
            ready.check(&disk.1, End::Own).with_context(|| format!("{}: {}", told(), ended.describe()))?;
            if ended.code == Some(0) { passed += 1 } else { refused += 1 }
        }
        // The last two disks have room for all.
    }
    ensure!(refused > 0 && passed > 0, "the sizes of the disks are not between too small and large enough");
    Ok(Tried::Done(format!("{refused} runs were refused in order, {passed} had room")))
}

/// All scenarios where no file may be longer than so much.
fn file_limit(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { tool, data, home, .. } = *trial;
    if cfg!(not(unix)) {
        return Ok(Tried::Skipped("no such limits here".to_owned()));
    }
    let (mut refused, mut passed) = (0, 0);
    for scenario in &SCENARIOS {
        let ready = scenario.ready(tool, data, home)?;
        let longest = ready.after.values().map(Vec::len).max().unwrap_or(0);
        for i in 0..SIZES {
            // In blocks of 512 bytes; the last ones have room for all.
            let blocks = i * longest / 512 / (SIZES - 4);
            let directory = place::empty(home, PLACE)?;
            place::put(&ready.before, &directory)?;
            let script =
                format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {}", tool.program.display(), scenario.arguments);
            let mut shell = Command::new("sh");
            shell.args(["-c", &script]).current_dir(&directory).stdin(Stdio::null());
            let ended = start_command(shell, scenario.arguments)?.end()?;
            let told =
                || format!("scenario {:?}, files of at most {blocks} blocks: {}", scenario.name, ended.describe());
            ended.ensure_orderly().with_context(told)?;
            ready.check(&directory, End::Own).with_context(told)?;
            if ended.code == Some(0) {
                passed += 1
            } else {
                refused += 1
            }
            ready.finish(&directory).with_context(told)?;
        }
    }
    ensure!(refused > 0 && passed > 0, "no limit was ever met, or none was not");
    Ok(Tried::Done(format!("{refused} runs were refused in order, {passed} had room")))
}

/// A run without room for a map is refused before its work: the input that does not exist is not missed.
fn refused_before(tool: &Tool, directory: &Path, outputs: &str) -> Result<()> {
    let ended = tool.run(directory, &format!("embed missing.csv {outputs} -q"))?;
    ensure!(ended.code == Some(1) && !ended.stderr.contains("missing.csv"), "{}", ended.describe());
    Ok(())
}

const OUTPUTS: [&str; 6] = [
    "-o y.npy",
    "-o y.csv",
    "-o z.npy --save m.tsne",
    "-o z.npy --plot y.svg",
    "-o z.npy --html y.html",
    "-o z.npy --checkpoint c.tsne",
];

fn read_only(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { shell, tool, data, home } = *trial;
    let ready = SCENARIOS[0].ready(tool, data, home)?;
    let (directory, mounted) = if is_root(shell) {
        match Mounted::new(shell, home, "size=4m") {
            Ok(disk) => {
                place::put(&ready.before, &disk.1)?;
                let path = disk.1.clone();
                cmd!(shell, "mount -o remount,ro {path}").quiet().run()?;
                (path, Some(disk))
            }
            Err(error) => return Ok(Tried::Skipped(format!("no file system can be mounted here: {error:#}"))),
        }
    } else {
        let directory = place::empty(home, PLACE)?;
        place::put(&ready.before, &directory)?;
        set_mode(&directory, 0o555)?;
        (directory, None)
    };
    let outcome = OUTPUTS.iter().try_for_each(|outputs| refused_before(tool, &directory, outputs));
    let checked = ready.check(&directory, End::Own);
    set_mode(&directory, 0o755).ok();
    drop(mounted);
    outcome?;
    checked?;
    // Files that may not be written, in a place that may.
    let directory = place::empty(home, PLACE)?;
    place::put(&ready.before, &directory)?;
    for name in ["y.npy", "m.tsne", "y.svg", "y.html"] {
        set_mode(&directory.join(name), 0o444)?;
    }
    for outputs in ["-o y.npy", "--save m.tsne", "--plot y.svg", "--html y.html"] {
        refused_before(tool, &directory, outputs)?;
    }
    ready.check(&directory, End::Own)?;
    Ok(Tried::Done(format!("{} outputs refused before the work", OUTPUTS.len() + 4)))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> Result<()> {
    anyhow::bail!("there are no modes here")
}

/// A directory where a file should come: before the run, or while it is on its way.
fn directories(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { tool, data, home, .. } = *trial;
    let ready = SCENARIOS[0].ready(tool, data, home)?;
    for (name, output) in
        [("d.npy", "-o"), ("d.tsne", "--save"), ("d.svg", "--plot"), ("d.html", "--html"), ("d.tsne", "--checkpoint")]
    {
        let directory = place::empty(home, PLACE)?;
        fs::create_dir(directory.join(name))?;
        let outputs =
            if output == "--checkpoint" { format!("-o y.npy {output} {name}") } else { format!("{output} {name}") };
        refused_before(tool, &directory, &outputs)?;
        // It comes when the run has looked already.
        let directory = place::empty(home, PLACE)?;
        place::put(&ready.before, &directory)?;
        fs::remove_file(directory.join("y.npy"))?;
        let arguments = format!("embed x.csv --perplexity 10 --preset opentsne --n-iter 1000 {outputs} -q");
        let mut running = tool.start(&directory, &arguments)?;
        std::thread::sleep(ready.whole / 4);
        let in_time = !running.has_ended()? && fs::create_dir(directory.join(name)).is_ok();
        let ended = running.end()?;
        ended.ensure_orderly()?;
        let names: Vec<String> = place::files(&directory)?.into_keys().filter(|name| name.starts_with('.')).collect();
        ensure!(names.is_empty(), "litter: {names:?} after {}", ended.describe());
        ensure!(!in_time || output == "--checkpoint" || ended.code == Some(1), "{}", ended.describe());
    }
    Ok(Tried::Done("10 runs".to_owned()))
}

/// Nobody reads what a run prints: its files are whole all the same.
fn broken_pipes(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { tool, data, home, .. } = *trial;
    let directory = place::empty(home, PLACE)?;
    place::put(data, &directory)?;
    // One column that outweighs all others is worth a warning, which is printed before anything is written.
    let wide: String = (0..90).map(|i| format!("{},{},{}\n", i % 5, 1000 * (i % 7), i % 3)).collect();
    fs::write(directory.join("wide.csv"), wide)?;
    let run = "embed wide.csv --perplexity 10 --preset opentsne --n-iter 300 --report-every 10";
    tool.succeed(&directory, &format!("{run} -o known.npy -q"))?;
    let known = fs::read(directory.join("known.npy"))?;
    let mut runs = 0;
    let mut try_with = |what: &str, redirect: &str, arguments: &str, writes: bool| -> Result<()> {
        let output = directory.join("y.npy");
        _ = fs::remove_file(&output);
        let script = format!("{} {run} {arguments} {redirect}", tool.program.display());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&directory).stdin(Stdio::null());
        let ended = start_command(shell, &script)?.end()?;
        let told = || format!("{what}: {}", ended.describe());
        ended.ensure_no_panic().with_context(told)?;
        ensure!(ended.signal.is_none(), "{}", told());
        if writes {
            ensure!(fs::read(&output).is_ok_and(|bytes| bytes == known), "{}: the map was not written", told());
        }
        runs += 1;
        Ok(())
    };
    for (what, redirect) in [
        ("standard output is a full device", ">/dev/full"),
        ("standard error is a full device", "2>/dev/full"),
        ("both are full devices", ">/dev/full 2>&1"),
        ("standard output is closed", ">&-"),
        ("standard error is closed", "2>&-"),
        ("both are closed", ">&- 2>&-"),
        ("nobody reads standard output", "| true"),
        ("nobody reads standard error", "2>&1 >/dev/null | true"),
        ("nobody reads either", "2>&1 | true"),
    ] {
        try_with(what, redirect, "-o y.npy", true)?;
        try_with(what, redirect, "-o y.npy --json", true)?;
        try_with(what, redirect, "-o y.npy --checkpoint c.tsne --checkpoint-every 0", true)?;
        try_with(what, redirect, "-o - --save m.tsne", false)?;
    }
    Ok(Tried::Done(format!("{runs} runs with streams that take nothing")))
}

/// Inputs that are no files, or not whole, or may not be read.
fn unreadable(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { shell, tool, data, home } = *trial;
    let directory = place::empty(home, PLACE)?;
    place::put(data, &directory)?;
    let mut refused = 0;
    let mut check = |arguments: &str| -> Result<()> {
        let ended = tool.run(&directory, arguments)?;
        ended.ensure_orderly()?;
        ensure!(ended.code == Some(1), "{}", ended.describe());
        refused += 1;
        Ok(())
    };
    for name in ["d.csv", "d.npy", "d.npz", "d.mtx", "d.h5ad", "d.parquet", "d.arrow", "d.csv.gz", "d.tsne"] {
        fs::create_dir(directory.join(name))?;
        check(&format!("embed {name} -o y.npy -q"))?;
    }
    check("embed x.csv --labels d.csv -o y.npy -q")?;
    for command in
        ["resume d.tsne -q", "transform d.tsne x.csv -o y.npy -q", "plot d.tsne -o y.svg -q", "plot d.npy -o y.svg -q"]
    {
        check(command)?;
    }
    // A directory of the system, and a memory that is not there: reading gives an error, not an end.
    if Path::new("/proc/self/mem").exists() {
        cmd!(shell, "ln -s /proc/self/mem {directory}/mem.csv").quiet().run()?;
        check("embed mem.csv -o y.npy -q")?;
    }
    if !is_root(shell) {
        set_mode(&directory.join("x.csv"), 0o000)?;
        check("embed x.csv -o y.npy -q")?;
    }
    // A writer that goes away in the middle of a line, and one that never says anything.
    for text in ["1,2,3\\n4,5", ""] {
        let script = format!("printf '{text}' | {} embed - -o y.npy -q", tool.program.display());
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(&directory).stdin(Stdio::null());
        let ended = start_command(command, &script)?.end()?;
        ended.ensure_orderly()?;
        ensure!(ended.code == Some(1), "{}", ended.describe());
        refused += 1;
    }
    ensure!(!directory.join("y.npy").exists(), "a map was written");
    Ok(Tried::Done(format!("{refused} runs were refused in order")))
}

/// Files that grow, are cut, and are written over while they are read.
fn changing(trial: &Trial<'_>, chance: &mut Chance) -> Result<Tried> {
    let Trial { tool, data, home, .. } = *trial;
    let directory = place::empty(home, PLACE)?;
    let (n, d) = (4_000, 12);
    let text: String = (0..n)
        .map(|i| (0..d).map(|c| ((i * 7919 + c * 31) % 1009).to_string()).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(
        format!("{:<117}\n", format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {d}), }}")).into_bytes(),
    );
    npy.extend((0..n * d).flat_map(|i| (((i * 7919) % 1009) as f32).to_le_bytes()));
    let inputs = [("x.csv", text.into_bytes()), ("x.npy", npy), ("x.h5ad", data["x.h5ad"].clone())];
    let (mut passed, mut refused) = (0, 0);
    for (name, bytes) in &inputs {
        let path = directory.join(name);
        let arguments =
            format!("embed {name} --perplexity 3 --early-exaggeration-iter 0 --n-iter 1 --init random -o y.npy -q");
        fs::write(&path, bytes)?;
        let whole = tool.succeed(&directory, &arguments)?;
        for i in 0..SIZES {
            fs::write(&path, bytes)?;
            let mut running = tool.start(&directory, &arguments)?;
            std::thread::sleep(whole.mul_f64(0.5 * chance.unit()));
            match i % 3 {
                0 => {
                    let mut file = OpenOptions::new().append(true).open(&path)?;
                    while !running.has_ended()? {
                        file.write_all(&bytes[..bytes.len() / 3])?;
                        std::thread::sleep(whole / 50);
                    }
                }
                1 => {
                    OpenOptions::new().write(true).open(&path)?.set_len((bytes.len() as f64 * chance.unit()) as u64)?
                }
                _ => fs::write(&path, vec![b'7'; (2.0 * bytes.len() as f64 * chance.unit()) as usize])?,
            }
            let ended = running.end()?;
            ended.ensure_orderly().with_context(|| format!("{name}, change {i}"))?;
            if ended.code == Some(0) { passed += 1 } else { refused += 1 }
        }
    }
    let names: Vec<String> = place::files(&directory)?.into_keys().filter(|name| name.starts_with('.')).collect();
    ensure!(names.is_empty(), "litter: {names:?}");
    Ok(Tried::Done(format!("{passed} runs passed, {refused} were refused in order")))
}

/// Runs whose every look at a clock gives another day, with checkpoints by time.
fn clocks(trial: &Trial<'_>, _: &mut Chance) -> Result<Tried> {
    let Trial { shell, tool, data, home } = *trial;
    if cfg!(not(target_os = "linux")) {
        return Ok(Tried::Skipped("the clocks of this system are not those of a library".to_owned()));
    }
    let (source, library) = (home.join("clock.c"), home.join("clock.so"));
    fs::write(&source, include_str!("clock.c"))?;
    if let Err(error) = cmd!(shell, "cc -shared -fPIC -O1 -o {library} {source} -ldl").quiet().ignore_stderr().run() {
        return Ok(Tried::Skipped(format!("there is no C compiler: {error:#}")));
    }
    let mut runs = 0;
    for scenario in &SCENARIOS {
        let ready = scenario.ready(tool, data, home)?;
        for every in ["", " --checkpoint c.tsne --checkpoint-every 3600"] {
            let directory = place::empty(home, PLACE)?;
            place::put(&ready.before, &directory)?;
            let can = scenario.arguments.starts_with("embed") && !scenario.arguments.contains("--checkpoint");
            if !(every.is_empty() || can) {
                continue;
            }
            // Not quiet: the progress is reckoned by the clock, too.
            let arguments = format!("{}{every}", scenario.arguments.trim_end_matches(" -q"));
            let mut command = tool.command(&directory, &arguments);
            command.env("LD_PRELOAD", &library);
            let ended = start_command(command, &arguments)?.end()?;
            ended.ensure_no_panic()?;
            ensure!(ended.code == Some(0), "{}", ended.describe());
            if !every.is_empty() {
                // That of the run alone, not one that belongs to it.
                _ = fs::remove_file(directory.join("c.tsne"));
            }
            // What saves the call saves another one; the map is the same.
            let found = ready.check(&directory, End::Interrupted).with_context(|| ended.describe())?;
            let is_written = |name: &String| ready.before.get(name) != ready.after.get(name);
            let map =
                found.iter().find(|(name, _)| ["y.npy", "y.csv", "t.npy"].contains(&name.as_str()) && is_written(name));
            ensure!(map.is_none_or(|(_, state)| *state == Found::New), "another map: {found:?}");
            runs += 1;
        }
    }
    Ok(Tried::Done(format!("{runs} runs came to the same bits")))
}
