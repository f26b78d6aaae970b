//! Any bytes into the target `npy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("npy", data));
