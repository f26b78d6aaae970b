//! Several processes, as threads that share nothing but messages.

use crate::common::{Directory, clusters, npy};
use npyz::Order;
use tsne::core::ThreadTeam;

const N: usize = 1_500;

fn points() -> Directory {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(N, 6).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[N as u64, 6], Order::C));
    directory
}

/// The exit codes of `size` members that are called with the same arguments, with files in the directory.
fn together(directory: &Directory, size: usize, arguments: &[&str]) -> Vec<u8> {
    let at = |argument: &&str| match argument.contains('.') && argument.parse::<f64>().is_err() {
        true => directory.path(argument).into_os_string(),
        false => argument.into(),
    };
    let arguments: Vec<_> = std::iter::once("tsne".into()).chain(arguments.iter().map(at)).collect();
    ThreadTeam::run(size, 1, |team| tsne_cli::run_in_team(arguments.clone(), team)).unwrap()
}

#[test]
fn a_team_writes_what_one_process_writes() {
    let directory = points();
    let flags = "--perplexity 10 --n-iter 30 --quiet --exact-kl --force-error";
    directory.succeed(&format!("embed x.npy -o a.parquet --html a.html --plot a.svg --save a.tsne {flags}"));
    let call = ["embed", "x.npy", "-o", "b.parquet", "--html", "b.html", "--plot", "b.svg", "--save", "b.tsne"];
    let call: Vec<&str> = call.into_iter().chain(flags.split(' ')).collect();
    assert_eq!(together(&directory, 3, &call), [0, 0, 0]);
    for kind in ["parquet", "html", "svg"] {
        assert!(directory.read(&format!("a.{kind}")) == directory.read(&format!("b.{kind}")), "{kind}");
    }
    // What goes on from the saved maps, in one process and in two.
    directory.succeed("embed --continue a.tsne --n-iter 10 -o further.npy --quiet");
    directory.succeed("embed --continue b.tsne --n-iter 10 -o further-b.npy --quiet");
    let call = ["embed", "--continue", "b.tsne", "--n-iter", "10", "-o", "further-2.npy", "--quiet"];
    assert_eq!(together(&directory, 2, &call), [0, 0]);
    assert!(directory.read("further.npy") == directory.read("further-b.npy"));
    assert!(directory.read("further.npy") == directory.read("further-2.npy"));
}

/// A checkpoint of the last iterations of a run is resumed by another number of members, and in one process.
#[test]
fn a_checkpoint_of_a_team_is_resumed_by_others() {
    let directory = points();
    directory.succeed("embed x.npy -o whole.npy --perplexity 10 --n-iter 30 --quiet");
    let saved =
        ["--checkpoint", "run.tsne", "--checkpoint-every", "0", "--perplexity", "10", "--n-iter", "30", "--quiet"];
    let call: Vec<&str> = ["embed", "x.npy", "-o", "a.npy"].into_iter().chain(saved).collect();
    assert_eq!(together(&directory, 2, &call), [0, 0]);
    assert!(directory.read("a.npy") == directory.read("whole.npy"));
    directory.write("copy.tsne", directory.read("run.tsne"));
    assert_eq!(together(&directory, 3, &["resume", "run.tsne", "-o", "b.npy", "--quiet"]), [0, 0, 0]);
    directory.succeed("resume copy.tsne -o c.npy --quiet");
    assert!(directory.read("b.npy") == directory.read("whole.npy"));
    assert!(directory.read("c.npy") == directory.read("whole.npy"));
}

#[test]
fn a_team_refuses_what_it_cannot_do() {
    let directory = points();
    // Points that only one process has; a command for one process; an option that there is not.
    assert_eq!(together(&directory, 2, &["embed", "-", "-o", "y.npy", "--quiet"]), [1, 1]);
    assert_eq!(together(&directory, 2, &["score", "x.npy", "y.npy"]), [1, 1]);
    assert_eq!(together(&directory, 2, &["embed", "x.npy", "--no-such-option"]), [2, 2]);
    assert_eq!(directory.files(), ["x.npy"]);
}
