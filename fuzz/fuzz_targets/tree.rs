//! Any bytes into the target `tree`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("tree", data));
