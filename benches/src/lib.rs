//! Data for the end-to-end benchmarks: the same for everybody, made from counters.

use tsne::core::random;

/// `n` points in `d` dimensions from a hierarchical mixture: ten groups of ten anisotropic clusters, as in
/// `cargo xtask data synthetic`, but with uniform noise, which is made faster.
pub fn mixture(n: usize, d: usize) -> Vec<f32> {
    let uniform = |stage: u64, index: usize| random::unit(random::element_seed(1, stage, index as u64)) - 0.5;
    let value = |i: usize, c: usize| {
        let cluster = (random::element_seed(1, 0, i as u64) % 100) as usize;
        let center = 20.0 * uniform(1, cluster / 10 * d + c) + 7.0 * uniform(2, cluster * d + c);
        let scale = 2.0 + 2.0 * uniform(3, cluster * d + c);
        center + scale * (uniform(4, i * d + c) + uniform(5, i * d + c))
    };
    (0..n * d).map(|at| value(at / d, at % d) as f32).collect()
}
