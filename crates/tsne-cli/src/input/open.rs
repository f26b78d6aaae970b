//! Opening files and standard input, and what their names say.

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

/// The size of the buffer between file and parser: larger ones did not read faster.
const BUFFER: usize = 1 << 18;

/// How gzip and Zstandard files begin.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Bytes by which the format of a stream is known.
pub(crate) const MAGIC: usize = 16;

/// Opens a file, decompressing it if its name ends in `.gz` or `.zst`; `-` is standard input. That, and pipes, are decompressed if they
/// begin so.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    if is_stream(path) {
        let stream: Box<dyn Read> = match is_standard_input(path) {
            true => Box::new(io::stdin().lock()),
            false => Box::new(File::open(path).context("cannot open")?),
        };
        let (start, stream) = sniff(stream).context("cannot read")?;
        let read: Box<dyn Read> = match () {
            () if start.starts_with(GZIP) => Box::new(MultiGzDecoder::new(stream)),
            () if start.starts_with(ZSTD) => Box::new(Zstd::new(BufReader::new(stream))?),
            () => Box::new(stream),
        };
        return Ok(Box::new(BufReader::with_capacity(BUFFER, read)));
    }
    let file = File::open(path).context("cannot open")?;
    let read: Box<dyn Read> = if ends_in(path, "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else if ends_in(path, "zst") {
        Box::new(Zstd::new(BufReader::new(file))?)
    } else {
        Box::new(file)
    };
    Ok(Box::new(BufReader::with_capacity(BUFFER, read)))
}

/// The first bytes of a stream, and the stream with them.
pub(crate) fn sniff<R: Read>(mut read: R) -> io::Result<(Vec<u8>, impl Read + use<R>)> {
    let mut start = Vec::new();
    read.by_ref().take(MAGIC as u64).read_to_end(&mut start)?;
    Ok((start.clone(), Cursor::new(start).chain(read)))
}

/// The bytes of a compressed file that unpack to about so many at its beginning, and how many these are.
pub(super) fn unpacked_beginning(path: &Path, unpacked: u64) -> Result<(u64, u64)> {
    let file = File::open(path).context("cannot open")?;
    let mut taken = 0;
    let counted = Counted { file, taken: &mut taken };
    let copied = if ends_in(path, "gz") {
        io::copy(&mut MultiGzDecoder::new(counted).take(unpacked), &mut io::sink())
    } else {
        io::copy(&mut Zstd::new(BufReader::new(counted))?.take(unpacked), &mut io::sink())
    };
    let copied = copied.context("cannot read")?;
    Ok((taken, copied))
}

/// A file that counts what is taken of it.
struct Counted<'t> {
    file: File,
    taken: &'t mut u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(bytes)?;
        *self.taken += count as u64;
        Ok(count)
    }
}

/// Whether a name stands for standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Whether a name stands for what can be read once only, from its beginning to its end: standard input, or a pipe.
pub(crate) fn is_stream(path: &Path) -> bool {
    is_standard_input(path) || std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Whether a name has that extension.
pub(crate) fn ends_in(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Whether a name is that of a compressed file.
pub(crate) fn is_compressed(path: &Path) -> bool {
    ends_in(path, "gz") || ends_in(path, "zst")
}

/// A name without the extension of its compression.
pub(crate) fn uncompressed(path: &Path) -> PathBuf {
    if is_compressed(path) { path.with_extension("") } else { path.to_owned() }
}

/// Decompresses Zstandard frames one after the other, as programs with several threads write them.
struct Zstd<R: BufRead> {
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Zstd<R> {
    fn new(read: R) -> Result<Self> {
        Ok(Self { frame: Some(StreamingDecoder::new(read).context("not a readable Zstandard file")?) })
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else { return Ok(0) };
            let count = frame.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let Some(frame) = self.frame.take() else { return Ok(0) };
            let mut rest = frame.into_inner();
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(StreamingDecoder::new(rest).map_err(|error| io::Error::other(error.to_string()))?);
        }
    }
}
