//! The potential on the nodes back to points.

use crate::grid::nodes::Lines;
use crate::grid::stencil::{BSpline, Stencil};
use crate::layout::shape::{Lattice, axis};
use crate::scalar::GridScalar;

/// The potential at one point and its gradient by the coordinates in units of the spacing.
#[inline(always)]
pub(crate) fn value_and_gradient<T: GridScalar, const D: usize, const M: usize>(
    lattice: &Lattice<T, D>,
    grid: Lines<'_, T>,
    y: &[T; D],
) -> (T, [T; D]) {
    let shape = &lattice.shape;
    let u = lattice.coordinates(y);
    let mut base = [0; D];
    let mut weights = [[T::ZERO; M]; D];
    let mut slopes = [[T::ZERO; M]; D];
    for c in 0..D {
        base[c] = Stencil::<T, M>::base(BSpline, u[c], shape.nodes[axis::<D>(c)] - M);
        (weights[c], slopes[c]) = BSpline.weights_and_slopes(u[c], base[c]);
    }
    let mut gradient = [T::ZERO; D];
    // Along the last axis, the lines of the stencil are first added up with the weights of the other axes, then multiplied
    // with those of the last: few operations that depend on each other.
    match D {
        1 => {
            let line = line::<T, M>(grid, base[0]);
            gradient[0] = dot(&line, &slopes[0]);
            (dot(&line, &weights[0]), gradient)
        }
        2 => {
            let mut plain = [T::ZERO; M];
            let mut by_first = [T::ZERO; M];
            for j in 0..M {
                let line = line::<T, M>(grid, (base[0] + j) * grid.length + base[1]);
                for l in 0..M {
                    plain[l] += weights[0][j] * line[l];
                    by_first[l] += slopes[0][j] * line[l];
                }
            }
            gradient[0] = dot(&by_first, &weights[1]);
            gradient[1] = dot(&plain, &slopes[1]);
            (dot(&plain, &weights[1]), gradient)
        }
        _ => {
            let mut plain = [T::ZERO; M];
            let mut by_first = [T::ZERO; M];
            let mut by_second = [T::ZERO; M];
            for j in 0..M {
                for k in 0..M {
                    let row = (base[0] + j) * shape.nodes[1] + base[1] + k;
                    let line = line::<T, M>(grid, row * grid.length + base[2]);
                    let plain_weight = weights[0][j] * weights[1][k];
                    let first_weight = slopes[0][j] * weights[1][k];
                    let second_weight = weights[0][j] * slopes[1][k];
                    for l in 0..M {
                        plain[l] += plain_weight * line[l];
                        by_first[l] += first_weight * line[l];
                        by_second[l] += second_weight * line[l];
                    }
                }
            }
            gradient[0] = dot(&by_first, &weights[2]);
            gradient[1] = dot(&by_second, &weights[2]);
            gradient[2] = dot(&plain, &slopes[2]);
            (dot(&plain, &weights[2]), gradient)
        }
    }
}

/// The value at one point by any stencil.
#[inline(always)]
pub(crate) fn value<T: GridScalar, const D: usize, const M: usize, S: Stencil<T, M>>(
    stencil: S,
    lattice: &Lattice<T, D>,
    grid: Lines<'_, T>,
    y: &[T; D],
) -> T {
    let shape = &lattice.shape;
    let u = lattice.coordinates(y);
    let mut base = [0; D];
    let mut weights = [[T::ZERO; M]; D];
    for c in 0..D {
        base[c] = stencil.base(u[c], shape.nodes[axis::<D>(c)] - M);
        weights[c] = stencil.weights(u[c], base[c]);
    }
    let mut sums = [T::ZERO; M];
    let mut add = |at: usize, weight: T| {
        let line = line::<T, M>(grid, at);
        for l in 0..M {
            sums[l] += weight * line[l];
        }
    };
    match D {
        1 => add(base[0], T::ONE),
        2 => {
            for j in 0..M {
                add((base[0] + j) * grid.length + base[1], weights[0][j]);
            }
        }
        _ => {
            for j in 0..M {
                for k in 0..M {
                    let row = (base[0] + j) * shape.nodes[1] + base[1] + k;
                    add(row * grid.length + base[2], weights[0][j] * weights[1][k]);
                }
            }
        }
    }
    dot(&sums, &weights[D - 1])
}

#[inline(always)]
fn line<T: GridScalar, const M: usize>(grid: Lines<'_, T>, at: usize) -> [T; M] {
    // The stencil stays on the grid: `base` is at most the nodes less `M`.
    match grid.values.get(at..).and_then(|rest| rest.first_chunk::<M>()) {
        Some(line) => *line,
        None => [T::ZERO; M],
    }
}

#[inline(always)]
fn dot<T: GridScalar, const M: usize>(a: &[T; M], b: &[T; M]) -> T {
    let mut sum = T::ZERO;
    for j in 0..M {
        sum += a[j] * b[j];
    }
    sum
}
