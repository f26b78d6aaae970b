//! From arguments to the method itself.

use crate::args::{AffinityType, Init, MethodArgs, NeighborsType, NewInit, NewPerplexity, TransformArgs};
use crate::command::map;
use crate::input::{InputOptions, read_parameters};
use anyhow::{Context, Result, bail, ensure};
use std::num::NonZeroUsize;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform};
use tsne::{
    AffinityMethod, Float, Initialization, Metric, Neighbors, PartialInitialization, Preset, TransformParams, Tsne,
    TsneBuilder,
};

/// The perplexity where none is given, in every preset.
const PERPLEXITY: f64 = 30.0;

/// The perplexity of new points where none is given, in every preset.
const NEW_PERPLEXITY: f64 = 5.0;

/// The method with its parameters checked, before any points are read.
///
/// # Errors
///
/// For a parameter out of its range.
pub(crate) fn check(args: &MethodArgs) -> Result<()> {
    match args.components {
        1 => builder::<f32, 1>(args)?.build().map(drop),
        2 => builder::<f32, 2>(args)?.build().map(drop),
        _ => builder::<f32, 3>(args)?.build().map(drop),
    }?;
    Ok(())
}

/// Neighbors of each point that a map has beside it: with the point itself as many as Embedding Atlas computes.
pub(super) const NEIGHBORS: usize = 14;

/// The method for `n` points with these names, which keeps the data or neighbors beside the map.
///
/// # Errors
///
/// For a parameter out of its range, and for a file of initial positions that cannot be read or does not fit.
pub(crate) fn method<T: Float + FromStr, const D: usize>(
    args: &MethodArgs,
    (n, ids): (usize, Option<&[String]>),
    (keep_data, keep_neighbors): (bool, bool),
) -> Result<Tsne<T, D>> {
    let mut builder = builder(args)?.keep_data(keep_data).memory_limit(args.memory_limit);
    if keep_neighbors {
        builder = builder.keep_neighbors(NEIGHBORS);
    }
    if let Some(Init::File(path)) = &args.init {
        builder = builder.initialization(Initialization::Given(initial_positions(path, n, ids)?));
    }
    Ok(builder.build()?)
}

fn initial_positions<T: Float, const D: usize>(path: &Path, n: usize, ids: Option<&[String]>) -> Result<Vec<[T; D]>> {
    positions(path, n, ids).with_context(|| format!("--init {}", path.display()))
}

/// The positions of `n` points in a file, by their ids where both have any.
///
/// # Errors
///
/// If it cannot be read or has another shape.
fn positions<T: Float, const D: usize>(path: &Path, n: usize, ids: Option<&[String]>) -> Result<Vec<[T; D]>> {
    let table = map::read(path, &InputOptions::default())?.in_order_of(ids)?.table;
    ensure!(
        (table.n(), table.d()) == (n, D),
        "the positions have shape ({}, {}), but ({n}, {D}) is needed: one for each point, in the dimension of the map",
        table.n(),
        table.d()
    );
    let rows = table.rows()?;
    Ok(rows.iter().map(|row| std::array::from_fn(|c| T::from_f64(row[c]))).collect())
}

/// The metric with the parameters in a file, if any.
///
/// # Errors
///
/// If the file cannot be read, or the metric has no parameters.
pub(crate) fn metric(metric: Option<&Metric>, file: Option<&Path>) -> Result<Metric> {
    let metric = metric.cloned().unwrap_or_default();
    let Some(file) = file else { return Ok(metric) };
    let read = || -> Result<Arc<[f64]>> {
        let values = read_parameters(file).with_context(|| format!("--metric-params {}", file.display()))?;
        Ok(values.into())
    };
    Ok(match metric {
        Metric::Minkowski { p, .. } => Metric::Minkowski { p, weights: Some(read()?) },
        Metric::SEuclidean { .. } => Metric::SEuclidean { variances: Some(read()?) },
        Metric::Mahalanobis { .. } => Metric::Mahalanobis { inverse_covariance: Some(read()?) },
        other => bail!(
            "--metric-params: the metric {other} has no parameters: leave it out, or choose minkowski, seuclidean or \
             mahalanobis"
        ),
    })
}

/// What is asked of the affinities.
#[derive(Debug, Clone, Copy)]
struct Rule<'a> {
    kind: AffinityType,
    perplexities: &'a [f64],
    sigma: Option<f64>,
    k: Option<usize>,
    symmetrization: Option<Symmetrization>,
}

impl Rule<'_> {
    /// # Errors
    ///
    /// For parameters that are out of range, missing, or not of this kind.
    fn method<T>(self) -> Result<AffinityMethod<T>> {
        let Self { kind, perplexities, sigma, k, symmetrization } = self;
        let gaussian = matches!(kind, AffinityType::Perplexity | AffinityType::Multiscale);
        ensure!(
            gaussian || perplexities.is_empty(),
            "--perplexity: these affinities have none: leave it out, or choose --affinities perplexity or multiscale"
        );
        ensure!(
            kind == AffinityType::FixedSigma || sigma.is_none(),
            "--sigma is for --affinities fixed-sigma: leave it out, or choose these"
        );
        let k = match k {
            Some(k) => Some(NonZeroUsize::new(k).context("--k-neighbors is 0, but must be at least 1")?),
            None => None,
        };
        /// Sets what is given.
        macro_rules! model {
            ($model:expr) => {{
                let mut model = $model;
                if let Some(k) = k {
                    model = model.with_neighbors(k);
                }
                if let Some(symmetrization) = symmetrization {
                    model = model.with_symmetrization(symmetrization);
                }
                model.into()
            }};
        }
        Ok(match kind {
            AffinityType::Perplexity => model!(PerplexityAffinity::mixture(perplexities)?),
            AffinityType::Multiscale => model!(PerplexityAffinity::multiscale(perplexities)?),
            AffinityType::FixedSigma => {
                let sigma = sigma.context(
                    "--affinities fixed-sigma needs --sigma X, the standard deviation in the unit of the distances",
                )?;
                model!(FixedSigma::new(sigma)?)
            }
            AffinityType::Uniform => model!(Uniform::default()),
        })
    }
}

/// The given perplexities, or the default where the affinities have any.
fn or_default<'a>(kind: AffinityType, given: &'a [f64], default: &'a [f64]) -> &'a [f64] {
    match kind {
        AffinityType::Perplexity | AffinityType::Multiscale if given.is_empty() => default,
        _ => given,
    }
}

/// Everything but initial positions in a file.
pub(crate) fn builder<T: Float, const D: usize>(args: &MethodArgs) -> Result<TsneBuilder<T, D>> {
    let affinities = &args.affinities;
    let kind = affinities.affinities.unwrap_or(AffinityType::Perplexity);
    let rule = Rule {
        kind,
        perplexities: or_default(kind, &affinities.perplexity, &[PERPLEXITY]),
        sigma: affinities.sigma,
        k: affinities.k_neighbors,
        symmetrization: affinities.symmetrization,
    };
    let mut builder = Tsne::<T, D>::preset(args.preset)
        .random_state(args.run.seed)
        .affinities(rule.method::<T>()?)
        .k_neighbors(affinities.k_neighbors)
        .metric(metric(affinities.metric.as_ref(), affinities.metric_params.as_deref())?);
    if let Some(neighbors) = affinities.neighbors {
        builder = builder.neighbors(match neighbors {
            NeighborsType::Auto => Neighbors::Auto,
            NeighborsType::Exact => Neighbors::Exact,
            NeighborsType::Approx => Neighbors::Approx,
        });
    }
    builder = args.optimization.set(builder);
    builder = args.descent.set(builder);
    builder = args.repulsion.set(builder);
    match args.init {
        Some(Init::Coarse) => builder = builder.initialization(Initialization::Coarse),
        Some(Init::Pca) => builder = builder.initialization(Initialization::Pca),
        Some(Init::Spectral) => builder = builder.initialization(Initialization::Spectral),
        Some(Init::Random) => builder = builder.initialization(Initialization::Random),
        // A file is read when the number of points is known.
        Some(Init::File(_)) | None => {}
    }
    // The presets' own number, one thread in openTSNE's, is for libraries: who types a command wants the map.
    Ok(builder.n_jobs(args.run.threads.unwrap_or(-1)))
}

/// The parameters for `n` new points with these names of a map with that preset.
///
/// # Errors
///
/// For a parameter out of its range, and for a file of starting positions that cannot be read or does not fit.
pub(crate) fn transform_params<T: Float + FromStr, const D: usize>(
    args: &TransformArgs,
    fitted: Preset,
    (n, ids): (usize, Option<&[String]>),
) -> Result<TransformParams<T, D>> {
    let mut params = TransformParams::preset(args.preset.unwrap_or(fitted))
        .n_jobs(args.run.threads.unwrap_or(-1))
        .random_state(args.run.seed);
    match (&args.perplexity, args.affinities) {
        (Some(NewPerplexity::Fitted), Some(_)) => {
            bail!("--perplexity fitted is the rule of the fit, --affinities another one: leave one of them out")
        }
        (Some(NewPerplexity::Fitted), None) => params = params.perplexity(None),
        (Some(NewPerplexity::Values(values)), None) => params = params.perplexities(values),
        (given, Some(kind)) => {
            let given = match given {
                Some(NewPerplexity::Values(values)) => values.as_slice(),
                _ => &[],
            };
            let perplexities = or_default(kind, given, &[NEW_PERPLEXITY]);
            let rule = Rule { kind, perplexities, sigma: args.sigma, k: args.k_neighbors, symmetrization: None };
            params = params.affinities(rule.method::<T>()?);
        }
        (None, None) => {}
    }
    ensure!(
        args.affinities.is_some() || args.sigma.is_none(),
        "--sigma is for --affinities fixed-sigma: leave it out, or choose these"
    );
    match &args.init {
        Some(NewInit::Median) => params = params.initialization(PartialInitialization::Median),
        Some(NewInit::Weighted) => params = params.initialization(PartialInitialization::Weighted),
        Some(NewInit::Random) => params = params.initialization(PartialInitialization::Random),
        Some(NewInit::File(path)) => {
            params = params.initialization(PartialInitialization::Given(initial_positions(path, n, ids)?));
        }
        None => {}
    }
    params = args.descent.set_new(args.placing.set_new(params));
    params.check()?;
    Ok(params)
}
