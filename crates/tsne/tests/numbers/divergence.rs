//! What is reported of a map: its divergence, and the error of its forces.

use crate::clouds::{Cloud, SIZES, clouds};
use crate::repulsion::{Pull, pulls};
use crate::wide::Wide;
use tsne::affinity::{ExactSearch, PerplexityAffinity, affinities};
use tsne::core::{Affinities, AffinityModel, NeighborSearch};
use tsne::optim::{Conditional, Descent, ExactReference};
use tsne::{Context, Embedding, Float, GridParams, Kernel, Rows, Tsne, metrics};

/// `Σ p ln(p Z / w)` over each row, and the sum of the absolute values of its three terms.
fn shares<T: Float, const D: usize>(p: &Affinities<T>, dof: f64, y: &[[f64; D]], z: Wide) -> Vec<(Wide, f64)> {
    shares_beside(p, dof, (y, y), |_| z)
}

/// The same of rows at `y` and columns at `reference`, with a normalizer for each row.
fn shares_beside<T: Float, const D: usize>(
    p: &Affinities<T>,
    dof: f64,
    (y, reference): (&[[f64; D]], &[[f64; D]]),
    z: impl Fn(usize) -> Wide,
) -> Vec<(Wide, f64)> {
    let of_row = |i: usize| {
        let (mut sum, mut size, ln_z) = (Wide::ZERO, 0.0, z(i).ln());
        for (&j, weight) in p.row(i).0.iter().zip(p.row(i).1) {
            let weight = Wide::from(weight.to_f64());
            if weight == Wide::ZERO {
                continue;
            }
            let difference = |c: usize| Wide::from(y[i][c]) - Wide::from(reference[j as usize][c]);
            let d2: Wide = (0..D).map(|c| difference(c).square()).sum();
            let cross = (Wide::ONE + d2 / Wide::from(dof)).ln() * Wide::from(dof);
            let terms = [weight * weight.ln(), weight * cross, weight * ln_z];
            size += terms.iter().map(|term| term.abs().to_f64()).sum::<f64>() + weight.to_f64();
            sum = terms.into_iter().fold(sum, |sum, term| sum + term);
        }
        (sum, size)
    };
    (0..p.n()).map(of_row).collect()
}

/// The affinities of a round cloud: those of the map itself would say nothing of maps that are wrong.
fn of_data<T: Float>(n: usize) -> Affinities<T> {
    let x: Vec<T> = clouds::<3>(n, 0)[4].of::<T>().into_iter().flatten().collect();
    let model = PerplexityAffinity::new(8.0).unwrap();
    affinities(Rows::new(&x, n, 3).unwrap(), &ExactSearch::default(), &model, Context::new()).unwrap()
}

/// A map at given positions.
fn map<T: Float, const D: usize>(p: &Affinities<T>, y: Vec<[T; D]>, dof: f64, method: &str) -> Embedding<T, D> {
    let builder = Tsne::<T, D>::builder().dof(dof).negative_gradient_method(method).initialization(y);
    builder.build().unwrap().prepare_initial(p.clone()).unwrap()
}

fn check<T: Float, const D: usize>(cloud: &Cloud<D>, dof: f64, p: &Affinities<T>) {
    let (n, kernel, cx) = (cloud.points.len(), Kernel::new(dof).unwrap(), Context::new());
    let y = cloud.of::<T>();
    let exact: Vec<Pull<D>> = pulls(dof, &cloud.points, f64::MAX);
    let z: Wide = exact.iter().map(|pull| pull.z).sum();
    let expected = shares(p, dof, &cloud.points, z);
    let kl: Wide = expected.iter().map(|(share, _)| *share).sum();
    let size: f64 = expected.iter().map(|(_, size)| size).sum();
    let what = format!("{} with dof {dof} on {}", T::NAME, cloud.name());

    // With a normalizer of its own rounding only: eight half units for a logarithm and what it is of, two products, the additions
    // of a row in lanes of 32 and of rows in blocks.
    let own = (20.0 + n as f64) * f64::EPSILON;
    let given = tsne::optim::kl_divergence(p, kernel, &y, z.to_f64(), Context::new()).unwrap();
    assert!((Wide::from(given) - kl).abs().to_f64() <= own * size, "{given} for {kl:?}, {what}");
    let given = tsne::optim::kl_shares(p, kernel, &y, z.to_f64()).unwrap();
    for (given, (share, size)) in given.iter().zip(&expected) {
        assert!((Wide::from(*given) - *share).abs().to_f64() <= own * size, "{given} for {share:?}, {what}");
    }
    // With one whose weights are computed in the type, and its relative error is the error of the divergence: 150 half units
    // (see `rounding` of the sums).
    let most = own * size + 150.0 * T::EPSILON.to_f64() / 2.0;
    let reported = metrics::kl_divergence(p, kernel, &y, cx).unwrap();
    assert!((Wide::from(reported) - kl).abs().to_f64() <= most, "{reported} for {kl:?}, {what}");

    for method in ["exact", "bh", "fft"] {
        let map = map(p, y.clone(), dof, method);
        assert_eq!(map.positions(), &y[..]);
        assert_eq!(map.exact_kl_divergence(cx), Ok(reported));
        let error = map.force_error(n, cx).unwrap();
        // The divergence by a method errs by the logarithm of what its normalizer errs by, and that is told.
        let z_error = error.z_relative.unwrap();
        let by_method = map.kl_divergence() - kl.to_f64();
        let told = (z_error.ln_1p()).max(-(-z_error).ln_1p());
        assert!(by_method.abs() <= told + own * size, "{method}: {by_method:e}, of which {told:e} is told; {what}");

        // What the method does to the points, and by how much that is wrong.
        let mut forces = vec![[T::ZERO; D]; n];
        let given_z = repulse(method, kernel, &y, &mut forces);
        let unit = exact.iter().flat_map(|pull| pull.force).map(|f| f.abs().to_f64()).fold(f64::MIN_POSITIVE, f64::max);
        let (mut error2, mut worst2, mut force2, mut size2) = (0.0, 0.0f64, 0.0, 0.0);
        for (given, pull) in forces.iter().zip(&exact) {
            let off = |c: usize| (Wide::from(given[c].to_f64()) - pull.force[c]).to_f64() / unit;
            let squared: f64 = (0..D).map(|c| off(c).powi(2)).sum();
            error2 += squared;
            worst2 = worst2.max(squared);
            force2 += pull.force.iter().map(|f| (f.to_f64() / unit).powi(2)).sum::<f64>();
            size2 += (pull.size / unit).powi(2);
        }
        // What is told is against sums in `f64`, which err by some hundred half units of the sizes of their terms.
        let blur = (100.0 + n as f64) * f64::EPSILON * (size2 / force2).sqrt();
        let (rms, worst) = ((error2 / force2).sqrt(), (worst2 * n as f64 / force2).sqrt());
        assert!((error.relative_rms - rms).abs() <= blur + 1e-9 * rms, "{method}: {error:?}, not {rms:e}; {what}");
        assert!(
            (error.worst - worst).abs() <= n as f64 * blur + 1e-9 * worst,
            "{method}: {error:?}, not {worst:e}; {what}"
        );
        let z_off = (Wide::from(given_z) / z - Wide::ONE).abs().to_f64();
        assert!(
            (z_error - z_off).abs() <= (100.0 + n as f64) * f64::EPSILON * (1.0 + z_off),
            "{z_error:e}, not {z_off:e}; {method}, {what}"
        );
    }
}

/// What a method does, called by itself.
fn repulse<T: Float, const D: usize>(method: &str, kernel: Kernel, y: &[[T; D]], out: &mut [[T; D]]) -> f64 {
    let cx = Context::new();
    let z = match method {
        "exact" => tsne::optim::Exact::new().repulse(kernel, y, out, cx),
        "bh" => tsne::bh::BarnesHut::new(0.5).unwrap().repulse(kernel, y, out, cx),
        _ => tsne::fft::GridRepulsion::new(GridParams::default()).unwrap().repulse(kernel, y, out, cx),
    };
    z.unwrap()
}

#[test]
fn divergences_and_force_errors_are_what_they_say() {
    fn of_all<T: Float, const D: usize>() {
        let n = 72;
        let p = of_data::<T>(n);
        // Of 300 points on a line a grid is less work than their pairs.
        if D == 1 {
            let p = of_data::<T>(300);
            for cloud in clouds::<D>(300, 5) {
                check::<T, D>(&cloud, 1.0, &p);
            }
        }
        // Sizes of maps, from the first iteration to one that has flown apart.
        for size in [-100, -13, 0, 5, 10, 27] {
            for cloud in clouds::<D>(n, size) {
                for dof in [0.5, 1.0] {
                    check::<T, D>(&cloud, dof, &p);
                }
            }
        }
    }
    of_all::<f32, 1>();
    of_all::<f64, 1>();
    of_all::<f32, 2>();
    of_all::<f64, 2>();
    of_all::<f64, 3>();
}

/// Maps of any size, in every dimension, with normalizers of the crate's own.
#[test]
fn shares_of_maps_of_any_size_are_what_they_say() {
    fn check<T: Float, const D: usize>() {
        let n = 48;
        let p = of_data::<T>(n);
        for size in SIZES {
            for cloud in clouds::<D>(n, size) {
                for dof in [0.5, 1.0, 2.0] {
                    let (kernel, y, cx) = (Kernel::new(dof).unwrap(), cloud.of::<T>(), Context::new());
                    let z: Wide = pulls(dof, &cloud.points, f64::MAX).iter().map(|pull| pull.z).sum();
                    let expected = shares(&p, dof, &cloud.points, z);
                    let given = metrics::kl_shares(&p, kernel, &y, cx).unwrap();
                    // As above: what is computed in `f64`, and the error of a normalizer, which counts by the sum of the row. Where it
                    // is summed by logarithms, these are part of the sizes.
                    let most = |i: usize| {
                        let weight: f64 = p.row(i).1.iter().map(|p| p.to_f64()).sum();
                        (20.0 + n as f64) * f64::EPSILON * expected[i].1 + 150.0 * T::EPSILON.to_f64() / 2.0 * weight
                    };
                    let what = format!("{} with dof {dof} on {}", T::NAME, cloud.name());
                    for (i, (given, (share, _))) in given.iter().zip(&expected).enumerate() {
                        let off = (Wide::from(*given) - *share).abs().to_f64();
                        assert!(off <= most(i), "{given} for {:e} of point {i}, {what}", share.to_f64());
                    }
                    let kl: Wide = expected.iter().map(|(share, _)| *share).sum();
                    let given = metrics::kl_divergence(&p, kernel, &y, cx).unwrap();
                    let off = (Wide::from(given) - kl).abs().to_f64();
                    assert!(off <= (0..n).map(most).sum::<f64>(), "{given} for {:e}, {what}", kl.to_f64());
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// New points, each with a normalizer of its own, on maps of another kind.
#[test]
fn divergences_of_new_points_are_what_they_say() {
    fn check<T: Float, const D: usize>() {
        let n = 48;
        let x: Vec<T> = clouds::<3>(n, 0)[4].of::<T>().into_iter().flatten().collect();
        let (rows, cx) = (Rows::new(&x, n, 3).unwrap(), Context::new());
        let model = PerplexityAffinity::new(8.0).unwrap();
        let k = AffinityModel::<T>::neighbors_needed(&model, n).unwrap();
        let index = ExactSearch::default().build(rows.into(), cx).unwrap();
        let p = model.conditional(&index.knn(rows.into(), k, cx).unwrap(), cx).unwrap();
        for size in SIZES {
            let clouds = clouds::<D>(n, size);
            for (cloud, new) in clouds.iter().zip(clouds.iter().cycle().skip(1)) {
                for dof in [0.5, 1.0, 2.0] {
                    let (kernel, reference, y) = (Kernel::new(dof).unwrap(), cloud.of::<T>(), new.of::<T>());
                    let weight = |a: &[f64; D], b: &[f64; D]| {
                        let d2: Wide = (0..D).map(|c| (Wide::from(a[c]) - Wide::from(b[c])).square()).sum();
                        (d2 / Wide::from(dof)).inverse_power(dof)
                    };
                    let z = |i: usize| cloud.points.iter().map(|point| weight(&new.points[i], point)).sum::<Wide>();
                    let expected = shares_beside(&p, dof, (&new.points, &cloud.points), z);
                    let kl: Wide = expected.iter().map(|(share, _)| *share).sum();
                    let size: f64 = expected.iter().map(|(_, size)| size).sum();
                    let repulsion = ExactReference::new(kernel, &reference).unwrap();
                    let mut objective = Conditional::new(&p, kernel, &reference, &repulsion).unwrap();
                    let given = Descent::new().kl_divergence(&mut objective, &y, cx).unwrap();
                    // As of a map; each of the rows has the sum 1.
                    let most = (20.0 + n as f64) * f64::EPSILON * size + 150.0 * T::EPSILON.to_f64() / 2.0 * n as f64;
                    let off = (Wide::from(given) - kl).abs().to_f64();
                    let what =
                        format!("{} as new points of {} with dof {dof} in {}", new.name(), cloud.name(), T::NAME);
                    assert!(off <= most, "{given} for {:e}, off by {off:e} of {most:e}: {what}", kl.to_f64());
                }
            }
        }
    }
    in_every_dimension!(check);
}
