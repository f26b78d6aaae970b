//! An HDF5 file of which no size is believed.

use super::array::Array;
use super::claim::claimed;
use super::field::Field;
use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::{DType, Dataset, File, Group};
use std::path::Path;
use tsne::Scalar;
use tsne::core::memory;

/// An open file.
pub(super) struct Store {
    file: File,
    length: u64,
}

/// An array or a group, as anndata nests them.
pub(super) enum Node {
    Array(Array),
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

    /// Checks that an array can have the size that it claims, and that there is memory for what is read of it.
    fn check(&self, array: &Array, what: &str) -> Result<()> {
        let bytes = array.share(claimed(array.stored(), self.length, what)?)?;
        let mut room: Vec<u8> = Vec::new();
        memory::reserve("an array of the file", &mut room, usize::try_from(bytes).context("the file is too large")?)?;
        Ok(())
    }

    /// The numbers of an array, row by row, in blocks of rows.
    pub(super) fn numbers<T: Scalar>(&self, array: &Array, what: &str) -> Result<Vec<T>> {
        self.check(array, what)?;
        let dtype = array.dtype().with_context(|| format!("{what} has no readable type"))?;
        ensure!(is_number(&dtype), "{what} holds elements of type {dtype}, but numbers are needed");
        let count = array.shape()?.iter().product::<u64>();
        let mut values = Vec::new();
        memory::reserve("an array of the file", &mut values, usize::try_from(count).context("the file is too large")?)?;
        for (start, take) in array.blocks()? {
            let to = &mut values;
            match dtype {
                DType::F64 => push(to, array.rows(start, take, Dataset::read_f64_rows), |v| v),
                DType::I64 => push(to, array.rows(start, take, Dataset::read_i64_rows), |v| v as f64),
                DType::U64 => push(to, array.rows(start, take, Dataset::read_u64_rows), |v| v as f64),
                DType::I32 => push(to, array.rows(start, take, Dataset::read_i32_rows), f64::from),
                DType::U32 => push(to, array.rows(start, take, Dataset::read_u32_rows), f64::from),
                DType::I16 => push(to, array.rows(start, take, Dataset::read_i16_rows), f64::from),
                DType::U16 => push(to, array.rows(start, take, Dataset::read_u16_rows), f64::from),
                DType::I8 => push(to, array.rows(start, take, Dataset::read_i8_rows), f64::from),
                DType::U8 | DType::Enum(_) => push(to, array.rows(start, take, Dataset::read_u8_rows), f64::from),
                _ => push(to, array.rows(start, take, Dataset::read_f32_rows), f64::from),
            }
            .with_context(|| {
                format!("{what} cannot be read: the file is damaged, or packed by a filter that is not known")
            })?;
        }
        ensure!(
            values.len() as u64 == count,
            "{what} holds {} numbers instead of {count}: the file is damaged",
            values.len()
        );
        Ok(values)
    }

    /// Integers that are not negative.
    pub(super) fn counts<C: TryFrom<i64>>(&self, array: &Array, what: &str) -> Result<Vec<C>> {
        let values = self.integers(array, what)?;
        let mut counts = Vec::new();
        memory::reserve("an array of the file", &mut counts, values.len())?;
        for value in values {
            let count = (value >= 0).then(|| C::try_from(value).ok()).flatten();
            counts.push(count.with_context(|| format!("{what} has the number {value}, which is out of range"))?);
        }
        Ok(counts)
    }

    /// Integers, of which -1 stands for none.
    pub(super) fn integers(&self, array: &Array, what: &str) -> Result<Vec<i64>> {
        self.check(array, what)?;
        array.integers().with_context(|| format!("{what} cannot be read"))
    }

    /// Texts.
    pub(super) fn texts(&self, array: &Array, what: &str) -> Result<Vec<String>> {
        self.check(array, what)?;
        array.texts().with_context(|| format!("{what} cannot be read as text"))
    }
}

fn push<T: Scalar, A: Copy>(values: &mut Vec<T>, block: Result<Vec<A>>, value: impl Fn(A) -> f64) -> Result<()> {
    values.extend(block?.iter().map(|&element| T::from_f64(value(element))));
    Ok(())
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
        return Ok(Some(Node::Array(Array::whole(group.dataset(name)?))));
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

impl Node {
    /// The fields of a compound array, or nothing.
    pub(super) fn fields(&self, what: &str) -> Result<Option<Vec<Field>>> {
        match self {
            Self::Group(_) => Ok(None),
            Self::Array(array) => array.fields(what),
        }
    }

    /// The names of all that a group or a compound array holds.
    pub(super) fn members(&self, what: &str) -> Result<Vec<String>> {
        match self {
            Self::Group(group) => members(group),
            Self::Array(array) => Ok(array.fields(what)?.into_iter().flatten().map(|field| field.name).collect()),
        }
    }

    /// What a group or a compound array holds under a name.
    pub(super) fn child(&self, name: &str, what: &str) -> Result<Option<Self>> {
        match self {
            Self::Group(group) => node(group, name),
            Self::Array(array) => {
                let field = array.fields(what)?.into_iter().flatten().find(|field| field.name == name);
                Ok(field.map(|field| Self::Array(array.field(field))))
            }
        }
    }
}

/// A text among the attributes of a group.
pub(super) fn attribute(group: &Group, name: &str) -> Result<Option<String>> {
    Ok(group.attrs()?.get(name).and_then(|value| value.as_str().map(str::to_owned)))
}

/// An array that a group must hold.
pub(super) fn array(group: &Group, name: &str, what: &str) -> Result<Array> {
    match node(group, name)? {
        Some(Node::Array(array)) => Ok(array),
        _ => bail!("{what} has no array {name:?}: the file is damaged, or not written by anndata"),
    }
}
