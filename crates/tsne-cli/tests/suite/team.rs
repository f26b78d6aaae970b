//! Several processes, as threads that share nothing but messages.

use crate::common::{Directory, clusters, npy};
use npyz::Order;
use tsne::core::ThreadTeam;
use tsne_cli::Failure;
use tsne_cli::input::{InputOptions, Loaded, PointTable};

const N: usize = 1_500;

fn points() -> Directory {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(N, 6).into_iter().map(|v| v as f32).collect();
    directory.write("x.npy", npy(values, &[N as u64, 6], Order::C));
    directory
}

/// How `size` members end that are called with the same arguments, with files in the directory: their exit codes, and what they have to
/// say.
fn ended(directory: &Directory, size: usize, arguments: &[&str]) -> Vec<(u8, Option<String>)> {
    let at = |argument: &&str| match argument.contains('.') && argument.parse::<f64>().is_err() {
        true => directory.path(argument).into_os_string(),
        false => argument.into(),
    };
    let arguments: Vec<_> = std::iter::once("tsne".into()).chain(arguments.iter().map(at)).collect();
    let ended = ThreadTeam::run(size, 1, |team| tsne_cli::run_in_team(arguments.clone(), team)).unwrap();
    ended.into_iter().map(code_and_line).collect()
}

fn code_and_line(ended: Result<(), Failure>) -> (u8, Option<String>) {
    ended.map_or_else(|failure| (failure.code(), failure.line().map(str::to_owned)), |()| (0, None))
}

/// Their exit codes alone.
fn together(directory: &Directory, size: usize, arguments: &[&str]) -> Vec<u8> {
    ended(directory, size, arguments).into_iter().map(|(code, _)| code).collect()
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

/// Reads what process `rank` of `processes` has of a file, which says the number of its columns or has `D`.
fn read_own(directory: &Directory, name: &str, (rank, processes): (usize, usize)) -> Result<PointTable<f32>, String> {
    let n_columns = name.ends_with("f32").then_some(D);
    let options = InputOptions { share: Some((rank, processes)), n_columns, ..InputOptions::default() };
    let loaded = Loaded::<f32>::read(&directory.path(name), &options);
    loaded.map(|loaded| loaded.points).map_err(|error| format!("{error:#}"))
}

const D: usize = 4;

/// So many points that they are searched in clusters.
const MANY: usize = 10_500;

/// The same points in files that are read in parts, and in one that is not.
fn many_points() -> (Directory, Vec<f32>) {
    let directory = Directory::new();
    let values: Vec<f32> = clusters(MANY, D).into_iter().map(|v| v as f32).collect();
    let shape = [MANY as u64, D as u64];
    directory.write("x.npy", npy(values.clone(), &shape, Order::C));
    // Far from the origin, so that digits are lost in single precision unless an offset is subtracted.
    let far: Vec<f64> = values.iter().map(|&v| f64::from(v) + 1e7).collect();
    directory.write("far.npy", npy(far, &shape, Order::C));
    let turned: Vec<f32> = (0..D * MANY).map(|at| values[at % MANY * D + at / MANY]).collect();
    directory.write("columns.npy", npy(turned, &shape, Order::Fortran));
    let plain: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let counts = [MANY as u32, D as u32].map(u32::to_le_bytes).concat();
    directory.write("x.fbin", [counts, plain.clone()].concat());
    directory.write("x.f32", plain);
    (directory, values)
}

/// Each member reads the rows of its own points where it can, and the map is that of one process: of arrays in the type of the run and
/// in a wider one, which loses an offset that all agree on. What stands by columns all read whole.
#[test]
fn each_member_reads_the_rows_of_its_points() {
    let (directory, values) = many_points();
    let flags = ["--perplexity", "8", "--n-iter", "12", "--quiet"];
    let inputs = [
        ("x.npy", "f32", true),
        ("far.npy", "f64", true),
        ("far.npy", "f32", true),
        ("columns.npy", "f32", false),
        ("x.fbin", "f32", true),
        ("x.f32", "f32", true),
    ];
    for (input, float, _) in inputs {
        let counts = if input.ends_with("f32") { vec!["--n-columns", "4"] } else { Vec::new() };
        let call: Vec<&str> = [input, "--float", float].into_iter().chain(counts).chain(flags).collect();
        directory.succeed(&format!("embed -o one.npy {}", call.join(" ")));
        let call: Vec<&str> = ["embed", "-o", "many.npy"].into_iter().chain(call).collect();
        assert_eq!(together(&directory, 3, &call), [0, 0, 0]);
        assert!(directory.read("one.npy") == directory.read("many.npy"), "{input} {float}");
        if input.starts_with("x.") {
            assert!(input == "x.npy" || directory.read("one.npy") == directory.read("x-map.npy"), "{input}");
            directory.write("x-map.npy", directory.read("one.npy"));
        }
    }
    for (input, _, in_parts) in inputs {
        let points = read_own(&directory, input, (1, 3)).unwrap();
        assert_eq!(matches!(points, PointTable::Own(_)), in_parts, "{input}");
        assert_eq!((points.n(), points.d()), (MANY, D), "{input}");
    }
    // The last row is that of the last member.
    let shape = [MANY as u64, D as u64];
    let mut bad = values;
    bad[D * MANY - 2] = 3.5;
    directory.write("other.npy", npy(bad.clone(), &shape, Order::C));
    bad[D * MANY - 2] = f32::INFINITY;
    directory.write("bad.npy", npy(bad, &shape, Order::C));
    let first = read_own(&directory, "bad.npy", (0, 3)).unwrap();
    let error = read_own(&directory, "bad.npy", (2, 3)).unwrap_err();
    assert!(error.contains("the value in row 10499, column 2 (counted from 0)"), "{error}");
    // Members that read different arrays of one shape see it, and nothing is written.
    let other = read_own(&directory, "x.npy", (0, 3)).unwrap();
    assert!(other.seal() != first.seal());
    assert_eq!(other.seal(), read_own(&directory, "x.npy", (1, 3)).unwrap().seal());
    let ended = ThreadTeam::run(2, 1, |team| {
        let call = ["tsne", "embed", ["x.npy", "other.npy"][team.rank()], "-o", "mixed.npy", "--quiet"];
        let at = |argument: &str| match argument.contains('.') {
            true => directory.path(argument).into_os_string(),
            false => argument.into(),
        };
        tsne_cli::run_in_team(call.map(at), team)
    });
    let (codes, lines): (Vec<u8>, Vec<_>) = ended.unwrap().into_iter().map(code_and_line).unzip();
    assert_eq!(codes, [1, 1]);
    // All say the same, which is said once.
    assert_eq!(lines[0], lines[1]);
    assert!(lines[0].as_ref().is_some_and(|line| line.contains("input of member 1 differs")), "{lines:?}");
    assert!(!directory.files().contains(&"mixed.npy".to_owned()));
}

/// Arrays without a header of NumPy's: their shapes are held against their lengths.
#[test]
fn arrays_without_a_header() {
    let directory = Directory::new();
    let numbers = |count: usize| (0..count).flat_map(|i| (i as f32).to_le_bytes()).collect::<Vec<u8>>();
    directory.write("x.f32", numbers(12));
    directory.write("x.f64", (0..6).flat_map(|i| f64::from(i).to_le_bytes()).collect::<Vec<u8>>());
    let counts = |n: u32, d: u32| [n, d].map(u32::to_le_bytes).concat();
    directory.write("x.fbin", [counts(3, 4), numbers(12)].concat());
    directory.write("x.u8bin", [counts(2, 3), vec![0, 1, 2, 253, 254, 255]].concat());
    directory.write("x.i8bin", [counts(1, 2), vec![0xff, 0x7f]].concat());
    let read = |name: &str, n_columns| {
        let options = InputOptions { n_columns, ..InputOptions::default() };
        let loaded = Loaded::<f32>::read(&directory.path(name), &options);
        loaded.map(|loaded| crate::common::rows_of(&loaded.points)).map_err(|error| format!("{error:#}"))
    };
    let row = |values: &[f64]| values.to_vec();
    assert_eq!(read("x.f32", Some(6)).unwrap(), [row(&[0., 1., 2., 3., 4., 5.]), row(&[6., 7., 8., 9., 10., 11.])]);
    assert_eq!(read("x.f64", Some(3)).unwrap(), [row(&[0., 1., 2.]), row(&[3., 4., 5.])]);
    assert_eq!(read("x.fbin", None).unwrap()[2], [8., 9., 10., 11.]);
    assert_eq!(read("x.u8bin", None).unwrap(), [row(&[0., 1., 2.]), row(&[253., 254., 255.])]);
    assert_eq!(read("x.i8bin", None).unwrap(), [row(&[-1., 127.])]);
    directory.write("short.fbin", [counts(3, 4), numbers(11)].concat());
    directory.write("head.fbin", [1, 2, 3]);
    directory.write("large.fbin", counts(u32::MAX, u32::MAX));
    directory.write("npy.fbin", npy([1.0f32; 4], &[2, 2], Order::C));
    directory.write("none.fbin", counts(0, 4));
    directory.write("none.f32", []);
    for (name, n_columns, message) in [
        ("x.f32", None, "--n-columns"),
        ("x.f32", Some(5), "a row of 5 columns has 20 bytes, but the file has 48"),
        ("x.f32", Some(usize::MAX), "no multiple"),
        ("x.fbin", Some(4), "leave it out"),
        ("short.fbin", None, "shape (3, 4), which is 48 bytes, but 44 follow"),
        ("head.fbin", None, "it has 3 bytes, and they take 8"),
        ("npy.fbin", None, "begins as an .npy file"),
        ("large.fbin", None, "is larger than any file"),
        ("none.fbin", None, "shape (0, 4)"),
        ("none.f32", Some(4), "shape (0, 4)"),
    ] {
        let error = read(name, n_columns).unwrap_err();
        assert!(error.contains(message), "{name}: {error}");
    }
    directory.refuse("embed x.f32.gz -o y.npy", "unpack it first");
    // More points than there can be are refused before they are read.
    std::fs::File::create(directory.path("many.f32")).unwrap().set_len(4 * (1 << 32)).unwrap();
    directory
        .refuse("embed many.f32 --n-columns 1 -o y.npy --memory-limit 1GB", "many.f32: points would be 4294967296");
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
    // Another call, which would have one wait for what the other does not do; as many threads as each has, and what each says, are its own.
    let called = |flags: [&'static [&'static str]; 2]| {
        let ended = ThreadTeam::run(2, 1, |team| {
            let call = ["tsne".into(), "embed".into(), directory.path("x.npy").into_os_string(), "-o".into()];
            let call =
                call.into_iter().chain([directory.path("y.npy").into_os_string(), "--n-iter".into(), "5".into()]);
            tsne_cli::run_in_team(call.chain(flags[team.rank()].iter().map(Into::into)), team)
        });
        ended.unwrap().into_iter().map(code_and_line).collect::<Vec<_>>()
    };
    for (code, line) in called([&["-q"], &["-q", "--exact-kl"]]) {
        assert!(code == 1 && line.unwrap().contains("call of member 1 differs"));
    }
    for flags in [&["--dry-run"][..], &["--help"]] {
        let ended = called([&["-q"], flags]);
        assert!(ended[0].0 == 1 && ended[0].1.as_ref().unwrap().contains("command of member 1 differs"), "{ended:?}");
    }
    assert_eq!(called([&["-q", "--threads", "1"], &["--threads", "2"]]), [(0, None), (0, None)]);
    std::fs::remove_file(directory.path("y.npy")).unwrap();
    assert_eq!(directory.files(), ["x.npy"]);
}
