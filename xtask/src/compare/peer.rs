//! Who is compared, and the command line of each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use clap::ValueEnum;

/// The same for all peers of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settings {
    pub(super) threads: usize,
    /// Iterations with exaggeration.
    pub(super) early: usize,
    /// Iterations without.
    pub(super) late: usize,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Task {
    /// A map of all points.
    Embed,
    /// New points into a map that is the same for all.
    Transform,
}

impl Task {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Embed => "embed",
            Self::Transform => "transform",
        }
    }
}

/// How a peer is run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The command of this repository with these options, and with the iterations asked for or its own.
    Ours { options: &'static [&'static str], own_iterations: bool },
    /// A script of `benches/peers` with these options.
    Python { script: &'static str, options: &'static [&'static str] },
    /// The program of `benches/peers/rust`, which takes the name.
    Rust,
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) task: Task,
    pub(super) kind: Kind,
    /// Points up to which it is run unasked, so that a run of everything takes minutes.
    largest: usize,
}

const fn ours(name: &'static str, options: &'static [&'static str], own_iterations: bool, largest: usize) -> Peer {
    Peer { name, task: Task::Embed, kind: Kind::Ours { options, own_iterations }, largest }
}

const fn python(name: &'static str, script: &'static str, options: &'static [&'static str], largest: usize) -> Peer {
    Peer { name, task: Task::Embed, kind: Kind::Python { script, options }, largest }
}

const fn rust(name: &'static str, largest: usize) -> Peer {
    Peer { name, task: Task::Embed, kind: Kind::Rust, largest }
}

/// All, in the order of the tables.
pub(super) const PEERS: [Peer; 15] = [
    ours("tsne-recommended", &["--preset", "recommended"], true, usize::MAX),
    ours("tsne-exaggerated", &["--preset", "exaggerated"], true, usize::MAX),
    ours("tsne-opentsne", &["--preset", "opentsne"], false, usize::MAX),
    ours("tsne-opentsne-bh", &["--preset", "opentsne", "--method", "bh"], false, 300_000),
    python("openTSNE", "opentsne.py", &[], 100_000),
    python("scikit-learn", "sklearn_tsne.py", &[], 20_000),
    python("sklearn-intelex", "sklearn_tsne.py", &["--intel"], 100_000),
    python("h2pack", "h2pack.py", &[], 100_000),
    rust("manifolds-fft3k", 300_000),
    rust("manifolds-fft", 100_000),
    rust("manifolds-bh", 20_000),
    rust("bhtsne-fft", 20_000),
    rust("bhtsne-bh", 20_000),
    Peer {
        name: "tsne-transform",
        task: Task::Transform,
        kind: Kind::Ours { options: &[], own_iterations: true },
        largest: usize::MAX,
    },
    Peer {
        name: "openTSNE-transform",
        task: Task::Transform,
        kind: Kind::Python { script: "opentsne_transform.py", options: &[] },
        largest: 300_000,
    },
];

/// The peers of a task for `n` points: those that a pattern names, or all that are fast enough.
pub(super) fn chosen(task: Task, patterns: &[String], n: usize) -> Vec<Peer> {
    let asked = |peer: &Peer| match patterns {
        [] => n <= peer.largest,
        patterns => patterns.iter().any(|pattern| matches(pattern, peer.name)),
    };
    PEERS.into_iter().filter(|peer| peer.task == task && asked(peer)).collect()
}

/// Refuses a pattern that names nobody.
pub(super) fn check(task: Task, patterns: &[String]) -> Result<()> {
    let of_task = || PEERS.iter().filter(|peer| peer.task == task).map(|peer| peer.name);
    match patterns.iter().find(|pattern| !of_task().any(|name| matches(pattern, name))) {
        Some(pattern) => {
            bail!("`--peer {pattern}`: for this task there are {}", of_task().collect::<Vec<_>>().join(", "))
        }
        None => Ok(()),
    }
}

/// Whether `name` is `pattern`, in which `*` stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            name.strip_prefix(head).is_some_and(|rest| (0..=rest.len()).any(|at| matches(tail, &rest[at..])))
        }
    }
}

/// The programs, built.
#[derive(Debug)]
pub(super) struct Programs {
    /// The command of this repository.
    pub(super) tsne: PathBuf,
    pub(super) judge: PathBuf,
    pub(super) python: PathBuf,
    /// The peers in Rust.
    pub(super) peers: PathBuf,
}

/// The files of a run.
#[derive(Debug)]
pub(super) enum Files {
    Embed { points: PathBuf },
    Transform { fitted: PathBuf, fitted_map: PathBuf, model: PathBuf, new: PathBuf },
}

/// Variables that tell libraries how many threads to start.
const THREADS: [&str; 5] =
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Settings of a machine that make numpy's linear algebra take other kernels than it would.
const UNSET: [&str; 2] = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

impl Peer {
    pub(super) fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Ours { .. })
    }

    /// The command that writes the map.
    pub(super) fn command(&self, programs: &Programs, files: &Files, map: &Path, settings: &Settings) -> Command {
        let threads = settings.threads.to_string();
        let (early, late) = (settings.early.to_string(), settings.late.to_string());
        let (mut command, inputs) = match (self.kind, files) {
            (Kind::Ours { .. }, Files::Embed { points }) => (Command::new(&programs.tsne), vec![points]),
            (Kind::Ours { .. }, Files::Transform { model, new, .. }) => {
                (Command::new(&programs.tsne), vec![model, new])
            }
            (Kind::Python { script, .. }, files) => {
                let mut command = Command::new(&programs.python);
                command.arg(Path::new("benches/peers").join(script));
                match files {
                    Files::Embed { points } => (command, vec![points]),
                    Files::Transform { fitted, fitted_map, new, .. } => (command, vec![fitted, fitted_map, new]),
                }
            }
            (Kind::Rust, Files::Embed { points: input } | Files::Transform { new: input, .. }) => {
                let mut command = Command::new(&programs.peers);
                command.arg(self.name);
                (command, vec![input])
            }
        };
        match self.kind {
            Kind::Ours { options, own_iterations } => {
                command.arg(self.task.name()).args(inputs).arg("-o").arg(map).args(options);
                if !own_iterations {
                    command.args(["--early-exaggeration-iter", &early, "--n-iter", &late]);
                }
                command.args(["--report-every", "50", "--threads", &threads, "--json"]);
            }
            Kind::Python { .. } | Kind::Rust => {
                command.args(inputs).arg(map);
                command.args(["--early", &early, "--late", &late, "--threads", &threads]);
                if let Kind::Python { options, .. } = self.kind {
                    command.args(options);
                }
            }
        }
        command.envs(THREADS.map(|name| (name, &threads)));
        UNSET.iter().for_each(|name| _ = command.env_remove(name));
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_peers() {
        for (pattern, name, expected) in [
            ("tsne*", "tsne-opentsne", true),
            ("tsne*", "openTSNE", false),
            ("*bh", "manifolds-bh", true),
            ("m*-*k", "manifolds-fft3k", true),
            ("m*-*k", "manifolds-fft", false),
            ("openTSNE", "openTSNE", true),
            ("openTSNE", "openTSNE-transform", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(check(Task::Embed, &["nobody*".to_owned()]).unwrap_err().to_string().contains("manifolds-bh"));
        assert!(check(Task::Embed, &["tsne-transform".to_owned()]).is_err(), "a peer of another task");
    }

    #[test]
    fn slow_peers_run_only_when_asked() {
        let names = |patterns: &[&str], n| {
            let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
            chosen(Task::Embed, &patterns, n).iter().map(|peer| peer.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[], 1_000_000), ["tsne-recommended", "tsne-exaggerated", "tsne-opentsne"]);
        assert!(names(&[], 1000).len() > 10);
        assert_eq!(names(&["scikit*"], 1_000_000), ["scikit-learn"]);
    }

    #[test]
    fn commands_name_their_files_and_settings() {
        let [tsne, judge, python, peers] = ["tsne", "judge", "python", "peers"].map(PathBuf::from);
        let programs = Programs { tsne, judge, python, peers };
        let files = Files::Embed { points: "x.npy".into() };
        let settings = Settings { threads: 2, early: 100, late: 200 };
        let line = |name: &str| {
            let peer = PEERS.iter().find(|peer| peer.name == name).unwrap();
            let command = peer.command(&programs, &files, Path::new("y.npy"), &settings);
            let args: Vec<String> = command.get_args().map(|arg| arg.display().to_string()).collect();
            args.join(" ")
        };
        assert_eq!(
            line("tsne-opentsne"),
            "embed x.npy -o y.npy --preset opentsne --early-exaggeration-iter 100 --n-iter 200 --report-every 50 \
             --threads 2 --json"
        );
        assert!(!line("tsne-recommended").contains("--n-iter"), "a preset with a schedule of its own");
        assert_eq!(line("manifolds-bh"), "manifolds-bh x.npy y.npy --early 100 --late 200 --threads 2");
        assert!(line("sklearn-intelex").ends_with("x.npy y.npy --early 100 --late 200 --threads 2 --intel"));
    }
}
