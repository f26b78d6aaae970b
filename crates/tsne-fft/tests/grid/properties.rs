//! Clouds that t-SNE does not make, but callers do.

use crate::common::{LAGRANGE, cast, forces, grid, normalizer, signed};
use proptest::prelude::*;
use tsne_fft::{GridParams, GridScalar};

#[derive(Debug, Clone, Copy)]
enum Form {
    Uniform,
    Duplicates,
    Equal,
    Collinear,
    ConstantAxis,
    TwoClumps,
}

const FORMS: [Form; 6] =
    [Form::Uniform, Form::Duplicates, Form::Equal, Form::Collinear, Form::ConstantAxis, Form::TwoClumps];

/// Coordinates are numbers of `f32`.
fn make<const D: usize>(form: Form, n: usize, scale: f64, seed: u64) -> Vec<[f64; D]> {
    let uniform = |i: usize| -> [f64; D] { std::array::from_fn(|c| signed(seed, c as u64, i)) };
    let point = |i: usize| match form {
        Form::Uniform => uniform(i),
        Form::Duplicates => uniform(i / 5),
        Form::Equal => uniform(0),
        Form::Collinear => std::array::from_fn(|c| signed(seed, 0, i) * (1.0 + c as f64) / D as f64),
        Form::ConstantAxis => {
            let mut point = uniform(i);
            point[seed as usize % D] = 0.25;
            point
        }
        Form::TwoClumps => uniform(i).map(|v| if i % 2 == 0 { 1.0 + 1e-3 * v } else { -1.0 + 1e-3 * v }),
    };
    (0..n).map(|i| point(i).map(|v| f64::from((v * scale) as f32))).collect()
}

fn check<T: GridScalar, const D: usize>(params: GridParams, dof: f64, y: &[[f64; D]], bound: f64) {
    let n = y.len();
    let (z, out) = grid::<T, D>(params, dof, &cast(y));
    assert!(out.iter().flatten().all(|v| v.is_finite()));
    if n < 2 {
        assert!(z == 0.0 && out.iter().flatten().all(|v| *v == T::ZERO));
        return;
    }
    let pairs = n as f64 * (n - 1) as f64;
    assert!(z > 0.0 && z <= pairs, "{n} points: Z = {z}");
    let exact_z = normalizer(dof, y);
    assert!((z - exact_z).abs() <= bound * pairs, "{n} points: Z = {z}, not {exact_z}");
    for (given, exact) in out.iter().zip(forces(dof, y, 1)) {
        for c in 0..D {
            let error = (given[c].to_f64() - exact[c]).abs();
            assert!(error <= bound * n as f64, "{n} points: {given:?}, not {exact:?}");
        }
    }
}

/// The most that the grid at the default spacing may err for one pair, in force and weight (both at most about 0.5 and 1).
///
/// The spectrum of the kernel beyond the Nyquist frequency `K = π/h` is lost, and as much comes back by aliasing when
/// charges are spread and when the potential is read. In one dimension, the sharpest case, the spectrum of `1/(1 + r²)`
/// is `π exp(-k)`: the force beyond `K` is at most `(K + 1) exp(-K) / 2 = 4.2e-4`, three times that is 1.3e-3, 1.7
/// times for splines of order 4. Heavier tails are sharper by the root: for `dof = 1/2` it is `exp(-K/√2)`, some ten
/// times as much.
const PAIR: f64 = 2.5e-3;
const PAIR_HEAVY: f64 = 2.5e-2;

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn few_points_are_summed_to_rounding(
        n in 0usize..100, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..8.0, seed in 0u64..1000,
    ) {
        let scale = 10f64.powf(exponent);
        for dof in [0.5, 1.0, 2.0] {
            // A term errs by some ten epsilons and is at most 1; the force of a pair too, whatever its distance.
            check::<f64, 1>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f64, 2>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f64, 3>(GridParams::default(), dof, &make(form, n, scale, seed), 1e-14);
            check::<f32, 2>(GridParams::default(), dof, &make(form, n, scale, seed), 2e-6);
        }
    }

    #[test]
    fn splines_are_near_the_oracle_on_any_cloud(
        n in 0usize..2500, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        let scale = 10f64.powf(exponent);
        check::<f32, 1>(GridParams::default(), 1.0, &make(form, n, scale, seed), PAIR);
        check::<f32, 2>(GridParams::default(), 1.0, &make(form, n, scale, seed), PAIR);
        check::<f64, 2>(GridParams::default(), 2.0, &make(form, n, scale, seed), PAIR);
        check::<f64, 2>(GridParams::default(), 0.5, &make(form, n, scale, seed), PAIR_HEAVY);
    }

    #[test]
    fn lagrange_stays_finite_on_any_cloud(
        n in 0usize..600, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        // Polynomials of degree 2 through nodes 1/3 apart err by up to h³ |w'''| / (9√3) = 1 % of the kernel's
        // third derivative, which is below 5; spreading and reading, and an error of the moments that the distance
        // from the middle multiplies, add up on maps of up to 680: only bounds hold there.
        let scale = 10f64.powf(exponent);
        let bound = if scale < 10.0 { 0.1 } else { 30.0 };
        check::<f32, 1>(LAGRANGE, 1.0, &make(form, n, scale, seed), bound);
        check::<f32, 2>(LAGRANGE, 1.0, &make(form, n, scale, seed), bound);
    }
}

proptest! {
    // Convolutions of 16 million nodes: some only.
    #![proptest_config(ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn splines_are_near_the_oracle_on_huge_clouds(
        n in 2000usize..2500, form in prop::sample::select(&FORMS[..]), exponent in 2.5f64..8.0, seed in 0u64..1000,
    ) {
        check::<f32, 2>(GridParams::default(), 1.0, &make(form, n, 10f64.powf(exponent), seed), PAIR);
    }

    #[test]
    fn splines_are_near_the_oracle_on_any_cloud_in_three_dimensions(
        n in 4100usize..4500, form in prop::sample::select(&FORMS[..]), exponent in -8.0f64..2.0, seed in 0u64..1000,
    ) {
        check::<f32, 3>(GridParams::default(), 1.0, &make(form, n, 10f64.powf(exponent), seed), PAIR);
    }
}
