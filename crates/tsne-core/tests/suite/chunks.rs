//! Chunks of one, two and three slices: each once, with its number, and its elements in their places.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tsne_core::chunks;

/// The number of the chunk of each of `n` elements.
fn numbers(n: usize, size: usize) -> impl Iterator<Item = usize> {
    (0..n).map(move |i| i / size)
}

#[test]
fn each_chunk_comes_once_with_its_number() {
    for (n, size) in [(0, 3), (1, 1), (7, 7), (1_000, 7), (1_001, 1_000), (5, 100)] {
        let mut a = vec![0; n];
        chunks::for_each(&mut a, size, |chunk, a| a.iter_mut().for_each(|v| *v += 1 + chunk));
        assert!(a.iter().copied().eq(numbers(n, size).map(|chunk| 1 + chunk)), "{n} by {size}");
        let mut points = vec![[0, 7]; n];
        chunks::for_each_point(&mut points, size, |chunk, points| points.iter_mut().for_each(|p| p[0] += 1 + chunk));
        assert!(points.iter().copied().eq(numbers(n, size).map(|chunk| [1 + chunk, 7])), "{n} by {size}");
    }
}

#[test]
fn slices_come_together_as_long_as_all_have_a_chunk() {
    // Chunks of two, three and one: seven, four and five of them.
    let (mut a, mut b, mut c) = (vec![0; 14], vec![0; 10], vec![0; 5]);
    let calls = AtomicUsize::new(0);
    chunks::for_each2((&mut a, 2), (&mut b, 3), |chunk, a, b| {
        calls.fetch_add(1, Relaxed);
        a.fill(1 + chunk);
        b.fill(10 * (1 + chunk));
    });
    assert_eq!(calls.swap(0, Relaxed), 4);
    assert_eq!(a, [1, 1, 2, 2, 3, 3, 4, 4, 0, 0, 0, 0, 0, 0]);
    assert_eq!(b, [10, 10, 10, 20, 20, 20, 30, 30, 30, 40]);
    chunks::for_each3((&mut c, 1), (&mut a, 2), (&mut b, 3), |chunk, c, a, b| {
        calls.fetch_add(1, Relaxed);
        assert_eq!((a[0], b[0]), (1 + chunk, 10 * (1 + chunk)));
        c[0] = a.len() * b.len();
        a.fill(7);
        b.fill(8);
    });
    assert_eq!(calls.into_inner(), 4);
    assert_eq!((c, b), (vec![6, 6, 6, 2, 0], vec![8; 10]));
    assert_eq!(a, [7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0]);
}
