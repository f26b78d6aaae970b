//! Names that are none: those that only count the rows, as pandas and R write them where nobody gave any.

/// Whether names only count their rows, from 0 or from 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counting {
    next: Option<u64>,
    rows: u64,
    broken: bool,
}

impl Counting {
    pub(crate) fn push(&mut self, name: &str) {
        let number = name.parse::<u64>().ok();
        let is_next = match self.next {
            Some(next) => number == Some(next),
            None => number.is_some_and(|number| number <= 1),
        };
        self.broken |= !is_next;
        self.next = number.and_then(|number| number.checked_add(1));
        self.rows += 1;
    }

    /// The first number, if they do.
    pub(crate) fn start(self) -> Option<u64> {
        self.next.filter(|_| !self.broken).map(|next| next - self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_count() {
        let start = |names: &[&str]| {
            let mut counting = Counting::default();
            names.iter().for_each(|name| counting.push(name));
            counting.start()
        };
        assert_eq!((start(&["0", "1", "2"]), start(&["1", "2"]), start(&["0"])), (Some(0), Some(1), Some(0)));
        for names in
            [&["0", "2"][..], &["2", "3"], &["a"], &[], &["0", "1", "x"], &["1", "2", "2"], &["18446744073709551615"]]
        {
            assert_eq!(start(names), None, "{names:?}");
        }
    }
}
