//! Parameters and outcomes in documents.

use serde_json::{from_str, json, to_string, to_value};
use tsne_optim::{Evaluation, Finish, Momentum, Outcome, Phase, PhaseState, Transition};

#[test]
fn phases_come_back_and_may_be_some_fields_only() {
    let phase = Phase::default()
        .iterations(7)
        .exaggeration(4.0)
        .max_step_norm(None)
        .min_grad_norm(1e-8)
        .transition(Transition::from_phase(&Phase::default().momentum(0.5), 3));
    let text = to_string(&phase).unwrap();
    assert_eq!(from_str::<Phase>(&text).unwrap(), phase, "{text}");
    assert_eq!(from_str::<Phase>(r#"{"momentum": 0.5}"#).unwrap(), Phase::default().momentum(0.5));
    assert_eq!(from_str::<Phase>(r#"{"max_step_norm": null}"#).unwrap(), Phase::default().max_step_norm(None));
    assert!(from_str::<Phase>(r#"{"momentun": 0.5}"#).unwrap_err().to_string().starts_with("unknown field"));
    // A transition has no defaults, and what is out of range is for `check` to find.
    assert!(from_str::<Phase>(r#"{"transition": {"iterations": 3}}"#).is_err());
    assert!(from_str::<Phase>(r#"{"max_grad_norm": "inf"}"#).unwrap().check().is_err());
    assert_eq!(to_value(Momentum::Nesterov).unwrap(), "nesterov");
}

#[test]
fn outcomes_come_back_also_with_a_divergence_that_is_no_number() {
    let outcome: Outcome = from_str(r#"{"iterations": 3, "finish": "stopped", "kl_divergence": 1.5}"#).unwrap();
    assert_eq!((outcome.iterations, outcome.finish, outcome.kl_divergence), (3, Finish::Stopped, Some(1.5)));
    assert_eq!(from_str::<Outcome>(&to_string(&outcome).unwrap()).unwrap(), outcome);
    assert_eq!(
        to_value(Outcome::default()).unwrap(),
        json!({"iterations": 0, "finish": "completed", "kl_divergence": null})
    );
    assert_eq!(from_str::<Outcome>("{}").unwrap(), Outcome::default());
    let evaluation = Evaluation::new(Some(f64::INFINITY));
    assert_eq!(to_value(evaluation).unwrap(), json!({"kl_divergence": "inf"}));
    assert_eq!(from_str::<Evaluation>(r#"{"kl_divergence": "inf"}"#).unwrap(), evaluation);
    let state = PhaseState::new(30, Some(1.25));
    assert_eq!(from_str::<PhaseState>(&to_string(&state).unwrap()).unwrap(), state);
}
