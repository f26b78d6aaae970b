//! The tree, and the repulsion by it.

use super::walk::{MOST, Sum, WIDEST, Walks};
use crate::clouds::{crowds, extent, points};
use crate::input::Input;
use tsne::bh::{BarnesHut, BarnesHutReference, Tree};
use tsne::{Context, Kernel, Scalar};

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
    let tree = cells(&y);

    let side = extent(&y);
    let exact: Vec<Sum<D>> = (0..y.len()).map(|i| Sum::over(kernel, &y[i], &y, Some(i))).collect();
    let mut out = vec![[T::INFINITY; D]; y.len()];
    for theta in [0.0, theta] {
        let z = BarnesHut::new(theta).unwrap().repulse(kernel, &y, &mut out, Context::new());
        assert_eq!(z.is_ok(), tree.is_some(), "{z:?} of {y:?}");
        let (Ok(z), Some(tree)) = (z, &tree) else { return };
        let pairs = y.len() as f64 * y.len().saturating_sub(1) as f64;
        // Weights near 1 round by less than that, and others are smaller.
        assert!((0.0..=pairs * (1.0 + 100.0 * T::EPSILON.to_f64())).contains(&z), "{z} of {pairs} pairs");
        assert!(out.as_flattened().iter().all(|force| force.is_finite()), "{y:?}: {out:?}");
        if side > WIDEST {
            continue;
        }
        let expected = if theta == 0.0 {
            exact.iter().copied().map(Some).collect()
        } else {
            Walks::new(kernel, theta, tree, &y).all()
        };
        if let Some(all) = expected.iter().copied().collect::<Option<Vec<_>>>() {
            let expected_z: f64 = all.iter().map(|sum| sum.pull.z).sum();
            let most: f64 = all.iter().map(|sum| sum.rounding.0).sum();
            let error = (z - expected_z).abs();
            assert!(error <= most, "θ {theta}, dof {dof}: {error:e} of {most:e}, {z} for {expected_z}, {y:?}");
        }
        for (i, (force, sum)) in out.iter().zip(&expected).enumerate() {
            let Some(Sum { pull, rounding: (_, most) }) = sum else { continue };
            let error = pull.error(force);
            assert!(error <= *most, "θ {theta}, dof {dof}: {error:e} of {most:e} at point {i} of {y:?}");
        }
    }
    if side <= WIDEST {
        reference(kernel, theta, &y, input);
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
    let walks = Walks::new(kernel, theta, reference.tree(), y);
    // As for the points themselves.
    let is_near = |query: &[T; D]| y.first().is_none_or(|point| extent(&[*query, *point]) <= WIDEST);
    for ((query, force), z) in new.iter().zip(&out).zip(&z).filter(|((query, _), _)| is_near(query)) {
        let expected = if theta == 0.0 { Some(Sum::over(kernel, query, y, None)) } else { walks.query(query) };
        let Some(Sum { pull, rounding: (most_z, most) }) = expected else { continue };
        let (error_z, error) = ((z.to_f64() - pull.z).abs(), pull.error(force));
        assert!(error_z <= most_z, "θ {theta}, {kernel:?}: {error_z:e} of {most_z:e}, {z} for {pull:?}, {y:?}");
        assert!(error <= most, "θ {theta}, {kernel:?}: {error:e} of {most:e}, {force:?} for {pull:?}, {y:?}");
    }
}

/// Whether the tree takes such places: beyond, the difference of two coordinates may be none.
fn is_within<T: Scalar, const D: usize>(y: &[[T; D]]) -> bool {
    y.as_flattened().iter().all(|v| v.to_f64().abs() <= 0.5 * T::MAX.to_f64())
}

/// The tree of points that it takes: cells nest, hold their points, and know their mean.
fn cells<T: Scalar, const D: usize>(y: &[[T; D]]) -> Option<Tree<T, D>> {
    let mut tree = Tree::new();
    let built = tree.build(y, Context::new());
    assert_eq!(built.is_ok(), is_within(y), "{built:?} of {y:?}");
    if !is_within(y) {
        return None;
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
    Some(tree)
}
