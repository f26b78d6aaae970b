//! Reading a model takes no more memory than the file is long and a constant, whatever the file says of itself,
//! counted by the allocator: alone in its binary.
#![allow(clippy::unwrap_used)]

#[path = "common/model_file.rs"]
mod model_file;

use model_file::xxh64;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tsne::store::{Reader, Writer};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The piece of 64 KiB in which a file is read, and room for the table of a few sections, messages and the harness.
const CONSTANT: usize = 80 << 10;

#[track_caller]
fn allocated(file: &[u8]) -> (usize, Result<Reader, tsne::store::StoreError>) {
    let region = Region::new(ALLOCATOR);
    let reader = Reader::from_bytes(file);
    (region.change().bytes_allocated, reader)
}

#[test]
fn memory_is_bounded_by_the_length_of_the_file() {
    let values: Vec<f64> = (0..250_000).map(f64::from).collect();
    let mut file = Vec::new();
    let mut writer = Writer::new();
    writer.array("a", &[100_000], &values[..100_000]).unwrap().array("b", &[250_000], &values).unwrap();
    writer.write_to(&mut file).unwrap();
    let (bytes, reader) = allocated(&file);
    assert!(reader.is_ok());
    // All bytes ever allocated, not only those alive at once.
    assert!(bytes <= file.len() + CONSTANT, "{bytes} for a file of {}", file.len());

    // Every 8 bytes of the header and the table, one after the other, replaced by numbers that ask for much: sizes,
    // lengths, offsets and counts among them. The checksum is made to match, so that only the checks of the numbers
    // themselves stand before the memory.
    let head = 64 + 2 * 128;
    let small = file[..head + 64].to_vec();
    for at in 0..head - 7 {
        for number in [u64::MAX, u64::MAX - 63, 1 << 62, 1 << 40, 0x0000_0100_0000_0001] {
            let mut forged = small.clone();
            forged[at..at + 8].copy_from_slice(&number.to_le_bytes());
            let checksum = xxh64(&[&forged[..56], &forged[64..head]].concat());
            forged[56..64].copy_from_slice(&checksum.to_le_bytes());
            let (bytes, reader) = allocated(&forged);
            assert!(reader.is_err());
            assert!(bytes <= forged.len() + CONSTANT, "{bytes} for {number:#x} at {at}");
        }
    }
}
