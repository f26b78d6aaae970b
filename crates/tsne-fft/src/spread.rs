//! Charges to nodes.

use crate::GridScalar;
use crate::geometry::{Geometry, axis};
use crate::slabs::Slabs;
use crate::stencil::Stencil;
use rayon::prelude::*;
use tsne_core::simd::{self, Task};

/// Clears `grid` and adds `charge(i)` times its weights to the nodes around every point `i`.
pub(crate) fn spread<T, const D: usize, const M: usize, S, C>(
    stencil: S,
    geometry: &Geometry<T, D>,
    slabs: &Slabs,
    y: &[[T; D]],
    charge: C,
    grid: &mut [T],
) where
    T: GridScalar,
    S: Stencil<T, M>,
    C: Fn(usize) -> T + Copy + Send + Sync,
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
        if s < slabs.count() {
            simd::dispatch(Slab { stencil, geometry, slabs, y, charge, s, nodes });
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
    slabs: &'a Slabs,
    y: &'a [[T; D]],
    charge: C,
    s: usize,
    nodes: &'a mut [T],
}

impl<T, const D: usize, const M: usize, S, C> Task for Slab<'_, T, D, M, S, C>
where
    T: GridScalar,
    S: Stencil<T, M>,
    C: Fn(usize) -> T,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { stencil, geometry, slabs, y, charge, s, nodes } = self;
        let shape = &geometry.shape;
        let first = s * Slabs::height::<D>();
        for i in slabs.points(s) {
            let u = geometry.coordinates(&y[i]);
            let mut base = [0; D];
            let mut weights = [[T::ZERO; M]; D];
            for c in 0..D {
                base[c] = stencil.base(u[c], shape.nodes[axis::<D>(c)] - M);
                weights[c] = stencil.weights(u[c], base[c]);
            }
            base[0] -= first;
            let charge = charge(i);
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
