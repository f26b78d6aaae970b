//! Every default of every preset, as openTSNE documents it or its release has it. Parameters show in the `Debug` form of the
//! method, by the names of their setters.

use tsne::{Preset, TransformParams, Tsne};

/// The parameters of a preset by name, as they are shown.
#[track_caller]
fn check(shown: &str, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let wanted = format!("{name}: {value}");
        let found = shown.match_indices(&wanted).any(|(at, _)| {
            let before = shown[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let after = shown[at + wanted.len()..].chars().next().is_none_or(|c| ",} )".contains(c));
            before && after
        });
        assert!(found, "{wanted} is not among {shown}");
    }
}

/// What all presets share.
const COMMON: [(&str, &str); 13] = [
    ("perplexities", "None"),
    ("metric", "Euclidean"),
    ("k_neighbors", "None"),
    ("exaggeration", "None"),
    ("force_tolerance", "None"),
    ("theta", "0.5"),
    ("n_interpolation_points", "3"),
    ("min_num_intervals", "50"),
    ("ints_in_interval", "1.0"),
    ("max_grad_norm", "None"),
    ("callbacks", "Callbacks([])"),
    ("callbacks_every_iters", "50"),
    ("random_state", "None"),
];

#[test]
fn the_documented_ones_of_release_0_3() {
    let shown = format!("{:?}", Tsne::<f32, 2>::documented().build().unwrap());
    assert_eq!(shown, format!("{:?}", Tsne::<f32, 2>::preset("documented".parse().unwrap()).build().unwrap()));
    check(&shown, &COMMON);
    check(
        &shown,
        &[
            ("learning_rate", "Fixed(200.0)"),
            ("early_exaggeration_iter", "Some(250)"),
            ("early_exaggeration", "Fixed(12.0)"),
            ("n_iter", "750"),
            ("initial_momentum", "Some(0.5)"),
            ("final_momentum", "Some(0.8)"),
            ("min_grad_norm", "Some(1e-8)"),
            ("max_step_norm", "None"),
            ("n_jobs", "Some(1)"),
            ("neighbors", "Approx"),
            ("method", "Fft"),
            ("initialization", "Pca"),
            ("initialization_jitter", "0.0"),
            ("initialization_std", "0.01"),
            ("dof", "1.0"),
        ],
    );
}

#[test]
fn those_of_release_1_0_4() {
    let shown = format!("{:?}", Tsne::<f32, 2>::opentsne().build().unwrap());
    check(&shown, &COMMON);
    check(
        &shown,
        &[
            ("learning_rate", "Auto"),
            ("early_exaggeration_iter", "Some(250)"),
            ("early_exaggeration", "Auto"),
            ("n_iter", "500"),
            ("initial_momentum", "Some(0.8)"),
            ("final_momentum", "Some(0.8)"),
            ("min_grad_norm", "None"),
            ("max_step_norm", "Some(5.0)"),
            ("n_jobs", "Some(1)"),
            ("neighbors", "Auto"),
            ("method", "Auto"),
            ("initialization", "Pca"),
            ("initialization_jitter", "0.01"),
            ("initialization_std", "0.0001"),
            ("dof", "1.0"),
        ],
    );
}

#[test]
fn the_recommended_ones() {
    let shown = format!("{:?}", Tsne::<f64, 2>::builder().build().unwrap());
    check(&shown, &COMMON);
    let own = [
        ("momentum_rule", "Nesterov"),
        ("learning_rate", "Scaled(2.0)"),
        ("early_exaggeration_iter", "Some(0)"),
        ("initial_momentum", "None"),
        ("n_iter", "180"),
        ("transition_iter", "None"),
        ("final_momentum", "Some(0.985)"),
        ("adaptive_momentum", "true"),
        ("min_kl_improvement", "Some(1e-5)"),
        ("initialization", "Coarse"),
        ("n_jobs", "None"),
        ("neighbors", "Auto"),
    ];
    check(&shown, &own);
    // The momentum depends on the degrees of freedom.
    let x: Vec<f64> = (0..120).map(|i| f64::from((i * 37) % 91)).collect();
    let recommended =
        || Tsne::<f64, 2>::preset(Preset::Exaggerated).perplexity(5.0).n_iter(30).early_exaggeration_iter(0);
    let fit = |builder: tsne::TsneBuilder<f64, 2>| {
        builder.build().unwrap().fit(tsne::Rows::new(&x, 30, 4).unwrap()).unwrap().into_positions()
    };
    assert_eq!(fit(recommended()), fit(recommended().final_momentum(0.97)));
    assert_eq!(fit(recommended().dof(2.0)), fit(recommended().dof(2.0).final_momentum(0.9)));
    assert_ne!(fit(recommended().dof(2.0)), fit(recommended().dof(2.0).final_momentum(0.97)));
}

#[test]
fn those_of_new_points() {
    let shown = |preset| format!("{:?}", TransformParams::<f32, 2>::preset(preset));
    let common = [
        ("perplexities", "Default"),
        ("callbacks", "None"),
        ("n_jobs", "None"),
        ("initialization", "Median"),
        ("k", "25"),
        ("early_exaggeration_iter", "Some(0)"),
        ("max_grad_norm", "Some(0.25)"),
        ("max_step_norm", "None"),
    ];
    for preset in [Preset::Documented, Preset::OpenTsne, Preset::Recommended] {
        check(&shown(preset), &common);
    }
    let documented = [
        ("early_exaggeration", "Fixed(2.0)"),
        ("initialization_std", "0.01"),
        ("exaggeration", "None"),
        ("initial_momentum", "Some(0.5)"),
        ("n_iter", "250"),
    ];
    check(&shown(Preset::Documented), &documented);
    let opentsne = [
        ("early_exaggeration", "Fixed(4.0)"),
        ("exaggeration", "Some(1.5)"),
        ("initial_momentum", "Some(0.8)"),
        ("n_iter", "250"),
    ];
    check(&shown(Preset::OpenTsne), &opentsne);
    for preset in [Preset::Documented, Preset::OpenTsne] {
        let shared = [("learning_rate", "Fixed(0.1)"), ("final_momentum", "Some(0.8)"), ("momentum_rule", "Classical")];
        check(&shown(preset), &shared);
    }
    let recommended = [
        ("learning_rate", "Fixed(1.0)"),
        ("final_momentum", "Some(0.9)"),
        ("momentum_rule", "Nesterov"),
        ("n_iter", "100"),
    ];
    check(&shown(Preset::Recommended), &recommended);
}

#[test]
fn an_automatic_early_exaggeration_is_12_or_that_of_the_normal_phase() {
    let x: Vec<f64> = (0..120).map(|i| f64::from((i * 37) % 91)).collect();
    let x = tsne::Rows::new(&x, 30, 4).unwrap();
    let base = || Tsne::<_, 2>::opentsne().perplexity(5.0).early_exaggeration_iter(20).n_iter(0);
    let fit = |builder: tsne::TsneBuilder<f64, 2>| builder.build().unwrap().fit(x).unwrap().into_positions();
    assert_eq!(fit(base()), fit(base().early_exaggeration(12.0)));
    assert_eq!(fit(base().exaggeration(4.0)), fit(base().early_exaggeration(12.0)));
    assert_eq!(fit(base().exaggeration(16.0)), fit(base().early_exaggeration(16.0)));
}

#[test]
fn every_documented_name_is_read() {
    use tsne::{EarlyExaggeration, Initialization, Neighbors, PartialInitialization};
    type Start = Initialization<f64, 2>;
    type Partial = PartialInitialization<f64, 2>;
    assert_eq!("pca".parse::<Start>(), Ok(Start::Pca));
    assert_eq!("random".parse::<Start>(), Ok(Start::Random));
    assert_eq!("spectral".parse::<Start>(), Ok(Start::Spectral));
    assert_eq!("median".parse::<Partial>(), Ok(Partial::Median));
    assert_eq!("weighted".parse::<Partial>(), Ok(Partial::Weighted));
    assert_eq!("random".parse::<Partial>(), Ok(Partial::Random));
    assert_eq!("auto".parse(), Ok(EarlyExaggeration::Auto));
    assert_eq!("16".parse(), Ok(EarlyExaggeration::Fixed(16.0)));
    for (name, wanted) in [("exact", "exact"), ("approx", "approx"), ("auto", "auto"), ("pynndescent", "approx")] {
        assert_eq!(name.parse::<Neighbors<f32>>().unwrap().to_string(), wanted);
    }
    // What is not known names itself and what is.
    let messages = [
        ("umap".parse::<Start>().unwrap_err().to_string(), "initialization is \"umap\", but must be \"coarse\""),
        ("mean".parse::<Partial>().unwrap_err().to_string(), "initialization is \"mean\", but must be \"median\""),
        (
            "x".parse::<EarlyExaggeration>().unwrap_err().to_string(),
            "early_exaggeration is \"x\", but must be \"auto\"",
        ),
        ("best".parse::<Neighbors<f32>>().unwrap_err().to_string(), "neighbors is \"best\", but must be \"auto\""),
    ];
    for (message, start) in messages {
        assert!(message.starts_with(start), "{message}");
    }
}
