//! New points: quality on held-out data, independence from each other, the map they leave alone, every way to start.

use crate::common::{bits, blobs, digits};
use std::ops::ControlFlow;
use std::sync::Arc;
use tsne::metrics::extent;
use tsne::{
    Affinities, Context, Embedding, Error, Finish, Float, Interpolation, Iteration, Metric, Momentum, Neighbors,
    OptimizeParams, PartialEmbedding, PartialInitialization, Preset, RepulsionMethod, Rows, TransformParams, Tsne,
};

/// Every third digit is held out.
fn held_out<T: Float>() -> (Vec<T>, Vec<u32>, Vec<T>, Vec<u32>) {
    let (x, labels) = digits::<T>();
    let (mut fitted, mut known, mut new, mut wanted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, (row, &label)) in x.chunks_exact(64).zip(&labels).enumerate() {
        if i % 3 == 0 {
            new.extend_from_slice(row);
            wanted.push(label);
        } else {
            fitted.extend_from_slice(row);
            known.push(label);
        }
    }
    (fitted, known, new, wanted)
}

/// The fraction of new points whose label is the most frequent one among their ten nearest fitted points in the map.
fn agreement<T: Float, const D: usize>(map: &[[T; D]], known: &[u32], new: &[[T; D]], wanted: &[u32]) -> f64 {
    let agreeing = new.iter().zip(wanted).filter(|(point, label)| {
        let distance = |other: &[T; D]| (0..D).map(|c| (point[c] - other[c]).to_f64().powi(2)).sum::<f64>();
        let mut order: Vec<(f64, u32)> =
            map.iter().zip(known).map(|(other, &known)| (distance(other), known)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut votes = [0; 10];
        order[..10].iter().for_each(|(_, known)| votes[*known as usize] += 1);
        (0..10).all(|l| votes[l] <= votes[**label as usize])
    });
    agreeing.count() as f64 / new.len() as f64
}

#[test]
fn held_out_digits_land_among_their_own_kind() {
    let (x, known, new, wanted) = held_out::<f32>();
    let (x, new) = (Rows::new(&x, known.len(), 64).unwrap(), Rows::new(&new, wanted.len(), 64).unwrap());
    let embedding = Tsne::<_, 2>::builder().build().unwrap().fit(x).unwrap();
    for preset in [Preset::Recommended, Preset::OpenTsne, Preset::Documented] {
        for method in ["exact", "bh", "fft"] {
            let params = TransformParams::preset(preset).negative_gradient_method(method);
            let placed = embedding.transform_with(new, &params, None, Context::new()).unwrap();
            let agreement = agreement(embedding.positions(), &known, placed.positions(), &wanted);
            assert!(agreement >= 0.96, "{preset}, {method}: {agreement}");
            assert!(extent(placed.positions()) < 1.2 * embedding.extent(), "{preset}, {method}: some shot off");
        }
    }
}

#[test]
fn in_one_and_three_dimensions_and_double_precision() {
    let (x, known, new, wanted) = held_out::<f64>();
    fn check<const D: usize>(x: &[f64], known: &[u32], new: &[f64], wanted: &[u32]) -> f64 {
        let tsne = Tsne::<_, D>::builder().build().unwrap();
        let embedding = tsne.fit(Rows::new(x, known.len(), 64).unwrap()).unwrap();
        let placed = embedding.transform(Rows::new(new, wanted.len(), 64).unwrap()).unwrap();
        agreement(embedding.positions(), known, placed.positions(), wanted)
    }
    assert!(check::<3>(&x, &known, &new, &wanted) >= 0.96);
    // A line has less room: what is asked is that new points find the fitted ones' places.
    assert!(check::<1>(&x, &known, &new, &wanted) >= 0.9);
}

fn small() -> (Vec<f64>, Vec<f64>, Embedding<f64, 2>) {
    let (x, _) = blobs::<f64>(390, 6, 21);
    let (fitted, new) = x.split_at(360 * 6);
    let tsne = Tsne::<_, 2>::builder().perplexity(15.0).build().unwrap();
    let embedding = tsne.fit(Rows::new(fitted, 360, 6).unwrap()).unwrap();
    (fitted.to_vec(), new.to_vec(), embedding)
}

#[test]
fn one_by_one_equals_the_batch() {
    let (_, new, embedding) = small();
    for method in ["exact", "bh", "fft"] {
        let params =
            TransformParams::preset(Preset::OpenTsne).negative_gradient_method(method).early_exaggeration_iter(5);
        let place = |rows: &[f64]| {
            let rows = Rows::new(rows, rows.len() / 6, 6).unwrap();
            embedding.transform_with(rows, &params, None, Context::new()).unwrap()
        };
        let batch = place(&new);
        let mut sum = 0.0;
        for (row, position) in new.chunks_exact(6).zip(batch.positions()) {
            let single = place(row);
            assert_eq!(bits(single.positions()), bits(&[*position]), "{method}");
            sum += single.kl_divergence();
        }
        // The divergence of the batch is the sum: of 30 terms, so within rounding of it.
        assert!((sum - batch.kl_divergence()).abs() < 1e-12 * sum.abs(), "{method}");
    }
}

#[test]
fn the_map_stays_and_serves_many_threads() {
    let (_, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let before = (bits(embedding.positions()), embedding.kl_divergence(), embedding.iterations());
    let alone = bits(embedding.transform(rows).unwrap().positions());
    let placed: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let tasks: Vec<_> =
            (0..6).map(|_| scope.spawn(|| bits(embedding.transform(rows).unwrap().positions()))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    assert!(placed.iter().all(|positions| *positions == alone));
    assert_eq!(before, (bits(embedding.positions()), embedding.kl_divergence(), embedding.iterations()));
    for n_jobs in [1, 2, 5] {
        let params = TransformParams::preset(Preset::Recommended).n_jobs(n_jobs);
        let placed = embedding.transform_with(rows, &params, None, Context::new()).unwrap();
        assert_eq!(bits(placed.positions()), alone, "{n_jobs} threads");
    }
}

/// `Σ_i Σ_j p_{j|i} ln(p_{j|i} / q_{j|i})` by its definition.
fn naive_divergence(p: &Affinities<f64>, y: &[[f64; 2]], reference: &[[f64; 2]]) -> f64 {
    let mut sum = 0.0;
    for (i, point) in y.iter().enumerate() {
        let w = |r: &[f64; 2]| 1.0 / (1.0 + (point[0] - r[0]).powi(2) + (point[1] - r[1]).powi(2));
        let z: f64 = reference.iter().map(w).sum();
        let (columns, weights) = p.row(i);
        for (&j, &p) in columns.iter().zip(weights).filter(|(_, p)| **p > 0.0) {
            sum += p * (p / (w(&reference[j as usize]) / z)).ln();
        }
    }
    sum
}

#[test]
fn the_divergence_is_the_sum_over_the_new_points() {
    let (_, new, embedding) = small();
    let params = TransformParams::preset(Preset::OpenTsne).negative_gradient_method(RepulsionMethod::Exact);
    let placed = embedding.transform_with(Rows::new(&new, 30, 6).unwrap(), &params, None, Context::new()).unwrap();
    let naive = naive_divergence(placed.affinities(), placed.positions(), embedding.positions());
    assert!((placed.kl_divergence() - naive).abs() < 1e-10 * naive, "{} against {naive}", placed.kl_divergence());
    assert_eq!(bits(placed.reference_positions()), bits(embedding.positions()));
}

#[test]
fn every_start_is_where_it_says() {
    let (x, new, embedding) = small();
    let (x, rows) = (Rows::new(&x, 360, 6).unwrap(), Rows::new(&new, 30, 6).unwrap());
    let start = |params: &TransformParams<f64, 2>| {
        let partial = embedding.prepare_partial_with(rows, params, Context::new()).unwrap();
        let naive = naive_divergence(partial.affinities(), partial.positions(), embedding.positions());
        assert!((partial.kl_divergence() - naive).abs() < 1e-10 * naive.abs());
        partial.positions().to_vec()
    };
    let params = || TransformParams::preset(Preset::Documented).negative_gradient_method(RepulsionMethod::Exact);
    // The nearest fitted points of each new one, by their definition.
    let nearest = |i: usize, k: usize| {
        let distance = |j: usize| (0..6).map(|c| (rows.row(i)[c] - x.row(j)[c]).powi(2)).sum::<f64>().sqrt();
        let mut order: Vec<(f64, usize)> = (0..360).map(|j| (distance(j), j)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        order.truncate(k);
        order
    };
    for k in [1, 4, 7, 25] {
        let median = start(&params().k(k));
        let weighted = start(&params().k(k).initialization(PartialInitialization::Weighted));
        for i in 0..30 {
            for c in 0..2 {
                let mut values: Vec<f64> = nearest(i, k).iter().map(|(_, j)| embedding.positions()[*j][c]).collect();
                values.sort_by(f64::total_cmp);
                let middle = f64::midpoint(values[(k - 1) / 2], values[k / 2]);
                assert!((median[i][c] - middle).abs() < 1e-12, "k = {k}");
                let (mut sum, mut weights) = (0.0, 0.0);
                for (distance, j) in nearest(i, k) {
                    sum += embedding.positions()[j][c] / distance;
                    weights += 1.0 / distance;
                }
                // The values are within the extent of the map; a sum of 25 terms rounds in the last digits.
                assert!((weighted[i][c] - sum / weights).abs() < 1e-12 * embedding.extent(), "k = {k}");
            }
        }
    }
    let random = start(&params().initialization(PartialInitialization::Random));
    let variance = random.as_flattened().iter().map(|v| v * v).sum::<f64>() / 60.0;
    // 60 normal numbers: their standard deviation is within 5 · 1/sqrt(120) of release 0.3's, 1e-2.
    assert!((variance.sqrt() / 1e-2 - 1.0).abs() < 0.46, "{variance}");
    assert_ne!(random, start(&params().initialization(PartialInitialization::Random).random_state(1)));
    let given: Vec<[f64; 2]> = (0..30).map(|i| [f64::from(i), -0.5]).collect();
    assert_eq!(start(&params().initialization(given.clone())), given);
}

#[test]
fn optimization_of_new_points_goes_in_steps() {
    let (_, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let params = TransformParams::preset(Preset::OpenTsne).early_exaggeration_iter(4).n_iter(20);
    let whole = embedding.transform_with(rows, &params, None, Context::new()).unwrap();
    let mut steps = embedding.prepare_partial_with(rows, &params, Context::new()).unwrap();
    let schedule = &params.schedule;
    steps.optimize(schedule.early()).unwrap();
    for step in 4..24 {
        steps.optimize(schedule.part(step..=step)).unwrap();
    }
    assert_eq!(bits(whole.positions()), bits(steps.positions()));
    assert_eq!((whole.iterations(), whole.kl_divergence()), (24, steps.kl_divergence()));
    let further = whole.optimized(whole.params().n_iter(3)).unwrap();
    assert_eq!((whole.iterations(), further.iterations()), (24, 27));
    // Another repulsion is prepared when a call asks for it.
    let fft = whole.optimized(whole.params().n_iter(1).negative_gradient_method(RepulsionMethod::Fft)).unwrap();
    assert_eq!(fft.negative_gradient_method(), RepulsionMethod::Fft);
}

#[test]
fn observers_stop_the_placing_too() {
    let (_, new, embedding) = small();
    let mut stop =
        |i: &Iteration<'_, f64, 2>| if i.index == 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let params = TransformParams::preset(Preset::OpenTsne);
    let rows = Rows::new(&new, 30, 6).unwrap();
    let stopped = embedding.transform_with(rows, &params, Some(&mut stop), Context::new()).unwrap();
    assert_eq!((stopped.finish(), stopped.iterations()), (Finish::Stopped, 50));
    let interrupt = stopped.clone().propagate_interrupt().unwrap_err();
    assert_eq!(interrupt.kl_divergence, stopped.kl_divergence());
    assert_eq!(bits(interrupt.final_embedding.positions()), bits(stopped.positions()));
}

#[test]
fn neighbors_or_affinities_of_new_points_serve_as_well() {
    let (_, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let params = TransformParams::preset(Preset::OpenTsne);
    let by_points = embedding.transform_with(rows, &params, None, Context::new()).unwrap();
    let method = tsne::affinity::PerplexityAffinity::new(5.0).unwrap().into();
    let to_new = embedding.affinity_index().to_new(rows, Some(&method), Context::new()).unwrap();
    assert_eq!(to_new.affinities.n(), 30);
    assert_eq!(*to_new.affinities, *by_points.affinities());
    let graph = to_new.graph.unwrap();
    assert_eq!(graph.k(), 15, "three times the perplexity");
    let by_graph = embedding.transform_with(&graph, &params.clone().k(15), None, Context::new()).unwrap();
    let by_points = embedding.transform_with(rows, &params.clone().k(15), None, Context::new()).unwrap();
    assert_eq!(bits(by_graph.positions()), bits(by_points.positions()));
    // Affinities say nothing of where to start.
    let from = |params: &TransformParams<f64, 2>| {
        embedding.transform_with(Arc::clone(&to_new.affinities), params, None, Context::new())
    };
    let error = from(&params).unwrap_err().to_string();
    assert!(error.contains("initialization") && error.contains("given"), "{error}");
    let start = embedding.prepare_partial_with(rows, &params.clone().k(15), Context::new()).unwrap();
    let given = params.initialization(start.positions().to_vec());
    assert_eq!(bits(from(&given).unwrap().positions()), bits(by_points.positions()));
    // The constructor of openTSNE's class.
    let affinities = Arc::clone(&to_new.affinities);
    let built =
        PartialEmbedding::new(start.positions().to_vec(), &embedding, affinities, start.params(), None).unwrap();
    assert_eq!(built.kl_divergence(), start.kl_divergence());
}

#[test]
fn errors_of_new_points_name_what_is_wrong() {
    let (x, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let params = || TransformParams::<f64, 2>::preset(Preset::OpenTsne);
    let message = |params: &TransformParams<f64, 2>| {
        embedding.transform_with(rows, params, None, Context::new()).unwrap_err().to_string()
    };
    let cases = [
        (params().perplexity(0.2), "perplexity is 0.2"),
        (params().k(0), "k is 0"),
        (params().early_exaggeration(0.0), "early_exaggeration is 0"),
        (params().exaggeration(f64::INFINITY), "exaggeration is inf"),
        (params().initial_momentum(1.5), "initial_momentum is 1.5"),
        (params().final_momentum(-0.5), "final_momentum is -0.5"),
        (params().learning_rate(-0.1), "learning_rate is -0.1"),
        (params().max_grad_norm(0.0), "max_grad_norm is 0"),
        (params().max_step_norm(-1.0), "max_step_norm is -1"),
        (params().min_grad_norm(f64::NAN), "min_grad_norm is NaN"),
        (params().callbacks_every_iters(0), "callbacks_every_iters is 0"),
        (params().n_jobs(0), "n_jobs is 0"),
    ];
    for (params, start) in cases {
        assert!(message(&params).starts_with(start), "{}", message(&params));
    }
    assert!(message(&params().initialization(vec![[0.0; 2]; 4])).contains("initialization has length 4, but 30"));
    let narrow = embedding.transform(Rows::new(&new, 36, 5).unwrap()).unwrap_err();
    assert!(matches!(narrow, Error::Shape { expected: 6, given: 5, .. }), "{narrow}");
    let lean = Tsne::<_, 2>::builder().keep_data(false).build().unwrap();
    let lean = lean.fit(Rows::new(&x, 360, 6).unwrap()).unwrap();
    assert!(lean.transform(rows).unwrap_err().to_string().contains("keep_data"));
    let joint: Affinities<f64> = embedding.affinities().clone();
    assert!(embedding.transform(joint).unwrap_err().to_string().contains("conditional"));
    let nan: Vec<f64> = new.iter().map(|_| f64::NAN).collect();
    assert!(matches!(embedding.transform(Rows::new(&nan, 30, 6).unwrap()), Err(Error::NonFinite { .. })));
}

#[test]
fn no_new_points_and_new_points_on_fitted_ones() {
    let (x, _, embedding) = small();
    let none = embedding.transform(Rows::new(&[], 0, 6).unwrap()).unwrap();
    assert_eq!((none.positions().len(), none.kl_divergence()), (0, 0.0));
    let same = embedding.transform(Rows::new(&x, 360, 6).unwrap()).unwrap();
    assert!(same.positions().as_flattened().iter().all(|v| v.is_finite()));
    // A copy is drawn to its original: the median distance to it is a small part of the map.
    let mut away: Vec<f64> =
        same.positions().iter().zip(embedding.positions()).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).collect();
    away.sort_by(f64::total_cmp);
    assert!(away[180] < 0.05 * embedding.extent(), "{} of {}", away[180], embedding.extent());
}

#[test]
fn further_optimization_prepares_the_reference_anew() {
    let (_, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let placed = embedding.transform(rows).unwrap();
    let moved = embedding.optimized(embedding.params().n_iter(50).exaggeration(4.0)).unwrap();
    let there = moved.transform(rows).unwrap();
    assert_eq!(bits(there.reference_positions()), bits(moved.positions()));
    assert_ne!(bits(placed.positions()), bits(there.positions()));
    embedding.prepare_reference(&TransformParams::preset(Preset::Recommended), Context::new()).unwrap();
    let params: OptimizeParams<f64, 2> = placed.params();
    assert_eq!(bits(placed.optimized(params.n_iter(0)).unwrap().positions()), bits(placed.positions()));
}

#[test]
fn every_parameter_of_partial_optimization_has_its_effect_and_a_wrong_one_none() {
    let (_, new, embedding) = small();
    let rows = Rows::new(&new, 30, 6).unwrap();
    let params = TransformParams::preset(Preset::OpenTsne).negative_gradient_method(RepulsionMethod::BarnesHut);
    let start = embedding.prepare_partial_with(rows, &params, Context::new()).unwrap();
    let base = || start.params().n_iter(8);
    let run = |params: OptimizeParams<f64, 2>| bits(start.optimized(params).unwrap().positions());
    let plain = run(base());
    let differing = [
        ("learning_rate", base().learning_rate(0.3)),
        ("exaggeration", base().exaggeration(3.0)),
        ("momentum", base().momentum(0.3)),
        ("momentum_rule", base().momentum_rule(Momentum::Nesterov)),
        ("max_grad_norm", base().max_grad_norm(1e-3)),
        ("max_step_norm", base().max_step_norm(1e-3)),
        ("theta", base().theta(1.5)),
        ("method", base().negative_gradient_method(RepulsionMethod::Exact)),
    ];
    for (name, params) in differing {
        assert_ne!(run(params), plain, "{name} has no effect");
    }
    let grid = || base().negative_gradient_method(RepulsionMethod::Fft).interpolation(Interpolation::Lagrange);
    assert_ne!(run(grid().n_interpolation_points(5)), run(grid()), "n_interpolation_points");
    assert_ne!(run(grid().min_num_intervals(400)), run(grid()), "min_num_intervals");
    assert_eq!(run(base().n_jobs(3)), plain);
    let mut kept = start.clone();
    let wrong = [base().theta(-1.0), base().learning_rate(0.0), base().n_interpolation_points(0), base().n_jobs(0)];
    for params in wrong {
        assert!(matches!(kept.optimize(params), Err(Error::Parameter { .. })));
    }
    assert!(matches!(kept.optimize(base().learning_rate(1e300).max_grad_norm(None)), Err(Error::Diverged { .. })));
    assert_eq!((bits(kept.positions()), kept.iterations()), (bits(start.positions()), 0));
}

#[test]
fn one_by_one_equals_the_batch_under_every_search() {
    let n = 4_300;
    let (x, _) = blobs::<f32>(n, 9, 17);
    let rows = Rows::new(&x, n, 9).unwrap();
    for metric in [Metric::Euclidean, Metric::Correlation, Metric::Manhattan] {
        let builder = Tsne::<_, 2>::builder().metric(metric.clone()).neighbors(Neighbors::Approx);
        let tsne = builder.perplexity(6.0).early_exaggeration_iter(2).n_iter(3).build().unwrap();
        let embedding = tsne.fit(rows).unwrap();
        let params = TransformParams::preset(Preset::Recommended).n_iter(5);
        let place = |from: usize, to: usize| {
            let some = Rows::new(&x[from * 9..to * 9], to - from, 9).unwrap();
            embedding.transform_with(some, &params, None, Context::new()).unwrap().into_positions()
        };
        let batch = place(0, 6);
        for i in 0..6 {
            assert_eq!(bits(&place(i, i + 1)), bits(&batch[i..=i]), "{metric}");
        }
    }
}
