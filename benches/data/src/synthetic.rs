//! A hierarchical Gaussian mixture: many points with structure at two scales, the same in every run.

use std::f64::consts::TAU;
use std::path::Path;

use anyhow::{Result, bail};

use crate::npy::{Array, Writer};
use crate::targets::{F32, I32, wanted};

const DIMENSIONS: usize = 50;
const SUPER_CLUSTERS: usize = 10;
const CLUSTERS: usize = 100;
/// Standard deviation of the centers of the super-clusters about the origin, per dimension.
const SUPER_SPREAD: f64 = 6.0;
/// Standard deviation of the centers of the clusters about the center of their super-cluster, per dimension.
const CLUSTER_SPREAD: f64 = 2.0;
/// Standard deviation of the logarithm of a cluster's own standard deviation along a dimension.
const LOG_SCALE_SPREAD: f64 = 0.4;
/// The parameter of the Dirichlet distribution of the clusters' weights: a whole number, so that a gamma variate is a
/// sum of this many exponential ones.
const CONCENTRATION: u64 = 3;
/// The first rows, written as a second file.
const PREFIX: usize = 250_000;
/// Rows written at a time.
const BLOCK: usize = 4096;

/// Writes the first `n` points of the mixture, `x50.npy` and `labels.npy` (the cluster of each point), into `out`;
/// also the first 250000 of them, `x50_250k.npy` and `labels_250k.npy`, where there are as many.
pub(crate) fn make(out: &Path, n: usize, force: bool) -> Result<()> {
    if n == 0 {
        bail!("`--n 0`: ask for at least one point");
    }
    let points = |n: usize| vec![n as u64, DIMENSIONS as u64];
    let mut targets = vec![("x50.npy", F32, points(n)), ("labels.npy", I32, vec![n as u64])];
    if n >= PREFIX {
        targets.push(("x50_250k.npy", F32, points(PREFIX)));
        targets.push(("labels_250k.npy", I32, vec![PREFIX as u64]));
    }
    let wanted = wanted(out, &targets, force)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let mixture = Mixture::new();
    for (name, _, shape) in targets.into_iter().filter(|target| wanted.contains(&target.0)) {
        let path = out.join(name);
        let n = shape[0] as usize;
        if name.starts_with("labels") {
            Array { shape, values: (0..n).map(|row| mixture.label(row) as i32).collect() }.write(&path)?;
        } else {
            let mut writer = Writer::<f32>::create(&path, &shape)?;
            let mut block = vec![0.0_f32; BLOCK * DIMENSIONS];
            for start in (0..n).step_by(BLOCK) {
                let rows = BLOCK.min(n - start);
                for (row, x) in block.chunks_exact_mut(DIMENSIONS).take(rows).enumerate() {
                    mixture.point(start + row, x);
                }
                writer.put(&block[..rows * DIMENSIONS])?;
            }
            writer.finish()?;
        }
    }
    Ok(())
}

/// What a random number is for.
#[derive(Clone, Copy)]
enum Purpose {
    SuperCenter,
    Center,
    Scale,
    Weight,
    Label,
    Noise,
}

/// The mixture: point `row` depends on nothing but `row`.
struct Mixture {
    centers: Vec<[f64; DIMENSIONS]>,
    scales: Vec<[f64; DIMENSIONS]>,
    /// Cumulated weights of the clusters; the last one is 1.
    cumulated: Vec<f64>,
}

impl Mixture {
    fn new() -> Self {
        let row = |purpose, row: usize| std::array::from_fn(|j| normal(purpose, (row * DIMENSIONS + j) as u64));
        let mut centers = Vec::with_capacity(CLUSTERS);
        let mut scales = Vec::with_capacity(CLUSTERS);
        for cluster in 0..CLUSTERS {
            let around: [f64; DIMENSIONS] = row(Purpose::SuperCenter, cluster / (CLUSTERS / SUPER_CLUSTERS));
            let offset: [f64; DIMENSIONS] = row(Purpose::Center, cluster);
            let log_scale: [f64; DIMENSIONS] = row(Purpose::Scale, cluster);
            centers.push(std::array::from_fn(|j| SUPER_SPREAD * around[j] + CLUSTER_SPREAD * offset[j]));
            scales.push(log_scale.map(|value| (LOG_SCALE_SPREAD * value).exp()));
        }
        let gamma = |cluster: u64| -> f64 {
            (0..CONCENTRATION).map(|i| -positive_unit(Purpose::Weight, cluster * CONCENTRATION + i).ln()).sum()
        };
        let weights: Vec<f64> = (0..CLUSTERS as u64).map(gamma).collect();
        let total: f64 = weights.iter().sum();
        let cumulated = weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum / total)
            })
            .collect();
        Self { centers, scales, cumulated }
    }

    /// The cluster of point `row`.
    fn label(&self, row: usize) -> usize {
        let u = positive_unit(Purpose::Label, row as u64);
        self.cumulated.partition_point(|&sum| sum < u).min(CLUSTERS - 1)
    }

    /// Writes point `row` into `x`.
    fn point(&self, row: usize, x: &mut [f32]) {
        let label = self.label(row);
        let pairs = DIMENSIONS / 2;
        for pair in 0..pairs {
            let noise = normal_pair(Purpose::Noise, (row * pairs + pair) as u64);
            for (j, noise) in [2 * pair, 2 * pair + 1].into_iter().zip(noise) {
                x[j] = (self.centers[label][j] + self.scales[label][j] * noise) as f32;
            }
        }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014) on counters.
fn hash(purpose: Purpose, index: u64) -> u64 {
    let mut z = (purpose as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(index);
    for _ in 0..2 {
        z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    z
}

/// A number in (0, 1].
fn positive_unit(purpose: Purpose, index: u64) -> f64 {
    ((hash(purpose, index) >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// Two independent standard normal numbers (Box and Muller 1958).
fn normal_pair(purpose: Purpose, index: u64) -> [f64; 2] {
    let radius = (-2.0 * positive_unit(purpose, 2 * index).ln()).sqrt();
    let (sin, cos) = (TAU * positive_unit(purpose, 2 * index + 1)).sin_cos();
    [radius * cos, radius * sin]
}

fn normal(purpose: Purpose, index: u64) -> f64 {
    normal_pair(purpose, index)[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments of n standard normals scatter by 1, sqrt(2), sqrt(15) and sqrt(96) over sqrt(n); five of those.
    #[test]
    fn normals_have_the_moments_of_the_normal_distribution() {
        let n = 100_000_u64;
        let sample: Vec<f64> = (0..n / 2).flat_map(|i| normal_pair(Purpose::Noise, i)).collect();
        for (power, moment, scatter) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let mean = sample.iter().map(|v| v.powi(power)).sum::<f64>() / n as f64;
            let bound = 5.0 * f64::sqrt(scatter / n as f64);
            assert!((mean - moment).abs() < bound, "moment {power} is {mean}, not {moment} +- {bound}");
        }
        let product: f64 = sample.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / (n / 2) as f64;
        assert!(product.abs() < 5.0 / f64::sqrt(n as f64 / 2.0), "the two numbers of a pair are correlated: {product}");
    }

    /// A share w of n labels scatters by sqrt(w (1 - w) / n); five of those.
    #[test]
    fn clusters_have_their_weights() {
        let (mixture, n) = (Mixture::new(), 100_000);
        let mut counts = vec![0_usize; CLUSTERS];
        (0..n).for_each(|row| counts[mixture.label(row)] += 1);
        let mut before = 0.0;
        for (count, &sum) in counts.iter().zip(&mixture.cumulated) {
            let weight = sum - before;
            before = sum;
            let bound = 5.0 * f64::sqrt(weight * (1.0 - weight) / n as f64);
            assert!(
                (*count as f64 / n as f64 - weight).abs() < bound,
                "{count} of {n} points for a weight of {weight}"
            );
        }
        assert!((before - 1.0).abs() < 1e-12);
        let (small, large) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(large > &(2 * small), "the sizes are unequal: {small} to {large}");
    }

    /// Over m points of a cluster, a mean scatters by scale / sqrt(m), a variance by scale^2 sqrt(2 / m): six of those,
    /// since 50 dimensions are looked at.
    #[test]
    fn points_lie_around_their_center() {
        let mixture = Mixture::new();
        let rows: Vec<usize> = (0..100_000).filter(|&row| mixture.label(row) == 7).collect();
        let m = rows.len() as f64;
        let mut x = [0.0_f32; DIMENSIONS];
        let (mut sums, mut squares) = ([0.0; DIMENSIONS], [0.0; DIMENSIONS]);
        for row in rows {
            mixture.point(row, &mut x);
            for j in 0..DIMENSIONS {
                let z = (f64::from(x[j]) - mixture.centers[7][j]) / mixture.scales[7][j];
                sums[j] += z / m;
                squares[j] += z * z / m;
            }
        }
        for j in 0..DIMENSIONS {
            assert!(sums[j].abs() < 6.0 / m.sqrt(), "dimension {j}: mean {}", sums[j]);
            assert!((squares[j] - 1.0).abs() < 6.0 * (2.0 / m).sqrt(), "dimension {j}: variance {}", squares[j]);
        }
    }
}
