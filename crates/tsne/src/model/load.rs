//! A fitted embedding from the sections of a model file, which are checked against each other.

use crate::data::affinity_index::AffinityIndex;
use crate::data::fingerprint;
use crate::data::kept::Kept as KeptData;
use crate::data::recipe::Recipe;
use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::model::names::{
    COLUMNS, DISTANCES, FIRST_GAINS, FIRST_VELOCITY, GAINS, MOVED, NEIGHBORS, OPTIMIZER, ROW_POINTERS, SETTINGS,
    Stored, VELOCITY, WEIGHTS, corrupt as corrupt_settings, parsed, unknown,
};
use crate::model::params::get_params;
use crate::model::parts::team as not_together;
use crate::model::state::{get_optimizer, get_positions, get_progress};
use crate::model::store::{Kept, Reader, Settings, StoreError};
use crate::model::unfinished::get_unfinished;
use crate::params::neighbors::Neighbors;
use crate::params::repulsion::RepulsionMethod;
use crate::params::schedule::MOST_ITERATIONS;
use crate::threads;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tsne_affinity::{FixedSigma, Metric, PerplexityAffinity, Symmetrization, Uniform};
use tsne_core::{
    Affinities, AffinityKind, Context, Error, Kernel, KnnGraph, SharedPoints, SharedRows, SharedSparseRows,
};
use tsne_optim::Finish;

impl<T: Float, const D: usize> Embedding<T, D> {
    /// Loads an embedding that [`Embedding::save`] wrote. [`Model`] loads one whose number type or dimension is not known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] if it was saved with another number type or dimension; [`StoreError::Version`] for a file of a
    /// newer format; the others for a file that cannot be read, was cut or damaged, or is none of ours.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Embedding, StoreError};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// let path = std::env::temp_dir().join(format!("doc-load-{}.tsne", std::process::id()));
    /// embedding.save(&path)?;
    /// let loaded = Embedding::<f32, 2>::load(&path)?;
    /// let other = Embedding::<f64, 2>::load(&path);
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(loaded.positions(), embedding.positions());
    /// assert!(matches!(other, Err(StoreError::Mismatch { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Stored<Self> {
        Model::open(path)?.embedding()
    }
}

/// A saved embedding whose number type and dimension are not known yet.
///
/// # Examples
///
/// ```
/// use tsne::{Model, Preset, Rows, Tsne};
///
/// let data: Vec<f64> = (0..300).map(|i| f64::from((i * 7919) % 101)).collect();
/// let embedding = Tsne::<_, 2>::builder().perplexity(10.0).build()?.fit(Rows::new(&data, 60, 5)?)?;
/// let path = std::env::temp_dir().join(format!("doc-model-{}.tsne", std::process::id()));
/// embedding.save(&path)?;
/// let model = Model::open(&path)?;
/// # std::fs::remove_file(&path)?;
/// assert_eq!((model.scalar(), model.n_components(), model.n()), ("f64", 2, 60));
/// let embedding = model.embedding::<f64, 2>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Model {
    reader: Reader,
    settings: Settings,
    scalar: String,
    n_components: usize,
    n: usize,
    /// The points whose rows are here, if not all are, and how many affinities all have.
    own: Option<(Range<usize>, usize)>,
}

impl Model {
    /// Reads a file and checks it against damage.
    ///
    /// # Errors
    ///
    /// Those of [`Embedding::load`] that do not concern its type.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Model, StoreError};
    ///
    /// assert!(matches!(Model::open("no such file"), Err(StoreError::Io { .. })));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Stored<Self> {
        Self::from_reader(Reader::open(path)?, None)
    }

    /// The same for a member of a [`Team`](tsne_core::Team): of the affinities, the neighbors and the state of the optimizer it keeps the rows of
    /// its own points, and positions and data of all. It reads, and checks, the whole file.
    ///
    /// # Errors
    ///
    /// Those of [`Model::open`].
    ///
    /// # Examples
    ///
    /// See [`Embedding::save_with`].
    pub fn open_with(path: impl AsRef<Path>, cx: Context<'_>) -> Stored<Self> {
        if cx.members() < 2 {
            return Self::open(path);
        }
        let mut own = None;
        let reader = Reader::open_rows(path.as_ref(), |file| {
            let row_pointers: Vec<usize> = file.get(ROW_POINTERS)?;
            let n = row_pointers.len().saturating_sub(1);
            let rows = cx.rows(n);
            // Whether they make sense is looked at when the map is made.
            let at = |i: usize| row_pointers.get(i).copied().unwrap_or(0);
            own = Some((rows.clone(), at(n)));
            Ok(kept((&rows, n), (at(rows.start)..at(rows.end), at(n))))
        })?;
        Self::from_reader(reader, own)
    }

    /// The same for a file that is in memory.
    ///
    /// # Errors
    ///
    /// Those of [`Model::open`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Model, StoreError};
    ///
    /// assert!(matches!(Model::from_bytes(b"a text, and no model"), Err(StoreError::NotAModel { .. })));
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Stored<Self> {
        Self::from_reader(Reader::from_bytes(bytes)?, None)
    }

    fn from_reader(mut reader: Reader, own: Option<(Range<usize>, usize)>) -> Stored<Self> {
        let settings = reader.settings(SETTINGS)?;
        let scalar = settings.get::<&str>("scalar")?.to_owned();
        let (n_components, n) = (settings.get("n_components")?, settings.get("n")?);
        Ok(Self { reader, settings, scalar, n_components, n, own })
    }

    /// The number type, `"f32"` or `"f64"`.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-scalar-{}.tsne", std::process::id()));
    /// # embedding.save(&path)?;
    /// let model = tsne::Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(model.scalar(), "f32");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scalar(&self) -> &str {
        &self.scalar
    }

    /// The dimension of the map.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-components-{}.tsne", std::process::id()));
    /// # embedding.save(&path)?;
    /// let model = tsne::Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(model.n_components(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn n_components(&self) -> usize {
        self.n_components
    }

    /// The number of points.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-n-{}.tsne", std::process::id()));
    /// # embedding.save(&path)?;
    /// let model = tsne::Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(model.n(), 60);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The sections of the file, to take those of one's own from: see [`Embedding::writer`].
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-sections-{}.tsne", std::process::id()));
    /// # embedding.save(&path)?;
    /// let mut model = tsne::Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert!(model.sections().take::<f64>("own.scale", &[2]).is_err()); // There is none.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn sections(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// The embedding.
    ///
    /// # Errors
    ///
    /// [`StoreError::Mismatch`] unless `T` and `D` are those of the file; [`StoreError::Corrupt`] where its parts contradict
    /// each other.
    ///
    /// # Examples
    ///
    /// ```
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let tsne = tsne::Tsne::<_, 2>::builder().perplexity(10.0);
    /// # let tsne = tsne.early_exaggeration_iter(5).n_iter(25).build()?;
    /// # let embedding = tsne.fit(tsne::Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-embedding-{}.tsne", std::process::id()));
    /// # embedding.save(&path)?;
    /// let model = tsne::Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// let loaded = match (model.scalar(), model.n_components()) {
    ///     ("f32", 2) => model.embedding::<f32, 2>()?,
    ///     (scalar, d) => panic!("a map of {scalar} in {d} dimensions was not expected"),
    /// };
    /// assert_eq!(loaded.positions(), embedding.positions());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn embedding<T: Float, const D: usize>(self) -> Stored<Embedding<T, D>> {
        threads::run(None, || Ok(self.embedding_with(Context::new()))).map_err(corrupt_settings)?
    }

    /// The same in a [`Context`]: the part of the map that a member of a [`Team`](tsne_core::Team) has, of a model that all of them
    /// have opened by [`Model::open_with`]. All members call it.
    ///
    /// # Errors
    ///
    /// Those of [`Model::embedding`]; [`StoreError::Io`] with [`Error::Team`](tsne_core::Error::Team) in it where the members do not come together, or have
    /// loaded different maps.
    ///
    /// # Examples
    ///
    /// See [`Embedding::save_with`].
    pub fn embedding_with<T: Float, const D: usize>(self, cx: Context<'_>) -> Stored<Embedding<T, D>> {
        let Self { mut reader, settings, scalar, n_components, n, own } = self;
        let (own, entries) = own.map_or((0..n, None), |(rows, entries)| (rows, Some(entries)));
        if scalar != T::NAME || n_components != D || D == 0 {
            return Err(StoreError::Mismatch {
                what: "saved embedding".into(),
                found: format!("{scalar} in {n_components} dimensions"),
                expected: format!("{} in {D} dimensions", T::NAME),
            });
        }
        let corrupt = |section: &'static str| move |error: Error| StoreError::corrupt(section, error);
        let sized = |extra: usize| n.checked_add(extra).ok_or_else(|| StoreError::corrupt(SETTINGS, "n is too large"));

        let positions = get_positions::<T, D>(&mut reader, "positions", n)?;
        if n < 2 {
            return Err(StoreError::corrupt("positions", Error::too_few_points(n, 2)));
        }
        let params = get_params::<T, D>(&settings)?;
        params.check().map_err(corrupt(SETTINGS))?;
        let momentum_rule = params.schedule.momentum_rule;
        let optimizer = get_optimizer(&settings, &mut reader, OPTIMIZER, own.len(), momentum_rule)?;

        let joint = get_affinities(&settings, &mut reader, n, (&own, entries))?;
        let graph = match settings.optional::<usize>("graph_k")? {
            Some(k) => {
                let indices = reader.take(NEIGHBORS, &[own.len(), k])?;
                let distances = reader.take(DISTANCES, &[own.len(), k])?;
                Some(Arc::new(KnnGraph::from_parts(k, n, indices, distances).map_err(corrupt(NEIGHBORS))?))
            }
            None => None,
        };
        let data = match settings.optional::<&str>("data")? {
            Some(kind @ ("dense" | MOVED)) => {
                let d = settings.get("d")?;
                let offset: Option<Vec<f64>> =
                    if kind == MOVED { Some(reader.take("data.offset", &[d])?) } else { None };
                if let Some(v) = offset.iter().flatten().find(|v| !v.is_finite()) {
                    let why = format_args!("it holds {v}, but all values are finite");
                    return Err(StoreError::corrupt("data.offset", why));
                }
                let rows =
                    SharedRows::new(reader.take("data.values", &[n, d])?, n, d).map_err(corrupt("data.values"))?;
                Some((SharedPoints::from(rows), offset))
            }
            Some("sparse") => {
                let nnz = settings.get("data_nnz")?;
                let rows = SharedSparseRows::new(
                    reader.take("data.row_pointers", &[sized(1)?])?,
                    reader.take("data.columns", &[nnz])?,
                    reader.take("data.values", &[nnz])?,
                    settings.get("d")?,
                );
                Some((rows.map_err(corrupt("data.values"))?.into(), None))
            }
            Some(other) => return Err(unknown("data", other)),
            None => None,
        };
        let seed = settings.optional("seed")?;
        let recipe = get_recipe::<T>(&settings, &mut reader, data.is_some())?;
        recipe.method.model().neighbors_needed(n).map_err(corrupt(SETTINGS))?;
        if let Some((points, _)) = &data {
            let points = points.points();
            points.check_finite().map_err(corrupt("data.values"))?;
            recipe.metric.check(points.d()).map_err(corrupt(SETTINGS))?;
            if recipe.metric == Metric::Precomputed && points.d() != n {
                let why = format_args!("metric is precomputed, but the distances are {n} x {}", points.d());
                return Err(StoreError::corrupt(SETTINGS, why));
            }
        }
        let data = data.map(|(points, offset)| KeptData::new(points, offset.map(Arc::from)));
        let index = AffinityIndex::of_parts(joint, graph, recipe, data);
        let kernel = Kernel::new(settings.get("dof")?).map_err(corrupt(SETTINGS))?;
        let mut embedding = Embedding::start(positions, Arc::new(index), kernel, &params, Some(optimizer));
        // Older files have that of the affinities only.
        embedding.random_state = seed.unwrap_or(embedding.random_state);
        let run = &mut embedding.run;
        run.iterations = match settings.get("iterations")? {
            iterations if iterations <= MOST_ITERATIONS => iterations,
            iterations => {
                let why = format_args!("iterations is {iterations}, but nothing runs more than {MOST_ITERATIONS}");
                return Err(StoreError::corrupt(SETTINGS, why));
            }
        };
        get_progress(&settings, run)?;
        run.finish = match settings.get("finish")? {
            "completed" => Finish::Completed,
            "stopped" => Finish::Stopped,
            "converged" => Finish::Converged,
            other => return Err(unknown("finish", other)),
        };
        run.repulsion.method = match parsed(&settings, "method")? {
            RepulsionMethod::Auto => return Err(unknown("method", "auto")),
            method => method,
        };
        embedding.unfinished = get_unfinished(&settings, &mut reader, (n, own.len()))?.map(Box::new);
        let divergence = settings.get("kl_divergence")?;
        agreed(&embedding, divergence, cx)?;
        let doubt = embedding.doubt(divergence, cx).map_err(not_together)?;
        embedding.run.judge(divergence, doubt);
        Ok(embedding)
    }
}

/// What is kept of a file for some of `n` points, whose affinities are some of `nnz`.
fn kept((rows, n): (&Range<usize>, usize), (entries, nnz): (Range<usize>, usize)) -> Vec<Kept> {
    let of_points = [NEIGHBORS, DISTANCES, GAINS, VELOCITY, FIRST_GAINS, FIRST_VELOCITY];
    let of_points = of_points.map(|name| Kept { name, rows: rows.clone(), count: n });
    let of_entries = [COLUMNS, WEIGHTS].map(|name| Kept { name, rows: entries.clone(), count: nnz });
    let row_pointers = rows.start..rows.end.saturating_add(1);
    let row_pointers = Kept { name: ROW_POINTERS, rows: row_pointers, count: n.saturating_add(1) };
    of_points.into_iter().chain(of_entries).chain([row_pointers]).collect()
}

/// Sees to it that all members have loaded the same map, whose affinities sum to 1: of a whole one, its rows have done so.
fn agreed<T: Float, const D: usize>(embedding: &Embedding<T, D>, divergence: f64, cx: Context<'_>) -> Stored<()> {
    if cx.members() < 2 {
        return Ok(());
    }
    let joint = &embedding.index.joint;
    let (positions, n) = (&embedding.run.positions, joint.n_columns());
    let told = format!("{} {divergence:e} {}", fingerprint::of_positions(positions), embedding.run.iterations);
    cx.agree("saved map", fingerprint::of_text(&told)).map_err(not_together)?;
    joint.check_own(cx).map_err(not_together)?;
    let first = joint.points().start;
    let weights =
        |range: Range<usize>| range.flat_map(|i| joint.row(i - first).1).map(|weight| weight.to_f64()).sum::<f64>();
    let sum = cx.sum_blocks(&mut Vec::new(), n, weights).map_err(not_together)?;
    if (sum - 1.0).abs() <= SUM_TOLERANCE {
        return Ok(());
    }
    Err(StoreError::corrupt(WEIGHTS, format_args!("they sum to {sum}, but must sum to 1")))
}

/// How far from 1 the sum of joint affinities may be: as [`Affinities::from_parts`] allows.
const SUM_TOLERANCE: f64 = 1e-3;

/// The joint affinities of some of `n` points, or of all.
fn get_affinities<T: Float>(
    settings: &Settings,
    reader: &mut Reader,
    n: usize,
    (own, entries): (&Range<usize>, Option<usize>),
) -> Stored<Affinities<T>> {
    let corrupt = |error: Error| StoreError::corrupt(COLUMNS, error);
    let pointers = own.len().checked_add(1).ok_or_else(|| StoreError::corrupt(SETTINGS, "n is too large"))?;
    let mut row_pointers: Vec<usize> = reader.take(ROW_POINTERS, &[pointers])?;
    let nnz = settings.get("nnz")?;
    let Some(entries) = entries else {
        let (columns, weights) = (reader.take(COLUMNS, &[nnz])?, reader.take(WEIGHTS, &[nnz])?);
        return Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).map_err(corrupt);
    };
    if entries != nnz {
        let why = format_args!("the rows of all points have {entries} affinities, but nnz is {nnz}");
        return Err(StoreError::corrupt(ROW_POINTERS, why));
    }
    let first = row_pointers.first().copied().unwrap_or(0);
    for at in &mut row_pointers {
        let why = || StoreError::corrupt(ROW_POINTERS, format_args!("row {} begins before others", own.start));
        *at = at.checked_sub(first).ok_or_else(why)?;
    }
    let count = [row_pointers.last().copied().unwrap_or(0)];
    let (columns, weights) = (reader.take(COLUMNS, &count)?, reader.take(WEIGHTS, &count)?);
    Affinities::from_rows(own.start, row_pointers, columns, weights, n).map_err(corrupt)
}

fn get_metric(settings: &Settings, reader: &mut Reader) -> Stored<Metric> {
    let mut metric: Metric = parsed(settings, "metric")?;
    if let Some(count) = settings.optional::<usize>("metric_parameters")? {
        let given: Arc<[f64]> = reader.take::<f64>("metric.parameters", &[count])?.into();
        match &mut metric {
            Metric::Minkowski { weights, .. } => *weights = Some(given),
            Metric::SEuclidean { variances } => *variances = Some(given),
            Metric::Mahalanobis { inverse_covariance } => *inverse_covariance = Some(given),
            other => return Err(unknown("metric with parameters", other)),
        }
    }
    Ok(metric)
}

fn get_recipe<T: Float>(settings: &Settings, reader: &mut Reader, has_data: bool) -> Stored<Recipe<T>> {
    let corrupt = |error: Error| StoreError::corrupt(SETTINGS, error);
    let metric = if has_data { get_metric(settings, reader)? } else { Metric::default() };
    let neighbors = if has_data { parsed(settings, "neighbors")? } else { Neighbors::default() };
    let k = settings
        .optional::<usize>("affinities_k")?
        .map(|k| NonZeroUsize::new(k).ok_or_else(|| unknown("affinities_k", k)));
    let k = k.transpose()?;
    let symmetrization: Symmetrization = parsed(settings, "symmetrization")?;
    let mut perplexities = || {
        let count = settings.get("perplexities")?;
        reader.take::<f64>("affinities.perplexities", &[count])
    };
    let method = match settings.get("affinities")? {
        "perplexity" => {
            let model = PerplexityAffinity::mixture(&perplexities()?).map_err(corrupt)?;
            let model = k.map_or_else(|| model.clone(), |k| model.clone().with_neighbors(k));
            model.with_symmetrization(symmetrization).into()
        }
        "multiscale" => {
            let model = PerplexityAffinity::multiscale(&perplexities()?).map_err(corrupt)?;
            let model = k.map_or_else(|| model.clone(), |k| model.clone().with_neighbors(k));
            model.with_symmetrization(symmetrization).into()
        }
        "fixed_sigma" => {
            let model = FixedSigma::new(settings.get("sigma")?).map_err(corrupt)?;
            let k = k.ok_or_else(|| unknown("affinities_k", "missing"))?;
            model.with_neighbors(k).with_symmetrization(symmetrization).into()
        }
        "uniform" => {
            let k = k.ok_or_else(|| unknown("affinities_k", "missing"))?;
            Uniform::new(k).with_symmetrization(symmetrization).into()
        }
        other => return Err(unknown("affinities", other)),
    };
    Ok(Recipe {
        method,
        metric,
        neighbors,
        k_neighbors: settings.optional("k_neighbors")?,
        random_state: settings.get("random_state")?,
    })
}
