//! Sums in a fixed order.

use std::hint::black_box;

use tsne::core::blocks;
use tsne_benches::map;

use crate::{Work, Workload};

pub(crate) const WORKLOADS: &[Workload] = &[Workload { name: "core/blocks-sum", set_up: sum }];

fn sum() -> tsne::Result<Work> {
    let x = map::<1>(200_000, 1.0);
    let mut partials = Vec::new();
    Ok(Box::new(move || {
        black_box(blocks::sum(&mut partials, x.len(), |range| x[range].iter().map(|v| f64::from(v[0])).sum()));
        Ok(())
    }))
}
