//! What a descent came to: the files of it, and the report.

use crate::args::MethodArgs;
use crate::command::explore::write_page;
use crate::command::interrupt::Interrupted;
use crate::command::run::{agreement, in_pool, print, warn, words};
use crate::command::saved::Extras;
use crate::command::targets::{Targets, Written};
use crate::command::team::{self, Together};
use crate::explore::{Neighbors, Page};
use crate::film::{Film, FilmFormat};
use crate::input::Labels;
use crate::output::Beside;
use crate::plot::{self, Options, Picture};
use crate::report::{Decided, ForceError, HistoryEntry, Milliseconds, Report, Seconds};
use anyhow::{Result, bail};
#[cfg(feature = "plot")]
use std::io::BufWriter;
use std::path::Path;
use std::time::{Duration, Instant};
use tsne::core::Team;
#[cfg(feature = "plot")]
use tsne::files::AtomicFile;
use tsne::{AffinityMethod, Context, Embedding, Finish, Float, SearchQuality, files};

/// Neighbors whose labels are compared with a point's own, as in Kobak and Berens (2019).
const AGREEMENT_NEIGHBORS: usize = 10;

/// Neighbors of a point that the page shows: as many as a list has room for.
const PAGE_NEIGHBORS: usize = 10;

/// Points whose forces are summed exactly: the root of the mean squared error is then known within a few per cent.
const FORCE_SAMPLES: usize = 1_000;

/// What is done with a map, and what is known of its run.
pub(crate) struct Outcome<'a> {
    /// Of what it is a map: the name of a file, as a rule.
    pub(crate) source: &'a str,
    pub(crate) args: &'a MethodArgs,
    pub(crate) targets: &'a Targets<'a>,
    pub(crate) extras: &'a Extras,
    pub(crate) history: Vec<HistoryEntry>,
    /// The film of the descent, if it is wanted.
    pub(crate) film: Option<Film>,
    /// What all processes know of the map together.
    pub(crate) together: Together,
    /// The time that reading took.
    pub(crate) read: Duration,
    pub(crate) started: Instant,
}

impl Outcome<'_> {
    /// Writes the map, the model and the picture, as far as there are names for them, and prints the report.
    ///
    /// # Errors
    ///
    /// For what cannot be written; [`Interrupted`] where something of the descent remains.
    pub(crate) fn write<T: Float, const D: usize>(
        self,
        embedding: &mut Embedding<T, D>,
        team: Option<&dyn Team>,
    ) -> Result<()> {
        let Self { args, targets, extras, .. } = self;
        let (run, call, annotations) = (&args.run, &extras.call, &extras.annotations);
        let (n, remaining) = (embedding.positions().len(), embedding.remaining());
        let warnings = words(embedding.warnings(), call.columns.as_deref());
        warn(run.quiet, &warnings);
        // What took long is on the disk before anything else can fail.
        let mut written = Written::default();
        let beside = Beside { annotations: Some(annotations), graph: embedding.affinity_index().graph() };
        written.map(targets.map, embedding.positions(), &beside)?;
        written
            .h5ad(targets, embedding.positions(), (&call.resolved, annotations.ids.as_deref()), || args.described())?;
        written.add(targets.model, |path| {
            // The others wait for it, and for the exact divergence: `team::serve`.
            embedding.save_with(path, team::context(team), |writer| extras.add(writer))?
        })?;
        let (embedding, y) = (&*embedding, embedding.positions());
        // What takes long is not begun for who wants to end.
        let whole = remaining == 0;
        let kl_divergence = match args.exact_kl && whole {
            true => written.then(|| Ok(embedding.exact_kl_divergence(team::context(team))?))?,
            false => embedding.kl_divergence(),
        };
        let labels = annotations.labels.first();
        let agreement = |labels| in_pool(run.threads, || agreement(y, labels, AGREEMENT_NEIGHBORS));
        let label_agreement = written.then(|| labels.map(agreement).transpose())?.flatten();
        written.add(targets.plot, |path| {
            let title = format!("t-SNE of {} points", plot::grouped(n));
            let agreement = label_agreement.map(|share| format!(" · label agreement {:.1} %", 100.0 * share));
            let subtitle = format!("KL divergence {kl_divergence:.4}{}", agreement.unwrap_or_default());
            let options = Options { title, subtitle, ..Options::default() };
            let picture = Picture::of(y, labels)?.encode(&options, plot::Format::of(path)?)?;
            Ok(files::write(path, &picture)?)
        })?;
        let page = |path: &Path, film: Option<&Film>| {
            let neighbors = Neighbors::from_affinities(embedding.affinities(), PAGE_NEIGHBORS)?;
            // Not the folders, which a page that is sent away should not tell.
            let source = Path::new(&self.source).file_name().unwrap_or(self.source.as_ref());
            let title = format!("t-SNE of {}", source.to_string_lossy());
            let (annotations, neighbors) = (Some(annotations), Some(&neighbors));
            write_page(path, y, &Page { title: &title, annotations, neighbors, film, ..Page::default() }).map(drop)
        };
        written.add(targets.page, |path| page(path, None))?;
        written.add(targets.film, |path| match (&self.film, FilmFormat::of(path)?) {
            (Some(film), FilmFormat::Apng) => write_film(path, film, labels),
            (film, _) => page(path, film.as_ref()),
        })?;
        let force_error = (args.force_error && whole).then(|| embedding.force_error(FORCE_SAMPLES, Context::new()));
        let force_error = written.then(|| Ok(force_error.transpose()?))?;
        let report = Report {
            n,
            d: call.d,
            input: call.input.clone(),
            decided: decided(embedding, self.together.entries),
            warnings: call.input.warnings(n).into_iter().chain(warnings).collect(),
            iterations: embedding.iterations(),
            remaining,
            kl_divergence,
            label_agreement,
            force_error: force_error.map(ForceError::from),
            extent: embedding.extent(),
            ms_per_iteration: Milliseconds::from(embedding.timings()),
            seconds: Seconds::new(self.read, embedding.timings(), self.started.elapsed()),
            peak_memory_bytes: crate::memory::peak_bytes(),
            members: self.together.members,
            history: self.history,
            seed: run.seed,
            version: env!("CARGO_PKG_VERSION"),
        };
        print(&report, (run.json, run.quiet), &written)?;
        if remaining > 0 {
            let resumable = targets.checkpoint.or(targets.model).map(|path| path.display().to_string());
            bail!(Interrupted { remaining, resumable });
        }
        Ok(())
    }
}

/// Writes a film as a picture that moves, whole or not at all.
#[cfg(feature = "plot")]
fn write_film(path: &Path, film: &Film, labels: Option<&Labels>) -> Result<()> {
    let mut file = BufWriter::new(AtomicFile::create(path)?);
    crate::film::write(&mut file, film, labels)?;
    Ok(file.into_inner().map_err(|error| error.into_error())?.commit()?)
}

#[cfg(not(feature = "plot"))]
fn write_film(_: &Path, _: &Film, _: Option<&Labels>) -> Result<()> {
    bail!("this program was built without its feature plot: only .html can be written")
}

/// What a map was made with.
fn decided<T: Float, const D: usize>(embedding: &Embedding<T, D>, entries: usize) -> Decided {
    let index = embedding.affinity_index();
    let (affinities, perplexities) = match index.method() {
        AffinityMethod::Perplexity(model) => {
            let used = model.effective_perplexities(index.n()).map_or_else(|_| Vec::new(), |(used, _)| used);
            (if model.is_multiscale() { "multiscale" } else { "perplexity" }, used)
        }
        AffinityMethod::FixedSigma(_) => ("fixed-sigma", Vec::new()),
        AffinityMethod::Uniform(_) => ("uniform", Vec::new()),
        _ => ("custom", Vec::new()),
    };
    let (neighbors, neighbors_recall) = match index.search_quality() {
        Some(SearchQuality::Exact) => (Some("exact"), None),
        Some(SearchQuality::Approximate { recall, .. }) => (Some("approximate"), Some(recall)),
        _ => (None, None),
    };
    Decided {
        neighbors,
        neighbors_recall,
        preset: embedding.preset().to_string(),
        affinities: affinities.into(),
        perplexities,
        affinities_per_point: entries as f64 / index.n() as f64,
        repulsion: embedding.negative_gradient_method().to_string(),
        // Whoever saves after the last iteration has stopped nothing.
        finish: match embedding.finish() {
            Finish::Stopped if embedding.remaining() == 0 => "completed".into(),
            finish => format!("{finish:?}").to_lowercase(),
        },
        momentum: format!("{:?}", embedding.schedule().momentum_rule).to_lowercase(),
    }
}
