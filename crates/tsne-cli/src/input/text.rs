//! Lines of delimited text: which character separates the fields, and the fields of one line.

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The size of the buffer between file and parser: larger ones did not read faster.
const BUFFER: usize = 1 << 18;

/// Opens a text file, decompressing it if its name ends in `.gz`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).context("cannot open")?;
    let compressed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let read: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::with_capacity(BUFFER, read)))
}

/// Calls `visit` with the number (from 1) and the text of every line that is not blank, without its end.
pub(crate) fn for_each_line(mut read: impl BufRead, mut visit: impl FnMut(u64, &str) -> Result<()>) -> Result<()> {
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        number += 1;
        if read.read_until(b'\n', &mut bytes).with_context(|| format!("cannot read line {number}"))? == 0 {
            return Ok(());
        }
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

/// What separates the fields of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// One character.
    Character(char),
    /// Any run of white space.
    Whitespace,
}

impl Delimiter {
    /// The delimiter of a file, from its first line: a tab, semicolon or comma outside of quotes, in this order; else
    /// white space. A file with decimal commas is thus found out by its semicolons, not cut at the commas.
    pub(crate) fn detect(line: &str) -> Self {
        let mut quoted = false;
        let mut seen = [false; 3];
        for character in line.chars() {
            match character {
                '"' => quoted = !quoted,
                '\t' if !quoted => seen[0] = true,
                ';' if !quoted => seen[1] = true,
                ',' if !quoted => seen[2] = true,
                _ => {}
            }
        }
        match seen {
            [true, _, _] => Self::Character('\t'),
            [_, true, _] => Self::Character(';'),
            [_, _, true] => Self::Character(','),
            _ => Self::Whitespace,
        }
    }
}

/// The fields of one line, trimmed. Quotes protect delimiters; two quotes within quotes stand for one.
pub(crate) fn fields(line: &str, delimiter: Delimiter) -> Fields<'_> {
    Fields { rest: Some(line), delimiter }
}

/// The iterator behind [`fields`]; `None` in place of a field whose quote does not close on its line.
pub(crate) struct Fields<'a> {
    rest: Option<&'a str>,
    delimiter: Delimiter,
}

impl<'a> Fields<'a> {
    fn quoted(&mut self, text: &'a str) -> Option<Cow<'a, str>> {
        // `text` begins after the opening quote.
        let mut value = Cow::Borrowed("");
        let mut rest = text;
        loop {
            let (part, after) = rest.split_once('"')?;
            value += part;
            match after.strip_prefix('"') {
                Some(after) => {
                    value += "\"";
                    rest = after;
                }
                None => {
                    let after = after.trim_start_matches([' ', '\r']);
                    self.rest = match self.delimiter {
                        Delimiter::Whitespace => Some(after),
                        Delimiter::Character(_) if after.is_empty() => None,
                        Delimiter::Character(c) => Some(after.strip_prefix(c)?),
                    };
                    return Some(value);
                }
            }
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        // A tab may be the delimiter, so only blanks are skipped before a quote.
        let start = match self.delimiter {
            Delimiter::Whitespace => rest.trim_start(),
            Delimiter::Character(_) => rest.trim_start_matches(' '),
        };
        if let Some(text) = start.strip_prefix('"') {
            return Some(self.quoted(text));
        }
        let (field, after) = match self.delimiter {
            Delimiter::Whitespace if start.is_empty() => return None,
            Delimiter::Whitespace => match start.split_once(char::is_whitespace) {
                Some((field, after)) => (field, Some(after)),
                None => (start, None),
            },
            Delimiter::Character(c) => match start.split_once(c) {
                Some((field, after)) => (field, Some(after)),
                None => (start, None),
            },
        };
        self.rest = after;
        Some(Some(Cow::Borrowed(field.trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, delimiter: Delimiter, expected: &[&str]) {
        assert_eq!(Delimiter::detect(line), delimiter);
        let found: Vec<_> = fields(line, delimiter).map(|field| field.unwrap().into_owned()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn delimiters_and_quotes() {
        check("1,2, 3", Delimiter::Character(','), &["1", "2", "3"]);
        check("1\t\"a,b\"\t3", Delimiter::Character('\t'), &["1", "a,b", "3"]);
        check("1,5;2,5", Delimiter::Character(';'), &["1,5", "2,5"]);
        check("  1  2\t3 ", Delimiter::Character('\t'), &["1  2", "3"]);
        check("  1   2 ", Delimiter::Whitespace, &["1", "2"]);
        check("\"say \"\"no\"\"\" ,2", Delimiter::Character(','), &["say \"no\"", "2"]);
        check("\"two words\" 3", Delimiter::Whitespace, &["two words", "3"]);
        check(",", Delimiter::Character(','), &["", ""]);
        check("1,\"\"", Delimiter::Character(','), &["1", ""]);
    }

    #[test]
    fn open_quotes_are_reported() {
        assert_eq!(fields("1,\"2", Delimiter::Character(',')).last(), Some(None));
        assert_eq!(fields("\"1\"2,3", Delimiter::Character(',')).next(), Some(None));
    }
}
