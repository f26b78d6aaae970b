//! The affinities once more, with the points numbered by their places in the map.
//!
//! A row's neighbors are near it in the map, but anywhere in memory: most of the attraction's time goes into waiting for them.
//! Numbered along a space-filling curve they are near in memory, too (as tsne-h2pack does). The numbering is a cache: each
//! row's entries keep their order, so its sums are the same to the bit under every numbering, and results do not depend on
//! when or whether the points were numbered anew.

use rayon::prelude::*;
use tsne_core::simd::{self, ChunkedRows, LANES};
use tsne_core::{Affinities, Kernel, Scalar, blocks};

use crate::attraction::last_chunk;

/// A copy of joint affinities, numbered by the order of a map.
#[derive(Debug, Clone)]
pub(crate) struct Renumbered<T, const D: usize> {
    /// The number in the copy of each point.
    places: Vec<u32>,
    /// The point at each place, with its code on the curve in the upper half.
    order: Vec<u64>,
    starts: Vec<usize>,
    columns: Vec<[u32; LANES]>,
    weights: Vec<[T; LANES]>,
    /// Positions and attraction by place.
    y: Vec<[T; D]>,
    attraction: Vec<[T; D]>,
}

impl<T, const D: usize> Default for Renumbered<T, D> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            order: Vec::new(),
            starts: Vec::new(),
            columns: Vec::new(),
            weights: Vec::new(),
            y: Vec::new(),
            attraction: Vec::new(),
        }
    }
}

/// Rows of the copy that one task fills.
struct Rows<'a, T> {
    order: &'a [u64],
    columns: &'a mut [[u32; LANES]],
    weights: &'a mut [[T; LANES]],
}

impl<T: Scalar, const D: usize> Renumbered<T, D> {
    /// Numbers the points by their places in the map `y` and copies the affinities in that order.
    pub(crate) fn renumber(&mut self, p: &Affinities<T>, y: &[[T; D]]) {
        let n = p.n();
        sort(y, &mut self.order);
        self.places.resize(n, 0);
        for (place, &coded) in self.order.iter().enumerate() {
            self.places[point(coded)] = place as u32;
        }
        self.starts.clear();
        self.starts.push(0);
        let mut chunks = 0;
        for &coded in &self.order {
            chunks += p.row(point(coded)).0.len().div_ceil(LANES);
            self.starts.push(chunks);
        }
        self.columns.resize(chunks, [0; LANES]);
        self.weights.resize(chunks, [T::ZERO; LANES]);
        self.y.resize(n, [T::ZERO; D]);
        self.attraction.resize(n, [T::ZERO; D]);
        let mut tasks = Vec::with_capacity(blocks::count(n));
        let (mut columns, mut weights) = (&mut self.columns[..], &mut self.weights[..]);
        for b in 0..blocks::count(n) {
            let range = blocks::range(b, n);
            let length = self.starts[range.end] - self.starts[range.start];
            let (task_columns, rest) = columns.split_at_mut(length);
            columns = rest;
            let (task_weights, rest) = weights.split_at_mut(length);
            weights = rest;
            tasks.push(Rows { order: &self.order[range], columns: task_columns, weights: task_weights });
        }
        let places = &self.places[..];
        tasks.into_par_iter().for_each(|rows| {
            let mut out = rows.columns.iter_mut().zip(rows.weights);
            for &coded in rows.order {
                let (columns, weights) = p.row(point(coded));
                let last = last_chunk(columns, weights);
                let chunks = columns.as_chunks().0.iter().zip(weights.as_chunks().0);
                let chunks = chunks.chain(last.as_ref().map(|(columns, weights)| (columns, weights)));
                for ((columns, weights), (out_columns, out_weights)) in chunks.zip(out.by_ref()) {
                    *out_columns = columns.map(|column| places[column as usize]);
                    *out_weights = *weights;
                }
            }
        });
    }

    /// Replaces each point of `out` by `finish(attraction, out)`.
    pub(crate) fn for_each_point(
        &mut self,
        kernel: Kernel,
        y: &[[T; D]],
        out: &mut [[T; D]],
        finish: impl Fn([T; D], &mut [T; D]) + Sync,
    ) {
        let Self { places, order, starts, columns, weights, y: ordered, attraction } = self;
        let inverse_dof = T::from_f64(1.0 / kernel.dof());
        ordered.par_chunks_mut(blocks::BLOCK).zip(order.par_chunks(blocks::BLOCK)).for_each(|(ordered, order)| {
            for (ordered, &coded) in ordered.iter_mut().zip(order) {
                *ordered = y[point(coded)];
            }
        });
        let (ordered, columns, weights) = (&ordered[..], &columns[..], &weights[..]);
        attraction.par_chunks_mut(blocks::BLOCK).enumerate().for_each(|(b, attraction)| {
            let first = b * blocks::BLOCK;
            let rows = ChunkedRows { starts: &starts[first..], columns, weights };
            simd::attraction(&ordered[first..], ordered, rows, inverse_dof, attraction);
        });
        out.par_chunks_mut(blocks::BLOCK).zip(places.par_chunks(blocks::BLOCK)).for_each(|(out, places)| {
            for (out, &place) in out.iter_mut().zip(places) {
                finish(attraction[place as usize], out);
            }
        });
    }
}

#[inline(always)]
fn point(coded: u64) -> usize {
    (coded & u64::from(u32::MAX)) as usize
}

/// Writes the points' indices in the order of a Morton curve through the box around them, each with its code above it:
/// no two are equal, so that the order does not depend on how they are sorted.
fn sort<T: Scalar, const D: usize>(y: &[[T; D]], order: &mut Vec<u64>) {
    let (mut low, mut high) = ([f64::INFINITY; D], [-f64::INFINITY; D]);
    for point in y {
        for c in 0..D {
            low[c] = low[c].min(point[c].to_f64());
            high[c] = high[c].max(point[c].to_f64());
        }
    }
    let bits = (32 / D.max(1)).max(1) as u32;
    let steps = 2f64.powi(bits as i32) - 1.0;
    let scale: [f64; D] = std::array::from_fn(|c| steps / (high[c] - low[c]).max(f64::MIN_POSITIVE));
    order.resize(y.len(), 0);
    order.par_chunks_mut(blocks::BLOCK).enumerate().for_each(|(b, order)| {
        for (r, coded) in order.iter_mut().enumerate() {
            let i = b * blocks::BLOCK + r;
            let cell: [u64; D] = std::array::from_fn(|c| ((y[i][c].to_f64() - low[c]) * scale[c]) as u64);
            let mut code = 0u64;
            for bit in (0..bits).rev() {
                for cell in &cell {
                    code = code << 1 | (cell >> bit & 1);
                }
            }
            // Beyond 32 dimensions only the last coordinates count.
            *coded = code << 32 | i as u64;
        }
    });
    order.par_sort_unstable();
}
