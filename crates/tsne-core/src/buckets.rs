//! Values in buckets: the stable counting sort.

use crate::error::{Error, Result};
use crate::memory;

/// Values sorted into numbered buckets, in each in the order in which they came.
///
/// Two passes over the values, one that counts and one that places, and memory for just the values and one number for each
/// bucket: for keys that are small numbers (clusters, columns, cells) the fastest sort, and a stable one, so that the result
/// does not depend on how it was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets<V> {
    /// Where each bucket starts, and behind the last one where it ends.
    starts: Vec<usize>,
    values: Vec<V>,
}

impl<V: Copy + Default> Buckets<V> {
    /// The values of an iterator of pairs `(bucket, value)`, which is asked for twice and must give the same both times.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a bucket that is not below `n_buckets`, or if the second pass differs from the first;
    /// [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// The points of each cluster:
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// let clusters = [2, 0, 2, 2];
    /// let points = Buckets::new(3, || clusters.iter().zip(0u32..).map(|(&cluster, point)| (cluster, point)))?;
    /// assert_eq!(points.bucket(2), [0, 2, 3]);
    /// assert_eq!(points.starts(), [0, 1, 1, 4]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new<I: IntoIterator<Item = (usize, V)>>(n_buckets: usize, pairs: impl Fn() -> I) -> Result<Self> {
        let outside = |bucket: usize| {
            Error::invalid("buckets", format_args!("a value is in bucket {bucket}, but there are {n_buckets}"))
        };
        // One more in front: counts of bucket b stand at b + 2, so that the second pass turns starts into ends in place.
        let mut starts = memory::filled("buckets", n_buckets.saturating_add(2), 0usize)?;
        // By internal iteration, which goes through nested iterators twice as fast.
        pairs().into_iter().try_for_each(|(bucket, _)| -> Result<()> {
            *starts.get_mut(bucket.saturating_add(2)).ok_or_else(|| outside(bucket))? += 1;
            Ok(())
        })?;
        for b in 2..starts.len() {
            starts[b] += starts[b - 1];
        }
        let total = starts[n_buckets + 1];
        let mut values = memory::filled("values in buckets", total, V::default())?;
        let mut placed = 0;
        pairs().into_iter().try_for_each(|(bucket, value)| {
            let next = starts.get_mut(bucket.saturating_add(1)).ok_or_else(|| outside(bucket))?;
            let slot = values.get_mut(*next).ok_or_else(|| Error::invalid("buckets", "the two passes differ"))?;
            *slot = value;
            *next += 1;
            placed += 1;
            Ok(())
        })?;
        if placed != total {
            return Err(Error::invalid("buckets", format_args!("{total} values were counted, but {placed} came")));
        }
        starts.pop();
        Ok(Self { starts, values })
    }
}

impl<V> Buckets<V> {
    /// The number of buckets.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// assert_eq!(Buckets::new(3, || [(1, 'a')])?.len(), 3);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are no buckets.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// assert!(Buckets::<u32>::new(0, || [])?.is_empty());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of bucket `b`; none beyond the last bucket.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// let buckets = Buckets::new(2, || [(1, 'a'), (0, 'b'), (1, 'c')])?;
    /// assert_eq!((buckets.bucket(0), buckets.bucket(1), buckets.bucket(7)), (&['b'][..], &['a', 'c'][..], &[][..]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn bucket(&self, b: usize) -> &[V] {
        match self.starts.get(b..).and_then(<[usize]>::first_chunk) {
            Some(&[start, end]) => self.values.get(start..end).unwrap_or(&[]),
            None => &[],
        }
    }

    /// Where each bucket starts among all values, and behind the last one where it ends: one more than buckets.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// assert_eq!(Buckets::new(2, || [(1, 'a'), (0, 'b'), (1, 'c')])?.starts(), [0, 1, 3]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// All values, bucket by bucket.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// assert_eq!(Buckets::new(2, || [(1, 'a'), (0, 'b'), (1, 'c')])?.values(), ['b', 'a', 'c']);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn values(&self) -> &[V] {
        &self.values
    }

    /// The arrays behind [`Buckets::starts`] and [`Buckets::values`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::buckets::Buckets;
    ///
    /// // The rows of a sparse matrix from its entries.
    /// let entries = [(1, 7u32), (0, 3), (1, 2)];
    /// let (row_pointers, columns) = Buckets::new(2, || entries)?.into_parts();
    /// assert_eq!((row_pointers, columns), (vec![0, 1, 3], vec![3, 7, 2]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn into_parts(self) -> (Vec<usize>, Vec<V>) {
        (self.starts, self.values)
    }
}
