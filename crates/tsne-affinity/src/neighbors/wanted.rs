//! The rows whose neighbors this process looks for.

use std::ops::Range;

/// Numbers of rows, ascending: all of them, or those that a member of a team answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::neighbors) enum Wanted {
    /// Consecutive ones.
    Range(Range<usize>),
    /// Some among all: groups of equal points, of which those of other members have some as well.
    List(Vec<u32>),
}

impl Wanted {
    /// All of `n` rows.
    pub(in crate::neighbors) const fn all(n: usize) -> Self {
        Self::Range(0..n)
    }

    pub(in crate::neighbors) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::List(list) => list.len(),
        }
    }

    /// The row at a place, which is below [`Wanted::len`].
    #[inline(always)]
    pub(in crate::neighbors) fn at(&self, place: usize) -> usize {
        match self {
            Self::Range(range) => range.start + place,
            Self::List(list) => list[place] as usize,
        }
    }

    /// The place of a row that is wanted. Of one that is not, it means nothing.
    pub(in crate::neighbors) fn place(&self, row: usize) -> usize {
        match self {
            Self::Range(range) => row.saturating_sub(range.start),
            Self::List(list) => list.partition_point(|&other| (other as usize) < row),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn rows_have_their_places() {
        for wanted in [Wanted::all(3), Wanted::Range(4..9), Wanted::List(vec![0, 3, 4, 90]), Wanted::List(Vec::new())] {
            assert!((0..wanted.len()).all(|place| wanted.place(wanted.at(place)) == place), "{wanted:?}");
        }
    }
}
