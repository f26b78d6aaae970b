//! The same bits however many threads rayon's global pool has. Its number is read once in a process, so this binary starts itself again.
#![allow(clippy::unwrap_used)]

mod common;

use common::{bits, blobs};
use std::process::Command;
use tsne::{Rows, Tsne};

/// Tells a process that it is one of those that were started.
const MARK: &str = "TSNE_TEST_OF_THE_GLOBAL_POOL";

/// What a process says before its hash.
const SAYS: &str = "threads and hash of the map:";

/// A small fit by the defaults, whose threads are those of the global pool.
#[allow(clippy::disallowed_methods)]
fn hashed() -> String {
    let n = 2_100;
    let (x, _) = blobs::<f32>(n, 5, 23);
    let tsne = Tsne::<_, 2>::builder().perplexity(8.0).early_exaggeration_iter(6).n_iter(8).build().unwrap();
    let map = tsne.fit(Rows::new(&x, n, 5).unwrap()).unwrap();
    let values = bits(map.positions()).into_iter().chain([map.kl_divergence().to_bits()]);
    let hash = values.fold(0u64, |hash, v| (hash.rotate_left(5) ^ v).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    format!("{} {hash:016x}", rayon::current_num_threads())
}

#[test]
fn a_fit_has_the_same_bits_in_global_pools_of_one_two_and_five_threads() {
    if std::env::var_os(MARK).is_some() {
        println!("{SAYS}{}", hashed());
        return;
    }
    let hashes = ["1", "2", "5"].map(|threads| {
        let mut again = Command::new(std::env::current_exe().unwrap());
        let again = again.env(MARK, "").env("RAYON_NUM_THREADS", threads).args(["--nocapture", "--test-threads=1"]);
        let output = String::from_utf8(again.output().unwrap().stdout).unwrap();
        let said = output.split(SAYS).nth(1).unwrap_or_else(|| panic!("{output}"));
        let mut words = said.split_whitespace();
        assert_eq!(words.next(), Some(threads));
        words.next().unwrap().to_owned()
    });
    assert!(hashes[1] == hashes[0] && hashes[2] == hashes[0], "{hashes:?}");
}
