//! Pairs of a distance and a point, in their order: ascending by distance, ties by the number of the point.

use tsne_core::Scalar;

/// Pairs kept beyond `k` before the buffer is compacted: each compaction passes over the buffer, so that a pair costs a
/// few passes at most, however small `k` is.
const SPARE: usize = 64;

/// The `k` nearest of the points offered so far, by (distance, index).
#[derive(Debug)]
pub(in crate::neighbors) struct Nearest<T> {
    k: usize,
    pairs: Vec<(T, u32)>,
    /// The `k`-th of the pairs at the last compaction: what does not come before it is no candidate.
    last: Option<(T, u32)>,
}

impl<T: Scalar> Nearest<T> {
    pub(in crate::neighbors) const fn new() -> Self {
        Self { k: 0, pairs: Vec::new(), last: None }
    }

    /// Forgets everything and prepares for `k >= 1`.
    pub(in crate::neighbors) fn reset(&mut self, k: usize) {
        self.k = k;
        self.pairs.clear();
        self.last = None;
    }

    /// No point farther than this is among the nearest; infinite until `k` are known.
    pub(in crate::neighbors) fn reach(&self) -> T {
        self.last.map_or(T::INFINITY, |(distance, _)| distance)
    }

    #[inline]
    pub(in crate::neighbors) fn offer(&mut self, distance: T, point: u32) {
        if let Some((limit, index)) = self.last
            && (distance > limit || (distance == limit && point > index))
        {
            return;
        }
        self.pairs.push((distance, point));
        if self.pairs.len() >= 2 * self.k + SPARE {
            self.compact();
        }
    }

    /// Drops all but the `k` nearest, and lowers the reach.
    pub(in crate::neighbors) fn compact(&mut self) {
        if self.pairs.len() >= self.k {
            let order = |a: &(T, u32), b: &(T, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            let (_, kth, _) = self.pairs.select_nth_unstable_by(self.k - 1, order);
            self.last = Some(*kth);
            self.pairs.truncate(self.k);
        }
    }

    /// Writes the `k` nearest, ascending.
    pub(in crate::neighbors) fn finish(&mut self, indices: &mut [u32], distances: &mut [T]) {
        self.compact();
        sort(&mut self.pairs);
        for ((index, distance), pair) in indices.iter_mut().zip(distances).zip(&self.pairs) {
            (*distance, *index) = *pair;
        }
    }
}

/// Pairs sorted as single numbers.
const NUMBERS: usize = 256;

/// Ascending by (distance, index), distances in the order of `total_cmp`.
pub(in crate::neighbors) fn sort<T: Scalar>(pairs: &mut [(T, u32)]) {
    if size_of::<T>() != size_of::<f32>() || pairs.len() > NUMBERS {
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        return;
    }
    // A pair is one number that orders like it: sorts of numbers have no branch to predict wrongly.
    let mut numbers = [0u64; NUMBERS];
    let numbers = &mut numbers[..pairs.len()];
    for (number, &(distance, index)) in numbers.iter_mut().zip(&*pairs) {
        let bits = (distance.to_f64() as f32).to_bits();
        *number = u64::from(bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000)) << 32 | u64::from(index);
    }
    numbers.sort_unstable();
    for (pair, &number) in pairs.iter_mut().zip(&*numbers) {
        let ordered = (number >> 32) as u32;
        let bits = ordered ^ (((!ordered as i32 >> 31) as u32) | 0x8000_0000);
        *pair = (T::from_f64(f64::from(f32::from_bits(bits))), number as u32);
    }
}

/// The pairs of two lists that ascend like those that [`sort`] leaves, ascending.
pub(in crate::neighbors) fn merged<T: Scalar>(
    a: impl Iterator<Item = (T, u32)>,
    b: impl Iterator<Item = (T, u32)>,
) -> impl Iterator<Item = (T, u32)> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(of_a), Some(of_b)) if of_b.0.total_cmp(&of_a.0).then(of_b.1.cmp(&of_a.1)).is_lt() => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random;

    /// In numbers and pair by pair, in both scalars: the order of the definition, every bit of the pairs as it was.
    #[test]
    fn pairs_are_sorted_by_distance_then_index() {
        fn check<T: Scalar>(len: u64) {
            let values = [0.0, -0.0, 1.5, -1.5, f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE), 1e-45, -1e-45];
            let draw = |i| random::element_seed(len, 3, i) as usize;
            let mut pairs: Vec<(T, u32)> =
                (0..len).map(|i| (T::from_f64(values[draw(i) % values.len()]), draw(i + len) as u32)).collect();
            let mut expected = pairs.clone();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            sort(&mut pairs);
            let bits = |pairs: &[(T, u32)]| pairs.iter().map(|&(d, i)| (d.bits(), i)).collect::<Vec<_>>();
            assert_eq!(bits(&pairs), bits(&expected), "{len}");
        }
        for len in [0, 1, 2, 90, NUMBERS as u64, NUMBERS as u64 + 1, 1000] {
            check::<f32>(len);
            check::<f64>(len);
        }
    }

    /// As if they had been one list.
    #[test]
    fn merged_lists_ascend() {
        let draw = |seed, i| random::element_seed(seed, 5, i);
        for (a, b) in [(0, 0), (0, 3), (4, 0), (1, 1), (90, 3), (50, 70)] {
            let list = |seed, len| {
                let pair = |i| ((draw(seed, i) % 20) as f32 - 5.0, draw(seed, i + 1000) as u32 % 8);
                let mut list: Vec<(f32, u32)> = (0..len).map(pair).collect();
                sort(&mut list);
                list
            };
            let (a, b) = (list(1, a), list(2, b));
            let mut expected = [a.clone(), b.clone()].concat();
            sort(&mut expected);
            assert_eq!(merged(a.into_iter(), b.into_iter()).collect::<Vec<_>>(), expected);
        }
    }
}
