//! Saved embeddings: what comes back is what was saved, and a wrong file is an error.

use crate::common::{bits, blobs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform};
use tsne::core::ThreadTeam;
use tsne::store::{Reader, Settings, Writer};
use tsne::{
    AffinityMethod, Context, CustomRepulsion, Embedding, Float, Interpolation, Metric, Model, Momentum, Neighbors,
    Preset, RepulsionMethod, Rows, SparseRows, StoreError, TransformParams, Tsne, TsneBuilder,
};

/// A file of its own for each test, removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("tsne-save-{}-{name}.tsne", std::process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

const N: usize = 90;

fn data<T: Float>() -> Vec<T> {
    blobs::<T>(N, 4, 3).0
}

fn short<T: Float>() -> TsneBuilder<T, 2> {
    without_perplexity().perplexity(8.0)
}

fn without_perplexity<T: Float>() -> TsneBuilder<T, 2> {
    Tsne::<_, 2>::preset(Preset::Exaggerated).early_exaggeration_iter(20).n_iter(30)
}

/// Saves and loads, and checks that everything that can be seen is as it was, and goes on as it would.
#[track_caller]
fn round_trip<T: Float, const D: usize>(name: &str, embedding: &Embedding<T, D>) -> Embedding<T, D> {
    let file = File::new(name);
    embedding.save(&file.0).unwrap();
    let loaded = Embedding::<T, D>::load(&file.0).unwrap();
    assert_eq!(bits(embedding.positions()), bits(loaded.positions()));
    assert_eq!(embedding.kl_divergence(), loaded.kl_divergence());
    assert_eq!(embedding.affinities(), loaded.affinities());
    assert_eq!(embedding.optimizer(), loaded.optimizer());
    assert_eq!(embedding.kernel(), loaded.kernel());
    assert_eq!((embedding.iterations(), embedding.finish()), (loaded.iterations(), loaded.finish()));
    assert_eq!(
        (embedding.preset(), embedding.negative_gradient_method()),
        (loaded.preset(), loaded.negative_gradient_method())
    );
    assert_eq!(embedding.random_state(), loaded.random_state());
    // But for the number of threads, which is no property of a map.
    let params = format!("{:?}", embedding.params().n_jobs(None));
    assert_eq!(params, format!("{:?}", loaded.params()));
    let (index, other) = (embedding.affinity_index(), loaded.affinity_index());
    assert_eq!(format!("{:?}", index.method()), format!("{:?}", other.method()));
    assert_eq!(index.has_data(), other.has_data());
    if index.has_data() {
        // Without data there are no new points to measure, and no metric is saved.
        assert_eq!(index.metric(), other.metric());
    }
    assert_eq!(index.graph(), other.graph());
    let further = [embedding, &loaded].map(|e| bits(e.optimized(e.params().n_iter(5)).unwrap().positions()));
    assert_eq!(further[0], further[1]);
    loaded
}

#[test]
fn what_was_saved_comes_back_and_transforms_alike() {
    fn check<T: Float, const D: usize>(name: &str) {
        let x = data::<T>();
        let rows = Rows::new(&x, N, 4).unwrap();
        let tsne = Tsne::<T, D>::builder().perplexity(8.0).early_exaggeration_iter(20).n_iter(30);
        let embedding = tsne.build().unwrap().fit(rows).unwrap();
        let loaded = round_trip(name, &embedding);
        let places = [&embedding, &loaded].map(|e| bits(e.transform(rows).unwrap().positions()));
        assert_eq!(places[0], places[1], "{name}");
    }
    check::<f32, 1>("f32-1");
    check::<f32, 2>("f32-2");
    check::<f64, 2>("f64-2");
    check::<f64, 3>("f64-3");
}

#[test]
fn every_choice_comes_back() {
    let x = data::<f64>();
    let rows = Rows::new(&x, N, 4).unwrap();
    let k = NonZeroUsize::new(12).unwrap();
    let methods: [AffinityMethod<f64>; 4] = [
        PerplexityAffinity::mixture(&[3.0, 9.0]).unwrap().with_symmetrization(Symmetrization::Max).into(),
        PerplexityAffinity::multiscale(&[4.0, 8.0]).unwrap().into(),
        FixedSigma::new(0.7).unwrap().with_neighbors(k).into(),
        Uniform::new(k).with_symmetrization(Symmetrization::Mean).into(),
    ];
    let params = TransformParams::preset(Preset::OpenTsne).n_iter(10);
    for (i, method) in methods.into_iter().enumerate() {
        let embedding = without_perplexity().affinities(method).build().unwrap().fit(rows).unwrap();
        let loaded = round_trip(&format!("method-{i}"), &embedding);
        let places = [&embedding, &loaded].map(|e| e.transform_with(rows, &params, None, Context::new()).unwrap());
        assert_eq!(bits(places[0].positions()), bits(places[1].positions()));
    }
    let positive: Vec<f64> = x.iter().map(|v| v.abs() + 0.5).collect();
    let positive = Rows::new(&positive, N, 4).unwrap();
    let weights: Arc<[f64]> = [0.5, 1.0, 2.0, 1.5].into();
    let inverse: Arc<[f64]> = (0..16).map(|at| if at % 5 == 0 { 2.0 } else { 0.1 }).collect();
    let metrics = [
        Metric::Cosine,
        Metric::minkowski(1.5),
        Metric::Minkowski { p: 3.0, weights: Some(Arc::clone(&weights)) },
        Metric::SEuclidean { variances: None },
        Metric::SEuclidean { variances: Some(weights) },
        Metric::Mahalanobis { inverse_covariance: Some(inverse) },
        Metric::Hellinger,
    ];
    for (i, metric) in metrics.into_iter().enumerate() {
        let embedding = short().metric(metric).build().unwrap().fit(positive).unwrap();
        let loaded = round_trip(&format!("metric-{i}"), &embedding);
        let places = [&embedding, &loaded].map(|e| e.transform_with(positive, &params, None, Context::new()).unwrap());
        assert_eq!(bits(places[0].positions()), bits(places[1].positions()));
    }
    let builder = short()
        .dof(0.5)
        .momentum_rule(Momentum::Classical)
        .learning_rate(30.0)
        .exaggeration(1.5)
        .min_grad_norm(1e-30)
        .max_grad_norm(3.0)
        .max_step_norm(None)
        .negative_gradient_method(RepulsionMethod::Fft)
        .interpolation(Interpolation::Lagrange)
        .n_interpolation_points(4)
        .neighbors(Neighbors::Approx)
        .n_jobs(-2)
        .random_state(5)
        .early_exaggeration(7.5)
        .initial_momentum(0.25)
        .transition_iter(3)
        .k_neighbors(20);
    round_trip("parameters", &builder.build().unwrap().fit(rows).unwrap());
    let tree = RepulsionMethod::BarnesHut;
    let builder = short().force_tolerance(0.05).negative_gradient_method(tree);
    let loaded = round_trip("tolerance", &builder.build().unwrap().fit(rows).unwrap());
    assert!(format!("{:?}", loaded.params()).contains("force_tolerance: Some(0.05)"));
}

#[test]
fn every_input_comes_back() {
    let x = data::<f32>();
    let rows = Rows::new(&x, N, 4).unwrap();
    let tsne = short().build().unwrap();
    let index = tsne.affinities(rows).unwrap();
    let mut loaded = (**round_trip("index", &tsne.fit(index.clone()).unwrap()).affinity_index()).clone();
    loaded.set_perplexity(5.0).unwrap();
    round_trip("affinities", &tsne.fit(index.affinities().clone()).unwrap());
    round_trip("graph", &tsne.fit(index.graph().unwrap()).unwrap());
    round_trip("unoptimized", &tsne.prepare_initial(rows).unwrap());
    let (pointers, columns): (Vec<usize>, Vec<u32>) =
        ((0..=N).map(|i| i * 4).collect(), (0..N).flat_map(|_| 0..4).collect());
    let sparse = SparseRows::new(&pointers, &columns, &x, 4).unwrap();
    let embedding = tsne.fit(sparse).unwrap();
    let loaded = round_trip("sparse", &embedding);
    assert_eq!(
        bits(embedding.transform(sparse).unwrap().positions()),
        bits(loaded.transform(sparse).unwrap().positions())
    );
    let lean = round_trip("lean", &short().keep_data(false).build().unwrap().fit(rows).unwrap());
    assert!(lean.transform(rows).is_err());
}

/// What further calls would take of an early phase comes back, a seed of the fit beside another of the index, and no threads.
#[test]
fn an_early_phase_to_come_a_seed_and_the_threads_of_the_caller() {
    let x = data::<f32>();
    let index = short().random_state(3).build().unwrap().affinities(Rows::new(&x, N, 4).unwrap()).unwrap();
    let tsne = short().random_state(8).early_exaggeration(5.5).initial_momentum(0.25).transition_iter(7).n_jobs(2);
    let embedding = tsne.build().unwrap().fit(index).unwrap();
    let loaded = round_trip("early", &embedding);
    assert_eq!((loaded.random_state(), loaded.affinity_index().random_state()), (8, 3));
    assert_eq!(loaded.params().n_jobs, None);
    let again = |map: &Embedding<f32, 2>| {
        bits(map.optimized(map.schedule().early_exaggeration_iter(9).n_iter(9)).unwrap().positions())
    };
    assert_eq!(again(&embedding), again(&loaded));
}

/// Settings that older files lack; all of today's have them.
const NEWER: [&str; 8] = [
    "seed",
    "early_exaggeration",
    "initial_momentum",
    "transition_iter",
    "adaptive_momentum",
    "beginning",
    "phase.completed",
    "phase.settled",
];

/// The names in the first column of a table of a document, with a question mark behind those that may be missing.
fn names_of(table: &str) -> Vec<(&str, bool)> {
    let rows =
        table.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|name| (name.trim().trim_end_matches(" ?").trim_matches('`'), name.trim().ends_with('?')))
        .collect()
}

/// The table of `docs/model-format.md` names the settings of files, and marks those that may be missing.
#[test]
fn the_settings_are_those_of_the_document() {
    let document = include_str!("../../docs/model-format.md");
    let table = document.split("Settings of the section `embedding`").nth(1).unwrap();
    let names = names_of(table);
    let x = data::<f64>();
    let rows = Rows::new(&x, N, 4).unwrap();
    let fit = |builder: TsneBuilder<f64, 2>| builder.build().unwrap().fit(rows).unwrap();
    let sparse: (Vec<usize>, Vec<u32>) = ((0..=N).map(|i| i * 4).collect(), (0..N).flat_map(|_| 0..4).collect());
    let weights = Metric::Minkowski { p: 3.0, weights: Some([0.5, 1.0, 2.0, 1.5].into()) };
    let every = short().metric(weights).k_neighbors(30).final_momentum(0.7).learning_rate(9.0).force_tolerance(0.05);
    let every = every
        .min_grad_norm(1e-30)
        .max_grad_norm(3.0)
        .max_step_norm(2.0)
        .min_kl_improvement(1e-9)
        .adaptive_momentum(true)
        .transition_iter(0);
    let lean = short().build().unwrap().affinities(rows).unwrap().affinities().clone();
    let maps = [
        fit(every.n_jobs(2)),
        fit(short().learning_rate("auto*2")),
        fit(without_perplexity().affinities(FixedSigma::new(0.7).unwrap())),
        short().build().unwrap().fit(short().build().unwrap().affinities(rows).unwrap()).unwrap(),
        short().build().unwrap().fit(SparseRows::new(&sparse.0, &sparse.1, &x, 4).unwrap()).unwrap(),
        short().max_step_norm(None).build().unwrap().prepare_initial(lean).unwrap(),
    ];
    let file = File::new("document");
    let mut seen: Vec<Vec<String>> = Vec::new();
    for map in maps {
        map.save(&file.0).unwrap();
        let settings = Reader::open(&file.0).unwrap().settings("embedding").unwrap();
        seen.push(settings.iter().map(|(name, _)| name.to_owned()).collect());
    }
    for name in seen.iter().flatten() {
        assert!(names.iter().any(|(named, _)| named == name), "{name} is not in the document");
    }
    for (name, optional) in names {
        let count = seen.iter().filter(|names| names.iter().any(|other| other == name)).count();
        assert!(count > 0, "{name} is in no file");
        assert_eq!(
            optional && !NEWER.contains(&name),
            count < seen.len(),
            "{name} is in {count} of {} files",
            seen.len()
        );
    }
}

/// So it does with what a fit that was stopped leaves: all that is named is there, and nothing else.
#[test]
fn what_is_left_of_a_fit_is_as_the_document_says() {
    let document = include_str!("../../docs/model-format.md");
    let table = |behind: &str| names_of(document.split(behind).nth(1).unwrap());
    let own = table("| name, after `unfinished.`");
    let (all, x) = (table("Settings of the section `embedding`"), data::<f64>());
    let mut stop = |_: &tsne::Iteration<'_, f64, 2>| std::ops::ControlFlow::Break(());
    let mut seen = Vec::new();
    // In the normal phase, of a guarded fit from coordinates and of one from a coarse map, with all that may be missing.
    let guarded = Tsne::<f64, 2>::builder().perplexity(8.0).initialization(tsne::Initialization::Pca);
    let unguarded = short().exaggeration(2.0).transition_iter(3).early_exaggeration_iter(5).n_iter(100);
    let coarse = Tsne::<f64, 2>::builder().perplexity(8.0);
    for tsne in [guarded.early_exaggeration_iter(20), unguarded, coarse] {
        let mut stop = tsne::Observers::new().every(10, &mut stop);
        let rows = Rows::new(&x, N, 4).unwrap();
        let mut map = tsne.build().unwrap().fit_with(rows, Some(&mut stop), Context::new()).unwrap();
        map.resume_with(Some(&mut stop), Context::new()).unwrap();
        map.resume_with(Some(&mut stop), Context::new()).unwrap();
        let file = File::new("left");
        map.save(&file.0).unwrap();
        let settings = Reader::open(&file.0).unwrap().settings("embedding").unwrap();
        let left = settings.iter().filter_map(|(name, _)| name.strip_prefix("unfinished."));
        seen.extend(left.map(str::to_owned));
    }
    for name in &seen {
        assert!(own.iter().chain(&all).any(|(named, _)| named == name), "unfinished.{name} is not in the document");
    }
    // No start of today has an optimizer whose last step was adaptive.
    for (name, _) in own.into_iter().filter(|(name, _)| *name != "optimizer.slope") {
        assert!(seen.iter().any(|seen| seen == name), "unfinished.{name} is in no file");
    }
}

#[test]
fn code_of_ones_own_is_refused_by_name() {
    let x = data::<f64>();
    let rows = Rows::new(&x, N, 4).unwrap();
    let file = File::new("own");
    let refusal = |builder: TsneBuilder<f64, 2>| {
        let error = builder.build().unwrap().fit(rows).unwrap().save(&file.0).unwrap_err();
        assert!(matches!(error, StoreError::Unsupported(_)) && !file.0.exists(), "{error}");
        error.to_string()
    };
    let metric = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum());
    assert!(refusal(short().metric(metric)).contains("metric"));
    let search = Neighbors::Custom(Arc::new(tsne::affinity::ExactSearch::default()));
    assert!(refusal(short().neighbors(search)).contains("neighbor search"));
    let rule = AffinityMethod::Custom(Arc::new(PerplexityAffinity::new(5.0).unwrap()));
    for keep_data in [true, false] {
        let message = refusal(without_perplexity().affinities(rule.clone()).keep_data(keep_data));
        // To leave out the data would not help.
        assert!(message.contains("rule of affinities") && !message.contains("keep_data"), "{message}");
    }
    // Without the data neither metric nor search is used again.
    let metric = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum());
    let search = Neighbors::Custom(Arc::new(tsne::affinity::ExactSearch::new(metric)));
    let lean = short().neighbors(search).keep_data(false).build().unwrap().fit(rows).unwrap();
    round_trip("lean-own", &lean);
    // A repulsion is not needed to place points.
    let own = CustomRepulsion::new(tsne::optim::Exact::<f64, 2>::new);
    short().negative_gradient_method(own).build().unwrap().fit(rows).unwrap().save(&file.0).unwrap();
}

#[test]
fn the_wrong_type_is_named_and_found_out_beforehand() {
    let x = data::<f32>();
    let file = File::new("type");
    short().build().unwrap().fit(Rows::new(&x, N, 4).unwrap()).unwrap().save(&file.0).unwrap();
    let model = Model::open(&file.0).unwrap();
    assert_eq!((model.scalar(), model.n_components(), model.n()), ("f32", 2, N));
    for error in [Embedding::<f64, 2>::load(&file.0).unwrap_err(), Embedding::<f32, 3>::load(&file.0).unwrap_err()] {
        assert!(error.to_string().contains("f32 in 2 dimensions"), "{error}");
    }
    let missing = Embedding::<f32, 2>::load(file.0.with_extension("none")).unwrap_err();
    assert!(matches!(missing, StoreError::Io { .. }), "{missing}");
}

#[test]
fn damage_is_an_error_and_never_a_wrong_result() {
    let x: Vec<f32> = blobs::<f32>(12, 2, 3).0;
    let file = File::new("damage");
    let tsne = short().perplexity(2.0).build().unwrap();
    tsne.fit(Rows::new(&x, 12, 2).unwrap()).unwrap().save(&file.0).unwrap();
    let bytes = std::fs::read(&file.0).unwrap();
    let load = |bytes: &[u8]| Model::from_bytes(bytes).and_then(Model::embedding::<f32, 2>);
    assert!(load(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(load(&damaged).is_err(), "byte {at} of {}", bytes.len());
    }
    for length in (0..bytes.len()).step_by(7) {
        assert!(load(&bytes[..length]).is_err(), "cut to {length}");
    }
}

/// Files whose checksums are right and whose content is not: written with the container's own writer.
#[test]
fn contradictions_are_found() {
    let x: Vec<f32> = blobs::<f32>(12, 2, 3).0;
    let file = File::new("contradiction");
    let tsne = short().perplexity(2.0).build().unwrap();
    tsne.fit(Rows::new(&x, 12, 2).unwrap()).unwrap().save(&file.0).unwrap();
    let forge = |name: &str, change: &dyn Fn(&mut Settings), values: &dyn Fn(&str, &mut Vec<f32>)| -> String {
        let mut reader = Reader::open(&file.0).unwrap();
        let mut settings = reader.settings("embedding").unwrap();
        change(&mut settings);
        let nnz = reader.shape("affinities.weights").unwrap()[0];
        let floats = [
            ("positions", vec![12, 2]),
            ("optimizer.gains", vec![12, 2]),
            ("optimizer.velocity", vec![12, 2]),
            ("affinities.weights", vec![nnz]),
            ("data.values", vec![12, 2]),
        ];
        let floats = floats.map(|(name, shape)| {
            let mut array = reader.take::<f32>(name, &shape).unwrap();
            values(name, &mut array);
            (name, shape, array)
        });
        let pointers: Vec<usize> = reader.take("affinities.row_pointers", &[13]).unwrap();
        let columns: Vec<u32> = reader.take("affinities.columns", &[nnz]).unwrap();
        let perplexities: Vec<f64> = reader.take("affinities.perplexities", &[1]).unwrap();
        let mut writer = Writer::new();
        for (name, shape, array) in &floats {
            writer.array(name, shape, array).unwrap();
        }
        writer.array("affinities.row_pointers", &[13], &pointers).unwrap();
        writer.array("affinities.columns", &[nnz], &columns).unwrap();
        writer.array("affinities.perplexities", &[1], &perplexities).unwrap();
        writer.settings("embedding", &settings).unwrap();
        let mut bytes = Vec::new();
        writer.write_to(&mut bytes).unwrap();
        let forged = File::new("forged");
        std::fs::write(&forged.0, &bytes).unwrap();
        // The members of a team refuse what one process refuses.
        let refused = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            Model::open_with(&forged.0, cx).and_then(|model| model.embedding_with::<f32, 2>(cx)).is_err()
        });
        let refused = refused.unwrap();
        match Model::from_bytes(&bytes).and_then(Model::embedding::<f32, 2>) {
            Ok(_) if refused == [false; 3] => format!("{name}: no error"),
            Ok(_) => format!("{name}: refused by a team alone"),
            Err(error) if refused == [true; 3] => error.to_string(),
            Err(_) => format!("{name}: refused by one process alone"),
        }
    };
    let keep = |_: &str, _: &mut Vec<f32>| {};
    assert!(forge("nothing", &|_| {}, &keep).ends_with("no error"));
    // Files of before: a number of threads, and nothing of an early phase or the seed of the fit.
    let older = |settings: &mut Settings| {
        let mut old = Settings::new();
        for (name, value) in settings.iter().filter(|(name, _)| !NEWER.contains(name)) {
            old.set(name, value.clone());
        }
        *settings = old;
        settings.set("n_jobs", "-1");
    };
    assert!(forge("older", &older, &keep).ends_with("no error"));
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Settings));
    let settings: [Change<'_>; 14] = [
        ("metric", &|s| _ = s.set("metric", "beeline")),
        ("metric is precomputed", &|s| _ = s.set("metric", "precomputed")),
        ("learning_rate", &|s| _ = s.set("learning_rate", -1.0)),
        ("affinities", &|s| _ = s.set("affinities", "sorcery")),
        ("k_neighbors", &|s| _ = s.set("affinities_k", u64::MAX)),
        ("early_exaggeration", &|s| _ = s.set("early_exaggeration", "much")),
        ("positions", &|s| _ = s.set("n", u64::MAX)),
        ("affinities.columns", &|s| _ = s.set("nnz", 5_usize)),
        ("dof", &|s| _ = s.set("dof", f64::NAN)),
        ("finish", &|s| _ = s.set("finish", "never")),
        ("method is auto", &|s| _ = s.set("method", "auto")),
        ("preset", &|s| _ = s.set("preset", "best")),
        ("iterations", &|s| _ = s.set("iterations", u64::MAX)),
        ("data.row_pointers", &|s| _ = s.set("data", "sparse").set("data_nnz", 1_usize)),
    ];
    for (named, change) in settings {
        let message = forge(named, change, &keep);
        assert!(!message.ends_with("no error") && message.contains(named), "{named}: {message}");
    }
    for wrong in ["positions", "optimizer.gains", "optimizer.velocity", "affinities.weights", "data.values"] {
        let message = forge(wrong, &|_| {}, &|name, array| {
            if name == wrong {
                array[3] = f32::NAN;
            }
        });
        assert!(message.contains(wrong.split('.').next().unwrap()), "{wrong}: {message}");
    }
}
