//! An inverted index: for each column, the points that have it.

use super::score::OverlapRows;
use rayon::prelude::*;
use std::ops::Range;

/// The lists of all columns, in tiles of points.
#[derive(Debug)]
pub(super) struct Postings {
    n: usize,
    /// Points in a tile.
    size: usize,
    tiles: Vec<Lists>,
}

/// The lists of one tile, one after the other.
#[derive(Debug, Default)]
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
    pub(super) fn new(rows: &OverlapRows, width: usize, tile: usize) -> Self {
        let n = rows.n();
        let most = (rows.nnz() / width.max(1)).max(1);
        let size = n.div_ceil(n.div_ceil(tile.max(1)).min(most)).max(1);
        let tiles = (0..n.div_ceil(size)).into_par_iter();
        let tiles = tiles.map(|t| Lists::new(rows, t * size..n.min((t + 1) * size), width)).collect();
        Self { n, size, tiles }
    }

    /// The tiles, in the order of their points.
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile<'_>> {
        let points = |t: usize| t * self.size..self.n.min((t + 1) * self.size);
        self.tiles.iter().enumerate().map(move |(t, lists)| Tile { points: points(t), lists })
    }
}

impl Lists {
    fn new(rows: &OverlapRows, points: Range<usize>, width: usize) -> Self {
        let mut starts = vec![0usize; width + 1];
        for i in points.clone() {
            rows.row(i).0.iter().for_each(|&column| starts[column as usize + 1] += 1);
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        let mut next = starts.clone();
        let mut lists = Self { starts, points: vec![0; total], values: vec![0.0; total] };
        for i in points.clone() {
            let (columns, values) = rows.row(i);
            for (&column, &value) in columns.iter().zip(values) {
                let at = &mut next[column as usize];
                lists.points[*at] = (i - points.start) as u32;
                lists.values[*at] = value;
                *at += 1;
            }
        }
        lists
    }
}
