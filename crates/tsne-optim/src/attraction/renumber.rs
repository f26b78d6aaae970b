//! The affinities once more, with the points numbered so that neighbors are near each other.
//!
//! A row's neighbors may be anywhere in memory: most of the attraction's time goes into waiting for them. Numbered along a
//! space-filling curve through the map (as tsne-h2pack does), or by groups of neighbors, they are near in memory, too. The
//! numbering is a cache: each row's entries keep their order, so its sums are the same to the bit under every numbering, and
//! results do not depend on when or whether the points were numbered anew.

use super::avx2::prefetch;
use super::lanes::{LANES, last_chunk};
use super::order::{by_affinities, by_map, lines_per_entry};
use super::rows::{ChunkedRows, RowStart};
use super::sums;
use tsne_core::{Affinities, Kernel, Result, Scalar, blocks, chunks, memory};

/// A copy of joint affinities, numbered by another order of the points.
#[derive(Debug, Clone)]
pub(crate) struct Renumbered<T, const D: usize> {
    evaluations: usize,
    next_renumbering: usize,
    /// None before the first renumbering.
    numbering: Option<Numbering<T>>,
    /// Positions and attraction by place.
    y: Vec<[T; D]>,
    attraction: Vec<[T; D]>,
}

#[derive(Debug, Clone)]
struct Numbering<T> {
    /// The point at each place.
    order: Vec<u32>,
    /// The place of each point.
    places: Vec<u32>,
    /// See [`lines_per_entry`].
    lines: f64,
    rows: ChunkedRows<T>,
}

/// The number of points from which they are numbered anew.
const RENUMBER_FROM: usize = 8192;

/// The number of points from which their affinities give the first order: positions no longer fit into a cache of 1 MiB.
///
/// One million points in 100 clusters, ms per iteration (attraction 80 of 115 by the map after 8 and 32): 113 by the map, 94 by
/// the clusters. It takes 1 s, as long as 5 iterations without.
const BY_AFFINITIES_FROM: usize = 1 << 17;

/// The first evaluation that numbers the points anew: the map has its first structure then, and an optimization of fewer
/// iterations would not earn the cost.
const FIRST_RENUMBERING: usize = 8;

/// The next one comes after this many times the evaluations. One takes 20 ms of two threads with 70,000 points (34 the first
/// time) and 0.6 s with 1,000,000, the attraction 2 and 33 ms (8 and 200 in the order of the data).
const RENUMBERING_RATIO: usize = 4;

/// How many rows ahead affinities are fetched where they are read in the new order: 9 ms instead of 20 for the rows of 70,000
/// points, with the starts found in the order of the data.
const ROWS_AHEAD: usize = 4;

/// An order must need fewer lines than this share of the present one's to take its place: below a tenth, copying the affinities
/// costs more than the attraction gains until the next time.
const WORTHWHILE: f64 = 0.9;

impl<T, const D: usize> Default for Renumbered<T, D> {
    fn default() -> Self {
        Self {
            evaluations: 0,
            next_renumbering: FIRST_RENUMBERING,
            numbering: None,
            y: Vec::new(),
            attraction: Vec::new(),
        }
    }
}

impl<T: Scalar, const D: usize> Renumbered<T, D> {
    /// Counts an evaluation at `y`, and numbers the points anew when it is time and worthwhile. False where they are not
    /// numbered anew yet.
    pub(crate) fn prepare(&mut self, p: &Affinities<T>, y: &[[T; D]]) -> Result<bool> {
        let n = p.n();
        if n < RENUMBER_FROM {
            return Ok(false);
        }
        self.evaluations = self.evaluations.saturating_add(1);
        if self.evaluations == self.next_renumbering {
            self.next_renumbering = self.next_renumbering.saturating_mul(RENUMBERING_RATIO);
            let is_first = self.numbering.is_none();
            self.offer(p, if is_first && n >= BY_AFFINITIES_FROM { by_affinities(p) } else { by_map(y) }?)?;
        }
        Ok(self.numbering.is_some())
    }

    /// Whether the points are numbered anew by now.
    #[cfg(test)]
    pub(crate) fn is_numbered(&self) -> bool {
        self.numbering.is_some()
    }

    /// Takes an order if it is better than the present one, or the first.
    fn offer(&mut self, p: &Affinities<T>, order: Vec<u32>) -> Result<()> {
        let mut places = memory::filled("places of the points", order.len(), 0)?;
        for (place, &i) in order.iter().enumerate() {
            places[i as usize] = place as u32;
        }
        let lines = lines_per_entry::<T, D>(p, &order, &places);
        let old = self.numbering.take();
        self.numbering = match old {
            Some(old) if lines >= WORTHWHILE * old.lines => Some(old),
            old => Some(Numbering::new(p, (order, places, lines), old)?),
        };
        memory::resize("positions by place", &mut self.y, p.n(), [T::ZERO; D])?;
        memory::resize("attraction by place", &mut self.attraction, p.n(), [T::ZERO; D])?;
        Ok(())
    }

    /// Replaces each point of `out` by `finish(attraction, out)`. Nothing happens before points are numbered anew.
    pub(crate) fn for_each_point(
        &mut self,
        kernel: Kernel,
        y: &[[T; D]],
        out: &mut [[T; D]],
        finish: impl Fn([T; D], &mut [T; D]) + Sync,
    ) {
        let Self { numbering: Some(numbering), y: ordered, attraction, .. } = self else { return };
        let Numbering { order, places, rows, .. } = numbering;
        let inverse_dof = T::from_f64(1.0 / kernel.dof());
        chunks::for_each_point(ordered, blocks::BLOCK, |b, ordered| {
            for (ordered, &i) in ordered.iter_mut().zip(&order[blocks::range(b, order.len())]) {
                *ordered = y[i as usize];
            }
        });
        let (ordered, rows) = (&ordered[..], &*rows);
        chunks::for_each_point(attraction, blocks::BLOCK, |b, attraction| {
            let first = b * blocks::BLOCK;
            sums::attraction(&ordered[first..], ordered, (rows, first), inverse_dof, attraction);
        });
        chunks::for_each_point(out, blocks::BLOCK, |b, out| {
            for (out, &place) in out.iter_mut().zip(&places[blocks::range(b, places.len())]) {
                finish(attraction[place as usize], out);
            }
        });
    }
}

/// Rows that one task fills.
struct Rows<'a, T> {
    order: &'a [u32],
    starts: &'a [RowStart],
    columns: &'a mut [[u16; LANES]],
    weights: &'a mut [[T; LANES]],
}

impl<T: Scalar> Numbering<T> {
    /// The affinities in an order, in the memory of an old numbering.
    fn new(p: &Affinities<T>, (order, places, lines): (Vec<u32>, Vec<u32>, f64), old: Option<Self>) -> Result<Self> {
        let n = p.n();
        let (mut starts, mut columns, mut weights) = old.map(|old| old.rows).unwrap_or_default().into_parts();
        find_starts(p, &order, &places, &mut starts)?;
        let end = starts[n];
        set_len(&mut columns, end.columns, [0; LANES])?;
        set_len(&mut weights, end.weights, [T::ZERO; LANES])?;
        let mut tasks = Vec::with_capacity(blocks::count(n));
        let (mut rest_columns, mut rest_weights) = (&mut columns[..], &mut weights[..]);
        for b in 0..blocks::count(n) {
            let range = blocks::range(b, n);
            let (start, end) = (starts[range.start], starts[range.end]);
            let (columns, behind_columns) = rest_columns.split_at_mut(end.columns - start.columns);
            let (weights, behind_weights) = rest_weights.split_at_mut(end.weights - start.weights);
            (rest_columns, rest_weights) = (behind_columns, behind_weights);
            tasks.push(Rows {
                order: &order[range.clone()],
                starts: &starts[range.start..=range.end],
                columns,
                weights,
            });
        }
        chunks::for_each(&mut tasks, 1, |_, tasks| tasks.iter_mut().for_each(|rows| rows.fill(p, &places)));
        Ok(Self { order, places, lines, rows: ChunkedRows::new(starts, columns, weights, n)? })
    }
}

impl<T: Scalar> Rows<'_, T> {
    fn fill(&mut self, p: &Affinities<T>, places: &[u32]) {
        let (mut out_columns, mut out_weights) = (self.columns.iter_mut(), self.weights.iter_mut());
        for (r, (&i, ends)) in self.order.iter().zip(self.starts.windows(2)).enumerate() {
            if let Some(&later) = self.order.get(r + ROWS_AHEAD) {
                let (columns, weights) = p.row(later as usize);
                prefetch(columns);
                prefetch(weights);
            }
            let (start, end) = (ends[0], ends[1]);
            let is_wide = end.columns - start.columns > end.weights - start.weights;
            let (columns, weights) = p.row(i as usize);
            let last = last_chunk(columns, weights);
            let chunks = columns.as_chunks().0.iter().zip(weights.as_chunks().0);
            let chunks = chunks.chain(last.as_ref().map(|(columns, weights)| (columns, weights)));
            for ((columns, weights), out_weights) in chunks.zip(out_weights.by_ref()) {
                *out_weights = *weights;
                let offsets = columns.map(|column| places[column as usize] - start.first_column);
                if let Some(low) = out_columns.next() {
                    *low = offsets.map(|offset| offset as u16);
                }
                if is_wide && let Some(high) = out_columns.next() {
                    *high = offsets.map(|offset| (offset >> 16) as u16);
                }
            }
        }
    }
}

/// Makes a vector as long as given, with contents that do not matter: what it holds is not moved when it grows.
fn set_len<A: Copy>(vector: &mut Vec<A>, length: usize, zero: A) -> Result<()> {
    if length > vector.len() {
        // Not both at a time.
        *vector = Vec::new();
        *vector = memory::filled("affinities in the order of the points", length, zero)?;
    }
    vector.truncate(length);
    Ok(())
}

/// Finds where each row starts in an order: from the places of its first and its last column.
fn find_starts<T: Scalar>(p: &Affinities<T>, order: &[u32], places: &[u32], starts: &mut Vec<RowStart>) -> Result<()> {
    let n = p.n();
    // By point, as they stand in memory.
    let mut reaches = memory::filled("reaches of the rows", n, (0u32, 0u32))?;
    chunks::for_each(&mut reaches, blocks::BLOCK, |b, reaches| {
        for (r, reach) in reaches.iter_mut().enumerate() {
            let columns = p.row(b * blocks::BLOCK + r).0;
            *reach = columns.iter().fold((u32::MAX, 0), |(first, last), &column| {
                let place = places[column as usize];
                (first.min(place), last.max(place))
            });
        }
    });
    starts.clear();
    memory::reserve("starts of the rows", starts, n.saturating_add(1))?;
    let mut next = RowStart::default();
    for &i in order {
        let (first, last) = reaches[i as usize];
        let chunks = p.row(i as usize).0.len().div_ceil(LANES);
        starts.push(RowStart { first_column: first.min(last), ..next });
        let is_wide = last > first && last - first > u32::from(u16::MAX);
        next.columns += if is_wide { 2 * chunks } else { chunks };
        next.weights += chunks;
    }
    starts.push(next);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::AffinityKind;

    /// Each point is affine to the 9 before it on a circle, where point `i` stands at `(i * step) % n`.
    fn circle(n: usize, step: usize) -> (Affinities<f32>, Vec<[f32; 2]>) {
        let mut at = vec![0; n];
        (0..n).for_each(|i| at[(i * step) % n] = i as u32);
        let mut columns = Vec::new();
        for i in 0..n {
            let mut row: Vec<u32> = (1..10).map(|back| at[((i * step) % n + n - back) % n]).collect();
            row.sort_unstable();
            columns.extend(row);
        }
        let weights = (0..9 * n).map(|e| (1 + e % 5) as f32 / (27 * n) as f32).collect();
        let row_pointers = (0..=n).map(|i| 9 * i).collect();
        let p = Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap();
        let y = (0..n).map(|i| std::f64::consts::TAU * ((i * step) % n) as f64 / n as f64);
        (p, y.map(|angle| [(40.0 * angle.cos()) as f32, (40.0 * angle.sin()) as f32]).collect())
    }

    fn attractions(renumbered: &mut Renumbered<f32, 2>, y: &[[f32; 2]]) -> Vec<[u32; 2]> {
        let mut out = vec![[f32::NAN; 2]; y.len()];
        renumbered.for_each_point(Kernel::CAUCHY, y, &mut out, |attraction, out| *out = attraction);
        out.into_iter().map(|point| point.map(f32::to_bits)).collect()
    }

    #[test]
    fn a_better_order_takes_the_place_of_a_worse_one_and_no_bit_changes() {
        let n = 100_003;
        let (p, y) = circle(n, 7_919);
        let mut renumbered = Renumbered::<f32, 2>::default();
        let chunks = |renumbered: &Renumbered<f32, 2>| renumbered.numbering.clone().unwrap().rows.into_parts().1.len();
        let lines = |renumbered: &Renumbered<f32, 2>| renumbered.numbering.as_ref().unwrap().lines;
        // In the order of the data the neighbors of 32 rows are nine runs of 32, far from each other: each stands on four lines at
        // the least, 36 of 288 entries, and columns take two halves. There are two chunks to a row of 9.
        renumbered.offer(&p, (0..n as u32).collect()).unwrap();
        let expected = attractions(&mut renumbered, &y);
        assert!(lines(&renumbered) >= 36.0 / 288.0 && chunks(&renumbered) > 3 * n, "{}", lines(&renumbered));
        // Along the map 32 rows and their neighbors are 41 places, but where the curve jumps: six lines or seven.
        renumbered.offer(&p, by_map(&y).unwrap()).unwrap();
        assert!(lines(&renumbered) < 0.1 && chunks(&renumbered) < 2 * n + n / 100, "{}", lines(&renumbered));
        assert!(attractions(&mut renumbered, &y) == expected);
        // A worse order is not taken.
        let before = lines(&renumbered);
        renumbered.offer(&p, (0..n as u32).collect()).unwrap();
        assert_eq!(lines(&renumbered), before);
        // And from few chunks to many in the same memory.
        let Numbering { order, places, .. } = Numbering::new(&p, identity(n), None).unwrap();
        renumbered.numbering = Some(Numbering::new(&p, (order, places, 1.0), renumbered.numbering.take()).unwrap());
        assert!(chunks(&renumbered) > 3 * n);
        assert!(attractions(&mut renumbered, &y) == expected);
    }

    fn identity(n: usize) -> (Vec<u32>, Vec<u32>, f64) {
        ((0..n as u32).collect(), (0..n as u32).collect(), 1.0)
    }
}
