use super::element::Encode;
use super::hash::Xxh64;
use super::layout::{ALIGNMENT, CHECKSUM, END, ENTRY, Entry, HEADER, Header, MAX_SECTIONS, VERSION};
use super::{Element, Settings, StoreError};
use crate::files::AtomicFile;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// A model file in the making: named arrays, which it borrows, and settings.
///
/// The sections stand in the file in the order in which they were added, so the same calls give the same bytes.
#[derive(Default)]
pub struct Writer<'a> {
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    entry: Entry,
    payload: Box<dyn Encode + 'a>,
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sections.iter().map(|section| &section.entry)).finish()
    }
}

impl<'a> Writer<'a> {
    /// A file without sections.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Writer};
    ///
    /// # let mut file = Vec::new();
    /// Writer::new().write_to(&mut file)?;
    /// assert_eq!(Reader::from_bytes(&file)?.names().len(), 0);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array of the given shape (up to [`MAX_RANK`](super::MAX_RANK) sizes, row-major; none for a scalar) and
    /// reads it once, for its checksum.
    ///
    /// # Errors
    ///
    /// [`StoreError::Invalid`] for a name that is not of 1 to [`MAX_NAME`](super::MAX_NAME) visible ASCII characters or
    /// is taken, for a shape that does not match the array, and after [`MAX_SECTIONS`] sections.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{StoreError, Writer};
    ///
    /// let values = [1.0_f32, 2.0, 3.0, 4.0];
    /// let mut writer = Writer::new();
    /// writer.array("x", &[2, 2], &values)?;
    /// assert!(matches!(writer.array("x", &[2, 2], &values), Err(StoreError::Invalid { .. })));
    /// assert!(matches!(writer.array("y", &[3, 2], &values), Err(StoreError::Invalid { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn array<T: Element>(&mut self, name: &str, shape: &[usize], values: &'a [T]) -> Result<&mut Self, StoreError> {
        let entry = Entry::of::<T>(name, shape, values.len())?;
        self.add(entry, Box::new(values))
    }

    /// [`Writer::array`] of values that it keeps.
    ///
    /// # Errors
    ///
    /// As of [`Writer::array`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Writer;
    ///
    /// let mut writer = Writer::new();
    /// writer.owned("squares", &[3], vec![0.0, 1.0, 4.0])?;
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn owned<T: Element + 'static>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: Vec<T>,
    ) -> Result<&mut Self, StoreError> {
        let entry = Entry::of::<T>(name, shape, values.len())?;
        self.add(entry, Box::new(values))
    }

    /// Adds a section of settings.
    ///
    /// # Errors
    ///
    /// As of [`Writer::array`], and [`StoreError::Invalid`] for a setting whose name is empty, or has a character that
    /// is not visible ASCII, or `=`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Settings, StoreError, Writer};
    ///
    /// let (mut good, mut bad) = (Settings::new(), Settings::new());
    /// good.set("n_iter", 500_usize);
    /// bad.set("n iter", 500_usize);
    /// let mut writer = Writer::new();
    /// writer.settings("good", &good)?;
    /// assert!(matches!(writer.settings("bad", &bad), Err(StoreError::Invalid { .. })));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn settings(&mut self, name: &str, settings: &Settings) -> Result<&mut Self, StoreError> {
        let text = settings.encode()?;
        let entry = Entry::of::<u8>(name, &[text.len()], text.len())?;
        self.add(entry, Box::new(text))
    }

    /// [`Writer::array`] of values that are not here yet: handed over piece by piece, once for their checksum and once to be written.
    pub(in crate::model) fn encoded<T: Element>(
        &mut self,
        name: &str,
        shape: &[usize],
        count: usize,
        payload: Box<dyn Encode + 'a>,
    ) -> Result<&mut Self, StoreError> {
        self.add(Entry::of::<T>(name, shape, count)?, payload)
    }

    fn add(&mut self, mut entry: Entry, payload: Box<dyn Encode + 'a>) -> Result<&mut Self, StoreError> {
        let invalid = |why: &str| StoreError::invalid("section", &entry.name, why);
        if self.sections.iter().any(|section| section.entry.name == entry.name) {
            return Err(invalid("a section of this name is there already"));
        }
        if self.sections.len() == MAX_SECTIONS {
            return Err(invalid(&format!("a file holds at most {MAX_SECTIONS} sections")));
        }
        let mut hash = Xxh64::new();
        let hashed = payload.encode(&mut |bytes| {
            hash.update(bytes);
            Ok(())
        });
        hashed.map_err(|source| StoreError::Io { action: "put together", path: None, source })?;
        entry.checksum = hash.finish();
        self.sections.push(Section { entry, payload });
        Ok(self)
    }

    /// Writes the file to a stream, in one pass from its first byte to its last, and flushes. Returns its length.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the stream fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::Writer;
    ///
    /// let mut file = Vec::new();
    /// let length = Writer::new().array("x", &[2], &[1_u32, 2])?.write_to(&mut file)?;
    /// assert_eq!(file.len() as u64, length);
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn write_to(&self, sink: &mut impl Write) -> Result<u64, StoreError> {
        let (head, length) = self.head()?;
        self.emit(&head, sink).map_err(|source| StoreError::Io { action: "write", path: None, source })?;
        Ok(length)
    }

    /// Writes the file to a path, in place of an older one. Returns its length.
    ///
    /// By the rules of [`files`](crate::files): at every moment, also after a crash, the path holds the old file or the whole new
    /// one, whose permissions are those of the old.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the directory or the disk refuses, when the file there is read-only, and when what is
    /// there is a directory, a device or another thing that is no file. The old file is then as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::{Reader, Writer};
    ///
    /// let path = std::env::temp_dir().join(format!("doc-writer-{}.tsne", std::process::id()));
    /// Writer::new().array("x", &[1], &[1_u32])?.save(&path)?;
    /// // The second file takes the place of the first.
    /// Writer::new().array("y", &[1], &[2_u32])?.save(&path)?;
    /// let reader = Reader::open(&path)?;
    /// # std::fs::remove_file(&path).ok();
    /// assert!(reader.names().eq(["y"]));
    /// # Ok::<(), tsne::store::StoreError>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<u64, StoreError> {
        let path = path.as_ref();
        let (head, length) = self.head()?;
        let written = AtomicFile::create(path).and_then(|mut file| {
            self.emit(&head, &mut file)?;
            file.commit()
        });
        written.map_err(|source| StoreError::Io { action: "save", path: Some(path.into()), source })?;
        Ok(length)
    }

    /// The header and the table, and the length of the whole file.
    fn head(&self) -> Result<(Vec<u8>, u64), StoreError> {
        // Lossless: at most MAX_SECTIONS.
        let sections = self.sections.len() as u32;
        let mut header = Header { version: VERSION, sections, length: 0, checksum: 0 };
        let mut head = vec![0; HEADER];
        head.reserve_exact(ENTRY * self.sections.len());
        let mut offset = header.table_end();
        for section in &self.sections {
            let entry = Entry { offset, ..section.entry.clone() };
            head.extend_from_slice(&entry.encode());
            let next = entry.next().filter(|next| next.checked_add(END.len() as u64).is_some());
            offset =
                next.ok_or_else(|| StoreError::invalid("section", &entry.name, "the file would exceed 2^64 bytes"))?;
        }
        header.length = offset + END.len() as u64;
        head[..HEADER].copy_from_slice(&header.encode());
        let mut hash = Xxh64::new();
        hash.update(&head[..CHECKSUM]);
        hash.update(&head[HEADER..]);
        head[CHECKSUM..HEADER].copy_from_slice(&hash.finish().to_le_bytes());
        Ok((head, header.length))
    }

    fn emit(&self, head: &[u8], sink: &mut dyn Write) -> io::Result<()> {
        sink.write_all(head)?;
        for section in &self.sections {
            section.payload.encode(&mut |bytes| sink.write_all(bytes))?;
            sink.write_all(&[0; ALIGNMENT as usize][..section.entry.padding()])?;
        }
        sink.write_all(&END)?;
        sink.flush()
    }
}
