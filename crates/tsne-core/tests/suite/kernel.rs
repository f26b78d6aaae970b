//! The kernel in double precision against values that can be computed by hand.

use tsne_core::{Error, Kernel};

fn kernel(dof: f64) -> Kernel {
    Kernel::new(dof).unwrap()
}

fn close(a: f64, b: f64, units: f64) {
    assert!((a - b).abs() <= units * f64::EPSILON * b.abs(), "{a:e} and {b:e}");
}

#[test]
fn values_by_hand() {
    // (dof, d², 1 + d²/dof): w = base^-dof, force = base^-(dof+1), attraction = base^-1.
    for (dof, d2, weight, force, attraction) in [
        (1.0, 3.0, 1.0 / 4.0, 1.0 / 16.0, 1.0 / 4.0),
        (0.5, 1.5, 1.0 / 2.0, 1.0 / 8.0, 1.0 / 4.0),
        (1.5, 4.5, 1.0 / 8.0, 1.0 / 32.0, 1.0 / 4.0),
        (2.0, 2.0, 1.0 / 4.0, 1.0 / 8.0, 1.0 / 2.0),
        (8.0, 8.0, 1.0 / 256.0, 1.0 / 512.0, 1.0 / 2.0),
        (3.3, 0.0, 1.0, 1.0, 1.0),
        (1000.0, 0.0, 1.0, 1.0, 1.0),
    ] {
        let k = kernel(dof);
        assert_eq!(k.dof(), dof);
        // The exponent is at most 9 ln 2 = 6.2 with a few units of relative error, and so is its exponential.
        close(k.weight(d2), weight, 32.0);
        close(k.force(d2), force, 32.0);
        close(k.attraction(d2), attraction, 2.0);
        close(k.weight_m1(d2), weight - 1.0, 32.0);
        close(k.neg_ln_weight(d2), -weight.ln(), 8.0);
    }
}

#[test]
fn far_away_the_weights_keep_their_relative_accuracy() {
    // For d² >> dof: (d²/dof)^-dof (1 + O(dof²/d²)), below one unit here.
    close(Kernel::CAUCHY.weight(1e20), 1e-20, 4.0);
    close(Kernel::CAUCHY.force(1e20), 1e-40, 4.0);
    // The exponent is 0.5 ln 2e20 = 23 and 2 ln 5e19 = 91: that many units, times a few.
    close(kernel(0.5).weight(1e20), 2e20f64.powf(-0.5), 100.0);
    close(kernel(2.0).weight(1e20), 4e-40, 400.0);
    close(kernel(2.0).force(1e20), 8e-60, 600.0);
}

#[test]
fn close_by_the_difference_from_one_keeps_its_relative_accuracy() {
    // w - 1 = -d² + O(d⁴), and -ln w = d² + O(d⁴), whatever the degrees of freedom.
    for dof in [1e-3, 0.5, 1.0, 2.0, 3.3, 1e3] {
        close(kernel(dof).weight_m1(1e-20), -1e-20, 8.0);
        close(kernel(dof).neg_ln_weight(1e-20), 1e-20, 8.0);
    }
}

#[test]
fn the_force_is_the_derivative_of_the_weight() {
    // d w / d (d²) = -force. Central differences: h² times a third derivative of order 10, epsilon / h.
    let h = 1e-5;
    for dof in [0.5, 1.0, 1.5, 2.0, 3.3, 8.0] {
        for d2 in [0.1, 1.0, 7.0] {
            let slope = (kernel(dof).weight(d2 + h) - kernel(dof).weight(d2 - h)) / (2.0 * h);
            assert!((slope + kernel(dof).force(d2)).abs() < 5e-9, "dof {dof}, d² {d2}");
        }
    }
}

#[test]
fn the_force_is_weight_times_attraction() {
    for dof in [0.5, 1.0, 1.5, 2.0, 3.3, 8.0] {
        for d2 in [1e-6, 0.3, 5.0, 1e3] {
            // Exponents up to 9 ln(126) = 44, in the force and in the weight.
            close(kernel(dof).force(d2), kernel(dof).weight(d2) * kernel(dof).attraction(d2), 400.0);
        }
    }
}

#[test]
fn a_pair_costs_the_more_the_less_special_the_kernel_is() {
    assert_eq!(Kernel::CAUCHY.pair_cost(), 1.0);
    let costs = [1.0, 2.0, 2.5, 2.6].map(|dof| kernel(dof).pair_cost());
    assert!(costs.is_sorted_by(|a, b| a < b), "{costs:?}");
    // What is whole or a half has its own form up to 8.
    assert_eq!([8.0, 0.5].map(|dof| kernel(dof).pair_cost()), [costs[1], costs[2]]);
    assert_eq!([8.5, 9.0, 0.25].map(|dof| kernel(dof).pair_cost()), [costs[3]; 3]);
}

#[test]
fn degrees_of_freedom_out_of_range_are_refused() {
    for dof in [0.0, -1.0, 9.9e-4, 1000.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Kernel::new(dof).unwrap_err();
        assert!(matches!(&error, Error::Parameter { name: "dof", .. }));
        let message = error.to_string();
        assert!(message.contains(&dof.to_string()) && message.contains("0.001 to 1000"), "{message}");
    }
    let (low, high) = Kernel::DOF_RANGE;
    assert!(Kernel::new(low).is_ok() && Kernel::new(high).is_ok());
    assert_eq!(Kernel::default(), Kernel::CAUCHY);
    assert_eq!(Kernel::new(1.0), Ok(Kernel::CAUCHY));
}
