//! Parquet and Arrow: files of pandas, pyarrow and polars against what the script that wrote them says (`data/make_columnar.py`).

use crate::common::{Directory, clusters, rows_of};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tsne_cli::input::{CsvOptions, IndexColumn, InputOptions, Loaded, Missing, PointTable};

const N: usize = 24;
const D: usize = 6;

const FILES: [(&str, &[u8]); 10] = [
    ("pandas.parquet", include_bytes!("../data/pandas.parquet")),
    ("pandas.feather", include_bytes!("../data/pandas.feather")),
    ("gzip.parquet", include_bytes!("../data/gzip.parquet")),
    ("types.parquet", include_bytes!("../data/types.parquet")),
    ("types.arrows", include_bytes!("../data/types.arrows")),
    ("lists.parquet", include_bytes!("../data/lists.parquet")),
    ("fixed.parquet", include_bytes!("../data/fixed.parquet")),
    ("polars.parquet", include_bytes!("../data/polars.parquet")),
    ("polars.arrow", include_bytes!("../data/polars.arrow")),
    ("packed.arrow", include_bytes!("../data/packed.arrow")),
];

/// The directory with the files of the script.
fn directory() -> Directory {
    let directory = Directory::new();
    FILES.iter().for_each(|(name, bytes)| directory.write(name, bytes));
    directory
}

fn read(name: &str, options: CsvOptions) -> Result<Loaded<f32>, String> {
    let directory = directory();
    let options = InputOptions { table: options, ..InputOptions::default() };
    Loaded::read(&directory.path(name), &options).map_err(|error| format!("{error:#}"))
}

/// The value of row `i`, column `c`.
fn value(i: usize, c: usize) -> f64 {
    ((7 * i + 3 * c) % 11) as f64
}

fn expected() -> Vec<Vec<f64>> {
    (0..N).map(|i| (0..D).map(|c| value(i, c)).collect()).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn a_frame_of_pandas_is_what_its_csv_is() {
    let options = || CsvOptions { label_columns: texts(&["kind"]), ..CsvOptions::default() };
    for name in ["pandas.parquet", "pandas.feather", "gzip.parquet"] {
        let loaded = read(name, options()).unwrap();
        assert_eq!(rows_of(&loaded.points), expected(), "{name}");
        // Single precision is kept as it is.
        assert!(matches!(loaded.points, PointTable::Dense(_)), "{name}");
        let kinds = &loaded.annotations.labels[0];
        assert_eq!((kinds.name.as_str(), kinds.missing()), ("kind", 1), "{name}");
        assert!((0..N).all(|i| kinds.of(i) == (i != 1).then(|| ["b", "a", "c"][i % 3])), "{name}");
        let form = loaded.form.unwrap();
        assert_eq!(form.left_out, ["word", "when"], "{name}");
        assert_eq!(loaded.names.unwrap()[5], "gene5", "{name}");
        let ids = loaded.annotations.ids;
        if name == "gzip.parquet" {
            assert_eq!((ids, form.index_column), (None, None));
        } else {
            assert!((0..N).all(|i| ids.as_ref().unwrap()[i] == format!("cell{i}")), "{name}");
            // The index of the frame comes first, as in its CSV, and has no name, unless it became a column.
            let called = if name == "pandas.parquet" { "" } else { "index" };
            assert_eq!(form.index_column.as_deref(), Some(called), "{name}");
        }
    }
    let second = CsvOptions { columns: texts(&["#2..#3"]), ..CsvOptions::default() };
    assert_eq!(read("pandas.parquet", second).unwrap().names.unwrap(), ["gene0", "gene1"]);
}

#[test]
fn every_type_of_numbers() {
    for name in ["types.parquet", "types.arrows"] {
        let options = CsvOptions { drop_columns: texts(&["maybe", "f64", "d*"]), ..CsvOptions::default() };
        let loaded = read(name, options).unwrap();
        assert_eq!(loaded.form.unwrap().left_out, ["text", "none"]);
        let rows = rows_of(&loaded.points);
        for (i, row) in rows.iter().enumerate() {
            let x = i as f64;
            let signed = [-x, -x, -x, -x, x, x, x, x];
            let rest = [x / 2.0, x / 4.0, f64::from(u8::from(i % 2 == 0)), (i % 5) as f64];
            assert_eq!(row, &[&signed[..], &rest].concat(), "{name}, {i}");
        }
        // Tenths are what their digits say, in every type.
        let options = CsvOptions { columns: texts(&["f64", "d128", "d256"]), ..CsvOptions::default() };
        let loaded = read(name, options).unwrap();
        assert!(matches!(loaded.points, PointTable::Wide(_)));
        let tenths = |i: usize| format!("{}.{}", i / 10, i % 10).parse::<f64>().unwrap();
        assert!(rows_of(&loaded.points).iter().enumerate().all(|(i, row)| *row == [tenths(i); 3]), "{name}");
    }
}

#[test]
fn nulls_are_missing_values() {
    let options = |missing| CsvOptions { columns: texts(&["i8", "maybe"]), missing, ..CsvOptions::default() };
    for name in ["types.parquet", "types.arrows"] {
        let error = read(name, options(Missing::Error)).unwrap_err();
        assert!(error.contains("row 1, column 16 (\"maybe\") is empty: fill it in"), "{error}");
        let dropped = read(name, options(Missing::Drop)).unwrap();
        assert_eq!((dropped.points.n(), dropped.resolved.missing, dropped.resolved.dropped), (18, 6, 6));
        assert_eq!(rows_of(&dropped.points)[0], [-1.0, 1.0]);
        // Those that are there: all but 0, 4, 8, ..., 20.
        let mean = (0..N).filter(|i| i % 4 != 0).sum::<usize>() as f64 / 18.0;
        let filled = read(name, options(Missing::Mean)).unwrap();
        assert_eq!(rows_of(&filled.points)[4], [-4.0, mean]);
    }
}

#[test]
fn columns_are_named_and_mistaken_as_in_text() {
    let with = |columns: &[&str]| CsvOptions { columns: texts(columns), ..CsvOptions::default() };
    let error = |options| read("types.parquet", options).unwrap_err();
    assert!(error(with(&["i83"])).contains("did you mean \"i8\"?"), "{}", error(with(&["i83"])));
    assert!(error(with(&["text"])).contains("row 1, column 17 (\"text\") is \"t0\", not a number"));
    assert!(error(with(&["none"])).contains("values of the type null, which are no numbers"));
    let labels = CsvOptions { label_columns: texts(&["none"]), ..CsvOptions::default() };
    assert!(error(labels).contains("can neither label nor name points"));
    let by = CsvOptions { index_column: IndexColumn::Column("text".into()), ..with(&["u*"]) };
    let loaded = read("types.arrows", by).unwrap();
    assert_eq!((loaded.points.d(), loaded.annotations.ids.unwrap()[1].as_str()), (4, "t1"));
    let numbers = CsvOptions { label_columns: texts(&["codes", "f16", "d128"]), ..with(&["i8"]) };
    let labels = read("types.parquet", numbers).unwrap().annotations.labels;
    assert_eq!(labels[0].names, ["0", "1", "2", "3", "4"]);
    assert_eq!((labels[1].of(3), labels[2].of(3)), (Some("1.5"), Some("0.300")));
}

#[test]
fn lists_of_numbers_are_the_points() {
    for name in ["lists.parquet", "fixed.parquet", "polars.parquet", "polars.arrow"] {
        let loaded = read(name, CsvOptions::default()).unwrap();
        assert_eq!(rows_of(&loaded.points), expected(), "{name}");
        assert_eq!(loaded.part.as_deref(), Some("column \"embedding\" of lists"), "{name}");
        assert_eq!(loaded.form.unwrap().left_out, ["age", "topic"], "{name}");
        assert_eq!(loaded.annotations.ids.unwrap()[7], "doc7", "{name}");
        assert_eq!(loaded.names.unwrap()[2], "embedding[2]", "{name}");
        // Numbers that were asked for are the points instead, or beside the lists.
        let with = |columns: &[&str]| CsvOptions { columns: texts(columns), ..CsvOptions::default() };
        let ages = read(name, with(&["age"])).unwrap();
        assert!(rows_of(&ages.points).iter().enumerate().all(|(i, row)| *row == [i as f64]), "{name}");
        assert_eq!(read(name, with(&["embedding"])).unwrap().points.d(), D, "{name}");
        let both = read(name, with(&["age", "embedding"])).unwrap();
        assert_eq!(rows_of(&both.points)[3], [&[3.0], &expected()[3][..]].concat(), "{name}");
    }
}

#[test]
fn labels_of_a_table_of_their_own() {
    let directory = directory();
    // In another order, and without some: joined by the names of the rows.
    let rows = (0..N).rev().map(|i| format!("cell{i},{i},{}\n", i * i)).collect::<String>();
    directory.write("points.csv", format!("id,a,b\n{rows}"));
    let flags = "--label-column kind --perplexity 5 --n-iter 20 -o y.csv";
    let report = directory.json(&format!("embed points.csv --labels pandas.parquet {flags}"));
    assert_eq!(report["input"]["joined"], true);
    let map = String::from_utf8(directory.read("y.csv")).unwrap();
    assert!(map.lines().nth(1).unwrap().ends_with(",c") && map.lines().last().unwrap().ends_with(",b"), "{map}");
    assert!(map.lines().nth(N - 1).unwrap().ends_with(','), "{map}");
    let error = directory.tsne("embed points.csv --labels polars.arrow -o y.csv");
    let error = String::from_utf8(error.stderr).unwrap();
    assert!(error.contains("the table has 4 columns: name those that hold labels with --label-column"), "{error}");
    // In the order of the points, where the rows are named otherwise but nobody asks for names.
    let by_order = "embed points.csv --labels types.parquet --label-column codes --id-column none";
    directory.succeed(&format!("{by_order} --columns a,b --perplexity 5 --n-iter 20 -o y.csv -q"));
    let map = String::from_utf8(directory.read("y.csv")).unwrap();
    assert!(map.lines().nth(5).unwrap().ends_with(",4"), "{map}");
}

/// The rows of a map as another reader finds them.
fn map(directory: &Directory, name: &str) -> RecordBatch {
    let file = std::fs::File::open(directory.path(name)).unwrap();
    if name.ends_with("parquet") {
        let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        batches.next().unwrap().unwrap()
    } else {
        arrow_ipc::reader::FileReader::try_new(file, None).unwrap().next().unwrap().unwrap()
    }
}

#[test]
fn a_map_has_what_embedding_atlas_looks_for() {
    const N: usize = 90;
    let directory = Directory::new();
    let values = clusters(N, 4);
    let row = |(i, row): (usize, &[f64])| {
        let kind = if i == 4 { "" } else { ["ä", "b", "c"][i % 3] };
        format!("p{i},{},{kind},{:.2}\n", row.iter().map(f64::to_string).collect::<Vec<_>>().join(","), i as f64 / 8.0)
    };
    let rows = values.chunks(4).enumerate().map(row).collect::<String>();
    directory.write("points.csv", format!("id,a,b,c,d,neighbors,age\n{rows}"));
    let flags = "--label-column neighbors --label-column age --perplexity 10 --n-iter 50";
    directory.succeed(&format!("embed points.csv -o y.npy -q {flags}"));
    let (_, y) = crate::common::read_npy(&directory.read("y.npy"));
    for name in ["y.parquet", "y.arrow", "y.feather"] {
        directory.succeed(&format!("embed points.csv -o {name} -q {flags}"));
        let rows = map(&directory, name);
        let names: Vec<&String> = rows.schema_ref().fields().iter().map(|field| field.name()).collect();
        assert_eq!(names, ["id", "projection_x", "projection_y", "neighbors_label", "age", "neighbors"], "{name}");
        let x = rows.column(1).as_primitive::<Float32Type>();
        // The neighbors cost the map no bit.
        assert!((0..N).all(|i| x.value(i) == y[2 * i]), "{name}");
        assert!(rows.column(3).is_null(4) && !rows.column(3).is_null(5), "{name}");
        let neighbors = rows.column(5).as_struct();
        let (ids, distances) = (neighbors.column(0).as_list::<i32>(), neighbors.column(1).as_list::<i32>());
        for i in 0..N {
            let distance = |j: usize| {
                let pairs = values[4 * i..4 * i + 4].iter().zip(&values[4 * j..4 * j + 4]);
                pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
            };
            let (ids, distances) = (ids.value(i), distances.value(i));
            let ids = ids.as_primitive::<Int32Type>().values();
            let distances = distances.as_primitive::<Float32Type>().values();
            assert_eq!((ids.len(), distances.len(), ids[0] as usize, distances[0]), (15, 15, i, 0.0), "{name}");
            let mut all: Vec<f64> = (0..N).filter(|&j| j != i).map(distance).collect();
            all.sort_by(f64::total_cmp);
            for (rank, (&j, &given)) in ids.iter().zip(distances).enumerate().skip(1) {
                let right = all[rank - 1];
                assert!((f64::from(given) - right).abs() <= 1e-5 * right, "{name}, {i}, {rank}: {given} {right}");
                assert!((distance(j as usize) - right).abs() <= 1e-5 * right, "{name}, {i}, {rank}");
            }
        }
        // It is read as any other map, with its ids and labels.
        let read = tsne_cli::input::MapTable::read(&directory.path(name), &InputOptions::default()).unwrap();
        assert!((0..N).all(|i| read.table.rows().unwrap().row(i)[0] == f64::from(y[2 * i])), "{name}");
        assert_eq!(read.annotations.ids.unwrap()[8], "p8", "{name}");
        let labels = &read.annotations.labels;
        assert_eq!((labels[0].name.as_str(), labels[0].of(3), labels[0].of(4)), ("neighbors_label", Some("ä"), None));
        assert_eq!((labels[1].name.as_str(), labels[1].of(3)), ("age", Some("0.38")), "{name}");
        directory.succeed(&format!("plot {name} -o y.svg --color neighbors_label"));
        let score = directory.json(&format!("score points.csv {name} --columns a..d"));
        assert!(score["trustworthiness"].as_f64().unwrap() > 0.5, "{name}: {score}");
        directory.succeed(&format!("explore {name} -o y.html -q"));
    }
    for (components, names) in [(1, &["projection_x"][..]), (3, &["projection_x", "projection_y", "projection_z"])] {
        let flags = format!("{flags} --components {components} --float f64");
        directory.succeed(&format!("embed points.csv -o y.parquet -q {flags}"));
        let rows = map(&directory, "y.parquet");
        let fields = rows.schema_ref().fields();
        let found: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
        assert_eq!(found[1..=components], *names);
        assert_eq!(*fields[1].data_type(), arrow_schema::DataType::Float64);
    }
}

#[test]
fn neighbors_survive_an_interruption_and_other_maps_have_none() {
    let directory = Directory::new();
    let values = clusters(60, 4);
    directory.write("points.csv", crate::common::text(&values, 4, ","));
    let flags = "--perplexity 5 --n-iter 30 --checkpoint run.tsne --checkpoint-every 0";
    directory.succeed(&format!("embed points.csv -o whole.parquet -q {flags}"));
    // The last checkpoint is of the end, so what goes on is a fit that went further.
    directory.succeed("embed --continue run.tsne --n-iter 5 -o further.parquet -q");
    let neighbors = |name: &str| map(&directory, name).column_by_name("neighbors").cloned();
    assert_eq!(neighbors("further.parquet"), neighbors("whole.parquet"));
    directory.succeed("embed points.csv -o y.npy --save y.tsne -q --perplexity 5 --n-iter 30");
    directory.succeed("transform y.tsne points.csv -o new.parquet -q");
    assert!(neighbors("new.parquet").is_none());
}

/// Reads a file with these bytes; a panic would fail the test.
fn damaged(directory: &Directory, name: &str, bytes: &[u8]) -> bool {
    directory.write(name, bytes);
    let options = InputOptions {
        table: CsvOptions { missing: Missing::Mean, ..CsvOptions::default() },
        ..InputOptions::default()
    };
    Loaded::<f32>::read(&directory.path(name), &options).is_err()
}

#[test]
fn damaged_files_are_errors() {
    let directory = Directory::new();
    for (name, bytes) in &FILES {
        // A stream may end after any batch; a file says at its end what it has.
        let is_stream = name.ends_with("arrows");
        let lengths = (0..bytes.len()).step_by(if bytes.len() < 2048 { 1 } else { 29 });
        let whole = lengths.filter(|&length| !damaged(&directory, name, &bytes[..length])).count();
        assert!(whole <= if is_stream { 4 } else { 0 }, "{name}: {whole}");
    }
}

#[test]
fn flipped_bits_never_panic() {
    let directory = Directory::new();
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for (name, bytes) in &FILES {
        let mut errors = 0;
        for _ in 0..300 {
            let mut bytes = bytes.to_vec();
            for _ in 0..=random(3) {
                let place = random(bytes.len());
                bytes[place] ^= 1 << random(8);
            }
            errors += usize::from(damaged(&directory, name, &bytes));
        }
        assert!(errors > 0, "{name}");
    }
}

#[test]
fn from_a_pipe() {
    use std::process::{Command, Stdio};
    let directory = directory();
    for name in ["pandas.parquet", "polars.arrow", "types.arrows"] {
        let input = std::fs::File::open(directory.path(name)).unwrap();
        let flags = "embed - -o y.npy --perplexity 5 --n-iter 10 -q --missing mean --drop-columns maybe";
        let flags = if name == "types.arrows" { flags } else { flags.trim_end_matches(" --drop-columns maybe") };
        let output = Command::new(env!("CARGO_BIN_EXE_tsne"))
            .current_dir(directory.path(""))
            .args(flags.split(' '))
            .stdin(Stdio::from(input))
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_report_says_what_was_understood() {
    let directory = directory();
    let flags = "--perplexity 5 --n-iter 10 -o y.npy";
    let report = directory.succeed(&format!("embed polars.arrow {flags} --label-column topic"));
    let line = "24 points x 6 columns; column \"embedding\" of lists; index column \"id\"; labels \"topic\", 3 kinds; left out: \
                \"age\"";
    assert!(report.contains(line), "{report}");
    let report = directory.json(&format!("embed pandas.parquet {flags}"));
    assert_eq!((&report["input"]["header"], &report["input"]["typed"]), (&serde_json::Value::Null, &true.into()));
    let error = String::from_utf8(directory.tsne(&format!("embed pandas.parquet {flags} --header no")).stderr).unwrap();
    assert!(error.contains("leave out --header"), "{error}");
    directory.write("old.feather", b"FEA1 and so on");
    let error = String::from_utf8(directory.tsne(&format!("embed old.feather {flags}")).stderr).unwrap();
    assert!(error.contains("version 1 of Feather") && error.contains("to_feather"), "{error}");
    let error = String::from_utf8(directory.tsne(&format!("embed packed.arrow {flags}")).stderr).unwrap();
    assert!(error.contains("packed with Zstandard") && error.contains("lz4"), "{error}");
    directory.write("no.parquet", b"1,2\n3,4\n");
    let error = String::from_utf8(directory.tsne(&format!("embed no.parquet {flags}")).stderr).unwrap();
    assert!(error.contains("begins neither as Parquet nor as Arrow"), "{error}");
}

#[test]
fn lists_of_different_lengths_are_an_error() {
    use arrow_array::builder::{Float32Builder, ListBuilder};
    use std::sync::Arc;
    let table = |lengths: &[Option<usize>]| {
        let mut lists = ListBuilder::new(Float32Builder::new());
        for length in lengths {
            lists.append_option(length.map(|length| (0..length).map(|i| Some(i as f32))));
        }
        let column: arrow_array::ArrayRef = Arc::new(lists.finish());
        let batch = RecordBatch::try_from_iter([("v", column.clone()), ("w", column)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    };
    let directory = Directory::new();
    let read = |lengths: &[Option<usize>], options: CsvOptions| {
        directory.write("x.parquet", table(lengths));
        let options = InputOptions { table: options, ..InputOptions::default() };
        Loaded::<f32>::read(&directory.path("x.parquet"), &options).map_err(|error| format!("{error:#}"))
    };
    let one = || CsvOptions { drop_columns: texts(&["w"]), ..CsvOptions::default() };
    let error = |lengths: &[Option<usize>]| read(lengths, one()).unwrap_err();
    assert!(
        error(&[Some(2), Some(2), Some(3)])
            .contains("row 3, column \"v\" has a list of 3 numbers, but the first has 2")
    );
    assert!(error(&[Some(2), None]).contains("row 2, column 1 (\"v\") is empty"));
    assert!(error(&[Some(0)]).contains("is empty: a point has at least one value"));
    assert!(error(&[None, None]).contains("has no list in its first 2 rows"));
    assert!(error(&[]).contains("the table has no rows"));
    let error = read(&[Some(2)], CsvOptions::default()).unwrap_err();
    assert!(
        error.contains("columns \"v\" and \"w\" both hold lists of numbers: choose one with --columns v"),
        "{error}"
    );
    let drop = CsvOptions { missing: Missing::Drop, ..one() };
    assert_eq!(rows_of(&read(&[Some(2), None, Some(2)], drop).unwrap().points), [[0.0, 1.0], [0.0, 1.0]]);
}

/// Of what is stored by columns each process reads the values of its own points, from whatever groups of rows they are in, and the names
/// and labels of all; together it is what one process reads.
#[test]
fn members_read_their_own_rows() {
    use arrow_array::{ArrayRef, Float32Array, Float64Array, ListArray, StringArray};
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;
    const N: usize = 5_000;
    let number = |i: usize, c: usize| ((i * 31 + c * 17) % 1009) as f32 + 0.25;
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..N).map(|i| format!("cell {i}"))));
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values((0..N).map(|i| ["a", "b", "c"][i % 3])));
    let single = |c: usize| -> ArrayRef { Arc::new(Float32Array::from_iter_values((0..N).map(|i| number(i, c)))) };
    // Sorted, so that no process but one sees two of them: a warning of the whole all the same.
    let batches: ArrayRef = Arc::new(Float32Array::from_iter_values((0..N).map(|i| (i / 2_000) as f32)));
    let double: ArrayRef = Arc::new(Float64Array::from_iter_values((0..N).map(|i| 1e8 + f64::from(number(i, 1)))));
    let lists = (0..N).map(|i| Some((0..3).map(|c| Some(number(i, c))).collect::<Vec<_>>()));
    let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists));
    let tables = [
        vec![("index", names.clone()), ("x", single(0)), ("kind", kinds.clone()), ("y", single(1)), ("batch", batches)],
        vec![("x", single(0)), ("y", double), ("kind", kinds.clone())],
        vec![("index", names), ("vector", lists), ("kind", kinds)],
    ];
    let directory = Directory::new();
    for (t, columns) in tables.into_iter().enumerate() {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        // Groups of rows that are smaller than a share, larger, and no divisor of it.
        for group in [700, 4_096, N] {
            let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
            let mut bytes = Vec::new();
            let mut writer =
                parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            directory.write(&format!("{t}-{group}.parquet"), bytes);
        }
        let mut bytes = Vec::new();
        let mut writer = arrow_ipc::writer::FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
        for start in (0..N).step_by(900) {
            writer.write(&batch.slice(start, 900.min(N - start))).unwrap();
        }
        writer.finish().unwrap();
        drop(writer);
        directory.write(&format!("{t}.arrow"), bytes);
    }
    for name in directory.files() {
        let read = |share| {
            let table = CsvOptions { label_columns: texts(&["kind"]), ..CsvOptions::default() };
            let options = InputOptions { table, share, ..InputOptions::default() };
            Loaded::<f32>::read(&directory.path(&name), &options).unwrap()
        };
        let whole = read(None);
        for processes in [1, 2, 3, 7, 9] {
            let mut rows = Vec::new();
            let parts: Vec<Loaded<f32>> = (0..processes).map(|rank| read(Some((rank, processes)))).collect();
            let seal = parts[0].points.seal();
            for part in parts {
                assert_eq!((part.points.n(), part.points.d()), (N, whole.points.d()), "{name}");
                assert_eq!(part.points.seal(), seal, "{name}");
                assert_eq!(part.annotations, whole.annotations, "{name}");
                assert_eq!(part.form, whole.form, "{name}");
                assert!(matches!(part.points, PointTable::Own(_)), "{name} was read whole");
                rows.extend(rows_of(&part.points));
            }
            assert_eq!(rows, rows_of(&whole.points), "{name}, {processes} processes");
        }
        let suspects = whole.form.unwrap().like_labels;
        assert_eq!(suspects, if name.starts_with('0') { &["batch"][..] } else { &[] }, "{name}");
    }
    // Another file of this shape has another seal, and so has one whose first value is another.
    let seal = |name: &str| {
        let options = InputOptions { share: Some((0, 2)), ..InputOptions::default() };
        Loaded::<f32>::read(&directory.path(name), &options).unwrap().points.seal()
    };
    assert!(seal("0-700.parquet") != seal("0-4096.parquet") && seal("0-4096.parquet") != seal("0.arrow"));
    let mut bytes = directory.read("0.arrow");
    let first = number(0, 0).to_le_bytes();
    let at =
        bytes.windows(8).position(|found| found[..4] == first && found[4..] == number(1, 0).to_le_bytes()).unwrap();
    bytes[at] ^= 1;
    directory.write("changed.arrow", bytes);
    assert!(seal("0.arrow") != seal("changed.arrow"));
}

/// The end of a file says how many rows it has, and how many each group of them has: processes share them out by the former, and read the
/// latter.
#[test]
fn numbers_of_rows_that_contradict_each_other_are_damage() {
    use arrow_array::{ArrayRef, Float32Array};
    use std::sync::Arc;
    const N: usize = 5_000;
    let column: ArrayRef = Arc::new(Float32Array::from_iter_values((0..N).map(|i| i as f32)));
    let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    // Twice the number, the lowest seven bits first: the first time in the description of the file, then in that of a group.
    let end = bytes.len() - 8;
    let footer = end - u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
    let count = [0x90u8, 0x4e];
    assert_eq!(2 * N, 0x10 | 0x4e << 7);
    let at = footer + bytes[footer..].windows(2).position(|found| found == count).unwrap();
    let directory = Directory::new();
    for (change, rows) in [(0x8eu8, N - 1), (0x92, N + 1)] {
        bytes[at] = change;
        directory.write("x.parquet", &bytes);
        for share in [None, Some((0, 2)), Some((1, 2))] {
            let options = InputOptions { share, ..InputOptions::default() };
            let error = Loaded::<f32>::read(&directory.path("x.parquet"), &options).unwrap_err();
            let error = format!("{error:#}");
            let expected = format!("it has {rows} rows, but its groups have {N}");
            assert!(error.contains(&expected), "{share:?}: {error}");
        }
    }
}

/// What is wrong in a row is told by the number that it has in the file; a list of another length is, whichever process meets it first.
#[test]
fn members_name_rows_by_their_place_in_the_file() {
    use arrow_array::builder::{Float32Builder, ListBuilder};
    use arrow_array::{ArrayRef, Float32Array};
    use std::sync::Arc;
    const N: usize = 5_000;
    let numbers: ArrayRef = Arc::new(Float32Array::from_iter((0..N).map(|i| (i != N - 2).then_some(i as f32))));
    let mut lists = ListBuilder::new(Float32Builder::new());
    for i in 0..N {
        lists.append_value((0..if i == N - 2 { 3 } else { 2 }).map(|c| Some((i + c) as f32)));
    }
    let lists: ArrayRef = Arc::new(lists.finish());
    let directory = Directory::new();
    for (name, column) in [("null.parquet", numbers), ("long.parquet", lists)] {
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        directory.write(name, bytes);
        let read = |rank| {
            let options = InputOptions { share: Some((rank, 2)), ..InputOptions::default() };
            Loaded::<f32>::read(&directory.path(name), &options).map(|_| ()).map_err(|error| format!("{error:#}"))
        };
        read(0).unwrap();
        let error = read(1).unwrap_err();
        assert!(error.contains(&format!("row {}", N - 1)), "{name}: {error}");
    }
}

/// A stream in a file says at its end how many rows it has: it is planned when it has been read, also within a limit.
#[test]
fn a_stream_in_a_file_is_embedded_within_a_limit() {
    let directory = directory();
    let flags = "--missing mean --perplexity 5 --n-iter 10 --quiet --memory-limit";
    directory.succeed(&format!("embed types.arrows -o y.npy {flags} 1GB"));
    assert!(directory.files().contains(&"y.npy".to_owned()));
    directory.refuse(&format!("embed types.arrows -o z.npy {flags} 1kB"), "memory");
}
