//! An HDF5 file of which no size is believed.
//!
//! What an array claims is held against the bytes of the file before it is read: deflate, the strongest of the filters, makes 258
//! bytes of two bits. What is refused here would be allocated by the reader below.

use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::{DType, Dataset, File, Group};
use std::path::Path;
use tsne::Scalar;
use tsne::core::memory;

/// What deflate compresses at most.
const MAX_COMPRESSION: u64 = 1032;

/// Bytes that are decoded at a time, or one row of chunks where these are larger.
const BLOCK: u64 = 1 << 22;

/// An open file.
pub(super) struct Store {
    file: File,
    length: u64,
}

/// An array or a group, as anndata nests them.
pub(super) enum Node {
    Array(Dataset),
    Group(Group),
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let length = std::fs::metadata(path).context("cannot open")?.len();
        let file = File::open_streaming(path).map_err(|error| match error {
            hdf5_pure::Error::Io(error) => anyhow::Error::new(error).context("cannot open"),
            error => anyhow::anyhow!("not a readable .h5ad file: {error}"),
        })?;
        Ok(Self { file, length })
    }

    pub(super) fn root(&self) -> Group {
        self.file.root()
    }

    /// Checks that an array can have the size that it claims, and that there is memory for it.
    fn check(&self, array: &Dataset, what: &str) -> Result<u64> {
        let shape = array.shape().with_context(|| format!("{what} has no readable shape"))?;
        let size = array.element_size().with_context(|| format!("{what} has no readable type"))?;
        let bytes = shape.iter().try_fold(size, |product, &side| product.checked_mul(side));
        let most = self.length.saturating_mul(MAX_COMPRESSION);
        let bytes = bytes.filter(|&bytes| bytes <= most).with_context(|| {
            format!(
                "{what} claims the shape {shape:?}, more than the {} bytes of the file can hold: it is damaged",
                self.length
            )
        })?;
        let mut room: Vec<u8> = Vec::new();
        memory::reserve("an array of the file", &mut room, usize::try_from(bytes).context("the file is too large")?)?;
        Ok(bytes)
    }

    /// The numbers of an array, row by row, in blocks of rows.
    pub(super) fn numbers<T: Scalar>(&self, array: &Dataset, what: &str) -> Result<Vec<T>> {
        let bytes = self.check(array, what)?;
        let dtype = array.dtype().with_context(|| format!("{what} has no readable type"))?;
        ensure!(is_number(&dtype), "{what} holds elements of type {dtype}, but numbers are needed");
        let shape = array.shape()?;
        let (rows, count) = (shape.first().copied().unwrap_or(1), shape.iter().product::<u64>());
        let mut values = Vec::new();
        memory::reserve("an array of the file", &mut values, usize::try_from(count).context("the file is too large")?)?;
        if count == 0 {
            return Ok(values);
        }
        let chunk = array.chunk_shape()?.and_then(|chunk| chunk.first().copied()).unwrap_or(1).max(1);
        let per_row = (bytes / rows.max(1)).max(1);
        let block = (BLOCK / per_row).max(1).next_multiple_of(chunk);
        let mut start = 0;
        while start < rows {
            let take = block.min(rows - start);
            let unreadable =
                || format!("{what} cannot be read: the file is damaged, or packed by a filter that is not known");
            match dtype {
                DType::F64 => push(&mut values, &array.read_f64_rows(start, take).with_context(unreadable)?, |v| v),
                DType::I64 => {
                    push(&mut values, &array.read_i64_rows(start, take).with_context(unreadable)?, |v| v as f64)
                }
                DType::U64 => {
                    push(&mut values, &array.read_u64_rows(start, take).with_context(unreadable)?, |v| v as f64)
                }
                DType::I32 => push(&mut values, &array.read_i32_rows(start, take).with_context(unreadable)?, f64::from),
                DType::U32 => push(&mut values, &array.read_u32_rows(start, take).with_context(unreadable)?, f64::from),
                DType::I16 => push(&mut values, &array.read_i16_rows(start, take).with_context(unreadable)?, f64::from),
                DType::U16 => push(&mut values, &array.read_u16_rows(start, take).with_context(unreadable)?, f64::from),
                DType::I8 => push(&mut values, &array.read_i8_rows(start, take).with_context(unreadable)?, f64::from),
                DType::U8 | DType::Enum(_) => {
                    push(&mut values, &array.read_u8_rows(start, take).with_context(unreadable)?, f64::from)
                }
                _ => push(&mut values, &array.read_f32_rows(start, take).with_context(unreadable)?, f64::from),
            }
            start += take;
        }
        ensure!(
            values.len() as u64 == count,
            "{what} holds {} numbers instead of {count}: the file is damaged",
            values.len()
        );
        Ok(values)
    }

    /// Integers that are not negative.
    pub(super) fn counts<C: TryFrom<i64>>(&self, array: &Dataset, what: &str) -> Result<Vec<C>> {
        self.check(array, what)?;
        let values = array.read_i64().with_context(|| format!("{what} cannot be read"))?;
        let mut counts = Vec::new();
        memory::reserve("an array of the file", &mut counts, values.len())?;
        for value in values {
            let count = (value >= 0).then(|| C::try_from(value).ok()).flatten();
            counts.push(count.with_context(|| format!("{what} has the number {value}, which is out of range"))?);
        }
        Ok(counts)
    }

    /// Integers, of which -1 stands for none.
    pub(super) fn integers(&self, array: &Dataset, what: &str) -> Result<Vec<i64>> {
        self.check(array, what)?;
        array.read_i64().with_context(|| format!("{what} cannot be read"))
    }

    /// Texts.
    pub(super) fn texts(&self, array: &Dataset, what: &str) -> Result<Vec<String>> {
        self.check(array, what)?;
        array.read_string().with_context(|| format!("{what} cannot be read as text"))
    }
}

fn push<T: Scalar, A: Copy>(values: &mut Vec<T>, block: &[A], value: impl Fn(A) -> f64) {
    values.extend(block.iter().map(|&element| T::from_f64(value(element))));
}

/// Whether elements are numbers, or booleans that stand for 0 and 1.
pub(super) fn is_number(dtype: &DType) -> bool {
    use DType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    matches!(dtype, F32 | F64 | I8 | I16 | I32 | I64 | U8 | U16 | U32 | U64) || is_boolean(dtype)
}

/// Whether elements are booleans as h5py writes them.
pub(super) fn is_boolean(dtype: &DType) -> bool {
    matches!(dtype, DType::Enum(names) if names.len() == 2 && names.iter().any(|name| name == "TRUE"))
}

/// What a group holds under a name.
pub(super) fn node(group: &Group, name: &str) -> Result<Option<Node>> {
    if group.datasets()?.iter().any(|known| known == name) {
        return Ok(Some(Node::Array(group.dataset(name)?)));
    }
    if group.groups()?.iter().any(|known| known == name) {
        return Ok(Some(Node::Group(group.group(name)?)));
    }
    Ok(None)
}

/// The names of all that a group holds.
pub(super) fn members(group: &Group) -> Result<Vec<String>> {
    let mut names = group.datasets()?;
    names.extend(group.groups()?);
    names.sort_unstable();
    Ok(names)
}

/// A text among the attributes of a group.
pub(super) fn attribute(group: &Group, name: &str) -> Result<Option<String>> {
    Ok(group.attrs()?.get(name).and_then(|value| value.as_str().map(str::to_owned)))
}

/// An array that a group must hold.
pub(super) fn array(group: &Group, name: &str, what: &str) -> Result<Dataset> {
    match node(group, name)? {
        Some(Node::Array(array)) => Ok(array),
        _ => bail!("{what} has no array {name:?}: the file is damaged, or not written by anndata"),
    }
}
