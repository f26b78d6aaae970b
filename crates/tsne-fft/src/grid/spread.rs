//! Charges to nodes.

use crate::grid::nodes::Nodes;
use crate::grid::stencil::Stencil;
use crate::layout::shape::{Lattice, axis};
use crate::points::slabs::{Slabs, slab_len, slabs_of};
use crate::scalar::GridScalar;
use std::ops::Range;
use tsne_core::simd::{self, Task};
use tsne_core::{Result, chunks, memory};

/// Places and charges, slab by slab.
pub(crate) trait Charges<T, const D: usize>: Sync {
    /// The number of slabs.
    fn slabs(&self) -> usize;
    /// How many charges act on slab `s`.
    fn count(&self, s: usize) -> usize;
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
    charges.for_each(|(place, value)| {
        (places[count], values[count]) = (place, value);
        count += 1;
        if count == CHUNK {
            each(&places, &values);
            count = 0;
        }
    });
    each(&places[..count], &values[..count]);
}

/// The most charges that are added to a slab in `T`, one to another: a sum of so many equal ones errs by 2⁻⁹ of itself at the most,
/// half the spacing of the numbers around it for each term. In single precision that are 65,536, and with 2²⁴ ones it would stand
/// still; in double precision there are never so many.
fn most_together<T: GridScalar>() -> usize {
    (2f64.powi(-7) / T::EPSILON.to_f64()) as usize
}

/// Clears a part of the grid, that of a member of a team or all of it, and adds each charge times its weights to the nodes around its
/// position there; before the part there is garbage afterwards. `sums` has room for slabs of so many charges that they are added
/// by parts, and is kept for other calls.
///
/// # Errors
///
/// If there is no memory for `sums`.
pub(crate) fn spread<T: GridScalar, const D: usize, const M: usize, S: Stencil<T, M>>(
    stencil: S,
    lattice: &Lattice<T, D>,
    charges: &dyn Charges<T, D>,
    (nodes, part): (&mut Nodes<T>, Range<usize>),
    sums: &mut Vec<f64>,
) -> Result<()> {
    for_each_slab(lattice, charges, (nodes, part), sums, &|first, (places, values), nodes| {
        simd::dispatch(Chunk { stencil, lattice, first, places, values, nodes });
    })
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
    (nodes, part): (&mut Nodes<T>, Range<usize>),
    sums: &mut Vec<f64>,
    add: &AddFn<'_, T, D>,
) -> Result<()> {
    let (rows, height) = (Slabs::height::<D>(), slab_len::<D>(&lattice.shape));
    let most = most_together::<T>();
    let is_crowded = (0..charges.slabs()).any(|s| charges.count(s) > most);
    if part.is_empty() {
        return Ok(());
    }
    let (grid, before) = (&mut nodes.lines, nodes.start);
    if is_crowded {
        memory::resize("sums of charges", sums, grid.len(), 0.0)?;
    }
    let slabs = slabs_of::<D>(&lattice.shape, &part);
    let part = part.start - before..part.end - before;
    for parity in [0, 1] {
        // From the first slab of this parity to the one behind the last.
        let [start, end] = [slabs.start, slabs.end].map(|s| s + (s + parity) % 2);
        let [from, to] = [start, end].map(|s| grid.len().min(s * height - before));
        let reach = from..to;
        let nodes = (&mut grid[reach.clone()], 2 * height);
        let of_slab = |pair: usize, each: &mut Each<'_, T, D>| {
            let s = start + 2 * pair;
            if s < charges.slabs() {
                charges.of_slab(s, each);
            }
        };
        let row = |pair: usize| (start + 2 * pair) * rows;
        if is_crowded {
            // Nodes hold the sum of some charges, and `sums`, in double precision, those of all.
            chunks::for_each2(nodes, (&mut sums[reach], 2 * height), |pair, nodes, sums| {
                if parity == 0 {
                    nodes.fill(T::ZERO);
                    sums.fill(0.0);
                }
                let mut count = 0;
                of_slab(pair, &mut |places, values| {
                    if count + places.len() > most {
                        take_up(nodes, sums);
                        count = 0;
                    }
                    add(row(pair), (places, values), nodes);
                    count += places.len();
                });
                take_up(nodes, sums);
            });
        } else {
            chunks::for_each(nodes.0, nodes.1, |pair, nodes| {
                if parity == 0 {
                    nodes.fill(T::ZERO);
                }
                of_slab(pair, &mut |places, values| add(row(pair), (places, values), nodes));
            });
        }
    }
    if is_crowded {
        chunks::for_each2((&mut grid[part.clone()], height), (&mut sums[part], height), |_, nodes, sums| {
            nodes.iter_mut().zip(sums).for_each(|(node, sum)| *node = T::from_f64(*sum));
        });
    }
    Ok(())
}

/// Moves what the nodes hold to their sums.
fn take_up<T: GridScalar>(nodes: &mut [T], sums: &mut [f64]) {
    for (node, sum) in nodes.iter_mut().zip(sums) {
        *sum += node.to_f64();
        *node = T::ZERO;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::stencil::BSpline;
    use crate::layout::shape::Shape;
    use crate::points::slabs::reach;

    /// Charges of 1 on one place.
    struct Crowd<const D: usize> {
        place: [f32; D],
        count: usize,
    }

    impl<const D: usize> Charges<f32, D> for Crowd<D> {
        fn slabs(&self) -> usize {
            2
        }

        fn count(&self, s: usize) -> usize {
            if s == 1 { self.count } else { 0 }
        }

        fn of_slab(&self, s: usize, each: &mut Each<'_, f32, D>) {
            in_chunks((0..self.count(s)).map(|_| (self.place, 1.0)), each);
        }
    }

    #[track_caller]
    fn check<const D: usize>(count: usize) {
        let mut shape = Shape { nodes: [1; 3], padded: [1; 3], spacing: 1.0 };
        for c in 0..D {
            let nodes = if c == 0 { 2 * Slabs::height::<D>() } else { 8 };
            (shape.nodes[axis::<D>(c)], shape.padded[axis::<D>(c)]) = (nodes, nodes);
        }
        let lattice = Lattice { shape, origin: [0.0; D], inverse_spacing: 1.0 };
        let mut place = [4.3; D];
        place[0] += Slabs::height::<D>() as f32;
        let nodes = (0..D).map(|c| shape.nodes[axis::<D>(c)]).product();
        let spread_of = |count: usize, sums: &mut Vec<f64>| -> Vec<f64> {
            let mut grid = Nodes { lines: vec![f32::NAN; nodes], ..Nodes::default() };
            let part = 0..nodes;
            spread::<f32, D, 4, _>(BSpline, &lattice, &Crowd { place, count }, (&mut grid, part), sums).unwrap();
            grid.lines.iter().map(|node| f64::from(*node)).collect()
        };
        let lines_of = |count: usize, part: Range<usize>| {
            let reach = reach::<D>(&shape, &part);
            let mut grid = Nodes { lines: vec![f32::NAN; reach.len()], start: reach.start, ..Nodes::default() };
            let charges = Crowd { place, count };
            spread::<f32, D, 4, _>(BSpline, &lattice, &charges, (&mut grid, part.clone()), &mut Vec::new()).unwrap();
            grid.part(part).unwrap().to_vec()
        };
        let mut sums = Vec::new();
        let one = spread_of(1, &mut sums);
        assert!((one.iter().sum::<f64>() - 1.0).abs() < 1e-6 && sums.is_empty());
        let all = spread_of(count, &mut sums);
        for (all, one) in all.iter().zip(&one) {
            // What a part may err by, and the rounding of the weights.
            let off = (all / count as f64 - one).abs();
            assert!(off <= (2f64.powi(-9) + 1e-6) * one, "{count} in {D}-D: {all} for {one}");
        }
        // A part alone has the bits of the whole, crowded or not: also where nobody of the crowd is on it.
        let whole: Vec<u32> = lines_of(count, 0..nodes).iter().map(|node| node.to_bits()).collect();
        for part in [0..nodes / 2, nodes / 2..nodes, nodes..nodes] {
            let lines: Vec<u32> = lines_of(count, part.clone()).iter().map(|node| node.to_bits()).collect();
            assert!(lines == whole[part.clone()], "{part:?} of {nodes}");
        }
        // Nothing of the last call is left.
        assert_eq!(spread_of(1, &mut sums), one);
    }

    #[test]
    fn no_charge_of_a_crowded_cell_is_lost() {
        check::<1>(30_000_000);
        check::<2>(1_000_000);
        check::<3>(200_000);
        check::<2>(most_together::<f32>());
        check::<2>(most_together::<f32>() + 1);
    }
}
