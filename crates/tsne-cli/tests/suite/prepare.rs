//! The preparation of points: against the definitions, dense against sparse, and kept in saved maps for new points.

use crate::common::{Directory, clusters, npy, read_npy, rows_of, text};
use npyz::Order;
use tsne_cli::input::{CsvOptions, PointTable, SparseTable, Table};
use tsne_cli::prepare::{Preparation, Steps};

const N: usize = 40;
const D: usize = 6;

/// Counts, half of them zero, with columns of different sizes; row by row.
fn counts() -> Vec<f64> {
    let value =
        |(i, x): (usize, f64)| if (i / D + i % D).is_multiple_of(2) { 0.0 } else { (x * (1 + i % D) as f64).round() };
    clusters(N, D).into_iter().enumerate().map(value).collect()
}

fn dense(values: &[f64]) -> PointTable<f64> {
    PointTable::Dense(Table::from_csv(text(values, D, ",").as_bytes(), &CsvOptions::default()).unwrap())
}

fn sparse(values: &[f64]) -> PointTable<f64> {
    let stored = values.iter().enumerate().filter(|(_, value)| **value != 0.0);
    let entries = stored.map(|(i, &value)| ((i / D) as u32, (i % D) as u32, value)).collect();
    PointTable::Sparse(SparseTable::from_coordinates(values.len() / D, D, entries).unwrap())
}

fn fit(points: PointTable<f64>, steps: Steps) -> (Vec<Vec<f64>>, Preparation) {
    let (points, learned) = Preparation::fit(points, steps, 0).unwrap();
    (rows_of(&points), learned.unwrap())
}

#[track_caller]
fn near(a: &[Vec<f64>], b: &[Vec<f64>], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance), "{i}: {a:?} {b:?}");
    }
}

#[test]
fn every_step_is_what_it_says() {
    let x = counts();
    let rows: Vec<&[f64]> = x.chunks(D).collect();
    let sums: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
    let mut sorted = sums.clone();
    sorted.sort_by(f64::total_cmp);
    let median = 0.5 * (sorted[N / 2 - 1] + sorted[N / 2]);
    let scaled = |sum: f64| -> Vec<Vec<f64>> {
        rows.iter().zip(&sums).map(|(row, of)| row.iter().map(|value| value * (sum / of)).collect()).collect()
    };
    for points in [dense, sparse] {
        let total = |sum| Steps { normalize_total: Some(sum), ..Steps::default() };
        near(&fit(points(&x), total(None)).0, &scaled(median), 1e-12 * median);
        near(&fit(points(&x), total(Some(100.0))).0, &scaled(100.0), 1e-10);
        let logs = Steps { log1p: true, ..total(Some(100.0)) };
        let expected: Vec<Vec<f64>> =
            scaled(100.0).iter().map(|row| row.iter().map(|value| (1.0 + value).ln()).collect()).collect();
        near(&fit(points(&x), logs).0, &expected, 1e-12);
    }
    let standard = Steps { standardize: true, ..Steps::default() };
    let found = fit(dense(&x), standard).0;
    for c in 0..D {
        let mean = found.iter().map(|row| row[c]).sum::<f64>() / N as f64;
        let square = found.iter().map(|row| row[c] * row[c]).sum::<f64>() / N as f64;
        assert!(mean.abs() < 1e-12 && (square - 1.0).abs() < 1e-12, "{c}: {mean} {square}");
    }
    // Of sparse points only the scale: the same differences.
    let scaled = fit(sparse(&x), standard).0;
    let difference = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
        of.iter().map(|row| row.iter().zip(&of[0]).map(|(a, b)| a - b).collect()).collect()
    };
    near(&difference(&found), &difference(&scaled), 1e-12);
    // A constant column stays what it is.
    let flat: Vec<f64> = (0..N * D).map(|i| if i % D == 0 { 7.0 } else { x[i] }).collect();
    assert!(fit(dense(&flat), standard).0.iter().all(|row| row[0] == 0.0));
}

#[test]
fn principal_components_are_uncorrelated_and_the_largest() {
    let x = counts();
    let of = |count| Steps { pca: Some(count), ..Steps::default() };
    let (all, _) = fit(dense(&x), of(D));
    let covariance = |a: usize, b: usize| all.iter().map(|row| row[a] * row[b]).sum::<f64>() / N as f64;
    let total: f64 = (0..D).map(|c| covariance(c, c)).sum();
    for a in 0..D {
        for b in 0..a {
            assert!(covariance(a, b).abs() < 1e-10 * total, "{a} {b}");
            assert!(covariance(b, b) >= covariance(a, a));
        }
        let mean: f64 = all.iter().map(|row| row[a]).sum();
        assert!(mean.abs() < 1e-9, "{a}: {mean}");
    }
    // All of them are a rotation: every distance is what it was.
    let rows: Vec<Vec<f64>> = x.chunks(D).map(<[f64]>::to_vec).collect();
    let distance = |of: &[Vec<f64>], i: usize| of[i].iter().zip(&of[0]).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    (0..N).for_each(|i| assert!((distance(&all, i) - distance(&rows, i)).abs() < 1e-9 * total));
    // The first ones are the first of all, dense and sparse.
    let first: Vec<Vec<f64>> = all.iter().map(|row| row[..3].to_vec()).collect();
    near(&fit(dense(&x), of(3)).0, &first, 1e-9);
    near(&fit(sparse(&x), of(3)).0, &first, 1e-9);
    // More than there are columns are as many as there are.
    assert_eq!(fit(dense(&x), of(100)).0[0].len(), D);
}

#[test]
fn new_points_are_prepared_as_the_old_ones() {
    let x = counts();
    let steps = Steps { normalize_total: Some(None), log1p: true, standardize: true, pca: Some(3) };
    for points in [dense, sparse] {
        let (fitted, learned) = fit(points(&x), steps);
        // One at a time they know nothing of the others.
        for i in [0, 7, N - 1] {
            let one = learned.apply(points(&x[i * D..(i + 1) * D])).unwrap();
            near(&rows_of(&one), &fitted[i..=i], 1e-12);
        }
        // Dense points as sparse ones, and the reverse, where nothing is centered before the components.
        assert!(learned.words().join(", ").ends_with("standardized, 3 principal components of 6 columns"));
    }
    let (_, learned) = fit(dense(&x), steps);
    near(&rows_of(&learned.apply(sparse(&x)).unwrap()), &fit(dense(&x), steps).0, 1e-12);
    let narrow = Table::from_csv("1,2\n3,4\n".as_bytes(), &CsvOptions::default()).unwrap();
    assert!(learned.apply(PointTable::<f64>::Dense(narrow)).err().unwrap().to_string().contains("2 columns"));
    let negative: Vec<f64> = x.iter().map(|value| value - 5.0).collect();
    let refused = |steps| Preparation::fit(dense(&negative), steps, 0).err().unwrap().to_string();
    assert!(refused(Steps { log1p: true, ..Steps::default() }).contains("--log1p"));
    assert!(refused(Steps { normalize_total: Some(None), ..Steps::default() }).contains("negative"));
    let same = Preparation::fit(dense(&[1.0; N * D]), Steps { pca: Some(2), ..Steps::default() }, 0);
    assert!(same.err().unwrap().to_string().contains("the same"));
}

/// Numbers whose sums or squares are none: errors that name the column or the point, and no columns of zeros.
#[test]
fn what_overflows_is_named() {
    let refused = |scale: f64, steps| {
        let mut x = counts();
        x.chunks_mut(D).for_each(|row| row[1] *= scale);
        [dense, sparse].map(|points| Preparation::fit(points(&x), steps, 0).err().map(|error| error.to_string()))
    };
    let named =
        |refused: [Option<String>; 2], what: &str| refused.iter().flatten().filter(|why| why.contains(what)).count();
    let standardize = Steps { standardize: true, ..Steps::default() };
    assert_eq!(named(refused(1e200, standardize), "the variance of column 1 "), 2);
    assert_eq!(named(refused(1e306, standardize), "the sum of column 1 "), 2);
    assert_eq!(refused(1e150, standardize), [None, None]);
    // Components are computed in a unit in which squares are numbers.
    assert_eq!(refused(1e200, Steps { pca: Some(2), ..Steps::default() }), [None, None]);
    // A point as large as numbers can be, whose sum and components are none.
    let total = Steps { normalize_total: Some(None), ..Steps::default() };
    let ends: Vec<f64> = counts().iter().enumerate().map(|(at, v)| if at / D == 1 { f64::MAX } else { *v }).collect();
    let why = Preparation::fit(dense(&ends), total, 0).err().unwrap().to_string();
    assert!(why.contains("values of point 1 (counted from 0) add up to no number"), "{why}");
    let learned = fit(dense(&counts()), Steps { pca: Some(2), ..Steps::default() }).1;
    let large: Vec<f64> = (0..2 * D).map(|i| if i < D { 1.0 } else { f64::MAX }).collect();
    let why = learned.apply(dense(&large)).err().unwrap().to_string();
    assert!(why.contains("point 1 (counted from 0)") && why.contains("divide the data"), "{why}");
}

#[test]
fn the_command_prepares_and_its_maps_remember() {
    let directory = Directory::new();
    let x = counts();
    directory.write("x.csv", text(&x, D, ","));
    directory.write("new.csv", text(&x[..5 * D], D, ","));
    let flags = "--perplexity 5 --n-iter 30 --early-exaggeration-iter 10";
    let prepare = "--normalize-total --log1p --standardize --pca 3";
    let words = directory.succeed(&format!("embed x.csv -o y.npy --save m.tsne {flags} {prepare}"));
    assert!(words.contains("40 points x 3 columns; header no; prepared: sums scaled to "), "{words}");
    // The same map as of values that were prepared before, whatever the number of threads.
    let steps = Steps { normalize_total: Some(None), log1p: true, standardize: true, pca: Some(3) };
    let prepared = fit(dense(&x), steps).0.concat();
    directory.write("p.npy", npy(prepared.iter().copied(), &[N as u64, 3], Order::C));
    directory.succeed(&format!("embed p.npy -o p-map.npy {flags}"));
    assert_eq!(directory.read("y.npy"), directory.read("p-map.npy"));
    for threads in [1, 3] {
        directory.succeed(&format!("embed x.csv -o t.npy --threads {threads} {flags} {prepare}"));
        assert_eq!(directory.read("t.npy"), directory.read("y.npy"));
    }
    // New points come to the same places as prepared ones into a map of prepared ones.
    directory.succeed(&format!("embed p.npy --save p.tsne {flags}"));
    directory.write("p-new.npy", npy(prepared[..15].iter().copied(), &[5, 3], Order::C));
    let words = directory.succeed("transform m.tsne new.csv -o a.npy");
    assert!(words.contains("3 principal components of 6 columns"), "{words}");
    directory.succeed("transform p.tsne p-new.npy -o b.npy");
    assert_eq!(read_npy(&directory.read("a.npy")), read_npy(&directory.read("b.npy")));
    let stderr = String::from_utf8(directory.tsne("transform m.tsne p-new.npy -o c.npy").stderr).unwrap();
    assert!(stderr.contains("3 columns") && stderr.contains("6 before they were prepared"), "{stderr}");
}
