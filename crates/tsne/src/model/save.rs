//! A fitted embedding as sections of a model file. `docs/model-format.md` lists them.

use crate::data::kept::Kept;
use crate::data::recipe::Recipe;
use crate::float::Float;
use crate::maps::embedding::Embedding;
use crate::model::names::{MOVED, SETTINGS, Stored};
use crate::model::params::{named, put_params};
use crate::model::state::{put_optimizer, put_progress};
use crate::model::store::{Settings, StoreError, Writer};
use crate::model::unfinished::put_unfinished;
use crate::params::affinity_method::AffinityMethod;
use crate::params::neighbors::Neighbors;
use std::path::Path;
use tsne_affinity::Metric;
use tsne_core::SharedPoints;
use tsne_optim::Finish;

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
        settings.set("nnz", index.joint.nnz());
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
        put_optimizer(&mut settings, &mut writer, "optimizer", self.optimizer())?;
        writer.array("affinities.row_pointers", &[n + 1], index.joint.row_pointers())?;
        writer.array("affinities.columns", &[index.joint.nnz()], index.joint.columns())?;
        writer.array("affinities.weights", &[index.joint.nnz()], index.joint.weights())?;
        if let Some(graph) = &index.graph {
            writer.array("graph.indices", &[n, graph.k()], graph.indices())?;
            writer.array("graph.distances", &[n, graph.k()], graph.distances())?;
        }
        put_unfinished(&mut settings, &mut writer, self.unfinished.as_deref())?;
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
