//! Labels in files: one for each point, whatever characters are in them, and numbers that are no classes.

use crate::common::{Directory, clusters, text};
use tsne_cli::input::Labels;

fn read(name: &str, bytes: &str, n: usize) -> Result<Labels, String> {
    let directory = Directory::new();
    directory.write(name, bytes);
    Labels::read(&directory.path(name), n).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_whole_line_is_the_label() {
    let lines = "CD4-positive, alpha-beta T cell\nnaïve B cell\n\"quoted; \"\"label\"\"\"\nnaïve B cell\n";
    let labels = read("l.txt", lines, 4).unwrap();
    assert_eq!(labels.names, ["CD4-positive, alpha-beta T cell", "naïve B cell", "quoted; \"label\""]);
    assert_eq!(labels.codes, [0, 1, 2, 1]);
}

#[test]
fn one_line_more_is_a_title_or_an_error() {
    let labels = read("l.txt", "animal\nant\nbee\nant\n", 3).unwrap();
    assert_eq!((labels.names, labels.title.as_deref()), (vec!["ant".into(), "bee".into()], Some("animal")));
    assert_eq!(read("l.txt", "ant\nbee\nant\n", 3).unwrap().title, None);
    for lines in ["0\n0\n1\n1\n2\n", "ant\nbee\nant\nbee\nbee\n", "7\n0\n1\n1\n0\n"] {
        let error = read("l.txt", lines, 4).unwrap_err();
        assert!(error.contains("5 labels for 4 points"), "{error}");
    }
    let many = read("l.txt", &"0\n".repeat(100_000), 4).unwrap_err();
    assert!(many.contains("more than 5 labels"), "{many}");
}

#[test]
fn a_blank_label_between_quotes_is_one() {
    for blank in ["\"\"", "\"  \"", "\"\t\"\r"] {
        let labels = read("labels.csv", &format!("a\n{blank}\nb\n"), 3).unwrap();
        assert_eq!([labels.of(0), labels.of(2)], [Some("a"), Some("b")], "{blank:?}");
    }
}

#[test]
fn tables_with_one_column_of_labels() {
    // What pandas writes of one column, with and without its index.
    assert_eq!(read("l.csv", ",kind\nA-1,\"T, CD4\"\nA-2,B\n", 2).unwrap().names, ["B", "T, CD4"]);
    assert_eq!(read("l.csv", "kind\nT\nB\nB\n", 3).unwrap().codes, [1, 0, 0]);
    assert!(read("l.csv", "a,b\na,b\n", 2).unwrap_err().contains(".txt"));
    assert!(read("l.tsv", "a\nb\tc\n", 2).unwrap_err().contains("line 2"));
}

#[test]
fn measured_numbers_have_no_agreement() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 3), 3, ","));
    directory.write("ages.txt", (0..60).map(|i| format!("{}\n", i as f64 * 0.7)).collect::<String>());
    let flags = "embed x.csv -o y.npy --plot y.png --labels ages.txt --perplexity 5 --n-iter 2";
    let report = directory.json(flags);
    assert!(report["label_agreement"].is_null(), "{report}");
    assert_eq!(report["input"]["labels"]["continuous"].as_bool(), Some(true));
    let words = directory.succeed(flags);
    assert!(words.contains("numbers, 60 different") && words.contains("not classes"), "{words}");
    assert!(directory.json("score x.csv y.npy --labels ages.txt")["label_agreement"].is_null());
}

#[test]
fn points_may_be_without_a_label() {
    let labels = read("l.txt", "a\nNA\nb\n\nb\n", 5).unwrap();
    assert_eq!((0..5).map(|i| labels.of(i)).collect::<Vec<_>>(), [Some("a"), None, Some("b"), None, Some("b")]);
    assert_eq!(labels.name, "l");
    // Lines that are empty at the end, or besides as many labels as points, are none.
    assert_eq!(read("l.txt", "a\n\nb\n\n\n", 2).unwrap().missing(), 0);
    assert_eq!(read("l.csv", "a\n\"\"\nb\n", 3).unwrap().codes, [0, Labels::MISSING, 1]);
    assert!(read("l.txt", "NA\nNA\n", 2).unwrap_err().contains("no point has a label"));
}

/// The labels of three points A, B, C with the values 1, 2, 3, in the columns `flags` ask for, and what is said about them.
fn joined(meta: &str, flags: &str) -> Result<(Vec<String>, String), String> {
    let directory = Directory::new();
    directory.write("x.csv", "id,v,w\nA,1,4\nB,2,8\nC,3,1\nD,4,5\n");
    directory.write("meta.csv", meta);
    let output = directory.tsne(&format!("embed x.csv -o y.csv --labels meta.csv --perplexity 1 --n-iter 2 {flags}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        return Err(stderr);
    }
    let map = String::from_utf8(directory.read("y.csv")).unwrap();
    let rest = map.lines().map(|line| line.splitn(4, ',').nth(3).unwrap_or_default().to_owned()).collect();
    Ok((rest, String::from_utf8(output.stdout).unwrap()))
}

#[test]
fn tables_are_joined_by_the_names_of_the_points() {
    // Another order, a row too many, a point without one.
    let meta = "cell,kind,batch\nC,gamma,1\nX,delta,2\nB,\"be,ta\",2\nA,alpha,1\n";
    let (labels, words) = joined(meta, "--label-column kind --label-column batch").unwrap();
    assert_eq!(labels, ["kind,batch", "alpha,1", "\"be,ta\",2", "gamma,1", ","]);
    let line = "labels \"kind\", 3 kinds, 1 missing; labels \"batch\", 2 kinds, 1 missing; labels joined by name";
    assert!(words.contains(line), "{words}");
    // A column of the points' own table besides, and one that nobody has.
    let (labels, _) = joined(meta, "--label-column kind --label-column w --columns v").unwrap();
    assert_eq!(labels[1..3], ["alpha,4", "\"be,ta\",8"]);
    let error = joined(meta, "--label-column kinds").unwrap_err();
    assert!(error.contains("there is no column \"kinds\""), "{error}");
    // Names that count the rows are none: in order then.
    let counted = ",kind\n0,a\n1,b\n2,c\n3,d\n";
    assert_eq!(joined(counted, "--label-column kind").unwrap().0, ["kind", "a", "b", "c", "d"]);
    let error = joined(",kind\n0,a\n1,b\n", "--label-column kind").unwrap_err();
    assert!(error.contains("2 labels for 4 points"), "{error}");
    let error = joined("id,kind\nP,a\nQ,b\nR,c\n", "--label-column kind").unwrap_err();
    assert!(error.contains("\"P\"") && error.contains("\"A\""), "{error}");
    let error = joined("id,kind\nA,a\nA,b\n", "--label-column kind").unwrap_err();
    assert!(error.contains("line 3 is the second one for \"A\""), "{error}");
}

#[test]
fn numbers_are_classes_where_it_is_said() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(60, 3), 3, ","));
    directory.write("l.txt", (0..60).map(|i| format!("{}\n", i % 30)).collect::<String>());
    let flags = "embed x.csv -o y.npy --labels l.txt --perplexity 5 --n-iter 2 --early-exaggeration-iter 2";
    assert_eq!(directory.json(flags)["input"]["labels"]["continuous"].as_bool(), Some(true));
    let classes = directory.json(&format!("{flags} --label-type classes"));
    assert_eq!(classes["input"]["labels"]["continuous"].as_bool(), Some(false));
    assert!(classes["label_agreement"].is_number());
}

#[test]
fn a_column_that_no_file_has_is_an_error_of_all_of_them() {
    let directory = Directory::new();
    directory.write("map.csv", "x,y,kind\n1,2,u\n3,4,v\n5,6,u\n");
    directory.write("points.csv", "trust_a,trust_b,age\n1,2,3\n4,5,6\n7,8,9\n");
    let run = directory.tsne("plot map.csv --labels points.csv --label-column trust -o p.svg");
    let error = String::from_utf8(run.stderr).unwrap();
    assert!(error.contains("no column \"trust\" in points.csv and none in map.csv"), "{error}");
    assert!(error.contains("did you mean \"trust_a\" or \"trust_b\"?"), "{error}");
    let run = directory.tsne("plot map.csv --labels points.csv --label-column zzzzzz -o p.svg");
    assert!(String::from_utf8(run.stderr).unwrap().contains("none in map.csv; give the name or number"));
    directory.succeed("plot map.csv --labels points.csv --label-column age -o p.svg");
}
