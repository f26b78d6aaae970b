//! Which metrics are sums over shared columns, and how.

use super::bound::Bound;
use super::postings::Tile;
use super::rows::{Added, OverlapRows, Own};
use crate::metric::Metric;
use crate::metric::distance::boolean;
use crate::neighbors::general::space::{Directions, SparseRow};
use crate::neighbors::geometric::geometry::power_of_two_for;
use crate::neighbors::source::SparseTable;
use std::ops::RangeInclusive;
use std::sync::Arc;
use tsne_core::{Result, Scalar, SparseRows, memory};

/// What a metric adds up. `x` and `y` are the values of a column that both rows have, as [`Overlap::rows`] maps them.
enum Kind {
    /// `Σ x² + Σ y² - 2 Σ x y`, where values are times `factor` and the root of the column's weight.
    Squares { factor: f64, roots: Option<Vec<f64>>, root: bool },
    /// `|a|² + |b|² - 2 Σ x y + 2 (m Σ y + n Σ x - d m n)` for directions `a = x - m` and `b = y - n`, whose means `m` and `n`
    /// are subtracted after the sum. Lengths and means are as they came out: those of the smallest numbers are coarse.
    Directions(Directions),
    /// `1 - Σ x y`.
    Dot,
    /// `Σ |x| + Σ |y| + Σ (|x - y| - |x| - |y|)`, where values are times the column's weight.
    Manhattan { weights: Option<Arc<[f64]>> },
    /// Columns of one row count 1: `|a| + |b| + Σ (|x - y| / (|x| + |y|) - 2)` with the numbers of columns `|a|` and `|b|`.
    Canberra,
    /// Without negative values: [`Kind::Manhattan`] over `Σ x + Σ y`.
    BrayCurtis,
    /// `(|a| + |b| + Σ ([x ≠ y] - 2)) / d`.
    Hamming,
    /// A function of `|a|`, `|b|` and the number of shared columns.
    Boolean(Metric),
}

/// Scores under one metric: numbers that ascend with the distance but for a bounded error.
pub(super) struct Overlap {
    kind: Kind,
    d: usize,
    /// The columns that occur, where most do not: entries name their places here.
    occurring: Option<Vec<u32>>,
}

/// Sums are of this many terms beside one for each entry, and each rounding counts this often: a product of mapped values has
/// up to seven (a map three, with the root of an inverse; and itself), a term of the distance up to eight.
const ROUNDINGS: f64 = 16.0;
/// Canberra's quotients, Bray–Curtis' sums, and differences that are weighted leave the range of numbers beyond it.
const LARGE: f64 = 1e300;
/// Sums below it may have lost digits to underflow.
const SMALL: f64 = 1e-250;
/// Weights and variances with which neither squares nor sums overflow, whatever is weighted first, for values of about 1.
const WEIGHTS: RangeInclusive<f64> = 1e-90..=1e90;
/// What a term of weighted squares loses to underflow at most: 2^-1074 times a weight, with room.
const UNDERFLOW: f64 = 1e-215;
impl Overlap {
    /// The scores of a metric, whose parameters are resolved; `None` for metrics that are no sum over shared columns.
    pub(super) fn new<T: Scalar>(metric: &Metric, points: SparseRows<'_, T>) -> Result<Option<Self>> {
        let largest = || points.values().iter().fold(0.0f64, |m, v| m.max(v.to_f64().abs()));
        let squares = |roots, root| Kind::Squares { factor: power_of_two_for(largest()), roots, root };
        if let Metric::Minkowski { weights: Some(weights), .. } | Metric::SEuclidean { variances: Some(weights) } =
            metric
            && !weights.iter().all(|weight| WEIGHTS.contains(weight))
        {
            return Ok(None);
        }
        let kind = match metric {
            Metric::Euclidean | Metric::Minkowski { p: 2.0, weights: None } => squares(None, true),
            Metric::SqEuclidean => squares(None, false),
            Metric::Minkowski { p: 2.0, weights: Some(weights) } => {
                squares(Some(weights.iter().map(|w| w.sqrt()).collect()), true)
            }
            Metric::SEuclidean { variances: Some(variances) } => {
                squares(Some(variances.iter().map(|v| 1.0 / v.sqrt()).collect()), true)
            }
            Metric::Dot => Kind::Dot,
            Metric::Manhattan | Metric::Minkowski { p: 1.0, weights: None } => Kind::Manhattan { weights: None },
            Metric::Minkowski { p: 1.0, weights } => Kind::Manhattan { weights: weights.clone() },
            Metric::Canberra => Kind::Canberra,
            Metric::BrayCurtis if points.values().iter().all(|v| *v >= T::ZERO) => Kind::BrayCurtis,
            Metric::Hamming => Kind::Hamming,
            metric if metric.is_boolean() => Kind::Boolean(metric.clone()),
            metric => match Directions::of::<T>(metric) {
                Some(directions) => Kind::Directions(directions),
                None => return Ok(None),
            },
        };
        let mut occurring = None;
        if points.d() > points.nnz() {
            let mut columns = Vec::new();
            memory::reserve("columns that occur", &mut columns, points.nnz())?;
            columns.extend_from_slice(points.columns());
            columns.sort_unstable();
            columns.dedup();
            occurring = Some(columns);
        }
        Ok(Some(Self { kind, d: points.d(), occurring }))
    }

    /// The number of columns that entries may name.
    pub(super) fn width(&self) -> usize {
        self.occurring.as_ref().map_or(self.d, Vec::len)
    }

    /// Whether a score is the very distance before it is rounded to the scalar.
    pub(super) const fn is_exact(&self) -> bool {
        matches!(self.kind, Kind::Hamming | Kind::Boolean(_))
    }

    /// Maps the indexed points; those that are much larger than most are set aside.
    pub(super) fn points<T: Scalar>(&self, points: SparseRows<'_, T>) -> Result<OverlapRows> {
        let mut points = self.rows(points)?;
        points.set_aside()?;
        Ok(points)
    }

    /// Maps rows.
    pub(super) fn rows<T: Scalar>(&self, rows: SparseRows<'_, T>) -> Result<OverlapRows> {
        let directions = match &self.kind {
            Kind::Directions(directions) => Some(directions.rows(SparseTable::Borrowed(rows))?),
            _ => None,
        };
        let mut out = OverlapRows::with_room(rows.n(), rows.nnz())?;
        for i in 0..rows.n() {
            let (sum, own) = match &directions {
                None => {
                    let (columns, values) = rows.row(i);
                    let values = columns.iter().zip(values).map(|(&c, v)| (c, self.value(c, v.to_f64())));
                    let added = out.add(values, self.occurring.as_deref());
                    self.own(&added)
                }
                Some(directions) => self.direction(directions.row(i), &mut out),
            };
            out.largest = out.largest.max(own.size);
            out.longest = out.longest.max(own.entries);
            out.pointers.push(out.columns.len());
            out.sums.push(sum);
            out.own.push(own);
        }
        Ok(out)
    }

    /// Adds a direction, or a row without one; returns its part of the sum.
    fn direction(&self, row: Option<(SparseRow<'_>, f64)>, out: &mut OverlapRows) -> (f64, Own) {
        let (mean, total, result) = match row {
            Some(((columns, values), background)) => {
                let others = (self.d - values.len()) as f64 * background * background;
                let sum = values.iter().map(|v| v * v).sum::<f64>() + others;
                let mapped = columns.iter().zip(values).map(|(&c, v)| (c, v - background));
                let added = out.add(mapped, self.occurring.as_deref());
                let size = sum + 2.0 * (added.squares + self.d as f64 * background * background);
                // No number where the length has left the range of numbers.
                let size = if size.is_nan() { f64::INFINITY } else { size };
                // Zeros that are stored are terms of the sums, too.
                let entries = values.len() as f64;
                (-background, added.total, (sum, Own { entries, size, is_silent: false }))
            }
            // All others score about 2, as they should; but it is at distance 0 from its like.
            None => (0.0, 0.0, (1.0, Own { entries: 0.0, size: 2.0, is_silent: true })),
        };
        if self.is_centered() {
            out.means.push((mean, total));
        }
        result
    }

    fn is_centered(&self) -> bool {
        matches!(&self.kind, Kind::Directions(directions) if directions.is_centered())
    }

    /// A value as it is added up. Differences of the largest overflow before they are weighted: these have no number here.
    fn value(&self, column: u32, v: f64) -> f64 {
        match &self.kind {
            Kind::Squares { roots: Some(_), .. } | Kind::Manhattan { weights: Some(_) } if v.abs() > LARGE => {
                f64::INFINITY.copysign(v)
            }
            Kind::Squares { factor, roots, .. } => v * factor * roots.as_ref().map_or(1.0, |r| r[column as usize]),
            Kind::Manhattan { weights: Some(weights) } => v * weights[column as usize],
            Kind::Boolean(_) => f64::from(u8::from(v != 0.0)),
            _ => v,
        }
    }

    /// The part of a row in its sum, and how far its scores can be trusted; not for directions.
    fn own(&self, row: &Added) -> (f64, Own) {
        let unless = |bad: bool, size: f64| if bad { f64::INFINITY } else { size };
        let (sum, size) = match self.kind {
            Kind::Squares { .. } | Kind::Directions(_) => (row.squares, row.squares),
            Kind::Dot => (0.0, 1.0 + row.squares),
            Kind::Manhattan { .. } => (row.sizes, row.sizes),
            Kind::Canberra => (row.entries, unless(row.largest > LARGE, row.entries)),
            Kind::BrayCurtis => (row.sizes, unless(row.sizes > LARGE, 1.0)),
            Kind::Hamming | Kind::Boolean(_) => (row.entries, 0.0),
        };
        // A quotient of sums of nothing, or of negative values in queries.
        let is_silent = matches!(self.kind, Kind::BrayCurtis) && (row.sizes < SMALL || row.total != row.sizes);
        (sum, Own { entries: row.entries, size, is_silent })
    }

    /// Whether the scores of these points can be trusted: no sum of two of them leaves the range of numbers.
    pub(super) fn serves<T: Scalar>(&self, points: &OverlapRows) -> bool {
        self.fits::<T>(points.largest)
    }

    /// Whether the distance of rows of a size, were they opposite each other, is a number of `T`.
    fn fits<T: Scalar>(&self, size: f64) -> bool {
        let score = 4.0 * size;
        let distance = match self.kind {
            Kind::Squares { factor, root: true, .. } => score.sqrt() / factor,
            Kind::Squares { factor, root: false, .. } => score / factor / factor,
            _ => score,
        };
        score.is_finite() && T::from_f64(distance).is_finite()
    }

    /// What the scores from a row to all points are worth; `None` if nothing.
    pub(super) fn bound<T: Scalar>(&self, rows: &OverlapRows, row: usize, points: &OverlapRows) -> Option<Bound> {
        let own = &rows.own[row];
        let size = own.size + points.largest;
        if own.is_silent || !self.fits::<T>(size) {
            return None;
        }
        let terms = own.entries + points.longest + ROUNDINGS;
        let smallest =
            2.0 * if size_of::<T>() == size_of::<f32>() { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
        let floor = match self.kind {
            Kind::Squares { factor, root: true, .. } => (smallest * factor).powi(2),
            Kind::Squares { factor, root: false, .. } => smallest * factor * factor,
            _ => smallest,
        };
        // A distance is rounded to within half of ε of itself, its square to within ε; two of them differ by twice that.
        let relative = 4.0 * T::EPSILON.to_f64();
        // A point without a direction is at 2 from all that have one, however exact the length of theirs.
        let coarse = if matches!(self.kind, Kind::Directions(_)) { (rows.sums[row] - 1.0).abs() } else { 0.0 };
        let underflow = match self.kind {
            Kind::Squares { .. } => UNDERFLOW,
            Kind::Manhattan { .. } => f64::MIN_POSITIVE,
            _ => 0.0,
        };
        let error = terms * (ROUNDINGS * 0.5 * f64::EPSILON * size + underflow) + coarse;
        Some(Bound { error, relative, floor })
    }

    /// Writes the scores from a row to the points of a tile.
    pub(super) fn score(
        &self,
        rows: &OverlapRows,
        row: usize,
        points: &OverlapRows,
        tile: &Tile<'_>,
        scores: &mut [f64],
    ) {
        let sum = rows.sums[row];
        let others = &points.sums[tile.points.clone()];
        let (columns, values) = rows.row(row);
        let lists = || columns.iter().zip(values).map(|(&column, &x)| (x, tile.list(column)));
        let products = |scale: f64, scores: &mut [f64]| {
            lists().for_each(|(x, list)| walk(list, scores, |y| scale * x * y));
        };
        match &self.kind {
            Kind::Squares { .. } => {
                start(scores, others, sum);
                products(-2.0, scores);
            }
            Kind::Directions(_) => {
                start(scores, others, sum);
                if self.is_centered() {
                    let (mean, total) = rows.means[row];
                    let slope = total - self.d as f64 * mean;
                    for (score, other) in scores.iter_mut().zip(&points.means[tile.points.clone()]) {
                        *score += 2.0 * (mean * other.1 + slope * other.0);
                    }
                }
                products(-2.0, scores);
            }
            Kind::Dot => {
                scores.fill(1.0);
                products(-1.0, scores);
            }
            Kind::Manhattan { .. } => {
                start(scores, others, sum);
                lists().for_each(|(x, list)| walk(list, scores, |y| manhattan(x, y)));
            }
            Kind::Canberra => {
                start(scores, others, sum);
                lists().for_each(|(x, list)| walk(list, scores, |y| (x - y).abs() / (x.abs() + y.abs()) - 2.0));
            }
            Kind::BrayCurtis => {
                scores.fill(0.0);
                lists().for_each(|(x, list)| walk(list, scores, |y| manhattan(x, y)));
                for (score, other) in scores.iter_mut().zip(others) {
                    *score = if other.is_finite() { 1.0 + *score / (sum + other) } else { f64::INFINITY };
                }
            }
            Kind::Hamming => {
                start(scores, others, sum);
                lists().for_each(|(x, list)| walk(list, scores, |y| if x == y { -2.0 } else { -1.0 }));
                scores.iter_mut().for_each(|score| *score /= self.d as f64);
            }
            Kind::Boolean(metric) => {
                scores.fill(0.0);
                lists().for_each(|(_, list)| walk(list, scores, |_| 1.0));
                for (score, other) in scores.iter_mut().zip(others) {
                    let (both, first, second) = (*score, sum - *score, other - *score);
                    *score = boolean(metric, both, first, second, self.d as f64 - (both + first + second));
                }
            }
        }
    }
}

/// Sets the scores to what they are without shared columns.
fn start(scores: &mut [f64], others: &[f64], sum: f64) {
    scores.iter_mut().zip(others).for_each(|(score, other)| *score = sum + other);
}

/// Adds the terms of one column.
#[inline(always)]
fn walk((points, values): (&[u32], &[f64]), scores: &mut [f64], term: impl Fn(f64) -> f64) {
    for (&point, &y) in points.iter().zip(values) {
        scores[point as usize] += term(y);
    }
}

fn manhattan(x: f64, y: f64) -> f64 {
    (x - y).abs() - x.abs() - y.abs()
}
