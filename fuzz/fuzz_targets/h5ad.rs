//! Any bytes into the target `h5ad`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("h5ad", data));
