//! Rows as the scores of shared columns need them.

use tsne_core::{Result, memory};

/// Points whose size is this many times the median are set aside: with 100 terms, 6e-7 of a typical score is what a size of so
/// much leaves uncertain.
const OUTLYING: f64 = 1e6;
/// The most points set aside, each of which is measured for every row.
const SET_ASIDE: usize = 64;

/// Rows as the scores need them: mapped values, zeros left out.
pub(super) struct OverlapRows {
    pub(super) pointers: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f64>,
    /// What each row has for itself in its sum.
    pub(super) sums: Vec<f64>,
    /// The mean that is subtracted from each row after the sum, and the sum of its values: for centered directions.
    pub(super) means: Vec<(f64, f64)>,
    /// Points whose scores are infinite: their distances have to be measured.
    pub(super) outlying: Vec<u32>,
    pub(super) own: Vec<Own>,
    /// The largest of [`Own::size`], but for those of outlying points.
    pub(super) largest: f64,
    /// The largest of [`Own::entries`].
    pub(super) longest: f64,
}

/// How far the scores of a row can be trusted.
#[derive(Default)]
pub(super) struct Own {
    /// How many values the row has.
    pub(super) entries: f64,
    /// The terms of a sum are at most as large together as the sizes of its two rows.
    pub(super) size: f64,
    /// Whether its scores say nothing, so that its distances to all points have to be measured.
    pub(super) is_silent: bool,
}

/// Sums over the values of a row.
#[derive(Default)]
pub(super) struct Added {
    pub(super) entries: f64,
    pub(super) squares: f64,
    /// Of absolute values.
    pub(super) sizes: f64,
    pub(super) total: f64,
    pub(super) largest: f64,
}

impl OverlapRows {
    /// Room for rows with a number of entries in all.
    pub(super) fn with_room(n: usize, nnz: usize) -> Result<Self> {
        let mut rows = Self {
            pointers: Vec::new(),
            columns: Vec::new(),
            values: Vec::new(),
            sums: Vec::new(),
            means: Vec::new(),
            outlying: Vec::new(),
            own: Vec::new(),
            largest: 0.0,
            longest: 0.0,
        };
        memory::reserve("rows of an inverted index", &mut rows.pointers, n + 1)?;
        memory::reserve("rows of an inverted index", &mut rows.columns, nnz)?;
        memory::reserve("rows of an inverted index", &mut rows.values, nnz)?;
        memory::reserve("rows of an inverted index", &mut rows.sums, n)?;
        memory::reserve("rows of an inverted index", &mut rows.own, n)?;
        rows.pointers.push(0);
        Ok(rows)
    }

    /// Adds the entries of a row but for zeros, in places among the columns that occur.
    pub(super) fn add(&mut self, row: impl Iterator<Item = (u32, f64)>, occurring: Option<&[u32]>) -> Added {
        let mut added = Added::default();
        for (column, value) in row.filter(|(_, value)| *value != 0.0) {
            added.entries += 1.0;
            added.squares += value * value;
            added.sizes += value.abs();
            added.total += value;
            added.largest = added.largest.max(value.abs());
            let place = match occurring {
                None => Some(column),
                Some(occurring) => occurring.binary_search(&column).ok().map(|place| place as u32),
            };
            // A column of a query that no point has adds to no score.
            if let Some(place) = place {
                self.columns.push(place);
                self.values.push(value);
            }
        }
        added
    }

    pub(super) fn n(&self) -> usize {
        self.own.len()
    }

    /// Points to measure for every row, ascending.
    pub(super) fn outlying(&self) -> &[u32] {
        &self.outlying
    }

    /// Sets the largest points aside, whose size alone would make the scores of all others uncertain.
    pub(super) fn set_aside(&mut self) -> Result<()> {
        let mut sizes: Vec<f64> = memory::collected("sizes of rows", self.own.iter().map(|own| own.size))?;
        let n = sizes.len();
        if n == 0 {
            return Ok(());
        }
        let (_, median, _) = sizes.select_nth_unstable_by(n / 2, f64::total_cmp);
        let typical = *median;
        let (_, limit, _) = sizes.select_nth_unstable_by(n - 1 - SET_ASIDE.min(n - 1), f64::total_cmp);
        let limit = limit.max(OUTLYING * typical);
        (self.largest, self.longest) = (0.0, 0.0);
        for (i, own) in self.own.iter_mut().enumerate() {
            if own.size <= limit {
                self.largest = self.largest.max(own.size);
                self.longest = self.longest.max(own.entries);
                continue;
            }
            self.outlying.push(i as u32);
            own.is_silent = true;
            self.sums[i] = f64::INFINITY;
            if let Some(mean) = self.means.get_mut(i) {
                *mean = (0.0, 0.0);
            }
            self.values[self.pointers[i]..self.pointers[i + 1]].fill(0.0);
        }
        Ok(())
    }

    pub(super) fn nnz(&self) -> usize {
        self.columns.len()
    }

    /// Columns and values of a row.
    pub(super) fn row(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.pointers[i]..self.pointers[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }
}
