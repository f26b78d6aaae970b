//! Data for the tests of the facade.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::Read;
use tsne::Float;
use tsne::core::random;

/// The iris flowers: 150 rows of 4 measures, and the species.
pub(crate) fn iris<T: Float>() -> (Vec<T>, Vec<u32>) {
    let text = include_str!("../data/iris.csv");
    let mut values = Vec::new();
    let mut species = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        values.extend(fields[..4].iter().map(|v| T::from_f64(*v)));
        species.push(fields[4] as u32);
    }
    assert_eq!(species.len(), 150);
    (values, species)
}

/// 1,797 digits: rows of 64 pixels, and which digit each is.
pub(crate) fn digits<T: Float>() -> (Vec<T>, Vec<u32>) {
    let packed: &[u8] = include_bytes!("../data/digits.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        values.extend(fields[..64].iter().map(|v| T::from_f64(*v)));
        labels.push(fields[64] as u32);
    }
    assert_eq!(labels.len(), 1797);
    (values, labels)
}

/// `n` points in `d` dimensions around ten centers, and the center of each.
pub(crate) fn blobs<T: Float>(n: usize, d: usize, seed: u64) -> (Vec<T>, Vec<u32>) {
    let uniform = |stage: u64, index: usize| random::unit(random::element_seed(seed, stage, index as u64)) - 0.5;
    let value = |i: usize, c: usize| {
        // The sum of four uniform numbers is near enough to a normal one.
        let noise: f64 = (0..4).map(|s| uniform(10 + s, i * d + c)).sum();
        8.0 * uniform(1, (i % 10) * d + c) + noise
    };
    let values = (0..n * d).map(|at| T::from_f64(value(at / d, at % d))).collect();
    (values, (0..n).map(|i| (i % 10) as u32).collect())
}

/// The bits of a map, for comparisons that forgive nothing.
pub(crate) fn bits<T: Float, const D: usize>(positions: &[[T; D]]) -> Vec<u64> {
    positions.as_flattened().iter().map(|v| v.bits()).collect()
}
