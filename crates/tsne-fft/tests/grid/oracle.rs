//! The oracle against closed forms and finite differences: what everything else is tested against.

use crate::common::{at_places, cloud, forces, kernel, normalizer};

const DOFS: [f64; 4] = [0.5, 1.0, 2.0, 3.3];

#[test]
fn two_points_have_their_closed_form() {
    for r in [1e-3f64, 0.3, 1.0, 7.0] {
        // 3-4-5: coordinates that no symmetry hides.
        let y = [[1.0, -2.0], [1.0 + 0.6 * r, -2.0 + 0.8 * r]];
        for (dof, w, f) in [
            (1.0, 1.0 / (1.0 + r * r), 1.0 / (1.0 + r * r).powi(2)),
            (0.5, 1.0 / (1.0 + 2.0 * r * r).sqrt(), 1.0 / (1.0 + 2.0 * r * r).powf(1.5)),
            (2.0, (1.0 + r * r / 2.0).powi(-2), (1.0 + r * r / 2.0).powi(-3)),
            (3.3, (1.0 + r * r / 3.3).powf(-3.3), (1.0 + r * r / 3.3).powf(-4.3)),
        ] {
            // Some ten roundings, of coordinates of size 2 and more.
            let near = |a: f64, b: f64| (a - b).abs() < 1e-14;
            assert!(near(normalizer(dof, &y), 2.0 * w), "dof {dof}, r {r}");
            let force = forces(dof, &y, 1);
            for (i, sign) in [(0, -1.0), (1, 1.0)] {
                assert!(near(force[i][0], sign * 0.6 * r * f), "dof {dof}, r {r}");
                assert!(near(force[i][1], sign * 0.8 * r * f), "dof {dof}, r {r}");
            }
            assert!(near(kernel(dof).weight(r * r), w) && near(kernel(dof).force(r * r), f));
        }
    }
}

#[test]
fn force_is_minus_half_the_gradient_of_the_potential() {
    let y = cloud::<3>(200, 5.0, 3);
    let step = 1e-4;
    for dof in DOFS {
        for at in [[0.1, 0.2, -0.3], [2.0, -1.0, 0.5], [-9.0, 4.0, 4.0]] {
            let (_, force) = at_places(dof, &[at], &y)[0];
            for c in 0..3 {
                let moved = |by: f64| {
                    let mut place = at;
                    place[c] += by;
                    at_places(dof, &[place], &y)[0].0
                };
                let slope = (moved(step) - moved(-step)) / (2.0 * step);
                // Central differences: step²/6 times the third derivative (below 20 for each of the 200 points), and
                // rounding of a potential below 200 over the step.
                let bound = 200.0 * 20.0 / 6.0 * step * step + 200.0 * 1e-15 / step;
                assert!((force[c] + 0.5 * slope).abs() < bound, "dof {dof}: {} against {}", force[c], -0.5 * slope);
            }
        }
    }
}
