//! The index of sparse rows by the columns that they share.

use super::closest::Closest;
use super::cost::{is_less, shared};
use super::postings::Postings;
use super::rows::OverlapRows;
use super::score::Overlap;
use crate::neighbors::checked::Checked;
use crate::neighbors::duplicates::Groups;
use crate::neighbors::general::distances::{Distances, Space};
use crate::neighbors::general::scan::{Scan, measure, search};
use crate::neighbors::general::space::{space, sparse_rows};
use crate::neighbors::request::{Stored, check_own, check_queries, numbers};
use crate::neighbors::wanted::Wanted;
use rayon::prelude::*;
use std::num::NonZeroUsize;
use tsne_core::span::Region;
use tsne_core::{Context, KnnGraph, NeighborIndex, Points, Result, Scalar, SparseRows, Stage, memory};

/// Rows in one task, which walk through the same lists. 60,000 rows of 40 values in 2,000 columns (`examples/sparse_time`, two
/// cores) take 2.8 to 3.2 s with 8, 32 and 128.
const ROWS: usize = 32;
/// Points whose scores are kept at once: 256 KiB, which stay in the cache of a core. The same rows: 3.8 s with 8,192, 3.0 with
/// 131,072.
const TILE: usize = 32_768;
/// Candidates listed for a row beyond a few times `k`, half a megabyte: more are ties of nearly all points, and all points are
/// measured as well.
const MOST: usize = 32_768;
/// Rows whose candidates are counted, and the neighbors they are counted for: three times the default perplexity. Scoring 64 of
/// many rows takes a small part of scoring all.
const SAMPLE: usize = 64;
const SAMPLE_NEIGHBORS: usize = 90;
/// Points measured between two looks at the cancel token.
const MEASURED: usize = 4096;

/// An index of sparse rows under a metric of shared columns.
pub(in crate::neighbors) struct OverlapIndex<'a, T> {
    space: Box<dyn Space<T> + 'a>,
    overlap: Overlap,
    points: OverlapRows,
    postings: Postings,
    /// Candidates listed for a row at most, beyond a few times `k`.
    most: usize,
    /// 0, 1, ..., `n - 1`.
    all: Vec<u32>,
}

/// An index, or what a search without one needs.
enum Built<'a, T> {
    Index(Box<OverlapIndex<'a, T>>),
    Space(Box<dyn Space<T> + 'a>),
}

/// The exact index of checked sparse rows: by the columns that they share where that serves, else by measuring all pairs.
pub(in crate::neighbors) fn sparse_index<'a, T: Scalar>(
    checked: &Checked<'a, T>,
    rows: SparseRows<'_, T>,
) -> Result<Box<dyn NeighborIndex<T> + 'a>> {
    Ok(match OverlapIndex::build(checked, rows)? {
        Built::Index(index) => index,
        Built::Space(space) => Box::new(Scan::new(space)?),
    })
}

/// What a thread keeps between blocks of rows.
#[derive(Default)]
struct Scratch<T> {
    scores: Vec<f64>,
    closest: Vec<Closest>,
    selected: Vec<u32>,
    measured: Vec<T>,
}

impl<'a, T: Scalar> OverlapIndex<'a, T> {
    /// The index of checked rows; the space of their distances where the metric is no sum over shared columns, or where
    /// scores would leave the range of numbers.
    fn build(checked: &Checked<'a, T>, rows: SparseRows<'_, T>) -> Result<Built<'a, T>> {
        Self::build_with(checked, rows, TILE, MOST)
    }

    fn build_with(checked: &Checked<'a, T>, rows: SparseRows<'_, T>, tile: usize, most: usize) -> Result<Built<'a, T>> {
        let space = space(checked)?;
        let Some(overlap) = Overlap::new(&checked.metric, rows)? else { return Ok(Built::Space(space)) };
        let points = overlap.points(rows)?;
        if !overlap.serves::<T>(&points) {
            return Ok(Built::Space(space));
        }
        let postings = Postings::new(&points, overlap.width(), tile)?;
        let all = numbers(rows.n())?;
        Ok(Built::Index(Box::new(Self { space, overlap, points, postings, most, all })))
    }

    /// The index of checked rows, if the graph of all points takes less time by it than measuring `distances` pairs for
    /// each point that differs from others. Most is decided before anything is built.
    pub(in crate::neighbors) fn if_cheaper(
        checked: &Checked<'a, T>,
        rows: SparseRows<'_, T>,
        distances: f64,
        cx: Context<'_>,
    ) -> Result<Option<Self>> {
        let shared = shared(rows)?;
        if !is_less(rows, shared, 0.0, distances) {
            return Ok(None);
        }
        // Other searches see equal rows as one.
        let mut distances = distances;
        if checked.metric.is_zero_for_equal_rows() {
            distances = distances * Groups::of_points(checked.points())?.len() as f64 / rows.n() as f64;
        }
        if !is_less(rows, shared, 0.0, distances) {
            return Ok(None);
        }
        let Built::Index(index) = Self::build(checked, rows)? else { return Ok(None) };
        Ok(is_less(rows, shared, index.candidates(cx)?, distances).then_some(*index))
    }

    /// The number of points measured for a row, on average over a sample.
    fn candidates(&self, cx: Context<'_>) -> Result<f64> {
        let n = self.points.n();
        if self.overlap.is_exact() {
            return Ok(0.0);
        }
        let step = n.div_ceil(SAMPLE);
        let region = Region::enter();
        let counts: Vec<Result<usize>> = (0..n.div_ceil(step))
            .into_par_iter()
            .map_init(Scratch::<T>::default, |scratch, s| {
                region.task(|| {
                    let row = s * step;
                    let Some(bound) = self.overlap.bound::<T>(&self.points, row, &self.points) else { return Ok(n) };
                    scratch.closest.resize_with(1, Closest::default);
                    let closest = &mut scratch.closest[0];
                    closest.reset(SAMPLE_NEIGHBORS.min(n), self.most);
                    for tile in self.postings.tiles() {
                        cx.check()?;
                        memory::resize("overlaps with a tile", &mut scratch.scores, tile.points.len(), 0.0)?;
                        self.overlap.score(&self.points, row, &self.points, &tile, &mut scratch.scores);
                        closest.add(&scratch.scores, tile.points.start as u32, None, bound);
                    }
                    let is_listed = closest.finish(self.points.outlying(), &mut scratch.selected);
                    Ok(if is_listed { scratch.selected.len() } else { n })
                })
            })
            .collect();
        let rows = counts.len() as f64;
        Ok(counts.into_iter().sum::<Result<usize>>()? as f64 / rows)
    }

    /// The `k` nearest points of each row that is wanted; `own` says that rows are the points, and leaves each itself out.
    fn search(
        &self,
        distances: &dyn Distances<T>,
        rows: &OverlapRows,
        (wanted, own): (&Wanted, bool),
        k: usize,
        cx: Context<'_>,
    ) -> Result<Stored<T>> {
        search(wanted.len(), k, ROWS, cx, |first, nearest, scratch: &mut Scratch<T>| {
            scratch.closest.resize_with(ROWS, Closest::default);
            for closest in &mut scratch.closest {
                closest.reset(k, self.most);
            }
            for tile in self.postings.tiles() {
                memory::resize("overlaps with a tile", &mut scratch.scores, tile.points.len(), 0.0)?;
                for (r, nearest) in nearest.iter_mut().enumerate() {
                    cx.check()?;
                    let row = wanted.at(first + r);
                    let Some(bound) = self.overlap.bound::<T>(rows, row, &self.points) else { continue };
                    self.overlap.score(rows, row, &self.points, &tile, &mut scratch.scores);
                    let (start, left_out) = (tile.points.start as u32, own.then_some(row as u32));
                    if self.overlap.is_exact() {
                        for (&score, point) in scratch.scores.iter().zip(start..) {
                            if Some(point) != left_out {
                                nearest.offer(T::from_f64(score), point);
                            }
                        }
                    } else {
                        scratch.closest[r].add(&scratch.scores, start, left_out, bound);
                    }
                }
            }
            for (r, nearest) in nearest.iter_mut().enumerate() {
                let row = wanted.at(first + r);
                let points = if self.overlap.bound::<T>(rows, row, &self.points).is_none() {
                    &self.all
                } else if self.overlap.is_exact() {
                    continue;
                } else if scratch.closest[r].finish(self.points.outlying(), &mut scratch.selected) {
                    &scratch.selected
                } else {
                    &self.all
                };
                for points in points.chunks(MEASURED) {
                    cx.check()?;
                    measure(distances, row, points, own, nearest, &mut scratch.measured)?;
                }
            }
            Ok(())
        })
    }

    fn graph(&self, (indices, distances): Stored<T>, k: usize, rows: usize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        cx.advance(Stage::Neighbors, rows, rows);
        KnnGraph::from_arrays(k, self.all.len(), indices, distances)
    }
}

impl<T: Scalar> NeighborIndex<T> for OverlapIndex<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.space.shape()
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn knn_graph(&self, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_own(self.shape().0, k.get())?;
        cx.check()?;
        let wanted = Wanted::Range(cx.rows(self.all.len()));
        let found = self.search(&*self.space.own(), &self.points, (&wanted, true), k.get(), cx)?;
        self.graph(found, k.get(), wanted.len(), cx)
    }

    fn knn(&self, queries: Points<'_, T>, k: NonZeroUsize, cx: Context<'_>) -> Result<KnnGraph<T>> {
        check_queries(self.shape(), queries.d(), k.get())?;
        cx.check()?;
        let distances = self.space.to(queries)?;
        let rows = sparse_rows(queries)?;
        let wanted = Wanted::all(rows.n());
        let found = self.search(&*distances, &self.overlap.rows(rows)?, (&wanted, false), k.get(), cx)?;
        self.graph(found, k.get(), rows.n(), cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Metric;
    use crate::neighbors::source::Source;
    use proptest::prelude::*;
    use std::sync::Arc;
    use tsne_core::{Error, random};

    const METRICS: &str = "l2 sqeuclidean minkowski:p=2 l1 minkowski:p=1 cosine correlation hellinger dot canberra \
        braycurtis hamming jaccard dice rogerstanimoto russellrao sokalmichener sokalsneath yule";

    /// All metrics of shared columns, for rows of `d` columns.
    fn metrics(d: usize) -> Vec<Metric> {
        let weights: Arc<[f64]> = (0..d).map(|j| 0.5 + (j % 3) as f64).collect();
        let weighted = [
            Metric::SEuclidean { variances: Some(weights.clone()) },
            Metric::Minkowski { p: 1.0, weights: Some(weights.clone()) },
            Metric::Minkowski { p: 2.0, weights: Some(weights) },
        ];
        METRICS.split_whitespace().map(|name| name.parse().unwrap()).chain(weighted).collect()
    }

    /// Compressed rows.
    struct Sparse<T> {
        pointers: Vec<usize>,
        columns: Vec<u32>,
        values: Vec<T>,
        d: usize,
    }

    impl<T: Scalar> Sparse<T> {
        /// Rows of `width` columns and a part of them stored (some as zeros), of values that `value` makes of two numbers from
        /// 0 to 1; a tenth of the rows repeats others, another tenth is empty.
        fn new(
            seed: u64,
            n: usize,
            width: usize,
            part: f64,
            spread: u32,
            value: impl Fn(usize, f64, f64) -> f64,
        ) -> Self {
            let unit = |stage: u64, i: usize| random::unit(random::element_seed(seed, stage, i as u64));
            let mut rows: Vec<Vec<(u32, T)>> = Vec::new();
            for i in 0..n {
                rows.push(match i % 10 {
                    3 => rows[i / 2].clone(),
                    7 => Vec::new(),
                    _ => (0..width)
                        .filter(|j| unit(0, i * width + j) < part)
                        .map(|j| {
                            let at = i * width + j;
                            let zero = unit(3, at) < 0.1;
                            let v = if zero { 0.0 } else { value(i, unit(1, at), unit(2, at)) };
                            (j as u32 * spread, T::from_f64(v))
                        })
                        .collect(),
                });
            }
            let mut out =
                Self { pointers: vec![0], columns: Vec::new(), values: Vec::new(), d: width * spread as usize };
            for row in rows {
                out.columns.extend(row.iter().map(|(column, _)| column));
                out.values.extend(row.iter().map(|(_, value)| value));
                out.pointers.push(out.columns.len());
            }
            out
        }

        fn rows(&self) -> SparseRows<'_, T> {
            SparseRows::new(&self.pointers, &self.columns, &self.values, self.d).unwrap()
        }
    }

    fn checked<'a, T: Scalar>(rows: SparseRows<'a, T>, metric: &Metric) -> Result<Checked<'a, T>> {
        Checked::new(Source::Borrowed(rows.into()), metric)
    }

    /// Whether the rows have distances.
    fn is_measured<T: Scalar>(rows: SparseRows<'_, T>, metric: &Metric) -> bool {
        checked(rows, metric).and_then(|checked| space(&checked).map(|_| ())).is_ok()
    }

    fn scan<'a, T: Scalar>(rows: SparseRows<'a, T>, metric: &Metric) -> Scan<'a, T> {
        Scan::new(space(&checked(rows, metric).unwrap()).unwrap()).unwrap()
    }

    /// The graphs and the neighbors of queries have the bits of the scan. Says whether the index was one.
    fn same_as_scan<T: Scalar>(
        points: SparseRows<'_, T>,
        queries: SparseRows<'_, T>,
        metric: &Metric,
        k: usize,
        tile: usize,
    ) -> bool {
        let cx = Context::new();
        let k = NonZeroUsize::new(k).unwrap();
        let checked = checked(points, metric).unwrap();
        let scan = Scan::new(space(&checked).unwrap()).unwrap();
        let Built::Index(index) = OverlapIndex::build_with(&checked, points, tile, 20).unwrap() else { return false };
        assert_eq!(index.knn_graph(k, cx), scan.knn_graph(k, cx), "{metric}, own");
        assert_eq!(index.knn(queries.into(), k, cx), scan.knn(queries.into(), k, cx), "{metric}, queries");
        let all = NonZeroUsize::new(points.n()).unwrap();
        assert_eq!(index.knn(queries.into(), all, cx), scan.knn(queries.into(), all, cx), "{metric}, all points");
        true
    }

    /// Every metric, on values with ties and without, in tiles and in one, in few columns and among many.
    #[test]
    fn the_bits_are_those_of_the_scan() {
        let ties = |_: usize, a: f64, _: f64| (a * 4.0).ceil() / 8.0;
        let free = |_: usize, a: f64, b: f64| (a - 0.5) * (-9.0 * b).exp();
        // Rows of very different sizes.
        let sizes = |i: usize, a: f64, _: f64| a * 10f64.powi(i as i32 % 7 - 3);
        let mut served = 0;
        for (part, width, spread) in [(0.02, 60, 1), (0.3, 30, 1), (0.3, 30, 1000)] {
            for metric in &metrics(width * spread as usize) {
                for value in [&ties as &dyn Fn(usize, f64, f64) -> f64, &free, &sizes] {
                    let value = |i: usize, a: f64, b: f64| match metric {
                        // Rows no longer than 1.
                        Metric::Dot => value(0, a, b) / width as f64,
                        Metric::Hellinger | Metric::BrayCurtis => value(i, a, b).abs(),
                        _ => value(i, a, b),
                    };
                    let rows = |seed, n| Sparse::<f32>::new(seed, n, width, part, spread, value);
                    served += usize::from(same_as_scan(rows(1, 150).rows(), rows(2, 40).rows(), metric, 12, 64));
                    let rows = |seed, n| Sparse::<f64>::new(seed, n, width, part, spread, value);
                    let (points, queries) = (rows(3, 150), rows(4, 40));
                    served += usize::from(same_as_scan(points.rows(), queries.rows(), metric, 149, 1000));
                    served += usize::from(same_as_scan(points.rows(), queries.rows(), metric, 1, 7));
                }
            }
        }
        assert_eq!(served, 27 * metrics(1).len());
    }

    /// Values at the ends of the range, and rows that differ in the last digits of long ones.
    #[test]
    fn the_ends_of_the_range_are_searched_as_well() {
        let scales = [5e-324, 1e-310, 1e-200, 1e-45, 1e-39, 1e-20, 1e18, 1e37, 1e150, 1e290, 1e307];
        for metric in metrics(20).iter().filter(|metric| **metric != Metric::Dot) {
            let mut served = 0;
            for scale in scales {
                let value = |_: usize, a: f64, _: f64| (a * 20.0).ceil() * scale;
                let points = Sparse::<f64>::new(5, 60, 20, 0.3, 1, value);
                if is_measured(points.rows(), metric) {
                    let queries = Sparse::new(6, 20, 20, 0.3, 1, value);
                    served += usize::from(same_as_scan(points.rows(), queries.rows(), metric, 9, 64));
                    // Queries a thousand times larger.
                    let large = |_: usize, a: f64, _: f64| (a * 20.0).ceil() * (scale * 1e3).min(1e300);
                    same_as_scan(points.rows(), Sparse::new(6, 20, 20, 0.3, 1, large).rows(), metric, 9, 64);
                }
                let points = Sparse::<f32>::new(5, 60, 20, 0.3, 1, value);
                if scale < 1e37 && is_measured(points.rows(), metric) {
                    let queries = Sparse::new(6, 20, 20, 0.3, 1, value);
                    served += usize::from(same_as_scan(points.rows(), queries.rows(), metric, 9, 64));
                }
            }
            // The largest scales have no distances in some metrics, or no sums.
            assert!(served >= 11, "{metric}: {served}");
            let near = |_: usize, a: f64, _: f64| 1e3 + 1e-12 * (a * 20.0).round();
            let near = [Sparse::<f64>::new(7, 60, 20, 1.0, 1, near), Sparse::new(8, 20, 20, 1.0, 1, near)];
            assert!(same_as_scan(near[0].rows(), near[1].rows(), metric, 9, 64), "{metric}");
        }
    }

    /// 100 rows of one value, each in a column of its own or all in one. Scores of a row are 100, shared columns 1 or 100; all
    /// points are candidates, since they tie or nearly do, but where scores are distances.
    #[test]
    fn shared_columns_and_candidates_cost() {
        let cheaper = |metric: &Metric, columns: &[u32], same: bool, distances| {
            let pointers: Vec<usize> = (0..=100).collect();
            let values: Vec<f32> = (0..100).map(|i| if same { 1.0 } else { 1.0 + 1e-3 * i as f32 }).collect();
            let rows = SparseRows::new(&pointers, columns, &values, 100).unwrap();
            let checked = checked(rows, metric).unwrap();
            OverlapIndex::if_cheaper(&checked, rows, distances, Context::new()).unwrap().is_some()
        };
        let own: Vec<u32> = (0..100).collect();
        // 1.4 * 101 and 1.4 * 200 against 3 * 2 for each distance, of which 90 to 100 are the candidates'.
        for (columns, exact) in [(&own[..], 24.0), (&[0; 100], 47.0)] {
            assert!(
                cheaper(&Metric::Hamming, columns, false, exact)
                    && !cheaper(&Metric::Hamming, columns, false, exact - 1.0)
            );
            assert!(cheaper(&Metric::Euclidean, columns, false, 100.0 + exact));
            assert!(!cheaper(&Metric::Euclidean, columns, false, 90.0 + exact - 1.0));
        }
        // A hundred equal rows are one.
        assert!(
            !cheaper(&Metric::Hamming, &[0; 100], true, 4600.0) && cheaper(&Metric::Hamming, &[0; 100], true, 4700.0)
        );
        // Columns that are counted and columns that are sorted.
        let shared = |d| shared(SparseRows::new(&[0, 2, 3, 5], &[0, 3, 3, 2, 3], &[1.0; 5], d).unwrap()).unwrap();
        assert_eq!((shared(4), shared(4000)), (11.0, 11.0));
    }

    /// One row and its copy are far larger than all others: they are set aside, and the scores of the others stay sharp.
    #[test]
    fn a_large_row_is_set_aside() {
        let value = |i: usize, a: f64, _: f64| (a - 0.5) * if i == 41 { 1e13 } else { 1.0 };
        let (points, queries) =
            (Sparse::<f64>::new(10, 150, 30, 0.3, 1, value), Sparse::new(11, 60, 30, 0.3, 1, value));
        for metric in [Metric::Euclidean, Metric::Manhattan, Metric::SqEuclidean] {
            assert!(same_as_scan(points.rows(), queries.rows(), &metric, 9, 64), "{metric}");
            let rows = points.rows();
            let Built::Index(index) = OverlapIndex::build(&checked(rows, &metric).unwrap(), rows).unwrap() else {
                unreachable!("{metric} has an index")
            };
            assert_eq!(index.points.outlying(), [41, 83], "{metric}");
            let candidates = index.candidates(Context::new()).unwrap();
            assert!(candidates < 95.0, "{metric}: {candidates}");
        }
    }

    /// Points that are set aside under each metric that has such, more than are set aside, and most points empty.
    #[test]
    fn large_rows_are_found_under_all_metrics() {
        let huge = |i: usize, a: f64, _: f64| if i == 41 { f64::MAX * a } else { a };
        let free = |_: usize, a: f64, b: f64| a * b;
        let many = |i: usize, a: f64, _: f64| a * if i.is_multiple_of(3) { 1e12 } else { 1.0 };
        let sparse = Sparse::<f64>::new(12, 300, 30, 0.002, 1, many);
        let with_values = |i: &usize| sparse.rows().row(*i).1.iter().any(|v| *v != 0.0);
        let rows_with_values = (0..300).filter(with_values).count();
        assert!((1..64).contains(&rows_with_values));
        for (metric, value, part, outlying) in [
            (Metric::Canberra, &huge as &dyn Fn(usize, f64, f64) -> f64, 0.3, 2),
            (Metric::BrayCurtis, &huge, 0.3, 2),
            (Metric::Correlation, &free, 0.3, 1),
            (Metric::Euclidean, &many, 0.3, 64),
            // The median is 0.
            (Metric::Euclidean, &many, 0.002, rows_with_values),
        ] {
            let mut points = Sparse::<f64>::new(12, 300, 30, part, 1, value);
            if metric == Metric::Correlation {
                // Nearly constant: its mean is far larger than what is left of it.
                points.columns.extend(0..30);
                points.values.extend((0..30).map(|j| 1.0 + 1e-12 * f64::from(j)));
                points.pointers.push(points.columns.len());
            }
            let queries = Sparse::<f64>::new(13, 60, 30, part, 1, |_, a, _| a);
            let rows = points.rows();
            let Built::Index(index) = OverlapIndex::build(&checked(rows, &metric).unwrap(), rows).unwrap() else {
                unreachable!("{metric} has an index")
            };
            assert_eq!(index.points.outlying().len(), outlying, "{metric}");
            let scan = scan(rows, &metric);
            let (k, cx) = (NonZeroUsize::new(9).unwrap(), Context::new());
            assert_eq!(
                index.knn(queries.rows().into(), k, cx).is_err(),
                scan.knn(queries.rows().into(), k, cx).is_err()
            );
            match (index.knn_graph(k, cx), scan.knn_graph(k, cx)) {
                (Ok(a), Ok(b)) => assert_eq!(a, b, "{metric}"),
                (a, b) => assert!(a.is_err() && b.is_err(), "{metric}"),
            }
        }
    }

    /// A row that stores all its columns, nearly all as zeros: a million terms, each of which the mean makes a small number.
    #[test]
    fn stored_zeros_are_terms_of_correlations() {
        let d = 1_000_000;
        let columns: Vec<u32> = [0].into_iter().chain(0..d).chain([0, 1]).collect();
        let mut values = vec![0.0; columns.len()];
        (values[0], values[2]) = (1.0, 1.0);
        values[columns.len() - 2..].copy_from_slice(&[-5e-12, 1.0]);
        let pointers = [0, 1, 1 + d as usize, 3 + d as usize];
        let rows = SparseRows::new(&pointers, &columns, &values, d as usize).unwrap();
        assert!(same_as_scan(rows, rows, &Metric::Correlation, 1, 64));
    }

    /// Whatever is weighted first, and what underflows before it is weighted: the same distances, or no such index.
    #[test]
    fn weights_of_any_size_are_safe() {
        for (weights, served) in [([1e-240, 1e100], false), ([1e-90, 1e90], true), ([1e90, 1e-90], true)] {
            let weights: Arc<[f64]> = weights.into();
            for small in [3e-170, 3e-160, 1e-100] {
                let values = [1.0, 1.1, small, 1.5];
                let rows = SparseRows::new(&[0, 1, 3, 4], &[0, 0, 1, 0], &values, 2).unwrap();
                for metric in [
                    Metric::SEuclidean { variances: Some(weights.iter().map(|w| 1.0 / w).collect()) },
                    Metric::Minkowski { p: 2.0, weights: Some(weights.clone()) },
                    Metric::Minkowski { p: 1.0, weights: Some(weights.clone()) },
                ] {
                    assert_eq!(same_as_scan(rows, rows, &metric, 1, 64), served, "{metric} {weights:?} {small}");
                }
            }
        }
    }

    /// Differences overflow before they are weighted: the error of the scan, for points and for queries.
    #[test]
    fn weighted_differences_that_overflow_are_an_error() {
        let (large, small) = ([1.7e308, 1.7e308, -1.7e308, -1.7e308], [1.0, 2.0, 3.0, 4.0]);
        let large = SparseRows::new(&[0, 1, 2, 3, 4], &[0; 4], &large, 1).unwrap();
        let small = SparseRows::new(&[0, 1, 2, 3, 4], &[0; 4], &small, 1).unwrap();
        let (k, cx) = (NonZeroUsize::MIN, Context::new());
        for p in [1.0, 2.0] {
            let metric = Metric::Minkowski { p, weights: Some([1e-4].into()) };
            let index = sparse_index(&checked(large, &metric).unwrap(), large).unwrap();
            assert!(matches!(index.knn_graph(k, cx), Err(Error::Invalid { what: "distance", .. })), "{p}");
        }
        let metric = Metric::SEuclidean { variances: Some([1e4].into()) };
        assert!(same_as_scan(small, small, &metric, 2, 64));
        let scan = scan(small, &metric).knn(large.into(), k, cx);
        let index = sparse_index(&checked(small, &metric).unwrap(), small).unwrap().knn(large.into(), k, cx);
        assert_eq!(index.is_err(), scan.is_err());
    }

    /// Lengths beyond the range of numbers are the error that the scan gives.
    #[test]
    fn rows_without_a_length_are_an_error() {
        let values = [f64::MAX, -f64::MAX, -f64::MAX, 1.0, 2.0, 1.0, 3.0];
        let rows = SparseRows::new(&[0, 3, 5, 7], &[0, 1, 2, 0, 1, 1, 2], &values, 3).unwrap();
        let search = |rows: SparseRows<'_, f64>| {
            let index = sparse_index(&checked(rows, &Metric::Correlation).unwrap(), rows).unwrap();
            let own = index.knn_graph(NonZeroUsize::MIN, Context::new());
            (own, index.knn(rows.into(), NonZeroUsize::MIN, Context::new()))
        };
        let (own, new) = search(rows);
        assert!(matches!(own, Err(Error::Invalid { what: "distance", .. })), "{own:?}");
        assert!(matches!(new, Err(Error::Invalid { what: "distance", .. })), "{new:?}");
    }

    #[test]
    fn metrics_that_are_no_such_sum_keep_the_scan() {
        let points = Sparse::<f64>::new(9, 30, 20, 0.3, 1, |_, a, _| a - 0.5);
        let points = points.rows();
        for name in ["linf", "minkowski:p=1.5", "braycurtis"] {
            assert!(!same_as_scan(points, points, &name.parse().unwrap(), 3, 64), "{name}");
        }
        let (positive, signed) = (Sparse::<f64>::new(9, 30, 20, 0.3, 1, |_, a, _| a + 0.5), points);
        assert!(same_as_scan(positive.rows(), signed, &Metric::BrayCurtis, 3, 64));
    }

    proptest! {
        #[test]
        fn any_rows_are_searched_as_by_the_scan(
            seed in any::<u64>(), n in 2usize..80, width in 1usize..50, part in 0.0f64..0.6, exponent in -30i32..30,
            levels in 1u32..40, signs in 0u32..20, tile in 1usize..90, which in 0usize..22, k in 1usize..80,
        ) {
            let metric = metrics(width).swap_remove(which);
            let value = |_: usize, a: f64, b: f64| {
                let v = (a * f64::from(levels)).ceil() * (1.0 + b * 1e-7);
                match metric {
                    Metric::Dot => v / f64::from(levels) / width as f64 / 2.0,
                    // Distributions.
                    Metric::Hellinger | Metric::BrayCurtis => v * 2f64.powi(exponent),
                    _ => (v - f64::from(signs)) * 2f64.powi(exponent),
                }
            };
            let k = k.min(n - 1);
            let rows = |seed, n| Sparse::<f32>::new(seed, n, width, part, 1, value);
            prop_assert!(same_as_scan(rows(seed, n).rows(), rows(!seed, 10).rows(), &metric, k, tile));
            let rows = |seed, n| Sparse::<f64>::new(seed, n, width, part, 1, value);
            prop_assert!(same_as_scan(rows(seed, n).rows(), rows(!seed, 10).rows(), &metric, k, tile));
        }
    }
}
