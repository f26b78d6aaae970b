//! Both directions of the affinities between groups, joined: each member has the rows of its own groups.

use super::sent::{Lists, Sent};
use tsne_core::buckets::Buckets;
use tsne_core::{Affinities, Context, Result, Scalar, blocks, memory};

const WHAT: &str = "affinities of groups";

/// Rows one after the other: columns ascend, and weights are positive.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) lengths: Vec<u32>,
    pub(super) columns: Vec<u32>,
    pub(super) weights: Vec<T>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { lengths: Vec::new(), columns: Vec::new(), weights: Vec::new() }
    }
}

impl<T: Scalar> Rows<T> {
    /// Adds a row.
    pub(super) fn push(&mut self, row: impl Iterator<Item = (u32, T)>) {
        let before = self.columns.len();
        for (column, weight) in row {
            self.columns.push(column);
            self.weights.push(weight);
        }
        self.lengths.push((self.columns.len() - before) as u32);
    }

    /// Adds other rows.
    pub(super) fn append(&mut self, other: &Self) {
        self.lengths.extend_from_slice(&other.lengths);
        self.columns.extend_from_slice(&other.columns);
        self.weights.extend_from_slice(&other.weights);
    }

    /// Makes room for other rows.
    pub(super) fn reserve(&mut self, lengths: usize, entries: usize) -> Result<()> {
        memory::reserve(WHAT, &mut self.lengths, lengths)?;
        memory::reserve(WHAT, &mut self.columns, entries)?;
        memory::reserve(WHAT, &mut self.weights, entries)
    }

    /// The rows of all members, one after the other.
    pub(super) fn concat(self, cx: Context<'_>) -> Result<Self> {
        let (lengths, columns, weights) =
            (cx.concat(self.lengths)?, cx.concat(self.columns)?, cx.concat(self.weights)?);
        Ok(Self { lengths, columns, weights })
    }

    /// Where each row starts, and where the last one ends.
    fn pointers(&self) -> Result<Vec<usize>> {
        let mut pointers = vec![0];
        memory::reserve(WHAT, &mut pointers, self.lengths.len())?;
        let mut end = 0;
        pointers.extend(self.lengths.iter().map(|length| {
            end += *length as usize;
            end
        }));
        Ok(pointers)
    }

    /// Half the sum of the `n × n` matrix and its transpose, divided by the sum of all entries, of which each member gives, and gets, the
    /// rows of its groups, [`Context::rows`]; `None` for a matrix of zeros.
    ///
    /// The sum is folded by blocks, and what points to a row comes by ascending rows, whoever has these: no bit depends on the members.
    pub(super) fn joined(self, n: usize, cx: Context<'_>) -> Result<Option<Affinities<T>>> {
        let (own, pointers) = (cx.rows(n), self.pointers()?);
        let sum = cx.sum_blocks(&mut Vec::new(), n, |range| {
            let entries = pointers[range.start - own.start]..pointers[range.end - own.start];
            self.weights[entries].iter().map(|weight| weight.to_f64()).sum()
        })?;
        if sum <= 0.0 {
            return Ok(None);
        }
        let row = |i: usize| {
            let entries = pointers[i]..pointers[i + 1];
            (&self.columns[entries.clone()], &self.weights[entries])
        };
        let transposed = Buckets::new(n, || {
            (0..own.len()).flat_map(|i| {
                let (columns, weights) = row(i);
                columns.iter().zip(weights).map(move |(&j, &weight)| (j as usize, (i as u32, weight)))
            })
        })?;
        let mut to = Vec::new();
        for member in 0..cx.members() {
            let mut lists = Lists::default();
            if member != cx.rank() {
                let rows = cx.rows_of(member, n);
                let starts = &transposed.starts()[rows.start..=rows.end];
                lists.lengths = memory::collected(WHAT, starts.windows(2).map(|pair| pair[1] - pair[0]))?;
                lists.values = memory::copied(WHAT, &transposed.values()[starts[0]..starts[rows.len()]])?;
            }
            to.push(lists);
        }
        let sent = Sent::of(to, own.len(), cx)?;
        let first = memory::collected(WHAT, (0..cx.members()).map(|member| cx.rows_of(member, n).start as u32))?;
        // What points to a row, from the rows of each member.
        let (own_lists, other_lists) = (&transposed, &sent);
        let back = |i: usize| {
            first.iter().enumerate().map(move |(member, &first)| match member == cx.rank() {
                true => (first, own_lists.bucket(own.start + i)),
                false => (first, other_lists.list(member, i)),
            })
        };
        let joined = blocks::try_map(own.len(), |range| {
            cx.check()?;
            let most = pointers[range.end] - pointers[range.start];
            let most = most + range.clone().flat_map(&back).map(|(_, list)| list.len()).sum::<usize>();
            let mut joined = Self::default();
            joined.reserve(range.len(), most)?;
            let (mut there, mut from) = (Vec::new(), Vec::new());
            for i in range {
                from.clear();
                // All groups may be tied to one.
                memory::reserve(WHAT, &mut from, back(i).map(|(_, list)| list.len()).sum())?;
                back(i).for_each(|(first, list)| from.extend(list.iter().map(|&(j, weight)| (first + j, weight))));
                there.clear();
                let (columns, weights) = row(i);
                there.extend(columns.iter().copied().zip(weights.iter().copied()));
                let before = joined.columns.len();
                merge(&there, &from, sum, &mut joined);
                joined.lengths.push((joined.columns.len() - before) as u32);
            }
            Ok(joined)
        })?;
        drop((transposed, sent, pointers, self));
        let mut all = Self::default();
        all.reserve(own.len(), joined.iter().map(|rows| rows.columns.len()).sum())?;
        joined.into_iter().for_each(|rows| all.append(&rows));
        let pointers = all.pointers()?;
        Affinities::from_rows(own.start, pointers, all.columns, all.weights, n).map(Some)
    }
}

/// Half the sum of two rows with ascending columns, divided by `divisor`.
fn merge<T: Scalar>(a: &[(u32, T)], b: &[(u32, T)], divisor: f64, out: &mut Rows<T>) {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let column = match (a.peek(), b.peek()) {
            (Some((i, _)), Some((j, _))) => *i.min(j),
            (Some((i, _)), None) | (None, Some((i, _))) => *i,
            (None, None) => return,
        };
        let from_a = a.next_if(|(i, _)| *i == column).map_or(0.0, |(_, weight)| weight.to_f64());
        let from_b = b.next_if(|(i, _)| *i == column).map_or(0.0, |(_, weight)| weight.to_f64());
        // The same bits in both halves of the matrix: a sum of two does not depend on their order.
        out.columns.push(column);
        out.weights.push(T::from_f64((0.5 * from_a + 0.5 * from_b) / divisor));
    }
}
