//! The command line as it is shown: what most people need first, all of it on demand.

use super::Cli;
use clap::{Command, CommandFactory};

/// Options that `-h` shows; `--help` shows all.
const FIRST: &[&str] = &[
    "input",
    "output",
    "labels",
    "label_column",
    "save",
    "plot",
    "html",
    "frames",
    "checkpoint",
    "perplexity",
    "metric",
    "preset",
    "components",
    "n_iter",
    "seed",
    "threads",
    "json",
    "quiet",
    "help",
    "model",
    "data",
    "map",
    "out_dir",
    "color",
    "maps",
    "first",
    "per_point",
    "width",
    "title",
    "legend",
];

/// Examples of each subcommand, below its help.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "embed",
        "Examples:
  tsne embed cells.csv -o map.csv --plot map.png --label-column cell_type
  tsne embed points.npy -o map.npy --perplexity 50 --save map.tsne
  tsne embed cells.csv --label-column cell_type --frames film.html
  tsne embed big.npy -o map.npy --checkpoint run.tsne    (and after Ctrl-C: tsne resume run.tsne)",
    ),
    ("plan", "Examples:\n  tsne plan big.npy\n  tsne plan big.npy --perplexity 100 --float f64 --json"),
    ("resume", "Example:\n  tsne resume run.tsne"),
    (
        "transform",
        "Examples:
  tsne transform map.tsne new.csv -o new_map.csv
  tsne transform map.tsne new.npy -o new_map.npy --plot both.png --labels new_labels.txt",
    ),
    (
        "score",
        "Examples:
  tsne score points.npy map.npy
  tsne score cells.csv map.csv --label-column cell_type --json
  tsne score perplexity30.npy perplexity100.npy --data points.npy --per-point points.csv",
    ),
    (
        "explore",
        "Examples:
  tsne explore map.csv -o map.html
  tsne explore map.npy --labels labels.txt --ids names.txt --data points.npy -o map.html
  tsne explore millions.npy -o map/",
    ),
    (
        "plot",
        "Examples:
  tsne plot map.csv -o map.png --color cell_type --legend on-clusters
  tsne plot map.tsne -o map.pdf --width 3.5 --theme transparent
  tsne plot perplexity30.npy perplexity100.npy --align -o both.svg --labels labels.txt",
    ),
    ("demo", "Example:\n  tsne demo --out-dir pictures"),
    ("completions", "Example, for bash:\n  tsne completions bash > ~/.local/share/bash-completion/completions/tsne"),
    ("man", "Example:\n  tsne man ~/.local/share/man/man1 && man tsne-embed"),
];

/// The command line, with the short help of each subcommand and its examples.
pub fn command() -> Command {
    // What writes nothing needs no name of a file.
    let mut command = Cli::command().mut_subcommand("plan", |plan| {
        plan.mut_group("outputs", |outputs| outputs.required(false)).mut_arg("dry_run", |argument| argument.hide(true))
    });
    let names: Vec<String> = command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(&name, |subcommand| {
            let rest =
                subcommand.get_arguments().filter(|argument| !FIRST.contains(&argument.get_id().as_str())).count();
            let subcommand = subcommand.mut_args(|argument| {
                let first = FIRST.contains(&argument.get_id().as_str());
                argument.hide_short_help(!first)
            });
            let Some((_, examples)) = EXAMPLES.iter().find(|(of, _)| *of == name) else { return subcommand };
            let more = format!("{examples}\n\n`tsne {name} --help` shows {rest} more options.");
            subcommand.after_help(if rest > 0 { more } else { (*examples).to_owned() }).after_long_help(*examples)
        });
    }
    command
}

/// The names of what can be completed or written about: `tsne` and its subcommands, each with what it is.
pub fn subcommands() -> Vec<(String, Command)> {
    let command = command();
    let of = |subcommand: &Command| {
        let name = format!("tsne-{}", subcommand.get_name());
        (name.clone(), subcommand.clone().display_name(name))
    };
    let mut all: Vec<(String, Command)> = command.get_subcommands().map(of).collect();
    all.insert(0, ("tsne".into(), command));
    all
}
