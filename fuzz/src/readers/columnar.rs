//! Parquet and Arrow.

use super::maps::Map;
use super::{CONSTANT, check_labels, options, read_both};
use crate::alive::bounded;
use crate::input::Input;
use crate::scratch::file;
use tsne_cli::input::Labels;
use tsne_cli::output::Format;

/// Files that pandas, pyarrow and polars wrote.
const FILES: [&[u8]; 10] = [
    include_bytes!("../../../crates/tsne-cli/tests/data/pandas.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/pandas.feather"),
    include_bytes!("../../../crates/tsne-cli/tests/data/gzip.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/types.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/types.arrows"),
    include_bytes!("../../../crates/tsne-cli/tests/data/lists.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/fixed.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/polars.parquet"),
    include_bytes!("../../../crates/tsne-cli/tests/data/polars.arrow"),
    include_bytes!("../../../crates/tsne-cli/tests/data/packed.arrow"),
];

/// A table of any bytes, one of those that are known with some changes, or a map.
pub(crate) fn columnar(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(FILES.len() + 6) {
        10 => Map::<f32, 2>::of(&mut input).round_trip(Format::Parquet, "y.parquet"),
        11 => Map::<f64, 1>::of(&mut input).round_trip(Format::Arrow, "y.arrow"),
        which => raw(&mut input, FILES.get(which).copied()),
    }
}

fn raw(input: &mut Input<'_>, known: Option<&[u8]>) {
    let options = options(input);
    let n = input.below(32);
    let mut bytes = known.unwrap_or_else(|| input.rest()).to_vec();
    if known.is_some() {
        input.edit(&mut bytes);
    }
    // Pages may be packed.
    let bound = 16 * CONSTANT + (1 << 16) * bytes.len();
    // Which of the formats it is, its first bytes tell.
    let path = file("x.parquet", &bytes);
    read_both(&path, &options, bytes.len(), bound);
    if let Ok(labels) = bounded(bound, || Labels::read(&path, n)) {
        check_labels(&labels, n);
    }
}
