//! What a search will be, and the memory that it takes, from the shape of the points alone.

use super::geometric::clusters::{COLUMNS, COMPONENTS};
use super::geometric::mapping::Mapping;
use super::method::SearchMethod;
use super::search::{ApproximateSearch, AutoSearch, ExactSearch, exact_method};
use crate::metric::Metric;

/// The shape of points that are not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataShape {
    /// The number of points.
    pub n: usize,
    /// The number of columns.
    pub d: usize,
    /// The stored entries of sparse points; `None` for dense ones.
    pub entries: Option<usize>,
}

impl DataShape {
    /// Dense points, `n × d`.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::DataShape;
    ///
    /// assert_eq!(DataShape::dense(70_000, 50).bytes(4), 14_000_000);
    /// ```
    pub const fn dense(n: usize, d: usize) -> Self {
        Self { n, d, entries: None }
    }

    /// Sparse points, `n × d` with so many stored entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::DataShape;
    ///
    /// // Columns and values of the entries, and where the rows start.
    /// assert_eq!(DataShape::sparse(10, 1_000, 300).bytes(8), 300 * 12 + 11 * 8);
    /// ```
    pub const fn sparse(n: usize, d: usize, entries: usize) -> Self {
        Self { n, d, entries: Some(entries) }
    }

    /// The bytes that they take with numbers of so many bytes.
    ///
    /// # Examples
    ///
    /// See [`DataShape::dense`] and [`DataShape::sparse`].
    ///
    /// ```
    /// assert_eq!(tsne_affinity::DataShape::dense(2, 3).bytes(8), 48);
    /// ```
    pub fn bytes(&self, scalar: usize) -> u64 {
        let bytes = match self.entries {
            None => product(&[self.n, self.d, scalar]),
            Some(entries) => product(&[entries, 4 + scalar]) + 8.0 * (self.n as f64 + 1.0),
        };
        bytes as u64
    }

    /// The shape of so many of the points, with their share of the entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::DataShape;
    ///
    /// assert_eq!(DataShape::sparse(10, 1_000, 300).of_points(5), DataShape::sparse(5, 1_000, 150));
    /// ```
    #[must_use]
    pub fn of_points(self, n: usize) -> Self {
        let share = n as f64 / self.n.max(1) as f64;
        Self { n, entries: self.entries.map(|entries| (entries as f64 * share) as usize), ..self }
    }
}

/// What a search will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchPlan {
    /// How it goes about it.
    pub method: SearchMethod,
    /// The bytes that it takes at most besides the points, with the neighbors that it returns.
    pub bytes: u64,
    /// Of these, what is by points that the members of a team share.
    shared: u64,
    /// What is of others, while they share it: points of clusters that are visited, and neighbors that others want.
    passing: u64,
}

impl SearchPlan {
    /// The bytes that it takes on each of so many [members of a team](tsne_core::Team); of one, all [bytes](Self::bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{AutoSearch, DataShape};
    ///
    /// let plan = AutoSearch::default().plan(DataShape::dense(1_000_000, 50), 90, 4, 2);
    /// assert_eq!(plan.bytes_of_member(1), plan.bytes);
    /// // All have the clusters, each has the rows and the neighbors of its points.
    /// assert!(plan.bytes_of_member(8) < plan.bytes / 3);
    /// ```
    pub const fn bytes_of_member(&self, members: usize) -> u64 {
        match members {
            0 | 1 => self.bytes,
            _ => self.bytes - self.shared + self.shared.saturating_add(self.passing) / members as u64,
        }
    }
}

/// The product of numbers, which may be beyond all that a computer has.
fn product(factors: &[usize]) -> f64 {
    factors.iter().map(|&factor| factor as f64).product()
}

/// Visited clusters that are ranked for each row: what calibrations at a recall of .99 come to with 90 neighbors of 70,000 to
/// 1,000,000 points of 50 columns.
const RANKED: usize = 100;

/// A search for `k` neighbors with numbers of `scalar` bytes on so many threads.
#[derive(Debug, Clone, Copy)]
struct Asked<'m> {
    metric: &'m Metric,
    shape: DataShape,
    k: usize,
    scalar: usize,
    threads: usize,
}

impl Asked<'_> {
    fn plan(self, method: SearchMethod) -> SearchPlan {
        let Self { metric, shape: DataShape { n, d, entries }, k, scalar, threads } = self;
        // So that sums of some times these are numbers; what is planned for as many is beyond all machines as well.
        let (d, k) = (d.min(usize::MAX >> 8), k.min(usize::MAX >> 8));
        let mapped = Mapping::serves(metric) && !Mapping::is_as_given(metric);
        // Mapped rows are a copy, in double precision.
        let values = entries.map_or(product(&[n, d]), |entries| entries as f64);
        let (number, copy) = if mapped { (8, 8.0 * values) } else { (scalar, 0.0) };
        let width = d + 1;
        let found = product(&[n, k, 4 + number]);
        // Only clusters share out their rows.
        let (mut shared, mut passing) = (found, 0.0);
        let bytes = match method {
            // Candidates of a row and its scores, by 128 rows, on each thread.
            SearchMethod::Products => {
                let of_thread = product(&[threads, 128, 960 * 4 + 16 * (k + 192) + 4 * width]);
                copy + product(&[n, 4 * width + 8]) + of_thread
            }
            // Rows in the order of the clusters, as they are and for the products; where results go, row by row.
            SearchMethod::Clusters => {
                // Batches of the same length.
                let rows = n.div_ceil(n.div_ceil(1 << 16).max(1));
                // Wide rows are compared with the centroids in fewer columns.
                let seen = if d < COLUMNS { 0 } else { COMPONENTS };
                let batch = product(&[rows, seen * number + RANKED.min(n.isqrt()) * (8 + number) + 64]);
                let of_thread = product(&[512.min((1 << 21) / (k + width)), 16 * (k + 192) + 4 * width]);
                let rows = product(&[n, d, number]) + product(&[n, 4 * width + 8 + 32]);
                // As many rows of others at a time, neighbors that others want, and the clusters to visit.
                (shared, passing) =
                    (rows + found, product(&[n, d, number]) + found + product(&[n, 4 * k.min(n.isqrt()) + 12]));
                copy + rows + product(&[n, 4]) + batch + threads as f64 * of_thread
            }
            SearchMethod::KdTree => copy + product(&[n, 8 * d.next_multiple_of(2) + 24]),
            SearchMethod::VpTree => copy + product(&[n, 40]),
            SearchMethod::AllPairs => copy + product(&[n, 16]),
            // Two rounds of lists, the candidates of both directions, and eight trees.
            SearchMethod::Descent => {
                product(&[n, k.max(24), 2 * (4 + scalar + 1)]) + product(&[n, 20 * 4 * 5]) + product(&[n, 8 * 8])
            }
            // The rows in double precision, and for each column that occurs the points that have it.
            SearchMethod::SharedColumns => {
                24.0 * values + product(&[n, 48]) + 8.0 * entries.map_or(d, |entries| d.min(entries)) as f64
            }
        };
        // The lists of a descent are its result.
        let result = if method == SearchMethod::Descent { 0.0 } else { found };
        let bytes = (bytes + result) as u64;
        SearchPlan { method, bytes, shared: (shared as u64).min(bytes), passing: passing as u64 }
    }
}

impl AutoSearch {
    /// What the search for `k` neighbors of points of this shape will be, with numbers of `scalar` bytes and on so many threads.
    ///
    /// Which of two methods serves sparse points better depends on their values: the one that takes more memory is planned.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{AutoSearch, DataShape, SearchMethod};
    ///
    /// let search = AutoSearch::default();
    /// assert_eq!(search.plan(DataShape::dense(5_000, 50), 90, 4, 2).method, SearchMethod::Products);
    /// let plan = search.plan(DataShape::dense(70_000, 50), 90, 4, 2);
    /// assert_eq!(plan.method, SearchMethod::Clusters);
    /// // At the least the neighbors and their distances.
    /// assert!(plan.bytes > 70_000 * 90 * 8);
    /// ```
    pub fn plan(&self, shape: DataShape, k: usize, scalar: usize, threads: usize) -> SearchPlan {
        if self.is_exact(shape.n, shape.d, shape.entries.is_none()) {
            return ExactSearch::new(self.metric.clone()).plan(shape, k, scalar, threads);
        }
        let approximate = ApproximateSearch::new(self.metric.clone()).plan(shape, k, scalar, threads);
        if shape.entries.is_none() {
            return approximate;
        }
        let asked = Asked { metric: &self.metric, shape, k, scalar, threads };
        let shared = asked.plan(SearchMethod::SharedColumns);
        if shared.bytes > approximate.bytes { shared } else { approximate }
    }
}

impl ExactSearch {
    /// What the search will be, as [`AutoSearch::plan`] tells it.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{DataShape, ExactSearch, SearchMethod};
    ///
    /// let plan = ExactSearch::default().plan(DataShape::dense(70_000, 50), 90, 4, 2);
    /// assert_eq!(plan.method, SearchMethod::Products);
    /// ```
    pub fn plan(&self, shape: DataShape, k: usize, scalar: usize, threads: usize) -> SearchPlan {
        let asked = Asked { metric: &self.metric, shape, k, scalar, threads };
        asked.plan(exact_method(&self.metric, shape.d, shape.entries.is_none()))
    }
}

impl ApproximateSearch {
    /// What the search will be, as [`AutoSearch::plan`] tells it.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_affinity::{ApproximateSearch, DataShape, Metric, SearchMethod};
    ///
    /// let plan = ApproximateSearch::new(Metric::Manhattan).plan(DataShape::dense(70_000, 50), 90, 4, 2);
    /// assert_eq!(plan.method, SearchMethod::Descent);
    /// ```
    pub fn plan(&self, shape: DataShape, k: usize, scalar: usize, threads: usize) -> SearchPlan {
        let DataShape { n, entries, .. } = shape;
        if self.is_exact(n) {
            return ExactSearch::new(self.metric.clone()).plan(shape, k, scalar, threads);
        }
        let asked = Asked { metric: &self.metric, shape, k, scalar, threads };
        asked.plan(match entries {
            None if Mapping::serves(&self.metric) => SearchMethod::Clusters,
            _ => SearchMethod::Descent,
        })
    }
}
