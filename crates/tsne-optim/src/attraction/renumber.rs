//! The affinities once more, with the points numbered so that neighbors are near each other.
//!
//! A row's neighbors may be anywhere in memory: most of the attraction's time goes into waiting for them. Numbered along a
//! space-filling curve through the map (as tsne-h2pack does), or by groups of neighbors, they are near in memory, too. The
//! numbering is a cache: each row's entries keep their order, so its sums are the same to the bit under every numbering, and
//! results do not depend on when the points were numbered anew: before that, weights are rounded alike ([`has_counts`]).

use super::attract::rows_of_a_task;
use super::avx2::prefetch;
use super::lanes::{LANES, last_chunk};
use super::order::{by_affinities, by_map, lines_per_entry};
use super::rows::{ChunkedRows, RowStart, Weights, are_counts, count_of, per_unit, unit_of};
use super::sums;
use tsne_core::{Affinities, Array, Context, Kernel, Plain, Result, Scalar, blocks, chunks, memory};

/// A copy of joint affinities, numbered by another order of the points.
#[derive(Debug, Clone)]
pub(crate) struct Renumbered<T, const D: usize> {
    evaluations: usize,
    next_renumbering: usize,
    /// None before the first renumbering.
    numbering: Option<Numbering<T>>,
    /// Positions by place; those of the rows once more, where these are of some points; the attraction of the rows.
    y: Vec<[T; D]>,
    own: Vec<[T; D]>,
    attraction: Vec<[T; D]>,
}

#[derive(Debug, Clone)]
struct Numbering<T> {
    order: Order,
    rows: ChunkedRows<T>,
}

/// An order of the points.
#[derive(Debug, Clone)]
struct Order {
    /// The point at each place.
    points: Vec<u32>,
    /// The place of each point.
    places: Vec<u32>,
    /// The rows, where the affinities are those of some of the points: else rows are points.
    some: Option<SomeRows>,
    /// See [`lines_per_entry`].
    lines: f64,
}

/// Rows of affinities in the order of their points.
#[derive(Debug, Clone)]
struct SomeRows {
    rows: Vec<u32>,
    /// Where in `rows` each row is.
    places: Vec<u32>,
}

impl Order {
    fn new<T: Scalar, const D: usize>(p: &Affinities<T>, points: Vec<u32>) -> Result<Self> {
        let places = inverse(&points)?;
        let some = if p.n() < points.len() { Some(SomeRows::of(p, &points)?) } else { None };
        let order = Self { points, places, some, lines: 0.0 };
        let lines = lines_per_entry::<T, D>(p, order.rows(), &order.places);
        Ok(Self { lines, ..order })
    }

    /// The rows of the affinities in the order of their points.
    fn rows(&self) -> &[u32] {
        self.some.as_ref().map_or(&self.points, |some| &some.rows)
    }

    /// Where in that order each row is.
    fn places_of_rows(&self) -> &[u32] {
        self.some.as_ref().map_or(&self.places, |some| &some.places)
    }
}

impl SomeRows {
    fn of<T: Scalar>(p: &Affinities<T>, points: &[u32]) -> Result<Self> {
        let own = p.points();
        let mut rows = Vec::new();
        memory::reserve("rows by place", &mut rows, own.len())?;
        rows.extend(points.iter().filter(|i| own.contains(&(**i as usize))).map(|i| i - own.start as u32));
        let places = inverse(&rows)?;
        Ok(Self { rows, places })
    }
}

fn inverse(order: &[u32]) -> Result<Vec<u32>> {
    let mut places = memory::filled("places of the points", order.len(), 0)?;
    for (place, &i) in order.iter().enumerate() {
        places[i as usize] = place as u32;
    }
    Ok(places)
}

/// That of the map, or of the affinities where the map does not show their structure yet.
fn first_order<T: Scalar, const D: usize>(p: &Affinities<T>, y: &[[T; D]]) -> Result<Order> {
    let by_map = Order::new::<T, D>(p, by_map(y)?)?;
    // Groups grow through the rows of all points.
    if by_map.lines <= GOOD || p.n() < BY_AFFINITIES_FROM || p.n() < p.n_columns() {
        return Ok(by_map);
    }
    let by_affinities = Order::new::<T, D>(p, by_affinities(p)?)?;
    Ok(if by_affinities.lines < by_map.lines { by_affinities } else { by_map })
}

/// The number of points from which they are numbered anew.
pub(super) const RENUMBER_FROM: usize = 8192;

/// Whether the attraction of so many points takes counts of a unit of their row for their weights ([`Weights`]), numbered anew or not.
pub(crate) fn has_counts<T: Scalar>(n: usize) -> bool {
    are_counts::<T>() && n >= RENUMBER_FROM
}

/// The number of points from which their affinities may give the first order, where the map's is worse than [`GOOD`]: positions no
/// longer fit into a cache of 1 MiB.
///
/// One million points in 100 clusters, ms per iteration (attraction 80 of 115 by the map after 8 and 32): 113 by the map, 94 by
/// the clusters. It takes 1 s, as long as 5 iterations without.
const BY_AFFINITIES_FROM: usize = 1 << 17;

/// Lines for each entry up to which an order serves: a quarter of those of no order. Measured by [`lines_per_entry`]: 0.08 to
/// 0.09 by maps of the coarse start (70,000 points of Fashion-MNIST, 250,000 and 1,000,000 of the mixture), 0.10 by
/// affinities; by principal components 0.18 at 70,000 and 0.42 at 250,000.
const GOOD: f64 = 0.25;

/// The first evaluation that numbers the points anew: a single one, of a divergence, would not earn the cost.
const FIRST_RENUMBERING: usize = 2;

/// The second: before, a map that starts small turns itself inside out (0.69 lines after 8 evaluations of 70,000 points that began
/// with 0.18, 0.26 after 32, 0.07 after 128).
const SECOND_RENUMBERING: usize = 32;

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
            own: Vec::new(),
            attraction: Vec::new(),
        }
    }
}

impl<T: Scalar, const D: usize> Renumbered<T, D> {
    /// Counts an evaluation at `y`, and numbers the points anew when it is time and worthwhile. False where they are not
    /// numbered anew yet.
    pub(crate) fn prepare(&mut self, p: &Affinities<T>, y: &[[T; D]], cx: Context<'_>) -> Result<bool> {
        if p.n_columns() < RENUMBER_FROM {
            return Ok(false);
        }
        self.evaluations = self.evaluations.saturating_add(1);
        if self.evaluations == self.next_renumbering {
            if self.numbering.is_none() {
                self.next_renumbering = SECOND_RENUMBERING;
                self.take(p, first_order::<T, D>(p, y)?, cx)?;
            } else {
                self.next_renumbering = self.next_renumbering.saturating_mul(RENUMBERING_RATIO);
                self.offer(p, by_map(y)?, cx)?;
            }
        }
        Ok(self.numbering.is_some())
    }

    /// Whether the points are numbered anew by now.
    #[cfg(test)]
    pub(crate) fn is_numbered(&self) -> bool {
        self.numbering.is_some()
    }

    /// Takes an order if it is better than the present one, or the first.
    fn offer(&mut self, p: &Affinities<T>, order: Vec<u32>, cx: Context<'_>) -> Result<()> {
        let offered = Order::new::<T, D>(p, order)?;
        match &self.numbering {
            Some(present) if offered.lines >= WORTHWHILE * present.order.lines => Ok(()),
            _ => self.take(p, offered, cx),
        }
    }

    fn take(&mut self, p: &Affinities<T>, order: Order, cx: Context<'_>) -> Result<()> {
        let old = self.numbering.take();
        self.numbering = Some(Numbering::new(p, order, old, cx)?);
        memory::resize("positions by place", &mut self.y, p.n_columns(), [T::ZERO; D])?;
        let own = if p.n() < p.n_columns() { p.n() } else { 0 };
        memory::resize("positions by place", &mut self.own, own, [T::ZERO; D])?;
        memory::resize("attraction by place", &mut self.attraction, p.n(), [T::ZERO; D])?;
        Ok(())
    }

    /// Replaces each point of `out` by `finish(attraction, out)`. Nothing happens before points are numbered anew.
    pub(crate) fn for_each_point(
        &mut self,
        kernel: Kernel,
        (y, first): (&[[T; D]], usize),
        out: &mut [[T; D]],
        finish: impl Fn([T; D], &mut [T; D]) + Sync,
    ) {
        let Self { numbering: Some(numbering), y: ordered, own, attraction, .. } = self else { return };
        let Numbering { order, rows } = numbering;
        let points = &order.points[..];
        let inverse_dof = T::from_f64(1.0 / kernel.dof());
        chunks::for_each_point(ordered, blocks::BLOCK, |b, ordered| {
            for (ordered, &i) in ordered.iter_mut().zip(&points[blocks::range(b, points.len())]) {
                *ordered = y[i as usize];
            }
        });
        if let Some(some) = &order.some {
            let y = &y[first..];
            chunks::for_each_point(own, blocks::BLOCK, |b, own| {
                for (own, &row) in own.iter_mut().zip(&some.rows[b * blocks::BLOCK..]) {
                    *own = y[row as usize];
                }
            });
        }
        let (ordered, rows) = (&ordered[..], &*rows);
        let own = if order.some.is_some() { &own[..] } else { ordered };
        let each = rows_of_a_task(attraction.len());
        chunks::for_each_point(attraction, each, |b, attraction| {
            let first = b * each;
            sums::attraction(&own[first..], ordered, (rows, first), inverse_dof, attraction);
        });
        let places = order.places_of_rows();
        chunks::for_each_point(out, blocks::BLOCK, |b, out| {
            for (out, &place) in out.iter_mut().zip(&places[blocks::range(b, places.len())]) {
                finish(attraction[place as usize], out);
            }
        });
    }
}

/// Rows that one task fills.
struct Rows<'a, T, W> {
    points: &'a [u32],
    starts: &'a [RowStart<T>],
    columns: &'a mut [[u16; LANES]],
    weights: &'a mut [[W; LANES]],
}

impl<T: Scalar> Numbering<T> {
    /// The affinities in an order, in the memory of an old numbering.
    fn new(p: &Affinities<T>, order: Order, old: Option<Self>, cx: Context<'_>) -> Result<Self> {
        let n = p.n();
        let (mut starts, mut columns, weights) = old.map(|old| old.rows).unwrap_or_default().into_parts();
        find_starts(p, &order, &mut starts)?;
        let end = starts[n];
        set_len(&mut columns, end.columns, cx)?;
        let weights = if are_counts::<T>() {
            let mut counts = if let Weights::Counts(counts) = weights { counts } else { Array::default() };
            set_len(&mut counts, end.weights, cx)?;
            fill(p, &order, &starts, &mut columns, &mut counts, count_of);
            Weights::Counts(counts)
        } else {
            let mut whole = if let Weights::Whole(weights) = weights { weights } else { Array::default() };
            set_len(&mut whole, end.weights, cx)?;
            fill(p, &order, &starts, &mut columns, &mut whole, |weight, _| weight);
            Weights::Whole(whole)
        };
        Ok(Self { order, rows: ChunkedRows::new(starts, columns, weights, p.n_columns())? })
    }
}

/// Fills columns, and weights by what `kept` makes of a weight and the units in 1 of its row.
fn fill<T: Scalar, W: Copy + Send>(
    p: &Affinities<T>,
    order: &Order,
    starts: &[RowStart<T>],
    mut columns: &mut [[u16; LANES]],
    mut weights: &mut [[W; LANES]],
    kept: impl Fn(T, T) -> W + Sync,
) {
    let n = p.n();
    let mut tasks = Vec::with_capacity(blocks::count(n));
    for b in 0..blocks::count(n) {
        let range = blocks::range(b, n);
        let (start, end) = (starts[range.start], starts[range.end]);
        let (own_columns, behind_columns) = columns.split_at_mut(end.columns - start.columns);
        let (own_weights, behind_weights) = weights.split_at_mut(end.weights - start.weights);
        (columns, weights) = (behind_columns, behind_weights);
        tasks.push(Rows {
            points: &order.rows()[range.clone()],
            starts: &starts[range.start..=range.end],
            columns: own_columns,
            weights: own_weights,
        });
    }
    chunks::for_each(&mut tasks, 1, |_, tasks| tasks.iter_mut().for_each(|rows| rows.fill(p, &order.places, &kept)));
}

impl<T: Scalar, W: Copy> Rows<'_, T, W> {
    fn fill(&mut self, p: &Affinities<T>, places: &[u32], kept: impl Fn(T, T) -> W) {
        let (mut out_columns, mut out_weights) = (self.columns.iter_mut(), self.weights.iter_mut());
        for (r, (&i, ends)) in self.points.iter().zip(self.starts.windows(2)).enumerate() {
            if let Some(&later) = self.points.get(r + ROWS_AHEAD) {
                let (columns, weights) = p.row(later as usize);
                prefetch(columns);
                prefetch(weights);
            }
            let (start, end) = (ends[0], ends[1]);
            let per_unit = per_unit(start.unit);
            let is_wide = end.columns - start.columns > end.weights - start.weights;
            let (columns, weights) = p.row(i as usize);
            let last = last_chunk(columns, weights);
            let chunks = columns.as_chunks().0.iter().zip(weights.as_chunks().0);
            let chunks = chunks.chain(last.as_ref().map(|(columns, weights)| (columns, weights)));
            for ((columns, weights), out_weights) in chunks.zip(out_weights.by_ref()) {
                *out_weights = weights.map(|weight| kept(weight, per_unit));
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

/// Makes an array as long as given, with contents that do not matter: what it holds is not moved when it grows.
fn set_len<A: Plain>(array: &mut Array<A>, length: usize, cx: Context<'_>) -> Result<()> {
    if length > array.len() {
        // Not both at a time.
        *array = Array::default();
        *array = cx.zeros("affinities in the order of the points", length)?;
    }
    array.truncate(length);
    Ok(())
}

/// Finds where each row starts in an order: from the places of its first and its last column.
fn find_starts<T: Scalar>(p: &Affinities<T>, order: &Order, starts: &mut Vec<RowStart<T>>) -> Result<()> {
    let n = p.n();
    // By point, as they stand in memory.
    let mut reaches = memory::filled("reaches of the rows", n, (0u32, 0u32, T::ZERO))?;
    chunks::for_each(&mut reaches, blocks::BLOCK, |b, reaches| {
        for (r, reach) in reaches.iter_mut().enumerate() {
            let (columns, weights) = p.row(b * blocks::BLOCK + r);
            let (first, last) = columns.iter().fold((u32::MAX, 0), |(first, last), &column| {
                let place = order.places[column as usize];
                (first.min(place), last.max(place))
            });
            *reach = (first, last, if are_counts::<T>() { unit_of(weights) } else { T::ONE });
        }
    });
    starts.clear();
    memory::reserve("starts of the rows", starts, n.saturating_add(1))?;
    let mut next = RowStart::default();
    for &i in order.rows() {
        let (first, last, unit) = reaches[i as usize];
        let chunks = p.row(i as usize).0.len().div_ceil(LANES);
        starts.push(RowStart { unit, first_column: first.min(last), ..next });
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
        renumbered.for_each_point(Kernel::CAUCHY, (y, 0), &mut out, |attraction, out| *out = attraction);
        out.into_iter().map(|point| point.map(f32::to_bits)).collect()
    }

    #[test]
    fn a_better_order_takes_the_place_of_a_worse_one_and_no_bit_changes() {
        let n = 100_003;
        let (p, y) = circle(n, 7_919);
        let mut renumbered = Renumbered::<f32, 2>::default();
        let chunks = |renumbered: &Renumbered<f32, 2>| renumbered.numbering.clone().unwrap().rows.into_parts().1.len();
        let lines = |renumbered: &Renumbered<f32, 2>| renumbered.numbering.as_ref().unwrap().order.lines;
        // In the order of the data the neighbors of 32 rows are nine runs of 32, far from each other: each stands on four lines at
        // the least, 36 of 288 entries, and columns take two halves. There are two chunks to a row of 9.
        renumbered.offer(&p, (0..n as u32).collect(), Context::new()).unwrap();
        let expected = attractions(&mut renumbered, &y);
        assert!(lines(&renumbered) >= 36.0 / 288.0 && chunks(&renumbered) > 3 * n, "{}", lines(&renumbered));
        // Along the map 32 rows and their neighbors are 41 places, but where the curve jumps: six lines or seven.
        renumbered.offer(&p, by_map(&y).unwrap(), Context::new()).unwrap();
        assert!(lines(&renumbered) < 0.1 && chunks(&renumbered) < 2 * n + n / 100, "{}", lines(&renumbered));
        assert!(attractions(&mut renumbered, &y) == expected);
        // A worse order is not taken.
        let before = lines(&renumbered);
        renumbered.offer(&p, (0..n as u32).collect(), Context::new()).unwrap();
        assert_eq!(lines(&renumbered), before);
        // And from few chunks to many in the same memory.
        renumbered.take(&p, Order::new::<f32, 2>(&p, (0..n as u32).collect()).unwrap(), Context::new()).unwrap();
        assert!(chunks(&renumbered) > 3 * n);
        assert!(attractions(&mut renumbered, &y) == expected);
    }

    /// Each count is within half a unit, a 131,070th of the row's largest weight, and a term is below half its weight.
    #[test]
    fn counts_give_the_attraction_of_the_weights() {
        let (p, y) = circle(20_000, 7);
        let mut renumbered = Renumbered::<f32, 2>::default();
        renumbered.offer(&p, by_map(&y).unwrap(), Context::new()).unwrap();
        let mut exact = vec![[0.0f32; 2]; p.n()];
        super::super::attract::attract(&p, Kernel::CAUCHY, &y, &y, &mut exact).unwrap();
        let mut differ = 0;
        for (i, (found, exact)) in attractions(&mut renumbered, &y).iter().zip(&exact).enumerate() {
            let largest = p.row(i).1.iter().fold(0.0, |largest: f32, w| largest.max(*w));
            for c in 0..2 {
                let error = (f32::from_bits(found[c]) - exact[c]).abs();
                assert!(error <= 9.0 * 0.5 * largest * (1.0 / 131_070.0 + 8.0 * f32::EPSILON), "point {i}: {error}");
                differ += usize::from(error > 0.0);
            }
        }
        assert!(differ > 0);
    }
}
