//! Files that a run writes.

use crate::args::{EmbedArgs, Init};
use crate::command::film;
use crate::film::FilmFormat;
use crate::input::{Annotations, Resolved};
use crate::output::{Beside, Format, Note};
use crate::plot;
use anyhow::{Context, Result, bail, ensure};
#[cfg(feature = "h5ad")]
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use tsne::Scalar;
use tsne::files::{self, AtomicFile};

/// Where the results of a run go.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Targets<'a> {
    pub(crate) map: Option<&'a Path>,
    pub(crate) plot: Option<&'a Path>,
    pub(crate) model: Option<&'a Path>,
    pub(crate) checkpoint: Option<&'a Path>,
    pub(crate) page: Option<&'a Path>,
    pub(crate) film: Option<&'a Path>,
    /// The `.h5ad` file that the map is put into.
    pub(crate) back: Option<&'a Path>,
    /// The file of the points.
    pub(crate) source: Option<&'a Path>,
}

impl<'a> Targets<'a> {
    /// Where the results of a call go, checked before any work.
    ///
    /// # Errors
    ///
    /// For files that cannot be written, or that the call reads, and a film of what cannot be filmed.
    pub(crate) fn of_call(args: &'a EmbedArgs, input: &'a Path) -> Result<Self> {
        film::check(args, args.method.components.into())?;
        let targets = Self {
            map: args.output.as_deref(),
            plot: args.plot.as_deref(),
            model: args.save.as_deref(),
            checkpoint: args.checkpoint.checkpoint.as_deref(),
            page: args.html.as_deref(),
            film: args.frames.as_deref(),
            back: args.write_back.then_some(input),
            source: Some(input),
        };
        let init = match &args.method.init {
            Some(Init::File(path)) => Some(path),
            _ => None,
        };
        let params = args.method.affinities.metric_params.as_ref();
        let mut sources = vec![args.input.as_ref(), init, params];
        sources.extend(args.reading.labels.iter().map(Some));
        targets.check(&sources)?;
        Ok(targets)
    }

    /// Whether the map goes where its neighbors have room.
    pub(crate) fn wants_neighbors(&self) -> bool {
        self.map.and_then(|map| Format::of(map).ok()).is_some_and(Format::has_neighbors)
    }

    /// Checks, as soon as the points are read, that the map has room for their names and labels, and for the neighbors of so many.
    ///
    /// # Errors
    ///
    /// For more than its format holds.
    pub(crate) fn check_room(&self, annotations: &Annotations, with_neighbors: usize) -> Result<()> {
        let Some(map) = self.map.filter(|map| !is_h5ad(map)) else { return Ok(()) };
        Format::of(map)?
            .check(annotations, with_neighbors)
            .with_context(|| format!("{} cannot be written", map.display()))
    }

    /// Checks before any work that the files can be written, that no two are the same, and that none is one of
    /// `sources`.
    ///
    /// # Errors
    ///
    /// For the first that cannot.
    pub(crate) fn check(&self, sources: &[Option<&PathBuf>]) -> Result<()> {
        let to_file = |path: &&Path| !is_standard_output(path);
        let targets = [self.map.filter(to_file), self.plot, self.page, self.film, self.model, self.checkpoint];
        let targets: Vec<&Path> = targets.into_iter().flatten().collect();
        for (i, &target) in targets.iter().enumerate() {
            ensure!(
                !is_standard_output(target),
                "only a map goes to standard output: name a file for what is to go to -"
            );
            for source in sources.iter().flatten() {
                ensure!(
                    !files::same_file(target, source),
                    "{} would be overwritten: choose another name for the output",
                    source.display()
                );
            }
            ensure!(
                !targets[..i].iter().any(|other| files::same_file(target, other)),
                "{} is the name of two outputs: choose different ones",
                target.display()
            );
        }
        if let Some(map) = self.map.filter(|map| !is_h5ad(map)) {
            Format::of(map)?;
        }
        if self.back.is_some() || self.map.is_some_and(is_h5ad) {
            ensure!(
                self.source.is_some_and(is_h5ad),
                "a map can be put into an .h5ad file only where the points are from one: write .npy or .csv"
            );
        }
        if let Some(back) = self.back {
            files::check_target(back).with_context(|| format!("{} cannot be written", back.display()))?;
        }
        if let Some(plot) = self.plot {
            plot::Format::of(plot)?;
        }
        if let Some(page) = self.page {
            ensure!(ends_in(page, "html"), "{}: the extension of the page must be .html", page.display());
        }
        if let Some(film) = self.film {
            FilmFormat::of(film)?;
        }
        targets.into_iter().try_for_each(|target| {
            files::check_target(target).with_context(|| format!("{} cannot be written", target.display()))
        })
    }
}

/// Whether a file of anndata still has the points that were embedded: it may have been written anew since it was read.
#[cfg(feature = "h5ad")]
fn same_points(path: &Path, (n, kept): (usize, Option<&[usize]>), ids: Option<&[String]>) -> Result<()> {
    let name = || path.display().to_string();
    let Some(names) = crate::input::h5ad::names_of_points(path).with_context(name)? else { return Ok(()) };
    let others = "the map is not put into it: embed what it has now";
    ensure!(names.len() == n, "{}: it had {n} points when it was read, and has {} now; {others}", name(), names.len());
    let Some(ids) = ids else { return Ok(()) };
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    if !ids.iter().any(|id| known.contains(id.as_str())) {
        // Names of another column, which was asked for.
        return Ok(());
    }
    let all: Vec<usize> = (0..n).collect();
    let moved = kept.unwrap_or(&all).iter().zip(ids).find(|(point, id)| names[**point] != **id);
    if let Some((point, id)) = moved {
        bail!(
            "{}: the point {id:?} was in row {point} when it was read, where {:?} is now; {others}",
            name(),
            names[*point]
        );
    }
    Ok(())
}

fn ends_in(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Whether a file is one of anndata by its name.
pub(crate) fn is_h5ad(path: &Path) -> bool {
    ends_in(path, "h5ad")
}

/// Whether a name stands for standard output.
fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

/// The files that a run has written so far.
#[derive(Debug, Default)]
pub(crate) struct Written {
    files: Vec<String>,
    to_standard_output: bool,
}

impl Written {
    /// Does what comes after what was written so far; where it fails, the message says what is there nevertheless.
    ///
    /// # Errors
    ///
    /// Those of `step`.
    pub(crate) fn then<R>(&self, step: impl FnOnce() -> Result<R>) -> Result<R> {
        step().with_context(|| match self.files.as_slice() {
            [] => "nothing was written".to_owned(),
            [file] => format!("{file} was written, but what follows failed"),
            files => format!("{} were written, but what follows failed", files.join(" and ")),
        })
    }

    /// Writes a file, where there is a path for it.
    ///
    /// # Errors
    ///
    /// Those of `write`.
    pub(crate) fn add(&mut self, path: Option<&Path>, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        self.then(|| write(path).with_context(|| format!("{} cannot be written", path.display())))?;
        self.files.push(path.display().to_string());
        Ok(())
    }

    /// Writes a map, where there is a path for it, with the names and labels of its points where the format has room for them.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn map<T: Scalar, const D: usize>(
        &mut self,
        path: Option<&Path>,
        y: &[[T; D]],
        beside: &Beside<'_, T>,
    ) -> Result<()> {
        let Some(path) = path.filter(|path| !is_h5ad(path)) else { return Ok(()) };
        self.table(path, |format, to| format.write(to, y, beside))
    }

    /// Writes a table into a file or to standard output.
    ///
    /// # Errors
    ///
    /// If it cannot be written, and those of `write`.
    pub(crate) fn table(
        &mut self,
        path: &Path,
        write: impl Fn(Format, &mut (dyn Write + Send)) -> Result<()>,
    ) -> Result<()> {
        if is_standard_output(path) {
            self.to_standard_output = true;
            return write(Format::of(path)?, &mut std::io::stdout()).context("cannot write to standard output");
        }
        self.add(Some(path), |path| {
            let mut file = AtomicFile::create(path)?;
            write(Format::of(path)?, &mut file)?;
            Ok(file.commit()?)
        })
    }

    /// Puts a map into the `.h5ad` file of its points, or a copy of that, where one of both is asked for; `note` describes it.
    ///
    /// # Errors
    ///
    /// If the file cannot be changed or written.
    pub(crate) fn h5ad<T: Scalar, const D: usize>(
        &mut self,
        targets: &Targets<'_>,
        y: &[[T; D]],
        (resolved, ids): (&Resolved, Option<&[String]>),
        note: impl FnOnce() -> Vec<(&'static str, Note)>,
    ) -> Result<()> {
        let copy = targets.map.filter(|map| is_h5ad(map));
        if copy.is_none() && targets.back.is_none() {
            return Ok(());
        }
        #[cfg(feature = "h5ad")]
        {
            let (n, kept) = (resolved.given(y.len()), resolved.kept.as_deref());
            let map = crate::output::MapOf { positions: y, n, kept, params: &note() };
            for source in targets.back.into_iter().chain(targets.source.filter(|_| copy.is_some())) {
                same_points(source, (n, kept), ids)?;
            }
            if let Some((source, _)) = targets.source.zip(copy) {
                self.add(copy, |path| map.write_copy(source, path))?;
            }
            self.add(targets.back, |path| map.write_into(path))
        }
        #[cfg(not(feature = "h5ad"))]
        {
            let _ = (y, resolved, ids, note);
            bail!("this program was built without the feature h5ad: write .npy or .csv")
        }
    }

    /// Whether the map went to standard output.
    pub(crate) fn to_standard_output(&self) -> bool {
        self.to_standard_output
    }

    /// The names of the files.
    pub(crate) fn files(&self) -> &[String] {
        &self.files
    }
}
