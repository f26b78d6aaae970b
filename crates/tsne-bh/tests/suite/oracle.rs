//! The oracle itself: two points by hand, and the force as a derivative.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, oracle, pull};
use tsne_core::Kernel;

#[test]
fn two_points_have_the_closed_form() {
    // Distance 2: w = 1 / 5, and the force 2 w². For dof = 2: w = 1 / 9, and the force 2 / 27.
    let y = [[1.0f64, 1.0], [1.0, 3.0]];
    for (dof, w, force) in [(1.0, 0.2, 0.08), (2.0, 1.0 / 9.0, 2.0 / 27.0)] {
        let pulls = oracle(Kernel::new(dof).unwrap(), &y);
        for (pull, sign) in pulls.iter().zip([-1.0, 1.0]) {
            assert!((pull.z - w).abs() < 1e-15);
            assert!(pull.force[0].abs() < 1e-15);
            assert!((pull.force[1] - sign * force).abs() < 1e-15);
            assert!((pull.size - force).abs() < 1e-15);
        }
    }
}

/// `d z / d y = -2 F`: each term `(1 + d²/dof)^-dof` has the derivative `-2 (1 + d²/dof)^-(dof+1) (y - y_j)`.
fn check<const D: usize>() {
    let y = blobs::<D>(50, 5.0, 3);
    for dof in [0.5, 1.0, 2.0, 3.7] {
        let kernel = Kernel::new(dof).unwrap();
        let at = [0.3; D];
        let force = pull(kernel, &at, &y, None).force;
        let h = 1e-5;
        for a in 0..D {
            let shifted = |by: f64| {
                let mut at = at;
                at[a] += by;
                pull(kernel, &at, &y, None).z
            };
            let derivative = (shifted(h) - shifted(-h)) / (2.0 * h);
            // Central differences: h² times a third derivative of 50 terms of order 10 each, and 50 epsilon / h.
            assert!((derivative + 2.0 * force[a]).abs() < 1e-7, "dof {dof}: {derivative} and {}", force[a]);
        }
    }
}

#[test]
fn the_force_is_minus_half_the_derivative_of_z() {
    check::<1>();
    check::<2>();
    check::<3>();
}
