//! Rows of Parquet, whose pages are unpacked here where they are packed with Zstandard: the library would do it in C.

use super::guard::guarded;
use super::pages;
use super::store::Store;
use anyhow::{Context, Error, Result, ensure};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use ruzstd::decoding::StreamingDecoder;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

/// How a file of Parquet begins and ends.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// The bytes of the largest page, as the format counts them.
const MAX_PAGE: u64 = i32::MAX as u64;

/// A table of which no row is read yet.
pub(super) struct Parquet {
    store: Store,
    metadata: ArrowReaderMetadata,
}

impl Parquet {
    pub(super) fn open(store: Store) -> Result<Self> {
        let metadata = guarded(|| Ok(ArrowReaderMetadata::load(&store, ArrowReaderOptions::new())?))?;
        let parquet = Self { store, metadata };
        let (rows, of_groups) = (parquet.rows(), count_of(parquet.metadata.metadata().row_groups()));
        ensure!(
            rows == of_groups,
            "the file says that it has {rows} rows, but its groups have {of_groups}: it is damaged, write it again"
        );
        Ok(parquet)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub(super) const fn store(&self) -> &Store {
        &self.store
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// The groups of rows in which some are, and how many rows the first of them has before these.
    fn groups(&self, rows: Range<usize>) -> (Range<usize>, usize) {
        let (mut groups, mut before, mut end) = (0..0, 0, 0usize);
        if rows.is_empty() {
            return (groups, before);
        }
        for (g, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            let start = end;
            end = end.saturating_add(usize::try_from(group.num_rows()).unwrap_or_default());
            if end <= rows.start {
                groups = g + 1..g + 1;
            } else if start < rows.end {
                before = if groups.is_empty() { rows.start - start } else { before };
                groups.end = g + 1;
            }
        }
        (groups, before)
    }

    /// The batches of so many rows in which some are, of some columns in the order of the file, and how many rows come before these:
    /// groups of rows without any are not read.
    pub(super) fn batches(
        self,
        columns: Vec<usize>,
        of: Range<usize>,
        rows: usize,
    ) -> Result<(impl Iterator<Item = Result<RecordBatch>>, usize)> {
        let (chosen, before) = self.groups(of);
        let groups = Groups { store: Arc::new(self.store), metadata: self.metadata.metadata().clone(), chosen };
        let build = || {
            let schema = self.metadata.parquet_schema();
            let mask = ProjectionMask::roots(schema, columns);
            let levels = parquet_to_arrow_field_levels(schema, mask, Some(self.metadata.schema().fields()))?;
            Ok(ParquetRecordBatchReader::try_new_with_row_groups(&levels, &groups, rows, None)?)
        };
        let mut batches = guarded(build).map_err(refused)?;
        let batches =
            std::iter::from_fn(move || guarded(|| Ok(batches.next().transpose()?)).map_err(refused).transpose());
        Ok((batches, before))
    }
}

/// What an error of decoding means for who has the file.
fn refused(error: Error) -> Error {
    let is_packed = format!("{error:#}").contains("Disabled feature at compile time");
    error.context(match is_packed {
        true => {
            "a column is packed by a method that is not read: write the file with snappy, gzip, lz4, zstd or unpacked"
        }
        false => "the rows cannot be read",
    })
}

/// The number of rows of some groups.
fn count_of(groups: &[RowGroupMetaData]) -> usize {
    let counts = groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or_default());
    counts.fold(0, usize::saturating_add)
}

/// Some row groups.
#[derive(Clone)]
struct Groups {
    store: Arc<Store>,
    metadata: Arc<ParquetMetaData>,
    chosen: Range<usize>,
}

impl Groups {
    fn of_file(&self) -> &[RowGroupMetaData] {
        self.metadata.row_groups().get(self.chosen.clone()).unwrap_or_default()
    }
}

impl RowGroups for Groups {
    fn num_rows(&self) -> usize {
        count_of(self.of_file())
    }

    fn column_chunks(&self, column: usize) -> ParquetResult<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks { groups: self.clone(), column, next: 0 }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.of_file().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The chunks of a column, one of each row group.
struct Chunks {
    groups: Groups,
    column: usize,
    next: usize,
}

impl Chunks {
    fn pages(&self, group: &RowGroupMetaData) -> ParquetResult<Box<dyn PageReader>> {
        let chunk = group.columns().get(self.column);
        let chunk = chunk.ok_or_else(|| ParquetError::General("a group of rows lacks a column".into()))?;
        let rows = usize::try_from(group.num_rows()).map_err(|_| ParquetError::General("rows below zero".into()))?;
        let store = self.groups.store.clone();
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            pages::check(&store, chunk)?;
            return Ok(Box::new(SerializedPageReader::new(store, chunk, rows, None)?));
        }
        let packed = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Box::new(Unpacked { pages: SerializedPageReader::new(store, &packed, rows, None)? }))
    }
}

impl Iterator for Chunks {
    type Item = ParquetResult<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.groups.of_file().get(self.next)?;
        self.next += 1;
        Some(self.pages(group))
    }
}

impl PageIterator for Chunks {}

/// Pages that are packed with Zstandard.
struct Unpacked {
    pages: SerializedPageReader<Store>,
}

impl Iterator for Unpacked {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Unpacked {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let Some(mut page) = self.pages.get_next_page()? else { return Ok(None) };
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = unpacked(buf, 0)?,
            // Its levels come first and are not packed.
            Page::DataPageV2 { buf, is_compressed: true, def_levels_byte_len, rep_levels_byte_len, .. } => {
                *buf = unpacked(buf, *def_levels_byte_len as usize + *rep_levels_byte_len as usize)?;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(Some(page))
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> ParquetResult<bool> {
        self.pages.at_record_boundary()
    }
}

/// A page of which all but the first bytes are packed; of nothing there is nothing.
fn unpacked(page: &Bytes, plain: usize) -> ParquetResult<Bytes> {
    let read = || -> Result<Vec<u8>> {
        let (plain, packed) = page.split_at_checked(plain).context("a page is too short")?;
        let mut bytes = plain.to_vec();
        if !packed.is_empty() {
            let frame = StreamingDecoder::new(packed)?;
            frame.take(MAX_PAGE).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    read().map(Bytes::from).map_err(|error| ParquetError::General(format!("a page cannot be unpacked: {error:#}")))
}
