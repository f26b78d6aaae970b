//! Every form of the kernel for inner loops against the formula in double precision.

use tsne_core::{Kernel, Profile, ProfileVisitor, Scalar};

/// `w` and force of one squared distance, and the attraction.
struct At<T>(T);

impl<T: Scalar> ProfileVisitor<T> for At<T> {
    type Output = (T, T, T);
    fn visit<P: Profile<T>>(self, profile: P) -> (T, T, T) {
        let (w, force) = profile.weight_and_force(self.0);
        (w, force, profile.attraction(self.0))
    }
}

/// Bounds in units of the last place, counted along the operations of a form, each of them wrong by at most half a
/// unit.
///
/// The base `1 + d² · (1/dof)` has four operations with the division that inverts it: 2 units. A product of `dof` of
/// them: `2 dof`, and half a unit for each product; one more factor in the force. A square root halves the error of its
/// argument. As a power by logarithm and exponential, the exponent `e` is wrong by 3 units of itself, and the result by `3 |e| + 1`.
fn bound(dof: f64, weight: f64) -> f64 {
    if (2.0 * dof).fract() == 0.0 && dof <= 8.0 { 2.5 * dof + 4.0 } else { 3.0 * weight.ln().abs() + 4.0 }
}

#[track_caller]
fn check<T: Scalar>(dof: f64) {
    let kernel = Kernel::new(dof).unwrap();
    let mut compared = 0;
    for step in 0..=120 {
        // 0 and 1e-12 .. 1e8, as numbers of the type under test.
        let d2 = T::from_f64(if step == 0 { 0.0 } else { 10f64.powf(f64::from(step) / 6.0 - 12.0) });
        let base = 1.0 + d2.to_f64() / dof;
        let weight = base.powf(-dof);
        let force = weight / base; // The exponent -dof - 1 would be rounded.
        if force < 1e-36 {
            continue; // Close to the smallest normal number of `f32`.
        }
        let (w, f, a) = kernel.visit(At(d2));
        // The formula's own error: its base has two roundings, which the power multiplies, and two units of its own.
        let own = (dof + 3.0) * f64::EPSILON;
        let units = bound(dof, weight) * T::EPSILON.to_f64() + own;
        let at = |what: &str| format!("{what}, {}, dof {dof}, d² {d2}", T::NAME);
        assert!((w.to_f64() - weight).abs() <= units * weight, "{}", at("weight"));
        assert!((f.to_f64() - force).abs() <= (units + 3.0 * T::EPSILON.to_f64()) * force, "{}", at("force"));
        let attraction = 2.0 * T::EPSILON.to_f64() + 2.0 * f64::EPSILON;
        assert!((a.to_f64() - 1.0 / base).abs() <= attraction / base, "{}", at("attraction"));
        compared += 1;
    }
    assert!(compared > 60, "{compared} distances are too few to mean anything");
}

#[test]
fn every_form_meets_its_bound() {
    // Cauchy; half-integer with no, one and seven whole powers; integer with 2 and 8; powers in general.
    for dof in [1.0, 0.5, 1.5, 7.5, 2.0, 8.0, 3.3, 0.7, 0.001, 8.5, 30.0] {
        check::<f32>(dof);
        check::<f64>(dof);
    }
}

/// `w(d²)` to about one unit of `f64`: what its base lost, from the quotient and the sum, is added in the first order.
fn reference(dof: f64, d2: f64) -> f64 {
    let a = d2 / dof;
    let base = 1.0 + a;
    let (large, small) = if a > 1.0 { (a, 1.0) } else { (1.0, a) };
    let lost = small - (base - large) + a.mul_add(-dof, d2) / dof;
    base.powf(-dof) * (1.0 - dof * lost / base)
}

/// The largest error of weights by powers in general, over `1 + |ln w|`, in units in the last place, of squared distances from the
/// smallest numbers to the largest.
#[track_caller]
fn worst<T: Scalar>(dof: f64, smallest_normal: f64) -> f64 {
    let kernel = Kernel::new(dof).unwrap();
    let dof = T::from_f64(dof).to_f64();
    // Beyond, where the kernel says that it is constant, and below the smallest normal number there are no relative errors.
    let end = T::MAX.to_f64() * (dof / 4.0).min(1.0);
    let (low, high) = (smallest_normal.log10(), end.log10());
    let mut worst = 0f64;
    for step in 0..=30_000 {
        let d2 = T::from_f64(if step == 0 {
            0.0
        } else {
            10f64.powf(low + (high - low) * f64::from(step) / 30_000.0).min(end)
        });
        let weight = reference(dof, d2.to_f64());
        let (w, force, _) = kernel.visit(At(d2));
        if weight < 4.0 * smallest_normal {
            // A few units of the smallest number.
            assert!(w.to_f64() < 4.5 * smallest_normal && force <= w, "dof {dof}, d² {d2}: {w:e} for {weight:e}");
            continue;
        }
        let units = (w.to_f64() - weight).abs() / (T::EPSILON.to_f64() * weight);
        worst = worst.max(units / (1.0 + weight.ln().abs()));
    }
    worst
}

/// The documentation of `math::inverse_power` states the bound; 2.1 is met in `f32` and 2.3 in `f64`.
#[test]
fn powers_in_general_are_as_accurate_as_they_say() {
    for dof in [0.05, 0.1, 0.3, 0.51, 0.8, 0.97, 1.3, 2.7, 3.3, 7.1, 12.3, 30.0, 77.0, 200.0] {
        let (single, double) = (worst::<f32>(dof, f64::from(f32::MIN_POSITIVE)), worst::<f64>(dof, f64::MIN_POSITIVE));
        assert!(single <= 2.5 && double <= 2.5, "dof {dof}: {single} and {double} units");
    }
}

#[test]
fn no_distance_gives_anything_but_a_number() {
    for dof in [1.0, 0.5, 1.5, 2.0, 8.0, 3.3, 0.001, 1000.0] {
        let kernel = Kernel::new(dof).unwrap();
        // The square of a coordinate may overflow: infinitely far away the weights are 0.
        for d2 in [0.0, f32::MIN_POSITIVE, 1.0, f32::MAX, f32::INFINITY] {
            let (w, f, a) = kernel.visit(At(d2));
            for v in [w, f, a] {
                assert!((0.0..=1.0).contains(&v), "dof {dof}, d² {d2}: {v}");
            }
        }
        assert_eq!(kernel.visit(At(f64::INFINITY)), (0.0, 0.0, 0.0));
        assert_eq!(kernel.visit(At(0.0f64)), (1.0, 1.0, 1.0));
    }
}

/// Whether weights and forces of a block have the bits of those one by one.
struct Blocks<T>([T; 64]);

impl<T: Scalar> ProfileVisitor<T> for Blocks<T> {
    type Output = bool;
    fn visit<P: Profile<T>>(self, profile: P) -> bool {
        let (mut weights, mut forces) = ([T::ONE; 64], [T::ONE; 64]);
        profile.weights_and_forces(&self.0, &mut weights, &mut forces);
        self.0.iter().zip(weights.iter().zip(&forces)).all(|(d2, (weight, force))| {
            let (w, f) = profile.weight_and_force(*d2);
            (w.bits(), f.bits()) == (weight.bits(), force.bits())
        })
    }
}

#[test]
fn blocks_have_the_bits_of_single_pairs() {
    for dof in [1.0, 0.5, 1.5, 2.0, 8.0, 3.3, 0.001, 1000.0] {
        let kernel = Kernel::new(dof).unwrap();
        let d2: [f64; 64] = std::array::from_fn(|i| if i == 63 { f64::INFINITY } else { 1e-30 * 17f64.powi(i as i32) });
        assert!(kernel.visit(Blocks(d2)), "dof {dof}");
        assert!(kernel.visit(Blocks(d2.map(|d2| d2 as f32))), "dof {dof}");
    }
}

#[test]
fn weights_fall_with_distance() {
    for dof in [1.0, 0.5, 1.5, 2.0, 8.0, 3.3] {
        let kernel = Kernel::new(dof).unwrap();
        // Steps of 10 % are much larger than the rounding of any form.
        let values: Vec<_> = (0..100).map(|i| kernel.visit(At(0.01 * 1.1f32.powi(i)))).collect();
        assert!(values.windows(2).all(|p| p[0].0 > p[1].0 && p[0].1 > p[1].1 && p[0].2 > p[1].2), "dof {dof}");
    }
}
