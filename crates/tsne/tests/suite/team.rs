//! A fit of a team of processes has the bits of one process.

use crate::common::{bits, blobs};
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex};
use tsne::core::blocks::{self, BLOCK};
use tsne::core::{Team, ThreadTeam, share};
use tsne::initialization::{CustomInitialization, random};
use tsne::metrics::Comparison;
use tsne::plan::DataShape;
use tsne::store::{StoreError, Writer};
use tsne::{
    AffinityIndex, Context, Embedding, Error, Float, Initialization, Interpolation, Iteration, Metric, Model,
    Neighbors, Observer, Observers, Points, Preset, Progress, RandomState, Rows, SparseRows, Stage, Tsne,
};

/// Three blocks of points, the last of them not full.
const N: usize = 2_500;

/// All that a fit says of itself.
fn told<T: Float, const D: usize>(map: &Embedding<T, D>) -> (Vec<u64>, u64, usize, String) {
    let warnings = format!("{:?} {:?}", map.warnings(), map.affinity_index().search_quality());
    (bits(map.positions()), map.kl_divergence().to_bits(), map.iterations(), warnings)
}

#[track_caller]
fn check<R: PartialEq + Send>(what: &str, teams: &[(usize, usize)], fit: impl Fn(Context<'_>) -> R + Sync) {
    let alone = fit(Context::new());
    for &(members, threads) in teams {
        let results = ThreadTeam::run(members, threads, |team| fit(Context::new().with_team(team))).unwrap();
        for (rank, result) in results.into_iter().enumerate() {
            assert!(result == alone, "{what}: member {rank} of {members} with {threads} threads");
        }
    }
}

fn check_fit<T: Float, const D: usize>(preset: Preset, method: &str, interpolation: Interpolation) {
    check_fit_of::<T, D>((N, 25), preset, method, interpolation);
}

fn check_fit_of<T: Float, const D: usize>(
    (n, iterations): (usize, usize),
    preset: Preset,
    method: &str,
    interpolation: Interpolation,
) {
    let (x, _) = blobs::<T>(n, 12, 11);
    check(&format!("{preset}, {method}, {}-D, {}", D, T::NAME), &[(2, 1), (4, 2)], |cx| {
        let builder = Tsne::<_, D>::preset(preset).negative_gradient_method(method);
        let builder = builder.early_exaggeration_iter(15).n_iter(iterations).interpolation(interpolation);
        let tsne = builder.perplexity(20.0).build().unwrap();
        told(&tsne.fit_with(Rows::new(&x, n, 12).unwrap(), None, cx).unwrap())
    });
}

fn check_methods<T: Float, const D: usize>() {
    for preset in [Preset::Recommended, Preset::Exaggerated, Preset::OpenTsne, Preset::Documented] {
        for method in ["exact", "bh"] {
            check_fit_of::<T, D>((1_030, 6), preset, method, Interpolation::BSpline);
        }
        // A grid has two dimensions at the most.
        for interpolation in [Interpolation::BSpline, Interpolation::Lagrange].into_iter().filter(|_| D < 3) {
            check_fit_of::<T, D>((1_030, 6), preset, "fft", interpolation);
        }
    }
}

/// All combinations, of a few points more than one block: that of a preset with a repulsion, a dimension and a type is no other path, and
/// no list of some would show the one that is.
#[test]
fn every_combination() {
    check_methods::<f32, 1>();
    check_methods::<f32, 2>();
    check_methods::<f32, 3>();
    check_methods::<f64, 1>();
    check_methods::<f64, 2>();
    check_methods::<f64, 3>();
}

#[test]
fn every_preset_and_repulsion() {
    let [exact, tree, grid] = ["exact", "bh", "fft"];
    check_fit::<f32, 2>(Preset::Recommended, exact, Interpolation::BSpline);
    check_fit::<f32, 2>(Preset::Recommended, tree, Interpolation::BSpline);
    check_fit::<f32, 2>(Preset::Recommended, grid, Interpolation::BSpline);
    check_fit::<f64, 2>(Preset::OpenTsne, grid, Interpolation::Lagrange);
    check_fit::<f64, 1>(Preset::Documented, grid, Interpolation::BSpline);
    check_fit::<f64, 3>(Preset::Exaggerated, tree, Interpolation::BSpline);
}

/// So many that the start is a coarse map, neighbors are searched in clusters and points are numbered anew, by the defaults.
#[test]
fn thousands_of_points_by_the_defaults() {
    let n = 9_300;
    let (x, _) = blobs::<f32>(n, 6, 17);
    check("defaults", &[(2, 2), (3, 1), (7, 1)], |cx| {
        let tsne = Tsne::<_, 2>::builder().perplexity(8.0).early_exaggeration_iter(5).n_iter(40).build().unwrap();
        told(&tsne.fit_with(Rows::new(&x, n, 6).unwrap(), None, cx).unwrap())
    });
}

/// Most members have no point.
#[test]
fn more_members_than_blocks() {
    for n in [2, 60, 1_025] {
        let (x, _) = blobs::<f32>(n, 4, 3);
        check(&format!("{n} points"), &[(3, 1), (7, 1)], |cx| {
            let tsne = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(60).build().unwrap();
            told(&tsne.fit_with(Rows::new(&x, n, 4).unwrap(), None, cx).unwrap())
        });
    }
}

#[test]
fn other_inputs_starts_and_searches() {
    let (x, _) = blobs::<f64>(N, 6, 5);
    let rows = Rows::new(&x, N, 6).unwrap();
    let fit = |name: &str, change: &(dyn Fn(tsne::TsneBuilder<f64, 2>) -> tsne::TsneBuilder<f64, 2> + Sync)| {
        check(name, &[(3, 1)], |cx| {
            let builder = Tsne::<_, 2>::opentsne().early_exaggeration_iter(10).n_iter(20).perplexity(15.0);
            told(&change(builder).build().unwrap().fit_with(rows, None, cx).unwrap())
        });
    };
    fit("spectral", &|builder| builder.initialization(Initialization::Spectral));
    fit("random", &|builder| builder.initialization(Initialization::Random));
    fit("coarse", &|builder| builder.initialization(Initialization::Coarse));
    fit("cosine", &|builder| builder.metric(Metric::Cosine));
    fit("manhattan", &|builder| builder.metric(Metric::Manhattan));
    fit("approximate", &|builder| builder.neighbors(Neighbors::Approx));
    // Sparse rows: every third value.
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in rows.iter() {
        for (column, v) in row.iter().enumerate().skip(values.len() % 3).step_by(3) {
            columns.push(column as u32);
            values.push(*v);
        }
        pointers.push(columns.len());
    }
    let sparse = Points::Sparse(SparseRows::new(&pointers, &columns, &values, 6).unwrap());
    check("sparse rows", &[(3, 1)], |cx| {
        let tsne = Tsne::<_, 2>::opentsne().early_exaggeration_iter(5).n_iter(10).perplexity(15.0).build().unwrap();
        told(&tsne.fit_with(sparse, None, cx).unwrap())
    });
    // All members have all affinities, or all neighbors, and take their own.
    let tsne = Tsne::<_, 2>::opentsne().early_exaggeration_iter(10).n_iter(20).perplexity(15.0).build().unwrap();
    let index: Arc<AffinityIndex<f64>> = Arc::new(tsne.affinities(rows).unwrap());
    check("affinities", &[(3, 1)], |cx| told(&tsne.fit_with(index.affinities().clone(), None, cx).unwrap()));
    check("a graph", &[(3, 1)], |cx| told(&tsne.fit_with(index.graph().unwrap(), None, cx).unwrap()));
    check("an index", &[(3, 1)], |cx| told(&tsne.fit_with(Arc::clone(&index), None, cx).unwrap()));
}

/// An observer of some members alone, as progress on a screen is: the others compute what it sees. Whoever of them ends the descent
/// ends it for all.
#[test]
fn one_member_looks_and_another_stops() {
    struct Looks(usize, Vec<u64>, Option<usize>);
    impl Observer<f32, 2> for Looks {
        fn wants(&self, completed: usize) -> bool {
            completed.is_multiple_of(self.0)
        }

        fn observe(&mut self, iteration: &Iteration<'_, f32, 2>) -> ControlFlow<()> {
            self.1.push(iteration.kl_divergence.to_bits());
            if self.2.is_some_and(|end| iteration.index >= end) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
    let (x, _) = blobs::<f32>(N, 6, 5);
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(8).n_iter(30).build().unwrap();
    for end in [None, Some(12)] {
        let fit = |observer: Option<&mut Looks>, cx: Context<'_>| {
            let observer = observer.map(|observer| observer as &mut (dyn Observer<f32, 2> + Send));
            told(&tsne.fit_with(Rows::new(&x, N, 6).unwrap(), observer, cx).unwrap())
        };
        let mut looks = Looks(6, Vec::new(), end);
        let alone = fit(Some(&mut looks), Context::new());
        let seen = looks.1;
        let maps = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            // The first has none, and the last looks at other moments.
            let mut looks = Looks([1, 6, 4][team.rank()], Vec::new(), end.filter(|_| team.rank() == 1));
            let map = fit(Some(&mut looks).filter(|_| team.rank() > 0), cx);
            (map, looks.1)
        });
        let maps = maps.unwrap();
        assert!(maps.iter().all(|(map, _)| *map == alone), "{end:?}");
        assert!(maps[0].1.is_empty() && maps[1].1 == seen && maps[2].1 != seen, "{end:?}");
    }
}

/// One member has all rows of so few points, and the others none.
#[test]
fn few_points_start_from_their_affinities() {
    for n in [60, 1_025] {
        let (x, _) = blobs::<f32>(n, 4, 3);
        for start in [Initialization::Spectral, Initialization::Coarse] {
            let name = format!("{n} points, {start:?}");
            check(&name, &[(2, 1), (3, 1)], |cx| {
                let tsne = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(20).initialization(start.clone()).build();
                told(&tsne.unwrap().fit_with(Rows::new(&x, n, 4).unwrap(), None, cx).unwrap())
            });
        }
        // The graph of one process, of which each member takes its rows, has no coordinates to start from.
        let tsne =
            Tsne::<_, 2>::builder().perplexity(10.0).n_iter(20).initialization(Initialization::Pca).build().unwrap();
        let index = tsne.affinities(Rows::new(&x, n, 4).unwrap()).unwrap();
        check(&format!("a graph of {n} points"), &[(3, 1)], |cx| {
            told(&tsne.fit_with(index.graph().unwrap(), None, cx).unwrap())
        });
    }
}

#[test]
fn a_start_of_the_users_own() {
    let (x, _) = blobs::<f32>(N, 4, 3);
    let own = CustomInitialization::new(|start| random(start.affinities.n_columns(), 1e-2, start.random_state));
    check("a start of the user's own", &[(3, 1)], |cx| {
        let tsne =
            Tsne::<_, 2>::builder().perplexity(10.0).n_iter(20).initialization(Initialization::Custom(own.clone()));
        told(&tsne.build().unwrap().fit_with(Rows::new(&x, N, 4).unwrap(), None, cx).unwrap())
    });
}

/// Affinities that a team has made are of its members' points, and are fitted by the same team.
#[test]
fn affinities_of_a_team_are_fitted_by_it() {
    for n in [300, N] {
        let (x, _) = blobs::<f32>(n, 4, 3);
        let rows = Rows::new(&x, n, 4).unwrap();
        let builder = || Tsne::<_, 2>::builder().perplexity(10.0).n_iter(20).neighbors(Neighbors::Approx);
        check(&format!("affinities of {n}"), &[(2, 1), (3, 1)], |cx| {
            let tsne = builder().build().unwrap();
            let index = tsne.affinities_with(rows, cx).unwrap();
            let by_affinities = tsne.fit_with(index.affinities().clone(), None, cx).unwrap();
            (told(&by_affinities), told(&tsne.fit_with(Arc::new(index), None, cx).unwrap()))
        });
        // A fresh seed is one for all.
        let tsne = builder().random_state(RandomState::Fresh).build().unwrap();
        let maps = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            let index = Arc::new(tsne.affinities_with(rows, cx).unwrap());
            told(&tsne.fit_with(index, None, cx).unwrap())
        });
        let maps = maps.unwrap();
        assert!(maps.iter().all(|map| *map == maps[0]), "{n}");
    }
}

/// What is not shared out is measured by each member, of all points, and not of its own.
#[test]
fn what_is_asked_of_a_map_is_answered_whole() {
    let (x, _) = blobs::<f32>(N + 40, 4, 3);
    let (rows, new) = (Rows::new(&x[..4 * N], N, 4).unwrap(), Rows::new(&x[4 * N..], 40, 4).unwrap());
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(20).build().unwrap();
    let map = tsne.fit(rows).unwrap();
    check("measures", &[(2, 1), (3, 1)], |cx| {
        let comparison = Comparison::new(rows, map.positions()).unwrap().context(cx);
        let graph = map.affinity_index().graph();
        assert!(graph.is_none(), "not kept");
        let recall = comparison.neighbor_recall(10).unwrap();
        let spearman = comparison.sample(500, 1).spearman().unwrap();
        let force_error = format!("{:?}", map.force_error(N, cx).unwrap());
        (recall.to_bits(), spearman.to_bits(), force_error)
    });
    check("new points", &[(2, 1)], |cx| {
        let mut placed = map.prepare_partial(new).unwrap();
        placed.optimize_with(10, None, cx).unwrap();
        bits(placed.positions())
    });
}

/// Keeps all neighbors, and has so long a normal phase that its schedule is guarded.
fn guarded() -> Tsne<f32, 2> {
    let builder = Tsne::builder().perplexity(10.0).early_exaggeration_iter(8).n_iter(60);
    builder.keep_neighbors(usize::MAX).build().unwrap()
}

/// A map that was stopped on its way.
fn stopped(rows: Rows<'_, f32>, cx: Context<'_>) -> Embedding<f32, 2> {
    let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    guarded().fit_with(rows, Some(&mut Observers::new().every(17, &mut stop)), cx).unwrap()
}

/// A descent that was stopped in a team, made whole and saved, goes on in one process and in other teams, to the bits of one that was
/// not stopped: with its neighbors, velocities, and the beginning to which the guard of its schedule goes back.
#[test]
fn a_map_of_a_team_is_saved_whole() {
    for n in [300, N] {
        let (x, _) = blobs::<f32>(n, 6, 5);
        let rows = Rows::new(&x, n, 6).unwrap();
        let whole = guarded().fit(rows).unwrap();
        let path = std::env::temp_dir().join(format!("team-{}-{n}.tsne", std::process::id()));
        let stop = |cx: Context<'_>| stopped(rows, cx);
        let alone = stop(Context::new());
        let saved = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            let mut map = stop(cx);
            map.complete(cx).unwrap();
            // A second time there is nothing to do, and the team may go on.
            map.complete(cx).unwrap();
            if team.rank() == 0 {
                assert_eq!(map.affinities(), alone.affinities());
                assert_eq!(map.affinity_index().graph(), alone.affinity_index().graph());
                assert_eq!(map.optimizer(), alone.optimizer());
                map.save(&path).unwrap();
                // With the beginning, to which the guard goes back.
                alone.save(path.with_extension("alone")).unwrap();
                let files = [&path, &path.with_extension("alone")].map(|path| std::fs::read(path).unwrap());
                assert!(files[0] == files[1], "{n}");
            }
            let kl_divergence = map.evaluate_kl_divergence(cx).unwrap();
            assert_eq!(kl_divergence.to_bits(), alone.kl_divergence().to_bits());
            let exact = map.exact_kl_divergence(cx).unwrap();
            assert_eq!(exact.to_bits(), alone.exact_kl_divergence(Context::new()).unwrap().to_bits());
            map.resume_with(None, cx).unwrap();
            told(&map)
        });
        assert!(saved.unwrap().into_iter().all(|map| map == told(&whole)), "{n}");
        // What a saved map does not keep: how good the search was.
        let resumed = |cx: Context<'_>| {
            let mut map = Embedding::<f32, 2>::load(&path).unwrap();
            map.resume_with(None, cx).unwrap();
            (bits(map.positions()), map.kl_divergence().to_bits(), map.iterations())
        };
        let expected = (bits(whole.positions()), whole.kl_divergence().to_bits(), whole.iterations());
        assert!(resumed(Context::new()) == expected, "{n}");
        check(&format!("a saved map of {n}"), &[(2, 1), (4, 1)], resumed);
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(path.with_extension("alone")).unwrap();
    }
}

/// Saved by all together, of which none has the affinities of all, the file is that of one process byte for byte, sections of one's own
/// included; and each of any number of members takes its rows out of it, and goes on to the bits of a map that was not stopped.
#[test]
fn a_map_is_saved_and_loaded_in_parts() {
    for n in [300, N] {
        let (x, _) = blobs::<f32>(n, 6, 5);
        let rows = Rows::new(&x, n, 6).unwrap();
        let whole = guarded().fit(rows).unwrap();
        let stop = |cx: Context<'_>| stopped(rows, cx);
        let directory = tempfile::tempdir().unwrap();
        let [path, expected] = ["together.tsne", "alone.tsne"].map(|name| directory.path().join(name));
        let alone = stop(Context::new());
        let mut writer = alone.writer().unwrap();
        writer.array("own.word", &[2], &[7u32, 9]).unwrap();
        writer.save(&expected).unwrap();
        for members in [2, 3, 7] {
            let ended = ThreadTeam::run(members, 1, |team| {
                let cx = Context::new().with_team(team);
                let mut map = stop(cx);
                let own = map.affinities().n();
                let add = |writer: &mut Writer<'_>| writer.owned("own.word", &[2], vec![7u32, 9]).map(drop);
                map.save_with(&path, cx, add).unwrap().unwrap();
                assert_eq!(map.affinities().n(), own);
                // What the first cannot write is its error alone, and the others wait for nothing.
                let failed = map.save_with(directory.path(), cx, |_| Ok::<_, StoreError>(())).unwrap();
                assert_eq!(failed.is_err(), team.rank() == 0, "{failed:?}");
                let refused = map.save_with(&path, cx, |_| Err(StoreError::Unsupported("no".into()))).unwrap();
                assert_eq!(refused.is_err(), team.rank() == 0, "{refused:?}");
                map.resume_with(None, cx).unwrap();
                told(&map)
            });
            assert!(ended.unwrap().into_iter().all(|map| map == told(&whole)), "{n}, {members}");
            let [saved, whole_file] = [&path, &expected].map(|path| std::fs::read(path).unwrap());
            let differs = saved.iter().zip(&whole_file).position(|(a, b)| a != b);
            assert!(saved == whole_file, "{n}, {members}: {} and {}, {differs:?}", saved.len(), whole_file.len());
            let resumed = ThreadTeam::run(members, 1, |team| {
                let cx = Context::new().with_team(team);
                let mut model = Model::open_with(&path, cx).unwrap();
                assert_eq!((model.n(), model.sections().take::<u32>("own.word", &[2]).unwrap()), (n, vec![7, 9]));
                let mut map = model.embedding_with::<f32, 2>(cx).unwrap();
                assert_eq!(map.affinities().points(), cx.rows(n));
                assert_eq!(map.kl_divergence().to_bits(), alone.kl_divergence().to_bits());
                map.resume_with(None, cx).unwrap();
                (bits(map.positions()), map.kl_divergence().to_bits(), map.iterations())
            });
            let expected = (bits(whole.positions()), whole.kl_divergence().to_bits(), whole.iterations());
            assert!(resumed.unwrap().into_iter().all(|map| map == expected), "{n}, {members}");
        }
    }
}

/// A file that is damaged anywhere is an error for each member, whichever rows it keeps.
#[test]
fn a_damaged_file_is_an_error_for_each_member() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(2).n_iter(3).build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("map.tsne");
    tsne.fit(Rows::new(&x, N, 6).unwrap()).unwrap().save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for at in (0..40).map(|i| i * (bytes.len() - 1) / 39) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        std::fs::write(&path, damaged).unwrap();
        let opened = ThreadTeam::run(3, 1, |team| Model::open_with(&path, Context::new().with_team(team)).is_err());
        assert_eq!(opened.unwrap(), [true; 3], "byte {at}");
    }
}

/// Given neighbors are kept by their rows, too, and are those that were given once they are together.
#[test]
fn given_neighbors_are_whole_again() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(2).n_iter(3).keep_neighbors(5);
    let tsne = tsne.build().unwrap();
    let index = tsne.affinities(Rows::new(&x, N, 6).unwrap()).unwrap();
    let graph = Arc::new(index.graph().unwrap().clone());
    let kept = |map: &Embedding<f32, 2>| map.affinity_index().graph().cloned();
    let alone = kept(&tsne.fit(&*graph).unwrap());
    assert_eq!(alone.as_ref().map(|kept| (kept.n(), kept.k())), Some((N, 5)));
    let together = ThreadTeam::run(3, 1, |team| {
        let cx = Context::new().with_team(team);
        let mut maps =
            [tsne.fit_with(&*graph, None, cx).unwrap(), tsne.fit_with(Arc::clone(&graph), None, cx).unwrap()];
        maps.iter_mut().for_each(|map| map.complete(cx).unwrap());
        maps.map(|map| kept(&map))
    });
    assert!(together.unwrap()[0].iter().all(|kept| *kept == alone));
}

/// What is more than a limit allows for one process, each of three may take.
#[test]
fn a_limit_of_memory_is_that_of_each_member() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let rows = Rows::new(&x, N, 6).unwrap();
    let builder = || Tsne::<_, 2>::builder().early_exaggeration_iter(2).n_iter(3).keep_data(false);
    let peak = |members| {
        let shape = DataShape::dense(N, 6);
        builder().build().unwrap().plan_of_member(shape, members, None).unwrap().peak().bytes
    };
    assert!(
        peak(3) < peak(1)
            && peak(1) == builder().build().unwrap().plan(DataShape::dense(N, 6), None).unwrap().peak().bytes
    );
    assert!(builder().build().unwrap().plan_of_member(DataShape::dense(N, 6), 0, None).is_err());
    let tsne = builder().memory_limit(peak(3)).build().unwrap();
    assert!(tsne.fit(rows).unwrap_err().to_string().contains("memory_limit"));
    let fits = ThreadTeam::run(3, 1, |team| tsne.fit_with(rows, None, Context::new().with_team(team)).is_ok());
    assert_eq!(fits.unwrap(), [true, true, true]);
}

/// What one member has of the affinities is a part of them, and less is sent than all have.
#[test]
fn members_share_the_affinities_out() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(5).build().unwrap();
    let whole = tsne.fit(Rows::new(&x, N, 6).unwrap()).unwrap();
    let parts = ThreadTeam::run(3, 1, |team: &dyn Team| {
        let map = tsne.fit_with(Rows::new(&x, N, 6).unwrap(), None, Context::new().with_team(team)).unwrap();
        (map.affinities().points(), map.affinities().nnz(), map.optimizer().map_or(0, |o| o.velocity().len()))
    });
    let parts = parts.unwrap();
    assert_eq!(parts.iter().map(|part| part.0.clone()).collect::<Vec<_>>(), [0..1024, 1024..2048, 2048..2500]);
    assert_eq!(parts.iter().map(|part| part.1).sum::<usize>(), whole.affinities().nnz());
    assert!(parts.iter().all(|part| part.2 == part.0.len()));
}

/// A member that cancels ends all, and none hangs.
#[test]
fn a_member_that_is_cancelled_ends_the_others() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let tsne = Tsne::<_, 2>::builder().perplexity(10.0).build().unwrap();
    let errors = ThreadTeam::run(3, 1, |team| {
        let token = tsne::CancelToken::new();
        if team.rank() == 2 {
            token.cancel();
        }
        let cx = Context::new().with_team(team).with_cancel(&token);
        tsne.fit_with(Rows::new(&x, N, 6).unwrap(), None, cx).unwrap_err()
    });
    let errors = errors.unwrap();
    assert_eq!(errors[2], Error::Cancelled);
    assert!(errors[..2].iter().all(|error| matches!(error, Error::Team { .. })), "{errors:?}");
}

/// Whoever was given other data or another number of iterations is named, on all members, before anything is computed.
#[test]
fn members_that_differ_are_named() {
    let (x, _) = blobs::<f32>(N, 6, 5);
    let errors = |differs: &(dyn Fn(usize) -> (f32, usize) + Sync)| {
        let of_member = |team: &dyn Team| {
            let (mut x, (more, iterations)) = (x.clone(), differs(team.rank()));
            x[N] += more;
            let tsne = Tsne::<_, 2>::builder().n_iter(iterations).build().unwrap();
            let fit = tsne.fit_with(Rows::new(&x, N, 6).unwrap(), None, Context::new().with_team(team));
            fit.unwrap_err().to_string()
        };
        ThreadTeam::run(3, 1, of_member).unwrap()
    };
    let other_data = errors(&|rank| (if rank == 2 { 1.0 } else { 0.0 }, 100));
    assert!(other_data.iter().all(|error| error.contains("input of member 2 differs from that of member 0")));
    let other_parameters = errors(&|rank| (0.0, 100 + usize::from(rank == 1)));
    assert!(other_parameters.iter().all(|error| error.contains("parameters of member 1 differs")));
}

/// A member of a team that notes what is gathered in each iteration, and what was sent by its end.
struct Noted<'a> {
    team: &'a dyn Team,
    /// What was gathered since the last iteration: the ends of the parts, and all of it.
    gathered: Mutex<Vec<Gathered>>,
    iterations: Mutex<Vec<Iterated>>,
}

/// The ends of parts, and what they are of.
type Gathered = (Vec<usize>, Vec<u8>);

struct Iterated {
    done: usize,
    sent: u64,
    gathered: Vec<Gathered>,
}

impl Team for Noted<'_> {
    fn rank(&self) -> usize {
        self.team.rank()
    }

    fn size(&self) -> usize {
        self.team.size()
    }

    fn gather(&self, data: &mut [u8], ends: &[usize]) -> tsne::Result<()> {
        let done = self.team.gather(data, ends);
        self.gathered.lock().unwrap().push((ends.to_vec(), data.to_vec()));
        done
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> tsne::Result<Vec<Vec<u8>>> {
        self.team.exchange(messages)
    }

    fn sent(&self) -> u64 {
        self.team.sent()
    }
}

impl Progress for Noted<'_> {
    fn advance(&self, stage: Stage, done: usize, _: usize) {
        if stage == Stage::Optimization {
            let gathered = std::mem::take(&mut *self.gathered.lock().unwrap());
            self.iterations.lock().unwrap().push(Iterated { done, sent: self.sent(), gathered });
        }
    }
}

/// What the member `rank` of `members` sends in iterations of a map of `n` points in the plane, as `docs/guide/cluster.md` has it, but
/// for the repulsion.
#[derive(Clone, Copy)]
struct Formula {
    n: usize,
    members: usize,
    rank: usize,
    /// The bytes of a number.
    scalar: usize,
}

/// Dimensions.
const D: usize = 2;

/// Points that are sorted into slabs together, and lines of a slab.
const SORTED: usize = 4096;
const SLAB: usize = 16;

/// The steps of a coarse start of few points.
const STARTED: usize = 120;

impl Formula {
    /// What this member has of `count` items in chunks of `size`.
    fn part(self, count: usize, size: usize) -> usize {
        self.end(self.rank, count, size) - self.rank.checked_sub(1).map_or(0, |before| self.end(before, count, size))
    }

    fn end(self, rank: usize, count: usize, size: usize) -> usize {
        count.min(size * share(count.div_ceil(size), rank, self.members).end)
    }

    /// This member's blocks and points.
    fn own(self) -> (usize, usize) {
        (self.part(blocks::count(self.n), 1), self.part(self.n, BLOCK))
    }

    /// What each of the others is sent in the iteration that ends as the one with the number `done`.
    fn of_step(self, preset: Preset, done: usize) -> usize {
        let (blocks, points) = self.own();
        let positions = self.scalar * D * points;
        let mut bytes = 1 + 8 * (D + 1) * blocks + positions;
        // Steps of the optimizer: what a coarse start has moved so few points with goes on.
        let mut steps = done;
        if preset == Preset::Recommended {
            steps += STARTED;
            bytes += 2 * (8 + 8 * blocks);
            // The divergence of the positions before the iteration.
            bytes += if (done - 1).is_multiple_of(25) { 1 + 8 * blocks } else { 0 };
        }
        bytes + if steps % 50 == 25 { positions } else { 0 }
    }

    /// All that is sent in the forces of a tree, whose groups have so many points of each member.
    fn of_tree(self, ends: &[usize]) -> usize {
        let (start, end) = (self.rank.checked_sub(1).map_or(0, |before| ends[before]), ends[self.rank]);
        let head = start.next_multiple_of(BLOCK).min(end) - start;
        let blocks = end.div_ceil(BLOCK) - start.div_ceil(BLOCK);
        (self.members - 1) * (self.scalar * D * (end - start) + 8 * head + 8 * blocks)
    }

    /// The slabs of which points act on the lines of a member.
    fn slabs(self, rank: usize, lines: usize) -> Range<usize> {
        let start = rank.checked_sub(1).map_or(0, |before| self.end(before, lines, 8));
        let end = self.end(rank, lines, 8);
        if start == end { 0..0 } else { (start / SLAB).saturating_sub(1)..end.div_ceil(SLAB) }
    }

    /// All that is sent of the slabs of a grid of so many lines that is read without near pairs, in which each member's share of the
    /// points is so many: how many each has of each, and points that act on others' lines.
    fn of_slabs(self, lines: usize, counts: &[u32]) -> usize {
        let slabs = lines.div_ceil(SLAB);
        let own = &counts[self.rank * slabs..(self.rank + 1) * slabs];
        let others = (0..self.members).filter(|rank| *rank != self.rank);
        let points: u32 = others.flat_map(|rank| &own[self.slabs(rank, lines)]).sum();
        (self.members - 1) * 4 * slabs + self.scalar * D * points as usize
    }

    /// All that is sent for a grid of so many lines of so many nodes, read with near pairs or without: then the slabs' are missing.
    fn of_grid(self, lines: usize, nodes: usize, near: bool) -> usize {
        let frequencies = nodes + 7;
        let own = (self.part(lines, 8), self.part(frequencies, 8));
        let exchanged = own.0 * (frequencies - own.1) + own.1 * (lines - own.0);
        let read = match near {
            true => 16 * self.part(self.n.div_ceil(64), 1) + self.scalar * D * self.part(self.n, 64),
            false => 8 * self.own().0,
        };
        let bounds = 2 * D * self.scalar + 1;
        // Of several blocks of points each member sorts some into slabs of the grid.
        let starts = 4 * (lines.div_ceil(SLAB) + 1) * self.part(self.n.div_ceil(SORTED), 1);
        let sorted = if self.n > SORTED && near { 2 * self.part(self.n, SORTED) + starts } else { 0 };
        let to_each = bounds + 1 + sorted + self.scalar * own.0 * nodes + read;
        2 * self.scalar * exchanged + (self.members - 1) * to_each
    }

    /// All that is sent for the spectrum of a grid of another size.
    fn of_spectrum(self, lines: usize, nodes: usize) -> usize {
        let frequencies = nodes + 7;
        // Of an even kernel half the lines of the padded grid.
        let own = (self.part(lines + 7, 16), self.part(frequencies, 8));
        8 * own.0 * (frequencies - own.1) + (self.members - 1) * (8 + 32 * own.1)
    }
}

/// The bytes that each member sends in an iteration equal the formula of the documents; returns in how many iterations grids were read
/// without near pairs, and with them.
fn check_bytes<T: Float>(n: usize, members: usize, preset: Preset, method: &str) -> [usize; 2] {
    let what = format!("{n} points, {members} members, {preset}, {method}, {}", T::NAME);
    let (x, _) = blobs::<T>(n, 12, 11);
    // Momentum that is gathered first would put the divergences off.
    let builder = Tsne::<_, D>::preset(preset).negative_gradient_method(method).perplexity(20.0).transition_iter(0);
    let tsne = builder.early_exaggeration_iter(if preset == Preset::Recommended { 0 } else { 20 }).n_iter(60);
    let tsne = tsne.build().unwrap();
    let noted = ThreadTeam::run(members, 1, |team| {
        let noted = Noted { team, gathered: Mutex::default(), iterations: Mutex::default() };
        let cx = Context::new().with_team(&noted).with_progress(&noted);
        tsne.fit_with(Rows::new(&x, n, 12).unwrap(), None, cx).unwrap();
        noted.iterations.into_inner().unwrap()
    });
    let (mut grids, mut wrong) = ([0, 0], Vec::new());
    for (rank, iterations) in noted.unwrap().into_iter().enumerate() {
        let formula = Formula { n, members, rank, scalar: size_of::<T>() };
        let mut compared = 0;
        for pair in iterations.windows(2) {
            let [before, Iterated { done, sent, gathered }] = pair else { unreachable!() };
            // Around the first iteration of a phase there is more.
            if before.done == 0 || *done != before.done + 1 || before.done == 20 && preset != Preset::Recommended {
                continue;
            }
            compared += 1;
            let step = (members - 1) * formula.of_step(preset, *done);
            // The first is whether somebody looks.
            let ends = &gathered[1].0;
            let expected: Vec<usize> = match method {
                "exact" => vec![step + (members - 1) * formula.scalar * formula.own().1],
                "bh" => {
                    let ends: Vec<usize> = ends.iter().map(|end| end / (formula.scalar * D)).collect();
                    assert_eq!(ends.last(), Some(&n), "{what}");
                    vec![step + formula.of_tree(&ends)]
                }
                _ => {
                    // The bounds, and whether a member misses the spectrum. A new one has its mean and its sums gathered, too. Of
                    // several blocks then points and starts of slabs for near pairs, or how many points they have.
                    let numbers: Vec<usize> = (1..=members).map(|rank| 8 * rank).collect();
                    let new = gathered[3].0 == numbers;
                    let rest = &gathered[if new { 4 } else { 2 }..];
                    let is_near = |sums: &Gathered| sums.0.last() == Some(&(16 * n.div_ceil(64)));
                    let several = n > SORTED;
                    let near = rest.get(if several { 4 } else { 2 }).is_some_and(is_near);
                    let counts: Vec<u32> = match several && !near {
                        true => rest[1]
                            .1
                            .chunks_exact(4)
                            .map(|count| u32::from_le_bytes(count.try_into().unwrap()))
                            .collect(),
                        false => Vec::new(),
                    };
                    let before = if several { 1 + usize::from(near) } else { 0 };
                    let ends = &rest[before + 1].0;
                    grids[usize::from(near)] += 1;
                    let total = ends[members - 1] / formula.scalar;
                    // The sides of the grid follow from the parts that are gathered; mostly one pair of them fits.
                    let fits = |lines: &usize| {
                        let end = |rank: usize| formula.end(rank, *lines, 8) * (total / lines) * formula.scalar;
                        total.is_multiple_of(*lines) && (0..members).all(|rank| ends[rank] == end(rank))
                    };
                    let sides = (8..=total / 8).filter(fits);
                    let spectrum = |lines| if new { formula.of_spectrum(lines, total / lines) } else { 0 };
                    let slabs = |lines: usize| match counts.len() {
                        0 => 0,
                        _ if counts.len() != members * lines.div_ceil(SLAB) => usize::MAX / 2,
                        _ => formula.of_slabs(lines, &counts),
                    };
                    let bytes =
                        |lines| step + spectrum(lines) + formula.of_grid(lines, total / lines, near) + slabs(lines);
                    sides.map(bytes).collect()
                }
            };
            let sent = usize::try_from(sent - before.sent).unwrap();
            if !expected.contains(&sent) {
                wrong
                    .push(format!("{what}, member {rank}, iteration {done}: {sent} and not {expected:?}, step {step}"));
            }
        }
        assert!(compared > 50, "{what}: {compared} iterations");
    }
    assert!(wrong.is_empty(), "{} are wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    grids
}

#[test]
fn bytes_of_an_iteration_are_those_of_the_formula() {
    let mut grids = [0, 0];
    for (members, preset) in [(2, Preset::OpenTsne), (5, Preset::Recommended)] {
        for method in ["exact", "bh", "fft"] {
            for [plain, near] in
                [check_bytes::<f32>(N, members, preset, method), check_bytes::<f64>(N, members, preset, method)]
            {
                grids = [grids[0] + plain, grids[1] + near];
            }
        }
    }
    // Several blocks of points are sorted by several members.
    let [plain, _] = check_bytes::<f32>(2 * SORTED + 1_000, 5, Preset::OpenTsne, "fft");
    let [_, near] = check_bytes::<f32>(SORTED + 900, 2, Preset::Recommended, "fft");
    for grids in [grids, [plain, near]] {
        assert!(grids[0] > 0 && grids[1] > 0, "grids without near pairs and with them: {grids:?}");
    }
}
