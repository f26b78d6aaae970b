//! Tables as pandas, R, anndata and NumPy write them: header, names of rows and columns of text are what their writers
//! meant.

use crate::common::{Directory, clusters, text};
use tsne_cli::input::{CsvOptions, HeaderLine, IndexColumn, Table, TableForm};

/// What becomes of a table: its values, and what it was taken for.
fn read_with(text: &str, options: &CsvOptions) -> Result<(Vec<Vec<f64>>, TableForm), String> {
    let table = Table::<f64>::from_csv(text.as_bytes(), options).map_err(|error| format!("{error:#}"))?;
    let rows = table.rows().unwrap().iter().map(<[f64]>::to_vec).collect();
    Ok((rows, table.form().unwrap().clone()))
}

fn read(text: &str) -> Result<(Vec<Vec<f64>>, TableForm), String> {
    read_with(text, &CsvOptions::default())
}

#[track_caller]
fn check(text: &str, values: &[&[f64]], header: bool, index: Option<&str>) {
    let (rows, form) = read(text).unwrap();
    assert_eq!(rows, values, "{text}");
    assert_eq!((form.header, form.index_column.as_deref()), (header, index), "{text}");
}

#[test]
fn headers_of_names() {
    check("a,b\n1,2\n3,4\n", &[&[1.0, 2.0], &[3.0, 4.0]], true, None);
    check("1,2\n3,4\n", &[&[1.0, 2.0], &[3.0, 4.0]], false, None);
    check("# by NumPy\n1 2\n3 4\n", &[&[1.0, 2.0], &[3.0, 4.0]], false, None);
    // A text among numbers that count nothing is a mistake, not a name.
    assert!(read("x,2\n3,4\n").unwrap_err().contains("--header yes"));
    assert!(read("0,1,T\n5.5,3.5,T\n").unwrap_err().contains("line 1, column 3"));
}

#[test]
fn names_that_pandas_gives() {
    check("0,1\n1.5,2.5\n", &[&[1.5, 2.5]], true, None);
    check(",0,1\n0,1.5,2.5\n1,3,4\n", &[&[1.5, 2.5], &[3.0, 4.0]], true, Some(""));
    check(",a,b\n0,1.5,2.5\n", &[&[1.5, 2.5]], true, Some(""));
    check("index,0,1\nAAAC-1,1.5,2.5\n", &[&[1.5, 2.5]], true, Some("index"));
    check("Unnamed: 0,0,1\n0,1,2\n", &[&[1.0, 2.0]], true, Some("Unnamed: 0"));
    check(",0\n0,1\n1,2\n", &[&[1.0], &[2.0]], true, Some(""));
    // Whole numbers, too, if there are many columns; and a table of whole numbers in their order is no header.
    let names = (0..9).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    check(&format!("{names}\n5,5,5,5,5,5,5,5,5\n"), &[&[5.0; 9]], true, None);
    check("0,1\n2,3\n4,5\n", &[&[0.0, 1.0], &[2.0, 3.0], &[4.0, 5.0]], false, None);
    // Not among rankings, of which the first may be that of the columns.
    let ranking = "0,1,2,3,4,5,6,7,8\n8,7,6,5,4,3,2,1,0\n0,2,1,4,3,6,5,8,7\n";
    assert!(read(ranking).unwrap_err().contains("--header yes or --header no"));
    // Numbers from 1 are names if there are many, and else a point.
    check("1,2,3,4,5,6,7,8\n.5,.5,.5,.5,.5,.5,.5,.5\n", &[&[0.5; 8]], true, None);
    check("1,2,3\n0.5,0.2,0.1\n", &[&[1.0, 2.0, 3.0], &[0.5, 0.2, 0.1]], false, None);
    // Few whole numbers may be either.
    let error = read("0,1\n5,3\n").unwrap_err();
    assert!(error.contains("line 1 (0,1)") && error.contains("--header yes or --header no"), "{error}");
    let no = CsvOptions { header: HeaderLine::No, ..CsvOptions::default() };
    assert_eq!(read_with("0,1\n5,3\n", &no).unwrap().0, [[0.0, 1.0], [5.0, 3.0]]);
}

#[test]
fn tables_of_r() {
    // write.table: the header is one field short. write.csv, and col.names = NA: it has an empty one.
    let values: &[&[f64]] = &[&[1.5, 2.0], &[3.0, 4.0]];
    check("\"V1\" \"V2\"\n\"1\" 1.5 2\n\"2\" 3 4\n", values, true, Some(""));
    check("\"\" \"V1\" \"V2\"\n\"1\" 1.5 2\n\"2\" 3 4\n", values, true, Some(""));
    check("\"\",\"V1\",\"V2\"\n\"1\",1.5,2\n\"2\",3,4\n", values, true, Some(""));
    // A line that is one field short may be damaged, too.
    assert!(read("1,2\n3,4,5\n").unwrap_err().contains("line 2 has 3 fields"));
    check("1\t2\na\t1.5\t2\nb\t3\t4\n", values, true, Some(""));
}

#[test]
fn columns_of_text_are_labels_or_left_out() {
    let table = ",0,1,cell_type\nA,1.5,2.5,\"T, CD4\"\nB,3,4,B\nC,5,6,B\n";
    let (rows, form) = read(table).unwrap();
    assert_eq!(rows, [[1.5, 2.5], [3.0, 4.0], [5.0, 6.0]]);
    assert_eq!(form.left_out, ["cell_type"]);
    let labeled = CsvOptions { label_columns: vec!["cell_type".into()], ..CsvOptions::default() };
    let labels = Table::<f32>::from_csv(table.as_bytes(), &labeled).unwrap();
    assert_eq!(labels.labels().unwrap().names, ["B", "T, CD4"]);
    assert_eq!(labels.form().unwrap().left_out, [""; 0]);
    // Without an index column beside them, the numbers count all the same.
    let (rows, form) = read("0,1,cell_type\n1.5,2.5,T\n3,4,B\n").unwrap();
    assert_eq!((rows, form.header), (vec![vec![1.5, 2.5], vec![3.0, 4.0]], true));
    // A slip of the pen in the first point makes no column of text.
    let error = read("a,b\n1,x\n3,4\n5,6\n7,8\n").unwrap_err();
    assert!(error.contains("line 2, column 2") && error.contains("3 of 4 lines"), "{error}");
}

#[test]
fn the_index_column_can_be_chosen() {
    let with = |column: IndexColumn| CsvOptions { index_column: column, ..CsvOptions::default() };
    let table = ",a,b\n7,1,2\n8,3,4\n";
    assert_eq!(read_with(table, &with(IndexColumn::None)).unwrap().0, [[7.0, 1.0, 2.0], [8.0, 3.0, 4.0]]);
    let (rows, form) = read_with(table, &with(IndexColumn::Column("b".into()))).unwrap();
    assert_eq!((rows, form.index_column.as_deref()), (vec![vec![7.0, 1.0], vec![8.0, 3.0]], Some("b")));
}

#[test]
fn columns_go_by_name_or_number() {
    let drop = |table: &str, column: &str| {
        read_with(table, &CsvOptions { drop_columns: vec![column.into()], ..CsvOptions::default() })
    };
    let table = ",0,1,2\n9,1.5,2.5,3.5\n";
    // Number 1 is the column of row names, and 1 is the name of the third: neither is guessed.
    let error = drop(table, "1").unwrap_err();
    assert!(error.contains("'#3'") && error.contains("'#1'"), "{error}");
    assert_eq!(drop(table, "#3").unwrap().0, [[1.5, 3.5]]);
    assert_eq!(drop(table, "0").unwrap().0, [[2.5, 3.5]]);
    assert_eq!(drop("a,b,c\n1,2,3\n", "2").unwrap().0, [[1.0, 3.0]]);
    assert_eq!(drop("a,b,c\n1,2,3\n", "c").unwrap().0, [[1.0, 2.0]]);
    assert!(drop("a,b,a\n1,2,3\n", "a").unwrap_err().contains("'#1' or '#3'"));
    // What a message advises does what it says.
    let error = read("0,1,2\n1.5,2.5,3.5\n1,,3\n").unwrap_err();
    assert!(error.contains("line 3, column 2") && error.contains("--drop-columns '#2'"), "{error}");
    assert_eq!(drop("0,1,2\n1.5,2.5,3.5\n1,,3\n", "#2").unwrap().0, [[1.5, 3.5], [1.0, 3.0]]);
    // Of very many names only some are shown.
    let wide = (0..20_000).map(|i| format!("gene{i}")).collect::<Vec<_>>().join(",");
    let error = drop(&format!("{wide}\n{}\n", vec!["1"; 20_000].join(",")), "gone").unwrap_err();
    assert!(error.len() < 300, "{error}");
}

#[test]
fn the_report_says_what_was_understood() {
    let directory = Directory::new();
    let mut table = String::from(",a,b,c,kind,note\n");
    for (i, line) in text(&clusters(60, 3), 3, ",").lines().enumerate() {
        table += &format!("r{i},{line},{},x\n", ["p", "q"][i % 2]);
    }
    directory.write("x.csv", table);
    let flags = "embed x.csv -o y.npy --perplexity 5 --n-iter 2 --early-exaggeration-iter 2 --label-column kind";
    let words = directory.succeed(flags);
    let line =
        "60 points x 3 columns; header yes; index column \"\"; labels \"kind\", 2 kinds; text left out: \"note\"";
    assert!(words.contains(line), "{words}");
    let report = directory.json(flags);
    let input = &report["input"];
    assert_eq!((input["header"].as_bool(), input["index_column"].as_str()), (Some(true), Some("")));
    assert_eq!((input["labels"]["kinds"].as_u64(), input["left_out"][0].as_str()), (Some(2), Some("note")));
    // Of an array there is nothing to understand.
    let report = directory.json("score x.csv y.npy --kl no");
    assert_eq!(report["d"].as_u64(), Some(3));
    assert!(report["input"]["labels"].is_null(), "{report}");
}
