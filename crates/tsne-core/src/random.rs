//! Randomness that depends on counters only: the same numbers for any number of threads and any order of use.
//!
//! Where numbers are drawn one after the other (a random start, a random projection), the generator of the toolkit is
//! xoshiro256++ of `rand_xoshiro`, in the crates that draw them. A generator has a state, so that its numbers depend on the order
//! in which it is asked; what tasks ask for in parallel is therefore a hash of seed, stream and index. It is the finalizer with
//! which `rand_xoshiro` too spreads a seed over its state, ten operations for a number, and has no state to keep.

/// A 64-bit hash of `x` in which every input bit moves every output bit: the finalizer of SplitMix64
/// (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
///
/// # Examples
///
/// ```
/// use tsne_core::random::mix;
///
/// // Neighbors differ in about half of the 64 bits.
/// assert!((16..=48).contains(&(mix(1) ^ mix(2)).count_ones()));
/// ```
#[inline]
pub const fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The seed of element `index` of the stream `stage` under the user's `seed`.
///
/// # Examples
///
/// ```
/// use tsne_core::random::element_seed;
///
/// assert_eq!(element_seed(42, 1, 7), element_seed(42, 1, 7));
/// assert_ne!(element_seed(42, 1, 7), element_seed(42, 2, 7));
/// ```
#[inline]
pub const fn element_seed(seed: u64, stage: u64, index: u64) -> u64 {
    mix(mix(mix(seed) ^ stage) ^ index)
}

/// A number in `[0, 1)` from the upper 53 bits of a hash.
///
/// # Examples
///
/// ```
/// use tsne_core::random::{element_seed, unit};
///
/// let mean = (0..1_000).map(|i| unit(element_seed(42, 0, i))).sum::<f64>() / 1_000.0;
/// assert!((mean - 0.5).abs() < 0.05);
/// assert!(unit(u64::MAX) < 1.0);
/// ```
#[inline]
pub fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}
