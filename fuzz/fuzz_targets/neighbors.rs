//! Any bytes into the target `neighbors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("neighbors", data));
