//! Records of delimited text, none longer than a limit.

use crate::input::line_ends::LineEnds;
use crate::input::table::{Decimal, Place, Record};
use anyhow::{Context, Result, bail};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use std::io::{BufRead, Chain, Cursor, Read};
use tsne::core::memory;

/// The longest record, in bytes. Three million numbers of 20 digits have room in it.
pub(in crate::input) const MAX_RECORD: usize = 1 << 26;

/// The most fields of a record, empty ones of aligned columns included.
const MAX_FIELDS: usize = 1 << 22;

/// Bytes in which the first record is looked for, to find the delimiter in it.
const SNIFFED: usize = 1 << 16;

/// How some programs begin a text in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What separates the fields of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One character.
    Character(u8),
    /// Any run of blanks.
    Blanks,
}

impl Delimiter {
    /// The delimiter of a file, from its first line: a tab, semicolon, comma or vertical bar outside of quotes, in this order;
    /// else blanks. A file with decimal commas is thus found out by its semicolons, not cut at the commas.
    pub(super) fn detect(line: &[u8], decimal: Decimal) -> Self {
        let mut quoted = false;
        let mut seen = [false; 4];
        for byte in line {
            match byte {
                b'"' => quoted = !quoted,
                b'\t' if !quoted => seen[0] = true,
                b';' if !quoted => seen[1] = true,
                b',' if !quoted && decimal == Decimal::Point => seen[2] = true,
                b'|' if !quoted => seen[3] = true,
                _ => {}
            }
        }
        match seen {
            [true, ..] => Self::Character(b'\t'),
            [_, true, ..] => Self::Character(b';'),
            [_, _, true, _] => Self::Character(b','),
            [.., true] => Self::Character(b'|'),
            _ => Self::Blanks,
        }
    }
}

/// The records of a text, which it is asked for one by one. Lines from `#` on, as NumPy writes comments, and blank ones are
/// skipped.
pub(super) struct Records<R> {
    read: Chain<Cursor<Vec<u8>>, LineEnds<R>>,
    parser: Reader,
    delimiter: Delimiter,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: BufRead> Records<R> {
    /// The records of a table; unless blanks separate fields, a tab does where no other character is found.
    pub(super) fn new(read: R, blanks_separate: bool, decimal: Decimal) -> Result<Self> {
        let mut read = LineEnds::new(read).context("cannot read line 1")?;
        let mut sniffed = Vec::new();
        let delimiter = loop {
            let chunk = read.fill_buf().context("cannot read line 1")?;
            let (complete, take) = (chunk.is_empty(), chunk.len().min(SNIFFED));
            sniffed.extend_from_slice(&chunk[..take]);
            read.consume(take);
            let complete = complete || sniffed.len() >= SNIFFED;
            if let Some(line) = first_line(sniffed.strip_prefix(BOM).unwrap_or(&sniffed), complete) {
                break Delimiter::detect(line, decimal);
            }
        };
        let delimiter = match delimiter {
            Delimiter::Blanks if !blanks_separate => Delimiter::Character(b'\t'),
            delimiter => delimiter,
        };
        if sniffed.starts_with(BOM) {
            sniffed.drain(..BOM.len());
        }
        let separator = match delimiter {
            Delimiter::Character(character) => character,
            Delimiter::Blanks => b' ',
        };
        let mut parser = ReaderBuilder::new();
        parser.delimiter(separator).comment(Some(b'#')).terminator(Terminator::Any(b'\n'));
        let read = Cursor::new(sniffed).chain(read);
        Ok(Self { read, parser: parser.build(), delimiter, text: vec![0; 1024], ends: vec![0; 64] })
    }

    /// Reads the next record into `record`; `false` after the last one.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            let Some(Filled { length, fields, closed, is_quoted }) = self.fill()? else { return Ok(false) };
            record.ends.clear();
            record.ends.extend_from_slice(&self.ends[..fields]);
            let text = &self.text[..length];
            // The other half of a line end.
            let text = if text.ends_with(b"\r") { &text[..length - 1] } else { text };
            record.ends.iter_mut().for_each(|end| *end = (*end).min(text.len()));
            let within = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
            record.place = Place::Line((self.parser.line() - u64::from(closed)).saturating_sub(within));
            let text = std::str::from_utf8(text).ok();
            let Some(text) = text.filter(|text| record.ends.iter().all(|&end| text.is_char_boundary(end))) else {
                bail!("{} is not UTF-8 text: convert the file, or pass an .npy file by that extension", record.place)
            };
            record.text.clear();
            record.text.push_str(text);
            if self.delimiter == Delimiter::Blanks {
                // Between two blanks there is nothing, and so there is before the first and after the last.
                record.ends.retain({
                    let mut before = 0;
                    move |&end| std::mem::replace(&mut before, end) != end
                });
                if is_quoted && record.ends.is_empty() {
                    record.ends.push(text.len());
                }
            }
            // A field between quotes may be blank.
            let blank = record.len() == 0 || (record.len() == 1 && !is_quoted && record.field(0).is_empty());
            if !blank {
                return Ok(true);
            }
        }
    }

    /// Parses one record into the buffers.
    fn fill(&mut self) -> Result<Option<Filled>> {
        let (mut length, mut fields) = (0, 0);
        // The last byte that is no blank.
        let mut last = 0;
        loop {
            let line = self.parser.line();
            let input = self.read.fill_buf().with_context(|| format!("cannot read line {line}"))?;
            let at_end = input.is_empty();
            let (result, taken, written, ended) =
                self.parser.read_record(input, &mut self.text[length..], &mut self.ends[fields..]);
            last = input[..taken].iter().rev().find(|byte| !byte.is_ascii_whitespace()).copied().unwrap_or(last);
            self.read.consume(taken);
            length += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => {
                    return Ok(Some(Filled { length, fields, closed: !at_end, is_quoted: last == b'"' }));
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull => {
                    if self.text.len() >= MAX_RECORD {
                        bail!(
                            "line {line} belongs to a record of more than {MAX_RECORD} bytes: is a quote left open, or \
                             are the line ends lost? Wider tables can be read as .npy"
                        );
                    }
                    let longer = 2 * self.text.len();
                    memory::resize("a line of the table", &mut self.text, longer, 0)?;
                }
                ReadRecordResult::OutputEndsFull => {
                    if self.ends.len() >= MAX_FIELDS {
                        bail!(
                            "line {line} has more than {MAX_FIELDS} fields: are the line ends lost? Wider tables can be \
                             read as .npy"
                        );
                    }
                    let longer = 2 * self.ends.len();
                    memory::resize("a line of the table", &mut self.ends, longer, 0)?;
                }
            }
        }
    }
}

/// A record in the buffers.
struct Filled {
    /// Its bytes.
    length: usize,
    fields: usize,
    /// Whether a line feed ended it.
    closed: bool,
    /// Whether it ends with a quote, which a blank record has if it is between quotes.
    is_quoted: bool,
}

/// The first line that is neither blank nor a comment, if the text has a whole one; of all there is, what there is.
fn first_line(text: &[u8], complete: bool) -> Option<&[u8]> {
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let is_content = !line.trim_ascii().is_empty() && !line.starts_with(b"#");
        if is_content && (complete || line.ends_with(b"\n")) {
            return Some(line);
        }
    }
    complete.then_some(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn records(text: &str) -> Result<Vec<(Place, Vec<String>)>> {
        let mut records = Records::new(text.as_bytes(), true, Decimal::Point)?;
        let (mut record, mut found) = (Record::default(), Vec::new());
        while records.read(&mut record)? {
            found.push((record.place, record.fields().map(str::to_owned).collect()));
        }
        Ok(found)
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(
            records(text).unwrap(),
            [(Place::Line(1), expected.iter().map(|&field| field.to_owned()).collect())]
        );
    }

    #[test]
    fn delimiters_and_quotes() {
        check("1,2, 3", &["1", "2", "3"]);
        check("1\t\"a,b\"\t3\r\n", &["1", "a,b", "3"]);
        check("1,5;2,5", &["1,5", "2,5"]);
        check("  1  2\t3 ", &["1  2", "3"]);
        check("  1   2 \r\n", &["1", "2"]);
        check("\"say \"\"no\"\"\",2\r\n", &["say \"no\"", "2"]);
        check("\"two words\" 3", &["two words", "3"]);
        check(",\n", &["", ""]);
        check("1,\"\"\n", &["1", ""]);
        check("1,\"a\r\nb\"\r\n", &["1", "a\r\nb"]);
        check("1|2|3\n", &["1", "2", "3"]);
        check("\"\"", &[""]);
        check("\"  \"\r\n", &[""]);
    }

    #[test]
    fn lines_are_counted() {
        let text = "\u{feff}# a comment\r\n\r\na,\"b\nc\"\n\n \n1,2\n3,4";
        let places: Vec<Place> = records(text).unwrap().iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [3, 7, 8].map(Place::Line));
        // A line with nothing but blanks is none, and a field of blanks between quotes is one, at the end of a buffer, too.
        for (blank, count) in [("  ", 2), ("\"  \"", 3), ("\" \t\"\r", 3), ("\"\"", 3), ("\"\"  \r", 3)] {
            for capacity in 1..12 {
                let text = format!("# \"a\"\nb\n{blank}\nc");
                let read = BufReader::with_capacity(capacity, text.as_bytes());
                let mut records = Records::new(read, false, Decimal::Point).unwrap();
                let (mut record, mut found) = (Record::default(), 0);
                while records.read(&mut record).unwrap() {
                    found += 1;
                }
                assert_eq!(found, count, "{blank:?}");
            }
        }
        let of_a_mac: Vec<_> = records("a,\"b\"\r1,2\r\r3,4").unwrap().into_iter().map(|(place, _)| place).collect();
        assert_eq!(of_a_mac, [1, 2, 4].map(Place::Line));
        assert_eq!(records("# only this\n").unwrap(), []);
        assert_eq!(records("").unwrap(), []);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_also_at_a_delimiter() {
        for bytes in [&b"1,\xff\n"[..], b"\xc3,\xa9\n"] {
            let mut records = Records::new(bytes, true, Decimal::Point).unwrap();
            let error = records.read(&mut Record::default()).unwrap_err().to_string();
            assert!(error.contains("line 1 is not UTF-8"), "{error}");
        }
    }

    #[test]
    fn a_record_without_end_is_an_error() {
        for (byte, word) in [(b'1', "bytes"), (b',', "fields"), (b' ', "fields")] {
            let mut records = Records::new(BufReader::new(std::io::repeat(byte)), true, Decimal::Point).unwrap();
            let error = records.read(&mut Record::default()).unwrap_err().to_string();
            assert!(error.contains("line 1") && error.contains(word), "{error}");
        }
    }
}
