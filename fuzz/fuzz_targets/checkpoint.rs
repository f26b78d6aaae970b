//! Any bytes into the target `checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("checkpoint", data));
