//! What can be sent and shared, stays so.

use tsne_optim::{
    Descent, Evaluation, Exact, ExactReference, Finish, Joint, JointState, Momentum, MomentumGains, Outcome, Part,
    Phase, PhaseState, Transition,
};

fn plain<T: Send + Sync + Unpin + std::fmt::Debug>() {}
fn send<T: Send>() {}

#[test]
fn values_are_send_and_sync() {
    plain::<Descent<f32, 2>>();
    plain::<Evaluation>();
    plain::<Exact<f64, 3>>();
    plain::<ExactReference<f32, 2>>();
    plain::<Finish>();
    plain::<Momentum>();
    plain::<MomentumGains<f32, 2>>();
    plain::<Outcome>();
    plain::<JointState<f32, 2>>();
    plain::<Part<'_>>();
    plain::<Phase>();
    plain::<PhaseState>();
    plain::<Transition>();
    // It borrows a repulsion, which is sent but not shared.
    send::<Joint<'_, f32, 2>>();
}
