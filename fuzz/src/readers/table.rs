//! Tables of delimited text.

use super::maps::Map;
use super::{CONSTANT, bound, check, check_labels, options, read_both, same_points};
use crate::alive::bounded;
use crate::input::Input;
use crate::scratch::file;
use tsne_cli::input::{
    Annotations, CsvOptions, Decimal, HeaderLine, IndexColumn, InputOptions, Labels, Loaded, MapTable, Missing,
    PointTable, Table,
};
use tsne_cli::output::Format;

/// A table of any text, of any values and labels, which must read back, or a map.
pub(crate) fn table(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(8) {
        0 => packed(&mut input),
        1 => map(&mut input),
        2 => built(&mut input),
        3 => Map::<f64, 2>::of(&mut input).round_trip(Format::Csv, "y.csv"),
        4 => Map::<f32, 3>::of(&mut input).round_trip(Format::Tsv, "y.tsv"),
        _ => raw(&mut input),
    }
}

/// Text as it is, without a file.
fn raw(input: &mut Input<'_>) {
    let options = options(input);
    let text = input.rest();
    let read = || PointTable::<f64>::from_csv(text, &options.table).map(Loaded::from);
    let Ok(loaded) = bounded(bound(text.len()), read) else { return };
    check(&loaded, &options);
    if let Ok(single) = PointTable::<f32>::from_csv(text, &options.table).map(Loaded::from) {
        check(&single, &options);
        same_points(&loaded, &single);
    }
    ends_of_lines(text, &options.table, &loaded);
    again(&loaded);
}

/// Line ends of another system change nothing, but within quotes.
fn ends_of_lines(text: &[u8], options: &CsvOptions, loaded: &Loaded<f64>) {
    if text.contains(&b'"') || text.contains(&b'\r') {
        return;
    }
    let mut with_returns = Vec::new();
    for &byte in text {
        with_returns.extend((byte == b'\n').then_some(b'\r'));
        with_returns.push(byte);
    }
    let other = PointTable::<f64>::from_csv(&*with_returns, options).map(Loaded::from);
    assert_eq!(&other.expect("line ends do not matter"), loaded);
}

/// A table with what was read of another is read as the same.
fn again(loaded: &Loaded<f64>) {
    let PointTable::Dense(values) = &loaded.points else { panic!("double precision holds all values") };
    let Annotations { ids, labels } = &loaded.annotations;
    let mut text = String::from("row");
    text.extend((0..values.d()).map(|c| format!(",v{c}")));
    text.extend((0..labels.len()).map(|c| format!(",l{c}")));
    for (i, row) in values.rows().unwrap().iter().enumerate() {
        text += "\n";
        text += &quoted(ids.as_ref().map_or("", |ids| &ids[i]));
        text.extend(row.iter().map(|value| format!(",{value:?}")));
        text.extend(labels.iter().map(|labels| format!(",{}", quoted(labels.of(i).unwrap_or_default()))));
    }
    let options = CsvOptions {
        header: HeaderLine::Yes,
        index_column: IndexColumn::Column("row".into()),
        label_columns: (0..labels.len()).map(|c| format!("l{c}")).collect(),
        label_type: labels.first().map(|labels| labels.label_type).unwrap_or_default(),
        ..CsvOptions::default()
    };
    let table = Table::<f64>::from_csv(text.as_bytes(), &options).unwrap_or_else(|error| panic!("{error:#}: {text}"));
    let bits = |table: &Table<f64>| table.rows().unwrap().iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&table), bits(values), "{text}");
    if let Some(ids) = ids {
        assert_eq!(table.annotations().ids.as_ref(), Some(ids), "{text}");
    }
    for (found, expected) in table.annotations().labels.iter().zip(labels) {
        assert_eq!((&found.codes, &found.names), (&expected.codes, &expected.names), "{text}");
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Values, labels and ids by the delimiter and the decimal sign at hand.
fn built(input: &mut Input<'_>) {
    let (n, d) = (input.below(8) + 1, input.below(6) + 1);
    let decimal = if input.flag() { Decimal::Comma } else { Decimal::Point };
    let delimiter =
        if decimal == Decimal::Comma { input.pick(&[";", "\t"]) } else { input.pick(&[",", ";", "\t", "|"]) };
    let missing = input.pick(&[Missing::Error, Missing::Drop, Missing::Mean]);
    let values: Vec<Option<f64>> = (0..n * d)
        .map(|_| {
            let value = input.number();
            (missing == Missing::Error || input.below(8) > 0).then_some(value)
        })
        .collect();
    let kinds: Vec<String> = (0..input.below(3) + 1).map(|_| input.text()).collect();
    let labels: Vec<&String> = (0..n).map(|_| &kinds[input.below(kinds.len())]).collect();
    let mut text: String = (0..d).map(|c| format!("v{c}{delimiter}")).collect();
    text += "kind\n";
    for (row, label) in values.chunks(d).zip(&labels) {
        for value in row {
            let written = value.map(|value| format!("{value:?}")).unwrap_or_default();
            text += &if decimal == Decimal::Comma { written.replace('.', ",") } else { written };
            text += delimiter;
        }
        text += &quoted(label);
        text += input.pick(&["\n", "\r\n"]);
    }
    let options = CsvOptions { label_columns: vec!["kind".into()], decimal, missing, ..CsvOptions::default() };
    let table = Table::<f64>::from_csv(text.as_bytes(), &options);
    let whole = |i: usize| values[i * d..(i + 1) * d].iter().all(Option::is_some);
    let kept: Vec<usize> = (0..n).filter(|&i| missing != Missing::Drop || whole(i)).collect();
    let filled = |c: usize| (0..n).any(|i| values[i * d + c].is_some());
    let is_table = !kept.is_empty() && (missing != Missing::Mean || (0..d).all(filled));
    assert!(!is_table || table.is_ok(), "{:#}: {text:?}", table.unwrap_err());
    let Ok(table) = table else { return };
    assert!(is_table, "{text:?}");
    let rows = table.rows().unwrap();
    assert_eq!((rows.n(), rows.d()), (kept.len(), d), "{text:?}");
    assert!(rows.iter().flatten().all(|value| value.is_finite()), "{text:?}");
    for (row, &i) in rows.iter().zip(&kept) {
        for (c, value) in row.iter().enumerate().filter(|(c, _)| values[i * d + c].is_some()) {
            assert_eq!(Some(value.to_bits()), values[i * d + c].map(f64::to_bits), "{text:?}");
        }
    }
    let found = table.labels().unwrap();
    check_labels(found, kept.len());
    let wanted = Labels::from_texts(labels.iter().map(|label| label.trim()));
    for (point, &i) in kept.iter().enumerate() {
        assert_eq!(found.of(point), wanted.of(i), "{text:?}");
    }
}

/// A file that may be packed.
fn packed(input: &mut Input<'_>) {
    let name = input.pick(&["x.csv", "x.tsv", "x.txt", "x.csv.gz", "x.tsv.zst", "x.data"]);
    let options = options(input);
    let bytes = input.rest();
    let is_packed = name.ends_with("gz") || name.ends_with("zst");
    // A frame of Zstandard may ask for a window of 8 MiB, and repeat a byte 128 KiB long.
    let bound = if is_packed { 8 * CONSTANT + (1 << 27) * bytes.len().max(1) } else { bound(bytes.len()) };
    read_both(&file(name, bytes), &options, bytes.len(), bound);
}

/// Text as a map.
fn map(input: &mut Input<'_>) {
    let options = options(input);
    let bytes = input.rest();
    let path = file("y.csv", bytes);
    let options = InputOptions { layer: None, obsm: None, raw: false, neighbors_key: None, ..options };
    let Ok(MapTable { table, annotations, .. }) = bounded(4 * bound(bytes.len()), || MapTable::read(&path, &options))
    else {
        return;
    };
    assert!(table.n() > 0 && (1..=3).contains(&table.d()));
    assert!(annotations.ids.as_ref().is_none_or(|ids| ids.len() == table.n()));
    annotations.labels.iter().for_each(|labels| check_labels(labels, table.n()));
}
