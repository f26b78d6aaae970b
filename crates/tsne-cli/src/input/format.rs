//! The formats of points, by names of files and by their first bytes.

use super::npy::is_headless;
use super::open::{ends_in, is_compressed, is_standard_input, is_stream, uncompressed};
use anyhow::{Result, bail, ensure};
use std::path::Path;

/// A format of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One array of NumPy.
    Npy,
    /// One array of numbers that has no header of NumPy's.
    Headless,
    /// An archive of arrays.
    Npz,
    /// Matrix Market.
    Mtx,
    /// A folder of 10x Genomics.
    TenX,
    /// A file of anndata.
    H5ad,
    /// Parquet or Arrow.
    Columnar,
    /// Delimited text.
    Text,
}

/// The format of a file by its name, or that it is a folder. Standard input, and a pipe whose name says nothing, are text, unless their
/// first bytes say otherwise.
pub(crate) fn format_of(path: &Path) -> Result<Format> {
    if is_standard_input(path) {
        return Ok(Format::Text);
    }
    if path.is_dir() {
        return if ends_in(path, "zarr") { unknown(path) } else { Ok(Format::TenX) };
    }
    let name = uncompressed(path);
    let is = |extensions: &[&str]| extensions.iter().any(|extension| ends_in(&name, extension));
    Ok(match () {
        () if is(&["npy"]) => Format::Npy,
        () if is_headless(path) => Format::Headless,
        () if is_headless(&name) => {
            bail!("arrays of this format are read unpacked only, by their lengths: unpack it first (gunzip or zstd -d)")
        }
        () if is(&["npz"]) => Format::Npz,
        () if is(&["mtx"]) => Format::Mtx,
        () if is(&["h5ad"]) => {
            ensure!(!is_compressed(path), "an .h5ad file is compressed within: unpack it first");
            Format::H5ad
        }
        () if is_columnar(path) => Format::Columnar,
        () if is_columnar(&name) => bail!("a table of this format is compressed within: unpack it first"),
        () if is(&["csv", "tsv", "txt", "data", "dat", "tab"]) => Format::Text,
        () if is_stream(path) => Format::Text,
        () => return unknown(&name),
    })
}

/// Whether a file is a table of Parquet or Arrow by its name.
pub(crate) fn is_columnar(path: &Path) -> bool {
    ["parquet", "pq", "arrow", "feather", "ipc", "arrows"].iter().any(|extension| ends_in(path, extension))
}

/// Why a table of Parquet or Arrow cannot be read without its feature, and what to do.
#[cfg(not(feature = "columnar"))]
pub(crate) fn no_columnar(path: &Path) -> anyhow::Error {
    const BUILD: &str = "this program was built without the feature columnar, so it reads neither Parquet nor Arrow: build it with \
                         cargo install --path crates/tsne-cli --features columnar";
    match conversion(path) {
        Some(line) => anyhow::anyhow!("{BUILD}, or convert the file: {line}"),
        None => anyhow::anyhow!("{BUILD}"),
    }
}

/// The format of a stream that begins like this.
pub(crate) fn format_of_bytes(start: &[u8]) -> Format {
    match () {
        () if start.starts_with(b"\x93NUMPY") => Format::Npy,
        () if start.starts_with(b"PK\x03\x04") => Format::Npz,
        () if start.starts_with(b"%%MatrixMarket") || start.starts_with(b"%%matrixmarket") => Format::Mtx,
        () if start.starts_with(b"\x89HDF\r\n\x1a\n") => Format::H5ad,
        () if [&b"PAR1"[..], b"ARROW1", &[0xff; 4]].iter().any(|magic| start.starts_with(magic)) => Format::Columnar,
        () => Format::Text,
    }
}

/// The line that converts a file of a format that is not read; `X` stands for its name without the extension.
const CONVERSIONS: [(&[&str], &str); 13] = [
    (
        &["xls", "xlsx", "ods"],
        "python -c 'import pandas; pandas.read_excel(\"X.xlsx\").to_csv(\"X.csv\", index=False)'",
    ),
    (&["parquet", "pq"], "python -c 'import pandas; pandas.read_parquet(\"X.parquet\").to_csv(\"X.csv\")'"),
    (&["feather", "arrow", "ipc"], "python -c 'import pandas; pandas.read_feather(\"X.feather\").to_csv(\"X.csv\")'"),
    (&["rds"], "Rscript -e 'write.csv(readRDS(\"X.rds\"), \"X.csv\")'"),
    (&["rda", "rdata"], "Rscript -e 'write.csv(get(load(\"X.RData\")), \"X.csv\")'"),
    (&["mat"], "python -c 'import scipy.io, numpy; numpy.save(\"X.npy\", scipy.io.loadmat(\"X.mat\")[\"NAME\"])'"),
    (
        &["pkl", "pickle"],
        "python -c 'import pandas; pandas.DataFrame(pandas.read_pickle(\"X.pkl\")).to_csv(\"X.csv\")'",
    ),
    (&["pt", "pth"], "python -c 'import torch, numpy; numpy.save(\"X.npy\", torch.load(\"X.pt\").numpy())'"),
    (&["loom"], "python -c 'import anndata; anndata.read_loom(\"X.loom\").write(\"X.h5ad\")'"),
    (&["zarr"], "python -c 'import anndata; anndata.read_zarr(\"X.zarr\").write(\"X.h5ad\")'"),
    (&["h5", "hdf5"], "python -c 'import scanpy; scanpy.read_10x_h5(\"X.h5\").write(\"X.h5ad\")'"),
    (&["h5seurat", "h5mu"], "python -c 'import mudata; mudata.read(\"X.h5mu\")[\"rna\"].write(\"X.h5ad\")'"),
    (&["json", "jsonl"], "python -c 'import pandas; pandas.read_json(\"X.json\").to_csv(\"X.csv\", index=False)'"),
];

/// The line that converts a file of a known format.
fn conversion(path: &Path) -> Option<String> {
    let is_of = |extensions: &[&str]| extensions.iter().any(|extension| ends_in(path, extension));
    let (_, line) = CONVERSIONS.iter().find(|(extensions, _)| is_of(extensions))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Some(line.replace("X.", &format!("{stem}.")))
}

fn unknown(path: &Path) -> Result<Format> {
    if let Some(line) = conversion(path) {
        bail!(
            "this format is not read; this line converts it: {line} (what is read: .npy, .npz, .csv, .tsv, .txt, .mtx, .h5ad, \
             .parquet, .arrow, .f32, .f64, .fbin, .u8bin, .i8bin)"
        );
    }
    bail!(
        "the format is not known by the extension: use .npy, .csv, .tsv or .txt (also with .gz or .zst), .npz or .mtx for \
         sparse points, .h5ad, .parquet, .arrow, .fbin (.u8bin, .i8bin), .f32 or .f64 for numbers and nothing else with --n-columns, or a folder of 10x Genomics; other tables can be piped in as text: ... | tsne embed -"
    )
}
