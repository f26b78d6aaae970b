//! Messages of Arrow IPC, those of a file and those of a stream, by one decoder.
//!
//! What a message claims is held against the bytes that are there before the library allocates it.

use super::guard::guarded;
use super::store::Store;
use anyhow::{Context, Result, bail, ensure};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::{Block, CompressionType, Message, MessageHeader, MetadataVersion, root_as_footer, root_as_message};
use arrow_schema::{Schema, SchemaRef};
use parquet::file::reader::Length;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::vec::IntoIter;
use tsne::core::memory;

/// How a file of Arrow begins and ends.
pub(super) const MAGIC: &[u8] = b"ARROW1";

/// What stands before the length of each message of a stream.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// What an LZ4 or Zstandard frame makes of a byte at most: runs of 128 KiB take four.
const MAX_COMPRESSION: u64 = 1 << 17;

/// A table of messages.
pub(super) struct Ipc {
    pub(super) schema: SchemaRef,
    version: MetadataVersion,
    messages: Messages,
}

enum Messages {
    /// Of a file, whose end says where they are.
    File(Store, IntoIter<Block>),
    /// One after the other.
    Stream(Box<dyn Read>),
}

impl Ipc {
    pub(super) fn of_file(store: Store) -> Result<Self> {
        const TAIL: u64 = 10;
        let tail = store.len().checked_sub(TAIL).context("the file ends too early: it is damaged")?;
        let end: [u8; TAIL as usize] =
            store.bytes(tail, TAIL)?.as_ref().try_into().context("the file ends too early")?;
        let length = read_footer_length(end).context("the file ends too early: it is damaged")? as u64;
        let start = tail.checked_sub(length).context("the file is shorter than its index: it is damaged")?;
        let footer = store.bytes(start, length)?;
        let footer = root_as_footer(&footer).ok().context("the index of the file is damaged")?;
        let schema = footer.schema().context("the file does not say what its columns are")?;
        let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
        let blocks: Vec<Block> = blocks.copied().collect();
        let schema = Arc::new(guarded(|| Ok(try_fb_to_schema(schema)?))?);
        Ok(Self { schema, version: footer.version(), messages: Messages::File(store, blocks.into_iter()) })
    }

    pub(super) fn of_stream(mut read: Box<dyn Read>) -> Result<Self> {
        let (_, message) = metadata(&mut read)?.context("the stream is empty")?;
        let message = parse(&message)?;
        let schema = message.header_as_schema().context("the stream does not begin with what its columns are")?;
        let schema: Arc<Schema> = Arc::new(guarded(|| Ok(try_fb_to_schema(schema)?))?);
        Ok(Self { schema, version: message.version(), messages: Messages::Stream(read) })
    }

    /// The file, if it is none that is read once only.
    pub(super) const fn store(&self) -> Option<&Store> {
        match &self.messages {
            Messages::File(store, _) => Some(store),
            Messages::Stream(_) => None,
        }
    }

    /// The number of rows in all batches, which stay to be read.
    pub(super) fn rows(&self) -> Result<usize> {
        let Messages::File(store, blocks) = &self.messages else {
            bail!("a stream of Arrow does not say how many rows it has: write it as a file (.arrow)")
        };
        let mut rows = 0usize;
        for block in blocks.as_slice() {
            rows = rows.saturating_add(rows_of(store, block)?.unwrap_or_default());
        }
        Ok(rows)
    }

    /// The batches in which some rows are, of some columns in the order of the file, and how many rows come before these: of a file, others
    /// are not read.
    pub(super) fn batches(
        self,
        columns: Vec<usize>,
        rows: Range<usize>,
    ) -> Result<(impl Iterator<Item = Result<RecordBatch>>, usize)> {
        let Self { schema, version, mut messages } = self;
        let mut before = rows.start;
        if let Messages::File(store, blocks) = &mut messages
            && rows != (0..usize::MAX)
        {
            let (mut chosen, mut end) = (Vec::new(), 0usize);
            for block in blocks.by_ref() {
                let Some(count) = rows_of(store, &block)? else {
                    chosen.push(block);
                    continue;
                };
                let start = end;
                end = end.saturating_add(count);
                if end <= rows.start {
                    before = rows.start - end;
                } else if start < rows.end {
                    chosen.push(block);
                }
            }
            *blocks = chosen.into_iter();
        }
        let mut decoder = FileDecoder::new(schema, version).with_projection(columns);
        Ok((std::iter::from_fn(move || messages.batch(&mut decoder).transpose()), before))
    }
}

/// The rows of a message of a file, as it says before them; `None` of a dictionary.
fn rows_of(store: &Store, block: &Block) -> Result<Option<usize>> {
    let place = u64::try_from(block.offset()).ok().zip(u64::try_from(block.metaDataLength()).ok());
    let (start, length) = place.context("a message has no place: the file is damaged")?;
    let within = start.checked_add(length).is_some_and(|end| end <= store.len());
    ensure!(within, "a message lies beyond the end of the file: it is damaged");
    let bytes = store.bytes(start, length)?;
    // Files of old versions have no mark before the length.
    let prefix = if bytes.starts_with(&CONTINUATION) { PREFIX } else { PREFIX - CONTINUATION.len() };
    let message = parse(bytes.get(prefix..).context("a message is too short: the file is damaged")?)?;
    let batch = message.header_as_record_batch();
    Ok(batch.map(|batch| usize::try_from(batch.length()).unwrap_or_default()))
}

impl Messages {
    /// The next batch, by way of the dictionaries before it.
    fn batch(&mut self, decoder: &mut FileDecoder) -> Result<Option<RecordBatch>> {
        loop {
            let Some((block, bytes)) = self.next()? else { return Ok(None) };
            let bytes = Buffer::from_vec(bytes);
            let start = usize::try_from(block.metaDataLength()).unwrap_or_default();
            let message = bytes.get(PREFIX..start).context("a message is too short: the file is damaged")?;
            let message = parse(message)?;
            check(&message, &bytes[start..])?;
            match message.header_type() {
                MessageHeader::DictionaryBatch => guarded(|| Ok(decoder.read_dictionary(&block, &bytes)?))?,
                MessageHeader::RecordBatch => {
                    if let Some(batch) = guarded(|| Ok(decoder.read_record_batch(&block, &bytes)?))? {
                        return Ok(Some(batch));
                    }
                }
                _ => bail!("a message is neither rows nor a dictionary: the file is damaged"),
            }
        }
    }

    /// The next message: eight bytes that come before it, what it says of itself, and its body.
    fn next(&mut self) -> Result<Option<(Block, Vec<u8>)>> {
        match self {
            Self::File(store, blocks) => {
                let Some(block) = blocks.next() else { return Ok(None) };
                let (start, length) =
                    (block.offset(), i64::from(block.metaDataLength()).checked_add(block.bodyLength()));
                let start = u64::try_from(start).ok();
                let length = length.and_then(|length| u64::try_from(length).ok());
                let (start, length) = start.zip(length).context("a message has no place: the file is damaged")?;
                let within = start.checked_add(length).is_some_and(|end| end <= store.len());
                ensure!(within, "a message lies beyond the end of the file: it is damaged");
                let mut bytes = Vec::new();
                append(&mut store.read_from(start)?, &mut bytes, length)?;
                // Files of old versions have no mark before the length.
                if bytes.get(..CONTINUATION.len()).is_some_and(|mark| mark != CONTINUATION) {
                    bytes.splice(0..0, CONTINUATION);
                    let metadata = block.metaDataLength().saturating_add(CONTINUATION.len() as i32);
                    return Ok(Some((Block::new(block.offset(), metadata, block.bodyLength()), bytes)));
                }
                Ok(Some((block, bytes)))
            }
            Self::Stream(read) => {
                let Some((mut bytes, message)) = metadata(read)? else { return Ok(None) };
                let body = parse(&message)?.bodyLength();
                bytes.extend_from_slice(&message);
                let length = u64::try_from(body).context("a message has a negative length: the stream is damaged")?;
                let block = Block::new(0, i32::try_from(bytes.len()).unwrap_or(i32::MAX), body);
                append(read, &mut bytes, length)?;
                Ok(Some((block, bytes)))
            }
        }
    }
}

/// Bytes before what a message says of itself.
const PREFIX: usize = 8;

fn parse(message: &[u8]) -> Result<Message<'_>> {
    root_as_message(message).ok().context("a message cannot be understood: the file is damaged")
}

/// The next message of a stream without its body, and what comes before it; none at the end.
fn metadata(read: &mut impl Read) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut prefix = Vec::new();
    read.by_ref().take(4).read_to_end(&mut prefix).context("cannot read")?;
    if prefix.is_empty() {
        return Ok(None);
    }
    if prefix == CONTINUATION {
        append(read, &mut prefix, 4)?;
    } else {
        // Streams of old versions have no mark before the length.
        prefix.splice(0..0, CONTINUATION);
    }
    let length = prefix.get(4..PREFIX).and_then(|length| length.try_into().ok()).map(i32::from_le_bytes);
    let length = length.and_then(|length| u64::try_from(length).ok());
    let length = length.context("a message has no length: the stream is damaged")?;
    if length == 0 {
        return Ok(None);
    }
    let mut message = Vec::new();
    append(read, &mut message, length)?;
    Ok(Some((prefix, message)))
}

/// Appends so many bytes, of which none is allocated before it is there.
fn append(read: &mut impl Read, bytes: &mut Vec<u8>, length: u64) -> Result<()> {
    let count = read.take(length).read_to_end(bytes).context("cannot read")?;
    ensure!(count as u64 == length, "the stream ends too early: it is damaged");
    Ok(())
}

/// Checks that the arrays of a message lie in its body, and that there is memory for what they claim to be unpacked.
fn check(message: &Message<'_>, body: &[u8]) -> Result<()> {
    let batch = match message.header_type() {
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
        _ => message.header_as_record_batch(),
    };
    let Some(batch) = batch else { return Ok(()) };
    ensure!(
        batch.compression().is_none_or(|packed| packed.codec() == CompressionType::LZ4_FRAME),
        "the rows are packed with Zstandard, which is read of Parquet only: write them with lz4 or unpacked"
    );
    let packed = batch.compression().is_some();
    let mut claimed = 0u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let bounds = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let within = bounds.and_then(|(start, length)| body.get(start..start.checked_add(length)?));
        let bytes = within.context("an array lies beyond its message: the file is damaged")?;
        let Some(length) = bytes.first_chunk::<8>().filter(|_| packed).map(|length| i64::from_le_bytes(*length)) else {
            continue;
        };
        // -1 stands for bytes that are not packed.
        let length = u64::try_from(length).unwrap_or_default();
        ensure!(
            length / MAX_COMPRESSION <= bytes.len() as u64,
            "an array claims {length} bytes, more than its {} can hold: the file is damaged",
            bytes.len()
        );
        claimed = claimed.saturating_add(length);
    }
    let mut room: Vec<u8> = Vec::new();
    memory::reserve("a batch of the table", &mut room, usize::try_from(claimed).context("the file is too large")?)?;
    Ok(())
}
