//! Running the command in a directory of its own.
#![allow(unreachable_pub, reason = "shared by the modules of this binary")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A new directory that is removed in the end.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of all files, hidden ones too.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs `tsne` here with arguments separated by blanks.
    pub fn tsne(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsne"));
        command.current_dir(&self.0).args(arguments.split_whitespace()).output().unwrap()
    }

    /// Runs `tsne` and returns what it prints.
    #[track_caller]
    pub fn succeed(&self, arguments: &str) -> String {
        let output = self.tsne(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `tsne`, which has to fail with one line that contains `why`.
    #[track_caller]
    pub fn refuse(&self, arguments: &str, why: &str) {
        let output = self.tsne(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains(why), "{arguments}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments}: {stderr}");
    }

    #[track_caller]
    pub fn json(&self, arguments: &str) -> serde_json::Value {
        let stdout = self.succeed(&format!("{arguments} --json"));
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        serde_json::from_str(&stdout).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Three clusters of `n` points in `d` dimensions with values that `f32` holds exactly, row by row.
pub fn clusters(n: usize, d: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut random = || {
        // The generator of Knuth's MMIX.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 52) as f64 / 256.0
    };
    (0..n * d).map(|i| random() + if (i / d) % 3 == i % d { 32.0 } else { 0.0 }).collect()
}

/// The values as text, one point per line.
pub fn text(values: &[f64], d: usize, delimiter: &str) -> String {
    let row = |row: &[f64]| row.iter().map(f64::to_string).collect::<Vec<_>>().join(delimiter);
    values.chunks(d).map(row).collect::<Vec<_>>().join("\n") + "\n"
}

/// An `.npy` file by another implementation of the format.
pub fn npy<T: npyz::AutoSerialize>(values: impl IntoIterator<Item = T>, shape: &[u64], order: npyz::Order) -> Vec<u8> {
    use npyz::WriterBuilder;
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape).order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    bytes
}

/// An `.npy` file of single-precision numbers by another implementation of the format: the shape and the values.
pub fn read_npy(bytes: &[u8]) -> (Vec<u64>, Vec<f32>) {
    let file = npyz::NpyFile::new(bytes).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

/// The values of a row-major table column by column.
pub fn columns(values: &[f64], d: usize) -> Vec<f64> {
    (0..d).flat_map(|c| values.iter().skip(c).step_by(d).copied().collect::<Vec<_>>()).collect()
}

/// The handwritten digits that come with the program: 64 values and the label of each.
pub fn digits() -> Vec<(Vec<f64>, u8)> {
    use std::io::Read;
    let packed: &[u8] = include_bytes!("../../data/digits.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let row = |line: &str| {
        let mut values: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let label = values.pop().unwrap() as u8;
        (values, label)
    };
    text.lines().map(row).collect()
}

/// The indices of the `k` points nearest to a place, by distance and index.
pub fn nearest(points: &[[f32; 2]], place: [f32; 2], k: usize) -> Vec<usize> {
    let distance = |p: &[f32; 2]| (p[0] - place[0]).powi(2) + (p[1] - place[1]).powi(2);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| distance(&points[a]).total_cmp(&distance(&points[b])).then(a.cmp(&b)));
    order.truncate(k);
    order
}

/// The points row by row, whatever they are, or those of one process; of a graph none.
pub fn rows_of<T: tsne::Float>(points: &tsne_cli::input::PointTable<T>) -> Vec<Vec<f64>> {
    use tsne_cli::input::{OwnValues, PointTable};
    let wide = |row: &[T]| row.iter().map(|value| value.to_f64()).collect();
    match points {
        PointTable::Dense(table) => table.rows().unwrap().iter().map(wide).collect(),
        PointTable::Wide(table) => table.rows().unwrap().iter().map(<[f64]>::to_vec).collect(),
        PointTable::Sparse(table) => {
            let rows = table.rows().unwrap();
            let row = |i| {
                let mut row = vec![0.0; rows.d()];
                let (columns, values) = rows.row(i);
                columns.iter().zip(values).for_each(|(&column, value)| row[column as usize] = value.to_f64());
                row
            };
            (0..rows.n()).map(row).collect()
        }
        PointTable::Own(own) => match own.values() {
            OwnValues::Exact(table) => table.rows().unwrap().iter().map(wide).collect(),
            OwnValues::Wide(table) => table.rows().unwrap().iter().map(<[f64]>::to_vec).collect(),
        },
        PointTable::Graph(_) => Vec::new(),
    }
}
