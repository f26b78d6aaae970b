//! The normalizer of pairs, and the shares of the divergence, against their definitions in double precision.

use crate::oracle::{affinities, cloud, kernel, kl, normalizer as expected, row, squared_distance, weights, widen};
use std::collections::BTreeMap;
use tsne_core::random::{element_seed, unit};
use tsne_core::{AffinityKind, CancelToken, Context, Error, Kernel, Scalar};
use tsne_optim::{Exact, kl_divergence, kl_shares, normalizer};

/// The relative error of a sum of positive terms, in half units of the last place: `D + 9` roundings of a term, which its power
/// multiplies by at most `dof + 2`, six times the exponent of an exponential, and 64 + 6 additions in `T`.
fn bound<T: Scalar, const D: usize>(dof: f64, extent: f64) -> f64 {
    let exponent = (dof + 1.0) * (D as f64 * extent * extent / dof).ln_1p();
    ((dof + 2.0) * (D as f64 + 9.0) + 6.0 * exponent + 80.0) * T::EPSILON.to_f64() / 2.0 + 1e-12
}

fn check_all<T: Scalar, const D: usize>() {
    // One point, the edges of a step of 64 and of a task, and more than a tile of 4,096.
    for n in [0, 1, 2, 3, 63, 64, 65, 127, 128, 129, 700] {
        for (dof, extent) in [(1.0, 0.0), (1.0, 50.0), (2.0, 3.0), (0.5, 30.0), (0.8, 30.0), (1.0, 1e8)] {
            let y = cloud::<T, D>(n, extent, 5);
            let (z, expected) = (normalizer(kernel(dof), &y, Context::new()).unwrap(), expected(dof, &widen(&y)));
            let error = (z - expected).abs();
            let at = format!("{} D {D} n {n} dof {dof} extent {extent}", T::NAME);
            assert!(error <= bound::<T, D>(dof, extent) * expected, "{at}: {z} {expected}");
        }
    }
}

#[test]
fn it_is_the_sum_over_all_pairs() {
    check_all::<f32, 1>();
    check_all::<f32, 2>();
    check_all::<f64, 2>();
    check_all::<f64, 3>();
    let y = cloud::<f32, 2>(9000, 60.0, 3);
    let (z, expected) = (normalizer(Kernel::CAUCHY, &y, Context::new()).unwrap(), expected(1.0, &widen(&y)));
    // Of many terms, roundings cancel: far below what any report prints.
    assert!((z / expected - 1.0).abs() < 1e-6, "{z} {expected}");
    let mut force = vec![[0.0; 2]; y.len()];
    let exact = Exact::new().repulse(Kernel::CAUCHY, &y, &mut force, Context::new()).unwrap();
    assert!((z / exact - 1.0).abs() < 1e-6, "{z} {exact}");
}

#[test]
fn weights_that_are_lost_in_the_scalar_are_summed_in_double_precision() {
    // Sides of 640 and their twelfth power: 4e-55 for each pair, far below what `f32` holds.
    let y = [[0.0f32, 370.0], [-320.0, -185.0], [320.0, -185.0]];
    let (z, expected) = (normalizer(kernel(12.0), &y, Context::new()).unwrap(), expected(12.0, &widen(&y)));
    assert!(expected < 1e-50 && (z / expected - 1.0).abs() < 1e-12, "{z} {expected}");
    // One near pair holds all of the sum that there is.
    let y = [[0.0f32, 0.0], [1.0, 0.0], [9e3, 0.0]];
    let z = normalizer(kernel(12.0), &y, Context::new()).unwrap();
    assert!((z / (2.0 * (13.0f64 / 12.0).powi(-12)) - 1.0).abs() < 1e-5, "{z}");
}

#[test]
fn it_is_the_same_on_any_number_of_threads() {
    let y = cloud::<f32, 2>(3000, 40.0, 1);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| normalizer(Kernel::CAUCHY, &y, Context::new()).unwrap().to_bits())
    };
    assert!((2..5).all(|threads| on(threads) == on(1)));
}

#[test]
fn it_refuses_and_stops() {
    let token = CancelToken::new();
    token.cancel();
    let cancelled = normalizer(Kernel::CAUCHY, &[[0.0f32]; 3], Context::new().with_cancel(&token));
    assert_eq!(cancelled, Err(Error::Cancelled));
    assert!(matches!(
        normalizer(Kernel::CAUCHY, &[[0.0f32], [f32::NAN]], Context::new()),
        Err(Error::NonFinite { .. })
    ));
}

#[test]
fn shares_are_rows_of_the_divergence() {
    let n = 1500;
    let mut entries = BTreeMap::new();
    for i in 0..n {
        for step in 1..8 {
            let j = (i + step * step) % n;
            let weight = 0.1 + unit(element_seed(3, step as u64, i as u64));
            *entries.entry((i, j)).or_insert(0.0) += weight;
            *entries.entry((j, i)).or_insert(0.0) += weight;
        }
    }
    let p = affinities::<f64>(n, n, AffinityKind::Joint, &entries);
    let y = cloud::<f64, 2>(n, 30.0, 2);
    for dof in [1.0, 0.7] {
        let z = normalizer(kernel(dof), &y, Context::new()).unwrap();
        let shares = kl_shares(&p, kernel(dof), &y, z).unwrap();
        let z_expected = expected(dof, &y);
        for (i, share) in shares.iter().enumerate() {
            let term = |(j, p): (usize, f64)| p * (p * z_expected / weights(dof, squared_distance(y[i], y[j])).0).ln();
            let expected: f64 = row(&p, i).into_iter().map(term).sum();
            // Terms of some 1e-4 times logarithms of some ten, each exact to a few units of 1e-16.
            assert!((share - expected).abs() < 1e-15, "{share} {expected}");
        }
        let sum: f64 = shares.iter().sum();
        assert!(
            (sum - kl(&p, dof, &y)).abs() < 1e-11
                && (sum - kl_divergence(&p, kernel(dof), &y, z, Context::new()).unwrap()).abs() < 1e-11
        );
    }
    assert!(kl_shares(&p, Kernel::CAUCHY, &y, 0.0).is_err() && kl_shares(&p, Kernel::CAUCHY, &y[1..], 1.0).is_err());
}
