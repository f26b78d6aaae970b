//! Closures observe, every 50 iterations.

use std::ops::ControlFlow;
use tsne_core::{Iteration, Observer};

#[test]
fn a_closure_is_an_observer_of_every_fiftieth_iteration() {
    let mut seen = Vec::new();
    let mut closure = |iteration: &Iteration<'_, f32, 2>| {
        seen.push((iteration.index, iteration.embedding.len(), iteration.kl_divergence));
        if iteration.index < 100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let observer: &mut dyn Observer<f32, 2> = &mut closure;
    let wanted: Vec<usize> = (1..=150).filter(|&i| observer.wants(i)).collect();
    assert_eq!(wanted, [50, 100, 150]);
    assert_eq!(observer.observe(&Iteration::new(50, &[[0.0; 2]; 3], 1.5)), ControlFlow::Continue(()));
    assert_eq!(observer.observe(&Iteration::new(100, &[], 1.25)), ControlFlow::Break(()));
    assert_eq!(seen, [(50, 3, 1.5), (100, 0, 1.25)]);
}
