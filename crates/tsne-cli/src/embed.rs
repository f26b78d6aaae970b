//! `tsne embed`.

use crate::method;
use crate::run::{Loaded, Targets, run};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::Instant;
use tsne::Float;
use tsne_cli::args::{EmbedArgs, FloatType, Init};
use tsne_cli::input::{Labels, Table};

/// Embeds the points of a file.
///
/// # Errors
///
/// For arguments that do not fit each other, input that cannot be used, and files that cannot be written.
pub(crate) fn embed(args: &EmbedArgs) -> Result<()> {
    method::check(&args.method)?;
    let targets = Targets { map: &args.output, plot: args.plot.as_deref() };
    check_distinct(args)?;
    targets.check()?;
    match args.method.float {
        FloatType::F32 => run(&args.method, &targets, load::<f32>(args)?),
        FloatType::F64 => run(&args.method, &targets, load::<f64>(args)?),
    }
}

fn load<T: Float + FromStr>(args: &EmbedArgs) -> Result<Loaded<T>> {
    let started = Instant::now();
    let name = |path: &Path| path.display().to_string();
    let table = Table::<T>::read(&args.input, &args.csv_options()).with_context(|| name(&args.input))?;
    let labels = match &args.labels {
        Some(path) => Some(Labels::read(path, table.n()).with_context(|| name(path))?),
        None => table.labels().cloned(),
    };
    Ok(Loaded { table, labels, started })
}

/// Checks that no file is both read and written.
fn check_distinct(args: &EmbedArgs) -> Result<()> {
    let same =
        |a: &Path, b: &Path| a == b || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
    let init = match &args.method.optimization.init {
        Some(Init::File(path)) => Some(path),
        _ => None,
    };
    for target in [Some(&args.output), args.plot.as_ref()].into_iter().flatten() {
        for source in [Some(&args.input), args.labels.as_ref(), init].into_iter().flatten() {
            ensure!(
                !same(target, source),
                "{} would be overwritten: choose another name for the output",
                source.display()
            );
        }
    }
    Ok(())
}
