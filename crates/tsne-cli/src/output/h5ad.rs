//! Maps within files of anndata, where scanpy leaves its own: `obsm["X_tsne"]` and `uns["tsne"]`.

use super::note::Note;
use crate::input::h5ad::{CONVERT, Field, claimed};
use anyhow::{Context, Result, anyhow, ensure};
use hdf5_pure::{AttrValue, DatasetBuilder, Datatype, Error, File, Group};
use std::fs;
use std::io;
use std::path::Path;
use tsne::Scalar;
use tsne::core::memory;
use tsne::files::AtomicFile;

/// The name of the map in `obsm`, and of what is said about it in `uns`.
const MAP: &str = "X_tsne";
const NOTE: &str = "tsne";

/// A map of the points of a file.
#[derive(Debug)]
pub struct MapOf<'a, T, const D: usize> {
    /// The positions of the points that were embedded.
    pub positions: &'a [[T; D]],
    /// How many points the file has.
    pub n: usize,
    /// Those that were embedded, where others were left out: for these there are no numbers.
    pub kept: Option<&'a [usize]>,
    /// The parameters.
    pub params: &'a [(&'static str, Note)],
}

impl<T: Scalar, const D: usize> MapOf<'_, T, D> {
    /// Puts the map into a file, in place of an older one: what changes is written at the end of the file, and takes effect by
    /// one write at last.
    ///
    /// # Errors
    ///
    /// Where the file cannot be changed, for example because another program has it open, or has another number of points.
    pub fn write_into(&self, path: &Path) -> Result<()> {
        let file = File::open_rw(path).map_err(refused)?;
        let old = self.old_obsm(&file, path)?;
        self.stage(&file, old).map_err(refused)?;
        file.commit().map_err(refused)?;
        file.close().map_err(refused)
    }

    /// Writes a copy of the file `source` with the map, whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`MapOf::write_into`], and where the copy cannot be written.
    pub fn write_copy(&self, source: &Path, target: &Path) -> Result<()> {
        let copy = AtomicFile::create(target)?;
        let path = copy.path();
        // Between two files the system itself copies, without the bytes, where it can.
        let mut to = fs::OpenOptions::new().write(true).open(&path).context("cannot open the copy")?;
        io::copy(&mut fs::File::open(source)?, &mut to).context("cannot copy the file")?;
        drop(to);
        self.write_into(&path)?;
        Ok(copy.commit()?)
    }

    /// The arrays of `obsm` in a file of anndata before 0.7, where it is a compound array, to which no field can be added. anndata
    /// reads them from a group, too, whatever `obs` is.
    fn old_obsm(&self, file: &File, path: &Path) -> Result<Option<Vec<Part>>> {
        let root = file.root();
        if !root.datasets()?.iter().any(|known| known == "obsm") {
            return Ok(None);
        }
        let array = root.dataset("obsm")?;
        let fields = Field::of(&array, "obsm")?.context("obsm is an array, but arrays in it are needed")?;
        let shape = array.shape()?;
        ensure!(
            shape == [self.n as u64],
            "obsm has the shape {shape:?}, but the file has {} points: it is damaged",
            self.n
        );
        let bytes = claimed(&array, path.metadata()?.len(), "obsm")?;
        let mut room: Vec<u8> = Vec::new();
        memory::reserve("obsm of the file", &mut room, usize::try_from(bytes)?.saturating_mul(2))?;
        drop(room);
        let rows = array.read_raw().context("obsm cannot be read: the file is damaged")?;
        let mut parts = Vec::new();
        for field in fields.into_iter().filter(|field| field.name != MAP) {
            ensure!(
                is_plain(&field.datatype),
                "the map cannot be put beside {:?} of obsm, which is not of numbers: {CONVERT}",
                field.name
            );
            let mut shape = shape.clone();
            shape.extend(&field.sides);
            parts.push(Part { bytes: field.gather(&rows)?, name: field.name, datatype: field.datatype, shape });
        }
        Ok(Some(parts))
    }

    fn stage(&self, file: &File, old: Option<Vec<Part>>) -> Result<(), Error> {
        let root = file.root();
        if let Some(parts) = old {
            root.delete("obsm")?;
            let obsm = dictionary(&root, "obsm")?;
            for Part { name, datatype, shape, bytes } in parts {
                obsm.create_dataset(&name, |array| {
                    array.with_raw_data(datatype, bytes, shape.iter().product()).with_shape(&shape);
                    encoded(array, "array");
                })?;
            }
        }
        let (obsm, uns) = (dictionary(&root, "obsm")?, dictionary(&root, "uns")?);
        if obsm.datasets()?.iter().chain(&obsm.groups()?).any(|name| name == MAP) {
            obsm.delete(MAP)?;
        }
        let numbers = self.numbers();
        let shape = [self.n as u64, D as u64];
        obsm.create_dataset(MAP, |array| {
            match size_of::<T>() {
                4 => array.with_f32_data(&numbers.iter().map(|&value| value as f32).collect::<Vec<_>>()),
                _ => array.with_f64_data(&numbers),
            };
            array.with_shape(&shape);
            encoded(array, "array");
        })?;
        if uns.datasets()?.iter().chain(&uns.groups()?).any(|name| name == NOTE) {
            uns.delete(NOTE)?;
        }
        let dict = || ("encoding-type", AttrValue::VarLenString("dict".into()));
        uns.create_group_with(NOTE, |note| {
            note.set_attr(dict().0, dict().1).set_attr("encoding-version", AttrValue::VarLenString("0.1.0".into()));
            note.create_group_with("params", |params| {
                params
                    .set_attr(dict().0, dict().1)
                    .set_attr("encoding-version", AttrValue::VarLenString("0.1.0".into()));
                for (name, value) in self.params {
                    params.create_dataset(name, |array| {
                        let kind = match value {
                            Note::Number(value) => {
                                array.with_f64_data(&[*value]);
                                "numeric-scalar"
                            }
                            Note::Count(value) => {
                                array.with_i64_data(&[*value]);
                                "numeric-scalar"
                            }
                            Note::Text(text) => {
                                array.with_vlen_strings(&[text]);
                                "string"
                            }
                        };
                        array.with_shape(&[]);
                        encoded(array, kind);
                    });
                }
            });
        })?;
        Ok(())
    }

    /// The numbers of all points of the file; NaN for those that were left out.
    fn numbers(&self) -> Vec<f64> {
        let mut numbers = vec![f64::NAN; self.n * D];
        for (i, point) in self.positions.iter().enumerate() {
            let place = self.kept.map_or(i, |kept| kept.get(i).copied().unwrap_or(i));
            for (number, value) in numbers.iter_mut().skip(place * D).zip(point) {
                *number = value.to_f64();
            }
        }
        numbers
    }
}

/// An array of `obsm`.
struct Part {
    name: String,
    datatype: Datatype,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// Whether the bytes of an element are all there is to it.
fn is_plain(datatype: &Datatype) -> bool {
    matches!(datatype, Datatype::FixedPoint { .. } | Datatype::FloatingPoint { .. } | Datatype::Enumeration { .. })
}

/// Says what an array is, as anndata wants to know.
fn encoded(array: &mut DatasetBuilder, kind: &str) {
    array.set_attr("encoding-type", AttrValue::VarLenString(kind.to_owned()));
    array.set_attr("encoding-version", AttrValue::VarLenString("0.2.0".into()));
}

/// A group of that name, made where there is none.
fn dictionary(root: &Group, name: &str) -> Result<Group, Error> {
    if root.groups()?.iter().any(|known| known == name) {
        return root.group(name);
    }
    root.create_group_with(name, |group| {
        group.set_attr("encoding-type", AttrValue::VarLenString("dict".into()));
        group.set_attr("encoding-version", AttrValue::VarLenString("0.1.0".into()));
    })
}

fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::FileLocked(_) => {
            anyhow!("another program has the file open: close it there, or write a copy with -o OUT.h5ad")
        }
        Error::Io(error) => anyhow::Error::new(error).context("the file cannot be changed"),
        error => anyhow!("the file cannot be changed: {error}; write the map with -o OUT.csv instead"),
    }
}
