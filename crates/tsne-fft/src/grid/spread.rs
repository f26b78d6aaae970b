//! Charges to nodes.

use crate::grid::stencil::Stencil;
use crate::layout::shape::{Lattice, axis};
use crate::points::slabs::Slabs;
use crate::scalar::GridScalar;
use std::ops::Range;
use tsne_core::chunks;
use tsne_core::simd::{self, Task};

/// Places and charges, slab by slab.
pub(crate) trait Charges<T, const D: usize>: Sync {
    /// The number of slabs.
    fn slabs(&self) -> usize;
    /// Calls `each` with what acts on slab `s`, some at a time.
    fn of_slab(&self, s: usize, each: &mut Each<'_, T, D>);
}

/// Takes places and their charges.
pub(crate) type Each<'a, T, const D: usize> = dyn FnMut(&[[T; D]], &[T]) + 'a;

/// Charges that are handed on at a time: they stay in the nearest cache, and the loop over them, which is compiled for
/// every order of the spline, need not know where they come from.
const CHUNK: usize = 64;

/// Hands on what an iterator gives.
#[inline]
pub(crate) fn in_chunks<T: GridScalar, const D: usize>(
    charges: impl Iterator<Item = ([T; D], T)>,
    each: &mut Each<'_, T, D>,
) {
    let (mut places, mut values) = ([[T::ZERO; D]; CHUNK], [T::ZERO; CHUNK]);
    let mut count = 0;
    for (place, value) in charges {
        (places[count], values[count]) = (place, value);
        count += 1;
        if count == CHUNK {
            each(&places, &values);
            count = 0;
        }
    }
    each(&places[..count], &values[..count]);
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

    fn of_slab(&self, s: usize, each: &mut Each<'_, T, D>) {
        in_chunks(self.slabs.points(s).map(|i| (self.y[i], (self.charge)(&self.y[i]))), each);
    }
}

/// Clears a part of `grid`, that of a member of a team or all of it, and adds each charge times its weights to the nodes around its
/// position there; around the part `grid` holds garbage afterwards.
pub(crate) fn spread<T: GridScalar, const D: usize, const M: usize, S: Stencil<T, M>>(
    stencil: S,
    lattice: &Lattice<T, D>,
    charges: &dyn Charges<T, D>,
    (grid, part): (&mut [T], Range<usize>),
) {
    for_each_slab(lattice, charges, (grid, part), &|first, (places, values), nodes| {
        simd::dispatch(Chunk { stencil, lattice, first, places, values, nodes });
    });
}

/// Adds charges to the nodes of a slab and the next, of which the first row is the given one.
type AddFn<'a, T, const D: usize> = dyn Fn(usize, (&[[T; D]], &[T]), &mut [T]) + Sync + 'a;

/// Runs `add` on all even slabs, each with the slab behind it, then on all odd ones: what a slab reaches lies within the two,
/// so no two tasks share a number.
///
/// For a part of the grid these are the slabs that touch it and the one before them, so that what acts on its nodes does so in the same
/// order as for the whole.
///
/// Not generic over the stencil: the machinery of the parallel loops is compiled once for all of them.
fn for_each_slab<T: GridScalar, const D: usize>(
    lattice: &Lattice<T, D>,
    charges: &dyn Charges<T, D>,
    (grid, part): (&mut [T], Range<usize>),
    add: &AddFn<'_, T, D>,
) {
    let shape = &lattice.shape;
    // Distance on the grid from a node to the next along the first axis.
    let stride = match D {
        1 => 1,
        _ => shape.nodes[1] * shape.padded[2],
    };
    let rows = Slabs::height::<D>();
    let height = rows * stride;
    let slab = |s: usize, nodes: &mut [T]| {
        if s < charges.slabs() {
            charges.of_slab(s, &mut |places, values| add(s * rows, (places, values), nodes));
        }
    };
    if part.is_empty() {
        return;
    }
    let (first, last) = ((part.start / height).saturating_sub(1), part.end.div_ceil(height));
    for parity in [0, 1] {
        // From the first slab of this parity to the one behind the last.
        let [start, end] = [first, last].map(|s| s + (s + parity) % 2);
        let length = grid.len();
        let nodes = &mut grid[length.min(start * height)..length.min(end * height)];
        chunks::for_each(nodes, 2 * height, |pair, nodes| {
            if parity == 0 {
                nodes.fill(T::ZERO);
            }
            slab(start + 2 * pair, nodes);
        });
    }
}

struct Chunk<'a, T, const D: usize, const M: usize, S> {
    stencil: S,
    lattice: &'a Lattice<T, D>,
    first: usize,
    places: &'a [[T; D]],
    values: &'a [T],
    nodes: &'a mut [T],
}

impl<T: GridScalar, const D: usize, const M: usize, S: Stencil<T, M>> Task for Chunk<'_, T, D, M, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { stencil, lattice, first, places, values, nodes } = self;
        let shape = &lattice.shape;
        for (y, &charge) in places.iter().zip(values) {
            let u = lattice.coordinates(y);
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
