//! Line ends: carriage returns alone, as spreadsheets on a Mac save them, are read as line feeds.

use std::io::{self, BufRead, Chain, Cursor, Read};
use tsne::core::memory;

/// Bytes in which the first line end is looked for: those of the longest record.
const SNIFFED: usize = 1 << 26;

/// Bytes that are turned at a time.
const TURNED: usize = 1 << 16;

/// A text in which every line ends with a line feed, if any does.
pub(super) struct LineEnds<R> {
    read: Chain<Cursor<Vec<u8>>, R>,
    /// Whether lines end with carriage returns alone.
    are_returns: bool,
    /// What of such a text is ready, and how much of it was taken.
    turned: Vec<u8>,
    taken: usize,
}

impl<R: BufRead> LineEnds<R> {
    /// Looks at the beginning of a text: where it has carriage returns and no line feed, these end its lines.
    pub(super) fn new(mut read: R) -> io::Result<Self> {
        let mut sniffed = Vec::new();
        let are_returns = loop {
            let chunk = read.fill_buf()?;
            let (count, seen) = (chunk.len(), sniffed.len());
            // There is no memory for more than is kept of the longest record anyway.
            memory::reserve("the first line", &mut sniffed, count).map_err(io::Error::other)?;
            sniffed.extend_from_slice(chunk);
            read.consume(count);
            // What comes behind a return tells whether it is one of two characters that end a line.
            let mut ends = (seen.saturating_sub(1)..sniffed.len()).filter(|&at| matches!(sniffed[at], b'\r' | b'\n'));
            match ends.next() {
                Some(at) if sniffed[at] == b'\n' => break false,
                Some(at) if at + 1 < sniffed.len() => break sniffed[at + 1] != b'\n' && !sniffed.contains(&b'\n'),
                Some(_) if count == 0 => break true,
                _ if count == 0 || sniffed.len() >= SNIFFED => break false,
                _ => {}
            }
        };
        Ok(Self { read: Cursor::new(sniffed).chain(read), are_returns, turned: Vec::new(), taken: 0 })
    }
}

impl<R: BufRead> BufRead for LineEnds<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.are_returns {
            return self.read.fill_buf();
        }
        if self.taken == self.turned.len() {
            let chunk = self.read.fill_buf()?;
            let count = chunk.len().min(TURNED);
            self.turned.clear();
            self.turned.extend(chunk[..count].iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }));
            self.read.consume(count);
            self.taken = 0;
        }
        Ok(&self.turned[self.taken..])
    }

    fn consume(&mut self, count: usize) {
        match self.are_returns {
            true => self.taken = (self.taken + count).min(self.turned.len()),
            false => self.read.consume(count),
        }
    }
}

impl<R: BufRead> Read for LineEnds<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let count = from.len().min(to.len());
        to[..count].copy_from_slice(&from[..count]);
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn returns_are_line_feeds_only_where_there_is_none() {
        let long = "1,2\r".repeat(40_000);
        let wide = "name,".repeat(60_000) + "\r" + &"1,".repeat(60_000) + "\r";
        let both = "x".repeat((1 << 17) - 1) + "\r\n1\r\n";
        let cases = [
            ("", ""),
            ("a", "a"),
            ("a\rb\r", "a\nb\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\nb\rc\n", "a\nb\rc\n"),
            (&long, &long.replace('\r', "\n")),
            // The first line is longer than any buffer, or ends at its border.
            (&wide, &wide.replace('\r', "\n")),
            (&both, &both),
        ];
        for (text, expected) in cases {
            for capacity in [1, 7, 1 << 17] {
                let mut found = String::new();
                let read = BufReader::with_capacity(capacity, text.as_bytes());
                LineEnds::new(read).unwrap().read_to_string(&mut found).unwrap();
                assert!(found == expected, "{capacity}");
            }
        }
    }
}
