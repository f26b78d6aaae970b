//! Dispatch changes the speed and no bit.

use tsne_core::random::{element_seed, unit};
use tsne_core::simd::{Task, dispatch};
use tsne_core::{Kernel, Profile, ProfileVisitor, Scalar};

fn values<T: Scalar>(n: usize, seed: u64) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(20.0 * unit(element_seed(seed, 0, i)) - 10.0)).collect()
}

/// Divisions, products followed by sums (which a fused operation would round once instead of twice), and running sums.
#[derive(Clone, Copy)]
struct Sums<'a, T> {
    x: &'a [T],
    y: &'a [T],
}

impl<T: Scalar> Task for Sums<'_, T> {
    type Output = [T; 16];

    #[inline(always)]
    fn run(self) -> [T; 16] {
        let mut sums = [T::ZERO; 16];
        for (x, y) in self.x.as_chunks::<16>().0.iter().zip(self.y.as_chunks::<16>().0) {
            for l in 0..16 {
                let d2 = x[l] * x[l] + y[l] * y[l];
                sums[l] += x[l] / (T::ONE + d2) + d2.sqrt() * y[l];
            }
        }
        sums
    }
}

fn bits<T: Scalar>(values: &[T]) -> Vec<u64> {
    values.iter().map(|v| v.bits()).collect()
}

#[test]
fn dispatch_gives_the_bits_of_the_plain_run() {
    fn check<T: Scalar>() {
        let (x, y) = (values::<T>(16_000, 1), values::<T>(16_000, 2));
        let task = Sums { x: &x, y: &y };
        assert_eq!(bits(&dispatch(task)), bits(&task.run()));
    }
    check::<f32>();
    check::<f64>();
}

struct Weights<'a, P> {
    d2: &'a [f32],
    profile: P,
}

impl<P: Profile<f32>> Task for Weights<'_, P> {
    type Output = Vec<u64>;

    #[inline(always)]
    fn run(self) -> Vec<u64> {
        self.d2
            .iter()
            .map(|&d2| {
                let (w, f) = self.profile.weight_and_force(d2);
                w.bits() << 32 ^ f.bits()
            })
            .collect()
    }
}

struct Compare<'a>(&'a [f32]);

impl ProfileVisitor<f32> for Compare<'_> {
    type Output = ();
    fn visit<P: Profile<f32>>(self, profile: P) {
        let plain = Weights { d2: self.0, profile }.run();
        assert_eq!(dispatch(Weights { d2: self.0, profile }), plain);
    }
}

#[test]
fn every_form_of_the_kernel_keeps_its_bits_under_dispatch() {
    let d2: Vec<f32> = values::<f32>(10_000, 3).into_iter().map(|v| v * v).collect();
    for dof in [0.5, 1.0, 1.5, 2.0, 3.3, 8.0] {
        Kernel::new(dof).unwrap().visit(Compare(&d2));
    }
}

#[test]
fn dispatch_returns_what_the_task_returns() {
    struct Moves(Vec<String>);
    impl Task for Moves {
        type Output = Vec<String>;
        fn run(self) -> Vec<String> {
            self.0
        }
    }
    assert_eq!(dispatch(Moves(vec!["a".to_owned()])), ["a"]);
}
