//! The tree, and the repulsion by it.

use crate::clouds::{Pull, ROUNDING, crowds, extent, points, pull, pulls, underflow};
use crate::input::Input;
use tsne::bh::{BarnesHut, BarnesHutReference, Tree};
use tsne::{Context, Kernel, Scalar};

/// The most points.
const MOST: usize = 160;

/// Any finite points in one to three dimensions.
pub(crate) fn tree(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(6) {
        0 => check::<f32, 1>(&mut input),
        1 => check::<f64, 1>(&mut input),
        2 => check::<f32, 2>(&mut input),
        3 => check::<f64, 2>(&mut input),
        4 => check::<f32, 3>(&mut input),
        _ => check::<f64, 3>(&mut input),
    }
}

fn check<T: Scalar, const D: usize>(input: &mut Input<'_>) {
    let dof = input.pick(&[1.0, 0.5, 2.0, 0.8, 0.3, 1.7]);
    let kernel = Kernel::new(dof).unwrap();
    let theta = f64::from(input.byte()) / 510.0;
    let y: Vec<[T; D]> = if input.flag() { crowds(input, MOST) } else { points(input, MOST) };
    cells(&y);

    let side = extent(&y);
    let exact = pulls(kernel, &y);
    let mut out = vec![[T::INFINITY; D]; y.len()];
    for theta in [0.0, theta] {
        let z = BarnesHut::new(theta).unwrap().repulse(kernel, &y, &mut out, Context::new());
        assert_eq!(z.is_ok(), is_within(&y), "{z:?} of {y:?}");
        let Ok(z) = z else { return };
        let pairs = y.len() as f64 * y.len().saturating_sub(1) as f64;
        assert!((0.0..=pairs * (1.0 + ROUNDING * T::EPSILON.to_f64())).contains(&z), "{z} of {pairs} pairs");
        assert!(out.as_flattened().iter().all(|force| force.is_finite()), "{y:?}: {out:?}");
        if side > 1e8 {
            // Beyond, terms err by more than the bounds below say.
            continue;
        }
        let bound = Bound::new::<T>(theta, dof);
        let exact_z: f64 = exact.iter().map(|pull| pull.z).sum();
        let moved_z: f64 = exact.iter().map(|pull| bound.center * pull.moved.0).sum();
        let lost = underflow::<T>(y.len(), side);
        assert!(
            (z - exact_z).abs() <= bound.z * exact_z + moved_z + y.len() as f64 * lost,
            "θ {theta}: {z} for {exact_z}, {y:?}"
        );
        for (i, (force, pull)) in out.iter().zip(&exact).enumerate() {
            let most = bound.force * pull.size + bound.center * pull.moved.1 + lost;
            let error = pull.error(force);
            assert!(error <= most, "θ {theta}, dof {dof}: {error:e} of {most:e} at point {i} of {y:?}");
        }
    }
    if side <= 1e8 {
        reference(kernel, theta, &y, input);
    }
}

/// How far sums may be from the exact ones, relative to the sizes of their terms.
///
/// The first term that the mean position of a cell does not cancel is the second: half the second moment, at most `side² / 4` on
/// each axis, times the second derivative. A far kernel falls as `d^-p`, `p = 2 dof`, and its second derivatives sum to at most
/// `p (p + 2) d^-(p+2)`; near ones are smaller. With `side < theta d`, `z` errs by `p (p + 2) theta² / 8` and a force, whose
/// power is one higher, by `(p + 1) (p + 3) theta² / 8` of the sizes of its terms: without the second moments, which the tree has.
///
/// That mean is a position in `T`: by half an epsilon of its largest coordinate off on each of up to three axes, and by as much again for
/// the sum that it is made of. What that moves is taken at the points of the cell, which are at most twice as far as the mean: a
/// derivative of power `p + 2` is up to `2^(p + 2)` times as large there.
struct Bound {
    z: f64,
    force: f64,
    center: f64,
}

impl Bound {
    fn new<T: Scalar>(theta: f64, dof: f64) -> Self {
        let p = 2.0 * dof;
        let rounding = ROUNDING * T::EPSILON.to_f64();
        let of = |power: f64| power / 8.0 * theta * theta + rounding;
        let center = 3f64.sqrt() * T::EPSILON.to_f64() * 2f64.powf(p + 2.0);
        Self { z: of(p * (p + 2.0)), force: of((p + 1.0) * (p + 3.0)), center }
    }
}

/// New points: some of the old ones, and one of its own place.
fn reference<T: Scalar, const D: usize>(kernel: Kernel, theta: f64, y: &[[T; D]], input: &mut Input<'_>) {
    let reference = BarnesHutReference::new(kernel, y, theta, Context::new()).unwrap();
    let mut new: Vec<[T; D]> = y.iter().step_by(7).copied().collect();
    new.push(std::array::from_fn(|_| T::from_f64(f64::from(input.byte()) - 100.0)));
    let (mut out, mut z) = (vec![[T::INFINITY; D]; new.len()], vec![T::INFINITY; new.len()]);
    let repulsed = reference.repulse(&new, &mut out, &mut z, Context::new());
    assert_eq!(repulsed.is_ok(), is_within(&new), "{repulsed:?} of {new:?}");
    if !is_within(&new) {
        return;
    }
    let bound = Bound::new::<T>(theta, kernel.dof());
    let lost = underflow::<T>(y.len(), extent(y) + 1e3);
    // As for the points themselves: beyond, terms err by more than the bounds below say.
    let is_near = |query: &[T; D]| y.first().is_none_or(|point| extent(&[*query, *point]) <= 1e8);
    for ((query, force), z) in new.iter().zip(&out).zip(&z).filter(|((query, _), _)| is_near(query)) {
        let expected: Pull<D> = pull(kernel, query, y, None);
        let most_z = bound.z * expected.z + bound.center * expected.moved.0 + lost;
        assert!((z.to_f64() - expected.z).abs() <= most_z, "{z} for {expected:?}, {y:?}");
        let most = bound.force * expected.size + bound.center * expected.moved.1 + lost;
        assert!(expected.error(force) <= most, "{force:?} for {expected:?}, {y:?}");
    }
}

/// Whether the tree takes such places: beyond, the difference of two coordinates may be none.
fn is_within<T: Scalar, const D: usize>(y: &[[T; D]]) -> bool {
    y.as_flattened().iter().all(|v| v.to_f64().abs() <= 0.5 * T::MAX.to_f64())
}

/// Cells nest, hold their points, and know their mean.
fn cells<T: Scalar, const D: usize>(y: &[[T; D]]) {
    let mut tree = Tree::new();
    let built = tree.build(y, Context::new());
    assert_eq!(built.is_ok(), is_within(y), "{built:?} of {y:?}");
    if !is_within(y) {
        return;
    }
    let order: Vec<usize> = tree.order().collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..y.len()), "the order is a permutation");
    let (mut count, mut next) = (0, 0);
    let mut open: Vec<std::ops::Range<usize>> = Vec::new();
    tree.visit(|cell| {
        count += 1;
        let range = cell.start..cell.start + cell.count;
        while open.last().is_some_and(|parent| parent.end <= range.start) {
            open.pop();
        }
        if let Some(parent) = open.last() {
            assert!(parent.start <= range.start && range.end <= parent.end && range.len() < parent.len());
        }
        let members = || order[range.clone()].iter().map(|&i| y[i].map(T::to_f64));
        for c in 0..D {
            let (low, high) = members().fold((f64::MAX, f64::MIN), |(l, h), p| (l.min(p[c]), h.max(p[c])));
            // Cells are cut where positions are rounded in `f64`, and sides are kept as squares in `T`, which are lost below 1e-154
            // (1e-19 in `f32`) and too large above its inverse.
            let smallest = if T::NAME == "f32" { 1e-18 } else { 1e-153 };
            let is_kept = cell.side > smallest && cell.side < 1.0 / smallest && cell.side.is_finite();
            assert!(!is_kept || high - low <= cell.side * (1.0 + 1e-6), "the points are in the cell");
            let mean = members().map(|p| p[c] / cell.count as f64).sum::<f64>();
            let scale = low.abs().max(high.abs());
            let bound = (T::EPSILON.to_f64() + 1e-12) * scale + if T::NAME == "f32" { 1e-37 } else { 1e-300 };
            assert!((cell.center[c].to_f64() - mean).abs() <= bound, "the center is the mean: {y:?}");
        }
        if cell.is_leaf {
            assert_eq!(cell.start, next, "leaves cover the points in order");
            next += cell.count;
        }
        open.push(range);
        true
    });
    assert_eq!((next, count), (y.len(), tree.node_count()));
    assert!(count < 2 * y.len().max(1));
}
