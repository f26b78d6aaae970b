//! From arguments to the method itself.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::str::FromStr;
use tsne::{Float, Initialization, Tsne, TsneBuilder};
use tsne_cli::args::{Init, MethodArgs};
use tsne_cli::input::{CsvOptions, Table};

/// The number of threads that these arguments ask for; 0 stands for all processors.
pub(crate) fn threads(args: &MethodArgs) -> usize {
    args.run.threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or(0)
}

/// The method with its parameters checked, before any data are read.
///
/// # Errors
///
/// For a parameter out of its range.
pub(crate) fn check(args: &MethodArgs) -> Result<()> {
    match args.components {
        1 => builder::<f32, 1>(args).build().map(drop),
        2 => builder::<f32, 2>(args).build().map(drop),
        _ => builder::<f32, 3>(args).build().map(drop),
    }?;
    Ok(())
}

/// The method for `n` points.
///
/// # Errors
///
/// For a parameter out of its range, and for a file of initial positions that cannot be read or does not fit.
pub(crate) fn method<T: Float + FromStr, const D: usize>(args: &MethodArgs, n: usize) -> Result<Tsne<T, D>> {
    let mut builder = builder(args);
    if let Some(Init::File(path)) = &args.optimization.init {
        let positions = positions(path, n).with_context(|| format!("--init {}", path.display()))?;
        builder = builder.initialization(Initialization::Given(positions));
    }
    Ok(builder.build()?)
}

fn positions<T: Float + FromStr, const D: usize>(path: &Path, n: usize) -> Result<Vec<[T; D]>> {
    let table = Table::<T>::read(path, &CsvOptions::default())?;
    ensure!(
        (table.n(), table.d()) == (n, D),
        "the positions have shape ({}, {}), but ({n}, {D}) is needed: one for each point, in the dimension of the map",
        table.n(),
        table.d()
    );
    let rows = table.rows()?;
    Ok(rows.iter().map(|row| std::array::from_fn(|c| row[c])).collect())
}

/// Sets what is given and leaves the rest to the preset.
fn builder<T: Float, const D: usize>(args: &MethodArgs) -> TsneBuilder<T, D> {
    macro_rules! set {
        ($builder:ident: $($group:ident.$name:ident),*) => {
            $(
                if let Some(value) = args.$group.$name {
                    $builder = $builder.$name(value.into());
                }
            )*
        };
    }
    let (optimization, repulsion) = (&args.optimization, &args.repulsion);
    let mut builder = Tsne::<T, 2>::preset(args.preset).n_components::<D>().random_state(args.run.seed);
    set!(builder: affinities.metric, optimization.n_iter, optimization.early_exaggeration_iter,
        optimization.early_exaggeration, optimization.learning_rate, optimization.momentum,
        optimization.initial_momentum, optimization.final_momentum, optimization.dof,
        repulsion.theta, repulsion.n_interpolation_points, repulsion.min_num_intervals,
        repulsion.ints_in_interval, repulsion.interpolation);
    if !args.affinities.perplexity.is_empty() {
        builder = builder.perplexities(&args.affinities.perplexity);
    }
    if optimization.init == Some(Init::Random) {
        builder = builder.initialization(Initialization::Random);
    }
    if let Some(std) = optimization.init_std {
        builder = builder.initialization_std(std);
    }
    if optimization.exaggeration.is_some() || optimization.no_exaggeration {
        builder = builder.exaggeration(optimization.exaggeration);
    }
    if optimization.min_grad_norm.is_some() || optimization.no_min_grad_norm {
        builder = builder.min_grad_norm(optimization.min_grad_norm);
    }
    if optimization.max_grad_norm.is_some() || optimization.no_max_grad_norm {
        builder = builder.max_grad_norm(optimization.max_grad_norm);
    }
    if optimization.max_step_norm.is_some() || optimization.no_max_step_norm {
        builder = builder.max_step_norm(optimization.max_step_norm);
    }
    if let Some(method) = repulsion.method {
        builder = builder.negative_gradient_method(method);
    }
    // The presets' own number, one thread in openTSNE's, is for libraries: who types a command wants the map.
    builder.n_jobs(args.run.threads.unwrap_or(-1))
}
