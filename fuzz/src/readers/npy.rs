//! Arrays of NumPy.

use super::arrays::Array;
use super::{bound, check_labels, options, read_both};
use crate::alive::bounded;
use crate::input::Input;
use crate::scratch::file;
use tsne_cli::input::{InputOptions, Labels, Loaded, PointTable, read_parameters};

/// A file of any bytes, or an array of any numbers, which must read back.
pub(crate) fn npy(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { built(&mut input) } else { raw(&mut input) }
}

/// Names of arrays without a header of NumPy's.
const HEADLESS: [&str; 5] = ["x.f32", "x.f64", "x.fbin", "x.u8bin", "x.i8bin"];

fn raw(input: &mut Input<'_>) {
    let mut options = options(input);
    let n = input.below(16);
    let name = if input.below(4) == 0 { input.pick(&HEADLESS) } else { "x.npy" };
    if name == "x.f32" || name == "x.f64" {
        options.n_columns = Some(input.below(64));
    }
    let bytes = input.rest();
    let (path, bound) = (file(name, bytes), bound(bytes.len()));
    if let Some(loaded) = read_both(&path, &options, bytes.len(), bound) {
        assert!(loaded.points.n() * loaded.points.d() <= bytes.len(), "each number has a byte");
    }
    if let Ok(labels) = bounded(bound, || Labels::read(&path, n)) {
        check_labels(&labels, n);
    }
    if let Ok(parameters) = bounded(bound, || read_parameters(&path)) {
        assert!(!parameters.is_empty() && parameters.iter().all(|value| value.is_finite()));
    }
}

fn built(input: &mut Input<'_>) {
    let shape = [input.below(9), input.below(9)];
    let array = Array::of(input, &shape);
    let bytes = array.file();
    let path = file("x.npy", &bytes);
    let loaded = read_both(&path, &InputOptions::default(), bytes.len(), bound(bytes.len()));
    let expected = array.rows();
    let is_table = !expected.is_empty() && expected.iter().all(|value| value.is_finite());
    assert_eq!(loaded.is_some(), is_table, "{array:?}");
    if let Some(Loaded { points: PointTable::Dense(table), .. }) = &loaded {
        let found = table.rows().unwrap();
        assert_eq!((found.n(), found.d()), (shape[0], shape[1]));
        assert!(found.iter().flatten().map(|v| v.to_bits()).eq(expected.iter().map(|v| v.to_bits())), "{array:?}");
    }
}
