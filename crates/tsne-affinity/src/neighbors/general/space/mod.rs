//! Distances under any metric, between points of any storage: which way of storing and comparing serves which metric.

mod bits;
mod column_sums;
mod dense;
mod directions;
mod form;
mod merge;
mod merged;
mod whole;

use super::distances::Space;
use crate::metric::Metric;
use crate::metric::distance::SMOOTHING;
use crate::neighbors::checked::{Checked, no_sparse};
use crate::neighbors::geometric::mapping::Mapping;
use crate::neighbors::geometric::row_map::AsGiven;
pub(in crate::neighbors) use directions::{Directions, SparseRow};
use form::FormSpace;
pub(in crate::neighbors) use merge::sparse_rows;
use tsne_core::{Points, Result, Scalar};

/// The space of checked points.
pub(in crate::neighbors) fn space<'a, T: Scalar>(checked: &Checked<'a, T>) -> Result<Box<dyn Space<T> + 'a>> {
    let Checked { source: points, metric } = checked;
    let rows = match points.points() {
        Points::Dense(rows) => rows,
        Points::Sparse(_) => return merged::space(points, metric),
        Points::Dealt(_) => points.points().dense("this search")?,
        _ => return Err(no_sparse(metric)),
    };
    if let Some(Mapping { geometry, unit, map }) = Mapping::new(metric, rows)? {
        return match map {
            None => dense::ruled(points, metric, (geometry, unit), AsGiven),
            Some(map) => dense::ruled(points, metric, (geometry, unit), map),
        };
    }
    match metric {
        Metric::Manhattan => FormSpace::boxed(points, metric, dense::Summed(column_sums::Manhattan)),
        Metric::Chebyshev => FormSpace::boxed(points, metric, dense::Summed(column_sums::Chebyshev)),
        Metric::Minkowski { p, weights } => {
            FormSpace::boxed(points, metric, dense::Summed(column_sums::Minkowski { p: *p, weights: weights.clone() }))
        }
        Metric::Hamming => FormSpace::boxed(points, metric, dense::Summed(column_sums::Hamming)),
        Metric::Canberra => FormSpace::boxed(points, metric, dense::Summed(column_sums::Canberra)),
        Metric::BrayCurtis => FormSpace::boxed(points, metric, dense::Summed(column_sums::BrayCurtis)),
        Metric::Dot => FormSpace::boxed(points, metric, dense::Summed(column_sums::Dot)),
        Metric::JensenShannon => {
            FormSpace::boxed(points, metric, dense::Distributions { sums: column_sums::JensenShannon, smoothing: 0.0 })
        }
        Metric::SymmetricKl => {
            let smoothing = SMOOTHING;
            FormSpace::boxed(points, metric, dense::Distributions { sums: column_sums::SymmetricKl, smoothing })
        }
        Metric::Haversine => FormSpace::boxed(points, metric, whole::Places),
        Metric::Precomputed => whole::precomputed(points),
        Metric::Function(f) => FormSpace::boxed(points, metric, whole::Called(f.clone())),
        _ => FormSpace::boxed(points, metric, bits::Counted(metric.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::general::distances::{Distances, check};
    use crate::neighbors::source::Source;
    use tsne_core::{Result, Rows, SparseRows, random};

    fn space<'a>(points: Points<'a, f64>, metric: &Metric) -> Result<Box<dyn Space<f64> + 'a>> {
        super::space(&Checked::new(Source::Borrowed(points), metric)?)
    }

    /// Every pair of ten rows, dense and sparse, forward and back, own and as queries.
    #[test]
    fn both_directions_of_a_pair_have_the_same_bits() {
        let (n, d) = (10, 11);
        let unit = |i: usize| random::unit(random::element_seed(1, 2, i as u64));
        // No longer than 1, not negative, with zeros.
        let x: Vec<f64> = (0..n * d).map(|i| (unit(i) - 0.3).max(0.0) / d as f64).collect();
        let pointers: Vec<usize> = (0..=n).map(|i| i * d).collect();
        let columns: Vec<u32> = (0..n).flat_map(|_| 0..d as u32).collect();
        let dense = Points::Dense(Rows::new(&x, n, d).unwrap());
        let sparse = Points::Sparse(SparseRows::new(&pointers, &columns, &x, d).unwrap());
        let names = "l2 sqeuclidean l1 linf minkowski:p=1.7 seuclidean cosine correlation hamming jaccard dice rogerstanimoto \
            russellrao sokalsneath yule canberra braycurtis hellinger dot jensenshannon symmetric-kl spearmanr";
        let metrics = names.split_whitespace().map(|name| name.parse().unwrap());
        // Not symmetric in its last digits.
        let function = Metric::function(|a, b| a.iter().zip(b).fold(0.1, |s, (a, b)| s * (1.0 + a) + b.abs()));
        let points: Vec<u32> = (0..n as u32).collect();
        for metric in metrics.chain([function]) {
            for given in [dense, sparse] {
                if matches!(given, Points::Sparse(_)) && !metric.takes_sparse() {
                    assert!(space(given, &metric).is_err());
                    continue;
                }
                let space = space(given, &metric).unwrap();
                let (own, to) = (space.own(), space.to(given).unwrap());
                assert_eq!((space.shape(), own.n_rows(), to.n_points()), ((n, d), n, n));
                let measure = |distances: &dyn Distances<f64>, i: usize, j: usize| {
                    let mut out = [0.0];
                    distances.measure(i, &[j as u32], &mut out);
                    out[0].to_bits()
                };
                for i in 0..n {
                    let mut row = vec![0.0; n];
                    own.measure(i, &points, &mut row);
                    assert!(check(&*own, i, &points, &row).is_ok());
                    for j in 0..n {
                        assert_eq!(measure(&*own, i, j), measure(&*own, j, i), "{metric}: {i} {j}");
                        assert_eq!(measure(&*own, i, j), row[j].to_bits());
                        if !matches!(metric, Metric::Function(_)) {
                            assert_eq!(measure(&*own, i, j), measure(&*to, i, j));
                        }
                    }
                }
            }
        }
    }
}
