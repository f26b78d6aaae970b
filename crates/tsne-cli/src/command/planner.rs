//! A run before it is one: the memory of its stages, and what would fit where it does not.

use super::method;
use super::targets::Targets;
use super::team;
use crate::args::EmbedArgs;
use crate::film::frame_count;
use crate::input::Preview;
use crate::report::Remedy;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tsne::affinity::PerplexityAffinity;
use tsne::plan::{Costs, DataShape, InputShape, Plan, PlanStage, PlannedStage, largest_sample};
use tsne::{Float, TsneBuilder};

/// What the program has besides the arrays of a run: itself, stacks of threads, and what its allocator does not give back.
const PROGRAM: u64 = 15_000_000;

/// What drawing takes: the picture, its letters, and what it is made of. Runs of 600 to 1,797 points take 38 to 64 MB more with one.
const PICTURE: u64 = 55_000_000;

/// The bytes of a point in a frame of a film.
const FRAMED: u64 = 4;

/// Perplexities and components that are proposed where a run does not fit.
const LOWER_PERPLEXITY: f64 = 10.0;
const COMPONENTS: usize = 50;

/// A run before it is one.
pub(super) struct Planner<'a, T, const D: usize> {
    pub(super) args: &'a EmbedArgs,
    pub(super) preview: Preview,
    pub(super) builder: TsneBuilder<T, D>,
    /// Processes that compute the map together.
    pub(super) processes: usize,
}

/// What is changed about a call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Change {
    perplexity: Option<f64>,
    components: Option<usize>,
    points: Option<usize>,
    forgets_data: bool,
    in_files: bool,
    /// Nothing is written that needs the affinities of all points in one process.
    scattered: bool,
}

impl Change {
    /// What another process than the first does.
    pub(super) fn of_member(is_first: bool) -> Self {
        Self { scattered: !is_first, ..Self::default() }
    }
}

/// The memory of a run.
pub(super) struct Memory {
    read: u64,
    prepare: Option<u64>,
    pub(super) fit: Plan,
    write: u64,
}

impl Memory {
    /// The stages with their bytes.
    pub(super) fn stages(&self) -> Vec<(&'static str, u64)> {
        let mut stages = vec![("read", self.read)];
        stages.extend(self.prepare.map(|bytes| ("prepare", bytes)));
        stages.extend(self.fit.stages.iter().map(|stage| (name(stage.stage), stage.bytes)));
        stages.push(("write", self.write));
        stages
    }

    /// The most bytes in files of any stage.
    pub(super) fn scratch(&self) -> u64 {
        self.fit.stages.iter().map(|stage| stage.scratch_bytes).max().unwrap_or(0)
    }

    /// The stage with the most bytes.
    pub(super) fn peak(&self) -> (&'static str, u64) {
        self.stages().into_iter().fold(("read", 0), |peak, stage| if stage.1 > peak.1 { stage } else { peak })
    }
}

/// A stage as the report of a run calls it.
pub(super) const fn name(stage: PlanStage) -> &'static str {
    match stage {
        PlanStage::Neighbors => "neighbors",
        PlanStage::Affinities => "affinities",
        PlanStage::Initialization => "initialization",
        PlanStage::EarlyExaggeration => "early phase",
        _ => "optimization",
    }
}

/// What a call writes, as far as it decides what a run has in memory.
fn targets(args: &EmbedArgs) -> Targets<'_> {
    Targets {
        map: args.output.as_deref(),
        model: args.save.as_deref(),
        page: args.html.as_deref(),
        film: args.frames.as_deref(),
        ..Targets::default()
    }
}

/// The bytes of the affinities of all points in the first of several processes: where rows start, columns, weights, and the weights
/// once more as they arrive.
fn gathered<T>(fit: &Plan, n: usize) -> u64 {
    let entry = size_of::<u32>() + 2 * size_of::<T>();
    8 * n as u64 + fit.affinities as u64 * entry as u64
}

/// The bytes besides in the first of several processes while it saves a map of which each has a part: the lengths of rows as they arrive
/// and are put together, where rows start, and pieces of an array on their way.
fn in_parts<T>(fit: &Plan, n: usize) -> u64 {
    let entries = fit.affinities as u64 * size_of::<T>() as u64;
    24 * n as u64 + entries.min(32 << 20)
}

impl<'a, T: Float + FromStr, const D: usize> Planner<'a, T, D> {
    pub(super) fn new(args: &'a EmbedArgs, input: &Path, processes: usize) -> Result<Self> {
        let preview = Preview::of::<T>(input, &args.reading.options())?;
        let builder = method::builder(&args.method)?.keep_data(args.save.is_some() && !args.no_keep_data);
        let targets = targets(args);
        let kept = if targets.wants_neighbors() { method::NEIGHBORS } else { 0 };
        let builder = builder.keep_neighbors(kept);
        Ok(Self { args, preview, builder, processes })
    }

    /// The data that are embedded: what is left of the columns, and of the points, after a change.
    pub(super) fn shape(&self, change: Change) -> InputShape {
        let n = change.points.map_or(self.preview.n(), |points| points.min(self.preview.n()));
        let components = change.components.or(self.args.prepare.pca.map(|count| count as usize));
        match (self.preview.shape, components) {
            (InputShape::Data(shape), Some(count)) => DataShape::dense(n, count.min(shape.d)).into(),
            (InputShape::Data(shape), None) if self.has_own_rows(change.forgets_data) => {
                InputShape::Dealt(shape.of_points(n))
            }
            (InputShape::Data(shape), None) => shape.of_points(n).into(),
            (InputShape::Graph { k, .. }, _) => InputShape::Graph { n, k },
            (other, _) => other,
        }
    }

    /// Whether each process reads the rows of its own points.
    pub(super) fn has_own_rows(&self, forgets_data: bool) -> bool {
        self.processes > 1 && self.preview.has_rows && team::needs_own_rows(self.args, forgets_data)
    }

    /// Bytes while values are prepared in double precision.
    fn preparing(&self, share: f64, components: Option<usize>) -> Option<u64> {
        let steps = self.args.prepare.steps();
        if steps == crate::prepare::Steps::default() && components.is_none() {
            return None;
        }
        let InputShape::Data(shape) = self.preview.shape else { return None };
        let wide = shape.bytes(8);
        let projected = components
            .or(steps.pca)
            .map_or(0, |count| (shape.n as u64).saturating_mul(count.min(shape.d) as u64).saturating_mul(16));
        Some(((wide + projected) as f64 * share) as u64)
    }

    pub(super) fn memory(&self, builder: TsneBuilder<T, D>, change: Change, costs: Option<&Costs>) -> Result<Memory> {
        let shape = self.shape(change);
        let builder = match change.perplexity {
            Some(perplexity) => builder.affinities(PerplexityAffinity::new(perplexity)?),
            None => builder,
        };
        let builder = if change.forgets_data { builder.keep_data(false) } else { builder };
        let method = builder.build()?;
        let mut fit = match change.in_files || self.args.method.scratch.is_some() {
            true => method.plan_with_scratch(shape, self.processes, costs),
            false => method.plan_of_member(shape, self.processes, costs),
        }?;
        let share = shape.n() as f64 / self.preview.n().max(1) as f64;
        let own = if self.has_own_rows(change.forgets_data) { self.processes } else { 1 };
        let read = (self.preview.peak_bytes as f64 * share) as u64 / own as u64 + PROGRAM;
        fit.stages.iter_mut().for_each(|stage| stage.bytes += PROGRAM);
        if self.args.frames.is_some() {
            let film = FRAMED * shape.n() as u64 * frame_count(shape.n(), usize::from(self.args.n_frames)) as u64;
            let descent = |stage: &&mut PlannedStage| {
                matches!(stage.stage, PlanStage::EarlyExaggeration | PlanStage::Optimization)
            };
            fit.stages.iter_mut().filter(descent).for_each(|stage| stage.bytes += film);
        }
        let is_drawn = |path: &Option<PathBuf>| {
            path.as_ref().is_some_and(|path| path.extension().is_some_and(|e| e != "svg" && e != "html"))
        };
        let mut gathers = 0;
        let pictures = if is_drawn(&self.args.plot) || is_drawn(&self.args.frames) { PICTURE } else { 0 };
        if self.processes > 1 && !change.scattered {
            let saving = in_parts::<T>(&fit, shape.n());
            let is_saved = self.args.checkpoint.checkpoint.is_some();
            let descent = |stage: &&mut PlannedStage| {
                is_saved && matches!(stage.stage, PlanStage::EarlyExaggeration | PlanStage::Optimization)
            };
            fit.stages.iter_mut().filter(descent).for_each(|stage| stage.bytes += saving);
            if team::needs_all(&targets(self.args)) {
                gathers = gathered::<T>(&fit, shape.n());
            } else if self.args.save.is_some() && !is_saved {
                gathers = saving;
            }
        }
        let last = gathers + fit.stages.last().map_or(0, |stage| stage.bytes) + pictures;
        Ok(Memory {
            read,
            prepare: self.preparing(share, change.components).map(|bytes| bytes + PROGRAM),
            fit,
            write: last,
        })
    }

    /// The changes after which the run fits into `free` bytes.
    pub(super) fn remedies(&self, free: u64) -> Result<Vec<Remedy>> {
        let mut remedies = Vec::new();
        let mut propose = |change: String, peak: u64| {
            if peak <= free {
                remedies.push(Remedy { change, peak_memory_bytes: peak });
            }
        };
        let peak = |change| self.memory(self.builder.clone(), change, None).map(|memory| memory.peak().1);
        if size_of::<T>() == size_of::<f64>()
            && let Some(input) = &self.args.input
        {
            let single = Planner::<f32, D>::new(self.args, input, self.processes)?;
            propose("--float f32".into(), single.memory(single.builder.clone(), Change::default(), None)?.peak().1);
        }
        if self.args.method.scratch.is_none() {
            propose("--scratch DIR".into(), peak(Change { in_files: true, ..Change::default() })?);
        }
        if self.args.save.is_some() && !self.args.no_keep_data {
            propose("--no-keep-data".into(), peak(Change { forgets_data: true, ..Change::default() })?);
        }
        if self.processes > 1 {
            propose(
                "no --checkpoint, --save, --html, --frames and neighbors of a table, for which the first process has more".into(),
                peak(Change { scattered: true, ..Change::default() })?,
            );
        }
        let data = matches!(self.preview.shape, InputShape::Data(shape) if shape.d > COMPONENTS);
        if data && self.args.prepare.pca.is_none() && self.args.method.affinities.metric.is_none() {
            propose(format!("--pca {COMPONENTS}"), peak(Change { components: Some(COMPONENTS), ..Change::default() })?);
        }
        let affinities = &self.args.method.affinities;
        let perplexity = affinities.perplexity.iter().fold(0.0f64, |a, b| a.max(*b));
        let is_lower = perplexity == 0.0 || perplexity > LOWER_PERPLEXITY;
        if is_lower && affinities.affinities.is_none() && affinities.k_neighbors.is_none() {
            let change = Change { perplexity: Some(LOWER_PERPLEXITY), ..Change::default() };
            propose(format!("--perplexity {LOWER_PERPLEXITY}"), peak(change)?);
        }
        let of = |points| peak(Change { points: Some(points), ..Change::default() });
        // Too few points for their neighbors fit as well.
        let few = largest_sample(self.preview.n(), |points| of(points).map_or(true, |bytes| bytes <= free));
        if let Some(few) = few
            && let Ok(bytes) = of(few)
        {
            propose(format!("a sample of {few} points, and tsne transform for the others"), bytes);
        }
        Ok(remedies)
    }
}
