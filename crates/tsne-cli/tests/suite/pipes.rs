//! Points from named pipes, which are read once, from their beginning to their end.

use crate::common::{Directory, clusters, npy, text};
use npyz::Order;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use tsne::core::ThreadTeam;

const N: usize = 120;
const D: usize = 4;
const FLAGS: &str = "--perplexity 10 --n-iter 20 -q";

fn pipe(directory: &Directory, name: &str) {
    assert!(Command::new("mkfifo").arg(directory.path(name)).status().unwrap().success());
}

#[test]
fn points_come_from_a_pipe() {
    let directory = Directory::new();
    let values = clusters(N, D);
    let rows: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    directory.write("f.npy", npy(rows, &[N as u64, D as u64], Order::C));
    directory.write("f.csv", text(&values, D, ","));
    // A name without an extension says nothing: the first bytes do.
    let mut pipes = vec![("f.npy", "p.npy"), ("f.csv", "p.csv"), ("f.npy", "p"), ("f.csv", "q")];
    if cfg!(feature = "columnar") {
        directory.succeed(&format!("embed f.npy -o f.parquet {FLAGS}"));
        pipes.push(("f.parquet", "p.parquet"));
    }
    for (file, name) in pipes {
        directory.succeed(&format!("embed {file} -o file.npy {FLAGS}"));
        pipe(&directory, name);
        let (to, bytes) = (directory.path(name), directory.read(file));
        let writer = std::thread::spawn(move || {
            let mut to = OpenOptions::new().write(true).open(to).unwrap();
            to.write_all(&bytes)
        });
        directory.succeed(&format!("embed {name} -o pipe.npy {FLAGS}"));
        writer.join().unwrap().unwrap();
        assert!(directory.read("file.npy") == directory.read("pipe.npy"), "{name}");
    }
}

/// A table whose lines would be taken for labels is refused; plain lines are not.
#[test]
fn labels_from_a_pipe_are_lines() {
    let directory = Directory::new();
    directory.write("f.csv", text(&clusters(N, D), D, ","));
    let lines: String = (0..N).map(|i| format!("kind {}\n", i % 3)).collect();
    let table: String = (0..N).map(|i| format!("p{i},kind {}\n", i % 3)).collect();
    for (name, text, fits) in [("lines", lines, true), ("table", table, false)] {
        pipe(&directory, name);
        let to = directory.path(name);
        let writer =
            std::thread::spawn(move || OpenOptions::new().write(true).open(to).unwrap().write_all(text.as_bytes()));
        let call = format!("embed f.csv --labels {name} -o y.csv {FLAGS}");
        match fits {
            true => drop(directory.succeed(&call)),
            false => directory.refuse(&call, "does not say whether this is a table"),
        }
        _ = writer.join().unwrap();
    }
}

/// Without a writer: whoever opened it would wait.
#[test]
fn what_no_pipe_can_be_is_refused_before_it_is_opened() {
    let directory = Directory::new();
    directory.write("f.csv", text(&clusters(N, D), D, ","));
    for name in ["p.h5ad", "p.f32", "p.npy", "p.csv"] {
        pipe(&directory, name);
    }
    directory.refuse(&format!("embed p.h5ad -o y.npy {FLAGS}"), "name a file");
    directory.refuse(&format!("embed p.f32 --n-columns 4 -o y.npy {FLAGS}"), "name a file");
    directory.refuse("plan p.npy", "it can be read once only");
    for call in ["plot p.csv -o y.svg", "embed f.csv --labels p.csv --label-column a -o y.npy"] {
        directory.refuse(call, "pipe");
    }
    let arguments =
        ["tsne".into(), "embed".into(), directory.path("p.npy").into_os_string(), "-o".into(), "y.npy".into()];
    let ended = ThreadTeam::run(2, 1, |team| tsne_cli::run_in_team(arguments.clone(), team)).unwrap();
    for ended in ended {
        assert!(ended.unwrap_err().line().unwrap().contains("are those of one process"));
    }
    let call = ["tsne", "embed", "f.csv", "--labels", "p.csv", "-o", "y.npy"];
    let call = call.map(|argument| match argument.contains(".csv") {
        true => directory.path(argument).into_os_string(),
        false => argument.into(),
    });
    for ended in ThreadTeam::run(2, 1, |team| tsne_cli::run_in_team(call.clone(), team)).unwrap() {
        assert!(ended.unwrap_err().line().unwrap().contains("are those of one process"));
    }
}
