//! Readers of files: a value that keeps its promises, or an error.

pub(crate) mod columnar;
pub(crate) mod h5ad;
pub(crate) mod labels;
pub(crate) mod mtx;
pub(crate) mod npy;
pub(crate) mod npz;
pub(crate) mod table;

mod arrays;
mod maps;

use crate::input::Input;
use std::path::Path;
use std::str::FromStr;
use tsne::plan::InputShape;
use tsne::{Float, Metric};
use tsne_cli::input::{
    CsvOptions, Decimal, HeaderLine, IndexColumn, InputOptions, LabelType, Labels, Loaded, Missing, OwnValues,
    PointTable, Preview,
};

/// Buffers of files and of decompression, messages, and what a format needs before it has read anything.
const CONSTANT: usize = 4 << 20;

/// What a byte of a file may make a reader allocate, that is not packed: two bytes of a table are a field that is a number of
/// eight bytes, its place and its text; arrays double as they grow, and a few copies of each are made.
const PER_BYTE: usize = 1 << 10;

/// The bytes that reading a file of this length may allocate.
const fn bound(length: usize) -> usize {
    CONSTANT + PER_BYTE * length
}

/// Options of any kind.
fn options(input: &mut Input<'_>) -> InputOptions {
    const SELECTORS: [&str; 12] = ["x", "kind", "#1", "2", "#2..#3", "x*", "?", "..", "1..", "obs", "", "word"];
    let selectors = |input: &mut Input<'_>| -> Vec<String> {
        let count = input.byte().saturating_sub(192) / 24;
        (0..count).map(|_| input.pick(&SELECTORS).to_owned()).collect()
    };
    let kind = input.byte();
    if kind < 64 {
        return InputOptions::default();
    }
    let table = CsvOptions {
        header: input.pick(&[HeaderLine::Auto, HeaderLine::Yes, HeaderLine::No]),
        index_column: match input.below(6) {
            0..4 => IndexColumn::Auto,
            4 => IndexColumn::None,
            _ => IndexColumn::Column(input.pick(&SELECTORS).to_owned()),
        },
        label_columns: selectors(input),
        label_type: input.pick(&[LabelType::Auto, LabelType::Classes, LabelType::Numbers]),
        columns: selectors(input),
        drop_columns: selectors(input),
        decimal: if input.below(8) == 0 { Decimal::Comma } else { Decimal::Point },
        missing: input.pick(&[Missing::Error, Missing::Drop, Missing::Mean]),
        transpose: input.below(4) == 0,
    };
    let name = |input: &mut Input<'_>| {
        let names = ["X_pca", "X", "half", "distances", "neighbors", "sparse", "x", "data"];
        (input.below(8) == 0).then(|| input.pick(&names).to_owned())
    };
    InputOptions {
        table,
        labels: Vec::new(),
        layer: name(input),
        obsm: name(input),
        raw: input.below(16) == 0,
        neighbors_key: name(input),
        n_columns: None,
        share: None,
    }
}

/// Reads points of both scalars, and checks what comes out; the length is that of the file.
fn read_both(path: &Path, options: &InputOptions, length: usize, bound: usize) -> Option<Loaded<f64>> {
    let wide = read::<f64>(path, options, length, bound);
    let single = read::<f32>(path, options, length, bound);
    if let (Some(wide), Some(single)) = (&wide, &single) {
        same_points(wide, single);
    }
    // What single precision holds, double precision does too, but for what is added up.
    let is_sum = matches!(single.as_ref().map(|loaded| &loaded.points), Some(PointTable::Sparse(_)));
    assert!(wide.is_some() || single.is_none() || is_sum, "only single precision can be read");
    wide
}

fn read<T: Float + FromStr>(path: &Path, options: &InputOptions, length: usize, bound: usize) -> Option<Loaded<T>> {
    let loaded = crate::alive::bounded(bound, || Loaded::<T>::read(path, options));
    // A look at the head of a file allocates no more than its reading.
    let preview = crate::alive::bounded(bound, || Preview::of::<T>(path, options));
    let loaded = loaded.ok()?;
    check(&loaded, options);
    let preview = match preview {
        Ok(preview) => preview,
        // The only file that is read and cannot be looked at: it says at its end how long it is.
        Err(error) if format!("{error:#}").contains("a stream of Arrow does not say") => return Some(loaded),
        Err(error) => panic!("what can be read can be looked at before: {error:#}"),
    };
    assert_eq!(preview.file_bytes, length as u64);
    if preview.is_exact && loaded.resolved.dropped == 0 {
        let given = match (&loaded.points, preview.shape) {
            (PointTable::Graph(_), InputShape::Graph { .. }) | (PointTable::Sparse(_), InputShape::Data(_)) => true,
            (PointTable::Dense(_), InputShape::Data(_)) => !preview.is_wide || size_of::<T>() == 8,
            (PointTable::Wide(_), InputShape::Data(_)) => preview.is_wide || size_of::<T>() == 8,
            _ => false,
        };
        assert!(given, "the kind of points was foreseen");
        assert_eq!((preview.n(), preview.d()), (loaded.points.n(), loaded.points.d()), "so were their numbers");
        if preview.has_rows {
            parts(path, options, &loaded, bound);
        }
    }
    Some(loaded)
}

/// What each of two processes reads of a file that can be read in parts are the points that one reads.
fn parts<T: Float + FromStr>(path: &Path, options: &InputOptions, whole: &Loaded<T>, bound: usize) {
    let mut bits = Vec::new();
    for rank in 0..2 {
        let options = InputOptions { share: Some((rank, 2)), ..options.clone() };
        let part =
            crate::alive::bounded(bound, || Loaded::<T>::read(path, &options)).expect("a part of what can be read");
        assert_eq!(part.annotations, whole.annotations);
        assert_eq!((part.points.n(), part.points.d()), (whole.points.n(), whole.points.d()));
        let PointTable::Own(own) = &part.points else { panic!("it was said to have rows") };
        match own.values() {
            OwnValues::Exact(table) => {
                bits.extend(table.rows().unwrap().iter().flatten().map(|v| v.to_f64().to_bits()))
            }
            OwnValues::Wide(table) => bits.extend(table.rows().unwrap().iter().flatten().map(|v| v.to_bits())),
        }
    }
    let all: Vec<u64> = match &whole.points {
        PointTable::Dense(table) => table.rows().unwrap().iter().flatten().map(|v| v.to_f64().to_bits()).collect(),
        PointTable::Wide(table) => table.rows().unwrap().iter().flatten().map(|v| v.to_bits()).collect(),
        _ => panic!("points with rows are dense"),
    };
    assert!(bits == all, "the rows of two processes are not those of one");
}

/// What is promised of points with what is known of them.
fn check<T: Float>(loaded: &Loaded<T>, options: &InputOptions) {
    let (n, d) = (loaded.points.n(), loaded.points.d());
    assert!(n > 0, "there are points");
    if let Some(ids) = &loaded.annotations.ids {
        assert_eq!(ids.len(), n, "ids");
    }
    assert_eq!(loaded.sources.len(), loaded.annotations.labels.len());
    loaded.annotations.labels.iter().for_each(|labels| check_labels(labels, n));
    if let Some(names) = &loaded.names {
        assert_eq!(names.len(), d, "names of columns");
    }
    if let Some(kept) = &loaded.resolved.kept {
        assert!(kept.len() == n && kept.is_sorted_by(|a, b| a < b));
        assert!(kept.iter().all(|&point| point < n + loaded.resolved.dropped));
    }
    assert!(loaded.resolved.missing == 0 || options.table.missing != Missing::Error);
    match &loaded.points {
        PointTable::Dense(table) => {
            assert!(d > 0 && table.rows().unwrap().iter().flatten().all(|value| value.is_finite()));
        }
        PointTable::Wide(table) => {
            // Each is finite as a `T`, too.
            let mut values = table.rows().unwrap().iter().flatten();
            assert!(d > 0 && values.all(|value| value.is_finite() && T::from_f64(*value).is_finite()));
        }
        PointTable::Sparse(table) => {
            let rows = table.rows().unwrap();
            for i in 0..rows.n() {
                let (columns, values) = rows.row(i);
                assert!(columns.is_sorted_by(|a, b| a < b) && columns.iter().all(|&column| (column as usize) < d));
                assert!(values.iter().all(|value| value.is_finite()));
            }
        }
        // Checked by its constructor.
        PointTable::Graph(_) => {}
        PointTable::Own(_) => panic!("one process reads all rows"),
    }
    let is_graph = matches!(loaded.points, PointTable::Graph(_));
    assert_eq!(loaded.points.new_points().is_err(), is_graph, "they can be placed into a map");
    assert_eq!(loaded.points.clone().into_dataset(&Metric::Euclidean).is_err(), is_graph, "a map can be made of them");
}

/// What is promised of the labels of `n` points.
fn check_labels(labels: &Labels, n: usize) {
    assert_eq!(labels.codes.len(), n, "labels");
    let kinds = labels.names.len();
    let mut used = vec![false; kinds];
    for &code in labels.codes.iter().filter(|&&code| code != Labels::MISSING) {
        used[code as usize] = true;
    }
    // Of an `.h5ad` file, a category may be of no point.
    let mut names: Vec<&str> = labels.names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), kinds, "each name stands once");
    assert!(!labels.are_continuous() || labels.numbers().is_some());
    // The order of the names is that of no input: the same of the labels backwards.
    if used.iter().all(|&used| used) {
        let texts = |i: usize| labels.of(i).unwrap_or_default();
        let backwards = Labels::from_texts((0..n).rev().map(texts));
        let same = Labels::from_texts((0..n).map(texts));
        assert_eq!(backwards.names, same.names);
        assert!(backwards.codes.iter().rev().eq(&same.codes));
    }
}

/// Points of both scalars are the same up to rounding.
fn same_points(wide: &Loaded<f64>, single: &Loaded<f32>) {
    assert_eq!((wide.points.n(), wide.points.d()), (single.points.n(), single.points.d()));
    assert_eq!(wide.annotations, single.annotations);
    let same = |a: f64, b: f32| (a as f32).to_bits() == b.to_bits();
    match (&wide.points, &single.points) {
        (PointTable::Dense(wide), PointTable::Dense(single)) => {
            let mut pairs = wide.rows().unwrap().iter().flatten().zip(single.rows().unwrap().iter().flatten());
            // A mean in the place of a missing value is rounded once more.
            let filled = |a: &f64, b: &f32| (a - f64::from(*b)).abs() <= 1e-6 * a.abs() + 1e-37;
            assert!(pairs.all(|(a, b)| same(*a, *b) || filled(a, b)));
        }
        (PointTable::Dense(wide), PointTable::Wide(single)) => {
            let (a, b) = (wide.rows().unwrap(), single.rows().unwrap());
            assert!(a.iter().flatten().map(|v| v.to_bits()).eq(b.iter().flatten().map(|v| v.to_bits())));
        }
        (PointTable::Sparse(wide), PointTable::Sparse(single)) => {
            let (a, b) = (wide.rows().unwrap(), single.rows().unwrap());
            assert_eq!((a.row_pointers(), a.columns()), (b.row_pointers(), b.columns()));
            assert!(a.values().iter().zip(b.values()).all(|(a, b)| same(*a, *b)));
        }
        (PointTable::Graph(wide), PointTable::Graph(single)) => assert_eq!(wide.k(), single.k()),
        _ => panic!("points of two kinds"),
    }
}
