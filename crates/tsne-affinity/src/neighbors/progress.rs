//! What a search tells the listener.

use std::sync::atomic::{AtomicUsize, Ordering};
use tsne_core::{Context, Stage};

/// The context without the listener: what runs inside has other units.
pub(in crate::neighbors) fn quiet(cx: Context<'_>) -> Context<'_> {
    cx.cancel_token().map_or(Context::new(), |token| Context::new().with_cancel(token))
}

/// Counts rows that are complete and tells the listener, from any thread.
pub(in crate::neighbors) struct Counter<'c> {
    done: AtomicUsize,
    total: usize,
    cx: Context<'c>,
}

impl<'c> Counter<'c> {
    pub(in crate::neighbors) const fn new(total: usize, cx: Context<'c>) -> Self {
        Self { done: AtomicUsize::new(0), total, cx }
    }

    pub(in crate::neighbors) fn add(&self, rows: usize) {
        let before = self.done.fetch_add(rows, Ordering::Relaxed);
        // The end is reported once by the index, in the caller's unit.
        if before + rows < self.total {
            self.cx.advance(Stage::Neighbors, before + rows, self.total);
        }
    }
}
