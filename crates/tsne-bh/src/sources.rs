use crate::moments::{Moments, next, pairs};
use tsne_core::{Error, Kernel, Profile, Result, Scalar, memory};

/// Numbers that one step of the inner loop handles: the widest vector of `f32` on common machines. A constant, so
/// that sums have the same order on every machine.
const LANES: usize = 16;

/// Steps of a full list.
///
/// On maps of 70,000 points in `f32`, 32 and 64 took the same time in 2-D (16 ms of one processor), and 64 took 6 %
/// less in 3-D; but in `f64` sources and terms of 64 steps fill 64 kB, more than a first-level cache.
const STEPS: usize = 32;

/// Sources of a full list.
const CAPACITY: usize = LANES * STEPS;

/// The memory of the lists of a walk, which a worker keeps from one to the next. On the heap, since they are larger than all
/// else that a task puts on its stack.
#[derive(Debug, Default)]
pub(crate) struct Scratch<T, const D: usize> {
    rows: Vec<[T; CAPACITY]>,
}

/// What a walk gathers: cells that are taken as a whole, single points (evaluated without moments), and their terms.
#[derive(Debug)]
pub(crate) struct Lists<'s, T, const D: usize> {
    pub(crate) cells: Sources<'s, T, D>,
    /// Of the cells.
    pub(crate) moments: Spreads<'s, T, D>,
    pub(crate) points: Sources<'s, T, D>,
    pub(crate) terms: Terms<'s, T, D>,
}

impl<T: Scalar, const D: usize> Scratch<T, D> {
    /// Position and mass of two kinds of sources, the moments of one, `Z` and force of the terms.
    const ROWS: usize = 2 * (D + 1) + 2 * D + (1 + D);

    /// The lists, empty. Their memory is asked for by the first walk.
    #[inline(always)]
    pub(crate) fn lists(&mut self) -> Result<Lists<'_, T, D>> {
        if self.rows.is_empty() {
            memory::resize("the lists of a walk", &mut self.rows, Self::ROWS, [T::ZERO; CAPACITY])?;
        }
        let mut rest = self.rows.as_mut_slice();
        self::lists(&mut rest)
            .ok_or_else(|| Error::out_of_memory("the lists of a walk", Self::ROWS * size_of::<[T; CAPACITY]>()))
    }
}

#[inline(always)]
fn lists<'s, T, const D: usize>(rows: &mut &'s mut [[T; CAPACITY]]) -> Option<Lists<'s, T, D>> {
    let (cells, points) = (sources(rows)?, sources(rows)?);
    let [spread, shear] = [rows.split_off_mut(..D)?.first_chunk_mut()?, rows.split_off_mut(..D)?.first_chunk_mut()?];
    let [z] = rows.split_off_mut(..1)?.first_chunk_mut()?;
    Some(Lists {
        cells,
        moments: Spreads { spread, shear },
        points,
        terms: Terms { z, force: rows.split_off_mut(..D)?.first_chunk_mut()? },
    })
}

#[inline(always)]
fn sources<'s, T, const D: usize>(rows: &mut &'s mut [[T; CAPACITY]]) -> Option<Sources<'s, T, D>> {
    let position = rows.split_off_mut(..D)?.first_chunk_mut()?;
    let [mass] = rows.split_off_mut(..1)?.first_chunk_mut()?;
    Some(Sources { position, mass, len: 0 })
}

/// Masses that act on target points: gathered by a walk and evaluated together.
///
/// Their fixed capacity bounds how many terms are summed in `T` before they go on in `f64`: [`STEPS`] in each lane.
#[derive(Debug)]
pub(crate) struct Sources<'s, T, const D: usize> {
    position: &'s mut [[T; CAPACITY]; D],
    mass: &'s mut [T; CAPACITY],
    len: usize,
}

/// The second moments of the sources that are cells, [`Moments`].
#[derive(Debug)]
pub(crate) struct Spreads<'s, T, const D: usize> {
    spread: &'s mut [[T; CAPACITY]; D],
    shear: &'s mut [[T; CAPACITY]; D],
}

impl<T: Scalar, const D: usize> Spreads<'_, T, D> {
    /// Sets those of a source.
    #[inline(always)]
    pub(crate) fn set(&mut self, i: usize, moments: &Moments<T, D>) {
        let i = i % CAPACITY;
        for a in 0..D {
            self.spread[a][i] = moments.spread[a];
        }
        for a in 0..pairs(D) {
            self.shear[a][i] = moments.shear[a];
        }
    }
}

/// What each source adds to one target.
#[derive(Debug)]
pub(crate) struct Terms<'s, T, const D: usize> {
    z: &'s mut [T; CAPACITY],
    force: &'s mut [[T; CAPACITY]; D],
}

/// The second term of a cell's action: that of its extent about its mean (the first vanishes about the mean).
///
/// Points at `c + δ` act on a target at `c + r` as `m w(r²) + ½ Σ_ab M_ab ∂_a ∂_b w + …` with the second moments
/// `M_ab = Σ_j δ_a δ_b`. With `a = (1 + r²/dof)^-1`, the force weight `f = w a`, `p = a M r`, `q = r p`, `k₁ = 1 + 1/dof` and
/// `k₂ = 1 + 2/dof`, its part is `f (2 k₁ q - tr M)` in the potential, and `k₁ f (a (2 k₂ q - tr M) r - 2 p)` in the force, which is
/// minus half the gradient of that. Products are formed in an order in which none overflows: `a r` is small where `r` is large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<T> {
    k1: T,
    twice_k1: T,
    twice_k1_k2: T,
}

impl<T: Scalar> Series<T> {
    pub(crate) fn new(kernel: Kernel) -> Self {
        let (k1, k2) = (1.0 + 1.0 / kernel.dof(), 1.0 + 2.0 / kernel.dof());
        Self { k1: T::from_f64(k1), twice_k1: T::from_f64(2.0 * k1), twice_k1_k2: T::from_f64(2.0 * k1 * k2) }
    }
}

/// The repulsion of one target: its normalizer and its force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum<const D: usize> {
    pub(crate) z: f64,
    pub(crate) force: [f64; D],
}

impl<const D: usize> Sum<D> {
    pub(crate) const ZERO: Self = Self { z: 0.0, force: [0.0; D] };
}

impl<T: Scalar, const D: usize> Sources<'_, T, D> {
    /// The place of the next source.
    #[inline(always)]
    pub(crate) fn next(&self) -> usize {
        self.len
    }

    /// Whether there is room for `count` more.
    #[inline(always)]
    pub(crate) fn has_room(&self, count: usize) -> bool {
        self.len + count <= CAPACITY
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, position: &[T; D], mass: T) {
        // The remainder changes nothing where there is room, and saves the check of the bound.
        let i = self.len % CAPACITY;
        for a in 0..D {
            self.position[a][i] = position[a];
        }
        self.mass[i] = mass;
        self.len += 1;
    }

    /// Adds the action of all sources on each target to its sum, and forgets the sources. Without `CELLS`, all of them are
    /// points: `moments` are not read. With `each_other`, the targets are the sources, in the same order: none acts
    /// on itself.
    #[inline(always)]
    pub(crate) fn act<const CELLS: bool, P: Profile<T>>(
        &mut self,
        terms: &mut Terms<'_, T, D>,
        moments: &mut Spreads<'_, T, D>,
        kernel: (P, Series<T>),
        targets: &[[T; D]],
        each_other: bool,
        sums: &mut [Sum<D>],
    ) {
        let steps = self.close();
        if CELLS {
            (self.len..steps * LANES).for_each(|i| moments.set(i, &Moments::ZERO));
        }
        for (i, (target, sum)) in targets.iter().zip(sums).enumerate() {
            let own = i % CAPACITY;
            let mass = self.mass[own];
            if each_other {
                // Taken out rather than subtracted: next to the weight 1 of the point itself, small weights would be lost.
                self.mass[own] = T::ZERO;
            }
            self.act_on::<CELLS, P>(terms, moments, kernel, steps, target, sum);
            self.mass[own] = mass;
        }
        self.len = 0;
    }

    /// Fills the last step with masses of 0 at a place where a source is, and returns the number of steps.
    #[inline(always)]
    fn close(&mut self) -> usize {
        let steps = self.len.div_ceil(LANES).min(STEPS);
        for i in self.len..steps * LANES {
            for a in 0..D {
                self.position[a][i] = self.position[a][0];
            }
            self.mass[i] = T::ZERO;
        }
        steps
    }

    #[inline(always)]
    fn act_on<const CELLS: bool, P: Profile<T>>(
        &self,
        terms: &mut Terms<'_, T, D>,
        moments: &Spreads<'_, T, D>,
        kernel: (P, Series<T>),
        steps: usize,
        target: &[T; D],
        sum: &mut Sum<D>,
    ) {
        evaluate::<CELLS, T, P, D>(
            (self.position, self.mass, moments),
            (terms.z, terms.force),
            kernel,
            steps * LANES,
            target,
        );
        sum.z += total(&terms.z[..steps * LANES]);
        for a in 0..D {
            sum.force[a] += total(&terms.force[a][..steps * LANES]);
        }
    }
}

/// Writes the terms of all sources. A pass of its own, since compilers vectorize this and the sums of the terms well, but not a
/// loop that does both.
#[inline(always)]
fn evaluate<const CELLS: bool, T: Scalar, P: Profile<T>, const D: usize>(
    (position, mass, moments): (&[[T; CAPACITY]; D], &[T; CAPACITY], &Spreads<'_, T, D>),
    (z, forces): (&mut [T; CAPACITY], &mut [[T; CAPACITY]; D]),
    (profile, series): (P, Series<T>),
    len: usize,
    target: &[T; D],
) {
    for i in 0..len {
        let mut difference = [T::ZERO; D];
        let mut d2 = T::ZERO;
        for a in 0..D {
            difference[a] = target[a] - position[a][i];
            d2 += difference[a] * difference[a];
        }
        let (weight, force) = profile.weight_and_force(d2);
        let (mut weight_term, mut force_term) = (mass[i] * weight, mass[i] * force);
        if CELLS {
            let attraction = profile.attraction(d2);
            let (mut product, mut trace) = ([T::ZERO; D], T::ZERO);
            for a in 0..D {
                product[a] = moments.spread[a][i] * (attraction * difference[a]);
                trace += moments.spread[a][i];
            }
            for a in 0..pairs(D) {
                let b = next(a, D);
                product[a] += moments.shear[a][i] * (attraction * difference[b]);
                product[b] += moments.shear[a][i] * (attraction * difference[a]);
            }
            let mut form = T::ZERO;
            for a in 0..D {
                form += difference[a] * product[a];
            }
            weight_term += force * (series.twice_k1 * form - trace);
            force_term += force * attraction * (series.twice_k1_k2 * form - series.k1 * trace);
            let slope = series.twice_k1 * force;
            for a in 0..D {
                forces[a][i] = force_term * difference[a] - slope * product[a];
            }
        } else {
            for a in 0..D {
                forces[a][i] = force_term * difference[a];
            }
        }
        z[i] = weight_term;
    }
}

/// The sum of terms, in lanes, then halves onto halves.
#[inline(always)]
fn total<T: Scalar>(terms: &[T]) -> f64 {
    let mut lanes = [T::ZERO; LANES];
    for step in terms.as_chunks::<LANES>().0 {
        for l in 0..LANES {
            lanes[l] += step[l];
        }
    }
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0].to_f64()
}
