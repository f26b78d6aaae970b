//! An array of a file: one that stands for itself, or a field of a compound one, which reads in the same way.

use super::field::Field;
use anyhow::{Context, Result};
use hdf5_pure::{CompoundField, DType, Dataset, Error};

/// Bytes that are decoded at a time, or one row of chunks where these are larger.
const BLOCK: u64 = 1 << 22;

/// An array, or a field of one.
pub(super) struct Array {
    dataset: Dataset,
    field: Option<Field>,
}

impl Array {
    pub(super) fn whole(dataset: Dataset) -> Self {
        Self { dataset, field: None }
    }

    /// The fields, if it is a compound array.
    pub(super) fn fields(&self, what: &str) -> Result<Option<Vec<Field>>> {
        if self.field.is_some() { Ok(None) } else { Field::of(&self.dataset, what) }
    }

    /// A field of it.
    pub(super) fn field(&self, field: Field) -> Self {
        Self { dataset: self.dataset.clone(), field: Some(field) }
    }

    /// The shape; a field has the rows of its array, and the sides of its elements.
    pub(super) fn shape(&self) -> Result<Vec<u64>> {
        let mut shape = self.dataset.shape().context("an array has no readable shape")?;
        shape.extend(self.field.iter().flat_map(|field| &field.sides));
        Ok(shape)
    }

    pub(super) fn dtype(&self) -> Result<DType> {
        match &self.field {
            Some(field) => Ok(field.dtype.clone()),
            None => self.dataset.dtype().context("an array has no readable type"),
        }
    }

    /// The array of the file that it is, or of which it is a field.
    pub(super) fn stored(&self) -> &Dataset {
        &self.dataset
    }

    /// How many of the bytes that the file stores are read of it.
    pub(super) fn share(&self, bytes: u64) -> Result<u64> {
        let size = self.dataset.element_size().context("an array has no readable type")?;
        Ok(bytes / size.max(1) * self.field.as_ref().map_or(size, Field::width))
    }

    /// The rows in blocks of about `BLOCK` bytes, and of whole chunks: where each starts, and how many it has.
    pub(super) fn blocks(&self) -> Result<impl Iterator<Item = (u64, u64)>> {
        let size = self.dataset.element_size().context("an array has no readable type")?;
        let shape = self.dataset.shape()?;
        let (rows, inner) = shape.split_first().map_or((1, &[][..]), |(&rows, inner)| (rows, inner));
        let per_row = inner.iter().fold(size, |product, &side| product.saturating_mul(side)).max(1);
        let chunk = self.dataset.chunk_shape()?.and_then(|chunk| chunk.first().copied()).unwrap_or(1).max(1);
        let block = (BLOCK / per_row).max(1).checked_next_multiple_of(chunk).unwrap_or(rows).max(1);
        let count = if shape.contains(&0) { 0 } else { rows.div_ceil(block) };
        Ok((0..count).map(move |i| (i * block, block.min(rows - i * block))))
    }

    /// The elements of some rows, by `whole` for an array that stands for itself.
    pub(super) fn rows<A: CompoundField>(
        &self,
        start: u64,
        take: u64,
        whole: impl Fn(&Dataset, u64, u64) -> Result<Vec<A>, Error>,
    ) -> Result<Vec<A>> {
        match &self.field {
            Some(field) => field.rows(&self.dataset, start, take),
            None => Ok(whole(&self.dataset, start, take)?),
        }
    }

    /// Integers of any kind.
    pub(super) fn integers(&self) -> Result<Vec<i64>> {
        let Some(field) = &self.field else { return Ok(self.dataset.read_i64()?) };
        let mut integers = Vec::new();
        for (start, take) in self.blocks()? {
            let array = &self.dataset;
            match field.dtype {
                DType::I8 => widen(&mut integers, field.rows::<i8>(array, start, take)?),
                DType::I16 => widen(&mut integers, field.rows::<i16>(array, start, take)?),
                DType::I32 => widen(&mut integers, field.rows::<i32>(array, start, take)?),
                DType::U8 => widen(&mut integers, field.rows::<u8>(array, start, take)?),
                DType::U16 => widen(&mut integers, field.rows::<u16>(array, start, take)?),
                DType::U32 => widen(&mut integers, field.rows::<u32>(array, start, take)?),
                _ => widen(&mut integers, field.rows::<i64>(array, start, take)?),
            }
        }
        Ok(integers)
    }

    /// The texts.
    pub(super) fn texts(&self) -> Result<Vec<String>> {
        let Some(field) = &self.field else { return Ok(self.dataset.read_string()?) };
        let mut texts = Vec::new();
        for (start, take) in self.blocks()? {
            field.texts(&self.dataset, start, take, &mut texts)?;
        }
        Ok(texts)
    }
}

fn widen<A: Into<i64>>(integers: &mut Vec<i64>, block: Vec<A>) {
    integers.extend(block.into_iter().map(Into::into));
}
