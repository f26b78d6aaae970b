//! What must hold for any bytes.
//!
//! A target is a function of bytes that panics where a property fails. The properties are oracles: a file that is written reads
//! back as it was, what is found fast is what is found by looking at everything, forces are within the bound that is promised.
//! Each target makes its input small enough that one call takes milliseconds at most, whatever the bytes.
//!
//! libFuzzer calls the targets (`cargo xtask fuzz`), and so does the test that replays their corpora.

mod affinities;
mod alive;
mod builder;
mod calibration;
mod clouds;
mod input;
mod models;
mod neighbors;
mod page;
mod readers;
mod repulsion;
mod scratch;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::sync::Once;

/// Counts what readers and grids allocate.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Something that must hold for any bytes; it panics where it does not.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 16] = [
    ("npy", readers::npy::npy),
    ("npz", readers::npz::npz),
    ("table", readers::table::table),
    ("mtx", readers::mtx::mtx),
    ("labels", readers::labels::labels),
    ("h5ad", readers::h5ad::h5ad),
    ("columnar", readers::columnar::columnar),
    ("model", models::model::model),
    ("checkpoint", models::checkpoint::checkpoint),
    ("builder", builder::builder),
    ("tree", repulsion::tree::tree),
    ("grid", repulsion::grid::grid),
    ("calibration", calibration::calibration),
    ("affinities", affinities::affinities),
    ("neighbors", neighbors::neighbors),
    ("page", page::page),
];

/// The target of a name.
///
/// # Panics
///
/// If there is none.
pub fn target(name: &str) -> Target {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no target {name:?}")).1
}

/// Runs a target as a fuzzer does, again and again on one thread of the process.
///
/// This thread is the only one of the pool, so that no call waits for another.
///
/// # Panics
///
/// Where a property fails.
pub fn fuzzed(name: &str, data: &[u8]) {
    static POOL: Once = Once::new();
    POOL.call_once(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        pool.build_global().expect("nothing has made a pool before");
    });
    target(name)(data);
}
