//! Names on both sides say which points are which: by them, and never by the order of rows in spite of them.

use crate::common::{Directory, clusters, text};

const N: usize = 60;
const D: usize = 3;

/// Points with names, their kinds in a table in another order, and a map of them whose rows are in a third one.
fn directory() -> Directory {
    let directory = Directory::new();
    let values = text(&clusters(N, D), D, ",");
    let named = |name: &dyn Fn(usize) -> String| {
        values.lines().enumerate().map(|(i, line)| format!("{},{line}\n", name(i))).collect::<String>()
    };
    directory.write("x.csv", format!("id,a,b,c\n{}", named(&|i| format!("p{i}"))));
    let kinds = |prefix: &str| (0..N).rev().map(|i| format!("{prefix}{i},kind {}\n", i % 3)).collect::<String>();
    directory.write("kinds.csv", format!("id,kind\n{}", kinds("p")));
    directory.write("strangers.csv", format!("id,kind\n{}", kinds("q")));
    directory.succeed("embed x.csv --perplexity 10 --labels kinds.csv --label-column kind -o map.csv -q");
    let map = String::from_utf8(directory.read("map.csv")).unwrap();
    let (header, rows) = map.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| row.bytes().rev().collect::<Vec<_>>());
    directory.write("shuffled.csv", format!("{header}\n{}\n", rows.join("\n")));
    directory
        .write("others.csv", format!("{header}\n{}\n", rows.join("\n").replace("\np", "\nq").replacen('p', "q", 1)));
    directory
}

#[test]
fn labels_of_points_with_other_names_are_refused() {
    let directory = directory();
    let embed = "embed x.csv --perplexity 10 --n-iter 5 --label-column kind -o y.csv";
    let stderr = |arguments: &str| String::from_utf8(directory.tsne(arguments).stderr).unwrap();
    let refused = stderr(&format!("{embed} --labels strangers.csv"));
    assert!(refused.contains("no row has the name of a point") && refused.contains("--id-column none"), "{refused}");
    for command in ["plot map.csv -o y.svg", "explore map.csv -o y.html"] {
        let refused = stderr(&format!("{command} --labels strangers.csv --label-column kind"));
        assert!(refused.contains("no row has the name of a point"), "{command}: {refused}");
    }
    // As labels in the order of the points, for who says so.
    directory.succeed(
        "embed x.csv --columns a,b,c --perplexity 10 --n-iter 5 --labels strangers.csv --label-column kind \
        --id-column none -o y.csv -q",
    );
    let by_order = String::from_utf8(directory.read("y.csv")).unwrap();
    assert!(by_order.lines().nth(1).unwrap().ends_with(&format!("kind {}", (N - 1) % 3)), "{by_order}");
    // Joined: the label of each point is its own.
    let map = String::from_utf8(directory.read("map.csv")).unwrap();
    for (i, line) in map.lines().skip(1).enumerate() {
        assert!(line.starts_with(&format!("p{i},")) && line.ends_with(&format!(",kind {}", i % 3)), "{line}");
    }
}

#[test]
fn maps_are_read_in_the_order_of_the_data() {
    let directory = directory();
    assert!(directory.read("map.csv") != directory.read("shuffled.csv"));
    let score = |map: &str| {
        let mut report = directory.json(&format!("score x.csv {map}"));
        let report = report.as_object_mut().unwrap();
        report.retain(|key, _| !["map", "seconds", "peak_memory_bytes"].contains(&key.as_str()));
        report.clone()
    };
    assert_eq!(score("map.csv"), score("shuffled.csv"));
    let start = |map: &str| {
        directory.succeed(&format!("embed x.csv --perplexity 10 --n-iter 5 --init {map} -o y.npy -q"));
        directory.read("y.npy")
    };
    assert!(start("map.csv") == start("shuffled.csv"));
    let page = |map: &str| {
        directory.succeed(&format!("explore {map} --data x.csv --title t -o y.html -q"));
        directory.read("y.html")
    };
    assert!(page("map.csv") == page("shuffled.csv"));
    directory.write("copy.csv", directory.read("shuffled.csv"));
    directory.succeed("plot map.csv copy.csv --align -o one.svg -q");
    directory.write("copy.csv", directory.read("map.csv"));
    directory.succeed("plot map.csv copy.csv --align -o two.svg -q");
    assert!(directory.read("one.svg") == directory.read("two.svg"));
    for arguments in [
        "score x.csv others.csv",
        "embed x.csv --perplexity 10 --init others.csv -o y.npy",
        "explore others.csv --data x.csv -o y.html",
        "plot map.csv others.csv -o y.svg",
    ] {
        let stderr = String::from_utf8(directory.tsne(arguments).stderr).unwrap();
        assert!(stderr.contains("the map has no point \"p0\""), "{arguments}: {stderr}");
    }
}

#[test]
fn labels_called_like_coordinates_are_labels_in_the_map() {
    let directory = directory();
    let kinds: String = (0..N).map(|i| format!("p{i},{},{},k{}\n", i % 2, i % 3, i % 2)).collect();
    directory.write("named.csv", format!("id,z,x,tsne-1\n{kinds}"));
    directory.succeed(
        "embed x.csv --perplexity 10 --n-iter 5 --labels named.csv --label-column z --label-column x \
        --label-column tsne-1 -o y.csv -q",
    );
    let map = String::from_utf8(directory.read("y.csv")).unwrap();
    assert_eq!(map.lines().next(), Some("id,x,y,z_label,x_label,tsne-1_label"));
    let report = directory.json("explore y.csv -o y.html");
    assert_eq!(report["components"], 2);
    assert_eq!(report["labels"], serde_json::json!(["z_label", "x_label", "tsne-1_label"]));
}
