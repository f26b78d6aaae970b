//! The same bits for any number of threads and whatever was computed before.
#![allow(clippy::unwrap_used)]

use crate::common::{blobs, cast, duplicates};
use tsne_bh::{BarnesHut, BarnesHutReference};
use tsne_core::{Context, Kernel, Scalar};

fn bits<T: Scalar, const D: usize>(values: &[[T; D]]) -> Vec<u64> {
    values.as_flattened().iter().map(|v| v.bits()).collect()
}

fn run<T: Scalar, const D: usize>(y: &[[T; D]], queries: &[[T; D]]) -> Vec<u64> {
    let mut out = vec![[T::ZERO; D]; y.len()];
    let z = BarnesHut::new(0.5).unwrap().repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
    let mut all = bits(&out);
    all.push(z.to_bits());
    let reference = BarnesHutReference::new(Kernel::new(0.7).unwrap(), y, 0.5, Context::new()).unwrap();
    let (mut out, mut z) = (vec![[T::ZERO; D]; queries.len()], vec![T::ZERO; queries.len()]);
    reference.repulse(queries, &mut out, &mut z, Context::new()).unwrap();
    all.extend(bits(&out));
    all.extend(z.iter().map(|v| v.bits()));
    all
}

fn check<T: Scalar, const D: usize>() {
    // Above the sizes at which sorting and building split into tasks.
    let y: Vec<[T; D]> = cast(&duplicates(40_000, 80.0, 9));
    let queries: Vec<[T; D]> = cast(&blobs(2_000, 90.0, 10));
    let in_pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&y, &queries))
    };
    let one = in_pool(1);
    for threads in [2, 3, 8] {
        assert!(in_pool(threads) == one, "{} {D}-D: other bits with {threads} threads", T::NAME);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    check::<f32, 1>();
    check::<f32, 2>();
    check::<f64, 2>();
    check::<f32, 3>();
}

#[test]
fn earlier_calls_leave_no_trace() {
    let mut method = BarnesHut::new(0.5).unwrap();
    let sets: [Vec<[f32; 2]>; 4] = [
        cast(&blobs(3_000, 9.0, 1)),
        cast(&duplicates(500, 1e-3, 2)),
        vec![[1.0; 2]; 700],
        cast(&blobs(3_000, 70.0, 3)),
    ];
    for y in sets.iter().chain(sets.iter().rev()) {
        let mut out = vec![[5.0; 2]; y.len()];
        let z = method.repulse(Kernel::CAUCHY, y, &mut out, Context::new()).unwrap();
        let mut fresh = vec![[0.0; 2]; y.len()];
        let z_fresh = BarnesHut::new(0.5).unwrap().repulse(Kernel::CAUCHY, y, &mut fresh, Context::new()).unwrap();
        assert_eq!(z.to_bits(), z_fresh.to_bits());
        assert_eq!(bits(&out), bits(&fresh));
    }
}
