//! The grid: the call that makes it, and a later one.

use std::hint::black_box;

use tsne::fft::{GridParams, GridRepulsion};
use tsne::{Context, Kernel};
use tsne_benches::map;

use crate::{Work, Workload};

/// Points enough for a grid in every number of dimensions: below, all pairs are summed.
const N: usize = 5_000;

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload { name: "fft/1d-extent100-first-call", set_up: || first::<1>(100.0) },
    Workload { name: "fft/1d-extent100-later-call", set_up: || later::<1>(100.0) },
    Workload { name: "fft/2d-extent20-later-call", set_up: || later::<2>(20.0) },
    Workload { name: "fft/2d-extent80-first-call", set_up: || first::<2>(80.0) },
    Workload { name: "fft/2d-extent80-later-call", set_up: || later::<2>(80.0) },
    Workload { name: "fft/3d-extent10-first-call", set_up: || first::<3>(10.0) },
    Workload { name: "fft/3d-extent10-later-call", set_up: || later::<3>(10.0) },
    // Beyond the largest grid, which leaves near pairs to sums.
    Workload { name: "fft/3d-extent60-first-call", set_up: || first::<3>(60.0) },
];

/// In three dimensions as coarse as the map allows: 50 cells a side would be a hundred million instructions.
fn params<const D: usize>() -> GridParams {
    let params = GridParams::default();
    if D == 3 { params.with_min_num_intervals(1) } else { params }
}

fn first<const D: usize>(extent: f64) -> tsne::Result<Work> {
    let y = map::<D>(N, extent);
    let mut out = vec![[0.0; D]; N];
    Ok(Box::new(move || {
        let mut method = GridRepulsion::new(params::<D>())?;
        black_box(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?);
        Ok(())
    }))
}

fn later<const D: usize>(extent: f64) -> tsne::Result<Work> {
    let y = map::<D>(N, extent);
    let mut out = vec![[0.0; D]; N];
    let mut method = GridRepulsion::new(params::<D>())?;
    method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?;
    Ok(Box::new(move || {
        black_box(method.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?);
        Ok(())
    }))
}
