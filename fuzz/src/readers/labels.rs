//! Files of labels.

use super::{CONSTANT, bound, check_labels};
use crate::alive::bounded;
use crate::input::Input;
use crate::scratch::file;
use tsne_cli::input::Labels;

/// Labels of any bytes, or of any texts, which must read back.
pub(crate) fn labels(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(4) {
        0 => built(&mut input),
        1 => {
            let name = input.pick(&["l.txt.gz", "l.csv.gz", "l.tsv.zst", "l.npy", "l.csv", "l.tsv"]);
            let n = input.below(16);
            let bytes = input.rest();
            let is_packed = name.ends_with("gz") || name.ends_with("zst");
            let bound = if is_packed { 8 * CONSTANT + (1 << 27) * bytes.len().max(1) } else { bound(bytes.len()) };
            if let Ok(labels) = bounded(bound, || Labels::read(&file(name, bytes), n)) {
                check_labels(&labels, n);
            }
        }
        _ => lines(&mut input),
    }
}

/// One label per line of a text.
fn lines(input: &mut Input<'_>) {
    let n = input.below(16);
    let bytes = input.rest();
    let Ok(labels) = bounded(bound(bytes.len()), || Labels::read(&file("l.txt", bytes), n)) else { return };
    check_labels(&labels, n);
    assert!(!labels.names.is_empty() || n == 0, "not all are missing");
    let text = std::str::from_utf8(bytes).expect("what is no text is refused");
    let text = text.trim_start_matches('\u{feff}');
    // Returns end lines only where there is no line feed.
    let end = if text.contains('\n') { '\n' } else { '\r' };
    let lines: Vec<&str> = text.split(end).map(str::trim).filter(|line| !line.is_empty()).collect();
    // As many labels as lines, none of them between quotes: those.
    if lines.len() == n && !text.contains('"') {
        let expected = Labels::from_texts(&lines);
        assert_eq!(
            (&labels.codes, &labels.names, &labels.title),
            (&expected.codes, &expected.names, &None),
            "{text:?}"
        );
    }
    assert!(lines.len() <= n + 1, "{text:?}");
}

/// Texts, each between quotes, in a file of lines or a table of one column.
fn built(input: &mut Input<'_>) {
    let n = input.below(12) + 1;
    let texts: Vec<String> =
        (0..n).map(|_| input.text().chars().filter(|c| !matches!(c, '\n' | '\r')).collect()).collect();
    let name = input.pick(&["l.txt", "l.csv", "l.tsv"]);
    // A table may take its first line for the name of the column.
    let header = if name == "l.txt" { "" } else { "kind\n" };
    let lines: String = texts.iter().map(|text| format!("\"{}\"\n", text.replace('"', "\"\""))).collect();
    let path = file(name, format!("{header}{lines}"));
    let expected = Labels::from_texts(texts.iter().map(|text| if name == "l.txt" { text } else { text.trim() }));
    match Labels::read(&path, n) {
        Ok(labels) => {
            check_labels(&labels, n);
            for i in 0..n {
                assert_eq!(labels.of(i), expected.of(i), "{name}: {texts:?}");
            }
        }
        Err(error) => {
            // A first line that is a label, too, is no title.
            let is_label = name != "l.txt" && texts.iter().any(|text| text.trim() == "kind");
            assert!(expected.names.is_empty() || is_label, "{name}: {error:#}: {texts:?}");
        }
    }
}
