//! The index over kept data, which the first search for neighbors of new points builds and all later ones share.
//!
//! It is not kept from the fit: most maps never see a new point, and one of 60,000 points in 50 dimensions takes 25 MB beside the data
//! (a copy of the rows in the order of their clusters, and one for the matrix products). Nor is it a part of a saved model, whose
//! first new point takes 0.6 s of CPU time there, a third of them for the index (`examples/new_points_time.rs`).
//! Two calls that come first at the same time both build it, and one of the two is kept: who waited for the other
//! could be a thread that the other needs.

use super::kept::Kept;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use tsne_core::{Context, KnnGraph, NeighborIndex, NeighborSearch, Points, Result, Scalar};

/// The index over the kept data of one affinity index and of its clones, once built; `None`
/// within where the search has none to keep.
pub(super) struct KeptIndex<T>(Arc<OnceLock<Option<Box<dyn NeighborIndex<T>>>>>);

impl<T> Clone for KeptIndex<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for KeptIndex<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> fmt::Debug for KeptIndex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.get().map(Option::is_some);
        f.debug_tuple("KeptIndex").field(&state).finish()
    }
}

impl<T: Scalar> KeptIndex<T> {
    /// The `k` nearest of `data` to each of `x`, by an index of `search`, which is the same in every call.
    pub(super) fn knn(
        &self,
        search: &dyn NeighborSearch<T>,
        data: &Kept<T>,
        x: Points<'_, T>,
        k: NonZeroUsize,
        cx: Context<'_>,
    ) -> Result<KnnGraph<T>> {
        match self.get(search, data, cx)? {
            Some(index) => index.knn(x, k, cx),
            None => search.build(data.points(), cx)?.knn(x, k, cx),
        }
    }

    /// The index, built where it is missing; `None` where the search has none that could be kept.
    pub(super) fn get(
        &self,
        search: &dyn NeighborSearch<T>,
        data: &Kept<T>,
        cx: Context<'_>,
    ) -> Result<Option<&dyn NeighborIndex<T>>> {
        let kept = match self.0.get() {
            Some(kept) => kept,
            None => {
                let built = search.build_shared(data.shared(), cx)?;
                self.0.get_or_init(|| built)
            }
        };
        Ok(kept.as_deref())
    }
}
