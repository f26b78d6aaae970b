//! Seams are objects, steps can grow, closures observe every 50 iterations.

use std::ops::ControlFlow;
use tsne_core::{
    AffinityModel, Iteration, NeighborIndex, NeighborSearch, Observer, Optimizer, Progress, ReferenceRepulsion,
    Repulsion, Step,
};

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

/// It compiles where every trait of a seam can be named from outside and be an object.
#[test]
fn every_seam_is_an_object() {
    type Data = (Box<dyn NeighborSearch<f32>>, Box<dyn NeighborIndex<f32>>, Box<dyn AffinityModel<f32>>);
    type Map = (Box<dyn Repulsion<f32, 2>>, Box<dyn ReferenceRepulsion<f32, 2>>, Box<dyn Optimizer<f32, 2>>);
    type Listeners = (Box<dyn Observer<f32, 2>>, Box<dyn Progress>);
    assert_eq!(size_of::<(Data, Map, Listeners)>(), 8 * size_of::<&[u8]>());
}

#[test]
fn steps_are_made_by_functions() {
    let step = Step::new(200.0, 0.8);
    assert_eq!((step.learning_rate, step.momentum, step.max_norm), (200.0, 0.8, None));
    assert_eq!(step.with_max_norm(5.0).max_norm, Some(5.0));
    assert_eq!(step.with_max_norm(5.0).with_max_norm(None), step);
}
