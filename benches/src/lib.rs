//! Data for the end-to-end benchmarks and the counts of instructions: the same for everybody, made from counters.

use tsne::core::random;
use tsne::{Context, Kernel, Repulsion};

/// A uniform number in `[-0.5, 0.5)`, from the stage it is for and an index.
fn uniform(stage: u64, index: usize) -> f64 {
    random::unit(random::element_seed(1, stage, index as u64)) - 0.5
}

/// `n` points in `d` dimensions from a hierarchical mixture: ten groups of ten anisotropic clusters, as in
/// `cargo xtask data synthetic`, but with uniform noise, which is made faster.
pub fn mixture(n: usize, d: usize) -> Vec<f32> {
    let value = |i: usize, c: usize| {
        let cluster = (random::element_seed(1, 0, i as u64) % 100) as usize;
        let center = 20.0 * uniform(1, cluster / 10 * d + c) + 7.0 * uniform(2, cluster * d + c);
        let scale = 2.0 + 2.0 * uniform(3, cluster * d + c);
        center + scale * (uniform(4, i * d + c) + uniform(5, i * d + c))
    };
    (0..n * d).map(|at| value(at / d, at % d) as f32).collect()
}

/// `n` points of a map: thirty blobs in a square or cube of side `extent`, the first two points in opposite corners.
pub fn map<const D: usize>(n: usize, extent: f64) -> Vec<[f32; D]> {
    let coordinate = |i: usize, c: usize| match i {
        0 => -0.5,
        1 => 0.5,
        _ => 0.9 * uniform(6, i % 30 * D + c) + 0.1 * uniform(7, i * D + c),
    };
    (0..n).map(|i| std::array::from_fn(|c| (extent * coordinate(i, c)) as f32)).collect()
}

/// A repulsion that costs nothing, to measure the attraction by itself.
#[derive(Debug)]
pub struct NoRepulsion;

impl Repulsion<f32, 2> for NoRepulsion {
    fn repulse(&mut self, _: Kernel, _: &[[f32; 2]], out: &mut [[f32; 2]], _: Context<'_>) -> tsne::Result<f64> {
        out.fill([0.0; 2]);
        Ok(1.0)
    }
}

/// The architecture and those of its vector units that a dependency or we choose code by.
pub fn cpu() -> Vec<&'static str> {
    let mut found = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! detect {
            ($($feature:tt)*) => { [$(($feature, std::arch::is_x86_feature_detected!($feature))),*] };
        }
        let features = detect!("sse3" "sse4.1" "sse4.2" "avx" "fma" "avx2" "avx512f");
        found.extend(features.iter().filter(|feature| feature.1).map(|feature| feature.0));
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        found.push("neon");
    }
    found
}

/// The programs in the book, as documentation tests: of this crate, because it is not published, and the archives of those that are need
/// not have docs/. `cargo xtask book` finds chapters that are missing here.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../docs/guide/backends.md")]
    struct Backends;
    #[doc = include_str!("../../docs/guide/from-opentsne.md")]
    struct FromOpenTsne;
    #[doc = include_str!("../../docs/guide/initialization.md")]
    struct Initialization;
    #[doc = include_str!("../../docs/guide/new-points.md")]
    struct NewPoints;
}
