//! What a file says of its points.

/// What the points of a file are, before they are read.
pub(in crate::input) enum Look {
    Dense {
        n: usize,
        d: usize,
        /// Whether single precision does not hold all values.
        is_wide: bool,
    },
    Sparse {
        n: usize,
        d: usize,
        entries: usize,
        by_rows: bool,
    },
    Graph {
        n: usize,
        k: usize,
    },
}
