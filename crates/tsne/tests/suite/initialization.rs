//! Principal components against a decomposition of its own kind, random numbers against their moments.

use crate::common::{bits, blobs};
use tsne::core::random as counter;
use tsne::initialization::{jitter, pca, principal_axes, random, rescale};
use tsne::{Context, Rows, Tsne};

/// The first `wanted` principal coordinates by power iteration with deflation, in double precision: slow, and with nothing
/// in common with the fast way.
fn power_iteration(x: &[f64], n: usize, d: usize, wanted: usize) -> Vec<Vec<f64>> {
    let mean: Vec<f64> = (0..d).map(|c| (0..n).map(|i| x[i * d + c]).sum::<f64>() / n as f64).collect();
    let mut covariance = vec![0.0; d * d];
    for row in x.chunks_exact(d) {
        for a in 0..d {
            for b in 0..d {
                covariance[a * d + b] += (row[a] - mean[a]) * (row[b] - mean[b]);
            }
        }
    }
    let mut coordinates = Vec::new();
    for component in 0..wanted {
        let mut vector: Vec<f64> =
            (0..d).map(|c| counter::unit(counter::mix((component * d + c) as u64)) - 0.5).collect();
        let mut value = 0.0;
        for _ in 0..20_000 {
            let next: Vec<f64> =
                (0..d).map(|a| (0..d).map(|b| covariance[a * d + b] * vector[b]).sum::<f64>()).collect();
            value = next.iter().map(|v| v * v).sum::<f64>().sqrt();
            vector = next.iter().map(|v| v / value).collect();
        }
        let largest = vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        vector.iter_mut().for_each(|v| *v *= largest.signum());
        for a in 0..d {
            for b in 0..d {
                covariance[a * d + b] -= value * vector[a] * vector[b];
            }
        }
        coordinates.push(
            x.chunks_exact(d)
                .map(|row| row.iter().zip(&mean).zip(&vector).map(|((v, m), l)| (v - m) * l).sum())
                .collect(),
        );
    }
    coordinates
}

/// Anisotropic data: column `c` has the scale `1 / (c + 1)`, so that components are well apart.
fn anisotropic(n: usize, d: usize, offset: f64) -> Vec<f64> {
    let normal = |i: usize, c: usize| -> f64 {
        (0..6).map(|s| counter::unit(counter::element_seed(s, c as u64, i as u64)) - 0.5).sum()
    };
    (0..n * d).map(|at| offset + normal(at / d, at % d) / (1.0 + (at % d) as f64)).collect()
}

#[track_caller]
fn check(x: &[f64], n: usize, d: usize, tolerance: f64) {
    let expected = power_iteration(x, n, d, 2);
    let scale = expected[0].iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let positions = pca::<f64, 2>(Rows::new(x, n, d).unwrap(), 0, Context::new()).unwrap();
    for (i, position) in positions.iter().enumerate() {
        for c in 0..2 {
            let difference = (position[c] - expected[c][i]).abs();
            assert!(difference < tolerance * scale, "n {n}, d {d}, point {i}, component {c}: off by {difference}");
        }
    }
}

#[test]
fn components_are_those_of_the_covariance() {
    // Rounding of sums of squares, over the relative gap of the eigenvalues (0.75): far below 1e-10.
    check(&anisotropic(300, 7, 0.0), 300, 7, 1e-10);
    // More columns than one tile, more rows than one block of a tile.
    check(&anisotropic(1500, 140, 0.0), 1500, 140, 1e-10);
    // Fewer points than columns.
    check(&anisotropic(20, 60, 0.0), 20, 60, 1e-10);
    // An offset of a million leaves ten digits of the data.
    check(&anisotropic(200, 5, 1e6), 200, 5, 1e-8);
    // Values whose squares leave the range of the numbers.
    let huge: Vec<f64> = anisotropic(100, 4, 0.0).iter().map(|v| v * 1e200).collect();
    let plain = pca::<f64, 2>(Rows::new(&anisotropic(100, 4, 0.0), 100, 4).unwrap(), 0, Context::new()).unwrap();
    let scaled = pca::<f64, 2>(Rows::new(&huge, 100, 4).unwrap(), 0, Context::new()).unwrap();
    for (a, b) in plain.as_flattened().iter().zip(scaled.as_flattened()) {
        assert!((a - b / 1e200).abs() < 1e-12);
    }
}

#[test]
fn very_wide_data_go_through_the_subspace_iteration() {
    // Rank 3 plus little noise, in 2,100 columns: the first coordinates are those of the three factors.
    let (n, d) = (60, 2_100);
    let factor = |i: usize, f: usize| counter::unit(counter::element_seed(7, f as u64, i as u64)) - 0.5;
    let loading = |c: usize, f: usize| counter::unit(counter::element_seed(8, f as u64, c as u64)) - 0.5;
    let value = |i: usize, c: usize| {
        (0..3).map(|f| factor(i, f) * loading(c, f) * 4.0f64.powi(-(f as i32))).sum::<f64>()
            + 1e-3 * counter::unit(counter::mix((i * d + c) as u64))
    };
    let x: Vec<f64> = (0..n * d).map(|at| value(at / d, at % d)).collect();
    // The iteration ends when eigenvalues stand still to 1e-6; vectors then err by the root of that at most.
    let expected = {
        // The small side: principal coordinates from the n × n products.
        let mean: Vec<f64> = (0..d).map(|c| (0..n).map(|i| x[i * d + c]).sum::<f64>() / n as f64).collect();
        let centered: Vec<f64> = x.iter().enumerate().map(|(at, v)| v - mean[at % d]).collect();
        let mut gram = vec![0.0; n * n];
        for a in 0..n {
            for b in 0..n {
                gram[a * n + b] = (0..d).map(|c| centered[a * d + c] * centered[b * d + c]).sum();
            }
        }
        let mut u: Vec<f64> = (0..n).map(|i| counter::unit(counter::mix(i as u64)) - 0.5).collect();
        let mut value = 0.0;
        for _ in 0..2_000 {
            let next: Vec<f64> = (0..n).map(|a| (0..n).map(|b| gram[a * n + b] * u[b]).sum::<f64>()).collect();
            value = next.iter().map(|v| v * v).sum::<f64>().sqrt();
            u = next.iter().map(|v| v / value).collect();
        }
        u.iter().map(|v| v * value.sqrt()).collect::<Vec<f64>>()
    };
    let positions = pca::<f64, 1>(Rows::new(&x, n, d).unwrap(), 5, Context::new()).unwrap();
    let sign = (positions[0][0] * expected[0]).signum();
    for (position, expected) in positions.iter().zip(&expected) {
        assert!((position[0] * sign - expected).abs() < 1e-3 * expected.abs().max(0.1), "{} {expected}", position[0]);
    }
}

#[test]
fn components_that_do_not_exist_are_zero() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let positions = pca::<f64, 3>(Rows::new(&x, 5, 1).unwrap(), 0, Context::new()).unwrap();
    for (i, position) in positions.iter().enumerate() {
        assert_eq!(*position, [i as f64 - 2.0, 0.0, 0.0]);
    }
    let constant = pca::<f32, 2>(Rows::new(&[3.5; 12], 4, 3).unwrap(), 0, Context::new()).unwrap();
    assert_eq!(constant, [[0.0; 2]; 4]);
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let (x, _) = blobs::<f32>(3_000, 150, 2);
    let (wide, _) = blobs::<f32>(40, 2_200, 2);
    // Columns enough for a Krylov space and a reduction of several tasks.
    let (many, _) = blobs::<f32>(600, 530, 2);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let dense = pca::<f32, 2>(Rows::new(&x, 3_000, 150).unwrap(), 1, Context::new()).unwrap();
            let iterated = pca::<f32, 2>(Rows::new(&wide, 40, 2_200).unwrap(), 1, Context::new()).unwrap();
            let many = Rows::new(&many, 600, 530).unwrap();
            let few = principal_axes(many, 3, 1, Context::new()).unwrap();
            let axes = principal_axes(many, 50, 1, Context::new()).unwrap();
            let axes: Vec<u64> = few.iter().chain(&axes).flatten().map(|v| v.to_bits()).collect();
            (axes, bits(&dense), bits(&iterated), bits(&random::<f32, 2>(5_000, 1.0, 4).unwrap()))
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn rescaling_sets_the_spread_of_the_first_axis_and_keeps_the_shape() {
    let mut positions: Vec<[f64; 2]> = (0..100).map(|i| [5.0 + f64::from(i), 3.0 * f64::from(i % 10)]).collect();
    let ratio = |p: &[[f64; 2]]| (p[9][1] - p[0][1]) / (p[9][0] - p[0][0]);
    let before = ratio(&positions);
    assert!(rescale(&mut positions, 1e-4).unwrap());
    let variance = positions.iter().map(|p| p[0] * p[0]).sum::<f64>() / 100.0;
    assert!((variance.sqrt() - 1e-4).abs() < 1e-16);
    assert!((ratio(&positions) - before).abs() < 1e-10);
    let mut constant = vec![[2.0f32, 2.0]; 5];
    assert!(!rescale(&mut constant, 1e-4).unwrap());
    assert_eq!(constant, [[0.0; 2]; 5]);
}

#[test]
fn random_positions_are_normal_and_belong_to_seed_and_index() {
    let n = 100_000;
    let positions = random::<f64, 2>(n, 2.0, 9).unwrap();
    let moment = |k: i32| positions.as_flattened().iter().map(|v| (v / 2.0).powi(k)).sum::<f64>() / (2 * n) as f64;
    // Five standard errors of each moment over 200,000 numbers: sqrt((2k - 1)!! - ...) / sqrt(200,000).
    assert!(moment(1).abs() < 5.0 * (1.0f64 / 2e5).sqrt());
    assert!((moment(2) - 1.0).abs() < 5.0 * (2.0f64 / 2e5).sqrt());
    assert!(moment(3).abs() < 5.0 * (15.0f64 / 2e5).sqrt());
    assert!((moment(4) - 3.0).abs() < 5.0 * (96.0f64 / 2e5).sqrt());
    // Fewer points are a prefix of more; another seed is another sample.
    assert_eq!(positions[..50], random::<f64, 2>(50, 2.0, 9).unwrap());
    assert_ne!(positions[..50], random::<f64, 2>(50, 2.0, 10).unwrap());
    let mut jittered = vec![[1.0f64; 2]; 50];
    jitter(&mut jittered, 1e-3, 9).unwrap();
    assert!(jittered.as_flattened().iter().all(|v| *v != 1.0 && (v - 1.0).abs() < 0.01));
}

#[test]
fn the_scale_of_the_data_does_not_matter() {
    use tsne::Tsne;
    let plain = anisotropic(60, 4, 0.0);
    let start = |scale: f64| {
        let x: Vec<f64> = plain.iter().map(|v| v * scale).collect();
        let tsne = Tsne::<_, 2>::opentsne().perplexity(5.0).early_exaggeration_iter(0).n_iter(0).build().unwrap();
        tsne.fit(Rows::new(&x, 60, 4).unwrap()).unwrap().into_positions()
    };
    let expected = start(1.0);
    for scale in [1e-100, 1e100, 1e140] {
        for (a, b) in start(scale).as_flattened().iter().zip(expected.as_flattened()) {
            // Rounding of the data, of the order 1e-16, in positions of the order 1e-4.
            assert!((a - b).abs() < 1e-14, "scale {scale:e}: {a} against {b}");
        }
    }
}

#[test]
fn deviations_and_counts_out_of_range_are_errors() {
    let message = |error: tsne::Error| error.to_string();
    for std in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-31, 1e11] {
        assert!(message(random::<f32, 2>(2, std, 1).unwrap_err()).contains("from 1e-30 to 1e10"));
        let mut positions = [[1.0, 2.0], [3.0, 4.0]];
        assert!(rescale(&mut positions, std).is_err());
        assert_eq!(jitter(&mut positions, std, 1).is_ok(), (0.0..1.0).contains(&std));
        // A jitter of 1e-31 is lost beside 1, and allowed.
        assert_eq!(positions, [[1.0, 2.0], [3.0, 4.0]]);
        let builder = Tsne::<f32, 2>::builder().initialization_std(std);
        assert!(message(builder.build().unwrap_err()).starts_with("initialization_std is"));
    }
    assert!(matches!(random::<f64, 2>(usize::MAX, 1.0, 1), Err(tsne::Error::OutOfMemory { .. })));
    // Both ends, in the smaller type: positions that are finite and differ.
    for std in [1e-30, 1e10] {
        let positions = random::<f32, 2>(100, std, 1).unwrap();
        assert!(positions.as_flattened().iter().all(|v| v.is_finite() && *v != 0.0));
    }
}
