//! Parameters and reports in documents.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json, to_value};
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::Arc;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Uniform};
use tsne::initialization::{CustomInitialization, SpectralParams};
use tsne::{
    AffinityMethod, Callback, CustomOptimizer, CustomRepulsion, EarlyExaggeration, ForceError, Initialization,
    Interpolation, LearningRate, Metric, Momentum, MomentumGains, NeighborSearch, Neighbors, NewPerplexities,
    NotDistances, OptimizeParams, PartialInitialization, Preset, RandomState, RepulsionMethod, RepulsionParams,
    RestartCause, Rows, Schedule, Timings, TransformParams, Tsne, TsneBuilder, Warning,
};

const PRESETS: [Preset; 3] = [Preset::Recommended, Preset::OpenTsne, Preset::Documented];

/// The document of a value, from which the value comes back.
#[track_caller]
fn document<V: Serialize + DeserializeOwned + Debug>(value: &V) -> Value {
    // As text, so that it goes the whole way.
    let text = serde_json::to_string(value).unwrap();
    let back: V = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{back:?}"), format!("{value:?}"), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn refused<V: DeserializeOwned + Debug>(document: Value, why: &str) {
    let error = from_value::<V>(document).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[track_caller]
fn own(value: impl Serialize, why: &str) {
    let error = to_value(value).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{why} is code of your own")), "{error}");
}

#[test]
fn the_parameters_of_every_preset_come_back() {
    for preset in PRESETS {
        assert_eq!(document(&preset), preset.to_string());
        document(&preset.schedule());
        document(&preset.schedule_of_new_points());
        document(&OptimizeParams::<f32, 2>::preset(preset));
        document(&TransformParams::<f64, 3>::preset(preset));
        document(&Tsne::<f32, 2>::preset(preset));
        document(&Tsne::<f64, 1>::preset(preset).build().unwrap());
    }
    let expected = json!({
        "early_exaggeration_iter": 0, "early_exaggeration": "auto", "initial_momentum": "none", "transition_iter": "none",
        "n_iter": 180, "exaggeration": "none", "learning_rate": "auto*2", "momentum_rule": "nesterov",
        "final_momentum": 0.985, "adaptive_momentum": true, "min_grad_norm": "none", "max_grad_norm": "none", "max_step_norm": 5.0,
        "min_kl_improvement": 1e-5, "part": {"start": 0}
    });
    assert_eq!(document(&Preset::Recommended.schedule()), expected);
}

#[test]
fn a_schedule_with_another_value_in_every_field_comes_back_with_its_part() {
    let schedule = Preset::Recommended
        .schedule()
        .early_exaggeration_iter(11)
        .early_exaggeration(4.5)
        .initial_momentum(0.25)
        .transition_iter(3)
        .n_iter(77)
        .exaggeration(1.5)
        .learning_rate(123.25)
        .momentum_rule(Momentum::Classical)
        .final_momentum(0.75)
        .adaptive_momentum(false)
        .min_grad_norm(1e-9)
        .max_grad_norm(0.125)
        .max_step_norm(None)
        .min_kl_improvement(2e-4);
    for schedule in [schedule.part(5..50), schedule.normal(), schedule.early(), schedule] {
        let back: Schedule = from_value(document(&schedule)).unwrap();
        assert_eq!(back, schedule);
    }
}

#[test]
fn parameters_with_another_value_in_every_field_come_back() {
    let params = OptimizeParams::<f32, 2>::preset(Preset::OpenTsne)
        .n_iter(7)
        .negative_gradient_method("bh")
        .theta(0.25)
        .force_tolerance(0.01)
        .n_interpolation_points(5)
        .min_num_intervals(20)
        .ints_in_interval(0.5)
        .interpolation(Interpolation::Lagrange)
        .callbacks_every_iters(3)
        .n_jobs(None);
    document(&params);
    document(&params.repulsion);
    let params = TransformParams::<f32, 2>::preset(Preset::Documented)
        .perplexities(&[3.0, 10.0])
        .initialization(vec![[0.1, -2.0], [1e-30, 3.0]])
        .initialization_std(0.5)
        .k(3)
        .n_iter(9)
        .negative_gradient_method("exact")
        .callbacks_every_iters(4)
        .n_jobs(-2)
        .random_state(u64::MAX);
    document(&params);
    document(&params.affinities(FixedSigma::new(2.0).unwrap()));
    let builder = Tsne::<f64, 2>::documented()
        .perplexities(&[5.0, 50.0])
        .k_neighbors(60)
        .metric(Metric::Minkowski { p: 3.0, weights: Some([1.0, 2.0].into()) })
        .neighbors("exact")
        .keep_data(false)
        .initialization("spectral")
        .initialization_std(0.5)
        .initialization_jitter(0.25)
        .dof(0.5)
        .random_state(RandomState::Fresh)
        .exaggeration(2.0);
    document(&builder);
}

#[test]
fn names_are_the_documented_ones_with_their_aliases() {
    assert_eq!(document(&RepulsionMethod::<f32, 2>::BarnesHut), "bh");
    assert_eq!(from_value::<RepulsionMethod>(json!("barnes-hut")).unwrap(), RepulsionMethod::BarnesHut);
    assert_eq!(document(&Neighbors::<f32>::Approx), "approx");
    assert!(matches!(from_value(json!("annoy")).unwrap(), Neighbors::<f32>::Approx));
    assert_eq!(document(&Metric::Cosine), "cosine");
    assert_eq!(document(&Initialization::<f32, 2>::Pca), "pca");
    assert_eq!(document(&PartialInitialization::<f32, 2>::Weighted), "weighted");
    assert_eq!(document(&Interpolation::BSpline), "b-spline");
    for rate in [LearningRate::Auto, LearningRate::Scaled(0.1), LearningRate::Fixed(0.1)] {
        document(&rate);
    }
    assert_eq!(from_value::<LearningRate>(json!(200)).unwrap(), LearningRate::Fixed(200.0));
    assert_eq!(document(&EarlyExaggeration::Fixed(12.0)), 12.0);
    assert_eq!(document(&RandomState::Fresh), "fresh");
    assert_eq!(document(&RandomState::Seed(u64::MAX)), u64::MAX);
    assert_eq!(document(&NewPerplexities::Fitted), "fitted");
    assert_eq!(document(&NewPerplexities::Given(vec![5.0])), json!([5.0]));
    refused::<Preset>(json!("best"), "preset is \"best\", but must be \"recommended\"");
    refused::<LearningRate>(json!("fast"), "learning_rate is \"fast\"");
    refused::<RandomState>(json!(-1), "a seed, a whole number from 0");
    refused::<Initialization<f32, 2>>(json!([[1.0, 2.0], [3.0]]), "invalid length 1");
    let model = AffinityMethod::<f32>::from(PerplexityAffinity::new(5.0).unwrap());
    assert_eq!(document(&model)["perplexity"]["perplexities"], json!([5.0]));
    assert!(document(&AffinityMethod::<f32>::from(Uniform::default())).get("uniform").is_some());
    assert_eq!(document(&SpectralParams::default()), json!({"tolerance": 1e-4, "max_iterations": 200}));
}

#[test]
fn what_a_document_leaves_out_is_as_its_preset_has_it() {
    // Wherever the preset is named.
    let text = r#"{"schedule": {"n_iter": 1000}, "repulsion": {"theta": 0.25}, "preset": "documented"}"#;
    let params: OptimizeParams<f32, 2> = serde_json::from_str(text).unwrap();
    let expected = OptimizeParams::<f32, 2>::preset(Preset::Documented).n_iter(1000).theta(0.25);
    assert_eq!(format!("{params:?}"), format!("{expected:?}"));
    let builder: TsneBuilder<f32, 2> = from_value(
        json!({"metric": "cosine", "optimize": {"preset": "opentsne", "schedule": {"max_step_norm": null}}}),
    )
    .unwrap();
    let expected = Tsne::<f32, 2>::opentsne().metric("cosine").max_step_norm(None);
    assert_eq!(format!("{builder:?}"), format!("{expected:?}"));
    let empty: TsneBuilder<f64, 2> = from_value(json!({})).unwrap();
    assert_eq!(format!("{empty:?}"), format!("{:?}", Tsne::<f64, 2>::builder()));
    let params: TransformParams<f32, 2> = from_value(json!({"preset": "opentsne", "k": 7})).unwrap();
    assert_eq!(format!("{params:?}"), format!("{:?}", TransformParams::<f32, 2>::preset(Preset::OpenTsne).k(7)));
    assert_eq!(from_value::<RepulsionParams<f32, 2>>(json!({})).unwrap(), RepulsionParams::default());
    let schedule: Schedule = from_value(json!({"part": {"start": 30}})).unwrap();
    assert_eq!(schedule, Preset::Recommended.schedule().part(30..));
}

#[test]
fn unknown_fields_and_fields_that_come_twice_are_errors() {
    refused::<OptimizeParams<f32, 2>>(json!({"n_iter": 7}), "unknown field `n_iter`, expected one of `preset`");
    refused::<OptimizeParams<f32, 2>>(json!({"schedule": {"iterations": 7}}), "unknown field `iterations`");
    refused::<OptimizeParams<f32, 2>>(json!({"optimizer": null}), "unknown field `optimizer`");
    refused::<TransformParams<f32, 2>>(json!({"unknown": []}), "unknown field `unknown`");
    refused::<RepulsionParams<f32, 2>>(json!({"grid": {"cells": 3}}), "unknown field `cells`");
    refused::<Warning>(json!({"restarted": {"cause": {"diverged": 3}, "why": 1}}), "unknown field `why`");
    refused::<Schedule>(json!(7), "a map of fields of Schedule");
    let error = serde_json::from_str::<Schedule>(r#"{"n_iter": 7, "n_iter": 8}"#).unwrap_err();
    assert!(error.to_string().starts_with("duplicate field `n_iter`"), "{error}");
}

#[test]
fn what_is_out_of_range_is_read_and_found_by_the_check() {
    let params: OptimizeParams<f32, 2> = from_value(json!({"schedule": {"initial_momentum": 1.5}})).unwrap();
    assert!(params.check().unwrap_err().to_string().starts_with("initial_momentum is 1.5"));
    let builder: TsneBuilder<f32, 2> = from_value(json!({"dof": 0})).unwrap();
    assert!(builder.build().is_err());
    // What is checked when it is made is checked when it is read.
    refused::<Tsne<f32, 2>>(json!({"dof": 0}), "dof is 0, but must be");
    refused::<Tsne<f32, 2>>(json!({"affinities": {"fixed_sigma": {"sigma": -1.0}}}), "sigma is -1");
}

/// JSON has no such numbers: they are texts.
#[test]
fn numbers_that_are_not_finite_come_back_and_are_found_by_the_check() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let schedule = Preset::OpenTsne.schedule().max_step_norm(number).learning_rate(number);
        assert_eq!(document(&schedule)["max_step_norm"], number.to_string());
        assert!(from_value::<Schedule>(document(&schedule)).unwrap().check().is_err());
        document(&Tsne::<f64, 2>::builder().initialization(vec![[number, 0.0]]).perplexity(number).dof(number));
        document(&Warning::InitialSpread { axis: 0, std: number });
    }
}

#[test]
fn code_of_ones_own_is_refused_and_callbacks_are_left_out() {
    let repulsion = || CustomRepulsion::<f32, 2>::new(tsne::optim::Exact::new);
    own(RepulsionMethod::from(repulsion()), "negative_gradient_method");
    let params = OptimizeParams::preset(Preset::OpenTsne);
    own(params.clone().negative_gradient_method(repulsion()), "negative_gradient_method");
    let optimizer = CustomOptimizer::new(|| MomentumGains::new(Momentum::Classical));
    own(params.clone().optimizer(optimizer), "optimizer");
    own(TransformParams::preset(Preset::OpenTsne).negative_gradient_method(repulsion()), "negative_gradient_method");
    own(Tsne::builder().negative_gradient_method(repulsion()), "negative_gradient_method");
    let search: Arc<dyn NeighborSearch<f32>> = Arc::new(tsne::affinity::ExactSearch::default());
    own(Neighbors::from(search), "neighbors");
    let rule: Arc<dyn tsne::AffinityModel<f32>> = Arc::new(Uniform::default());
    own(AffinityMethod::from(rule), "affinities");
    own(Metric::function(|_, _| 0.0), "metric");
    let start = CustomInitialization::<f32, 2>::new(|_| Ok(Vec::new()));
    own(Initialization::from(start), "initialization");
    let watched = params.clone().callbacks(Callback::new(|_| ControlFlow::Continue(())));
    assert_eq!(to_value(watched).unwrap(), to_value(params).unwrap());
}

/// They are errors of the check, and of a document.
#[test]
fn a_text_that_is_no_name_is_refused() {
    let error = to_value(Preset::OpenTsne.schedule().learning_rate("fast")).unwrap_err();
    assert!(error.to_string().starts_with("learning_rate is \"fast\""), "{error}");
    assert!(to_value(Tsne::<f32, 2>::builder().metric("beeline")).is_err());
    assert!(to_value(TransformParams::<f32, 2>::preset(Preset::OpenTsne).initialization("here")).is_err());
    assert!(to_value(OptimizeParams::<f32, 2>::preset(Preset::OpenTsne).negative_gradient_method("slow")).is_err());
}

#[test]
fn warnings_and_reports_come_back() {
    for warning in [
        Warning::Affinity(tsne::affinity::Warning::NeighborsInExcess { k: 90, needed: 9 }),
        Warning::SpectralInitialization,
        Warning::InitialSpread { axis: 1, std: 2.0 },
        Warning::CoincidingStart,
        Warning::FlatStart,
        Warning::IdenticalPoints,
        Warning::IdenticalNeighbors,
        Warning::NotUnfolded { extent: 1e-9 },
        Warning::Offset { column: 3, offset: 1e9, spread: 1e-3, scalar: "f32" },
        Warning::ColumnScales { columns: 1, of: 3, column: 2, share: 0.999 },
        Warning::NotDistances(NotDistances::Triangle),
        Warning::NotDistances(NotDistances::Asymmetric { row: 0, column: 1, value: 1.0, mirror: 2.0 }),
        Warning::FlownApart { kl_divergence: 9.0, without_structure: 5.0 },
        Warning::Restarted { cause: RestartCause::Diverged(7) },
        Warning::Restarted { cause: RestartCause::Rose { from: 1.0, to: f64::INFINITY } },
    ] {
        document(&warning);
    }
    assert_eq!(document(&Warning::FlatStart), "flat_start");
    refused::<Warning>(
        json!({"offset": {"column": 3, "offset": 1e9, "spread": 1e-3, "scalar": "f16"}}),
        "unknown variant `f16`, expected `f32` or `f64`",
    );
    let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    let tsne = Tsne::<f32, 2>::builder().perplexity(30.0).n_iter(20).build().unwrap();
    let embedding = tsne.fit(Rows::new(&data, 60, 5).unwrap()).unwrap();
    assert_eq!(document(&embedding.warnings().to_vec())[0]["affinity"]["perplexity_clamped"]["n"], 60);
    assert_eq!(document(&embedding.finish()), "completed");
    let timings: Timings = from_value(document(embedding.timings())).unwrap();
    assert_eq!((&timings, timings.normal.iterations), (embedding.timings(), 20));
    let error: ForceError = embedding.force_error(10, tsne::Context::new()).unwrap();
    // Not as text: without its feature `float_roundtrip`, serde_json reads measured numbers to the last digit but one.
    let value = to_value(error).unwrap();
    assert!(value["z_relative"].is_null());
    assert_eq!(from_value::<ForceError>(value).unwrap(), error);
    document(&embedding.params());
}
