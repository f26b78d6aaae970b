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
    let (matrix, barcodes) = files(folder)?;
    let points = mtx::read::<T>(&matrix).with_context(|| named(&matrix))?;
    let points = if is_turned((points.n(), points.d()), barcodes.len())? { points.transposed()? } else { points };
    let genes = match find(folder, &["features.tsv", "genes.tsv"]) {
        Some(path) => Some(first_fields(&path).with_context(|| named(&path))?),
        None => None,
    };
    let genes = genes.filter(|genes| genes.len() == points.d());
    Ok(Cells { points, barcodes, genes })
}

/// The matrix of a folder, its rows, columns and entries, and whether cells are its columns.
pub(super) fn shape(folder: &Path) -> Result<(PathBuf, (usize, usize, usize), bool)> {
    let (matrix, barcodes) = files(folder)?;
    let shape = open(&matrix).and_then(mtx::shape).with_context(|| named(&matrix))?;
    let is_turned = is_turned((shape.0, shape.1), barcodes.len())?;
    Ok((matrix, shape, is_turned))
}

fn find(folder: &Path, stems: &[&str]) -> Option<PathBuf> {
    let names = stems.iter().flat_map(|stem| ["", ".gz", ".zst"].map(|ending| format!("{stem}{ending}")));
    names.map(|name| folder.join(name)).find(|path| path.is_file())
}

fn named(path: &Path) -> String {
    path.display().to_string()
}

/// The matrix of a folder, and the barcodes of its cells.
fn files(folder: &Path) -> Result<(PathBuf, Vec<String>)> {
    let matrix = find(folder, &["matrix.mtx"]).context(
        "the folder holds no matrix.mtx or matrix.mtx.gz, as those of 10x Genomics do: name the file that holds the points",
    )?;
    let barcodes = find(folder, &["barcodes.tsv", "cells.tsv"])
        .context("the folder holds a matrix, but no barcodes.tsv or barcodes.tsv.gz: name the matrix itself")?;
    let barcodes = first_fields(&barcodes).with_context(|| named(&barcodes))?;
    Ok((matrix, barcodes))
}

/// Whether the cells are columns.
fn is_turned((rows, columns): (usize, usize), cells: usize) -> Result<bool> {
    ensure!(
        cells == columns || cells == rows,
        "there are {cells} barcodes for a matrix of {rows} rows and {columns} columns: the files do not belong together"
    );
    Ok(cells == columns)
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
