//! Where random numbers come from.

use std::hash::{BuildHasher, Hasher};

/// The seed of everything random: a number, which may be drawn from a generator, or fresh entropy for each fit.
///
/// [`Embedding::random_state`](crate::Embedding::random_state) tells the number that a fit used, with which it can be repeated.
///
/// # Examples
///
/// ```
/// use tsne::{RandomState, Rows, Tsne};
///
/// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
/// # let x = Rows::new(&data[..100], 20, 5)?;
/// let tsne = |state: RandomState| Tsne::<f32, 2>::builder().initialization("random").perplexity(4.0).random_state(state).build();
/// let first = tsne(RandomState::Fresh)?.prepare_initial(x)?;
/// let again = tsne(RandomState::Seed(first.random_state()))?.prepare_initial(x)?;
/// assert_eq!(first.positions(), again.positions());
/// # Ok::<(), tsne::Error>(())
/// ```
///
/// By a generator, of any version of `rand_core`:
///
/// ```
/// use rand_xoshiro::Xoshiro256PlusPlus;
/// use rand_xoshiro::rand_core::{Rng, SeedableRng};
///
/// let mut generator = Xoshiro256PlusPlus::seed_from_u64(42);
/// let tsne = tsne::Tsne::<f32, 2>::builder().random_state(generator.next_u64()).build()?;
/// # Ok::<(), tsne::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RandomState {
    /// Entropy of the system, another for each fit: openTSNE's `None`.
    Fresh,
    /// This number.
    Seed(u64),
}

impl Default for RandomState {
    fn default() -> Self {
        Self::Seed(0)
    }
}

impl RandomState {
    /// The seed, drawn if need be.
    pub(crate) fn draw(self) -> u64 {
        match self {
            Self::Seed(seed) => seed,
            // The keys of hash maps are the one source of the system's entropy in the standard library.
            Self::Fresh => std::hash::RandomState::new().build_hasher().finish(),
        }
    }
}

impl From<u64> for RandomState {
    fn from(seed: u64) -> Self {
        Self::Seed(seed)
    }
}

impl From<Option<u64>> for RandomState {
    fn from(seed: Option<u64>) -> Self {
        seed.map_or(Self::Fresh, Self::Seed)
    }
}
