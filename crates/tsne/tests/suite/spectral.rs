//! The spectral initialization against closed forms and a dense decomposition.

use crate::common::bits;
use faer::{Mat, Side};
use tsne::core::{Affinities, AffinityKind, random as counter};
use tsne::initialization::{SpectralParams, rescale, spectral, spectral_with};
use tsne::{CancelToken, Context, Error, Scalar};

/// Joint affinities of an undirected graph.
fn graph<T: Scalar>(n: usize, edges: &[(usize, usize, f64)]) -> Affinities<T> {
    let mut dense = vec![std::collections::BTreeMap::new(); n];
    for &(i, j, w) in edges {
        dense[i].insert(j as u32, w);
        dense[j].insert(i as u32, w);
    }
    let total: f64 = dense.iter().flat_map(|row| row.values()).sum();
    let (mut row_pointers, mut columns, mut weights) = (vec![0], Vec::new(), Vec::new());
    for row in &dense {
        columns.extend(row.keys());
        weights.extend(row.values().map(|w| T::from_f64(w / total)));
        row_pointers.push(columns.len());
    }
    Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap()
}

fn path(n: usize) -> Vec<(usize, usize, f64)> {
    (1..n).map(|i| (i - 1, i, 1.0)).collect()
}

fn clique(first: usize, n: usize) -> Vec<(usize, usize, f64)> {
    (first..first + n).flat_map(|i| (first..i).map(move |j| (i, j, 1.0))).collect()
}

fn uniform(stage: u64, i: usize) -> f64 {
    counter::unit(counter::element_seed(11, stage, i as u64))
}

/// A ring with random chords, all of random weights: connected, and without symmetry.
fn random_graph(n: usize, stage: u64) -> Vec<(usize, usize, f64)> {
    let chord = |e: usize| {
        let (i, j) = ((uniform(stage, 3 * e) * n as f64) as usize, (uniform(stage, 3 * e + 1) * n as f64) as usize);
        (i, j, 0.05 + uniform(stage, 3 * e + 2))
    };
    let ring = (0..n).map(|i| (i, (i + 1) % n, 0.5 + uniform(stage + 1, i)));
    ring.chain((0..n / 2).map(chord).filter(|(i, j, _)| i != j)).collect()
}

fn degrees<T: Scalar>(p: &Affinities<T>) -> Vec<f64> {
    (0..p.n()).map(|i| p.row(i).1.iter().map(|w| w.to_f64()).sum()).collect()
}

/// All eigenvalues, descending, and the eigenvectors `u` of the symmetric normalized matrix.
fn decomposition<T: Scalar>(p: &Affinities<T>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (n, d) = (p.n(), degrees(p));
    let mut matrix = Mat::<f64>::zeros(n, n);
    for i in 0..n {
        for (&j, w) in p.row(i).0.iter().zip(p.row(i).1) {
            matrix[(i, j as usize)] = w.to_f64() / (d[i] * d[j as usize]).sqrt();
        }
    }
    let evd = matrix.self_adjoint_eigen(Side::Lower).unwrap();
    let order = (0..n).rev();
    let vectors = order.clone().map(|c| (0..n).map(|i| evd.U()[(i, c)]).collect()).collect();
    (order.map(|c| evd.S().column_vector()[c]).collect(), vectors)
}

fn with_tolerance<T: Scalar, const D: usize>(p: &Affinities<T>, tolerance: f64) -> Vec<[T; D]> {
    let params = SpectralParams { tolerance, ..SpectralParams::default() };
    spectral_with(p, params, 3, Context::new()).unwrap()
}

/// The walk on a path is reflected at its ends: its eigenvalues are `cos θ` and its eigenvectors `√2 cos iθ` with
/// `θ = π k / (n - 1)`, of norm 1 under the degrees.
#[track_caller]
fn check_path(n: usize, tolerance: f64) {
    let y = with_tolerance::<f64, 2>(&graph(n, &path(n)), tolerance);
    let theta = |k: usize| std::f64::consts::PI * k as f64 / (n - 1) as f64;
    // The nearest other eigenvalue is at this distance or farther, or it is the trivial one, which is left out exactly. An
    // error of a norm in the measure is larger by the inverse root of the smallest measure, 1 / (2(n - 1)), at a point.
    let gap = theta(1).cos() - theta(2).cos();
    let bound = 2.0 * (2.0 * (n - 1) as f64).sqrt() * tolerance.max(1e-13) / gap;
    assert!(bound < 1e-3);
    for c in 0..2 {
        let expected = |i: usize| theta(c + 1).cos() * 2.0f64.sqrt() * (i as f64 * theta(c + 1)).cos();
        let sign = y[0][c].signum();
        for (i, y) in y.iter().enumerate() {
            assert!((sign * y[c] - expected(i)).abs() < bound, "n {n}, axis {c}, point {i}: {} {}", y[c], expected(i));
        }
    }
}

#[test]
fn a_path_by_its_cosines() {
    // The matrix as a whole, and by iteration.
    check_path(50, 1e-9);
    check_path(100, 1e-9);
    check_path(200, 1e-9);
}

#[test]
fn a_cycle_becomes_a_circle() {
    for n in [40, 120] {
        let edges: Vec<_> = (0..n).map(|i| (i, (i + 1) % n, 1.0)).collect();
        let y = with_tolerance::<f64, 2>(&graph(n, &edges), 1e-10);
        // Both axes belong to one eigenvalue, λ = cos(2π / n): whatever the basis, v₁² + v₂² = 2 at every point.
        let turn = std::f64::consts::TAU / n as f64;
        let radius = turn.cos() * 2.0f64.sqrt();
        // As for the path: tolerance / (cos(2π/n) - cos(4π/n)) · √n < 1e-10 / 4e-3 · 11.
        for i in 0..n {
            let (a, b) = (y[i], y[(i + 1) % n]);
            assert!((a[0].hypot(a[1]) - radius).abs() < 1e-6, "n {n}: {a:?}");
            let between = (a[0] * b[0] + a[1] * b[1]) / (radius * radius);
            assert!((between - turn.cos()).abs() < 1e-6, "n {n}, point {i}: {between}");
        }
    }
}

#[test]
fn a_complete_graph_has_one_eigenvalue() {
    for n in [4, 30, 150] {
        let y = with_tolerance::<f64, 3>(&graph(n, &clique(0, n)), 1e-10);
        // Some basis of norm |λ| = 1 / (n - 1), orthogonal to the constant; every measure is 1 / n.
        let value = 1.0 / (n - 1) as f64;
        for a in 0..3 {
            let mean = y.iter().map(|y| y[a]).sum::<f64>() / n as f64;
            assert!(mean.abs() < 1e-12, "n {n}: mean {mean}");
            for b in 0..3 {
                let product = y.iter().map(|y| y[a] * y[b]).sum::<f64>() / n as f64;
                let expected = if a == b { value * value } else { 0.0 };
                assert!((product - expected).abs() < 1e-10, "n {n}: {a} {b} {product}");
            }
        }
    }
    // Two eigenvectors below the trivial one, so the third axis is zero.
    let y = with_tolerance::<f32, 3>(&graph(3, &clique(0, 3)), 1e-5);
    assert!(y.iter().all(|y| y[2] == 0.0 && y[0].hypot(y[1]) > 0.1), "{y:?}");
}

#[test]
fn communities_part() {
    // Two cliques joined by one edge: the first axis tells them apart, and hardly moves within.
    let bridged: Vec<_> = clique(0, 50).into_iter().chain(clique(50, 50)).chain([(3usize, 70usize, 1.0)]).collect();
    let y = spectral::<f32, 1>(&graph(100, &bridged), 0, Context::new()).unwrap();
    let sign = y[0][0].signum();
    for (i, y) in y.iter().enumerate() {
        // Equal halves have v = ±1; the bridge moves its ends by the order of 1 / 50.
        let expected = if i < 50 { sign } else { -sign };
        assert!((y[0] - expected).abs() < 0.1, "point {i} at {}", y[0]);
    }
    // A stochastic block model: 0.5 and 0.02 are far beyond the threshold below which blocks cannot be told apart.
    let n = 180;
    let mut edges = Vec::new();
    for i in 0..n {
        for j in 0..i {
            if uniform(5, i * n + j) < if i / 60 == j / 60 { 0.5 } else { 0.02 } {
                edges.push((i, j, 1.0));
            }
        }
    }
    let y = spectral::<f64, 2>(&graph(n, &edges), 0, Context::new()).unwrap();
    let center = |b: usize| [0, 1].map(|c| y[b * 60..(b + 1) * 60].iter().map(|y| y[c]).sum::<f64>() / 60.0);
    let centers = [0, 1, 2].map(center);
    for (i, y) in y.iter().enumerate() {
        let to = |c: [f64; 2]| (y[0] - c[0]).hypot(y[1] - c[1]);
        let nearest = (0..3).min_by(|a, b| to(centers[*a]).total_cmp(&to(centers[*b])));
        assert_eq!(nearest, Some(i / 60), "point {i} of {y:?}");
    }
}

/// The largest angle between the span found and the span of the leading eigenvectors, by its sine, against the bound of
/// Davis and Kahan (1970): residual over the distance to the rest of the spectrum.
#[track_caller]
fn check_dense<T: Scalar, const D: usize>(n: usize, stage: u64, tolerance: f64) {
    let p = graph::<T>(n, &random_graph(n, stage));
    let (values, vectors) = decomposition(&p);
    let d = degrees(&p);
    let y = with_tolerance::<T, D>(&p, tolerance);
    // Rounding of the vectors to T and the dense decomposition's own.
    let residual = (D as f64).sqrt() * (tolerance + 16.0 * T::EPSILON.to_f64() + 1e-13);
    let gap = values[D] - values[D + 1] - tolerance;
    let bound = residual / gap;
    assert!(bound < 0.2, "the spectrum of stage {stage} has no gap: {gap:e}");
    let mut outside = 0.0;
    for c in 0..D {
        let column: Vec<f64> = y.iter().zip(&d).map(|(y, d)| y[c].to_f64() * d.sqrt()).collect();
        let norm = column.iter().map(|v| v * v).sum::<f64>().sqrt();
        // A Ritz value errs by less than its residual.
        assert!((norm - values[c + 1].abs()).abs() < residual, "{}: λ {norm} {}", T::NAME, values[c + 1]);
        let inside: f64 =
            (1..=D).map(|e| column.iter().zip(&vectors[e]).map(|(a, b)| a * b / norm).sum::<f64>().powi(2)).sum();
        outside += (1.0 - inside).max(0.0);
        let largest = y.iter().fold(0.0, |a: f64, y| if y[c].to_f64().abs() > a.abs() { y[c].to_f64() } else { a });
        assert!(largest > 0.0, "axis {c} is not oriented");
    }
    // 1 - cos² loses what is below the rounding of T.
    let sine = outside.sqrt();
    assert!(
        sine < bound + (8.0 * T::EPSILON.to_f64()).sqrt(),
        "{} n {n} D {D}: sine {sine:e}, bound {bound:e}",
        T::NAME
    );
}

#[test]
fn random_graphs_as_by_dense_decomposition() {
    for (n, stage) in [(60, 20), (150, 30), (400, 40)] {
        check_dense::<f64, 1>(n, stage, 1e-9);
        check_dense::<f64, 2>(n, stage, 1e-9);
        check_dense::<f64, 3>(n, stage, 1e-9);
        check_dense::<f32, 1>(n, stage, 1e-5);
        check_dense::<f32, 2>(n, stage, 1e-5);
        check_dense::<f32, 3>(n, stage, 1e-5);
    }
    // More axes than eight vectors hold.
    check_dense::<f64, 12>(300, 50, 1e-9);
}

#[test]
fn pieces_stand_apart() {
    // Two cliques, a long path, a pair, and a point without affinities.
    let (n, ends) = (181, [40, 60, 178, 180, 181]);
    let mut edges = clique(0, 40);
    edges.extend(clique(40, 20));
    edges.extend(path(178).into_iter().filter(|e| e.0 >= 60));
    edges.push((178, 179, 1.0));
    // An entry of weight 0 joins nothing.
    edges.push((0, 180, 0.0));
    let p = graph::<f64>(n, &edges);
    let y = spectral::<f64, 2>(&p, 0, Context::new()).unwrap();
    let mut boxes: Vec<[[f64; 2]; 2]> = Vec::new();
    let mut start = 0;
    for end in ends {
        let bound = |c: usize, f: fn(f64, f64) -> f64| y[start..end].iter().map(|y| y[c]).reduce(f).unwrap();
        boxes.push([[bound(0, f64::min), bound(1, f64::min)], [bound(0, f64::max), bound(1, f64::max)]]);
        start = end;
    }
    for (a, first) in boxes.iter().enumerate() {
        // A component fills the square of its size along one axis; a point fills nothing.
        let side = (0..2).map(|c| first[1][c] - first[0][c]).fold(0.0, f64::max);
        let size = (ends[a] - if a == 0 { 0 } else { ends[a - 1] }) as f64;
        assert!((side - if size > 1.0 { size.sqrt() } else { 0.0 }).abs() < 1e-9, "component {a}: {side}");
        for second in &boxes[..a] {
            let apart = (0..2).any(|c| first[1][c] < second[0][c] || second[1][c] < first[0][c]);
            assert!(apart, "{first:?} meets {second:?}");
        }
    }
    assert!(y[60..178].windows(2).all(|w| w[0][0] < w[1][0]) || y[60..178].windows(2).all(|w| w[0][0] > w[1][0]));
    let mut rescaled = y.clone();
    assert!(rescale(&mut rescaled, 1e-4).unwrap());
    // On a line and in space as well.
    let line = spectral::<f32, 1>(&graph(n, &edges), 0, Context::new()).unwrap();
    let space = spectral::<f32, 3>(&graph(n, &edges), 0, Context::new()).unwrap();
    assert!(line.as_flattened().iter().chain(space.as_flattened()).all(|v| v.is_finite()));
}

#[test]
fn many_pieces_are_a_near_square_and_do_not_meet() {
    let edges: Vec<_> = (0..300).map(|pair| (2 * pair, 2 * pair + 1, 1.0)).collect();
    let p = graph::<f64>(600, &edges);
    let square = spectral::<f64, 2>(&p, 0, Context::new()).unwrap();
    let cube = spectral::<f64, 3>(&p, 0, Context::new()).unwrap();
    fn extents<const D: usize>(y: &[[f64; D]]) -> [f64; D] {
        std::array::from_fn(|c| {
            let values = || y.iter().map(|y| y[c]);
            values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
        })
    }
    let [a, b] = extents(&square);
    assert!(a / b < 1.5 && b / a < 1.5, "{a} {b}");
    let sides = extents(&cube);
    assert!(sides.iter().all(|a| sides.iter().all(|b| a / b < 2.0)), "{sides:?}");
    let mut places: Vec<[u64; 2]> = square.iter().map(|y| y.map(f64::to_bits)).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 600);
}

#[test]
fn small_and_degenerate_graphs() {
    let y = |p: &Affinities<f64>| spectral::<f64, 2>(p, 0, Context::new()).unwrap();
    let empty = Affinities::from_parts(vec![0], vec![], vec![], 0, AffinityKind::Joint).unwrap();
    assert!(y(&empty).is_empty());
    // Five points of which only two have any affinity.
    assert!(y(&graph(5, &[(1, 3, 1.0)])).as_flattened().iter().all(|v| v.is_finite()));
    // Two points: λ = -1, v = ±1.
    let pair = y(&graph(2, &[(0, 1, 1.0)]));
    assert!((pair[0][0] - 1.0).abs() < 1e-12 && (pair[1][0] + 1.0).abs() < 1e-12, "{pair:?}");
    assert!(pair[0][1] == 0.0 && pair[1][1] == 0.0);
    // A star is bipartite: all eigenvalues but two are 0.
    let star: Vec<_> = (1..90).map(|i| (0, i, 1.0)).collect();
    assert!(y(&graph(90, &star)).as_flattened().iter().all(|v| v.is_finite()));
    // Every point with every other: all other eigenvalues are -1/89.
    assert!(y(&graph(90, &clique(0, 90))).as_flattened().iter().all(|v| v.is_finite()));
    // Weights of very different sizes.
    let steep: Vec<_> = path(100).into_iter().map(|(i, j, _)| (i, j, 2f64.powi(-3 * i as i32))).collect();
    assert!(y(&graph(100, &steep)).as_flattened().iter().all(|v| v.is_finite()));
    // A graph whose two directions differ is no affinity, but must not panic.
    let one_way = Affinities::from_parts(
        (0..=100).map(|i| i.min(99)).collect(),
        (1..100).collect(),
        vec![1.0 / 99.0; 99],
        100,
        AffinityKind::Joint,
    )
    .unwrap();
    if let Ok(y) = spectral::<f64, 2>(&one_way, 0, Context::new()) {
        assert!(y.as_flattened().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let connected = graph::<f32>(3_000, &random_graph(3_000, 60));
    let pieces: Vec<_> = (0..5)
        .flat_map(|c| {
            random_graph(300, 70 + c).into_iter().map(move |(i, j, w)| (i + 300 * c as usize, j + 300 * c as usize, w))
        })
        .collect();
    let pieces = graph::<f64>(1_500, &pieces);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let connected = spectral::<f32, 2>(&connected, 1, Context::new()).unwrap();
            (bits(&connected), bits(&spectral::<f64, 3>(&pieces, 1, Context::new()).unwrap()))
        })
    };
    let one = run(1);
    for threads in [2, 7] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn errors_say_what_to_do() {
    let p = graph::<f64>(300, &path(300));
    let run = |params| spectral_with::<f64, 2>(&p, params, 0, Context::new()).unwrap_err().to_string();
    let tolerance = run(SpectralParams { tolerance: 0.0, ..SpectralParams::default() });
    assert!(tolerance.starts_with("tolerance is 0, but must be"), "{tolerance}");
    let nan = run(SpectralParams { tolerance: f64::NAN, ..SpectralParams::default() });
    assert!(nan.starts_with("tolerance is NaN"), "{nan}");
    let none = run(SpectralParams { max_iterations: 0, ..SpectralParams::default() });
    assert_eq!(none, "max_iterations is 0, but must be at least 1");
    let short = run(SpectralParams { tolerance: 1e-10, max_iterations: 2 });
    assert!(short.contains("after 2 iterations: raise max_iterations or tolerance (1e-10)"), "{short}");
    let rows = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![1.0, 1.0], 2, AffinityKind::Conditional).unwrap();
    assert!(matches!(spectral::<f64, 2>(&rows, 0, Context::new()), Err(Error::Invalid { .. })));
    let cancel = CancelToken::new();
    cancel.cancel();
    assert_eq!(spectral::<f64, 2>(&p, 0, Context::new().with_cancel(&cancel)), Err(Error::Cancelled));
}
