//! What pages of Parquet claim to be when they are unpacked, looked at before the library believes it.
//!
//! Before each page stands a header, a struct in the compact protocol of Thrift, which says how many bytes follow and how many they
//! are unpacked. The library sets these aside at once, up to 2 GiB for a page of a few bytes. No method of packing makes as many, so
//! the headers are read here first. The library takes known fields for what the format says they are, whatever type they are said
//! to have; here another type is refused, so that both see the same page.

use super::store::Store;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::Length;
use std::io::{self, ErrorKind, Read, Take};

/// What a byte can become at most: deflate, the strongest of the methods that the library unpacks, makes 258 bytes of two bits. LZ4
/// makes 255 of a byte, Snappy 22. (Zstandard makes some 32,000, but is unpacked by `Unpacked`, which believes no size.)
const MAX_COMPRESSION: u64 = 1032;

/// What any page may have, so that no small one is ever refused.
const ANY: u64 = 1 << 20;

/// How deep fields are nested: two are in use.
const MAX_DEPTH: usize = 16;

/// Checks what the pages of a chunk of a column claim, where they are to be unpacked by it.
pub(super) fn check(store: &Store, chunk: &ColumnChunkMetaData) -> Result<()> {
    if chunk.compression() == Compression::UNCOMPRESSED {
        return Ok(());
    }
    let (mut at, length) = chunk.byte_range();
    let end = at.saturating_add(length).min(store.len());
    while at < end {
        let mut header = Header { bytes: store.read_from(at)?.take(end - at) };
        let (unpacked, packed) = header.sizes().map_err(|error| {
            ParquetError::General(format!("column {} has a page at byte {at} whose {error}", chunk.column_path()))
        })?;
        let most = packed.saturating_mul(MAX_COMPRESSION).saturating_add(ANY);
        if unpacked > most {
            return Err(ParquetError::General(format!(
                "column {} has a page at byte {at} of {packed} bytes that claims to become {unpacked}, but {most} is the \
                 most that they can: the file is damaged, copy or write it anew",
                chunk.column_path()
            )));
        }
        at = end - header.bytes.limit().saturating_sub(packed);
    }
    Ok(())
}

/// The header of a page, and all that follows.
struct Header<R> {
    bytes: Take<R>,
}

/// Types of fields, by their numbers in the compact protocol.
mod form {
    pub(super) const TRUE: u8 = 1;
    pub(super) const FALSE: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I32: u8 = 5;
    pub(super) const I64: u8 = 6;
    pub(super) const DOUBLE: u8 = 7;
    pub(super) const BINARY: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const SET: u8 = 10;
    pub(super) const STRUCT: u8 = 12;
}

/// Structs of a header.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Page,
    Data,
    Dictionary,
    DataV2,
    Other,
}

/// What has begun and not ended: a struct with the last field of it, or a list of which some elements are left.
enum Open {
    Struct(Kind, i16),
    List(u8, u64),
}

impl Kind {
    /// Whether a field can have a type; those that are not known can have any.
    const fn has(self, field: i16, form: u8) -> bool {
        match (self, field) {
            (Self::Page | Self::Data, 1..=4) | (Self::Dictionary, 1 | 2) | (Self::DataV2, 1..=6) => form == form::I32,
            (Self::Page, 5..=8) => form == form::STRUCT,
            (Self::Dictionary, 3) | (Self::DataV2, 7) => matches!(form, form::TRUE | form::FALSE),
            _ => true,
        }
    }

    /// The struct that a field is.
    const fn inner(self, field: i16) -> Self {
        match (self, field) {
            (Self::Page, 5) => Self::Data,
            (Self::Page, 7) => Self::Dictionary,
            (Self::Page, 8) => Self::DataV2,
            _ => Self::Other,
        }
    }
}

impl<R: Read> Header<R> {
    /// The bytes of the page unpacked and packed. What is left then begins with the page.
    fn sizes(&mut self) -> io::Result<(u64, u64)> {
        let mut sizes = [None; 2];
        let mut open = vec![Open::Struct(Kind::Page, 0)];
        while let Some(last) = open.last_mut() {
            let (form, inner) = match last {
                Open::List(_, 0) => {
                    open.pop();
                    continue;
                }
                Open::List(form, left) => {
                    *left -= 1;
                    (*form, Kind::Other)
                }
                Open::Struct(kind, last) => {
                    let byte = self.byte()?;
                    let (step, form) = (byte >> 4, byte & 15);
                    if form == 0 {
                        open.pop();
                        continue;
                    }
                    let field =
                        if step == 0 { i16::try_from(self.signed()?).ok() } else { last.checked_add(step.into()) };
                    let field = field.ok_or_else(|| refused("header numbers its fields out of range"))?;
                    *last = field;
                    let kind = *kind;
                    if !kind.has(field, form) {
                        return Err(refused("header has a field of another type than the format has"));
                    }
                    if kind == Kind::Page && (field == 2 || field == 3) {
                        let size = u64::try_from(self.signed()?).ok().filter(|&size| size <= i32::MAX as u64);
                        let size = size.ok_or_else(|| refused("header says a size out of range"))?;
                        if sizes[usize::from(field == 3)].replace(size).is_some() {
                            return Err(refused("header says a size twice"));
                        }
                        continue;
                    }
                    (form, kind.inner(field))
                }
            };
            match form {
                form::TRUE | form::FALSE => {}
                form::BYTE => self.skip(1)?,
                form::I16 | form::I32 | form::I64 => drop(self.unsigned()?),
                form::DOUBLE => self.skip(8)?,
                form::BINARY => {
                    let length = self.unsigned()?;
                    self.skip(length)?;
                }
                form::LIST | form::SET => {
                    let byte = self.byte()?;
                    let count = if byte >> 4 == 15 { self.unsigned()? } else { u64::from(byte >> 4) };
                    // An element has a byte at least, so that the work is bounded by the file; those that have none are refused.
                    if count > 0 && matches!(byte & 15, form::TRUE | form::FALSE) {
                        return Err(refused("header has a list of booleans"));
                    }
                    open.push(Open::List(byte & 15, count));
                }
                form::STRUCT => open.push(Open::Struct(inner, 0)),
                _ => return Err(refused("header has a field of a type that no page has")),
            }
            if open.len() > MAX_DEPTH {
                return Err(refused("header is nested too deep"));
            }
        }
        match sizes {
            [Some(unpacked), Some(packed)] => Ok((unpacked, packed)),
            _ => Err(refused("header does not say its sizes")),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.bytes.read_exact(&mut byte).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => refused("header does not end within its column"),
            _ => error,
        })?;
        Ok(byte[0])
    }

    /// A number of seven bits a byte, the lowest first.
    fn unsigned(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(refused("header has a number of more than 64 bits"))
    }

    /// A number whose lowest bit is its sign.
    fn signed(&mut self) -> io::Result<i64> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        match io::copy(&mut self.bytes.by_ref().take(count), &mut io::sink())? {
            copied if copied == count => Ok(()),
            _ => Err(refused("header does not end within its column")),
        }
    }
}

fn refused(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what}: the file is damaged, copy or write it anew"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(header: &[u8]) -> Result<(u64, u64, u64), String> {
        let mut header = Header { bytes: header.take(header.len() as u64) };
        let sizes = header.sizes().map_err(|error| error.to_string())?;
        Ok((sizes.0, sizes.1, header.bytes.limit()))
    }

    #[test]
    fn headers_are_read_or_refused() {
        // Type, both sizes, a checksum, and a struct of four numbers and of statistics: two texts, a number and two booleans.
        let whole = [
            0x15, 0, 0x15, 0x80, 0x89, 0x7a, 0x15, 20, 0x15, 1, 0x1c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x18,
            2, b'a', b'b', 0x18, 0, 0x16, 0, 0x41, 0x11, 0, 0, 0, 7, 7,
        ];
        assert_eq!(sizes(&whole), Ok((1_000_000, 10, 2)));
        for length in 0..whole.len() - 2 {
            assert!(sizes(&whole[..length]).unwrap_err().contains("does not end"), "{length}");
        }
        // Lists that are not known are skipped.
        assert_eq!(sizes(&[0x15, 0, 0x15, 2, 0x15, 4, 0x79, 0x35, 1, 2, 3, 0, 9]), Ok((1, 2, 1)));
        let error = |header: &[u8], word: &str| {
            let error = sizes(header).unwrap_err();
            assert!(error.contains(word) && error.contains("copy or write it anew"), "{error}");
        };
        error(&[0x15, 0, 0x15, 2, 0], "does not say its sizes");
        error(&[0x15, 0, 0x15, 2, 0x15, 2, 0x05, 4, 2, 0], "twice");
        error(&[0x15, 0, 0x15, 1], "a size out of range");
        error(&[0x15, 0, 0x15, 0x80, 0x80, 0x80, 0x80, 0x20], "a size out of range");
        error(&[[0x15, 0, 0x15].as_slice(), &[0xff; 11]].concat(), "more than 64 bits");
        // The library would take the length of this text for a number, and what it holds for fields.
        error(&[0x15, 0, 0x15, 2, 0x15, 4, 0x2c, 0x18, 1, 0, 0, 0], "another type");
        error(&[0x15, 0, 0x16, 2], "another type");
        error(&[0x15, 0, 0x15, 2, 0x15, 4, 0x79, 0xf1, 0xff, 0xff, 0xff, 0xff, 7], "a list of booleans");
        error(&[0x15, 0, 0x15, 2, 0x15, 4, 0x7b, 1, 0x55, 1, 1], "no page has");
        error(&[[0x9c].as_slice(), &[0x1c; 100]].concat(), "too deep");
        error(&[[0x99].as_slice(), &[0x19; 100]].concat(), "too deep");
        error(&[0x05, 0xfe, 0xff, 3, 0, 0x15], "numbers its fields out of range");
    }
}
