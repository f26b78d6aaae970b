//! What a fit takes, before it is run.

use crate::common::blobs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tsne::affinity::Uniform;
use tsne::plan::{DataShape, InputShape, Plan, PlanStage, SearchMethod};
use tsne::{Error, Float, Metric, Rows, SearchQuality, Tsne};

fn bytes(plan: &Plan, stage: PlanStage) -> u64 {
    plan.stages.iter().find(|planned| planned.stage == stage).unwrap().bytes
}

/// Rows that are dealt out are a part of the data on each member; where all are needed, they are there besides all.
#[test]
fn members_are_planned_with_the_rows_that_they_have() {
    let shape = DataShape::dense(1_000_000, 50);
    let all = shape.bytes(4);
    let builder = || Tsne::<f32, 2>::builder().keep_data(false);
    let planned = |tsne: &Tsne<f32, 2>, shape: InputShape| {
        let plan = tsne.plan_of_member(shape, 4, None).unwrap();
        [PlanStage::Neighbors, PlanStage::Affinities, PlanStage::Initialization].map(|stage| bytes(&plan, stage))
    };
    let dealt = InputShape::Dealt(shape);
    assert_eq!((dealt.n(), dealt.bytes(4)), (shape.n, all));
    for (tsne, more) in [
        (builder().build().unwrap(), -3 * (all as i64 / 4)),
        (builder().metric(Metric::Cosine).build().unwrap(), -3 * (all as i64 / 4)),
        (builder().metric(Metric::Manhattan).build().unwrap(), all as i64 / 4),
        (builder().keep_data(true).build().unwrap(), all as i64 / 4),
    ] {
        let (whole, own) = (planned(&tsne, shape.into()), planned(&tsne, dealt));
        // Each of the two is rounded down.
        assert!(
            whole.iter().zip(own).all(|(&whole, own)| (own as i64 - whole as i64 - more).abs() <= 1),
            "{own:?} {whole:?}"
        );
    }
}

#[test]
fn what_is_planned_is_what_is_done() {
    fn check<T: Float>(n: usize, d: usize, metric: Metric) {
        let tsne = Tsne::<T, 2>::builder().perplexity(8.0).metric(metric.clone()).build().unwrap();
        let plan = tsne.plan(DataShape::dense(n, d), None).unwrap();
        let (x, _) = blobs::<T>(n, d, 1);
        let index = tsne.affinities(Rows::new(&x, n, d).unwrap()).unwrap();
        assert_eq!(plan.k, index.graph().unwrap().k());
        let is_exact = !matches!(plan.search, Some(SearchMethod::Clusters | SearchMethod::Descent));
        assert_eq!(is_exact, matches!(index.search_quality(), Some(SearchQuality::Exact)), "{n} × {d}, {metric}");
        let ratio = plan.affinities as f64 / index.affinities().nnz() as f64;
        assert!((0.75..1.3).contains(&ratio), "{n} × {d}: {ratio}");
    }
    check::<f32>(600, 3, Metric::Euclidean);
    check::<f32>(600, 20, Metric::Cosine);
    check::<f64>(4_500, 6, Metric::Manhattan);
    check::<f32>(4_500, 9, Metric::Manhattan);
    check::<f32>(4_500, 9, Metric::Euclidean);
}

#[test]
fn kept_data_and_wider_numbers_take_their_bytes() {
    let shape = DataShape::dense(50_000, 100);
    let builder = Tsne::<f32, 2>::builder();
    let kept = builder.clone().keep_data(true).build().unwrap().plan(shape, None).unwrap();
    let given_back = builder.keep_data(false).build().unwrap().plan(shape, None).unwrap();
    let of = |plan| bytes(plan, PlanStage::Optimization);
    assert_eq!(of(&kept) - of(&given_back), 50_000 * 100 * 4);
    let wide = Tsne::<f64, 2>::builder().keep_data(false).build().unwrap().plan(shape, None).unwrap();
    for (wide, narrow) in wide.stages.iter().zip(&given_back.stages) {
        assert!(wide.bytes > narrow.bytes && wide.bytes < 3 * narrow.bytes, "{wide:?}, {narrow:?}");
    }
    // Sparse points are their entries, and neighbors that are given are searched no more.
    let tsne = Tsne::<f32, 2>::builder().build().unwrap();
    let sparse = tsne.plan(DataShape::sparse(50_000, 20_000, 1_000_000), None).unwrap();
    assert!(sparse.peak().bytes < tsne.plan(DataShape::dense(50_000, 20_000), None).unwrap().peak().bytes / 10);
    let graph = tsne.plan(InputShape::Graph { n: 50_000, k: 15 }, None).unwrap();
    assert_eq!((graph.search, graph.k), (None, 15));
    assert_eq!(bytes(&graph, PlanStage::Neighbors), 50_000 * 15 * 8);
}

#[test]
fn an_early_phase_is_a_stage_of_its_own() {
    let shape = DataShape::dense(1_000, 10);
    let stages = |tsne: Tsne<f32, 2>| tsne.plan(shape, None).unwrap().stages.len();
    assert_eq!(stages(Tsne::builder().build().unwrap()), 4);
    assert_eq!(stages(Tsne::opentsne().build().unwrap()), 5);
}

#[test]
fn no_shape_is_too_large_to_be_planned() {
    let tsne = Tsne::<f64, 3>::builder().perplexity(1e9).build().unwrap();
    for n in [2, 3, 1 << 20, u32::MAX as usize] {
        for d in [1, 7, 1 << 20, usize::MAX >> 8, usize::MAX] {
            for shape in [DataShape::dense(n, d), DataShape::sparse(n, d, usize::MAX >> 4)] {
                let plan = tsne.plan(shape, None).unwrap();
                assert!(plan.stages.iter().all(|stage| stage.bytes > 0), "{shape:?}");
            }
        }
    }
    assert!(tsne.plan(DataShape::dense(1, 3), None).is_err());
    assert!(tsne.plan(DataShape::dense(usize::MAX, 3), None).is_err());
}

#[test]
fn measured_costs_give_every_stage_its_time() {
    for shape in [DataShape::dense(400, 3), DataShape::dense(30_000, 20), DataShape::sparse(2_000, 500, 40_000)] {
        let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).build().unwrap();
        let costs = tsne.measure_costs(shape).unwrap();
        let of = |n_iter: usize| {
            let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(n_iter).build().unwrap();
            tsne.plan(shape, Some(&costs)).unwrap().seconds().unwrap()
        };
        let plan = tsne.plan(shape, Some(&costs)).unwrap();
        assert!(plan.stages.iter().all(|stage| stage.seconds.is_some_and(|seconds| seconds > 0.0)), "{plan:?}");
        // Iterations take as long as each other.
        let (none, some, more) = (of(0), of(100), of(200));
        assert!(0.0 < none && none < some, "{shape:?}: {none} {some}");
        assert!(((more - some) / (some - none) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn a_limit_of_memory_is_kept_or_refused_with_what_would_fit() {
    fn needed(error: &Error) -> u64 {
        let text = error.to_string();
        let rest = text.strip_prefix("memory_limit is 1000 bytes, but must be at least ").unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    }
    let (n, d) = (3_000, 5);
    let (x, _) = blobs::<f32>(n, d, 1);
    let rows = Rows::new(&x, n, d).unwrap();
    let with = |limit: u64| Tsne::<f32, 2>::builder().perplexity(5.0).n_iter(3).memory_limit(limit).build().unwrap();
    let planned = with(1_000).plan(DataShape::dense(n, d), None).unwrap().peak().bytes;
    let error = with(1_000).fit(rows).unwrap_err();
    assert_eq!(needed(&error), planned);
    assert_eq!(with(planned - 1).fit(rows).unwrap_err().to_string().matches("transform the others").count(), 1);
    let embedding = with(planned).fit(rows).unwrap();
    // Affinities alone take less than a fit, whatever is given takes less than the search for it, and all of it is asked.
    let index = Arc::new(with(planned).affinities(rows).unwrap());
    let of_affinities = needed(&with(1_000).affinities(rows).unwrap_err());
    assert!(of_affinities <= planned);
    assert_eq!(with(of_affinities).affinities(rows).unwrap().affinities().nnz(), index.affinities().nnz());
    let of_index = needed(&with(1_000).fit(Arc::clone(&index)).unwrap_err());
    assert!(of_index < planned, "{of_index}, {planned}");
    let again = with(of_index).fit(Arc::clone(&index)).unwrap();
    assert_eq!(again.positions().len(), embedding.positions().len());
    let graph = index.graph().unwrap();
    let of_graph = needed(&with(1_000).prepare_initial(graph).unwrap_err());
    assert!(of_index <= of_graph && of_graph <= planned, "{of_index}, {of_graph}, {planned}");
    // What is kept is counted.
    let keeping = |k: usize| {
        let tsne = Tsne::<f32, 2>::builder().perplexity(5.0).keep_neighbors(k).build().unwrap();
        bytes(&tsne.plan(DataShape::dense(n, d), None).unwrap(), PlanStage::Optimization)
    };
    assert_eq!(keeping(10) - keeping(0), (n * 10 * 8) as u64);
    // A sample that is named does fit.
    let error =
        Tsne::<f32, 2>::builder().perplexity(5.0).memory_limit(planned / 2).build().unwrap().fit(rows).unwrap_err();
    let sample: usize = error.to_string().split_once("or fit ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    assert!(with(planned / 2).plan(DataShape::dense(sample, d), None).unwrap().peak().bytes <= planned / 2);
    // None is named where so few points do not have the neighbors that are asked for.
    let many = Tsne::<f32, 2>::builder().affinities(Uniform::new(NonZeroUsize::new(n - 1).unwrap()));
    let error = many.memory_limit(planned / 2).build().unwrap().fit(rows).unwrap_err().to_string();
    assert!(error.contains("memory_limit") && !error.contains("or fit "), "{error}");
}
