//! The counting sort against the standard library's stable sort.

use tsne_core::Error;
use tsne_core::buckets::Buckets;
use tsne_core::random::mix;

#[test]
fn values_are_sorted_stably_by_bucket() {
    for (n, n_buckets) in [(0, 0), (0, 3), (1, 1), (10, 4), (1_000, 7), (1_000, 5_000)] {
        let pairs: Vec<(usize, u32)> = (0..n).map(|i| ((mix(i) % n_buckets as u64) as usize, i as u32)).collect();
        let mut expected = pairs.clone();
        expected.sort_by_key(|pair| pair.0);
        let buckets = Buckets::new(n_buckets, || pairs.iter().copied()).unwrap();
        assert_eq!(buckets.len(), n_buckets);
        assert!(buckets.values().iter().eq(expected.iter().map(|(_, value)| value)));
        for b in 0..n_buckets {
            assert!(buckets.bucket(b).iter().eq(expected.iter().filter(|pair| pair.0 == b).map(|(_, value)| value)));
        }
        assert_eq!((buckets.starts().len(), buckets.starts().last()), (n_buckets + 1, Some(&(n as usize))));
        assert_eq!(buckets.is_empty(), n_buckets == 0);
        assert_eq!(buckets.clone().into_parts(), (buckets.starts().to_vec(), buckets.values().to_vec()));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let error = Buckets::new(2, || [(0, 'a'), (2, 'b')]).unwrap_err();
    assert_eq!(error.to_string(), "invalid buckets: a value is in bucket 2, but there are 2");
    assert!(matches!(Buckets::new(2, || [(usize::MAX, 'a')]), Err(Error::Invalid { .. })));
    assert!(matches!(Buckets::<u32>::new(usize::MAX, || []), Err(Error::OutOfMemory { .. })));
    // An iterator that gives other values the second time: neither a panic nor a wrong place.
    let calls = std::cell::Cell::new(0);
    for later in [vec![(0, 1u8)], vec![(0, 1), (0, 2), (0, 3)], vec![(1, 1), (1, 2)]] {
        calls.set(0);
        let pairs = || {
            calls.set(calls.get() + 1);
            if calls.get() == 1 { vec![(0, 1u8), (0, 2)] } else { later.clone() }
        };
        assert!(matches!(Buckets::new(2, pairs), Err(Error::Invalid { .. })));
    }
}
