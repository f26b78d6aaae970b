//! Ordered reductions: blocks that cover the range once, folded in order, with the same bits on any pool.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tsne_core::blocks::{self, BLOCK};
use tsne_core::random::{element_seed, unit};

#[test]
fn blocks_cover_every_item_once_and_in_order() {
    for n in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, 5 * BLOCK + 17] {
        let items: Vec<usize> = (0..blocks::count(n)).flat_map(|b| blocks::range(b, n)).collect();
        assert!(items.into_iter().eq(0..n), "{n}");
    }
    assert_eq!(blocks::count(usize::MAX), usize::MAX / BLOCK + 1);
    assert!(blocks::range(usize::MAX, 10).is_empty());
    assert_eq!(blocks::range(0, usize::MAX), 0..BLOCK);
    assert_eq!(blocks::range(usize::MAX, usize::MAX), usize::MAX..usize::MAX);
}

#[test]
fn map_has_a_result_for_each_block_in_their_order() {
    let n = 10 * BLOCK + 3;
    let mut partials = vec![7..9; 40]; // What was there before must not be seen.
    let found = blocks::map(&mut partials, n, |range| range).to_vec();
    assert!(found.iter().cloned().eq((0..11).map(|b| blocks::range(b, n))));
    let memory = partials.as_ptr();
    assert_eq!(blocks::map(&mut partials, BLOCK, |range| range).len(), 1);
    assert_eq!(partials.as_ptr(), memory, "the memory is reused");
    assert!(blocks::map(&mut partials, 0, |range| range).is_empty());
}

#[test]
fn every_block_is_called_once() {
    for n in [0, 1, BLOCK, 5 * BLOCK + 17] {
        let calls: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
        blocks::for_each(n, |range| {
            assert_eq!(range, blocks::range(range.start / BLOCK, n));
            calls[range].iter().for_each(|calls| _ = calls.fetch_add(1, Relaxed));
        });
        assert!(calls.into_iter().all(|calls| calls.into_inner() == 1), "{n}");
    }
}

#[test]
fn the_first_result_is_that_of_the_first_item_wherever_it_stands() {
    let n = 5_000;
    for first in [0, 1, 63, 64, 65, 1_000, n - 1] {
        let found = blocks::find_first(n, |i| (i == first || i > first && i % 3 == 0).then_some(i));
        assert_eq!(found, Some(first));
    }
    assert_eq!(blocks::find_first(n, |i| (i >= n).then_some(i)), None);
    assert_eq!(blocks::find_first(0, Some), None);
}

/// Numbers whose sum depends on the order: signs alternate and magnitudes span thirty decades.
fn values(n: usize) -> Vec<f64> {
    (0..n as u64)
        .map(|i| (unit(element_seed(1, 0, i)) - 0.5) * 10f64.powf(30.0 * unit(element_seed(1, 1, i)) - 15.0))
        .collect()
}

fn on_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

#[test]
fn the_sum_is_folded_in_order_with_the_same_bits_on_any_pool() {
    let x = values(100 * BLOCK + 501);
    let in_order: f64 = x.chunks(BLOCK).map(|block| block.iter().sum::<f64>()).sum();
    let backward: f64 = x.chunks(BLOCK).rev().map(|block| block.iter().sum::<f64>()).sum();
    assert_ne!(in_order.to_bits(), backward.to_bits(), "the numbers must be able to tell the orders apart");
    for threads in [1, 2, 3, 8] {
        for _ in 0..5 {
            let sum = on_pool(threads, || blocks::sum(&mut Vec::new(), x.len(), |range| x[range].iter().sum()));
            assert_eq!(sum.to_bits(), in_order.to_bits(), "{threads} threads");
        }
    }
}

#[test]
fn nothing_sums_to_zero() {
    // Not to the -0 that the empty sum of the standard library is.
    assert_eq!(blocks::sum(&mut Vec::new(), 0, |_| 1.0).to_bits(), 0.0f64.to_bits());
}

#[test]
fn the_error_is_that_of_the_first_block_for_any_number_of_threads() {
    let n = 40 * BLOCK + 5;
    // The later a bad block, the sooner it is done.
    let work = |range: std::ops::Range<usize>| {
        let b = range.start / BLOCK;
        let spins = if b % 7 == 3 { 40 - b } else { 1 };
        let x = (0..spins * 10_000).fold(0.0, |x: f64, i| x + (i as f64).sqrt());
        if b % 7 == 3 { Err(tsne_core::Error::invalid("block", format_args!("{b}"))) } else { Ok((b, x > -1.0)) }
    };
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let error = pool.install(|| blocks::try_map(n, work)).unwrap_err();
        assert_eq!(error.to_string(), "invalid block: 3", "{threads} threads");
    }
    let blocks = blocks::try_map(3 * BLOCK, work).unwrap();
    assert!(blocks.iter().map(|(b, _)| *b).eq(0..3));
}
