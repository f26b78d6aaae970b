//! What columns of text tables are taken for: those that hold values, names and labels, as every writer means them.

use crate::common::Directory;
use tsne_cli::input::{CsvOptions, Decimal, IndexColumn, Missing, Table};

fn read(text: &str, options: &CsvOptions) -> Result<Table<f64>, String> {
    Table::from_csv(text.as_bytes(), options).map_err(|error| format!("{error:#}"))
}

fn rows(table: &Table<f64>) -> Vec<Vec<f64>> {
    table.rows().unwrap().iter().map(<[f64]>::to_vec).collect()
}

fn columns(wanted: &[&str]) -> CsvOptions {
    CsvOptions { columns: wanted.iter().map(|&name| name.to_owned()).collect(), ..CsvOptions::default() }
}

const TABLE: &str = "id,gene1,gene2,gene10,kind,age\nA,1,2,3,x,40\nB,4,5,6,y,50\n";

#[test]
fn columns_are_chosen_by_name_number_range_and_pattern() {
    let check = |wanted: &[&str], expected: &[&[f64]]| {
        let table = read(TABLE, &columns(wanted)).unwrap();
        assert_eq!(rows(&table), expected, "{wanted:?}");
        assert_eq!(table.annotations().ids.as_deref(), Some(&["A".to_owned(), "B".to_owned()][..]), "{wanted:?}");
    };
    check(&["gene*"], &[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]);
    check(&["gene2..age"], &[&[2.0, 3.0, 40.0], &[5.0, 6.0, 50.0]]);
    check(&["#2..#3", "age"], &[&[1.0, 2.0, 40.0], &[4.0, 5.0, 50.0]]);
    check(&["age,gene1"], &[&[1.0, 40.0], &[4.0, 50.0]]);
    let drop = CsvOptions { drop_columns: vec!["gene*".into()], ..CsvOptions::default() };
    assert_eq!(rows(&read(TABLE, &drop).unwrap()), [[40.0], [50.0]]);
    let both = CsvOptions { drop_columns: vec!["#3".into()], ..columns(&["gene*"]) };
    assert_eq!(rows(&read(TABLE, &both).unwrap()), [[1.0, 3.0], [4.0, 6.0]]);
    // Text within a range is left out with its name; text that was named is a mistake.
    assert_eq!(read(TABLE, &columns(&["gene2..age"])).unwrap().form().unwrap().left_out, ["kind"]);
    assert!(read(TABLE, &columns(&["kind"])).unwrap_err().contains("line 2, column 5 (\"kind\") is \"x\""));
    let error = read(TABLE, &columns(&["gen2"])).unwrap_err();
    assert!(error.contains("did you mean \"gene2\"?"), "{error}");
    assert!(read(TABLE, &columns(&["protein*"])).unwrap_err().contains("no column matches \"protein*\""));
}

#[test]
fn a_typo_among_very_many_names_gives_the_nearest() {
    let wide = (0..20_000).map(|i| format!("gene{i}")).collect::<Vec<_>>().join(",");
    let text = format!("{wide},cell_type\n{},T\n", vec!["1"; 20_000].join(","));
    let options = CsvOptions { label_columns: vec!["cel_type".into()], ..CsvOptions::default() };
    let error = read(&text, &options).unwrap_err();
    assert!(error.ends_with("; did you mean \"cell_type\"?") && error.len() < 200, "{error}");
}

#[test]
fn names_of_rows_are_kept() {
    let ids = |text: &str, options: &CsvOptions| read(text, options).unwrap().annotations().ids.clone();
    let auto = CsvOptions::default();
    assert_eq!(ids(",a\nx 1,1\n\"y,2\",2\n", &auto).unwrap(), ["x 1", "y,2"]);
    assert_eq!(ids("barcode,a\nAAAC-1,1\nAAAG-1,2\n", &auto).unwrap(), ["AAAC-1", "AAAG-1"]);
    assert_eq!(ids("\"a\" \"b\"\n\"r1\" 1 2\n\"r2\" 3 4\n", &auto).unwrap(), ["r1", "r2"]);
    assert_eq!(ids("a,b\n1,2\n", &auto), None);
    let by = CsvOptions { index_column: IndexColumn::Column("name".into()), ..auto };
    assert_eq!(ids("a,name\n1,p\n2,q\n", &by).unwrap(), ["p", "q"]);
}

#[test]
fn several_columns_of_labels_in_the_order_asked_for() {
    let options = CsvOptions { label_columns: vec!["kind".into(), "#1".into()], ..columns(&["gene*"]) };
    let table = read(TABLE, &options).unwrap();
    let labels = &table.annotations().labels;
    assert_eq!(labels.iter().map(|labels| labels.name.as_str()).collect::<Vec<_>>(), ["kind", "id"]);
    assert_eq!((labels[0].of(1), labels[1].of(0)), (Some("y"), Some("A")));
    // A label may be missing, of a point that is not.
    let with = CsvOptions { label_columns: vec!["k".into()], ..CsvOptions::default() };
    let table = read("a,k\n1,x\n2,\n3,NA\n4,y\n", &with).unwrap();
    assert_eq!((table.labels().unwrap().missing(), table.labels().unwrap().of(3)), (2, Some("y")));
}

#[test]
fn tables_of_spreadsheets() {
    // Excel in most of Europe: a byte order mark, semicolons, decimal commas, both characters at the end of a line.
    let text = "\u{feff}name;width;note\r\nA;1,5;\"two\r\nlines\"\r\nB;-2,25e1;x\r\n";
    let comma = CsvOptions {
        decimal: Decimal::Comma,
        index_column: IndexColumn::Column("name".into()),
        ..CsvOptions::default()
    };
    let table = read(text, &comma).unwrap();
    assert_eq!(rows(&table), [[1.5], [-22.5]]);
    assert_eq!(table.form().unwrap().left_out, ["note"]);
    assert!(read("a;b\n1,5;2\n", &CsvOptions::default()).unwrap_err().contains("--decimal ,"));
    assert!(read("a;b\n1.5;2\n", &comma_only()).unwrap_err().contains("leave out --decimal"));
    // Without semicolons, commas do not separate then.
    assert_eq!(rows(&read("1,5 2\n3 4,25\n", &comma_only()).unwrap()), [[1.5, 2.0], [3.0, 4.25]]);
    // write.csv2 of R.
    assert_eq!(rows(&read("\"\";\"V1\"\n\"1\";0,5\n\"2\";7\n", &comma_only()).unwrap()), [[0.5], [7.0]]);
}

fn comma_only() -> CsvOptions {
    CsvOptions { decimal: Decimal::Comma, ..CsvOptions::default() }
}

#[test]
fn booleans_are_zero_and_one() {
    assert_eq!(rows(&read("a,b\nTrue,FALSE\nfalse,true\n", &CsvOptions::default()).unwrap()), [[1.0, 0.0], [0.0, 1.0]]);
    assert_eq!(rows(&read("True,1\nFalse,2\n", &CsvOptions::default()).unwrap()), [[1.0, 1.0], [0.0, 2.0]]);
}

#[test]
fn missing_values_are_an_error_or_dropped_or_filled() {
    // A column is what its first values say, also where the first point has none.
    let text = "id,a,b,k,t\nr0,,1,x,\nr1,2,NA,y,word\nr2,4,3,,\nr3,NaN,N/A,z,null\nr4,6,5,x,x\n";
    let with = |missing| CsvOptions { missing, label_columns: vec!["k".into()], ..CsvOptions::default() };
    let error = read(text, &with(Missing::Error)).unwrap_err();
    assert!(error.contains("line 2, column 2 (\"a\") is empty") && error.contains("--missing drop"), "{error}");
    let mean = read(text, &with(Missing::Mean)).unwrap();
    assert_eq!(rows(&mean), [[4.0, 1.0], [2.0, 3.0], [4.0, 3.0], [4.0, 3.0], [6.0, 5.0]]);
    assert_eq!(mean.form().unwrap().left_out, ["t"]);
    let drop = read(text, &with(Missing::Drop)).unwrap();
    assert_eq!(rows(&drop), [[4.0, 3.0], [6.0, 5.0]]);
    assert_eq!(drop.annotations().ids.as_deref().unwrap(), ["r2", "r4"]);
    let labels = drop.labels().unwrap();
    assert_eq!((labels.of(0), labels.of(1), labels.names.len()), (None, Some("x"), 1));
    assert!(read("a,b\n1,\n2,\n", &with_missing(Missing::Mean)).unwrap_err().contains("column \"b\" has no value"));
    assert!(read("a,b\n1,\n2,\n", &with_missing(Missing::Drop)).unwrap_err().contains("none is left"));
    assert!(read("a,b\n1,inf\n", &with_missing(Missing::Drop)).unwrap_err().contains("not finite"));
}

fn with_missing(missing: Missing) -> CsvOptions {
    CsvOptions { missing, ..CsvOptions::default() }
}

#[test]
fn a_table_of_genes_is_turned() {
    let text = "gene,cell1,cell2\ng1,1,2\ng2,3,\ng3,5,6\n";
    let turned = CsvOptions {
        transpose: true,
        missing: Missing::Mean,
        index_column: IndexColumn::Column("gene".into()),
        ..CsvOptions::default()
    };
    let table = read(text, &turned).unwrap();
    assert_eq!(rows(&table), [[1.0, 3.0, 5.0], [2.0, 3.0, 6.0]]);
    assert_eq!(table.annotations().ids.as_deref().unwrap(), ["cell1", "cell2"]);
    let drop = read(text, &CsvOptions { missing: Missing::Drop, ..turned.clone() }).unwrap();
    assert_eq!(
        (rows(&drop), drop.annotations().ids.as_deref().unwrap()),
        (vec![vec![1.0, 3.0, 5.0]], &["cell1".to_owned()][..])
    );
    let labels = CsvOptions { label_columns: vec!["cell1".into()], ..turned };
    assert!(read(text, &labels).unwrap_err().contains("--labels"));
}

#[test]
fn a_table_comes_through_a_pipe_and_goes_through_one() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let directory = Directory::new();
    let mut table = String::from(",a,b,kind\n");
    (0..40).for_each(|i| table += &format!("r{i},{}.5,{},k{}\n", i % 7, i % 5, i % 2));
    let pipe = |bytes: &[u8], arguments: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tsne"))
            .current_dir(directory.path(""))
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let flags = "--label-column kind --perplexity 5 --n-iter 5 --early-exaggeration-iter 5";
    let (_, map, report) = pipe(table.as_bytes(), &format!("embed - -o - {flags}"));
    assert!(map.starts_with("id,x,y,kind\nr0,") && map.lines().count() == 41, "{map}{report}");
    assert!(
        report.contains("40 points x 2 columns; header yes; index column \"\"; labels \"kind\", 2 kinds"),
        "{report}"
    );
    // The same map from the same bytes, packed; and as a table of tabs in a file.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(table.as_bytes()).unwrap();
    let (_, again, _) = pipe(&packed.finish().unwrap(), &format!("embed - -o - {flags}"));
    assert_eq!(again, map);
    pipe(table.as_bytes(), &format!("embed - -o y.tsv {flags}"));
    assert_eq!(String::from_utf8(directory.read("y.tsv")).unwrap(), map.replace(',', "\t"));
    let (done, _, error) = pipe(b"", "embed - -o y.csv");
    assert!(!done && error.starts_with("error: standard input: the file has no lines"), "{error}");
}

/// A class that is written as a number is a value like all others, but not in silence.
#[test]
fn numbers_that_look_like_classes_are_told() {
    let directory = Directory::new();
    let row = |i: usize| format!("{},{},{}\n", i * i % 31, i * 7 % 23, i % 4);
    directory.write("x.csv", "gene1,gene2,louvain\n".to_owned() + &(0..60).map(row).collect::<String>());
    let embed = "embed x.csv --perplexity 5 --n-iter 5 -o y.npy";
    let output = directory.tsne(embed);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("column \"louvain\" looks like classes") && stderr.contains("--label-column louvain"),
        "{stderr}"
    );
    let report = directory.json(embed);
    assert_eq!((report["d"].as_u64(), &report["input"]["like_labels"]), (Some(3), &serde_json::json!(["louvain"])));
    assert!(report["warnings"][0].as_str().unwrap().contains("louvain"), "{report}");
    for told in ["--label-column louvain", "--drop-columns louvain", "--columns gene1..louvain"] {
        let report = directory.json(&format!("{embed} {told}"));
        assert_eq!(report["warnings"], serde_json::json!([]), "{told}");
    }
}

/// Warnings name a column as its table does.
#[test]
fn a_column_of_another_unit_is_named() {
    let directory = Directory::new();
    let row = |i: usize| format!("{},{},{}\n", i * i % 31, i * 7 % 23, 1000 * (i * 5 % 17));
    directory.write("x.csv", "a,b,income\n".to_owned() + &(0..60).map(row).collect::<String>());
    let report = directory.json("embed x.csv --perplexity 5 --n-iter 5 -o y.npy");
    let warning = report["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("column \"income\" holds") && warning.contains("--standardize"), "{warning}");
}

#[test]
fn a_name_of_several_points_is_told() {
    let directory = Directory::new();
    let row = |i: usize| format!("p{},{},{}\n", i / 2, i * i % 31, i * 7 % 23);
    directory.write("x.csv", "id,a,b\n".to_owned() + &(0..60).map(row).collect::<String>());
    let report = directory.json("embed x.csv --perplexity 5 --n-iter 5 -o y.npy");
    assert!(report["warnings"][0].as_str().unwrap().contains("several points are called \"p0\""), "{report}");
}
