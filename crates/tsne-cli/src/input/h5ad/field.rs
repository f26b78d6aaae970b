//! Fields of a compound array, the form that anndata gave `obs`, `var` and `obsm` before 0.7.
//!
//! HDF5 stores such an array row by row, so a field is a stride through its bytes. These are read a block of rows at a time and
//! decoded by the type that the file declares; no offset or size is believed.

use anyhow::{Context, Result, bail, ensure};
use hdf5_pure::{CompoundField, DType, Dataset, Datatype, StringPadding, make_u8_type};
use tsne::core::memory;

/// How a file of the old layout becomes one of the newer.
pub(crate) const CONVERT: &str = "read and write the file by a newer anndata, python -c \
                                  'import anndata; anndata.read_h5ad(\"X.h5ad\").write(\"Y.h5ad\")'";

/// A field of a compound array.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// The type of an element, of which a row has `sides`.
    pub(crate) datatype: Datatype,
    pub(super) dtype: DType,
    pub(crate) sides: Vec<u64>,
    offset: usize,
    width: usize,
    stride: usize,
}

impl Field {
    /// The fields of an array, if it is a compound one; of those with the same name the first is meant.
    pub(crate) fn of(array: &Dataset, what: &str) -> Result<Option<Vec<Self>>> {
        let datatype = array.datatype().with_context(|| format!("{what} has no readable type"))?;
        let (Datatype::Compound { size, members }, DType::Compound(dtypes)) = (datatype, array.dtype()?) else {
            return Ok(None);
        };
        let rank = array.shape()?.len();
        ensure!(rank == 1, "{what} is a compound array of {rank} dimensions, but one is needed: the file is damaged");
        let stride = usize::try_from(size)?;
        let mut fields: Vec<Self> = Vec::new();
        for (member, (name, dtype)) in members.into_iter().zip(dtypes) {
            let width = usize::try_from(member.datatype.type_size())?;
            let offset = usize::try_from(member.byte_offset).unwrap_or(usize::MAX);
            ensure!(
                width > 0 && offset.checked_add(width).is_some_and(|end| end <= stride),
                "{what} has a field {name:?} beyond its rows: the file is damaged"
            );
            let (datatype, dtype, sides) = match (member.datatype, dtype) {
                (Datatype::Array { base_type, dimensions }, DType::Array(dtype, _)) => {
                    (*base_type, *dtype, dimensions.into_iter().map(u64::from).collect())
                }
                (datatype, dtype) => (datatype, dtype, Vec::new()),
            };
            fields.push(Self { name, datatype, dtype, sides, offset, width, stride });
        }
        Ok(Some(fields))
    }

    /// How many bytes a row has of it.
    pub(super) fn width(&self) -> u64 {
        self.width as u64
    }

    /// The bytes of it within those of whole rows.
    pub(crate) fn gather(&self, rows: &[u8]) -> Result<Vec<u8>> {
        ensure!(rows.len().is_multiple_of(self.stride), "a compound array ends within a row: the file is damaged");
        let mut bytes = Vec::new();
        memory::reserve("a field of the file", &mut bytes, rows.len() / self.stride * self.width)?;
        for row in rows.chunks_exact(self.stride) {
            let field = row.get(self.offset..).and_then(|row| row.get(..self.width));
            bytes.extend_from_slice(field.context("a field is beyond its rows: the file is damaged")?);
        }
        Ok(bytes)
    }

    /// Its elements in some rows.
    pub(super) fn rows<A: CompoundField>(&self, array: &Dataset, start: u64, take: u64) -> Result<Vec<A>> {
        // Booleans of h5py are an enumeration over one byte.
        let datatype = match &self.datatype {
            Datatype::Enumeration { size: 1, .. } => make_u8_type(),
            datatype => datatype.clone(),
        };
        let bytes = self.gather(&array.read_raw_rows(start, take)?)?;
        let mut elements = Vec::new();
        memory::reserve("a field of the file", &mut elements, bytes.len() / size_of::<A>().max(1))?;
        for element in bytes.chunks_exact(usize::try_from(datatype.element_size()?.get())?) {
            elements.push(A::decode_field(&datatype, element)?);
        }
        Ok(elements)
    }

    /// Adds its texts in some rows to others.
    pub(super) fn texts(&self, array: &Dataset, start: u64, take: u64, texts: &mut Vec<String>) -> Result<()> {
        let Datatype::String { size, padding, .. } = &self.datatype else {
            bail!("it holds elements of type {}: {CONVERT}", self.dtype)
        };
        let bytes = self.gather(&array.read_raw_rows(start, take)?)?;
        let size = usize::try_from(*size)?.max(1);
        memory::reserve("the texts of the file", texts, bytes.len() / size)?;
        for text in bytes.chunks_exact(size) {
            let last = |pad: u8| text.iter().rposition(|&byte| byte != pad).map_or(0, |last| last + 1);
            let end = match padding {
                StringPadding::NullTerminate => text.iter().position(|&byte| byte == 0).unwrap_or(text.len()),
                StringPadding::NullPad => last(0),
                StringPadding::SpacePad => last(b' '),
            };
            texts.push(String::from_utf8_lossy(text.get(..end).unwrap_or(text)).into_owned());
        }
        Ok(())
    }
}
