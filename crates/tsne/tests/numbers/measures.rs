//! Measures of maps, from the order of all distances.

use crate::clouds::{Cloud, SIZES, clouds};
use crate::wide::Wide;
use tsne::metrics::{Comparison, extent, label_agreement};
use tsne::{Float, Rows};

/// The distance as the type has it: rounded once.
fn distance<T: Float, const D: usize>(a: &[f64; D], b: &[f64; D]) -> f64 {
    let d2: Wide = (0..D).map(|c| (Wide::from(a[c]) - Wide::from(b[c])).square()).sum();
    T::from_f64(d2.sqrt().to_f64()).to_f64()
}

/// The others of each point by distance, then number.
fn orders<T: Float, const D: usize>(points: &[[f64; D]]) -> Vec<Vec<usize>> {
    let order = |i: usize| {
        let mut others: Vec<(f64, usize)> =
            (0..points.len()).filter(|&j| j != i).map(|j| (distance::<T, D>(&points[i], &points[j]), j)).collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        others.into_iter().map(|(_, j)| j).collect()
    };
    (0..points.len()).map(order).collect()
}

/// One less how far beyond the `k` nearest the neighbors are, of some of `n` points in the mean (Venna and Kaski 2001).
fn trust(near: &[Vec<usize>], far: &[Vec<usize>], n: usize, k: usize) -> f64 {
    let beyond = |i: usize, j: &usize| (far[i].iter().position(|other| other == j).unwrap() + 1).saturating_sub(k);
    let penalty: usize = (0..near.len()).flat_map(|i| near[i][..k].iter().map(move |j| beyond(i, j))).sum();
    1.0 - 2.0 * penalty as f64 / (near.len() * k * (2 * n - 3 * k - 1)) as f64
}

/// The distance of each point, in the map, to the nearest of its neighbors in the data, over the median distance of a point to its
/// nearest neighbor in the map, where that is not 0.
fn kin<T: Float, const D: usize>(
    map: &[[f64; D]],
    in_data: &[Vec<usize>],
    in_map: &[Vec<usize>],
    k: usize,
) -> Vec<Wide> {
    let nearest = |i: usize| distance::<T, D>(&map[i], &map[in_map[i][0]]);
    let mut unit: Vec<f64> = (0..map.len()).map(nearest).filter(|d| *d > 0.0).collect();
    unit.sort_by(f64::total_cmp);
    let unit = match unit.len() {
        0 => Wide::ONE,
        n => (Wide::from(unit[(n - 1) / 2]) + Wide::from(unit[n / 2])) * Wide::from(0.5),
    };
    let d2 =
        |i: usize, j: usize| (0..D).map(|c| (Wide::from(map[i][c]) - Wide::from(map[j][c])).square()).sum::<Wide>();
    let of = |i: usize| {
        let all = in_data[i][..k].iter().map(|&j| d2(i, j));
        all.reduce(|a, b| if b < a { b } else { a }).unwrap().sqrt() / unit
    };
    (0..map.len()).map(of).collect()
}

/// The share of points whose label is that of most of their `k` nearest, of several such labels the one that is met first.
fn agreement(near: &[Vec<usize>], labels: &[usize], k: usize) -> f64 {
    let agrees = |i: &usize| {
        let votes: Vec<usize> = near[*i][..k].iter().map(|&j| labels[j]).collect();
        let count = |label: &usize| votes.iter().filter(|other| *other == label).count();
        let most = votes.iter().map(count).max();
        votes.iter().find(|label| Some(count(label)) == most) == Some(&labels[*i])
    };
    (0..near.len()).filter(agrees).count() as f64 / near.len() as f64
}

/// Twice the ranks of the distances of all pairs, equal ones sharing the mean, less their mean.
fn ranks<T: Float, const D: usize>(points: &[[f64; D]]) -> Vec<i64> {
    let n = points.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let distances: Vec<f64> = pairs.map(|(i, j)| distance::<T, D>(&points[i], &points[j])).collect();
    let mut sorted = distances.clone();
    sorted.sort_by(f64::total_cmp);
    let of = |d: &f64| {
        let (below, up_to) = (sorted.partition_point(|other| other < d), sorted.partition_point(|other| other <= d));
        (below + up_to) as i64 - sorted.len() as i64
    };
    distances.iter().map(of).collect()
}

fn check<T: Float, const A: usize, const B: usize>(data: &Cloud<A>, map: &Cloud<B>) {
    let n = data.points.len();
    let (x, y) = (data.of::<T>(), map.of::<T>());
    let what = format!("{} as {} in {}", data.name(), map.name(), T::NAME);
    let comparison = Comparison::new(Rows::new(x.as_flattened(), n, A).unwrap(), &y).unwrap();
    let (in_data, in_map) = (orders::<T, A>(&data.points), orders::<T, B>(&map.points));
    for k in [1, 7] {
        // Integers, and one division.
        let close = |given: f64, exact: f64| (given - exact).abs() < 1e-14;
        assert!(close(comparison.trustworthiness(k).unwrap(), trust(&in_map, &in_data, n, k)), "{what}");
        assert!(close(comparison.continuity(k).unwrap(), trust(&in_data, &in_map, n, k)), "{what}");
        let common = (0..n).map(|i| in_data[i][..k].iter().filter(|j| in_map[i][..k].contains(j)).count());
        let recall = common.sum::<usize>() as f64 / (n * k) as f64;
        assert!(close(comparison.neighbor_recall(k).unwrap(), recall), "{what}");
        let points = comparison.per_point(k).unwrap();
        let each = points.trustworthiness().zip(points.continuity()).zip(points.kin_distance());
        let kin = kin::<T, B>(&map.points, &in_data, &in_map, k);
        for (i, (((trusted, continued), given), exact)) in each.zip(kin).enumerate() {
            let (of_map, of_data) = (&in_map[i..=i], &in_data[i..=i]);
            let far = |all: &[Vec<usize>]| all[i..=i].to_vec();
            assert!(close(trusted, trust(of_map, &far(&in_data), n, k)), "point {i}, {what}");
            assert!(close(continued, trust(of_data, &far(&in_map), n, k)), "point {i}, {what}");
            // Half units: half of two of a difference, one of its square and `B - 1` additions, a root, a mean and a quotient.
            let most = (B as f64 / 2.0 + 4.0) * f64::EPSILON / 2.0 * exact.to_f64();
            let off = (Wide::from(*given) - exact).abs().to_f64();
            assert!(off <= most, "point {i} is {given} from its kin, not {:e}: {what}", exact.to_f64());
        }
    }
    let (a, b) = (ranks::<T, A>(&data.points), ranks::<T, B>(&map.points));
    let product = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| i128::from(a * b)).sum::<i128>() as f64;
    let rho = product(&a, &b) / (product(&a, &a).sqrt() * product(&b, &b).sqrt());
    let pairs = a.len() as f64;
    // Sums of as many products as there are pairs.
    assert!((comparison.spearman().unwrap() - rho).abs() <= pairs * f64::EPSILON, "{rho}: {what}");
    let side = |c: usize| {
        let values = || map.points.iter().map(move |p| p[c]);
        Wide::from(values().fold(f64::MIN, f64::max)) - Wide::from(values().fold(f64::MAX, f64::min))
    };
    let longest = (0..B).map(side).fold(Wide::ZERO, Wide::max).to_f64();
    assert!((extent(&y) - longest).abs() <= f64::EPSILON * longest, "{what}");
}

#[test]
fn measures_are_those_of_the_order_of_all_distances() {
    for (size, other) in SIZES.into_iter().zip(SIZES.into_iter().rev()) {
        let data = clouds::<3>(40, size);
        for shift in 0..data.len() {
            let pairs = || data.iter().zip(data.iter().cycle().skip(shift).map(|cloud| cloud.kind));
            for (data, kind) in
                pairs().filter(|(data, kind)| shift < 2 || data.kind == "a lattice" || *kind == "a lattice")
            {
                let of_kind = |cloud: &&Cloud<2>| cloud.kind == kind;
                let maps = clouds::<2>(40, other);
                check::<f32, 3, 2>(data, maps.iter().find(of_kind).unwrap());
                check::<f64, 3, 2>(data, maps.iter().find(of_kind).unwrap());
                if shift == 1 {
                    let maps = clouds::<1>(40, other);
                    check::<f64, 3, 1>(data, maps.iter().find(|cloud| cloud.kind == kind).unwrap());
                }
            }
        }
    }
}

/// Distances that tie, labels that tie, and labels that follow the places in the order of the points.
#[test]
fn labels_agree_with_those_of_the_nearest() {
    fn check<T: Float, const D: usize>() {
        let n = 40;
        let labels = [(0..n).map(|i| i % 3).collect::<Vec<_>>(), (0..n).map(|i| i / 8).collect(), (0..n).collect()];
        for size in SIZES {
            for cloud in clouds::<D>(n, size) {
                let (y, near) = (cloud.of::<T>(), orders::<T, D>(&cloud.points));
                for k in [1, 2, 7, n - 1] {
                    for labels in &labels {
                        let (given, exact) = (label_agreement(&y, labels, k).unwrap(), agreement(&near, labels, k));
                        assert!(given == exact, "{given}, not {exact}, of {k} on {} in {}", cloud.name(), T::NAME);
                    }
                }
            }
        }
    }
    in_every_dimension!(check);
}

/// A map may be of any size, and as well one whose squared distances are no numbers: what is measured of its points has no unit.
#[test]
fn distances_to_kin_know_no_unit() {
    fn check<const D: usize>() {
        let n = 40;
        let data = clouds::<3>(n, 0)[3].of::<f64>();
        let rows = Rows::new(data.as_flattened(), n, 3).unwrap();
        for cloud in clouds::<D>(n, 0) {
            let points = Comparison::new(rows, &cloud.points).unwrap().per_point(5).unwrap();
            for power in [-600, 600] {
                let scaled: Vec<[f64; D]> = cloud.points.iter().map(|p| p.map(|v| v * 2f64.powi(power))).collect();
                let given = Comparison::new(rows, &scaled).unwrap().per_point(5).unwrap();
                assert_eq!(given, points, "{} times 2 to the power {power}", cloud.name());
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<3>();
}
