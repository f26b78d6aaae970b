//! Files of anndata.

use super::{CONSTANT, options, read_both};
use crate::input::Input;
use crate::scratch::{file, path};
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;
use tsne_cli::input::{InputOptions, Loaded, PointTable};
use tsne_cli::output::{MapOf, Note};

/// Files that anndata wrote.
const FILES: [&[u8]; 6] = [
    include_bytes!("../../../crates/tsne-cli/tests/data/dense.h5ad.gz"),
    include_bytes!("../../../crates/tsne-cli/tests/data/gzip.h5ad.gz"),
    include_bytes!("../../../crates/tsne-cli/tests/data/lzf.h5ad.gz"),
    include_bytes!("../../../crates/tsne-cli/tests/data/legacy.h5ad.gz"),
    include_bytes!("../../../crates/tsne-cli/tests/data/csr.h5ad.gz"),
    include_bytes!("../../../crates/tsne-cli/tests/data/csc.h5ad.gz"),
];

/// One of the files, unpacked.
fn known(which: usize) -> Vec<u8> {
    static UNPACKED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let unpack = |packed: &&[u8]| {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(*packed).read_to_end(&mut bytes).expect("the files are whole");
        bytes
    };
    UNPACKED.get_or_init(|| FILES.iter().map(unpack).collect())[which].clone()
}

/// A file of any bytes, or one of those that are known with some changes.
pub(crate) fn h5ad(data: &[u8]) {
    let mut input = Input::new(data);
    let which = input.below(FILES.len() + 1);
    let writes = input.below(16) == 0;
    let options = options(&mut input);
    let is_whole = which < FILES.len() && input.is_empty();
    let bytes = if which == FILES.len() {
        input.rest().to_vec()
    } else {
        let mut bytes = known(which);
        input.edit(&mut bytes);
        bytes
    };
    let from = file("x.h5ad", &bytes);
    // Chunks may be packed, and are read once for the sizes and once for the numbers.
    let bound = 16 * CONSTANT + (1 << 14) * bytes.len();
    let loaded = read_both(&from, &options, bytes.len(), bound);
    if let Some(loaded) = loaded.filter(|_| writes) {
        map(&loaded, &from, is_whole);
    }
}

/// A map is put into a copy of a file, which has it then; where it cannot be, there is no copy.
fn map(loaded: &Loaded<f64>, from: &Path, is_whole: bool) {
    let n = loaded.points.n();
    let positions: Vec<[f32; 2]> = (0..n).map(|i| [i as f32, 0.5]).collect();
    let params =
        [("perplexity", Note::Number(30.0)), ("n_iter", Note::Count(500)), ("metric", Note::Text("l2".into()))];
    let kept = loaded.resolved.kept.as_deref();
    let map = MapOf { positions: &positions, n: n + loaded.resolved.dropped, kept, params: &params };
    let to = path("y.h5ad");
    let _ = std::fs::remove_file(&to);
    if let Err(error) = map.write_copy(from, &to) {
        assert!(!is_whole, "{error:#}");
        assert!(!to.exists(), "a copy that is not whole is taken away");
        return;
    }
    if kept.is_some() {
        // Those that were left out have no numbers.
        return;
    }
    let options = InputOptions { obsm: Some("X_tsne".into()), ..InputOptions::default() };
    // What is damaged in a file is in its copy, too, and need not have been read before.
    match Loaded::<f32>::read(&to, &options).map(|loaded| loaded.points) {
        Ok(PointTable::Dense(table)) => assert!(table.rows().unwrap().iter().flatten().eq(positions.as_flattened())),
        Ok(_) => panic!("a map is a table of numbers"),
        Err(error) => assert!(!is_whole, "{error:#}"),
    }
}
