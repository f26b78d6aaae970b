//! Readers on any bytes: a value or an error, never a panic; and what was written reads back.

use crate::common::{Directory, npy};
use npyz::Order;
use proptest::collection::vec;
use proptest::prelude::*;
use tsne_cli::input::{CsvOptions, HeaderLine, IndexColumn, InputOptions, Labels, Loaded, Table, read_parameters};
use tsne_cli::output::Format;

/// A file of every format that begins as it should.
const BEGINNINGS: [(&str, &[u8]); 11] = [
    ("x.npy", b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }    \n"),
    ("x.npz", b"PK\x03\x04"),
    ("x.mtx", b"%%MatrixMarket matrix coordinate real symmetric\n3 3 2\n1 1 1\n"),
    ("x.mtx.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    ("x.npy.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    ("x.csv.zst", b"\x28\xb5\x2f\xfd\x00\x50"),
    ("x.h5ad", b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00"),
    ("x.csv", b",a,b\n0,1,2\n"),
    ("x.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    ("x.tsv", b"\"a\"\t\"b\"\n"),
    ("x.txt", b"1 2\n"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), text in "[-0-9.,;#\"\t\r\n aeN:]{0,80}") {
        let directory = Directory::new();
        for (name, beginning) in BEGINNINGS {
            for rest in [&bytes[..], text.as_bytes()] {
                for start in [beginning, b""] {
                    directory.write(name, [start, rest].concat());
                    let path = directory.path(name);
                    let _ = Loaded::<f32>::read(&path, &InputOptions::default());
                    let _ = Loaded::<f64>::read(&path, &InputOptions::default());
                    let _ = Labels::read(&path, 2);
                    let _ = read_parameters(&path);
                }
            }
        }
    }

    #[test]
    fn a_table_of_text_reads_back(
        values in vec(vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 3), 1..20),
        labels in vec("[a-z ,;\"é]{1,8}[a-z]|na|null", 20),
        delimiter in prop::sample::select(vec![",", ";", "\t"]),
        index in any::<bool>(),
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut text = if index { delimiter.to_owned() } else { String::new() };
        text += &["a", "b", "kind", "c"].join(delimiter);
        for (i, (row, label)) in values.iter().zip(&labels).enumerate() {
            text += if index { format!("\n{i}{delimiter}") } else { "\n".into() }.as_str();
            text += &[row[0].to_string(), row[1].to_string(), quoted(label), row[2].to_string()].join(delimiter);
        }
        let options = CsvOptions { label_columns: vec!["kind".into()], ..CsvOptions::default() };
        let table = Table::<f32>::from_csv(text.as_bytes(), &options).unwrap();
        let found: Vec<Vec<f32>> = table.rows().unwrap().iter().map(<[f32]>::to_vec).collect();
        prop_assert_eq!(&found, &values);
        prop_assert_eq!(table.form().unwrap().index_column.is_some(), index);
        let found = table.labels().unwrap();
        let names: Vec<Option<&str>> = (0..values.len()).map(|point| found.of(point)).collect();
        // A kind that is called "na" is one that is missing.
        let missing = ["na", "nan", "null"];
        let expected: Vec<Option<&str>> =
            labels[..values.len()].iter().map(|label| Some(label.trim()).filter(|label| !missing.contains(label))).collect();
        prop_assert_eq!(names, expected);
    }

    #[test]
    fn a_map_reads_back(y in vec(any::<[f64; 3]>().prop_filter("finite", |p| p.iter().all(|x| x.is_finite())), 1..20)) {
        let directory = Directory::new();
        for (name, format) in [("y.npy", Format::Npy), ("y.csv", Format::Csv)] {
            directory.write(name, format.encode(&y).unwrap());
            let table = Table::<f64>::read(&directory.path(name), &CsvOptions::default()).unwrap();
            let found: Vec<f64> = table.rows().unwrap().iter().flatten().copied().collect();
            prop_assert_eq!(&found[..], y.as_flattened());
        }
    }

    #[test]
    fn headers_and_selectors_of_any_text(
        text in "[-0-9,\n ab\"]{0,60}",
        column in "#?[0-9ab]{0,2}",
        header in prop::sample::select(vec![HeaderLine::Auto, HeaderLine::Yes, HeaderLine::No]),
    ) {
        let options = CsvOptions {
            header,
            index_column: IndexColumn::Column(column.clone()),
            label_columns: vec![column.clone()],
            columns: if text.len() % 2 == 0 { vec![column.clone()] } else { Vec::new() },
            drop_columns: vec![column],
            ..CsvOptions::default()
        };
        let _ = Table::<f64>::from_csv(text.as_bytes(), &options);
    }

    #[test]
    fn one_changed_byte_of_an_array_is_read_or_refused(at in 0usize..200, byte in any::<u8>()) {
        let directory = Directory::new();
        let mut bytes = npy((0..12).map(f64::from), &[4, 3], Order::C);
        let at = at % bytes.len();
        bytes[at] = byte;
        directory.write("x.npy", bytes);
        if let Ok(table) = Table::<f32>::read(&directory.path("x.npy"), &CsvOptions::default()) {
            prop_assert!(table.n() * table.d() * 8 <= 96);
        }
    }
}
