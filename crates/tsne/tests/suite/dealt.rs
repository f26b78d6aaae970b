//! Data that are dealt out to a team, so that no member has all, make the map of one process.

use crate::common::{bits, blobs};
use tsne::core::blocks::BLOCK;
use tsne::core::{DealtRows, ThreadTeam};
use tsne::initialization::{CustomInitialization, random};
use tsne::{
    Context, Dataset, Embedding, Error, Float, Initialization, Metric, Neighbors, NewPoints, Result, Rows, Tsne,
    TsneBuilder,
};

/// The rows of this member's points.
fn own<'a, T: Float>(x: &'a [T], d: usize, cx: Context<'_>) -> Result<DealtRows<'a, T>> {
    let n = x.len() / d;
    let own = cx.rows(n);
    DealtRows::new(Rows::new(&x[own.start * d..own.end * d], own.len(), d)?, own.start, n)
}

/// All that a fit says of itself.
fn told<T: Float>(map: &Embedding<T, 2>) -> (Vec<u64>, u64, String) {
    let warnings = format!("{:?} {:?}", map.warnings(), map.affinity_index().search_quality());
    (bits(map.positions()), map.kl_divergence().to_bits(), warnings)
}

/// Every sixth point repeats an earlier one.
fn with_duplicates<T: Float>(n: usize, d: usize) -> Vec<T> {
    let (mut x, _) = blobs::<T>(n, d, 17);
    for i in (6..n).step_by(6) {
        let from = (i * 7919) % i;
        x.copy_within(from * d..(from + 1) * d, i * d);
    }
    x
}

type Change<'c, T> = dyn Fn(TsneBuilder<T, 2>) -> TsneBuilder<T, 2> + Sync + 'c;

#[track_caller]
fn check<T: Float>(what: &str, x: &[T], d: usize, teams: &[(usize, usize)], change: &Change<'_, T>) {
    let n = x.len() / d;
    // Data that are kept are kept whole.
    let builder = Tsne::<T, 2>::builder().keep_data(false).perplexity(8.0).early_exaggeration_iter(5).n_iter(12);
    let tsne = change(builder).build().unwrap();
    let alone = told(&tsne.fit(Rows::new(x, n, d).unwrap()).unwrap());
    for &(members, threads) in teams {
        let maps = ThreadTeam::run(members, threads, |team| {
            let cx = Context::new().with_team(team);
            tsne.fit_with(own(x, d, cx)?, None, cx).map(|map| told(&map))
        });
        for (rank, map) in maps.unwrap().into_iter().enumerate() {
            assert!(map.unwrap() == alone, "{what}: member {rank} of {members} with {threads} threads");
        }
    }
}

/// So many points that they are searched in clusters, and the start is a coarse map.
#[test]
fn thousands_of_points_by_the_defaults() {
    check("defaults", &with_duplicates::<f32>(11_300, 6), 6, &[(1, 2), (2, 2), (3, 1), (7, 1)], &|builder| builder);
}

#[test]
fn metrics_numbers_and_starts() {
    let n = 4 * BLOCK + 1_000;
    let (x, y) = (with_duplicates::<f32>(n, 5), with_duplicates::<f64>(n, 5));
    let teams = &[(3, 1)];
    let approx = |builder: TsneBuilder<f32, 2>| builder.neighbors(Neighbors::Approx);
    check("cosine", &x, 5, teams, &|builder| approx(builder).metric(Metric::Cosine));
    check("f64", &y, 5, teams, &|builder| builder.neighbors(Neighbors::Approx).metric(Metric::SqEuclidean));
    check("principal components", &x, 5, teams, &|builder| approx(builder).initialization(Initialization::Pca));
    check("openTSNE", &x, 5, teams, &|_| approx(Tsne::opentsne().keep_data(false)).perplexity(8.0).n_iter(10));
    // Rows in fewer columns.
    check("wide", &with_duplicates::<f32>(n, 260), 260, teams, &approx);
}

/// What no member can do with its own rows alone.
#[test]
fn rows_are_brought_together_where_all_are_needed() {
    let (few, some) = (with_duplicates::<f32>(60, 4), with_duplicates::<f32>(BLOCK + 1, 4));
    let more = with_duplicates::<f32>(4_500, 4);
    for x in [&few, &some] {
        check("exact", x, 4, &[(1, 1), (2, 1), (3, 1)], &|builder| builder);
    }
    check("manhattan", &more, 4, &[(3, 1)], &|builder| builder.metric(Metric::Manhattan));
    check("correlation", &more, 4, &[(3, 1)], &|builder| {
        builder.metric(Metric::Correlation).neighbors(Neighbors::Approx)
    });
    let start = CustomInitialization::new(|start| {
        let points = start.points.unwrap().dense("a start")?;
        assert_eq!(points.n(), start.affinities.n_columns());
        random(points.n(), 1e-4, start.random_state)
    });
    check("a start of one's own", &more, 4, &[(3, 1)], &|builder| {
        builder.neighbors(Neighbors::Approx).initialization(Initialization::Custom(start.clone()))
    });
    // Kept for new points.
    let tsne = Tsne::<f32, 2>::builder().perplexity(8.0).n_iter(10).keep_data(true).build().unwrap();
    let new = Rows::new(&more[..12], 3, 4).unwrap();
    let fit = |cx: Context<'_>| {
        let map = tsne.fit_with(own(&more, 4, cx)?, None, cx)?;
        Ok::<_, Error>((told(&map), bits(map.transform(new)?.positions())))
    };
    let alone = fit(Context::new()).unwrap();
    for member in ThreadTeam::run(2, 1, |team| fit(Context::new().with_team(team))).unwrap() {
        assert!(member.unwrap() == alone);
    }
}

/// What is said of data is said of all of them, whoever has what it is said of.
#[test]
fn warnings_are_those_of_all() {
    let n = 5 * BLOCK;
    let approx = |builder: TsneBuilder<f32, 2>| builder.neighbors(Neighbors::Approx);
    // One point again and again, also but for rounding; one other, which the last member has; a column that holds all distances.
    check("the same", &vec![0.7f32; 3 * n], 3, &[(2, 1)], &approx);
    let noise: Vec<f32> = (0..3 * n).map(|at| if at % 5 == 0 { 1.0f32.next_up() } else { 1.0 }).collect();
    check("noise", &noise, 3, &[(2, 1)], &approx);
    let mut other = vec![1.0f32; 3 * n];
    other[3 * n - 1] = 2.0;
    check("another", &other, 3, &[(2, 1)], &approx);
    let (mut x, _) = blobs::<f32>(n, 4, 3);
    x.iter_mut().skip(2).step_by(4).for_each(|v| *v *= 1e4);
    check("scales", &x, 4, &[(2, 1)], &approx);
}

#[test]
fn rows_of_others_are_an_error_on_all_members() {
    let (n, d) = (4 * BLOCK, 2);
    let x = with_duplicates::<f32>(n, d);
    let tsne = Tsne::<f32, 2>::builder().keep_data(false).perplexity(8.0).n_iter(10).build().unwrap();
    let errors = |given: &(dyn Fn(Context<'_>) -> Result<Dataset<'static, f32>> + Sync)| {
        let fit = |cx: Context<'_>| tsne.fit_with(given(cx)?, None, cx).map(drop);
        let all = ThreadTeam::run(2, 1, |team| fit(Context::new().with_team(team))).unwrap();
        all.into_iter().map(|fit| fit.unwrap_err().to_string()).collect::<Vec<_>>()
    };
    let part = |rows: std::ops::Range<usize>, n: usize| {
        Dataset::dealt(x[rows.start * d..rows.end * d].to_vec(), d, rows.start, n)
    };
    let all = errors(&|cx| part([0..BLOCK, BLOCK..n][cx.rank()].clone(), n));
    assert!(all.iter().all(|error| error.contains("member 0 has the rows 0..1024 of 4096")), "{all:?}");
    let all = errors(&|cx| part(cx.rows(n), if cx.rank() == 0 { n } else { n + 1 }));
    assert!(all.iter().all(|error| error.contains("number of points of member 1 differs")), "{all:?}");
    let all = errors(&|cx| if cx.rank() == 0 { Dataset::dense(x.clone(), n, d) } else { part(cx.rows(n), n) });
    assert!(all.iter().all(|error| error.contains("dealt out")), "{all:?}");
    // The point is named by its number among all.
    let bad = |cx: Context<'_>| {
        let own = cx.rows(n);
        let mut values = x[own.start * d..own.end * d].to_vec();
        if cx.rank() == 1 {
            values[1] = f32::NAN;
        }
        Dataset::dealt(values, d, own.start, n)
    };
    let all = errors(&bad);
    assert!(all[1].contains("2048"), "{all:?}");
}

/// Rows in double precision far from the origin, of which each member rounds its own: the offset, the warnings and the map are those of
/// all, also of a metric that minds, and where the data are kept, which new points then lose the offset of.
#[test]
fn wide_rows_lose_the_offset_of_all() {
    let (n, d) = (4 * BLOCK + 1_000, 5);
    let far: Vec<f64> = with_duplicates::<f64>(n, d).iter().map(|v| v + 1e7).collect();
    let new: Vec<f64> = far[..3 * d].iter().map(|v| v + 0.125).collect();
    for (metric, kept) in [(Metric::Euclidean, false), (Metric::Euclidean, true), (Metric::Cosine, false)] {
        let builder = Tsne::<f32, 2>::builder().keep_data(kept).perplexity(8.0).early_exaggeration_iter(5).n_iter(8);
        let tsne = builder.neighbors(Neighbors::Approx).metric(metric.clone()).build().unwrap();
        let outcome = |map: Embedding<f32, 2>| {
            let placed = kept.then(|| {
                let new = NewPoints::from_f64(Rows::new(&new, 3, d).unwrap());
                bits(map.transform(new).unwrap().positions())
            });
            (told(&map), placed)
        };
        let data = Dataset::from_f64(Rows::new(&far, n, d).unwrap(), &metric).unwrap();
        assert_eq!(data.offset().is_some(), metric == Metric::Euclidean);
        let offset = data.offset().map(<[f64]>::to_vec);
        let alone = outcome(tsne.fit(data).unwrap());
        assert_eq!(alone.0.2.contains("Offset"), metric == Metric::Cosine);
        for members in [1, 3] {
            let maps = ThreadTeam::run(members, 1, |team| {
                let cx = Context::new().with_team(team);
                let own = cx.rows(n);
                let values = far[own.start * d..own.end * d].to_vec();
                let data = Dataset::dealt_from_f64(values, d, own.start, n, &metric, cx)?;
                assert_eq!(data.offset().map(<[f64]>::to_vec), offset);
                tsne.fit_with(data, None, cx).map(outcome)
            });
            for map in maps.unwrap() {
                assert!(map.unwrap() == alone, "{metric:?}, data kept: {kept}, {members} members");
            }
        }
    }
    // A value that single precision has no number for is named by its place among all.
    let errors = ThreadTeam::run(2, 1, |team| {
        let cx = Context::new().with_team(team);
        let own = cx.rows(n);
        let mut values = far[own.start * d..own.end * d].to_vec();
        if let Some(value) = values.get_mut((n - 2).wrapping_sub(own.start) * d + 3) {
            *value = 1e200;
        }
        Dataset::<f32>::dealt_from_f64(values, d, own.start, n, &Metric::Euclidean, cx).map(|_| ())
    });
    let errors = errors.unwrap();
    assert_eq!(errors[0], Ok(()));
    assert!(errors[1].clone().unwrap_err().to_string().contains(&format!("row {} and column 3", n - 2)), "{errors:?}");
}
