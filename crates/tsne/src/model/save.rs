//! A fitted embedding as sections of a model file. `docs/model-format.md` lists them.

use crate::data::kept::Kept;
use crate::data::own::row_pointers_of_first;
use crate::data::recipe::Recipe;
use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::model::names::{COLUMNS, DISTANCES, MOVED, NEIGHBORS, OPTIMIZER, ROW_POINTERS, SETTINGS, Stored, WEIGHTS};
use crate::model::params::{named, put_params};
use crate::model::parts::{Own, OwnRows, Parts, Rows, Written};
use crate::model::state::{put_optimizer, put_progress};
use crate::model::store::{Settings, StoreError, Writer};
use crate::model::unfinished::put_unfinished;
use crate::params::affinity_method::AffinityMethod;
use crate::params::neighbors::Neighbors;
use std::path::Path;
use std::sync::Arc;
use tsne_affinity::Metric;
use tsne_core::{Context, KnnGraph, SharedPoints};
use tsne_optim::{Finish, MomentumGains};

impl<T: Float, const D: usize> Embedding<T, D> {
    /// Saves the embedding with all it takes to optimize it further and to place new points: positions, affinities, the state
    /// of the optimizer, parameters, the data points if they were kept, and what is left of a fit that was
    /// [stopped](Self::resume). `docs/model-format.md` describes the file.
    ///
    /// The file appears whole or not at all. Callbacks, the number of threads, warnings and timings are not saved, nor are a repulsion or
    /// an optimizer of your own: the loaded map has the toolkit's in their place.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unsupported`] for a rule of affinities that is code of your own and, where data points are saved, for such a
    /// metric or neighbor search;
    /// [`StoreError::Io`] where the file cannot be written.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Embedding, Preset, Rows, Tsne};
    ///
    /// let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// let (fitted, new) = data.split_at(250);
    /// let embedding = Tsne::<_, 2>::builder().n_iter(50).build()?.fit(Rows::new(fitted, 50, 5)?)?;
    /// let path = std::env::temp_dir().join(format!("doc-example-{}.tsne", std::process::id()));
    /// embedding.save(&path)?;
    /// let loaded = Embedding::<f32, 2>::load(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// let new = Rows::new(new, 10, 5)?;
    /// assert_eq!(loaded.transform(new)?.positions(), embedding.transform(new)?.positions());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Stored<()> {
        self.writer()?.save(path).map(drop)
    }

    /// What [`save`](Self::save) writes, to which sections of one's own can be added: how the data were prepared, say. No section
    /// of the toolkit has a name that begins with `own.`; [`Model::sections`](crate::Model::sections) reads them again.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save) that do not concern the file.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Model, Rows, Tsne};
    ///
    /// # let data: Vec<f32> = (0..300).map(|i| ((i * 7919) % 101) as f32).collect();
    /// # let embedding = Tsne::<_, 2>::builder().perplexity(10.0).n_iter(25).build()?.fit(Rows::new(&data, 60, 5)?)?;
    /// # let path = std::env::temp_dir().join(format!("doc-writer-{}.tsne", std::process::id()));
    /// let mut writer = embedding.writer()?;
    /// writer.array("own.scale", &[2], &[0.5, 2.0])?;
    /// writer.save(&path)?;
    /// let mut model = Model::open(&path)?;
    /// # std::fs::remove_file(&path)?;
    /// assert_eq!(model.sections().take::<f64>("own.scale", &[2])?, [0.5, 2.0]);
    /// assert_eq!(model.embedding::<f32, 2>()?.positions(), embedding.positions());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn writer(&self) -> Stored<Writer<'_>> {
        self.written(&Written::Whole)
    }

    /// [`save`](Self::save) of a map that the members of a [`Team`](tsne_core::Team) have fitted: the first of them writes the file that one
    /// process writes, byte for byte, and asks the others for their rows piece by piece, so that it never holds the affinities of
    /// all. `add` adds sections of one's own, as to a [`writer`](Self::writer), on the first alone.
    ///
    /// All members call it. Its divergence is known on all of them afterwards. Whether the file could be written is known to the first
    /// alone, in what is returned within: those of [`save`](Self::save) and of `add`. The team goes on as if it had not been tried.
    ///
    /// # Errors
    ///
    /// Those of [`evaluate_kl_divergence`](Self::evaluate_kl_divergence), [`Error::Team`](tsne_core::Error::Team) and
    /// [`Error::OutOfMemory`](tsne_core::Error::OutOfMemory): the members do not come together any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::core::ThreadTeam;
    /// use tsne::{Context, Embedding, Model, Rows, StoreError, Tsne};
    ///
    /// # let data: Vec<f32> = (0..6_000).map(|i| ((i * 7919) % 1013) as f32).collect();
    /// # let path = std::env::temp_dir().join(format!("doc-save-with-{}.tsne", std::process::id()));
    /// let x = Rows::new(&data, 1_200, 5)?;
    /// let tsne = Tsne::<_, 2>::builder().perplexity(10.0).early_exaggeration_iter(5).n_iter(25).build()?;
    /// let rows = ThreadTeam::run(2, 1, |team| {
    ///     let cx = Context::new().with_team(team);
    ///     let mut map = tsne.fit_with(x, None, cx).unwrap();
    ///     map.save_with(&path, cx, |_| Ok::<_, StoreError>(())).unwrap()?;
    ///     // And each takes its rows out of the file again.
    ///     let map = Model::open_with(&path, cx)?.embedding_with::<f32, 2>(cx)?;
    ///     Ok::<_, StoreError>(map.affinities().n())
    /// })?;
    /// assert_eq!(rows.into_iter().collect::<Result<Vec<_>, _>>()?, [1_024, 176]);
    /// assert_eq!(Embedding::<f32, 2>::load(&path)?.affinities().n(), 1_200);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_with<'a, E: From<StoreError>>(
        &'a mut self,
        path: impl AsRef<Path>,
        cx: Context<'a>,
        add: impl FnOnce(&mut Writer<'a>) -> Result<(), E>,
    ) -> tsne_core::Result<Result<(), E>> {
        let write = |writer: Stored<Writer<'a>>| -> Result<(), E> {
            let mut writer = writer?;
            add(&mut writer)?;
            writer.save(path)?;
            Ok(())
        };
        self.evaluate_kl_divergence(cx)?;
        let map = &*self;
        let joint = &map.index.joint;
        let is_whole = cx.gather_one(usize::from(joint.n() == joint.n_columns()))?;
        if is_whole.first() == Some(&1) {
            return Ok(if cx.rank() == 0 { write(map.writer()) } else { Ok(()) });
        }
        let parts = Parts::new(map.own_rows(), row_pointers_of_first(joint, cx)?, cx)?;
        if cx.rank() > 0 {
            return parts.serve().map(Ok);
        }
        let result = write(map.written(&Written::Parts(Arc::clone(&parts))));
        parts.end()?;
        Ok(result)
    }

    /// What this member has of all that is written row by row.
    fn own_rows(&self) -> OwnRows<'_, T> {
        fn state<T: Float, const D: usize>(optimizer: Option<&MomentumGains<T, D>>) -> [Own<'_, T>; 2] {
            let (gains, velocity) = optimizer.map_or((&[][..], &[][..]), |state| (state.gains(), state.velocity()));
            [Own::Numbers(gains.as_flattened()), Own::Numbers(velocity.as_flattened())]
        }
        let (joint, graph) = (&self.index.joint, self.index.graph.as_deref());
        let [gains, velocity] = state(self.optimizer());
        let guard = self.unfinished.as_ref().and_then(|unfinished| unfinished.guard.as_ref());
        let [first_gains, first_velocity] = state(guard.and_then(|guard| guard.start.optimizer.momentum_gains()));
        [
            Own::Indices(joint.columns()),
            Own::Numbers(joint.weights()),
            Own::Indices(graph.map_or(&[], KnnGraph::indices)),
            Own::Numbers(graph.map_or(&[], KnnGraph::distances)),
            gains,
            velocity,
            first_gains,
            first_velocity,
        ]
    }

    /// All sections.
    fn written<'a>(&'a self, written: &Written<'a, T>) -> Stored<Writer<'a>> {
        let n = self.positions().len();
        let mut settings = Settings::new();
        settings
            .set("scalar", T::NAME)
            .set("n_components", D)
            .set("n", n)
            .set("kl_divergence", self.kl_divergence())
            .set("dof", self.kernel.dof())
            .set("iterations", self.iterations())
            .set("finish", finish_name(self.finish())?)
            .set("method", named(&self.run.repulsion.method).resolve(n, self.kernel).to_string());
        settings.set("seed", self.random_state);
        put_params(&mut settings, &self.run.params);
        let index = &*self.index;
        let arrays = put_recipe(&mut settings, &index.recipe, index.data.is_some())?;
        let nnz = written.count(index.joint.nnz(), Rows::Columns);
        settings.set("nnz", nnz);
        put_progress(&mut settings, &self.run);
        if let Some(graph) = &index.graph {
            settings.set("graph_k", graph.k());
        }
        let mut writer = Writer::new();
        match index.data.as_ref().map(Kept::shared) {
            Some(SharedPoints::Dense(dense)) => {
                let d = dense.rows().d();
                settings.set("d", d);
                writer.array("data.values", &[n, d], dense.values())?;
                match index.data.as_ref().and_then(Kept::offset) {
                    Some(offset) => {
                        settings.set("data", MOVED);
                        writer.array("data.offset", &[d], offset)?;
                    }
                    None => _ = settings.set("data", "dense"),
                }
            }
            Some(SharedPoints::Sparse(sparse)) => {
                let rows = sparse.rows();
                settings.set("data", "sparse").set("d", rows.d()).set("data_nnz", rows.nnz());
                writer.array("data.row_pointers", &[n + 1], rows.row_pointers())?;
                writer.array("data.columns", &[rows.nnz()], rows.columns())?;
                writer.array("data.values", &[rows.nnz()], rows.values())?;
            }
            Some(_) => return Err(StoreError::Unsupported("its data are of a kind that has no name in a file".into())),
            None => {}
        }
        for (name, values) in arrays {
            writer.owned(name, &[values.len()], values)?;
        }
        writer.array("positions", &[n, D], self.positions().as_flattened())?;
        let rows = [Rows::Gains, Rows::Velocity];
        put_optimizer(&mut settings, &mut writer, (OPTIMIZER, n), self.optimizer(), (written, rows))?;
        written.put_row_pointers(&mut writer, ROW_POINTERS, index.joint.row_pointers())?;
        written.put(&mut writer, COLUMNS, &[nnz], index.joint.columns(), Rows::Columns)?;
        written.put(&mut writer, WEIGHTS, &[nnz], index.joint.weights(), Rows::Weights)?;
        if let Some(graph) = &index.graph {
            let shape = [n, graph.k()];
            written.put(&mut writer, NEIGHBORS, &shape, graph.indices(), Rows::Neighbors)?;
            written.put(&mut writer, DISTANCES, &shape, graph.distances(), Rows::Distances)?;
        }
        put_unfinished(&mut settings, &mut writer, self.unfinished.as_deref(), written)?;
        writer.settings(SETTINGS, &settings)?;
        Ok(writer)
    }
}

fn finish_name(finish: Finish) -> Stored<&'static str> {
    match finish {
        Finish::Completed => Ok("completed"),
        Finish::Stopped => Ok("stopped"),
        Finish::Converged => Ok("converged"),
        other => Err(StoreError::Unsupported(format!("the way its descent ended ({other:?}) has no name in a file"))),
    }
}

/// Arrays of a recipe, by the names of their sections.
type Arrays = Vec<(&'static str, Vec<f64>)>;

fn own(what: &str) -> StoreError {
    StoreError::Unsupported(format!(
        "its {what} is code of your own, which no file can hold: use one of the toolkit's, or leave out the data (keep_data)"
    ))
}

/// Metric and search matter to new points only, and these need the data.
fn put_search<T: Float>(settings: &mut Settings, recipe: &Recipe<T>, arrays: &mut Arrays) -> Stored<()> {
    let (name, parameters) = match &recipe.metric {
        Metric::Function(_) => return Err(own("metric")),
        Metric::Minkowski { p, weights: Some(weights) } => (Metric::minkowski(*p), Some(weights)),
        Metric::SEuclidean { variances: Some(variances) } => (Metric::SEuclidean { variances: None }, Some(variances)),
        Metric::Mahalanobis { inverse_covariance: Some(matrix) } => {
            (Metric::Mahalanobis { inverse_covariance: None }, Some(matrix))
        }
        other => (other.clone(), None),
    };
    settings.set("metric", name.to_string());
    if let Some(parameters) = parameters {
        settings.set("metric_parameters", parameters.len());
        arrays.push(("metric.parameters", parameters.to_vec()));
    }
    if matches!(recipe.neighbors, Neighbors::Custom(_)) {
        return Err(own("neighbor search"));
    }
    settings.set("neighbors", recipe.neighbors.to_string());
    Ok(())
}

fn put_recipe<T: Float>(settings: &mut Settings, recipe: &Recipe<T>, has_data: bool) -> Stored<Arrays> {
    let mut arrays = Vec::new();
    if has_data {
        put_search(settings, recipe, &mut arrays)?;
    }
    settings.set("random_state", recipe.random_state);
    if let Some(k) = recipe.k_neighbors {
        settings.set("k_neighbors", k);
    }
    let mut perplexities = |given: &[f64]| arrays.push(("affinities.perplexities", given.to_vec()));
    let (name, k, symmetrization, count) = match &recipe.method {
        AffinityMethod::Perplexity(model) => {
            perplexities(model.perplexities());
            let name = if model.is_multiscale() { "multiscale" } else { "perplexity" };
            (name, model.k_neighbors(), model.symmetrization(), model.perplexities().len())
        }
        AffinityMethod::FixedSigma(model) => {
            settings.set("sigma", model.sigma());
            ("fixed_sigma", Some(model.k_neighbors()), model.symmetrization(), 0)
        }
        AffinityMethod::Uniform(model) => ("uniform", Some(model.k_neighbors()), model.symmetrization(), 0),
        AffinityMethod::Custom(_) => {
            return Err(StoreError::Unsupported(
                "its rule of affinities is code of your own, which no file can hold: make the map anew (Embedding::new) with an index of its joint affinities alone, whose rule for new points is the toolkit's, or save the positions"
                    .into(),
            ));
        }
    };
    settings.set("affinities", name).set("symmetrization", symmetrization.to_string());
    if count > 0 {
        settings.set("perplexities", count);
    }
    if let Some(k) = k {
        settings.set("affinities_k", k.get());
    }
    Ok(arrays)
}
