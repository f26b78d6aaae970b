//! An inverted index: for each column, the points that have it.

use super::rows::OverlapRows;
use rayon::prelude::*;
use std::ops::Range;
use tsne_core::Result;
use tsne_core::buckets::Buckets;
use tsne_core::span::Region;

/// The lists of all columns, in tiles of points.
#[derive(Debug)]
pub(super) struct Postings {
    n: usize,
    /// Points in a tile.
    size: usize,
    tiles: Vec<Lists>,
}

/// The lists of one tile, one after the other. Numbers and values are arrays of their own: a pair of them would be padded to
/// 16 bytes, and the walk through the lists waits for memory.
#[derive(Debug)]
struct Lists {
    /// Where the list of each column starts, and the end of the last.
    starts: Vec<usize>,
    /// Numbers of points within the tile, ascending in each list.
    points: Vec<u32>,
    values: Vec<f64>,
}

/// The lists of consecutive points.
pub(super) struct Tile<'b> {
    pub(super) points: Range<usize>,
    lists: &'b Lists,
}

impl Tile<'_> {
    /// The points, counted from the first of the tile, that have a column, and their values.
    #[inline]
    pub(super) fn list(&self, column: u32) -> (&[u32], &[f64]) {
        let starts = &self.lists.starts;
        let range = starts[column as usize]..starts[column as usize + 1];
        (&self.lists.points[range.clone()], &self.lists.values[range])
    }
}

impl Postings {
    /// The lists of rows with columns below `width`, in tiles of `tile` points; of more where lists would be shorter than an
    /// entry on average, so that memory is that of the entries.
    pub(super) fn new(rows: &OverlapRows, width: usize, tile: usize) -> Result<Self> {
        let n = rows.n();
        let most = (rows.nnz() / width.max(1)).max(1);
        let size = n.div_ceil(n.div_ceil(tile.max(1)).min(most)).max(1);
        let tiles = (0..n.div_ceil(size)).into_par_iter();
        let region = Region::enter();
        let lists = |t: usize| Lists::new(rows, t * size..n.min((t + 1) * size), width);
        let tiles: Vec<Result<Lists>> = tiles.map(|t| region.task(|| lists(t))).collect();
        Ok(Self { n, size, tiles: tiles.into_iter().collect::<Result<_>>()? })
    }

    /// The tiles, in the order of their points.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile<'_>> {
        let points = |t: usize| t * self.size..self.n.min((t + 1) * self.size);
        self.tiles.iter().enumerate().map(move |(t, lists)| Tile { points: points(t), lists })
    }
}

impl Lists {
    fn new(rows: &OverlapRows, points: Range<usize>, width: usize) -> Result<Self> {
        let entries = || {
            points.clone().flat_map(|i| {
                let (columns, values) = rows.row(i);
                let number = (i - points.start) as u32;
                columns.iter().zip(values).map(move |(&column, &value)| (column as usize, number, value))
            })
        };
        let numbers = Buckets::new(width, || entries().map(|(column, number, _)| (column, number)))?;
        let values = Buckets::new(width, || entries().map(|(column, _, value)| (column, value)))?;
        let (starts, points) = numbers.into_parts();
        Ok(Self { starts, points, values: values.into_parts().1 })
    }
}
