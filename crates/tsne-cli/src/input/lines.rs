//! Lines of text, none longer than a limit.

use super::line_ends::LineEnds;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, Read};

/// The longest line that is read, in bytes: a label or an entry of a matrix takes a thousandth of it.
const MAX_LINE: u64 = 1 << 20;

/// Calls `visit` with the number (from 1) and the text of every line that is not blank, without its end.
pub(crate) fn for_each_line(read: impl BufRead, mut visit: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let mut read = LineEnds::new(read).context("cannot read line 1")?;
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        number += 1;
        let mut limited = read.by_ref().take(MAX_LINE);
        if limited.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read line {number}"))? == 0 {
            return Ok(());
        }
        ensure!(
            bytes.ends_with(b"\n") || (bytes.len() as u64) < MAX_LINE,
            "line {number} is longer than {MAX_LINE} bytes: this is no such file, or its line ends are lost"
        );
        let Ok(line) = std::str::from_utf8(&bytes) else {
            bail!("line {number} is not UTF-8 text: convert the file, or pass an .npy file by that extension")
        };
        let line = if number == 1 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_end_matches(['\n', '\r']);
        if !line.trim().is_empty() {
            visit(number, line)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_are_counted_and_blank_ones_skipped() {
        let mut found = Vec::new();
        for_each_line("\u{feff}a\r\n\n  \nb".as_bytes(), |number, line| {
            found.push((number, line.to_owned()));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [(1, "a".into()), (4, "b".into())]);
        found.clear();
        for_each_line("a\r\rb\r".as_bytes(), |number, line| {
            found.push((number, line.to_owned()));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [(1, "a".into()), (3, "b".into())]);
    }

    #[test]
    fn a_line_without_end_is_an_error() {
        let endless = BufReader::new(std::io::repeat(b'1'));
        let error = for_each_line(endless, |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("line 1 is longer"), "{error}");
    }
}
