//! Several processes, as threads that share nothing but messages.

use crate::common::{Directory, clusters, npy};
use npyz::Order;
use tsne::core::ThreadTeam;
use tsne_cli::input::{InputOptions, Loaded, PointTable};

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

/// So many points that they are searched in clusters: of an array in the type of the run, each member reads the rows of its own. Other
/// arrays all read whole; what is said of a value names its row among all.
#[test]
fn each_member_reads_the_rows_of_its_points() {
    let directory = Directory::new();
    let n = 10_500;
    let values: Vec<f32> = clusters(n, 4).into_iter().map(|v| v as f32).collect();
    let shape = [n as u64, 4];
    directory.write("x.npy", npy(values.clone(), &shape, Order::C));
    directory.write("wide.npy", npy(values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>(), &shape, Order::C));
    let turned: Vec<f32> = (0..4 * n).map(|at| values[at % n * 4 + at / n]).collect();
    directory.write("columns.npy", npy(turned, &shape, Order::Fortran));
    let flags = ["--perplexity", "8", "--n-iter", "12", "--quiet"];
    for (input, float) in [("x.npy", "f32"), ("wide.npy", "f64"), ("wide.npy", "f32"), ("columns.npy", "f32")] {
        directory.succeed(&format!("embed {input} -o one.npy --float {float} {}", flags.join(" ")));
        let call: Vec<&str> = ["embed", input, "-o", "many.npy", "--float", float].into_iter().chain(flags).collect();
        assert_eq!(together(&directory, 3, &call), [0, 0, 0]);
        assert!(directory.read("one.npy") == directory.read("many.npy"), "{input} {float}");
    }
    // The last row is that of the last member.
    let mut bad = values;
    bad[4 * n - 2] = 3.5;
    directory.write("other.npy", npy(bad.clone(), &shape, Order::C));
    bad[4 * n - 2] = f32::INFINITY;
    directory.write("bad.npy", npy(bad, &shape, Order::C));
    let options = |rank| InputOptions { share: Some((rank, 3)), ..InputOptions::default() };
    let read = |rank| Loaded::<f32>::read(&directory.path("bad.npy"), &options(rank));
    let PointTable::Own(first) = read(0).unwrap().points else { panic!("all rows were read") };
    assert_eq!((first.n(), first.d()), (n, 4));
    let error = format!("{:#}", read(2).unwrap_err());
    assert!(error.contains("the value in row 10499, column 2 (counted from 0)"), "{error}");
    // Members that read different arrays of one shape see it, and nothing is written.
    let other = Loaded::<f32>::read(&directory.path("x.npy"), &options(0)).unwrap().points;
    assert!(other.seal() != first.seal());
    let mine = Loaded::<f32>::read(&directory.path("x.npy"), &options(1)).unwrap().points;
    assert_eq!(other.seal(), mine.seal());
    let codes = ThreadTeam::run(2, 1, |team| {
        let call = ["tsne", "embed", ["x.npy", "other.npy"][team.rank()], "-o", "mixed.npy", "--quiet"];
        let at = |argument: &str| match argument.contains('.') {
            true => directory.path(argument).into_os_string(),
            false => argument.into(),
        };
        tsne_cli::run_in_team(call.map(at), team)
    });
    assert_eq!(codes.unwrap(), [1, 1]);
    assert!(!directory.files().contains(&"mixed.npy".to_owned()));
    // What is no array of rows in the type of the run is read whole.
    for name in ["wide.npy", "columns.npy"] {
        let points = Loaded::<f32>::read(&directory.path(name), &options(1)).unwrap().points;
        assert!(matches!(points, PointTable::Dense(_) | PointTable::Wide(_)), "{name}");
    }
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
