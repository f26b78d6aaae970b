//! All pairs of sparse rows, by the columns that they share.
//!
//! Two sparse rows have few columns in common, and many metrics are a sum over those alone, beside what each row has for
//! itself: `|a - b|² = |a|² + |b|² - 2 Σ a b`. An inverted index lists the points of each column
//! (`Postings`), so that one walk through the lists of a row's columns gives the *scores* of all points
//! (`Overlap`). Differences of such sums cancel, so scores only select, with a bound on their rounding
//! (`Closest`); the distances of the selected points are measured as all searches measure them. The
//! result has the bits of the scan of all pairs. So has an error, but for the pair it names: the first that was measured.

mod bound;
mod closest;
mod cost;
mod index;
mod postings;
mod rows;
mod score;

pub(super) use index::{OverlapIndex, sparse_index};
