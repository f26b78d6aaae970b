//! The points that labels are for.

use super::Labels;
use crate::input::counting::Counting;

/// Points as labels see them: how many were in their file, which of them are left, and what they are called.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Owners<'a> {
    /// The points of the file: so many labels are there, if labels are in their order.
    pub(crate) n: usize,
    /// The names of the points that are left.
    pub(crate) ids: Option<&'a [String]>,
    /// The points that are left, where some were left out.
    pub(crate) kept: Option<&'a [usize]>,
}

impl Owners<'_> {
    /// Where the names only count the points: the first number.
    pub(crate) fn counting(&self) -> Option<u64> {
        let mut counting = Counting::default();
        self.ids?.iter().for_each(|id| counting.push(id));
        counting.start()
    }

    /// Of labels for all points, those of the points that are left.
    pub(crate) fn left(&self, labels: Labels) -> Labels {
        match self.kept {
            Some(kept) => labels.chosen(kept.iter().map(|&point| Some(point))),
            None => labels,
        }
    }
}
