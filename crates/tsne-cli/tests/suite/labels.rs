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
