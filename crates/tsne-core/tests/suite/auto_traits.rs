//! What can be sent and shared, stays so.

use tsne_core::{
    Affinities, AffinityKind, AffinityModel, CancelToken, Context, Error, Iteration, Kernel, KnnGraph, NeighborIndex,
    NeighborSearch, Optimizer, ReferenceRepulsion, Repulsion, Rows, Stage, Step,
};

fn plain<T: Send + Sync + Unpin>() {}
fn send<T: Send + ?Sized>() {}
fn shared<T: Send + Sync + ?Sized>() {}

#[test]
fn values_are_send_and_sync() {
    plain::<Affinities<f32>>();
    plain::<AffinityKind>();
    plain::<CancelToken>();
    plain::<Context<'_>>();
    plain::<Error>();
    plain::<Iteration<'_, f64, 2>>();
    plain::<Kernel>();
    plain::<KnnGraph<f64>>();
    plain::<Rows<'_, f32>>();
    plain::<Stage>();
    plain::<Step>();
}

#[test]
fn the_seams_are_send_and_where_shared_sync() {
    shared::<dyn NeighborSearch<f32>>();
    shared::<dyn NeighborIndex<f32>>();
    shared::<dyn AffinityModel<f32>>();
    shared::<dyn ReferenceRepulsion<f32, 2>>();
    send::<dyn Repulsion<f32, 2>>();
    send::<dyn Optimizer<f32, 2>>();
}
