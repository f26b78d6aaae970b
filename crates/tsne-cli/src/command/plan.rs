//! `tsne plan`, and what every `tsne embed` asks before it begins: whether the run fits.

use crate::args::{EmbedArgs, FloatType};
use crate::command::method;
use crate::command::run::print;
use crate::command::targets::Written;
use crate::input::{Preview, is_standard_input};
use crate::memory::available_bytes;
use crate::report::{PlanReport, Remedy, StageReport, amount};
use anyhow::{Result, bail};
use std::path::Path;
use std::str::FromStr;
use tsne::plan::{Calibration, DataShape, InputShape, Plan, PlanStage, SearchMethod};
use tsne::{Float, TsneBuilder};

/// Files below this are read before anybody could wonder.
const SMALL_FILE: u64 = 1 << 20;

/// What the program has besides the arrays of a run: itself, stacks of threads, and what its allocator does not give back.
const PROGRAM: u64 = 12_000_000;

/// Perplexities and components that are proposed where a run does not fit.
const LOWER_PERPLEXITY: f64 = 10.0;
const COMPONENTS: usize = 50;

/// Prints what a run would take.
///
/// # Errors
///
/// As those of the run itself, as far as they show before the points are read; for standard input.
pub(crate) fn plan(args: &EmbedArgs) -> Result<()> {
    method::check(&args.method)?;
    let Some(input) = &args.input else {
        bail!("what a map that goes on takes is not planned: give the points instead of --continue")
    };
    let report = match (args.method.float, args.method.components) {
        (FloatType::F32, 1) => Planner::<f32, 1>::new(args, input)?.report(),
        (FloatType::F32, 2) => Planner::<f32, 2>::new(args, input)?.report(),
        (FloatType::F32, _) => Planner::<f32, 3>::new(args, input)?.report(),
        (FloatType::F64, 1) => Planner::<f64, 1>::new(args, input)?.report(),
        (FloatType::F64, 2) => Planner::<f64, 2>::new(args, input)?.report(),
        (FloatType::F64, _) => Planner::<f64, 3>::new(args, input)?.report(),
    }?;
    print(&report, (args.method.run.json, args.method.run.quiet), &Written::default())
}

/// What to say at the start of a run that does not fit into the memory that is free; nothing where it does, or where that is not
/// known. What is wrong with the input is left to the run.
pub(crate) fn doubt(args: &EmbedArgs, input: &Path) -> Option<String> {
    let is_small = std::fs::metadata(input).is_ok_and(|file| file.is_file() && file.len() < SMALL_FILE);
    if is_standard_input(input) || is_small {
        return None;
    }
    let free = available_bytes()?;
    match (args.method.float, args.method.components) {
        (FloatType::F32, 1) => Planner::<f32, 1>::new(args, input).ok()?.doubt(free),
        (FloatType::F32, 2) => Planner::<f32, 2>::new(args, input).ok()?.doubt(free),
        (FloatType::F32, _) => Planner::<f32, 3>::new(args, input).ok()?.doubt(free),
        (FloatType::F64, 1) => Planner::<f64, 1>::new(args, input).ok()?.doubt(free),
        (FloatType::F64, 2) => Planner::<f64, 2>::new(args, input).ok()?.doubt(free),
        (FloatType::F64, _) => Planner::<f64, 3>::new(args, input).ok()?.doubt(free),
    }
}

/// A run before it is one.
struct Planner<'a, T, const D: usize> {
    args: &'a EmbedArgs,
    preview: Preview,
    builder: TsneBuilder<T, D>,
}

/// What is changed about a call.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    perplexity: Option<f64>,
    components: Option<usize>,
    points: Option<usize>,
    forgets_data: bool,
}

/// The memory of a run.
struct Memory {
    read: u64,
    prepare: Option<u64>,
    fit: Plan,
    write: u64,
}

impl Memory {
    /// The stages with their bytes.
    fn stages(&self) -> Vec<(&'static str, u64)> {
        let mut stages = vec![("read", self.read)];
        stages.extend(self.prepare.map(|bytes| ("prepare", bytes)));
        stages.extend(self.fit.stages.iter().map(|stage| (name(stage.stage), stage.bytes)));
        stages.push(("write", self.write));
        stages
    }

    fn peak(&self) -> (&'static str, u64) {
        self.stages().into_iter().fold(("read", 0), |peak, stage| if stage.1 > peak.1 { stage } else { peak })
    }
}

/// A stage as the report of a run calls it.
const fn name(stage: PlanStage) -> &'static str {
    match stage {
        PlanStage::Neighbors => "neighbors",
        PlanStage::Affinities => "affinities",
        PlanStage::Initialization => "initialization",
        PlanStage::EarlyExaggeration => "early phase",
        _ => "optimization",
    }
}

/// How neighbors are found.
const fn search_name(method: SearchMethod) -> &'static str {
    match method {
        SearchMethod::KdTree => "exact, by a kd-tree",
        SearchMethod::Products => "exact, by matrix products",
        SearchMethod::Clusters => "approximate, by clusters",
        SearchMethod::VpTree => "exact, by a vantage-point tree",
        SearchMethod::Descent => "approximate, by neighbors of neighbors",
        SearchMethod::SharedColumns => "exact, by shared columns",
        _ => "exact, all pairs",
    }
}

impl<'a, T: Float + FromStr, const D: usize> Planner<'a, T, D> {
    fn new(args: &'a EmbedArgs, input: &Path) -> Result<Self> {
        let preview = Preview::of::<T>(input, &args.reading.options())?;
        let builder = method::builder(&args.method)?.keep_data(args.save.is_some() && !args.no_keep_data);
        Ok(Self { args, preview, builder })
    }

    /// The data that are embedded: what is left of the columns, and of the points, after a change.
    fn shape(&self, change: Change) -> InputShape {
        let n = change.points.map_or(self.preview.n(), |points| points.min(self.preview.n()));
        let components = change.components.or(self.args.prepare.pca.map(|count| count as usize));
        match (self.preview.shape, components) {
            (InputShape::Data(shape), Some(count)) => DataShape::dense(n, count.min(shape.d)).into(),
            (InputShape::Data(shape), None) => {
                let share = n as f64 / shape.n.max(1) as f64;
                DataShape { n, entries: shape.entries.map(|entries| (entries as f64 * share) as usize), ..shape }.into()
            }
            (InputShape::Graph { k, .. }, _) => InputShape::Graph { n, k },
            (other, _) => other,
        }
    }

    /// Bytes while values are prepared in double precision.
    fn preparing(&self, share: f64, components: Option<usize>) -> Option<u64> {
        let steps = self.args.prepare.steps();
        if steps == crate::prepare::Steps::default() && components.is_none() {
            return None;
        }
        let InputShape::Data(shape) = self.preview.shape else { return None };
        let wide = shape.bytes(8);
        let projected = components.or(steps.pca).map_or(0, |count| (shape.n * count.min(shape.d)) as u64 * 16);
        Some(((wide + projected) as f64 * share) as u64)
    }

    fn memory(&self, builder: TsneBuilder<T, D>, change: Change, calibration: Option<&Calibration>) -> Result<Memory> {
        let shape = self.shape(change);
        let builder = match change.perplexity {
            Some(perplexity) => builder.perplexity(perplexity),
            None => builder,
        };
        let builder = if change.forgets_data { builder.keep_data(false) } else { builder };
        let fit = builder.build()?.plan(shape, calibration)?;
        let share = shape.n() as f64 / self.preview.n().max(1) as f64;
        let read = (self.preview.peak_bytes as f64 * share) as u64 + PROGRAM;
        let mut fit = fit;
        fit.stages.iter_mut().for_each(|stage| stage.bytes += PROGRAM);
        let last = fit.stages.last().map_or(0, |stage| stage.bytes);
        Ok(Memory {
            read,
            prepare: self.preparing(share, change.components).map(|bytes| bytes + PROGRAM),
            fit,
            write: last,
        })
    }

    fn report(self) -> Result<PlanReport> {
        let shape = self.shape(Change::default());
        let method = self.builder.clone().build()?;
        let calibration = method.calibrate(shape)?;
        let memory = self.memory(self.builder.clone(), Change::default(), Some(&calibration))?;
        let (peak_stage, peak) = memory.peak();
        let free = available_bytes();
        let fits = free.map(|free| peak <= free);
        let what_would_fit = match free {
            Some(free) if peak > free => self.remedies(free)?,
            _ => Vec::new(),
        };
        let seconds = |name: &str| self.seconds(name, &memory.fit);
        let stages: Vec<StageReport> = memory
            .stages()
            .into_iter()
            .map(|(stage, memory_bytes)| StageReport { stage, memory_bytes, seconds: seconds(stage) })
            .collect();
        Ok(PlanReport {
            n: self.preview.n(),
            d: self.preview.d(),
            entries: match self.preview.shape {
                InputShape::Data(shape) => shape.entries,
                _ => None,
            },
            n_is_exact: self.preview.is_exact,
            k: memory.fit.k,
            search: memory.fit.search.map(search_name),
            iterations: memory.fit.iterations,
            threads: memory.fit.threads,
            seconds: stages.iter().map(|stage| stage.seconds).sum(),
            stages,
            peak_memory_bytes: peak,
            peak_stage,
            available_memory_bytes: free,
            fits,
            what_would_fit,
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    /// The time of a stage.
    fn seconds(&self, stage: &str, fit: &Plan) -> f64 {
        let bytes = self.preview.file_bytes as f64;
        match stage {
            "read" => match self.preview.bytes_per_second {
                Some(speed) => bytes / speed,
                None => bytes / READ_PER_SECOND,
            },
            "prepare" => {
                let InputShape::Data(shape) = self.preview.shape else { return 0.0 };
                let values = shape.entries.unwrap_or(shape.n * shape.d) as f64;
                let rank = self.args.prepare.pca.map_or(0, |_| shape.d.min(2_048)) as f64;
                values * (PREPARED + rank * PRODUCT)
            }
            "write" => self.preview.n() as f64 * WRITTEN,
            _ => fit
                .stages
                .iter()
                .find(|planned| name(planned.stage) == stage)
                .and_then(|stage| stage.seconds)
                .unwrap_or(0.0),
        }
    }

    /// What to say of a run that does not fit into `free` bytes.
    fn doubt(self, free: u64) -> Option<String> {
        let memory = self.memory(self.builder.clone(), Change::default(), None).ok()?;
        let (stage, peak) = memory.peak();
        if peak <= free {
            return None;
        }
        let remedies = self.remedies(free).ok()?;
        let remedies: Vec<String> =
            remedies.iter().map(|remedy| format!("{} ({})", remedy.change, amount(remedy.peak_memory_bytes))).collect();
        let fitting = match remedies.is_empty() {
            true => String::new(),
            false => format!("; would fit: {}", remedies.join(", or ")),
        };
        Some(format!(
            "this run takes about {} at its peak ({stage}), but {} are free: it may be slow or be ended by the system{fitting}",
            amount(peak),
            amount(free)
        ))
    }

    /// The changes after which the run fits into `free` bytes.
    fn remedies(&self, free: u64) -> Result<Vec<Remedy>> {
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
            let single = Planner::<f32, D>::new(self.args, input)?;
            propose("--float f32".into(), single.memory(single.builder.clone(), Change::default(), None)?.peak().1);
        }
        if self.args.save.is_some() && !self.args.no_keep_data {
            propose("--no-keep-data".into(), peak(Change { forgets_data: true, ..Change::default() })?);
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
        let (mut low, mut high) = (0, self.preview.n());
        while high - low > 1 + low / 50 {
            let middle = low + (high - low) / 2;
            // Too few points for their neighbors fit as well.
            match peak(Change { points: Some(middle), ..Change::default() }) {
                Ok(bytes) if bytes > free => high = middle,
                _ => low = middle,
            }
        }
        let few = rounded(low);
        if few >= 1_000
            && let Ok(bytes) = peak(Change { points: Some(few), ..Change::default() })
        {
            propose(format!("a sample of {few} points, and tsne transform for the others"), bytes);
        }
        Ok(remedies)
    }
}

/// The bytes of a second in which an array is read: disks of today's computers and the decoding.
const READ_PER_SECOND: f64 = 6e8;

/// Seconds of a value that is prepared, and of a product for principal components.
const PREPARED: f64 = 5e-9;
const PRODUCT: f64 = 1e-10;

/// Seconds of a point that is written.
const WRITTEN: f64 = 5e-7;

/// A number with two digits that are not 0, not above the given one.
fn rounded(number: usize) -> usize {
    let mut step = 1;
    while number / step >= 100 {
        step *= 10;
    }
    number / step * step
}
