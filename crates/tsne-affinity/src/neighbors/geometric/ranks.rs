//! The ranks of a few others of each point, counted without sorting: scores from matrix products say for almost every point
//! whether it comes before another one, exact distances for the rest.
//!
//! The distance to each other is computed first, exactly. Its [score](super::score) is known up to an error, so there is a score
//! below which every point is nearer for sure, and one above which every point is farther; what lies between is measured. A
//! point that is farther than all others of the row, as most are, costs one comparison in a vector.

use super::finder::Asked;
use super::indexed::IndexedPoints;
use super::packed::{PackedPoints, TILE};
use super::score::ScoreError;
use crate::ordered;
use tsne_core::{Context, Result, Scalar, memory, simd};

/// Rows in one task, as in the search for neighbors.
const ROWS: usize = 128;

/// Scores tested at once: a branch for each chunk, none for a score.
const CHUNK: usize = 64;

/// Up to so many others the scores of a chunk are compared with each of them, in vectors; beyond, each score that comes before
/// the last of them finds its place among them by halving.
const COMPARED: usize = 32;

/// The name of what is made here in errors.
const RANKS: &str = "ranks of neighbors";

/// The ranks that are asked for, in the order of [`Asked::others`].
pub(super) fn ranks<T: Scalar>(
    indexed: &IndexedPoints<'_, T>,
    packed: &PackedPoints,
    asked: Asked<'_>,
    cx: Context<'_>,
) -> Result<Vec<u32>> {
    let Asked { rows, others, k } = asked;
    let width = packed.packing.width;
    let mut ranks = memory::filled(RANKS, others.len(), 0u32)?;
    let sizes = Sizes::new(indexed)?;
    ordered::try_for_each(
        (&mut ranks, k.saturating_mul(ROWS)),
        || Scratch { queries: Vec::new(), scores: Vec::new(), counts: Vec::new(), doubts: Vec::new() },
        |Scratch { queries, scores, counts, doubts }, b, ranks| {
            let rows = &rows[b * ROWS..b * ROWS + ranks.len() / k];
            let others = &others[b * ROWS * k..][..ranks.len()];
            memory::resize(RANKS, queries, rows.len() * width, 0.0)?;
            memory::resize(RANKS, scores, ROWS * TILE, 0.0)?;
            memory::reserve(RANKS, doubts, TILE)?;
            memory::reserve(RANKS, counts, ROWS.saturating_sub(counts.len()))?;
            counts.resize_with(rows.len(), Counts::default);
            let each = rows.iter().zip(others.chunks_exact(k)).zip(queries.chunks_exact_mut(width));
            for (((&i, others), query), counts) in each.zip(counts.iter_mut()) {
                counts.prepare(indexed, packed, i as usize, others, query)?;
            }
            for t in 0..packed.tiles() {
                cx.check()?;
                let first = t * TILE;
                let (count, scores) = packed.scores(t, queries, rows.len(), scores);
                let sizes = sizes.of(first, count);
                for (scores, counts) in scores.chunks_exact_mut(count).zip(counts.iter_mut()) {
                    if let Some(own) = scores.get_mut((counts.own as usize).wrapping_sub(first)) {
                        // Its own group is no other point; NaN is below nothing.
                        *own = f32::NAN;
                    }
                    simd::dispatch(Count { scores, sizes, first: first as u32, counts, doubts });
                    for doubt in doubts.drain(..) {
                        counts.resolve(indexed, doubt)?;
                    }
                }
            }
            for (counts, ranks) in counts.iter_mut().zip(ranks.chunks_exact_mut(k)) {
                counts.finish(indexed, ranks);
            }
            Ok(())
        },
    )?;
    Ok(ranks)
}

/// The name in errors of what is kept of the others of a row.
const OTHERS: &str = "others of a row";

/// What one thread keeps between tasks.
struct Scratch<T> {
    queries: Vec<f32>,
    scores: Vec<f32>,
    counts: Vec<Counts<T>>,
    doubts: Vec<Doubt>,
}

/// How many points each group has.
enum Sizes {
    /// One each.
    One(Box<[u32; TILE]>),
    Many(Vec<u32>),
}

impl Sizes {
    fn new<T: Scalar>(indexed: &IndexedPoints<'_, T>) -> Result<Self> {
        let groups = &indexed.groups;
        if groups.is_trivial() {
            return Ok(Self::One(Box::new([1; TILE])));
        }
        let mut sizes = memory::filled("sizes of groups", groups.len(), 0)?;
        sizes.iter_mut().enumerate().for_each(|(g, size)| *size = groups.size(g) as u32);
        Ok(Self::Many(sizes))
    }

    fn of(&self, first: usize, count: usize) -> &[u32] {
        match self {
            Self::One(ones) => &ones[..count],
            Self::Many(sizes) => &sizes[first..first + count],
        }
    }
}

/// A point that may come before some of the others, by its score: those in `from..to`.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    group: u32,
    from: u32,
    to: u32,
}

/// The others of one row, and how many points come before each.
#[derive(Debug, Default)]
struct Counts<T> {
    row: u32,
    own: u32,
    /// The others by (distance, number), with their places in the row.
    others: Vec<(T, u32, u32)>,
    /// Below this score a point is nearer than the other, for sure.
    low: Vec<f32>,
    /// Above this one it is farther.
    high: Vec<f32>,
    /// Points before each of the others, ...
    before: Vec<u32>,
    /// ... and those that come before it and all after it. Differences: sums of them wrap around and come back.
    from: Vec<u32>,
    measured: Vec<(T, u32)>,
}

impl<T: Scalar> Counts<T> {
    /// Measures the others, and writes the query.
    fn prepare(
        &mut self,
        indexed: &IndexedPoints<'_, T>,
        packed: &PackedPoints,
        row: usize,
        others: &[u32],
        query: &mut [f32],
    ) -> Result<()> {
        let groups = &indexed.groups;
        (self.row, self.own) = (row as u32, groups.group_of(row) as u32);
        let (x, trusted) = packed.query(self.own as usize, query);
        let candidates = memory::collected(OTHERS, others.iter().map(|&j| groups.group_of(j as usize) as u32))?;
        self.measured.clear();
        indexed.distances(indexed.points.get(row), &candidates, &mut self.measured)?;
        self.others.clear();
        memory::reserve(OTHERS, &mut self.others, others.len())?;
        self.others.extend(self.measured.iter().zip(others).zip(0..).map(|((m, &j), place)| (m.0, j, place)));
        self.others.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        for counts in [&mut self.before, &mut self.from] {
            counts.clear();
            memory::resize(OTHERS, counts, others.len() + 1, 0)?;
        }
        let error = packed.packing.error;
        for limits in [&mut self.high, &mut self.low] {
            limits.clear();
            memory::reserve(OTHERS, limits, others.len())?;
        }
        for &(distance, ..) in &self.others {
            let (low, high) = if trusted { bounds(indexed, error, x, distance) } else { (f32::MIN, f32::INFINITY) };
            self.high.push(self.high.last().map_or(high, |before| high.max(*before)));
            self.low.push(low);
        }
        // Ascending, whatever the rounding: a lower one is right as well.
        let mut after = f32::INFINITY;
        for low in self.low.iter_mut().rev() {
            after = after.min(*low);
            *low = after;
        }
        Ok(())
    }

    /// Looks at a point that the scores could not place.
    fn resolve(&mut self, indexed: &IndexedPoints<'_, T>, Doubt { group, from, to }: Doubt) -> Result<()> {
        self.measured.clear();
        indexed.distances(indexed.points.get(self.row as usize), &[group], &mut self.measured)?;
        let Some(&(distance, _)) = self.measured.first() else { return Ok(()) };
        let (from, to) = (from as usize, to as usize);
        let others = &self.others[from..to];
        let tied = from + others.partition_point(|other| other.0 < distance);
        let farther = from + others.partition_point(|other| other.0 <= distance);
        for t in tied..farther {
            self.before[t] += indexed.groups.before(group as usize, self.others[t].1);
        }
        let size = indexed.groups.size(group as usize) as u32;
        self.from[farther] = self.from[farther].wrapping_add(size);
        self.from[to] = self.from[to].wrapping_sub(size);
        Ok(())
    }

    /// Adds the duplicates of the row, and writes the ranks.
    fn finish(&mut self, indexed: &IndexedPoints<'_, T>, ranks: &mut [u32]) {
        let (own, size) = (self.own as usize, indexed.groups.size(self.own as usize) as u32);
        let mut sum = 0u32;
        for (t, &(distance, other, place)) in self.others.iter().enumerate() {
            sum = sum.wrapping_add(self.from[t]);
            let duplicates = if distance > T::ZERO {
                size - 1
            } else {
                indexed.groups.before(own, other) - u32::from(self.row < other)
            };
            if let Some(rank) = ranks.get_mut(place as usize) {
                *rank = sum.wrapping_add(self.before[t] + duplicates + 1);
            }
        }
    }
}

/// The scores between which points may be at either side of `distance`.
fn bounds<T: Scalar>(indexed: &IndexedPoints<'_, T>, error: ScoreError, x: f64, distance: T) -> (f32, f32) {
    let floor = indexed.squared_floor(distance);
    let low = if floor > 0.0 { (error.floor_of_distance(x, floor) as f32).next_down() } else { f32::MIN };
    let high = error.threshold_of_distance(x, indexed.squared_bound(distance));
    (low, (high as f32).next_up())
}

/// Counts the scores of consecutive points.
struct Count<'b, T> {
    scores: &'b [f32],
    sizes: &'b [u32],
    first: u32,
    counts: &'b mut Counts<T>,
    doubts: &'b mut Vec<Doubt>,
}

impl<T: Scalar> simd::Task for Count<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let Self { scores, sizes, first, counts, doubts } = self;
        let Some(&highest) = counts.high.last() else { return };
        let ((chunks, rest), (of_chunks, of_rest)) = (scores.as_chunks::<CHUNK>(), sizes.as_chunks::<CHUNK>());
        for (c, (chunk, sizes)) in chunks.iter().zip(of_chunks).enumerate() {
            let mut any = false;
            for &s in chunk {
                any |= s <= highest;
            }
            if any {
                count(chunk, sizes, first + (c * CHUNK) as u32, counts, doubts);
            }
        }
        count(rest, of_rest, first + (chunks.len() * CHUNK) as u32, counts, doubts);
    }
}

/// Counts the scores of a chunk.
#[inline(always)]
fn count<T: Scalar>(scores: &[f32], sizes: &[u32], first: u32, counts: &mut Counts<T>, doubts: &mut Vec<Doubt>) {
    let k = counts.low.len();
    if k > COMPARED {
        place(scores, sizes, first, counts, doubts, true);
        return;
    }
    let mut doubtful = false;
    for t in (0..k).rev() {
        let (low, high) = (counts.low[t], counts.high[t]);
        let (mut perhaps, mut surely, mut points) = (0u32, 0u32, 0u32);
        for (&s, &size) in scores.iter().zip(sizes) {
            perhaps += u32::from(s <= high);
            surely += u32::from(s < low);
            points += if s < low { size } else { 0 };
        }
        if perhaps == 0 {
            break;
        }
        counts.before[t] += points;
        doubtful |= perhaps != surely;
    }
    if doubtful {
        place(scores, sizes, first, counts, doubts, false);
    }
}

/// Notes which scores are in doubt; and, if they are to be counted, puts all scores in their places.
#[inline(always)]
fn place<T: Scalar>(
    scores: &[f32],
    sizes: &[u32],
    first: u32,
    counts: &mut Counts<T>,
    doubts: &mut Vec<Doubt>,
    counted: bool,
) {
    let Some(&highest) = counts.high.last() else { return };
    for (l, (&s, &size)) in scores.iter().zip(sizes).enumerate() {
        if s <= highest {
            let surely = counts.low.partition_point(|low| *low <= s);
            let perhaps = counts.high.partition_point(|high| *high < s);
            if counted {
                counts.from[surely] = counts.from[surely].wrapping_add(size);
            }
            if perhaps < surely {
                doubts.push(Doubt { group: first + l as u32, from: perhaps as u32, to: surely as u32 });
            }
        }
    }
}
