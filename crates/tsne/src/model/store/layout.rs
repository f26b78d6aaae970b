//! The header, the table of sections and the end marker: docs/model-format.md in code.

use super::{Element, ElementType, StoreError};

/// The major and minor format version that this build writes.
pub const VERSION: (u16, u16) = (1, 0);
/// The most sections a file can have, so that the table of a forged file takes little memory.
pub const MAX_SECTIONS: usize = 1024;
/// The most bytes of a section's name.
pub const MAX_NAME: usize = 64;
/// The most dimensions of a section's shape.
pub const MAX_RANK: usize = 4;

/// The first bytes, after those of PNG: a byte beyond ASCII, a name, both kinds of line end around the mark that ends
/// a text on DOS. No transfer in text mode leaves all of them alone.
pub(super) const MAGIC: [u8; 8] = *b"\x89TSN\r\n\x1a\n";
/// The last bytes.
pub(super) const END: [u8; 8] = *b"\x89TSNEND\n";
/// Payloads start at multiples of this, a cache line.
pub(super) const ALIGNMENT: u64 = 64;
pub(super) const HEADER: usize = 64;
pub(super) const ENTRY: usize = 128;
/// The place of the header's checksum, which is its last field.
pub(super) const CHECKSUM: usize = HEADER - 8;

/// The fixed fields at the start of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) version: (u16, u16),
    pub(super) sections: u32,
    pub(super) length: u64,
    pub(super) checksum: u64,
}

impl Header {
    /// The bytes, all but the checksum, which is 0.
    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&self.version.0.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.version.1.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sections.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// The fields of a file whose first bytes are these, if the kind and the version are right. The rest is not
    /// checked: the checksum comes first.
    pub(super) fn decode(bytes: &[u8; HEADER]) -> Result<Self, StoreError> {
        check_magic(bytes)?;
        let version = (u16_at(bytes, 8), u16_at(bytes, 10));
        if version.0 != VERSION.0 {
            return Err(StoreError::Version { found: version, supported: VERSION });
        }
        Ok(Self { version, sections: u32_at(bytes, 12), length: u64_at(bytes, 16), checksum: u64_at(bytes, CHECKSUM) })
    }

    /// Where the table ends.
    pub(super) const fn table_end(&self) -> u64 {
        HEADER as u64 + ENTRY as u64 * self.sections as u64
    }
}

/// Whether a file starts as it must, as far as it goes.
pub(super) fn check_magic(start: &[u8]) -> Result<(), StoreError> {
    let start = &start[..start.len().min(MAGIC.len())];
    if start.is_empty() {
        return Err(StoreError::NotAModel { why: "the file is empty".into() });
    }
    if MAGIC.starts_with(start) {
        return Ok(());
    }
    let text_mode = start.windows(3).any(|three| three == b"TSN");
    Err(StoreError::NotAModel {
        why: if text_mode {
            "its first bytes were changed as by a transfer in text mode; copy it again in binary mode".into()
        } else {
            format!("it starts with the bytes {start:02x?} instead of {MAGIC:02x?}; check the path")
        },
    })
}

/// A row of the table: what a section is called, what it holds and where.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// `None` for a type of a later minor version.
    pub(super) element: Option<ElementType>,
    pub(super) shape: Vec<usize>,
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) checksum: u64,
}

impl Entry {
    /// The entry of an array of so many elements, without its place and its checksum.
    pub(super) fn of<T: Element>(name: &str, shape: &[usize], count: usize) -> Result<Self, StoreError> {
        let invalid = |why: String| StoreError::invalid("section", name, why);
        check_name(name.as_bytes()).map_err(&invalid)?;
        if shape.len() > MAX_RANK {
            return Err(invalid(format!("its shape {shape:?} has more than {MAX_RANK} dimensions")));
        }
        if elements(shape.iter().map(|&size| size as u64)) != Some(count as u64) {
            return Err(invalid(format!("its shape {shape:?} is not that of the {count} elements given")));
        }
        let length = size_of_element(T::TYPE).checked_mul(count as u64);
        let length = length.ok_or_else(|| invalid("it is longer than 2^64 bytes".into()))?;
        Ok(Self { name: name.into(), element: Some(T::TYPE), shape: shape.into(), offset: 0, length, checksum: 0 })
    }

    pub(super) fn encode(&self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..self.name.len()].copy_from_slice(self.name.as_bytes());
        bytes[64..68].copy_from_slice(&self.element.map_or(0, ElementType::code).to_le_bytes());
        bytes[68..72].copy_from_slice(&(self.shape.len() as u32).to_le_bytes());
        for (to, &size) in bytes[72..104].as_chunks_mut().0.iter_mut().zip(&self.shape) {
            *to = (size as u64).to_le_bytes();
        }
        bytes[104..112].copy_from_slice(&self.offset.to_le_bytes());
        bytes[112..120].copy_from_slice(&self.length.to_le_bytes());
        bytes[120..128].copy_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    /// The entry that stands in `bytes` in a file of `version`; its payload must start at `start`.
    pub(super) fn decode(bytes: &[u8; ENTRY], version: (u16, u16), start: u64) -> Result<Self, StoreError> {
        let end = bytes[..MAX_NAME].iter().position(|&byte| byte == 0).unwrap_or(MAX_NAME);
        let (name, padding) = bytes[..MAX_NAME].split_at(end);
        let corrupt = |why: String| StoreError::corrupt(format!("the table, section {:?}", text(name)), why);
        check_name(name).map_err(corrupt)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(corrupt("its name goes on after a zero byte".into()));
        }

        let code = u32_at(bytes, 64);
        let element = ElementType::from_code(code);
        if element.is_none() && version <= VERSION {
            return Err(corrupt(format!(
                "its element type is {code}, but version {}.{} has none such",
                version.0, version.1
            )));
        }

        let rank = u32_at(bytes, 68) as usize;
        if rank > MAX_RANK {
            return Err(corrupt(format!("its shape has {rank} dimensions, but at most {MAX_RANK} are possible")));
        }
        let sizes: [u64; MAX_RANK] = std::array::from_fn(|i| u64_at(bytes, 72 + 8 * i));
        let (sizes, unused) = sizes.split_at(rank);
        if unused.iter().any(|&size| size != 0) {
            return Err(corrupt(format!("its shape has sizes beyond its {rank} dimensions")));
        }

        let (offset, length) = (u64_at(bytes, 104), u64_at(bytes, 112));
        if let Some(element) = element
            && elements(sizes.iter().copied()).and_then(|n| n.checked_mul(size_of_element(element))) != Some(length)
        {
            return Err(corrupt(format!(
                "its shape {sizes:?} of {element} does not give its length of {length} bytes"
            )));
        }
        if offset != start {
            return Err(corrupt(format!(
                "it starts at byte {offset}, but the one before ends such that {start} follows"
            )));
        }
        let shape: Result<Vec<usize>, _> = sizes.iter().map(|&size| usize::try_from(size)).collect();
        let shape = shape.map_err(|_| {
            StoreError::Unsupported(format!(
                "section {:?} of shape {sizes:?} is too large for this machine",
                text(name)
            ))
        })?;
        Ok(Self { name: text(name), element, shape, offset, length, checksum: u64_at(bytes, 120) })
    }

    /// Where the next payload or the end marker starts.
    pub(super) fn next(&self) -> Option<u64> {
        self.offset.checked_add(self.length)?.checked_next_multiple_of(ALIGNMENT)
    }

    /// The zero bytes between the payload and what follows it.
    pub(super) const fn padding(&self) -> usize {
        // Lossless: less than 64.
        (self.length.wrapping_neg() % ALIGNMENT) as usize
    }
}

const fn size_of_element(element: ElementType) -> u64 {
    element.size() as u64
}

/// The number of elements of a shape.
fn elements(mut sizes: impl Iterator<Item = u64>) -> Option<u64> {
    // A zero anywhere makes the array empty, also beside sizes whose product overflows; rejecting those is simpler.
    sizes.try_fold(1_u64, |product, size| product.checked_mul(size))
}

/// Whether a section may be called so.
fn check_name(name: &[u8]) -> Result<(), String> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(format!("its name has {} bytes, but must have 1 to {MAX_NAME}", name.len()));
    }
    match name.iter().find(|byte| !byte.is_ascii_graphic()) {
        Some(byte) => Err(format!("its name has the byte {byte:#04x}, but must be of visible ASCII characters")),
        None => Ok(()),
    }
}

/// A name for a message or, once it is known to be ASCII, for itself.
fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}
