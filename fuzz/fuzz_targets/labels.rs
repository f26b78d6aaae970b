//! Any bytes into the target `labels`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsne_fuzz::fuzzed("labels", data));
