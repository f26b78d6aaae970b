//! `tsne demo`: the handwritten digits of `data/`, which see for their source and license.

use crate::method;
use crate::run::{Loaded, Targets, run};
use anyhow::Result;
use flate2::read::GzDecoder;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;
use tsne::Float;
use tsne_cli::args::{DemoArgs, FloatType};
use tsne_cli::input::{CsvOptions, HeaderLine, Table};

const DIGITS: &[u8] = include_bytes!("../data/digits.csv.gz");

/// The column of the digits' labels, counted from 1.
const LABEL_COLUMN: &str = "65";

/// Embeds the digits.
///
/// # Errors
///
/// For parameters out of their range and files that cannot be written.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    method::check(&args.method)?;
    // Without a directory the names are shown as they are written here.
    let directory = if args.out_dir == Path::new(".") { Path::new("") } else { &args.out_dir };
    let (map, plot) = (directory.join("digits.npy"), directory.join("digits.png"));
    let targets = Targets { map: &map, plot: Some(&plot) };
    targets.check()?;
    match args.method.float {
        FloatType::F32 => run(&args.method, &targets, load::<f32>()?),
        FloatType::F64 => run(&args.method, &targets, load::<f64>()?),
    }
}

fn load<T: Float + FromStr>() -> Result<Loaded<T>> {
    let started = Instant::now();
    let options =
        CsvOptions { header: HeaderLine::No, label_column: Some(LABEL_COLUMN.into()), drop_columns: Vec::new() };
    let table = Table::<T>::from_csv(BufReader::new(GzDecoder::new(DIGITS)), &options)?;
    let labels = table.labels().cloned();
    Ok(Loaded { table, labels, started })
}
