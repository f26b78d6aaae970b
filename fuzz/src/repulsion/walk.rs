//! What Barnes-Hut says that it sums, from its definition: which cells act as a whole, and how.

use crate::clouds::{Pull, smallest};
use std::array;
use std::ops::Range;
use tsne::bh::{Cell, Tree};
use tsne::{Kernel, Scalar};

/// The most points whose sums the bounds are for.
pub(super) const MOST: usize = 160;

/// The largest extent that the bounds are for.
pub(super) const WIDEST: f64 = 1e8;

/// The most points that share a walk: those of one cell.
const GROUP: usize = 128;

/// What acts on one point, and how far the same may be from it where all of it is computed in the type of the points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum<const D: usize> {
    pub(super) pull: Pull<D>,
    /// Of `z`, and of the length of the force.
    pub(super) rounding: (f64, f64),
}

impl<const D: usize> Sum<D> {
    const ZERO: Self = Self { pull: Pull::ZERO, rounding: (0.0, 0.0) };

    /// The sum over all `sources`, without source `own`.
    pub(super) fn over<T: Scalar>(kernel: Kernel, y: &[T; D], sources: &[[T; D]], own: Option<usize>) -> Self {
        let mut sum = Self::ZERO;
        for (_, source) in sources.iter().enumerate().filter(|(j, _)| Some(*j) != own) {
            sum.add(kernel, y, source);
        }
        sum
    }

    /// Adds a point.
    fn add<T: Scalar>(&mut self, kernel: Kernel, y: &[T; D], source: &[T; D]) {
        let (d2, weight, force) = self.pull.add(kernel, y, source);
        let (epsilons, distance) = (epsilons::<T>(kernel, d2), d2.sqrt());
        // Beside rounding, the weight and its product with a mass or a difference may be lost, where they are too small.
        self.rounding.0 += epsilons * weight + 2.0 * smallest::<T>();
        self.rounding.1 += epsilons * force * distance + 2.0 * smallest::<T>() * (1.0 + distance);
    }

    /// Adds a cell as a whole: `m w + ½ Σ_ab M_ab ∂_a ∂_b w` with its mass `m` and its second moments `M`, and the same of the force
    /// `f(r²) r` in the place of the potential `w`.
    ///
    /// With `u = 1 + r²/dof` it is `w = u^-dof` and `f = u^-(dof+1)`. The gradient of `u^-p` is `-2 (p/dof) u^-(p+1) r`: with
    /// `g = u^-(dof+2)`, `h = u^-(dof+3)`, `k = 1 + 1/dof` and `l = 1 + 2/dof`
    ///
    /// ```text
    /// ∂_a ∂_b w       = 4 k g r_a r_b - 2 f [a = b]
    /// ∂_a f           = -2 k g r_a
    /// ∂_a ∂_b f       = 4 k l h r_a r_b - 2 k g [a = b]
    /// ∂_a ∂_b (f r_c) = r_c ∂_a ∂_b f + [b = c] ∂_a f + [a = c] ∂_b f
    /// ```
    fn add_cell<T: Scalar>(&mut self, kernel: Kernel, y: &[T; D], cell: &Mass<T, D>) {
        let dof = kernel.dof();
        let r: [f64; D] = array::from_fn(|c| y[c].to_f64() - cell.center[c].to_f64());
        let d2: f64 = r.iter().map(|d| d * d).sum();
        let u = 1.0 + d2 / dof;
        let w = u.powf(-dof);
        let (f, g, h) = (w / u, w / (u * u), w / (u * u * u));
        let (k, l) = (1.0 + 1.0 / dof, 1.0 + 2.0 / dof);
        let same = |a: usize, b: usize| f64::from(u8::from(a == b));
        // Each derivative in two parts, since these round by themselves: the one that is positive and what is taken off it.
        let of_w = |a: usize, b: usize| (4.0 * k * g * r[a] * r[b], 2.0 * f * same(a, b));
        let of_f = |a: usize, b: usize| (4.0 * k * l * h * r[a] * r[b], 2.0 * k * g * same(a, b));
        let slope = |a: usize| -2.0 * k * g * r[a];

        let (mut z, mut size) = (cell.mass * w, cell.mass * w);
        // What unknown moments of `cell.lost` change, and of what the moments' terms are made where weights in them are lost.
        let (mut unknown, mut parts) = (0.0, 0.0);
        for a in 0..D {
            for b in 0..D {
                let (plus, minus) = of_w(a, b);
                z += 0.5 * cell.moments[a][b] * (plus - minus);
                let most = 0.5 * (plus.abs() + minus);
                size += cell.size(a, b) * most;
                unknown += cell.lost[a][b] * most;
                parts += cell.size(a, b) * (2.0 * k * (r[a] * r[b]).abs() / u + same(a, b));
            }
        }
        let epsilons = epsilons::<T>(kernel, d2) + CELL * T::EPSILON.to_f64();
        self.pull.z += z;
        self.rounding.0 += epsilons * size + unknown + smallest::<T>() * (FEW * (1.0 + cell.mass) + parts);

        let (mut sizes, mut unknowns, mut lost) = ([0.0; D], [0.0; D], 0.0);
        for c in 0..D {
            let mut force = cell.mass * f * r[c];
            sizes[c] = force.abs();
            for a in 0..D {
                for b in 0..D {
                    let (plus, minus) = of_f(a, b);
                    let turned = same(b, c) * slope(a) + same(a, c) * slope(b);
                    force += 0.5 * cell.moments[a][b] * (r[c] * (plus - minus) + turned);
                    let most = 0.5 * (r[c].abs() * (plus.abs() + minus) + turned.abs());
                    sizes[c] += cell.size(a, b) * most;
                    unknowns[c] += cell.lost[a][b] * most;
                    let weight = 2.0 * k * l * (r[a] * r[b]).abs() / u + k * same(a, b);
                    lost += cell.size(a, b) * (2.0 * weight * r[c].abs() + 2.0 * k * same(b, c) * r[a].abs() / u);
                }
            }
            self.pull.force[c] += force;
        }
        self.rounding.1 += epsilons * length(&sizes) + length(&unknowns);
        self.rounding.1 += smallest::<T>() * (FEW * (1.0 + cell.mass) * (1.0 + d2.sqrt()) + lost);
    }
}

fn length<const D: usize>(vector: &[f64; D]) -> f64 {
    vector.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// How far the term of a point may be off in a sum, relative to the term, for sums of up to [`MOST`] points and distances up to
/// [`WIDEST`] on each axis. In epsilons of the type:
///
/// - The argument of the kernel: a difference by half an epsilon, its square by three halves, up to two additions, the reciprocal of
///   `dof` and the product with it: 3.5, which the weight multiplies by `dof` at most.
/// - The weight: by its exponent, 2.5 `(1 + |ln|)` as `tsne_core::math::inverse_power` has it, and half of `|ln|` more, since `dof` is
///   rounded too. By products and roots it is less: 1 for a reciprocal, as often as `dof` says, and half for each product.
/// - The weight of the force is by one reciprocal more: 3.5, 1, and half for the product. Mass, difference and what becomes of the sum
///   are three halves. Together less than 8.
/// - The sum: up to 31 additions in a lane and four across lanes, half an epsilon each: 18.
///
/// What is computed in `f64`, [`DOUBLE`], counts only where that is the type.
fn epsilons<T: Scalar>(kernel: Kernel, d2: f64) -> f64 {
    let dof = kernel.dof();
    let logarithm = dof * (d2 / dof).ln_1p();
    (2.5 + 3.0 * logarithm + 3.5 * dof + 8.0 + 18.0) * T::EPSILON.to_f64() + DOUBLE * f64::EPSILON
}

/// In epsilons of `f64`, relative to the terms: the sums over the sources and then over the points of a map, by the oracle and by the
/// tree, are [`MOST`] additions each; second moments are as many sums of three roundings; and a term by the oracle takes the argument
/// to a power of up to `dof + 3`, 3.5 of it each, and less than 30 other operations.
const DOUBLE: f64 = 0.5 * (4.0 + 3.0) * MOST as f64 + 50.0;

/// How many epsilons more than that of a point the action of a cell rounds by. Moments, half; with the attraction, 3.5 and 1, the
/// difference, half, and two products they make a vector, two additions: 7.5. This with the difference again, 1 and an addition or
/// two, 9.5; with a factor of the kernel, 1, 10.5; the trace taken off, half of the three that it and its factor have beside, 12.
/// The weight of that is the force's with the attraction, 5 more, and products with it, the difference, and an addition, 1.5: 18.5, and
/// it is less for the other part of the force.
const CELL: f64 = 20.0;

/// In how many places of the action of a cell, each for a mass of 1 or a distance of 1, the smallest number may be lost beside those
/// in which a weight is (of which moments are the factor: `parts`, and `lost` twice, once for the weight and once for its product with
/// an attraction). A moment, a product with it and their sum with a difference are off by the smallest number: they act by
/// `2 k l (r_a r_b) / u`, which is less than `2 k l dof`, 20, for each of nine pairs of axes. The product of an attraction and a difference
/// acts by a moment besides: of a cell that acts as a whole it is less than the mass times `θ² (r² + ½)`, which a weight makes less
/// than the mass times 2.
const FEW: f64 = 1e3;

/// A cell that acts as a whole.
struct Mass<T, const D: usize> {
    /// Where the tree has it, in the type of the points: whether this is the mean of the points is looked at elsewhere.
    center: [T; D],
    mass: f64,
    /// `Σ δ_a δ_b` over its points, about their mean.
    moments: [[f64; D]; D],
    /// What no one knows of them, see [`Mass::new`].
    lost: [[f64; D]; D],
}

impl<T: Scalar, const D: usize> Mass<T, D> {
    /// The moments are those of the differences to the first point, so that it does not matter where the cell is. In a tree, they are
    /// made of those of parts of the cell and of the differences of their means, which are numbers at their place:
    ///
    /// A mean rounds by an epsilon of the largest coordinate or two, where eight points or two parts make it, and so does each part of
    /// it: by `e`, 8 epsilons for each of its points, at most, and not at all on an axis on which all are at one place. A part of `m`
    /// points at a difference of `d`, which is off by `2 e`, adds `m d_a d_b` or less, off by `m (2 d_a e_b + 2 d_b e_a + 4 e_a e_b)`. All
    /// parts that are made of the same points are fewer than these, and differences halve from level to level, or are none: a cell
    /// whose points are much nearer to each other than its side is, has them on both sides of one of its middles, of which each axis
    /// has one. Together differences are less than 8 times the extent.
    fn new(center: [T; D], members: &[[T; D]]) -> Self {
        let mass = members.len() as f64;
        let origin = members[0];
        let offset = |p: &[T; D], c: usize| p[c].to_f64() - origin[c].to_f64();
        let mean: [f64; D] = array::from_fn(|c| members.iter().map(|p| offset(p, c)).sum::<f64>() / mass);
        let mut moments = [[0.0; D]; D];
        for p in members {
            let place: [f64; D] = array::from_fn(|c| offset(p, c) - mean[c]);
            for a in 0..D {
                for b in 0..D {
                    moments[a][b] += place[a] * place[b];
                }
            }
        }
        let column = |c: usize| members.iter().map(move |p| p[c].to_f64());
        let extents: [f64; D] =
            array::from_fn(|c| column(c).fold(f64::MIN, f64::max) - column(c).fold(f64::MAX, f64::min));
        let e: [f64; D] = array::from_fn(|c| {
            let largest = column(c).fold(0.0, |most: f64, v| most.max(v.abs()));
            if extents[c] > 0.0 { 8.0 * (mass + 2.0) * f64::EPSILON * largest } else { 0.0 }
        });
        let lost = array::from_fn(|a| {
            array::from_fn(|b| mass * (16.0 * (extents[a] * e[b] + extents[b] * e[a]) + 4.0 * mass * e[a] * e[b]))
        });
        Self { center, mass, moments, lost }
    }

    /// The most that `Σ |δ_a δ_b|` may be, however the sum is made of parts.
    fn size(&self, a: usize, b: usize) -> f64 {
        (self.moments[a][a] * self.moments[b][b]).sqrt()
    }
}

/// The walks through a tree with one threshold.
pub(super) struct Walks<'a, T, const D: usize> {
    kernel: Kernel,
    theta: f64,
    tree: &'a Tree<T, D>,
    /// The points in the order of the tree.
    points: Vec<[T; D]>,
    order: Vec<usize>,
}

impl<'a, T: Scalar, const D: usize> Walks<'a, T, D> {
    pub(super) fn new(kernel: Kernel, theta: f64, tree: &'a Tree<T, D>, y: &[[T; D]]) -> Self {
        let order: Vec<usize> = tree.order().collect();
        Self { kernel, theta, tree, points: order.iter().map(|&i| y[i]).collect(), order }
    }

    /// What acts on a new point; `None` where rounding decides which cells do.
    pub(super) fn query(&self, y: &[T; D]) -> Option<Sum<D>> {
        self.walk(&[*y], None).map(|sums| sums[0])
    }

    /// What acts on each of the points, in their own order; none where rounding decides.
    pub(super) fn all(&self) -> Vec<Option<Sum<D>>> {
        let mut groups = Vec::new();
        self.tree.visit(|cell| {
            let is_group = cell.count <= GROUP || cell.is_leaf;
            if is_group {
                groups.push(cell.start..cell.start + cell.count);
            }
            !is_group
        });
        let mut all = vec![None; self.points.len()];
        for group in groups {
            if let Some(sums) = self.walk(&self.points[group.clone()], Some(group.clone())) {
                group.zip(sums).for_each(|(i, sum)| all[self.order[i]] = Some(sum));
            }
        }
        all
    }

    /// The walk of `targets`, which may be a range of the points themselves.
    fn walk(&self, targets: &[[T; D]], own: Option<Range<usize>>) -> Option<Vec<Sum<D>>> {
        let (mut cells, mut single) = (Vec::new(), Vec::new());
        let mut is_known = true;
        self.tree.visit(|cell| {
            let range = cell.start..cell.start + cell.count;
            if let Some(own) = own.as_ref().filter(|own| range.start <= own.start && own.end <= range.end) {
                // What is within the group acts one by one, below.
                return range != *own;
            }
            let is_far = self.is_far(&cell, targets);
            is_known &= is_far.is_some();
            match is_far {
                Some(true) => cells.push(Mass::new(cell.center, &self.points[range])),
                Some(false) if cell.is_leaf => single.extend_from_slice(&self.points[range]),
                Some(false) => return true,
                None => {}
            }
            false
        });
        let sums = targets.iter().enumerate().map(|(i, y)| {
            let mut sum = match own {
                Some(_) => Sum::over(self.kernel, y, targets, Some(i)),
                None => Sum::ZERO,
            };
            single.iter().for_each(|source| sum.add(self.kernel, y, source));
            cells.iter().for_each(|cell| sum.add_cell(self.kernel, y, cell));
            sum
        });
        is_known.then(|| sums.collect())
    }

    /// Whether a cell acts as a whole on all points of a box: `side² < θ² (distance² + ½ min(dof, 1))`. Cells without a side do,
    /// except for `θ = 0`, where they act point by point, which is the same.
    ///
    /// Each side is a sum of positive terms, so that it rounds by half an epsilon for each operation: a difference, a square, which has
    /// it twice, and up to two additions, 2.5; `θ²` and the product with it, 1; an addition; the square of the side, half. In `f64` it is
    /// as much again here, and the root that `side` is. Squares that are too small for a number are nothing beside `½ θ² min(dof, 1)`.
    fn is_far(&self, cell: &Cell<T, D>, targets: &[[T; D]]) -> Option<bool> {
        let theta2 = self.theta * self.theta;
        let distance: [f64; D] = array::from_fn(|c| {
            let column = || targets.iter().map(|y| y[c].to_f64());
            let (low, high) = (column().fold(f64::MAX, f64::min), column().fold(f64::MIN, f64::max));
            let center = cell.center[c].to_f64();
            (low - center).max(center - high).max(0.0)
        });
        let near = 0.5 * self.kernel.dof().min(1.0);
        let most = theta2 * (distance.iter().map(|d| d * d).sum::<f64>() + near);
        let side2 = cell.side * cell.side;
        let is_known = (side2 - most).abs() > 16.0 * T::EPSILON.to_f64() * most || most == 0.0;
        is_known.then_some(side2 < most)
    }
}
