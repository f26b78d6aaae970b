//! Charges to nodes.

use crate::GridScalar;
use crate::geometry::{Geometry, axis};
use crate::slabs::Slabs;
use crate::stencil::Stencil;
use rayon::prelude::*;
use tsne_core::simd::{self, Task};

/// Positions and charges, slab by slab.
pub(crate) trait Charges<T, const D: usize>: Sync {
    /// The number of slabs.
    fn slabs(&self) -> usize;
    /// What acts on slab `s`.
    fn of_slab(&self, s: usize) -> impl Iterator<Item = ([T; D], T)>;
}

/// Points in the order they were given in, each with the charge that `charge` computes from its position.
pub(crate) struct InPlace<'a, T, const D: usize, C> {
    pub(crate) slabs: &'a Slabs,
    pub(crate) y: &'a [[T; D]],
    pub(crate) charge: C,
}

impl<T: GridScalar, const D: usize, C: Fn(&[T; D]) -> T + Sync> Charges<T, D> for InPlace<'_, T, D, C> {
    fn slabs(&self) -> usize {
        self.slabs.count()
    }

    #[inline(always)]
    fn of_slab(&self, s: usize) -> impl Iterator<Item = ([T; D], T)> {
        self.slabs.points(s).map(|i| (self.y[i], (self.charge)(&self.y[i])))
    }
}

/// Clears `grid` and adds each charge times its weights to the nodes around its position.
pub(crate) fn spread<T, const D: usize, const M: usize, S, C>(
    stencil: S,
    geometry: &Geometry<T, D>,
    charges: &C,
    grid: &mut [T],
) where
    T: GridScalar,
    S: Stencil<T, M>,
    C: Charges<T, D>,
{
    let shape = &geometry.shape;
    // Distance on the grid from a node to the next along the first axis.
    let stride = match D {
        1 => 1,
        _ => shape.nodes[1] * shape.padded[2],
    };
    let height = Slabs::height::<D>();
    for_each_slab(grid, height * stride, &|s, nodes| {
        if s % 2 == 0 {
            nodes.fill(T::ZERO);
        }
        if s < charges.slabs() {
            simd::dispatch(Slab { stencil, geometry, charges, s, nodes });
        }
    });
}

/// Runs `f` on all even slabs of `height` numbers, each with the slab behind it, then on all odd ones: what a slab reaches
/// lies within the two, so no two tasks share a number.
///
/// The function is not generic over the stencil: the machinery of the parallel loops is compiled once for all of them.
fn for_each_slab<T: GridScalar>(grid: &mut [T], height: usize, f: &(dyn Fn(usize, &mut [T]) + Sync)) {
    grid.par_chunks_mut(2 * height).enumerate().for_each(|(pair, nodes)| f(2 * pair, nodes));
    let from_second = grid.get_mut(height..).unwrap_or(&mut []);
    from_second.par_chunks_mut(2 * height).enumerate().for_each(|(pair, nodes)| f(2 * pair + 1, nodes));
}

struct Slab<'a, T, const D: usize, const M: usize, S, C> {
    stencil: S,
    geometry: &'a Geometry<T, D>,
    charges: &'a C,
    s: usize,
    nodes: &'a mut [T],
}

impl<T, const D: usize, const M: usize, S, C> Task for Slab<'_, T, D, M, S, C>
where
    T: GridScalar,
    S: Stencil<T, M>,
    C: Charges<T, D>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { stencil, geometry, charges, s, nodes } = self;
        let shape = &geometry.shape;
        let first = s * Slabs::height::<D>();
        for (y, charge) in charges.of_slab(s) {
            let u = geometry.coordinates(&y);
            let mut base = [0; D];
            let mut weights = [[T::ZERO; M]; D];
            for c in 0..D {
                base[c] = stencil.base(u[c], shape.nodes[axis::<D>(c)] - M);
                weights[c] = stencil.weights(u[c], base[c]);
            }
            base[0] -= first;
            for w in &mut weights[0] {
                *w *= charge;
            }
            match D {
                1 => add_line(nodes, base[0], T::ONE, &weights[0]),
                2 => {
                    for j in 0..M {
                        add_line(nodes, (base[0] + j) * shape.padded[2] + base[1], weights[0][j], &weights[1]);
                    }
                }
                _ => {
                    for j in 0..M {
                        for l in 0..M {
                            let line = (base[0] + j) * shape.nodes[1] + base[1] + l;
                            add_line(
                                nodes,
                                line * shape.padded[2] + base[2],
                                weights[0][j] * weights[1][l],
                                &weights[2],
                            );
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add_line<T: GridScalar, const M: usize>(nodes: &mut [T], at: usize, factor: T, weights: &[T; M]) {
    // The stencil stays on the grid: `base` is at most the nodes less `M`.
    if let Some(line) = nodes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<M>()) {
        for j in 0..M {
            line[j] += factor * weights[j];
        }
    }
}
