use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tsne_core::{Error, Result, Scalar, blocks, chunks, memory, random};

/// Streams of random numbers: one for each use, so that no two uses share numbers.
const RANDOM_STREAM: u64 = 1;
const JITTER_STREAM: u64 = 2;
pub(super) const PCA_STREAM: u64 = 3;
pub(super) const SPECTRAL_STREAM: u64 = 4;
pub(super) const COARSE_STREAM: u64 = 5;

/// `n` positions from a normal distribution around the origin with the standard deviation `std`.
///
/// The position of a point depends on the seed and its index alone. openTSNE's `std` is 1e-4 (1e-2 in release 0.3).
/// `O(n D)`.
///
/// # Errors
///
/// [`Error::Parameter`] unless `std` is from 1e-30 to 1e10; [`Error::OutOfMemory`].
///
/// # Examples
///
/// ```
/// let positions = tsne::initialization::random::<f32, 2>(1_000, 1e-4, 42)?;
/// assert!(positions.iter().flatten().all(|v| v.abs() < 1e-3));
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn random<T: Scalar, const D: usize>(n: usize, std: f64, seed: u64) -> Result<Vec<[T; D]>> {
    check_deviation("std", std)?;
    let mut positions = memory::filled("positions", n, [T::ZERO; D])?;
    add_normal(&mut positions, std, seed, RANDOM_STREAM);
    Ok(positions)
}

/// The largest standard deviation of positions: of the differences of `f32`, squares and sums of them stay finite.
const LARGEST: f64 = 1e10;

/// Checks the standard deviation of positions, which are not to be zero when they are rounded to `f32`.
pub(crate) fn check_deviation(name: &'static str, std: f64) -> Result<()> {
    if (1e-30..=LARGEST).contains(&std) {
        Ok(())
    } else {
        Err(Error::parameter(name, format_args!("{std:e}"), "from 1e-30 to 1e10"))
    }
}

/// Checks the standard deviation of what is added to positions.
pub(crate) fn check_jitter(name: &'static str, std: f64) -> Result<()> {
    if (0.0..=LARGEST).contains(&std) {
        Ok(())
    } else {
        Err(Error::parameter(name, format_args!("{std:e}"), "from 0 to 1e10"))
    }
}

/// Adds normally distributed numbers of the standard deviation `std` to every coordinate.
///
/// What is added depends on the seed and the index of the point alone. openTSNE adds [`JITTER`](super::JITTER) times
/// the standard deviation of the first axis. `O(n D)`.
///
/// # Errors
///
/// [`Error::Parameter`] unless `std` is from 0 to 1e10.
///
/// # Examples
///
/// ```
/// use tsne::initialization::{JITTER, jitter};
///
/// // Two points in one place part.
/// let mut positions = [[1e-4, 0.0]; 2];
/// jitter(&mut positions, JITTER * 1e-4, 42)?;
/// assert_ne!(positions[0], positions[1]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn jitter<T: Scalar, const D: usize>(positions: &mut [[T; D]], std: f64, seed: u64) -> Result<()> {
    check_jitter("std", std)?;
    add_normal(positions, std, seed, JITTER_STREAM);
    Ok(())
}

fn add_normal<T: Scalar, const D: usize>(positions: &mut [[T; D]], std: f64, seed: u64, stream: u64) {
    chunks::for_each_point(positions, blocks::BLOCK, |block, positions| {
        for (i, position) in positions.iter_mut().enumerate() {
            let mut normal = Normal::new(seed, stream, block * blocks::BLOCK + i);
            for value in position {
                *value += T::from_f64(std * normal.next());
            }
        }
    });
}

/// The normally distributed numbers of one element of a stream.
pub(super) struct Normal(Xoshiro256PlusPlus);

impl Normal {
    pub(super) fn new(seed: u64, stream: u64, index: usize) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(random::element_seed(seed, stream, index as u64)))
    }

    /// By the method of Box and Muller (1958): no rejection, so every number costs the same two draws.
    pub(super) fn next(&mut self) -> f64 {
        // In (0, 1], so that the logarithm is finite.
        let radius = 1.0 - random::unit(self.0.next_u64());
        let turn = random::unit(self.0.next_u64());
        (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * turn).cos()
    }
}
