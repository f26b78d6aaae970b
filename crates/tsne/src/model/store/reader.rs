//! A file as sections: the table first, then the payloads, each by a thread of its own where they are large.

use super::element::{CHUNK, Values};
use super::hash::Xxh64;
use super::layout::{CHECKSUM, END, ENTRY, Entry, HEADER, Header, MAX_SECTIONS, VERSION, check_magic};
use super::source::Source;
use super::{Element, ElementType, Settings, StoreError};
use crate::threads;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;

/// Files of so many bytes and more are read in parallel. Shorter ones take less than two milliseconds, and no more memory than they
/// are long, whatever the number of threads.
const PARALLEL: u64 = 1 << 23;

/// A model file in memory, every byte of it checked: the arrays wait to be taken.
#[derive(Debug)]
pub struct Reader {
    version: (u16, u16),
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    entry: Entry,
    /// `None` once taken, and for an element type of a later version.
    values: Option<Values>,
}

impl Reader {
    /// Reads the file at a path.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::from_bytes`], and [`StoreError::Io`] when the file cannot be read or is a directory, a device
    /// or a pipe, whose length is not known beforehand.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, StoreError, Writer};
    ///
    /// let path = std::env::temp_dir().join(format!("doc-reader-{}.tsne", std::process::id()));
    /// Writer::new().array("x", &[2], &[1.0_f64, 2.0])?.save(&path)?;
    /// let mut reader = Reader::open(&path)?;
    /// # std::fs::remove_file(&path).ok();
    /// assert_eq!(reader.take::<f64>("x", &[2])?, [1.0, 2.0]);
    /// assert!(matches!(Reader::open(std::env::temp_dir()), Err(StoreError::Io { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_rows(path.as_ref(), |_| Ok(Vec::new()))
    }

    /// The same, but keeps of some sections some rows only, of which their shape then speaks: those that `choose` names, which can look at
    /// others before. Every byte is checked all the same.
    pub(in crate::model) fn open_rows(
        path: &Path,
        choose: impl FnOnce(&Unread<'_>) -> Result<Vec<Kept>, StoreError>,
    ) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { action: "read", path: Some(path.into()), source };
        // Before opening: that would wait for a pipe's other end.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(io(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file; give the path of one")));
        }
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Self::read(Source::File(&file), length, choose).map_err(|error| match error {
            StoreError::Io { source, .. } => io(source),
            other => other,
        })
    }

    /// Reads a file that is in memory. O(length) time, and besides `bytes` at most as much memory as they take and a
    /// constant.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotAModel`] for a file of another kind, [`StoreError::Version`] for one of another major version,
    /// [`StoreError::Length`] for one that was cut or extended, [`StoreError::Corrupt`] for one that was changed, and
    /// [`StoreError::Unsupported`] for one that is too large for the machine.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, StoreError, Writer};
    ///
    /// let mut file = Vec::new();
    /// Writer::new().array("x", &[2], &[1.0_f64, 2.0])?.write_to(&mut file)?;
    /// assert!(Reader::from_bytes(&file)?.contains("x"));
    /// let last = file.len() - 1;
    /// file[last] ^= 1;
    /// assert!(matches!(Reader::from_bytes(&file), Err(StoreError::Corrupt { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::read(Source::Bytes(bytes), bytes.len() as u64, |_| Ok(Vec::new()))
    }

    /// Reads a file of `length` bytes. Nothing that the file says is believed before it is checked, and memory is
    /// reserved only once all sections together are known to fill exactly `length` bytes.
    fn read(
        source: Source<'_>,
        length: u64,
        choose: impl FnOnce(&Unread<'_>) -> Result<Vec<Kept>, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut head = [0; HEADER];
        if length < HEADER as u64 {
            let start = &mut head[..length as usize];
            source.fill(0, start)?;
            check_magic(start)?;
            return Err(StoreError::Length { found: length, expected: HEADER as u64 });
        }
        source.fill(0, &mut head)?;
        let header = Header::decode(&head)?;
        let (entries, end) = read_table(source, &head, &header, length)?;
        if end.checked_add(END.len() as u64) != Some(length) {
            return Err(StoreError::corrupt(
                "the table",
                format!("the sections end at byte {end} of {length}, but only the end marker may follow"),
            ));
        }

        let unread = Unread { source, entries };
        let kept = choose(&unread)?;
        let entries = unread.entries;
        let read_section = |entry: Entry, buffer: &mut Vec<u8>| {
            let rows = kept.iter().find(|kept| kept.name == entry.name);
            read_section(source, entry, rows, buffer)
        };
        // That of the first section that is damaged is the error, whichever is met first.
        let sections: Result<Vec<Section>, StoreError> = if length < PARALLEL {
            let mut buffer = Vec::new();
            entries.into_iter().map(|entry| read_section(entry, &mut buffer)).collect()
        } else {
            let read = || {
                let each = entries.into_par_iter().map(|entry| read_section(entry, &mut Vec::new()));
                Ok(each.collect::<Vec<Result<Section, StoreError>>>())
            };
            let sections = threads::run(None, read).map_err(|error| StoreError::Unsupported(error.to_string()))?;
            sections.into_iter().collect()
        };
        let sections = sections?;
        let mut marker = [0; END.len()];
        source.fill(end, &mut marker)?;
        if marker != END {
            return Err(StoreError::corrupt("the end marker", format!("it is {marker:02x?} instead of {END:02x?}")));
        }
        Ok(Self { version: header.version, sections })
    }

    /// The major and minor format version of the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, VERSION, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().array("x", &[2], &[1.0_f64, 2.0])?.write_to(&mut file)?;
    /// assert_eq!(Reader::from_bytes(&file)?.version(), VERSION);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub const fn version(&self) -> (u16, u16) {
        self.version
    }

    /// The names of the sections, in their order in the file, also of those that were taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().array("y", &[1], &[1_u32])?.array("x", &[1], &[2_u32])?.write_to(&mut file)?;
    /// assert!(Reader::from_bytes(&file)?.names().eq(["y", "x"]));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.sections.iter().map(|section| section.entry.name.as_str())
    }

    /// Whether the file has a section of the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().array("x", &[1], &[2_u32])?.write_to(&mut file)?;
    /// let reader = Reader::from_bytes(&file)?;
    /// assert!(reader.contains("x") && !reader.contains("y"));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn contains(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// The type of a section's elements.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is no such section, [`StoreError::Unsupported`] if its type is one of a later
    /// version.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{ElementType, Reader, Writer};
    ///
    /// # let mut file = Vec::new();
    /// // Indices of the machine's width are written as 64 bits on every machine.
    /// Writer::new().array("x", &[1], &[2_usize])?.write_to(&mut file)?;
    /// assert_eq!(Reader::from_bytes(&file)?.element_type("x")?, ElementType::U64);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn element_type(&self, name: &str) -> Result<ElementType, StoreError> {
        self.section(name)?.element()
    }

    /// The shape of a section's array.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is no such section.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().array("x", &[3, 2], &[0.5_f32; 6])?.write_to(&mut file)?;
    /// assert_eq!(Reader::from_bytes(&file)?.shape("x")?, [3, 2]);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn shape(&self, name: &str) -> Result<&[usize], StoreError> {
        Ok(&self.section(name)?.entry.shape)
    }

    /// Takes a section's array out of the reader, without a copy; a second call for it is an error.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is no such section, [`StoreError::Mismatch`] if its type or shape is another,
    /// [`StoreError::Taken`] if an earlier call has it, [`StoreError::Unsupported`] if a number does not fit into `usize`
    /// or the type is one of a later version.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, StoreError, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().array("x", &[3, 2], &[0.5_f32; 6])?.write_to(&mut file)?;
    /// let mut reader = Reader::from_bytes(&file)?;
    /// assert!(matches!(reader.take::<f64>("x", &[3, 2]), Err(StoreError::Mismatch { .. })));
    /// assert_eq!(reader.take::<f32>("x", &[3, 2])?, [0.5; 6]);
    /// assert!(matches!(reader.take::<f32>("x", &[3, 2]), Err(StoreError::Taken { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn take<T: Element>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<T>, StoreError> {
        let section = self.section(name)?;
        let (element, found) = (section.element()?, &section.entry.shape);
        if element != T::TYPE || found != shape {
            return Err(StoreError::Mismatch {
                what: format!("section {name:?}"),
                found: format!("an array of {element} of shape {found:?}"),
                expected: format!("one of {} of shape {shape:?}", T::TYPE),
            });
        }
        let values = self.sections.iter_mut().find(|section| section.entry.name == name).and_then(|s| s.values.take());
        let values = values.ok_or_else(|| StoreError::Taken { section: name.into() })?;
        T::take(values).ok_or_else(|| {
            StoreError::Unsupported(format!(
                "section {name:?} has numbers beyond {}, the largest index here",
                usize::MAX
            ))
        })
    }

    /// Takes a section of settings.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::take`], and [`StoreError::Corrupt`] if the section is not a list of settings.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Settings, Writer};
    ///
    /// # let mut file = Vec::new();
    /// let mut settings = Settings::new();
    /// settings.set("dof", 0.1);
    /// Writer::new().settings("model", &settings)?.write_to(&mut file)?;
    /// assert_eq!(Reader::from_bytes(&file)?.settings("model")?, settings);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn settings(&mut self, name: &str) -> Result<Settings, StoreError> {
        let shape = self.shape(name)?.to_vec();
        let text: Vec<u8> = self.take(name, &shape)?;
        Settings::decode(name, &text)
    }

    fn section(&self, name: &str) -> Result<&Section, StoreError> {
        let section = self.sections.iter().find(|section| section.entry.name == name);
        section.ok_or_else(|| StoreError::missing("section", name))
    }
}

/// The rows of a section that are kept, of so many.
pub(in crate::model) struct Kept {
    pub(in crate::model) name: &'static str,
    pub(in crate::model) rows: Range<usize>,
    pub(in crate::model) count: usize,
}

/// A file of which the table alone was read.
pub(in crate::model) struct Unread<'s> {
    source: Source<'s>,
    entries: Vec<Entry>,
}

impl Unread<'_> {
    /// A section, read and checked.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::take`] and of reading.
    pub(in crate::model) fn get<T: Element>(&self, name: &str) -> Result<Vec<T>, StoreError> {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| StoreError::missing("section", name))?.clone();
        let shape = entry.shape.clone();
        let section = read_section(self.source, entry, None, &mut Vec::new())?;
        Reader { version: VERSION, sections: vec![section] }.take(name, &shape)
    }
}

impl Section {
    fn element(&self) -> Result<ElementType, StoreError> {
        self.entry.element.ok_or_else(|| {
            let name = &self.entry.name;
            StoreError::Unsupported(format!(
                "section {name:?} has an element type of a later version: use a newer release"
            ))
        })
    }
}

/// Reads and checks the table that follows the header, and says where the last payload ends.
fn read_table(
    source: Source<'_>,
    head: &[u8; HEADER],
    header: &Header,
    length: u64,
) -> Result<(Vec<Entry>, u64), StoreError> {
    let corrupt = |why: String| Err(StoreError::corrupt("the header", why));
    if header.sections as usize > MAX_SECTIONS {
        return corrupt(format!("it counts {} sections, but at most {MAX_SECTIONS} are possible", header.sections));
    }
    let cut_or_extended = StoreError::Length { found: length, expected: header.length };
    if header.table_end() > length {
        if header.length > length {
            return Err(cut_or_extended);
        }
        return corrupt(format!("it counts {} sections, more than a file of {length} bytes holds", header.sections));
    }
    let mut table = vec![0; ENTRY * header.sections as usize];
    source.fill(HEADER as u64, &mut table)?;
    let mut hash = Xxh64::new();
    hash.update(&head[..CHECKSUM]);
    hash.update(&table);
    if hash.finish() != header.checksum {
        return corrupt("it or the table of sections does not match its checksum".into());
    }
    if header.length != length {
        return Err(cut_or_extended);
    }
    if header.encode()[..CHECKSUM] != head[..CHECKSUM] {
        return corrupt("its reserved bytes are not zero".into());
    }

    let mut end = header.table_end();
    let mut entries: Vec<Entry> = Vec::with_capacity(header.sections as usize);
    for row in table.as_chunks().0 {
        let entry = Entry::decode(row, header.version, end)?;
        let in_table = |why: &str| StoreError::corrupt(format!("the table, section {:?}", entry.name), why);
        end = entry.next().ok_or_else(|| in_table("it ends beyond 2^64 bytes"))?;
        if entries.iter().any(|earlier| earlier.name == entry.name) {
            return Err(in_table("an earlier section has the name"));
        }
        entries.push(entry);
    }
    Ok((entries, end))
}

/// Reads and checks a payload and the padding after it, and keeps its rows, or some of them. A type of a later version has no values.
fn read_section(
    source: Source<'_>,
    mut entry: Entry,
    rows: Option<&Kept>,
    buffer: &mut Vec<u8>,
) -> Result<Section, StoreError> {
    let corrupt = |why: &str| StoreError::corrupt(format!("section {:?}", entry.name), why);
    let kept = match rows {
        Some(Kept { rows, count, .. }) => {
            let found = entry.shape.first().copied().unwrap_or(0);
            if found != *count || rows.start > rows.end || rows.end > found {
                let why = format!(
                    "it has {found} rows, but those from {} to {} of {count} were expected",
                    rows.start, rows.end
                );
                return Err(corrupt(&why));
            }
            let row = entry.length / found.max(1) as u64;
            rows.start as u64 * row..rows.end as u64 * row
        }
        None => 0..entry.length,
    };
    let capacity = kept.end - kept.start;
    let mut values = entry.element.map(|element| Values::with_capacity(element, capacity)).transpose()?;
    if let Source::File(_) = source {
        let whole = usize::try_from(entry.length).map_or(CHUNK, |length| length.max(entry.padding()));
        let size = CHUNK.min(whole);
        buffer.try_reserve(size.saturating_sub(buffer.len())).map_err(|_| {
            StoreError::Unsupported(format!(
                "a buffer of {size} bytes does not fit into memory: load the model on a larger machine"
            ))
        })?;
        buffer.resize(buffer.len().max(size), 0);
    }
    let mut hash = Xxh64::new();
    let (mut offset, end) = (entry.offset, entry.offset + entry.length);
    while offset < end {
        // Pieces of whole elements: their length is a multiple of every element's.
        let size = usize::try_from(end - offset).map_or(CHUNK, |rest| rest.min(CHUNK));
        let piece = source.piece(offset, size, buffer)?;
        hash.update(piece);
        if let Some(values) = &mut values {
            // The place of the piece in the payload: lossless where it meets what is kept.
            let place = offset - entry.offset;
            let within = |at: u64| at.saturating_sub(place).min(size as u64) as usize;
            values.extend(&piece[within(kept.start)..within(kept.end)]);
        }
        offset += size as u64;
    }
    if hash.finish() != entry.checksum {
        return Err(corrupt("its bytes do not match its checksum"));
    }
    if source.piece(end, entry.padding(), buffer)?.iter().any(|&byte| byte != 0) {
        return Err(corrupt("the padding after it is not zero"));
    }
    if let (Some(kept), Some(count)) = (rows, entry.shape.first_mut()) {
        *count = kept.rows.len();
    }
    Ok(Section { entry, values })
}
