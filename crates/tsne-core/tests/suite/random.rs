//! Counter-based randomness: published values, invertibility, spread, moments.

use tsne_core::random::{element_seed, mix, unit};

#[test]
fn mix_gives_the_published_outputs_of_splitmix64() {
    // The generator seeded with 0 is `mix(0), mix(g), mix(2 g), ...` for its increment g.
    let g = 0x9e37_79b9_7f4a_7c15u64;
    assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    assert_eq!(mix(g), 0x6e78_9e6a_a1b9_65f4);
    assert_eq!(mix(g.wrapping_mul(2)), 0x06c4_5d18_8009_454f);
}

/// `x` from `x ^ (x >> shift)`.
fn unshift(z: u64, shift: u32) -> u64 {
    let mut x = z;
    for _ in 0..64 / shift {
        x = z ^ (x >> shift);
    }
    x
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the number of right bits.
fn inverse(a: u64) -> u64 {
    (0..6).fold(a, |x, _| x.wrapping_mul(2u64.wrapping_sub(a.wrapping_mul(x))))
}

fn unmix(h: u64) -> u64 {
    let z = unshift(h, 31).wrapping_mul(inverse(0x94d0_49bb_1331_11eb));
    let z = unshift(z, 27).wrapping_mul(inverse(0xbf58_476d_1ce4_e5b9));
    unshift(z, 30).wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

#[test]
fn mix_is_a_bijection() {
    for x in (0..64).map(|bit| 1 << bit).chain(0..10_000).chain((0..10_000).map(|i| u64::MAX - i)) {
        assert_eq!(unmix(mix(x)), x);
        assert_eq!(mix(unmix(x)), x);
    }
}

#[test]
fn every_input_bit_moves_every_output_bit() {
    const SAMPLES: u64 = 4096;
    for bit in 0..64 {
        let mut flips = [0u32; 64];
        for i in 0..SAMPLES {
            let x = element_seed(3, bit, i);
            let changed = mix(x) ^ mix(x ^ (1 << bit));
            for (out, flips) in flips.iter_mut().enumerate() {
                *flips += ((changed >> out) & 1) as u32;
            }
        }
        // A fair coin has the standard deviation sqrt(4096) / 2 = 32. SplitMix64 is close to fair, not perfect: ten
        // percent around one half is far from any bit that hardly moves.
        for (out, flips) in flips.into_iter().enumerate() {
            assert!((1638..=2458).contains(&flips), "input bit {bit}, output bit {out}: {flips} of {SAMPLES}");
        }
    }
}

#[test]
fn streams_and_elements_are_distinct() {
    let mut seeds: Vec<u64> = Vec::new();
    for seed in 0..10 {
        for stage in 0..10 {
            seeds.extend((0..1000).map(|i| element_seed(seed, stage, i)));
        }
    }
    // Of 10^5 hashes two agree by chance with probability 10^10 / 2^65.
    let n = seeds.len();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), n);
}

#[test]
fn units_are_in_the_half_open_interval() {
    assert_eq!(unit(0), 0.0);
    assert_eq!(unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
    assert_eq!(unit(1 << 63), 0.5);
    assert_eq!(unit((1 << 11) - 1), 0.0, "the lower 11 bits are not used");
}

#[test]
fn units_have_the_moments_of_the_uniform_distribution() {
    const N: u64 = 100_000;
    let root = (N as f64).sqrt();
    for (seed, stage) in [(0, 0), (0, 1), (42, 0), (u64::MAX, 7)] {
        let x: Vec<f64> = (0..N).map(|i| unit(element_seed(seed, stage, i))).collect();
        let other: Vec<f64> = (0..N).map(|i| unit(element_seed(seed, stage + 1, i))).collect();
        let mean = |f: &dyn Fn(usize) -> f64| (0..N as usize - 1).map(f).sum::<f64>() / (N - 1) as f64;
        // Six standard deviations of each estimate: x has variance 1/12, (x - 1/2)² variance 1/180, and the product of
        // two independent centered ones has standard deviation 1/12.
        assert!((mean(&|i| x[i]) - 0.5).abs() < 6.0 / 12f64.sqrt() / root);
        assert!((mean(&|i| (x[i] - 0.5).powi(2)) - 1.0 / 12.0).abs() < 6.0 / 180f64.sqrt() / root);
        assert!(mean(&|i| (x[i] - 0.5) * (x[i + 1] - 0.5)).abs() < 6.0 / 12.0 / root, "neighbors are correlated");
        assert!(mean(&|i| (x[i] - 0.5) * (other[i] - 0.5)).abs() < 6.0 / 12.0 / root, "streams are correlated");
    }
}
