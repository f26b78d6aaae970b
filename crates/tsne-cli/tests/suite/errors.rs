//! Wrong input: one clear line on standard error, a non-zero exit code, and nothing left behind.

use crate::common::{Directory, clusters, npy, text};
use npyz::Order;

/// Runs the command in a directory with `files` and expects the exit code 1, one line with `words` on standard error,
/// nothing on standard output, and the same files as before.
#[track_caller]
fn check(files: &[(&str, Vec<u8>)], arguments: &str, words: &[&str]) {
    let directory = Directory::new();
    for (name, bytes) in files {
        directory.write(name, bytes);
    }
    let before = directory.files();
    let output = directory.tsne(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word:?} is missing: {stderr}");
    }
    assert_eq!(directory.files(), before, "{arguments}: {stderr}");
    for (name, bytes) in files {
        assert!(directory.read(name) == *bytes, "{name} was changed");
    }
}

fn good() -> Vec<u8> {
    text(&clusters(40, 3), 3, ",").into_bytes()
}

fn good_npy() -> Vec<u8> {
    npy(clusters(40, 3), &[40, 3], Order::C)
}

/// A file that begins like `.npy` with this dictionary and goes on with `data`.
fn with_header(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(dictionary.len() as u16).to_le_bytes());
    bytes.extend_from_slice(dictionary.as_bytes());
    bytes.extend_from_slice(data);
    bytes
}

#[test]
fn names_of_files() {
    check(&[], "embed none.npy -o y.npy", &["none.npy", "cannot open"]);
    check(&[], "embed none.csv -o y.npy", &["none.csv", "cannot open"]);
    check(&[("x.xls", good())], "embed x.xls -o y.npy", &["x.xls", ".npy", ".csv"]);
    check(&[("x.csv", good())], "embed x.csv -o y.txt", &["y.txt", ".npy, .csv"]);
    check(&[("x.csv", good())], "embed x.csv -o y", &["extension"]);
    check(&[("x.csv", good())], "embed x.csv -o y.npy --plot y.jpg", &["y.jpg", ".png, .svg or .pdf"]);
    check(&[("x.csv", good())], "embed x.csv -o nowhere/y.npy", &["nowhere", "create it"]);
    check(&[("x.csv", good())], "embed x.csv -o y.npy --plot nowhere/y.png", &["nowhere"]);
    check(&[("x.csv", good())], "embed x.csv -o x.csv", &["overwritten"]);
    check(&[("x.csv", good())], "embed x.csv -o ./x.csv", &["overwritten"]);
    check(&[("x.csv", good())], "embed x.csv -o y.npy --labels none.txt", &["none.txt", "cannot open"]);
    check(&[("x.csv", good())], "embed . -o y.npy", &[]);
    check(&[], "demo --out-dir nowhere", &["nowhere"]);
}

#[test]
fn damaged_npy() {
    let x = |bytes: Vec<u8>, words: &[&str]| check(&[("x.npy", bytes)], "embed x.npy -o y.npy", words);
    x(Vec::new(), &["x.npy", "magic"]);
    x(good(), &["magic"]);
    x(b"\x93NUMPY\x09\x00\x10\x00".to_vec(), &["version 9"]);
    x(b"\x93NUMPY\x01\x00".to_vec(), &["header"]);
    x(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), &["4294967295", "damaged"]);
    x(with_header("{'descr': '<f4', 'fortran_order': False}", &[]), &["header", "shape"]);
    x(with_header(&"(".repeat(60000), &[]), &["header"]);
    let shaped = |shape: &str, data: &[u8]| {
        with_header(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"), data)
    };
    x(shaped("(1000000000000, 64)", &[0; 64]), &["promises 256000000000000 bytes", "64 follow"]);
    x(shaped("(18446744073709551615, 18446744073709551615)", &[]), &["larger than any file"]);
    x(shaped("(99999999999999999999, 2)", &[]), &["whole numbers"]);
    x(shaped("(2, 3)", &[0; 20]), &["promises 24 bytes", "20 follow"]);
    x(shaped("(2, 3)", &[0; 28]), &["promises 24 bytes", "28 follow"]);
    x(shaped("(8,)", &[0; 32]), &["(8,)", "n × d"]);
    x(shaped("()", &[0; 4]), &["()", "n × d"]);
    x(shaped("(2, 2, 2)", &[0; 32]), &["(2, 2, 2)", "n × d"]);
    x(shaped("(0, 4)", &[]), &["(0, 4)"]);
    x(shaped("(4, 0)", &[]), &["(4, 0)"]);
    x(shaped("(1, 4)", &[0; 16]), &["1 point"]);
    let typed = |descr: &str| {
        with_header(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2, 2), }}\n"), &[0; 32])
    };
    x(typed("'<c8'"), &["<c8", "astype"]);
    x(typed("'|O'"), &["|O", "astype"]);
    x(typed("'<U2'"), &["text", "numbers"]);
    x(typed("[('a', '<f4')]"), &["structured"]);
    let mut values = clusters(40, 3);
    values[10] = f64::NAN;
    x(npy(values.iter().copied(), &[40, 3], Order::C), &["row 3, column 1"]);
    values[10] = 1e300;
    x(npy(values.iter().copied(), &[40, 3], Order::C), &["row 3, column 1", "--float f64"]);
}

#[test]
fn damaged_text() {
    let x = |bytes: &str, words: &[&str]| check(&[("x.csv", bytes.into())], "embed x.csv -o y.npy", words);
    x("", &["x.csv", "no lines"]);
    x("\n \n", &["no lines"]);
    x("a,b\n", &["no lines"]);
    x("1,2\n3,4,5\n", &["line 2", "3 fields", "has 2"]);
    x("1,2\n\n3\n", &["line 3", "1 field,"]);
    x("a,b\n1,2\n3,x\n", &["line 3, column 2", "\"b\"", "\"x\"", "--label-column 2"]);
    x("1,setosa\n2,setosa\n", &["line 1, column 2", "setosa", "--label-column 2"]);
    x("1,2\n3,\n", &["line 2, column 2", "empty"]);
    x("1,2\n3,inf\n", &["line 2, column 2", "inf", "not finite"]);
    x("1,2\n3,nan\n", &["line 2, column 2", "not finite"]);
    x("1,2\n3,1e300\n", &["line 2, column 2", "--float f64"]);
    x("1,5;2,5\n1,5;2,0\n", &["decimal comma"]);
    x("a;b\n1;2\n3;-8,977.25\n", &["\"-8,977.25\", with commas between thousands: write the numbers without them"]);
    x("a;b\n1;2\n3;1,234,567\n", &["with commas between thousands"]);
    // No thousands: nothing is before them.
    x("a;b\n1;2\n3;-0,500\n", &["\"-0,500\", with a decimal comma"]);
    // It may be either.
    x("a;b\n1;2\n3;8,977\n", &["between thousands", "--decimal , if they are decimal commas"]);
    x("1,\"2\n3,4\n", &["line 1", "quote"]);
    check(&[("x.csv", vec![b'1', 0xff, b'\n'])], "embed x.csv -o y.npy", &["line 1", "UTF-8"]);
    check(&[("x.csv.gz", good())], "embed x.csv.gz -o y.npy", &["x.csv.gz", "line 1"]);
    check(&[("x.csv", good())], "embed x.csv -o y.npy --label-column kind", &["kind", "1 to 3"]);
    check(&[("x.csv", good())], "embed x.csv -o y.npy --label-column 4", &["4", "1 to 3"]);
    let dropped = "embed x.csv -o y.npy --drop-column 1 --drop-column 2 --drop-column 3";
    check(&[("x.csv", good())], dropped, &["no column"]);
    check(&[("x.npy", good_npy())], "embed x.npy -o y.npy --label-column 1", &["in tables only"]);
    check(&[("x.npy", good_npy())], "embed x.npy -o y.npy --index-column 1", &["in tables only"]);
    check(&[("x.npy", good_npy())], "embed x.npy -o y.npy --header yes", &["text tables", "--header"]);
}

#[test]
fn labels() {
    let labels = |name: &str, bytes: Vec<u8>, words: &[&str]| {
        check(&[("x.csv", good()), (name, bytes)], &format!("embed x.csv -o y.npy --labels {name}"), words);
    };
    labels("l.txt", b"a\nb\n".to_vec(), &["l.txt", "2 labels", "40 points"]);
    labels("l.csv", "a,b\n".repeat(40).into_bytes(), &["l.csv", "line 1", "one label per line"]);
    labels("l.npy", npy(0..41i32, &[41], Order::C), &["41 labels", "40 points"]);
    labels("l.npy", npy(0..80i32, &[40, 2], Order::C), &["(40, 2)"]);
    labels("l.npy", npy(vec![f64::NAN; 40], &[40], Order::C), &["label 0"]);
}

#[test]
fn parameters() {
    let x = |arguments: &str, words: &[&str]| {
        check(&[("x.csv", good())], &format!("embed x.csv -o y.npy {arguments}"), words)
    };
    x("--perplexity 0", &["perplexity", "0"]);
    x("--perplexity nan", &["perplexity", "NaN"]);
    x("--learning-rate 0", &["learning_rate", "0"]);
    x("--dof 0", &["dof", "0"]);
    x("--theta=-1", &["theta", "-1"]);
    x("--force-tolerance 0", &["force_tolerance", "0", "0.0001 to 0.5"]);
    x("--final-momentum 1", &["final_momentum", "1"]);
    x("--n-interpolation-points 0", &["n_interpolation_points", "0"]);
    x("--init none.npy", &["--init none.npy", "cannot open"]);
    x("--init x.csv", &["(40, 3)", "(40, 2)"]);
    x("--early-exaggeration 0", &["early_exaggeration", "0"]);
    x("--k-neighbors 0", &["k-neighbors", "0"]);
    x("--affinities fixed-sigma", &["--sigma"]);
    x("--affinities fixed-sigma --sigma 0", &["sigma", "0"]);
    x("--affinities uniform --perplexity 5", &["--perplexity", "multiscale"]);
    x("--sigma 3", &["--sigma", "fixed-sigma"]);
    x("--metric minkowski --metric-params none.npy", &["--metric-params none.npy", "cannot open"]);
    x("--metric minkowski --metric-params x.csv", &["x.csv", "weights", "120", "3"]);
    x("--metric cosine --metric-params x.csv", &["--metric-params", "cosine", "minkowski"]);
    x("--metric precomputed", &["x.csv", "3", "40"]);
    x("--metric haversine", &["x.csv", "haversine"]);
    x("--save y.npy", &["y.npy", "two outputs"]);
    x("--save x.csv", &["x.csv", "overwritten"]);
    x("--save nowhere/m.tsne", &["nowhere", "create it"]);
}

/// A command line that cannot be understood: exit code 2.
#[track_caller]
fn usage(arguments: &str) {
    let directory = Directory::new();
    let output = directory.tsne(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments}");
    assert!(!output.stderr.is_empty() && output.stdout.is_empty() && directory.files().is_empty(), "{arguments}");
}

#[test]
fn usage_errors() {
    usage("");
    usage("embed");
    usage("embed x.csv");
    usage("embed x.csv -o y.npy --preset best");
    usage("embed x.csv -o y.npy --method magic");
    usage("embed x.csv -o y.npy --theta 0.5 --force-tolerance 0.01");
    usage("embed x.csv -o y.npy --components 4");
    usage("embed x.csv -o y.npy --threads 0");
    usage("embed x.csv -o y.npy --seed -1");
    usage("embed x.csv -o y.npy --metric magic");
    usage("embed x.csv -o y.npy --metric minkowski:p=0.5");
    usage("embed x.csv -o y.npy --affinities magic");
    usage("embed x.csv -o y.npy --symmetrization magic");
    usage("embed x.csv -o y.npy --neighbors magic");
    usage("embed x.csv -o y.npy --init magic");
    usage("embed x.csv -o y.npy --report-every 0");
    usage("embed x.csv -o y.npy --metric-params w.npy");
    usage("embed x.csv -o y.npy --no-keep-data");
    usage("embed x.csv -o y.npy --momentum-rule magic");
    usage("transform");
    usage("transform m.tsne");
    usage("transform m.tsne x.csv");
    usage("transform m.tsne x.csv -o y.npy --init spectral");
    usage("transform m.tsne x.csv -o y.npy --perplexity 5,x");
    usage("transform m.tsne x.csv -o y.npy --k-neighbors 5");
    usage("score");
    usage("score x.csv");
    usage("score x.csv y.npy --kl perhaps");
    usage("score x.csv y.npy --sample 2");
    usage("embed x.csv -o y.npy --max-step-norm 1 --no-max-step-norm");
}

#[test]
fn a_plot_that_cannot_be_written_is_found_first() {
    let directory = Directory::new();
    directory.write("x.csv", good());
    // A directory stands in place of the plot.
    std::fs::create_dir(directory.path("y.png")).unwrap();
    let output = directory.tsne("embed x.csv -o y.npy --plot y.png");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(directory.files(), ["x.csv", "y.png"]);
}

/// A file of holes that is larger than the memory that the process may have.
#[cfg(target_os = "linux")]
#[test]
fn data_beyond_the_memory_are_an_error() {
    let directory = Directory::new();
    for (order, n) in [("False", 1u64 << 20), ("True", 1 << 20)] {
        let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': ({n}, 1024), }}\n");
        directory.write("x.npy", with_header(&header, &[]));
        let file = std::fs::OpenOptions::new().write(true).open(directory.path("x.npy")).unwrap();
        file.set_len(10 + header.len() as u64 + 4096 * n).unwrap();
        let command = format!("ulimit -v 1000000; exec {} embed x.npy -o y.npy", env!("CARGO_BIN_EXE_tsne"));
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &command]).current_dir(directory.path("")).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.starts_with("error: x.npy: ") && stderr.contains("memory"), "{stderr}");
    }
    assert_eq!(directory.files(), ["x.npy"]);
}

#[test]
fn what_files_say_is_no_command_to_the_terminal() {
    let directory = Directory::new();
    let name = "w\u{1b}[31m.csv";
    // Windows has no such names: there the file is not there, which is an error that names it as well.
    #[cfg(unix)]
    directory.write(name, "a,b,k\u{1b}[2J\n1,2,\u{1b}]0;title\u{7}\n3,4,x\n5,6,y\n");
    directory.write("points.csv", "a,b,k\u{1b}[2J\n1,2,\u{1b}]0;title\u{7}\n3,4,x\n5,6,y\n");
    for arguments in [
        format!("embed {name} -o y.npy"),
        format!("embed {name} -o y.npy --label-column k\u{1b}"),
        format!("embed points.csv -o {name} --label-column 3 --perplexity 1 --n-iter 3"),
        format!("embed points.csv --frobnicate {name}"),
        format!("plot {name} -o y.svg"),
    ] {
        let run = directory.tsne(&arguments);
        let said = [run.stdout, run.stderr].concat();
        assert!(!said.is_empty() && said.iter().all(|&byte| byte == b'\n' || byte >= b' '), "{arguments:?}: {said:?}");
    }
}
