//! Clouds of points that are hard on numbers.

use tsne::Scalar;
use tsne::core::random::{element_seed, unit};

/// Sizes of clouds, as powers of 2, so that lattices are lattices at each: 8e-31, 1e-10, 1e-3, 1, 32, 1e3, 1e8, 9e18 and 1e30. The
/// squares of the first are below all numbers of `f32`, those of the last two beyond.
pub(crate) const SIZES: [i32; 9] = [-100, -33, -10, 0, 5, 10, 27, 63, 100];

/// A cloud, by what makes it hard.
#[derive(Debug)]
pub(crate) struct Cloud<const D: usize> {
    pub(crate) kind: &'static str,
    pub(crate) size: f64,
    /// The points, which are numbers of `f32` too.
    pub(crate) points: Vec<[f64; D]>,
}

impl<const D: usize> Cloud<D> {
    /// The points in the type.
    pub(crate) fn of<T: Scalar>(&self) -> Vec<[T; D]> {
        self.points.iter().map(|p| p.map(T::from_f64)).collect()
    }

    /// What messages call it.
    pub(crate) fn name(&self) -> String {
        format!("{} of size {:e} in {D}-D", self.kind, self.size)
    }
}

/// Clouds of `n` points, about as wide as 2 to the power `size` where most of them are.
pub(crate) fn clouds<const D: usize>(n: usize, size: i32) -> Vec<Cloud<D>> {
    let size = 2f64.powi(size);
    let uniform = |i: usize, c: usize| 2.0 * unit(element_seed(9, c as u64, i as u64)) - 1.0;
    let around = |i: usize| -> [f64; D] { std::array::from_fn(|c| uniform(i, c)) };
    let side = (n as f64).powf(1.0 / D as f64).ceil() as usize;
    let make = |kind: &'static str, place: &dyn Fn(usize) -> [f64; D]| {
        let points = (0..n).map(|i| place(i).map(|v| f64::from((size * v) as f32))).collect();
        Cloud { kind, size, points }
    };
    vec![
        make("one outlier", &|i| if i == n / 3 { [1e6; D] } else { around(i) }),
        make("two far groups", &|i| around(i).map(|v| v + 1e4 * (i % 2) as f64)),
        make("a line", &|i| std::array::from_fn(|c| uniform(i, 0) * (1.0 + c as f64))),
        make("a lattice", &|i| std::array::from_fn(|c| (i / side.pow(c as u32) % side) as f64 / 16.0)),
        make("duplicates", &|i| around(i / 4)),
        make("a heavy point", &|i| if i % 16 > 0 { [0.25; D] } else { around(i) }),
        make("all scales", &|i| around(i).map(|v| v * 2f64.powi(-((i % 40) as i32)))),
    ]
}
