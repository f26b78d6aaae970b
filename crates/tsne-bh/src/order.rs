//! Points in the order of their Morton codes.

use tsne_core::morton::{Cube, key, key_index};
use tsne_core::radix::RadixSort;
use tsne_core::{Bounds, Result, Scalar, blocks, chunks};

/// Orders many points, in parallel.
#[derive(Debug)]
pub(crate) struct Order<T, const D: usize> {
    sort: RadixSort,
    bounds: Vec<Bounds<T, D>>,
}

impl<T: Scalar, const D: usize> Default for Order<T, D> {
    fn default() -> Self {
        Self { sort: RadixSort::default(), bounds: Vec::new() }
    }
}

impl<T: Scalar, const D: usize> Order<T, D> {
    /// The smallest cube around the points of `y` that `keys` name, whose indices ascend, and the keys in the order of its codes;
    /// `None`, and nothing is changed, where all coincide.
    pub(crate) fn arrange(&mut self, y: &[[T; D]], keys: &mut [u64]) -> Result<Option<Cube<D>>> {
        let bounds = blocks::map(&mut self.bounds, keys.len(), |range| around(y, &keys[range]))
            .iter()
            .fold(Bounds::default(), |all, part| all.union(part));
        let cube = Cube::around(&bounds);
        if cube.side() == 0.0 {
            return Ok(None);
        }
        chunks::for_each(keys, blocks::BLOCK, |_, keys| encode(&cube, y, keys));
        self.sort.sort(keys)?;
        Ok(Some(cube))
    }
}

/// Copies the points that `keys` name, in parallel.
pub(crate) fn gather<T: Scalar, const D: usize>(y: &[[T; D]], keys: &[u64], points: &mut [[T; D]]) {
    chunks::for_each_point(points, blocks::BLOCK, |b, points| copy(y, &keys[blocks::range(b, keys.len())], points));
}

/// What [`Order::arrange`] and [`gather`] do, for few points and within a task, where nothing may wait for others.
pub(crate) fn arrange_few<T: Scalar, const D: usize>(
    y: &[[T; D]],
    keys: &mut [u64],
    points: &mut [[T; D]],
) -> Option<Cube<D>> {
    let cube = Cube::around(&around(y, keys));
    if cube.side() == 0.0 {
        return None;
    }
    encode(&cube, y, keys);
    keys.sort_unstable();
    copy(y, keys, points);
    Some(cube)
}

fn around<T: Scalar, const D: usize>(y: &[[T; D]], keys: &[u64]) -> Bounds<T, D> {
    keys.iter().fold(Bounds::default(), |all, &key| {
        let p = y[key_index(key) as usize];
        all.union(&Bounds::new(p, p))
    })
}

fn encode<T: Scalar, const D: usize>(cube: &Cube<D>, y: &[[T; D]], keys: &mut [u64]) {
    for k in keys {
        let index = key_index(*k);
        *k = key(cube.code(&y[index as usize]), index);
    }
}

fn copy<T: Scalar, const D: usize>(y: &[[T; D]], keys: &[u64], points: &mut [[T; D]]) {
    for (p, &key) in points.iter_mut().zip(keys) {
        *p = y[key_index(key) as usize];
    }
}
