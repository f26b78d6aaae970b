//! `cargo xtask mpi`: maps that several processes compute over MPI, compared byte for byte with those of one.
//!
//! `crates/tsne-mpi` is a workspace of its own, so that no other step needs an MPI. It is compiled into the same build directory and by
//! the same profile as everything else.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::debian;
use crate::outcome::Outcome;
use crate::workspace::Workspace;

/// The package.
const MANIFEST: &str = "crates/tsne-mpi/Cargo.toml";

/// What it needs, and the Debian packages that have it: the second of a pair says what is missing without it.
const PACKAGES: [(&str, &str); 3] = [("mpich", "mpiexec"), ("libmpich-dev", "mpicc"), ("libclang-dev", "libclang")];

/// What the command is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Optimize the programs as those that are used; the default is the profile of the tests.
    #[arg(long)]
    release: bool,
}

/// Runs `cargo xtask mpi`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let shell = Shell::new()?;
    find(&shell)?;
    Programs::build(&shell, options.release)?.prove(&shell)
}

/// The step of `cargo xtask ci`: like the command, but where there is no MPI, and none can be installed, it says so and passes.
pub(crate) fn check(shell: &Shell) -> Result<Outcome> {
    if let Err(error) = find(shell).and_then(|()| starts(shell)) {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    let target = Workspace::load(shell)?.target_directory;
    cmd!(shell, "cargo fmt --manifest-path {MANIFEST} --check").run()?;
    cmd!(
        shell,
        "cargo clippy --manifest-path {MANIFEST} --features columnar --target-dir {target} --locked -- -D warnings"
    )
    .run()
    .with_context(|| {
        format!("where the lock file is not up to date, `cargo metadata --manifest-path {MANIFEST}` makes it so")
    })?;
    Programs::build(shell, false)?.prove(shell).map(|()| Outcome::Passed)
}

/// Looks for an MPI, and installs what is missing.
fn find(shell: &Shell) -> Result<()> {
    let has = |program: &str| cmd!(shell, "which {program}").quiet().ignore_stdout().ignore_stderr().run().is_ok();
    for (package, what) in PACKAGES {
        let is_there = if what == "libclang" { has_libclang() } else { has(what) };
        if !is_there {
            println!("xtask: {what} is missing: the Debian package {package} is installed");
            debian::install(shell, package, what)?;
        }
    }
    Ok(())
}

/// Whether processes can be started at all: on a machine that cannot look up its own name, say, they cannot.
fn starts(shell: &Shell) -> Result<()> {
    let started = cmd!(shell, "mpiexec -n 2 true").quiet().ignore_stdout().ignore_stderr().run();
    started.context("`mpiexec -n 2 true` does not run here: MPI itself does not work on this machine")
}

/// Whether there is a libclang where the generator of the bindings looks for one.
fn has_libclang() -> bool {
    let named = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("libclang") && !name.starts_with("libclang-cpp")
        })
    };
    let versions = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions =
        versions.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("llvm")));
    std::env::var_os("LIBCLANG_PATH").is_some() || versions.any(|path| named(&path.join("lib")))
}

/// Sends a signal, by the shell, which has a command for it everywhere.
fn signal(name: &str, pid: u32) -> Result<()> {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status()?;
    ensure!(sent.success(), "process {pid} cannot be sent {name}");
    Ok(())
}

/// Waits for the end of a job, which is to come within a minute.
fn ends(job: &mut Child) -> Result<(ExitStatus, Duration)> {
    let clock = Instant::now();
    loop {
        if let Some(status) = job.try_wait()? {
            return Ok((status, clock.elapsed()));
        }
        if clock.elapsed() > Duration::from_secs(60) {
            job.kill()?;
            bail!("a job that was to end went on for a minute");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The programs, and where their files are.
struct Programs {
    one: PathBuf,
    many: PathBuf,
    directory: PathBuf,
}

/// A map: its data, by points and columns, and the flags.
struct Case {
    name: &'static str,
    shape: (usize, usize),
    flags: &'static [&'static str],
}

/// Of every preset, repulsion and number type; with a coarse start and a search in clusters, of which each process has its rows only, with odd numbers of points, and with fewer
/// blocks of points than processes. Short descents: each iteration does what all do.
const CASES: [Case; 7] = [
    Case {
        name: "defaults",
        shape: (10_301, 8),
        flags: &["--perplexity", "8", "--early-exaggeration-iter", "5", "--n-iter", "35"],
    },
    Case { name: "tree", shape: (2_500, 8), flags: &["--negative-gradient-method", "bh", "--n-iter", "30"] },
    Case { name: "exact", shape: (1_025, 8), flags: &["--negative-gradient-method", "exact", "--n-iter", "30"] },
    Case {
        name: "openTSNE in f64",
        shape: (2_500, 8),
        flags: &["--preset", "opentsne", "--float", "f64", "--negative-gradient-method", "fft", "--n-iter", "30"],
    },
    Case { name: "exaggerated", shape: (2_049, 8), flags: &["--preset", "exaggerated", "--n-iter", "30"] },
    Case {
        name: "documented",
        shape: (1_500, 8),
        flags: &["--preset", "documented", "--components", "1", "--n-iter", "30"],
    },
    Case { name: "few points", shape: (61, 4), flags: &["--perplexity", "10"] },
];

/// Processes and threads of each.
const TEAMS: [(usize, usize); 6] = [(1, 2), (2, 1), (2, 3), (3, 2), (4, 1), (7, 1)];

impl Programs {
    fn build(shell: &Shell, release: bool) -> Result<Self> {
        let target = PathBuf::from(Workspace::load(shell)?.target_directory);
        let profile = if release { "release" } else { "dev" };
        // With the features of the tests, so that nothing is compiled twice.
        cmd!(shell, "cargo build --quiet --profile {profile} --workspace --all-features --bin tsne").run()?;
        cmd!(
            shell,
            "cargo build --quiet --locked --profile {profile} --manifest-path {MANIFEST} --features columnar --target-dir {target}"
        )
        .run()?;
        let built = target.join(if release { "release" } else { "debug" });
        let directory = target.join("mpi");
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(Self { one: built.join("tsne"), many: built.join("tsne-mpi"), directory })
    }

    fn prove(&self, shell: &Shell) -> Result<()> {
        // What takes seconds first.
        self.what_fails_is_said(shell)?;
        self.each_reads_its_rows(shell)?;
        self.all_that_is_written(shell)?;
        self.a_checkpoint_is_resumed_by_others(shell)?;
        self.a_killed_process_ends_the_job()?;
        self.a_job_is_asked_to_end()?;
        CASES.iter().try_for_each(|case| self.same_bytes(shell, case))
    }

    /// Writes the points of a case.
    fn data(&self, (n, d): (usize, usize), name: &str) -> Result<PathBuf> {
        let path = self.directory.join(format!("{name}.npy"));
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, {d}), }}");
        let header = format!("{header:<117}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        let mut state = 1u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 24) as f32
        };
        for i in 0..n {
            for c in 0..d {
                // Ten groups.
                let center = ((i % 10 * 7 + c * 3) % 11) as f32;
                bytes.extend((center + uniform() + uniform()).to_le_bytes());
            }
        }
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn same_bytes(&self, shell: &Shell, case: &Case) -> Result<()> {
        let (data, flags) = (self.data(case.shape, "data")?, case.flags);
        let (alone, together) = (self.directory.join("one.npy"), self.directory.join("many.npy"));
        let (one, many) = (&self.one, &self.many);
        cmd!(shell, "{one} embed {data} --output {alone} --quiet {flags...}").quiet().run()?;
        let expected = fs::read(&alone)?;
        for (processes, threads) in TEAMS {
            let (processes, threads) = (processes.to_string(), threads.to_string());
            let clock = Instant::now();
            cmd!(
                shell,
                "mpiexec -n {processes} {many} embed {data} --output {together} --threads {threads} {flags...}"
            )
            // Not quietly: what the first process shows, by its clock, it has the others compute.
            .quiet()
            .ignore_stdout()
            .run()
            .with_context(|| format!("{}: {processes} processes", case.name))?;
            let same = fs::read(&together)? == expected;
            ensure!(same, "{}: the map of {processes} processes with {threads} threads is not that of one", case.name);
            println!(
                "{}: {processes} processes with {threads} threads: the bytes of one, {:.1} s",
                case.name,
                clock.elapsed().as_secs_f64()
            );
            fs::remove_file(&together)?;
        }
        Ok(())
    }

    /// The files that need the affinities, the neighbors or the state of all points.
    fn all_that_is_written(&self, shell: &Shell) -> Result<()> {
        const WRITTEN: [&str; 4] = ["map.csv", "page.html", "film.html", "picture.svg"];
        let (data, one, many) = (self.data((2_500, 8), "data")?, &self.one, &self.many);
        let directory = |name: &str| -> Result<PathBuf> {
            let directory = self.directory.join(name);
            fs::create_dir_all(&directory)?;
            Ok(directory)
        };
        let (alone, together) = (directory("one")?, directory("many")?);
        let call = |at: &Path| -> Vec<String> {
            let file = |name: &str| at.join(name).display().to_string();
            let [map, page, film, picture] = WRITTEN.map(file);
            let (data, model) = (data.display().to_string(), file("model.tsne"));
            let flags = ["embed", &data, "-o", &map, "--html", &page, "--frames", &film, "--plot", &picture];
            let more = ["--save", &model, "--n-iter", "30", "--exact-kl", "--force-error", "--json"];
            flags.iter().chain(&more).map(|flag| (*flag).to_owned()).collect()
        };
        let (by_one, by_many) = (call(&alone), call(&together));
        cmd!(shell, "{one} {by_one...}").quiet().ignore_stdout().run()?;
        let report = cmd!(shell, "mpiexec -n 3 {many} {by_many...} --threads 1").quiet().read()?;
        let tells = |rank: usize| report.contains(&format!("{{\"rank\":{rank},\"seconds\":"));
        ensure!(report.lines().count() == 1 && (0..3).all(tells), "the report does not tell of 3 processes: {report}");
        for name in WRITTEN {
            ensure!(fs::read(alone.join(name))? == fs::read(together.join(name))?, "{name} is not that of one process");
        }
        // The models tell their calls apart; what goes on from them is the same.
        let mut maps = Vec::new();
        for (model, further) in [(&alone, "a.npy"), (&together, "b.npy"), (&alone, "c.npy")] {
            let (model, further) = (model.join("model.tsne"), self.directory.join(further));
            let flags = ["--n-iter", "10", "--quiet", "-o"];
            if maps.len() < 2 {
                cmd!(shell, "{one} embed --continue {model} {flags...} {further}").quiet().run()?;
            } else {
                cmd!(shell, "mpiexec -n 2 {many} embed --continue {model} {flags...} {further} --threads 1")
                    .quiet()
                    .run()?;
            }
            maps.push(fs::read(&further)?);
        }
        ensure!(maps.iter().all(|map| *map == maps[0]), "what goes on from a saved map of 3 processes differs");
        println!("pages, pictures, neighbors, saved maps of 3 processes: those of one");
        Ok(())
    }

    /// A job is killed, and its run goes on with fewer processes, and in one.
    fn a_checkpoint_is_resumed_by_others(&self, shell: &Shell) -> Result<()> {
        let (data, one, many) = (self.data((2_500, 8), "data")?, &self.one, &self.many);
        let file = |name: &str| self.directory.join(name);
        let (whole, checkpoint, copy) = (file("whole.npy"), file("run.tsne"), file("copy.tsne"));
        let flags = ["--n-iter", "1500", "--quiet"];
        cmd!(shell, "{one} embed {data} -o {whole} {flags...}").quiet().run()?;
        _ = fs::remove_file(&checkpoint);
        let mut job = Command::new("mpiexec");
        job.args(["-n", "3"]).arg(many).arg("embed").arg(&data).arg("-o").arg(file("never.npy"));
        job.args(flags).args(["--threads", "1", "--checkpoint-every", "0.2", "--checkpoint"]).arg(&checkpoint);
        let mut job = job.spawn().context("mpiexec cannot be started")?;
        let clock = Instant::now();
        while !checkpoint.exists() {
            ensure!(job.try_wait()?.is_none(), "a job ended without a checkpoint");
            ensure!(clock.elapsed() < Duration::from_secs(120), "there was no checkpoint after two minutes");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(200));
        self.kill_one(&mut job)?;
        ensure!(!file("never.npy").exists(), "a job that was killed has written its map");
        fs::copy(&checkpoint, &copy)?;
        let (by_many, by_one) = (file("resumed.npy"), file("resumed-by-one.npy"));
        cmd!(shell, "mpiexec -n 2 {many} resume {checkpoint} -o {by_many} --quiet --threads 1").quiet().run()?;
        cmd!(shell, "{one} resume {copy} -o {by_one} --quiet").quiet().run()?;
        let expected = fs::read(&whole)?;
        ensure!(fs::read(&by_many)? == expected, "what 2 processes resume differs");
        ensure!(fs::read(&by_one)? == expected, "what one process resumes of a checkpoint of 3 differs");
        println!("a checkpoint of 3 killed processes: resumed by 2, and by one, to the bytes of a whole run");
        Ok(())
    }

    /// Kills one process of a job, which ends with it.
    fn kill_one(&self, job: &mut Child) -> Result<Duration> {
        // Of a machine that has no more programs than it needs.
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let pid = entry.file_name().to_string_lossy().parse::<u32>();
            let call = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if let Ok(pid) = pid
                && call.split(|byte| *byte == 0).next() == Some(self.many.as_os_str().as_encoded_bytes())
            {
                found.push(pid);
            }
        }
        let newest = found.into_iter().max().context("there was no process to kill")?;
        signal("KILL", newest)?;
        let (status, took) = ends(job)?;
        ensure!(!status.success(), "a job whose process was killed ended as if nothing had happened");
        Ok(took)
    }

    /// The map as it is and the checkpoint are written.
    fn a_job_is_asked_to_end(&self) -> Result<()> {
        let (data, map, checkpoint) =
            (self.data((2_500, 8), "data")?, self.directory.join("ended.npy"), self.directory.join("ended.tsne"));
        _ = fs::remove_file(&map);
        _ = fs::remove_file(&checkpoint);
        let mut job = Command::new("mpiexec");
        job.args(["-n", "2"]).arg(&self.many).arg("embed").arg(&data).arg("-o").arg(&map);
        job.args(["-q", "--preset", "opentsne", "--n-iter", "100000", "--threads", "1", "--checkpoint"])
            .arg(&checkpoint);
        let mut job = job.stderr(Stdio::piped()).spawn().context("mpiexec cannot be started")?;
        let clock = Instant::now();
        while !checkpoint.exists() {
            ensure!(job.try_wait()?.is_none(), "a job ended without a checkpoint");
            ensure!(clock.elapsed() < Duration::from_secs(120), "there was no checkpoint after two minutes");
            std::thread::sleep(Duration::from_millis(20));
        }
        let first = fs::read(&checkpoint)?;
        std::thread::sleep(Duration::from_secs(1));
        signal("TERM", job.id())?;
        let (status, took) = ends(&mut job)?;
        let mut said = String::new();
        job.stderr.take().context("no output")?.read_to_string(&mut said)?;
        ensure!(!status.success(), "mpiexec calls a job that was asked to end a success: {said}");
        ensure!(map.exists(), "a job that was asked to end has written no map: {said}");
        ensure!(fs::read(&checkpoint)? != first, "a job that was asked to end has written no checkpoint: {said}");
        let lines = said.lines().filter(|line| line.contains("iterations to come")).count();
        ensure!(lines == 1, "what is left of a job was said {lines} times: {said}");
        println!("a job that is asked to end: map and checkpoint after {:.1} s", took.as_secs_f64());
        Ok(())
    }

    /// Before anything is computed, once, whole, and nothing is written: by all together, and by one whom the others wait for. Often, as
    /// what is said last is lost where a job ends too soon.
    fn what_fails_is_said(&self, shell: &Shell) -> Result<()> {
        const TIMES: usize = 10;
        let (a, b) = (self.data((500, 4), "a")?, self.data((500, 5), "b")?);
        let (many, map, missing) = (&self.many, self.directory.join("none.npy"), self.directory.join("missing.npy"));
        // Another input, an input that one process lacks, another call.
        let failing = [
            ([&a, &b], "", "input of member 1 differs"),
            ([&a, &missing], "", "missing.npy"),
            ([&a, &a], "--exact-kl", "call of member 1 differs"),
        ];
        for ([first, second], flag, names) in failing {
            for _ in 0..TIMES {
                let (first, second) = (first.display(), second.display());
                let (program, map) = (many.display(), map.display());
                let call = format!(
                    "-n 1 {program} embed {first} -o {map} -q : -n 1 {program} embed {second} -o {map} -q {flag}"
                );
                let output = cmd!(shell, "mpiexec").args(call.split_whitespace()).quiet().ignore_status().output()?;
                let said = String::from_utf8_lossy(&output.stderr);
                ensure!(
                    !output.status.success() && !self.directory.join("none.npy").exists(),
                    "a map was made: {said}"
                );
                let errors: Vec<&str> = said.lines().filter(|line| line.contains("error: ")).collect();
                ensure!(
                    errors.len() == 1 && errors[0].contains(names),
                    "one line should have said `{names}`, and what was said is: {said}"
                );
            }
        }
        println!("another input, none, another call: named once, nothing written, {TIMES} times each");
        // As where the launcher is that of another MPI.
        let output = cmd!(shell, "{many} embed {a} -o {map} -q").env("SLURM_STEP_NUM_TASKS", "3");
        let output = output.quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            !output.status.success() && !map.exists(),
            "one of three that does not see the others made a map: {said}"
        );
        ensure!(said.contains("SLURM_STEP_NUM_TASKS is 3"), "the number of tasks should have been named: {said}");
        println!("one of three that does not see the others: refused");
        Ok(())
    }

    /// Files of which each process reads its part.
    fn each_reads_its_rows(&self, shell: &Shell) -> Result<()> {
        let (rows, n_columns) = (10_301, 8);
        let (data, one, many) = (self.data((rows, n_columns), "rows")?, &self.one, &self.many);
        let file = |name: &str| self.directory.join(name);
        let mut npy = fs::read(&data)?;
        let numbers = npy.split_off(npy.len() - 4 * rows * n_columns);
        fs::write(file("rows.f32"), &numbers)?;
        fs::write(
            file("rows.fbin"),
            [&(rows as u32).to_le_bytes(), &(n_columns as u32).to_le_bytes(), &numbers[..]].concat(),
        )?;
        // A map is a table, too.
        let flags = ["--perplexity", "8", "--early-exaggeration-iter", "5", "--n-iter", "5"];
        let (alone, together) = (file("one.npy"), file("many.npy"));
        for table in ["rows.parquet", "rows.arrow"] {
            let table = file(table);
            cmd!(shell, "{one} embed {data} --output {table} --quiet {flags...}").quiet().run()?;
        }
        for name in ["rows.npy", "rows.f32", "rows.fbin", "rows.parquet", "rows.arrow"] {
            let (input, columns) = (file(name), n_columns.to_string());
            let shape: &[&str] = if name == "rows.f32" { &["--n-columns", &columns] } else { &[] };
            cmd!(shell, "{one} embed {input} {shape...} --output {alone} --quiet {flags...}").quiet().run()?;
            cmd!(shell, "mpiexec -n 3 {many} embed {input} {shape...} --output {together} -q --threads 1 {flags...}")
                .quiet()
                .run()?;
            ensure!(fs::read(&alone)? == fs::read(&together)?, "{name}: the map of 3 processes is not that of one");
        }
        println!(
            "arrays with and without a header, Parquet, Arrow, of which 3 processes read their rows: the bytes of one"
        );
        Ok(())
    }

    /// Without a hang, and what stood there stands there.
    fn a_killed_process_ends_the_job(&self) -> Result<()> {
        // Of a preset that does not end when the divergence no longer falls.
        let (data, map) = (self.data((9_301, 8), "data")?, self.directory.join("kept.npy"));
        fs::write(&map, "what stood there")?;
        let mut job = Command::new("mpiexec");
        job.args(["-n", "2"]).arg(&self.many).arg("embed").arg(&data).arg("-o").arg(&map);
        job.args(["-q", "--preset", "opentsne", "--n-iter", "100000", "--threads", "1"]);
        let mut job = job.spawn().context("mpiexec cannot be started")?;
        std::thread::sleep(Duration::from_secs(5));
        let took = self.kill_one(&mut job)?;
        ensure!(fs::read(&map)? == b"what stood there", "a job whose process was killed has changed the map");
        let rests: Vec<PathBuf> = fs::read_dir(&self.directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let is_rest = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().contains("kept") && **path != map)
        };
        if let Some(rest) = rests.iter().find(is_rest) {
            bail!("a job whose process was killed has left {}", rest.display());
        }
        println!("a killed process: the job ended after {:.1} s, the old map is whole", took.as_secs_f64());
        fs::remove_file(&map)?;
        Ok(())
    }
}
