//! Maps as tables by columns, as Embedding Atlas and others open them.
//!
//! `id`, `projection_x`, `projection_y` (and `projection_z`), labels, and `neighbors`: of each point the rows of its nearest
//! neighbors in the data, itself first, and their distances.

use super::content::{Beside, Numbers};
use crate::input::{Annotations, Labels, PROJECTION, label_names};
use anyhow::{Context, Result, ensure};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float32Array, Float64Array, Int32Array, ListArray, RecordBatch, StringArray,
    StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::io::Write;
use std::sync::Arc;
use tsne::{KnnGraph, Scalar};

/// The names of the coordinates behind [`PROJECTION`]; later ones are numbered from 1.
const AXES: [&str; 3] = ["x", "y", "z"];

/// The column of neighbors.
const NEIGHBORS: &str = "neighbors";

/// Rows of a batch.
const BATCH: usize = 1 << 14;

/// Rows of a group, which a reader has in memory as a whole.
const ROW_GROUP: usize = 1 << 17;

/// Bytes and texts that a column of texts holds: their places have 31 bits.
const ROOM: usize = i32::MAX as usize;

/// Whether there is room for names and labels, and for the neighbors of so many points, of which none may be there yet.
pub(super) fn check(annotations: &Annotations, with_neighbors: usize) -> Result<()> {
    check_room(annotations, with_neighbors, ROOM)
}

fn check_room(annotations: &Annotations, with_neighbors: usize, room: usize) -> Result<()> {
    annotations.ids.iter().flat_map(|ids| ids.chunks(BATCH)).try_for_each(|ids| check_texts(ids, room))?;
    for labels in annotations.labels.iter().filter(|labels| !labels.are_continuous()) {
        check_texts(&labels.names, room).with_context(|| format!("labels {:?}", labels.name))?;
    }
    ensure!(
        with_neighbors <= room,
        "{with_neighbors} points are more than neighbors are told apart by, {room}: write the map as CSV"
    );
    Ok(())
}

/// A table that is written by batches of rows.
pub(super) trait Batches {
    /// Its columns.
    fn schema(&self) -> SchemaRef;
    /// The number of its rows.
    fn n(&self) -> usize;
    /// Some of its rows.
    fn batch(&self, start: usize, end: usize) -> Result<RecordBatch>;
}

fn batches(table: &impl Batches) -> impl Iterator<Item = Result<RecordBatch>> {
    (0..table.n()).step_by(BATCH).map(|start| table.batch(start, (start + BATCH).min(table.n())))
}

/// Writes a table as Parquet.
pub(super) fn write_parquet(to: impl Write + Send, table: &impl Batches) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    let mut writer = ArrowWriter::try_new(to, table.schema(), Some(properties))?;
    batches(table).try_for_each(|batch| Ok::<_, anyhow::Error>(writer.write(&batch?)?))?;
    writer.close()?;
    Ok(())
}

/// Writes a table as a file of Arrow IPC.
pub(super) fn write_arrow(to: impl Write, table: &impl Batches) -> Result<()> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut writer = FileWriter::try_new_with_options(to, &table.schema(), options)?;
    batches(table).try_for_each(|batch| Ok::<_, anyhow::Error>(writer.write(&batch?)?))?;
    writer.finish()?;
    Ok(())
}

/// A map with what is beside it.
pub(super) struct Map<'a, T, const D: usize> {
    y: &'a [[T; D]],
    ids: Option<&'a [String]>,
    labels: Vec<Column<'a>>,
    graph: Option<&'a KnnGraph<T>>,
    schema: SchemaRef,
}

/// A column of labels.
enum Column<'a> {
    /// Of measured numbers, those of each kind.
    Numbers(&'a Labels, Vec<f64>),
    /// Of classes, the names of all.
    Classes(&'a Labels, ArrayRef),
}

impl<'a, T: Scalar, const D: usize> Map<'a, T, D> {
    pub(super) fn new(y: &'a [[T; D]], beside: &Beside<'a, T>) -> Result<Self> {
        let annotations = beside.annotations;
        let ids = annotations.and_then(|of| of.ids.as_deref());
        let all = annotations.map_or(&[][..], |of| &of.labels);
        let labels = all.iter().map(Column::new).collect::<Result<Vec<_>>>()?;
        let mut fields = Vec::new();
        fields.extend(ids.map(|_| Field::new("id", DataType::Utf8, false)));
        let number = if size_of::<T>() == size_of::<f32>() { DataType::Float32 } else { DataType::Float64 };
        for axis in 0..D {
            let name =
                AXES.get(axis).filter(|_| D <= AXES.len()).map_or_else(|| (axis + 1).to_string(), |&name| name.into());
            fields.push(Field::new(format!("{PROJECTION}{name}"), number.clone(), false));
        }
        let names = label_names(all.iter().map(|labels| labels.name.as_str()), &[NEIGHBORS]);
        fields.extend(names.into_iter().zip(&labels).map(|(name, labels)| Field::new(name, labels.data_type(), true)));
        let graph = beside.graph.filter(|graph| graph.n() == y.len());
        fields.extend(graph.map(|_| Field::new(NEIGHBORS, DataType::Struct(neighbor_fields()), false)));
        Ok(Self { y, ids, labels, graph, schema: Arc::new(Schema::new(fields)) })
    }
}

impl<T: Scalar, const D: usize> Batches for Map<'_, T, D> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn n(&self) -> usize {
        self.y.len()
    }

    fn batch(&self, start: usize, end: usize) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if let Some(ids) = self.ids {
            let ids = ids.get(start..end).context("there are fewer ids than points")?;
            columns.push(texts(ids)?);
        }
        for axis in 0..D {
            let values = self.y[start..end].iter().map(|point| point[axis].to_f64());
            columns.push(match size_of::<T>() == size_of::<f32>() {
                true => Arc::new(Float32Array::from_iter_values(values.map(|value| value as f32))),
                false => Arc::new(Float64Array::from_iter_values(values)),
            });
        }
        for labels in &self.labels {
            columns.push(labels.rows(start, end)?);
        }
        if let Some(graph) = self.graph {
            columns.push(neighbors(graph, start, end)?);
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Columns of numbers, a row for each name.
pub(super) struct NumberTable<'a> {
    ids: &'a [String],
    columns: &'a [Numbers],
    schema: SchemaRef,
}

impl<'a> NumberTable<'a> {
    pub(super) fn new(ids: &'a [String], columns: &'a [Numbers]) -> Self {
        let id = Field::new("id", DataType::Utf8, false);
        let numbers = columns.iter().map(|column| Field::new(&column.name, DataType::Float64, true));
        let fields: Vec<Field> = std::iter::once(id).chain(numbers).collect();
        Self { ids, columns, schema: Arc::new(Schema::new(fields)) }
    }
}

impl Batches for NumberTable<'_> {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn n(&self) -> usize {
        self.ids.len()
    }

    fn batch(&self, start: usize, end: usize) -> Result<RecordBatch> {
        let ids = self.ids.get(start..end).context("there are fewer ids than rows")?;
        let mut columns: Vec<ArrayRef> = vec![texts(ids)?];
        for column in self.columns {
            let values = column.values.get(start..end).context("there are fewer numbers than rows")?;
            columns.push(Arc::new(Float64Array::from_iter(values.iter().copied())));
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

impl<'a> Column<'a> {
    fn new(labels: &'a Labels) -> Result<Self> {
        Ok(match labels.numbers().filter(|_| labels.are_continuous()) {
            Some(numbers) => Self::Numbers(labels, numbers),
            None => Self::Classes(labels, texts(&labels.names)?),
        })
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Numbers(..) => DataType::Float64,
            Self::Classes(..) => DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into()),
        }
    }

    fn rows(&self, start: usize, end: usize) -> Result<ArrayRef> {
        let (Self::Numbers(labels, _) | Self::Classes(labels, _)) = self;
        let codes = labels.codes.get(start..end).context("there are fewer labels than points")?;
        let codes = codes.iter().map(|&code| (code != Labels::MISSING).then_some(code));
        Ok(match self {
            Self::Numbers(_, numbers) => {
                let number = |code: u32| numbers.get(code as usize).copied();
                Arc::new(Float64Array::from_iter(codes.map(|code| code.and_then(number))))
            }
            Self::Classes(_, names) => {
                let keys = codes.map(|code| code.map(i32::try_from).transpose());
                let keys: Int32Array = keys.collect::<Result<_, _>>().context("there are more labels than 2³¹")?;
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, names.clone())?)
            }
        })
    }
}

fn texts(texts: &[String]) -> Result<ArrayRef> {
    check_texts(texts, ROOM)?;
    Ok(Arc::new(StringArray::from_iter_values(texts)))
}

fn check_texts(texts: &[String], room: usize) -> Result<()> {
    let bytes: usize = texts.iter().map(String::len).sum();
    ensure!(bytes <= room, "a column of Arrow holds {room} bytes of names, and {bytes} are more: write the map as CSV");
    ensure!(texts.len() <= room, "Arrow tells {room} names apart, and {} are more: write the map as CSV", texts.len());
    Ok(())
}

/// The lists of a point's neighbors, as Embedding Atlas has them.
fn neighbor_fields() -> Fields {
    let list = |of: DataType| DataType::List(Arc::new(Field::new_list_field(of, false)));
    Fields::from(vec![
        Field::new("ids", list(DataType::Int32), false),
        Field::new("distances", list(DataType::Float32), false),
    ])
}

/// The neighbors of some points: the nearest one of each is itself.
fn neighbors<T: Scalar>(graph: &KnnGraph<T>, start: usize, end: usize) -> Result<ArrayRef> {
    let (mut ids, mut distances) = (Vec::new(), Vec::new());
    for point in start..end {
        let (near, far) = graph.row(point);
        for id in std::iter::once(point).chain(near.iter().map(|&id| id as usize)) {
            ids.push(i32::try_from(id).context("there are more points than 2³¹")?);
        }
        distances.push(0.0);
        distances.extend(far.iter().map(|distance| distance.to_f64() as f32));
    }
    let list = |values: ArrayRef| -> Result<ArrayRef> {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
        let lengths = OffsetBuffer::from_repeated_length(graph.k() + 1, end - start);
        Ok(Arc::new(ListArray::try_new(field, lengths, values, None)?))
    };
    let columns = vec![list(Arc::new(Int32Array::from(ids)))?, list(Arc::new(Float32Array::from(distances)))?];
    Ok(Arc::new(StructArray::try_new(neighbor_fields(), columns, None)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::LabelType;

    fn labels(names: &[&str], label_type: LabelType) -> Labels {
        let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
        Labels { name: "kind".into(), label_type, codes: (0..names.len() as u32).collect(), names, title: None }
    }

    #[test]
    fn names_without_room_are_told_before_there_is_a_map() {
        let of = |ids: Option<&[&str]>, labels: Vec<Labels>| Annotations {
            ids: ids.map(|ids| ids.iter().map(|&id| id.into()).collect()),
            labels,
        };
        let (ids, classes) = (["a", "bc"], || labels(&["x", "y", "zw"], LabelType::Classes));
        let all = of(Some(&ids), vec![classes()]);
        assert!(check_room(&all, 4, 4).is_ok() && check(&all, 4).is_ok());
        let told = |annotations: &Annotations, points: usize, room: usize| {
            format!("{:#}", check_room(annotations, points, room).unwrap_err())
        };
        assert!(told(&all, 4, 3).contains("labels \"kind\": a column of Arrow holds 3 bytes of names, and 4 are more"));
        assert!(told(&of(Some(&ids), Vec::new()), 0, 2).contains("3 are more"));
        assert!(told(&of(None, vec![labels(&["", "", ""], LabelType::Classes)]), 0, 2).contains("tells 2 names"));
        assert!(told(&Annotations::default(), 5, 4).contains("5 points"));
        // Numbers are not written as texts, and names of rows come some at a time.
        assert!(check_room(&of(None, vec![labels(&["1.5", "2.25"], LabelType::Numbers)]), 0, 1).is_ok());
        let many = Annotations { ids: Some(vec!["id".into(); 2 * BATCH]), labels: Vec::new() };
        assert!(check_room(&many, 0, 2 * BATCH).is_ok() && check_room(&many, 0, 2 * BATCH - 1).is_err());
    }
}
