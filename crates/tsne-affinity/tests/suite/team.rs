//! Members of a team have together, row by row and bit by bit, what one process has.
#![allow(clippy::unwrap_used)]

use crate::common::cloud;
use std::num::NonZeroUsize;
use tsne_affinity::{
    Affinities, AffinityModel, ApproximateSearch, AutoSearch, BruteForceSearch, Context, Error, ExactSearch,
    FixedSigma, KdTreeSearch, KnnGraph, Metric, NeighborSearch, PerplexityAffinity, Points, Precomputed, Result, Rows,
    Scalar, SparseRows, Symmetrization, Uniform, VpTreeSearch, affinities, precomputed_joint, symmetrize_with,
};
use tsne_core::{DealtRows, ThreadTeam, random};

/// Members, and threads of each.
const TEAMS: [(usize, usize); 5] = [(1, 2), (2, 3), (3, 1), (4, 2), (7, 1)];

fn k(k: usize) -> NonZeroUsize {
    NonZeroUsize::new(k).unwrap()
}

/// What the members of a team come to.
fn members<R: Send>(team: (usize, usize), member: impl Fn(Context<'_>) -> R + Sync) -> Vec<R> {
    ThreadTeam::run(team.0, team.1, |team| member(Context::new().with_team(team))).unwrap()
}

/// Normal points, of which every fifth repeats an earlier one, near or far, and every 50th the first.
fn with_duplicates<T: Scalar>(seed: u64, n: usize, d: usize) -> Vec<T> {
    let mut x = cloud::<T>(seed, n, d);
    for i in (5..n).step_by(5) {
        let from = if i.is_multiple_of(50) { 0 } else { random::element_seed(seed, 9, i as u64) as usize % i };
        x.copy_within(from * d..(from + 1) * d, i * d);
    }
    x
}

fn bits<T: Scalar>(values: &[T]) -> impl Iterator<Item = u64> {
    values.iter().map(|v| v.bits())
}

#[track_caller]
fn same_graph<T: Scalar>(alone: &KnnGraph<T>, parts: Vec<Result<KnnGraph<T>>>, what: &str) {
    let n = alone.n();
    let mut first = 0;
    for (rank, part) in parts.iter().enumerate() {
        let part = part.as_ref().unwrap();
        assert_eq!((part.k(), part.n_reference()), (alone.k(), n), "{what}");
        for i in 0..part.n() {
            let ((a, da), (b, db)) = (alone.row(first + i), part.row(i));
            assert!(a == b && bits(da).eq(bits(db)), "{what}: row {} of member {rank}\n{a:?}\n{b:?}", first + i);
        }
        first += part.n();
    }
    assert_eq!(first, n, "{what}");
}

/// Searches with all teams; says whether members have sent anything.
fn check_search<T: Scalar>(points: Points<'_, T>, search: &dyn NeighborSearch<T>, neighbors: usize) -> bool {
    let cx = Context::new();
    let alone = search.build(points, cx).unwrap().knn_graph(k(neighbors), cx).unwrap();
    let mut sent = false;
    for team in TEAMS {
        let parts = members(team, |cx| {
            let graph = search.build(points, cx)?.knn_graph(k(neighbors), cx)?;
            assert_eq!(graph.n(), cx.rows(points.n()).len());
            Ok((graph, cx.team().unwrap().sent()))
        });
        sent |= parts.iter().any(|part| part.as_ref().is_ok_and(|(_, sent)| *sent > 0));
        let graphs = parts.into_iter().map(|part: Result<_>| part.map(|(graph, _)| graph)).collect();
        same_graph(&alone, graphs, &format!("{search:?} of {} in {team:?}", points.n()));
    }
    sent
}

fn check_exact<T: Scalar>(n: usize, neighbors: usize) {
    let (x, wide) = (with_duplicates::<T>(1, n, 3), with_duplicates::<T>(2, n, 9));
    let (x, wide) = (Rows::new(&x, n, 3).unwrap(), Rows::new(&wide, n, 9).unwrap());
    for metric in [Metric::Euclidean, Metric::Cosine] {
        check_search(wide.into(), &BruteForceSearch::new(metric.clone()), neighbors);
        check_search(x.into(), &KdTreeSearch::new(metric.clone()), neighbors);
        check_search(wide.into(), &ExactSearch::new(metric.clone()), neighbors);
        check_search(x.into(), &AutoSearch::new(metric, 3), neighbors);
    }
    // Nothing is sent: each member has all points.
    assert!(!check_search(x.into(), &VpTreeSearch::new(Metric::Euclidean), neighbors));
    assert!(!check_search(x.into(), &VpTreeSearch::new(Metric::Manhattan), neighbors));
    assert!(!check_search(x.into(), &BruteForceSearch::new(Metric::Manhattan), neighbors));
}

#[test]
fn exact_searches_of_few_points() {
    for (n, neighbors) in [(2, 1), (3, 2), (1023, 7), (1025, 30)] {
        check_exact::<f32>(n, neighbors);
    }
    check_exact::<f64>(1025, 11);
}

#[test]
fn exact_searches_of_some_blocks() {
    check_exact::<f32>(4097, 12);
    check_exact::<f64>(3333, 5);
}

/// All points are one, or two.
#[test]
fn nearly_all_points_are_the_same() {
    let n = 3000;
    for different in [0, 1] {
        let mut x = vec![1.0f32; 3 * n];
        x[3 * 1500] += different as f32;
        let x = Rows::new(&x, n, 3).unwrap();
        for search in [&BruteForceSearch::default() as &dyn NeighborSearch<f32>, &KdTreeSearch::default()] {
            check_search(x.into(), search, 4);
        }
        check_search(x.into(), &VpTreeSearch::default(), 4);
        check_search(x.into(), &ApproximateSearch::default().with_exact_up_to(0), 4);
        check_search(x.into(), &ApproximateSearch::new(Metric::Manhattan).with_exact_up_to(0), 4);
    }
}

/// The rows of this member's points.
fn dealt<'a, T: Scalar>(x: &'a [T], d: usize, cx: Context<'_>) -> Result<DealtRows<'a, T>> {
    let n = x.len() / d;
    let own = cx.rows(n);
    DealtRows::new(Rows::new(&x[own.start * d..own.end * d], own.len(), d)?, own.start, n)
}

/// Searches with all teams, no member of which has all points; the exact neighbors of new ones are those that one process finds.
fn check_dealt<T: Scalar>(x: &[T], d: usize, search: &dyn NeighborSearch<T>, neighbors: usize) {
    let (n, alone, new) = (x.len() / d, Context::new(), cloud::<T>(11, 20, d));
    assert!(search.takes_dealt(n, d));
    let new = Rows::new(&new, 20, d).unwrap();
    let index = search.build(Rows::new(x, n, d).unwrap().into(), alone).unwrap();
    let graph = index.knn_graph(k(neighbors), alone).unwrap();
    let nearest = index.knn_exact(new.into(), k(neighbors), alone).unwrap().unwrap();
    for team in TEAMS {
        let parts = members(team, |cx| {
            let index = search.build(dealt(x, d, cx)?.into(), cx)?;
            // In this order and in the other.
            let graph = if team.0 < 4 { Some(index.knn_graph(k(neighbors), cx)?) } else { None };
            let nearest = index.knn_exact(new.into(), k(neighbors), cx)?;
            Ok::<_, Error>((graph.map_or_else(|| index.knn_graph(k(neighbors), cx), Ok)?, nearest))
        });
        let mut graphs = Vec::new();
        for part in parts {
            let (graph, of_new): (KnnGraph<T>, _) = part.unwrap();
            assert_eq!(of_new.as_ref(), Some(&nearest), "{search:?} of {n} in {team:?}");
            graphs.push(Ok(graph));
        }
        same_graph(&graph, graphs, &format!("{search:?} of {n}, dealt out, in {team:?}"));
    }
}

fn check_clusters<T: Scalar>(n: usize, d: usize, duplicates: bool, search: &ApproximateSearch, neighbors: usize) {
    let x = if duplicates { with_duplicates::<T>(5, n, d) } else { cloud::<T>(5, n, d) };
    for metric in [Metric::Euclidean, Metric::Cosine] {
        let mut search = search.clone().with_exact_up_to(0);
        search.metric = metric;
        assert!(check_search(Rows::new(&x, n, d).unwrap().into(), &search, neighbors));
        check_dealt(&x, d, &search, neighbors);
    }
}

/// So many new points and clusters that these are ranked for some of the points at a time: by the scan of all pairs.
#[test]
fn exact_neighbors_of_many_new_points() {
    let (n, d, count) = (2_500, 3, 5_000);
    let (x, new) = (with_duplicates::<f32>(9, n, d), cloud::<f32>(10, count, d));
    let new = Rows::new(&new, count, d).unwrap();
    let scan = BruteForceSearch::default().build(Rows::new(&x, n, d).unwrap().into(), Context::new()).unwrap();
    let expected = scan.knn(new.into(), k(4), Context::new()).unwrap();
    let search = ApproximateSearch::default().with_exact_up_to(0).with_clusters(Some(2_000));
    for team in [(1, 2), (3, 1)] {
        let found = members(team, |cx| search.build(dealt(&x, d, cx)?.into(), cx)?.knn_exact(new.into(), k(4), cx));
        assert!(found.into_iter().all(|found| found.unwrap().as_ref() == Some(&expected)), "{team:?}");
    }
}

/// Nearly all points are one, which all members have.
#[test]
fn dealt_points_that_are_nearly_all_the_same() {
    let (n, d) = (3000, 2);
    let mut x = vec![1.0f64; d * n];
    (0..8).for_each(|i| x[d * (311 * i + 700)] += i as f64);
    check_dealt(&x, d, &ApproximateSearch::default().with_exact_up_to(0), 5);
}

/// What no member can do alone is an error, and so are rows that are not those of the member.
#[test]
fn dealt_points_where_all_are_needed() {
    let (n, d) = (3000, 4);
    let x = cloud::<f32>(8, n, d);
    let all: [&dyn NeighborSearch<f32>; 6] = [
        &BruteForceSearch::default(),
        &KdTreeSearch::default(),
        &VpTreeSearch::default(),
        &ExactSearch::default(),
        &ApproximateSearch::new(Metric::Correlation).with_exact_up_to(0),
        &ApproximateSearch::new(Metric::Manhattan).with_exact_up_to(0),
    ];
    for search in all {
        assert!(!search.takes_dealt(n, d));
        for error in members((2, 1), |cx| search.build(dealt(&x, d, cx)?.into(), cx).map(drop)) {
            let error = error.unwrap_err().to_string();
            assert!(error.contains("dealt out to a team") && error.contains("DealtRows::whole"), "{search:?}: {error}");
        }
    }
    let search = ApproximateSearch::default().with_exact_up_to(0);
    let few = Rows::new(&x[..3 * d], 3, d).unwrap();
    for (found, error) in members((2, 1), |cx| {
        let index = search.build(dealt(&x, d, cx)?.into(), cx)?;
        let found = index.knn_graph(k(3), cx)?.n() == cx.rows(n).len();
        Ok::<_, Error>((found, index.knn(few.into(), k(2), cx).unwrap_err()))
    })
    .into_iter()
    .map(Result::unwrap)
    {
        assert!(found && error.to_string().contains("DealtRows::whole"), "{error}");
    }
    for error in members((2, 1), |cx| {
        let rows = Rows::new(&x[..n / 2 * d], n / 2, d)?;
        search.build(DealtRows::new(rows, 0, n)?.into(), cx).map(drop)
    }) {
        let error = error.unwrap_err().to_string();
        assert!(error.contains("member 0 has the rows 0..1500 of 3000"), "{error}");
    }
}

#[test]
fn clusters() {
    let search = ApproximateSearch::default();
    check_clusters::<f32>(1025, 6, true, &search, 9);
    check_clusters::<f64>(3000, 5, true, &search, 15);
    check_clusters::<f32>(3073, 10, false, &search, 30);
    // Few points to a cluster, so that rows with too few neighbors look at all.
    check_clusters::<f32>(2500, 4, true, &search.clone().with_clusters(Some(900)).with_recall(0.3), 20);
    // Rows in fewer columns.
    check_clusters::<f32>(1100, 260, true, &search, 8);
}

#[test]
fn clusters_of_many_points() {
    check_clusters::<f32>(20_011, 5, true, &ApproximateSearch::default().with_recall(0.9), 20);
}

/// Groups far apart, so that the rows of a member visit few clusters in each of several rounds; and a few points among them, which visit
/// more than there is room for.
#[test]
fn clusters_of_groups() {
    let (n, d, groups) = (9_000, 4, 40);
    let place = |group: u64, c: usize| 1e3 * random::unit(random::element_seed(3, c as u64, group)) as f32;
    let mut x = cloud::<f32>(8, n, d);
    for (i, row) in x.chunks_exact_mut(d).enumerate() {
        let group = random::element_seed(4, 0, i as u64) % groups;
        let spread = if i % 50 == 0 { 300.0 } else { 1.0 };
        row.iter_mut().enumerate().for_each(|(c, v)| *v = spread * *v + place(group, c));
    }
    let search = ApproximateSearch::default().with_exact_up_to(0);
    assert!(check_search(Rows::new(&x, n, d).unwrap().into(), &search, 12));
    check_dealt(&x, d, &search, 12);
}

/// What has been asked of an index before changes nothing, and new points each member asks for when it likes.
#[test]
fn new_points_wait_for_nobody() {
    let (n, d) = (3000, 6);
    let (x, new) = (with_duplicates::<f32>(6, n, d), cloud::<f32>(7, 100, d));
    let (x, new) = (Rows::new(&x, n, d).unwrap(), Rows::new(&new, 100, d).unwrap());
    for metric in [Metric::Euclidean, Metric::Manhattan] {
        let search = ApproximateSearch::new(metric).with_exact_up_to(0);
        let index = search.build(x.into(), Context::new()).unwrap();
        let alone = index.knn(new.into(), k(10), Context::new()).unwrap();
        let own = index.knn_graph(k(10), Context::new()).unwrap();
        for team in TEAMS {
            let found = members(team, |cx| {
                let index = search.build(x.into(), cx)?;
                let graph = index.knn_graph(k(10), cx)?;
                if cx.rank() + 1 == cx.members() {
                    assert!(index.knn(new.into(), k(10), cx)? == alone);
                    // An index that one member alone builds is no affair of the team.
                    let index = search.build(x.into(), cx.without_team())?;
                    assert!(index.knn(new.into(), k(10), cx)? == alone);
                }
                // The same number of neighbors again, and others, which one member has asked for before.
                assert!(index.knn_graph(k(10), cx)? == graph);
                if cx.rank() == 0 {
                    index.knn(new.into(), k(7), cx)?;
                }
                index.knn_graph(k(7), cx)?;
                Ok(graph)
            });
            same_graph(&own, found, "after new points");
        }
    }
}

/// Neighbors of neighbors, and points that have no coordinates.
#[test]
fn any_metric() {
    let (n, d) = (2500, 8);
    let x = with_duplicates::<f32>(8, n, d);
    let x = Rows::new(&x, n, d).unwrap();
    let manhattan = ApproximateSearch::new(Metric::Manhattan).with_exact_up_to(0);
    assert!(check_search(x.into(), &manhattan, 10));
    check_search(x.into(), &manhattan, 40);
    // So many that all pairs are compared.
    check_search(x.into(), &manhattan, 400);
    let function = Metric::function(|a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
    check_search(x.into(), &BruteForceSearch::new(function.clone()), 6);
    check_search(x.into(), &VpTreeSearch::new(function), 6);
    let n = 1500usize;
    let distances: Vec<f64> = (0..n * n).map(|at| ((at / n).abs_diff(at % n) % 97) as f64).collect();
    check_search(Rows::new(&distances, n, n).unwrap().into(), &BruteForceSearch::new(Metric::Precomputed), 9);
}

#[test]
fn sparse_rows() {
    let (n, d) = (1300, 40);
    let unit = |i: usize| random::unit(random::element_seed(11, 1, i as u64));
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::<f32>::new());
    for i in 0..n {
        // Every fifth row repeats another.
        let row = if i % 5 == 4 { i / 2 } else { i };
        for j in (0..d).filter(|j| unit(row * d + j) < 0.15) {
            columns.push(j as u32);
            values.push((unit(1_000_000 + row * d + j) * 8.0).ceil() as f32);
        }
        pointers.push(columns.len());
    }
    let points = SparseRows::new(&pointers, &columns, &values, d).unwrap();
    for metric in [Metric::Euclidean, Metric::Cosine, Metric::Chebyshev] {
        check_search(points.into(), &BruteForceSearch::new(metric.clone()), 12);
        check_search(points.into(), &AutoSearch::new(metric.clone(), 1), 12);
        check_search(points.into(), &ApproximateSearch::new(metric).with_exact_up_to(0), 12);
    }
    check_search(points.into(), &VpTreeSearch::new(Metric::Euclidean), 12);
}

#[track_caller]
fn same_affinities<T: Scalar>(alone: &Affinities<T>, parts: Vec<Result<Affinities<T>>>, what: &str) {
    let n = alone.n();
    let mut first = 0;
    for part in parts {
        let part = part.unwrap();
        assert_eq!((part.points().start, part.n_columns(), part.kind()), (first, n, alone.kind()), "{what}");
        for i in 0..part.n() {
            let ((a, wa), (b, wb)) = (alone.row(first + i), part.row(i));
            assert!(a == b && bits(wa).eq(bits(wb)), "{what}: row {}\n{a:?}\n{b:?}\n{wa:?}\n{wb:?}", first + i);
        }
        first += part.n();
    }
    assert_eq!(first, n, "{what}");
}

fn check_model<T: Scalar>(x: Rows<'_, T>, search: &dyn NeighborSearch<T>, model: &dyn AffinityModel<T>) {
    let alone = affinities(x, search, model, Context::new()).unwrap();
    for team in TEAMS {
        let what = format!("{model:?} of {} in {team:?}", x.n());
        same_affinities(&alone, members(team, |cx| affinities(x, search, model, cx)), &what);
        let borrowed = |cx: Context<'_>| {
            let graph = search.build(x.into(), cx)?.knn_graph(model.neighbors_needed(x.n())?, cx)?;
            model.joint(&graph, cx)
        };
        same_affinities(&alone, members(team, borrowed), &what);
    }
}

fn check_models<T: Scalar>(n: usize, most: usize) {
    let x = with_duplicates::<T>(12, n, 5);
    let x = Rows::new(&x, n, 5).unwrap();
    let search = ApproximateSearch::default().with_exact_up_to(2000);
    let perplexity = (most as f64 / 3.0).max(1.0);
    let neighbors = k(most);
    for symmetrization in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let model = PerplexityAffinity::new(perplexity).unwrap().with_symmetrization(symmetrization);
        check_model(x, &search, &model);
        check_model(x, &search, &Uniform::new(neighbors).with_symmetrization(symmetrization));
    }
    check_model(x, &search, &PerplexityAffinity::multiscale(&[1.5, perplexity]).unwrap());
    check_model(x, &search, &PerplexityAffinity::mixture(&[1.5, perplexity]).unwrap());
    check_model(x, &search, &FixedSigma::new(0.7).unwrap().with_neighbors(neighbors));
}

#[test]
fn models_of_few_points() {
    for (n, most) in [(2, 1), (5, 3), (1023, 12), (1025, 30)] {
        check_models::<f32>(n, most);
    }
}

#[test]
fn models_of_some_blocks() {
    check_models::<f64>(5000, 6);
    check_models::<f32>(2049, 18);
}

/// A point that all others have as a neighbor, far from where they are.
#[test]
fn one_point_has_all_others_as_neighbors() {
    let n = 4100u32;
    let indices: Vec<u32> =
        (0..n).flat_map(|i| [if i == 3000 { 0 } else { 3000 }, if i == 1 { 4 } else { 1 }]).collect();
    let weights: Vec<f64> = (0..2 * n).map(|at| 1.0 / f64::from(1 + at % 13)).collect();
    for symmetrization in [Symmetrization::Mean, Symmetrization::Max, Symmetrization::None] {
        let rows = |cx: Context<'_>| {
            let rows = cx.rows(n as usize);
            let part = 2 * rows.start..2 * rows.end;
            let distances = vec![1.0; part.len()];
            let graph = KnnGraph::from_parts(2, n as usize, indices[part.clone()].to_vec(), distances)?;
            symmetrize_with(&graph, &weights[part], symmetrization, cx)
        };
        let alone = rows(Context::new()).unwrap();
        for team in TEAMS {
            same_affinities(&alone, members(team, rows), &format!("{symmetrization} in {team:?}"));
        }
    }
}

#[test]
fn given_matrices() {
    let n = 2100usize;
    let row_pointers: Vec<usize> = (0..=n).map(|i| 3 * i).collect();
    let columns: Vec<u32> = (0..3 * n).map(|at| (at / 3 + 1 + 500 * (at % 3)) as u32 % n as u32).collect();
    let weights: Vec<f32> = (0..3 * n).map(|at| 1.0 / (1 + at % 13) as f32).collect();
    for symmetrize in [true, false] {
        let options = Precomputed::default().with_symmetrize(symmetrize);
        let given = |cx: Context<'_>| precomputed_joint(&row_pointers, &columns, &weights, n, options, cx);
        let alone = given(Context::new()).unwrap();
        TEAMS.into_iter().for_each(|team| same_affinities(&alone, members(team, given), "given"));
    }
}

/// A ring of points, each with the next ones as neighbors: rows of a graph.
fn ring(n: usize, neighbors: usize, rows: std::ops::Range<usize>) -> KnnGraph<f64> {
    let indices = rows.clone().flat_map(|i| (1..=neighbors).map(move |step| ((i + step) % n) as u32)).collect();
    KnnGraph::from_parts(neighbors, n, indices, vec![1.0; neighbors * rows.len()]).unwrap()
}

/// All members have an error, and none waits for ever.
#[test]
fn members_that_do_not_fit() {
    let n = 5000;
    let model = Uniform::new(k(2));
    type Graph<'g> = &'g (dyn Fn(Context<'_>) -> KnnGraph<f64> + Sync);
    let odd = |cx: Context<'_>| cx.rank() + 1 == cx.members();
    // All rows; one row less of one member; the rows of others; another number of points.
    let graphs: [Graph<'_>; 4] = [
        &|_| ring(n, 3, 0..n),
        &|cx| ring(n, 3, cx.rows(n).start..cx.rows(n).end - usize::from(odd(cx))),
        &|cx| if odd(cx) { ring(n, 3, 0..1) } else { ring(n, 3, cx.rows(n)) },
        &|cx| {
            let n = if odd(cx) { 2 * n } else { n };
            ring(n, 3, cx.rows(n))
        },
    ];
    for team in TEAMS.into_iter().filter(|team| team.0 > 1) {
        for (case, graph) in graphs.iter().enumerate() {
            let results = members(team, |cx| model.joint(&graph(cx), cx));
            assert!(results.iter().all(Result::is_err), "{case} in {team:?}: {results:?}");
        }
        let results = members(team, |cx| model.joint(&ring(n, 3, 0..n), cx));
        let error = results[0].as_ref().unwrap_err();
        assert!(matches!(error, Error::Invalid { what: "neighbor graph", .. }), "{error}");
        assert!(error.to_string().contains(&format!("member 0 of a team of {} has", team.0)), "{error}");
        // One member has other parameters: all know who.
        let results =
            members(team, |cx| Uniform::new(k(if odd(cx) { 3 } else { 2 })).joint(&ring(n, 3, cx.rows(n)), cx));
        assert!(results.iter().all(|result| matches!(result, Err(Error::Team { .. }))), "{results:?}");
        let other = |cx: Context<'_>| if odd(cx) { Symmetrization::Mean } else { Symmetrization::Max };
        let results = members(team, |cx| model.with_symmetrization(other(cx)).joint(&ring(n, 3, cx.rows(n)), cx));
        assert!(results.iter().all(|result| matches!(result, Err(Error::Team { .. }))), "{results:?}");
        // What one member has is bad: the others learn that it is gone, at the latest at the end.
        let bad = |cx: Context<'_>| {
            let (k, n, mut indices, distances) = ring(n, 3, cx.rows(n)).into_parts();
            if odd(cx) {
                indices[1] = indices[0];
            }
            model.joint(&KnnGraph::from_parts(k, n, indices, distances)?, cx).map(|_| ())?;
            cx.agree("end", 0)
        };
        let results = members(team, bad);
        assert!(results.iter().all(Result::is_err), "{results:?}");
        let error = results.last().unwrap().as_ref().unwrap_err().to_string();
        let row = n.div_ceil(1024) * (team.0 - 1) / team.0 * 1024;
        assert!(error.contains(&format!("row {row} names point {} twice", row + 1)), "{error}");
    }
    // The sum of the weights is that of all.
    let results = members((3, 1), |cx| {
        let graph = ring(n, 1, cx.rows(n));
        let weights = vec![if odd(cx) { -1.0 } else { 1.0 }; graph.n()];
        symmetrize_with(&graph, &weights, Symmetrization::Mean, cx)
    });
    assert!(results.iter().all(|result| matches!(result, Err(Error::Invalid { what: "weights", .. }))), "{results:?}");
}
