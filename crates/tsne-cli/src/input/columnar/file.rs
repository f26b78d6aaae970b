//! Opened tables.

use super::ipc::{self, CONTINUATION, Ipc};
use super::parquet::{self, Parquet};
use super::schema::{fits_single, schema};
use super::store::Store;
use crate::input::grow::grow;
use crate::input::open::sniff;
use crate::input::table::Schema;
use ::parquet::file::reader::Length as _;
use anyhow::{Context, Result, bail};
use arrow_array::{Array, RecordBatch};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::ops::Range;
use std::path::Path;

/// How files of the first version of Feather begin, which is another format.
const FEATHER_1: &[u8] = b"FEA1";

/// Values of a batch, about: as many as a processor keeps near it.
const BATCH: usize = 1 << 18;

/// Rows of a batch at most.
const ROWS: usize = 1 << 13;

/// Values that a list is taken to have, of which no file says how many there are.
const LIST: usize = 256;

/// Pieces of a file, evenly spaced, by which processes see that they read the same one, and the bytes of each; at its end is what it says of
/// its columns.
const PIECES: u64 = 128;
const PIECE: u64 = 1 << 12;

/// A table of which no row is read yet.
pub(in crate::input) struct Opened {
    /// Its columns as the options see them.
    pub(in crate::input) schema: Schema,
    /// The place of each column in the file.
    places: Vec<usize>,
    stored: SchemaRef,
    content: Content,
}

enum Content {
    Parquet(Box<Parquet>),
    Arrow(Ipc),
}

impl Opened {
    /// Opens a file, of the format by which it begins.
    ///
    /// # Errors
    ///
    /// If it is none of those that are read, or damaged.
    pub(in crate::input) fn open(path: &Path) -> Result<Self> {
        let store = Store::open(path)?;
        let (start, stream) = sniff(store.read_from(0)?).context("cannot read")?;
        if start.starts_with(&CONTINUATION) { Self::of_stream(Box::new(stream)) } else { Self::of_store(&start, store) }
    }

    /// Opens what comes through a pipe: a stream as it comes, a file when it is there as a whole.
    ///
    /// # Errors
    ///
    /// As [`Opened::open`].
    pub(in crate::input) fn of_pipe(read: impl Read + 'static) -> Result<Self> {
        let (start, mut stream) = sniff(read).context("cannot read")?;
        if start.starts_with(&CONTINUATION) {
            return Self::of_stream(Box::new(stream));
        }
        let (mut bytes, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let count = stream.read(&mut chunk).context("cannot read")?;
            if count == 0 {
                break;
            }
            grow("the table", &mut bytes, count)?;
            bytes.extend_from_slice(&chunk[..count]);
        }
        Self::of_store(&start, Store::Memory(Bytes::from(bytes)))
    }

    fn of_stream(read: Box<dyn Read>) -> Result<Self> {
        let ipc = Ipc::of_stream(read).context("not a readable stream of Arrow")?;
        Ok(Self::new(ipc.schema.clone(), Content::Arrow(ipc)))
    }

    fn of_store(start: &[u8], store: Store) -> Result<Self> {
        if start.starts_with(ipc::MAGIC) {
            let ipc = Ipc::of_file(store).context("not a readable file of Arrow")?;
            return Ok(Self::new(ipc.schema.clone(), Content::Arrow(ipc)));
        }
        if start.starts_with(parquet::MAGIC) {
            let parquet = Parquet::open(store).context("not a readable file of Parquet")?;
            return Ok(Self::new(parquet.schema().clone(), Content::Parquet(Box::new(parquet))));
        }
        if start.starts_with(FEATHER_1) {
            bail!(
                "this is version 1 of Feather, which is not read: write it anew with pandas.read_feather(...).to_feather(...)"
            );
        }
        bail!("the file begins neither as Parquet nor as Arrow: name it by the extension of what it is")
    }

    fn new(stored: SchemaRef, content: Content) -> Self {
        let (schema, places) = schema(&stored);
        Self { schema, places, stored, content }
    }

    /// A number that two files share only if they are as long, and alike in all pieces that are looked at, their ends among them. `None` of a
    /// stream, which can be read once only.
    ///
    /// # Errors
    ///
    /// For what cannot be read.
    pub(super) fn seal(&self) -> Result<Option<u64>> {
        let store = match &self.content {
            Content::Arrow(ipc) => ipc.store(),
            Content::Parquet(parquet) => Some(parquet.store()),
        };
        let Some(store) = store else { return Ok(None) };
        let (length, mut hasher) = (store.len(), DefaultHasher::new());
        length.hash(&mut hasher);
        let (piece, last) = (length.min(PIECE), length.saturating_sub(PIECE));
        for p in 0..PIECES {
            // In two steps, so that no product overflows; the last piece ends the file.
            let start = p * (last / (PIECES - 1)) + p * (last % (PIECES - 1)) / (PIECES - 1);
            store.bytes(start, piece)?.hash(&mut hasher);
        }
        Ok(Some(hasher.finish()))
    }

    /// Whether single precision holds every value of these columns.
    pub(super) fn fit_single(&self, mut columns: impl Iterator<Item = usize>) -> bool {
        columns.all(|column| fits_single(self.stored.field(self.places[column]).data_type()))
    }

    /// The number of rows: as the index of Parquet says, or as each batch of a file of Arrow does before it.
    ///
    /// # Errors
    ///
    /// For what is damaged, and for a stream, which says so at its end.
    pub(super) fn rows(&self) -> Result<usize> {
        match &self.content {
            Content::Arrow(ipc) => ipc.rows(),
            Content::Parquet(parquet) => Ok(parquet.rows()),
        }
    }

    /// All rows, batch by batch, of some columns.
    pub(super) fn batches(self, columns: &[usize]) -> Result<Batches> {
        self.batches_of(columns, 0..usize::MAX)
    }

    /// Some of the rows, batch by batch, of some columns.
    pub(super) fn batches_of(self, columns: &[usize], rows: Range<usize>) -> Result<Batches> {
        let mut places: Vec<usize> = columns.iter().map(|&column| self.places[column]).collect();
        places.sort_unstable();
        places.dedup();
        let place = |column: usize| places.binary_search(&self.places[column]).ok();
        let at = (0..self.places.len()).map(place).collect();
        let is_list = |&&place: &&usize| self.stored.field(place).data_type().is_list();
        let values = places.len() + places.iter().filter(is_list).count() * LIST;
        let most = (BATCH / values.max(1)).clamp(1, ROWS);
        let (of, before): (Box<dyn Iterator<Item = Result<RecordBatch>>>, usize) = match self.content {
            Content::Arrow(ipc) => {
                let (batches, before) = ipc.batches(places, rows.clone())?;
                (Box::new(batches), before)
            }
            Content::Parquet(parquet) => {
                let (batches, before) = parquet.batches(places, rows.clone(), most)?;
                (Box::new(batches), before)
            }
        };
        Ok(Batches { of, at, rest: None, most, before, left: rows.len() })
    }
}

/// Rows of a table.
pub(super) struct Batches {
    of: Box<dyn Iterator<Item = Result<RecordBatch>>>,
    /// Where each column is in a batch, if it is there.
    at: Vec<Option<usize>>,
    /// What is left of a batch: files of Arrow may have all rows in one.
    rest: Option<RecordBatch>,
    /// The most rows that are looked at together.
    most: usize,
    /// Rows that come before those that are wanted.
    before: usize,
    /// Those that are wanted and still to come.
    left: usize,
}

impl Batches {
    /// The next rows.
    pub(super) fn next(&mut self) -> Result<Option<Batch<'_>>> {
        while self.left > 0 {
            let Some(rows) = self.rest.take().map(Ok).or_else(|| self.of.next()).transpose()? else { break };
            let before = self.before.min(rows.num_rows());
            self.before -= before;
            let there = rows.num_rows() - before;
            if there == 0 && before > 0 {
                continue;
            }
            let count = there.min(self.most).min(self.left);
            self.left -= count;
            if there > count {
                self.rest = Some(rows.slice(before + count, there - count));
            }
            return Ok(Some(Batch { rows: rows.slice(before, count), at: &self.at }));
        }
        Ok(None)
    }
}

/// Some rows.
pub(super) struct Batch<'a> {
    rows: RecordBatch,
    at: &'a [Option<usize>],
}

impl Batch<'_> {
    pub(super) fn n(&self) -> usize {
        self.rows.num_rows()
    }

    /// A column that was asked for.
    pub(super) fn column(&self, column: usize) -> Result<&dyn Array> {
        let place = self.at.get(column).copied().flatten();
        let array = place.and_then(|place| self.rows.columns().get(place));
        array.map(AsRef::as_ref).context("a batch lacks a column: the file is damaged")
    }
}
