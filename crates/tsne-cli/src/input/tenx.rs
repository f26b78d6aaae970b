//! Folders of 10x Genomics: a matrix of genes and cells, and the names of both.

use super::lines::for_each_line;
use super::mtx;
use super::open::open;
use super::sparse::SparseTable;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tsne::Scalar;

/// Cells as points, with their barcodes and the names of the genes.
pub(super) struct Cells<T> {
    pub(super) points: SparseTable<T>,
    pub(super) barcodes: Vec<String>,
    pub(super) genes: Option<Vec<String>>,
}

/// Reads a folder, of which the matrix has a row for each gene.
pub(super) fn read<T: Scalar>(folder: &Path) -> Result<Cells<T>> {
    let find = |stems: &[&str]| -> Option<PathBuf> {
        let names = stems.iter().flat_map(|stem| ["", ".gz", ".zst"].map(|ending| format!("{stem}{ending}")));
        names.map(|name| folder.join(name)).find(|path| path.is_file())
    };
    let named = |path: &Path| path.display().to_string();
    let matrix = find(&["matrix.mtx"]).context(
        "the folder holds no matrix.mtx or matrix.mtx.gz, as those of 10x Genomics do: name the file that holds the points",
    )?;
    let barcodes_file = find(&["barcodes.tsv", "cells.tsv"])
        .context("the folder holds a matrix, but no barcodes.tsv or barcodes.tsv.gz: name the matrix itself")?;
    let barcodes = first_fields(&barcodes_file).with_context(|| named(&barcodes_file))?;
    let points = mtx::read::<T>(&matrix).with_context(|| named(&matrix))?;
    let (rows, columns, cells) = (points.n(), points.d(), barcodes.len());
    ensure!(
        cells == columns || cells == rows,
        "there are {cells} barcodes for a matrix of {rows} rows and {columns} columns: the files do not belong together"
    );
    let points = if cells == columns { points.transposed()? } else { points };
    let genes = match find(&["features.tsv", "genes.tsv"]) {
        Some(path) => Some(first_fields(&path).with_context(|| named(&path))?),
        None => None,
    };
    let genes = genes.filter(|genes| genes.len() == points.d());
    Ok(Cells { points, barcodes, genes })
}

/// The first field of each line.
fn first_fields(path: &Path) -> Result<Vec<String>> {
    let mut fields = Vec::new();
    for_each_line(open(path)?, |_, line| {
        super::grow::grow("the names", &mut fields, 1)?;
        fields.push(line.split('\t').next().unwrap_or_default().trim().to_owned());
        Ok(())
    })?;
    Ok(fields)
}
