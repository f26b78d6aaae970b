//! The formats of points, by names of files and by their first bytes.

use super::open::{ends_in, is_compressed, is_standard_input, uncompressed};
use anyhow::{Result, bail, ensure};
use std::path::Path;

/// A format of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One array of NumPy.
    Npy,
    /// An archive of arrays.
    Npz,
    /// Matrix Market.
    Mtx,
    /// A folder of 10x Genomics.
    TenX,
    /// A file of anndata.
    H5ad,
    /// Delimited text.
    Text,
}

/// The format of a file by its name, or that it is a folder. Standard input is text, unless its first bytes say otherwise.
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
        () if is(&["npz"]) => Format::Npz,
        () if is(&["mtx"]) => Format::Mtx,
        () if is(&["h5ad"]) => {
            ensure!(!is_compressed(path), "an .h5ad file is compressed within: unpack it first");
            Format::H5ad
        }
        () if is(&["csv", "tsv", "txt", "data", "dat", "tab"]) => Format::Text,
        () => return unknown(&name),
    })
}

/// The format of a stream that begins like this.
pub(crate) fn format_of_bytes(start: &[u8]) -> Format {
    match () {
        () if start.starts_with(b"\x93NUMPY") => Format::Npy,
        () if start.starts_with(b"PK\x03\x04") => Format::Npz,
        () if start.starts_with(b"%%MatrixMarket") || start.starts_with(b"%%matrixmarket") => Format::Mtx,
        () if start.starts_with(b"\x89HDF\r\n\x1a\n") => Format::H5ad,
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

fn unknown(path: &Path) -> Result<Format> {
    let known = CONVERSIONS.iter().find(|(extensions, _)| extensions.iter().any(|extension| ends_in(path, extension)));
    if let Some((_, line)) = known {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        bail!(
            "this format is not read; this line converts it: {} (what is read: .npy, .npz, .csv, .tsv, .txt, .mtx, .h5ad)",
            line.replace("X.", &format!("{stem}."))
        );
    }
    bail!(
        "the format is not known by the extension: use .npy, .csv, .tsv or .txt (also with .gz or .zst), .npz or .mtx for \
         sparse points, .h5ad, or a folder of 10x Genomics; other tables can be piped in as text: ... | tsne embed -"
    )
}
