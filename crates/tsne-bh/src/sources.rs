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
    pub(crate) points: Sources<'s, T, D>,
    pub(crate) terms: Terms<'s, T, D>,
}

impl<T: Scalar, const D: usize> Scratch<T, D> {
    /// Position, mass and moment of two kinds of sources, `Z` and force of the terms.
    const ROWS: usize = 2 * (D + 2) + (1 + D);

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
    let [z] = rows.split_off_mut(..1)?.first_chunk_mut()?;
    Some(Lists { cells, points, terms: Terms { z, force: rows.split_off_mut(..D)?.first_chunk_mut()? } })
}

#[inline(always)]
fn sources<'s, T, const D: usize>(rows: &mut &'s mut [[T; CAPACITY]]) -> Option<Sources<'s, T, D>> {
    let position = rows.split_off_mut(..D)?.first_chunk_mut()?;
    let [mass, moment] = rows.split_off_mut(..2)?.first_chunk_mut()?;
    Some(Sources { position, mass, moment, len: 0 })
}

/// Masses that act on target points: gathered by a walk and evaluated together.
///
/// Their fixed capacity bounds how many terms are summed in `T` before they go on in `f64`: [`STEPS`] in each lane.
#[derive(Debug)]
pub(crate) struct Sources<'s, T, const D: usize> {
    position: &'s mut [[T; CAPACITY]; D],
    mass: &'s mut [T; CAPACITY],
    /// The sum of the squared distances of a cell's points from their mean; 0 for a point.
    moment: &'s mut [T; CAPACITY],
    len: usize,
}

/// What each source adds to one target.
#[derive(Debug)]
pub(crate) struct Terms<'s, T, const D: usize> {
    z: &'s mut [T; CAPACITY],
    force: &'s mut [[T; CAPACITY]; D],
}

/// The second term of a cell's action: that of its extent about its mean (the first vanishes about the mean).
///
/// Points at `c + δ` act on a target at `t` as `m w(|t - c|²) + ½ Σ_ab ∂_a ∂_b w Σ_j δ_a δ_b + …`. Of the second moments
/// the tree keeps the trace `M`: the rest depends on directions, which average out over the targets around a cell, while
/// the trace has one sign and makes nearly all of the error of `Z`. With `u = |t - c|²`, `a = (1 + u/dof)^-1`, the force
/// weight `f = w a`, and `s = (2/D)(1 + dof)`, its part is `M f (s (1 - a) - 1)` in the potential, and minus the derivative
/// of that by `u` in the force.
///
/// At `theta` 0.5 on 20,000 points it takes the error of `Z` from 4.9e-3 to 1.1e-5 and that of the forces from 7.0e-3 to
/// 1.5e-3, for a quarter more time (example `tree_accuracy`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<T> {
    /// `(2/D)(1 + dof)`.
    s: T,
    /// `s / dof`.
    s_per_dof: T,
    /// `1 + 1/dof`.
    decay: T,
}

/// The second terms per unit of the trace.
#[derive(Debug, Clone, Copy)]
struct Second<T> {
    weight: T,
    force: T,
}

impl<T: Scalar> Series<T> {
    pub(crate) fn new(kernel: Kernel, dimension: usize) -> Self {
        let dof = kernel.dof();
        let s = 2.0 / dimension as f64 * (1.0 + dof);
        Self { s: T::from_f64(s), s_per_dof: T::from_f64(s / dof), decay: T::from_f64(1.0 + 1.0 / dof) }
    }

    #[inline(always)]
    fn terms(self, force: T, attraction: T) -> Second<T> {
        let bracket = self.s * (T::ONE - attraction) - T::ONE;
        let slope = self.decay * bracket - self.s_per_dof * attraction;
        Second { weight: force * bracket, force: force * attraction * slope }
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
    /// Whether there is room for `count` more.
    #[inline(always)]
    pub(crate) fn has_room(&self, count: usize) -> bool {
        self.len + count <= CAPACITY
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, position: &[T; D], mass: T, moment: T) {
        // The remainder changes nothing where there is room, and saves the check of the bound.
        let i = self.len % CAPACITY;
        for a in 0..D {
            self.position[a][i] = position[a];
        }
        self.mass[i] = mass;
        self.moment[i] = moment;
        self.len += 1;
    }

    /// Adds the action of all sources on each target to its sum, and forgets the sources. Without `CELLS`, all of them are
    /// points: their moments are 0 and not read. With `each_other`, the targets are the sources, in the same order: none acts
    /// on itself.
    #[inline(always)]
    pub(crate) fn act<const CELLS: bool, P: Profile<T>>(
        &mut self,
        terms: &mut Terms<'_, T, D>,
        profile: P,
        series: Series<T>,
        targets: &[[T; D]],
        each_other: bool,
        sums: &mut [Sum<D>],
    ) {
        let steps = self.close();
        for (i, (target, sum)) in targets.iter().zip(sums).enumerate() {
            let own = i % CAPACITY;
            let mass = self.mass[own];
            if each_other {
                // Taken out rather than subtracted: next to the weight 1 of the point itself, small weights would be lost.
                self.mass[own] = T::ZERO;
            }
            self.act_on::<CELLS, P>(terms, profile, series, steps, target, sum);
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
            self.moment[i] = T::ZERO;
        }
        steps
    }

    #[inline(always)]
    fn act_on<const CELLS: bool, P: Profile<T>>(
        &self,
        terms: &mut Terms<'_, T, D>,
        profile: P,
        series: Series<T>,
        steps: usize,
        target: &[T; D],
        sum: &mut Sum<D>,
    ) {
        evaluate::<CELLS, T, P, D>(
            (self.position, self.mass, self.moment),
            (terms.z, terms.force),
            (profile, series),
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
    (position, mass, moment): (&[[T; CAPACITY]; D], &[T; CAPACITY], &[T; CAPACITY]),
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
            let second = series.terms(force, profile.attraction(d2));
            weight_term += moment[i] * second.weight;
            force_term += moment[i] * second.force;
        }
        z[i] = weight_term;
        for a in 0..D {
            forces[a][i] = force_term * difference[a];
        }
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
