//! `tsne plan`, and what every `tsne embed` asks before it begins: whether the run fits.

use crate::args::{EmbedArgs, FloatType};
use crate::command::method;
use crate::command::planner::{Change, Planner, name};
use crate::command::run::print;
use crate::command::targets::{Targets, Written};
use crate::input::{Preview, is_stream};
use crate::memory::available_bytes;
use crate::report::{PlanReport, StageReport, amount};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::str::FromStr;
use tsne::Float;
use tsne::plan::{InputShape, Plan, SearchMethod};

/// Files below this are read before anybody could wonder.
const SMALL_FILE: u64 = 1 << 20;

/// Prints what a run would take, or each of so many processes.
///
/// # Errors
///
/// As those of the run itself, as far as they show before the points are read; for standard input.
pub(crate) fn plan(args: &EmbedArgs, processes: usize) -> Result<()> {
    method::check(&args.method)?;
    let Some(input) = &args.input else {
        bail!("what a map that goes on takes is not planned: give the points instead of --continue")
    };
    Targets::of_call(args, input)?;
    let report = planned(args, input, processes)?.report()?;
    print(&report, (args.method.run.json, args.method.run.quiet), &Written::default())
}

/// What to say at the start of a run that does not fit into the memory that is free; nothing where it does, or where that is not
/// known. What is wrong with the input is left to the run.
///
/// # Errors
///
/// For a run that takes more than `--memory-limit` allows, with what would fit.
pub(crate) fn check(args: &EmbedArgs, input: &Path, members: Members) -> Result<Option<String>> {
    let limit = args.method.memory_limit;
    let Ok(file) = std::fs::metadata(input) else { return Ok(None) };
    let is_small = file.is_file() && file.len() < SMALL_FILE;
    // What can be read once only is planned by the fit, when it has been read.
    if is_stream(input) || (is_small && limit.is_none()) {
        return Ok(None);
    }
    // What cannot be looked at, such as a stream in a file, is planned by the fit as well.
    let Ok(planned) = planned(args, input, members.count) else { return Ok(None) };
    if let Some(limit) = limit {
        // Of more points than there can be nothing is planned, and nothing is read.
        if let Some(doubt) = planned.doubt(limit, members.is_first).with_context(|| input.display().to_string())? {
            bail!("{} are allowed by --memory-limit, but {doubt}", amount(limit));
        }
    }
    let Some(free) = available_bytes().map(|free| free / members.here.max(1) as u64) else { return Ok(None) };
    // Without a limit, what is wrong is told where it is met.
    let doubt = planned.doubt(free, members.is_first).unwrap_or_default();
    Ok(doubt.map(|doubt| format!("{doubt}; {} are free: it may be slow or be ended by the system", amount(free))))
}

/// The processes that compute a map together, as one of them sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members {
    pub(crate) count: usize,
    /// Those on its machine, itself among them.
    pub(crate) here: usize,
    pub(crate) is_first: bool,
}

impl Default for Members {
    /// One alone.
    fn default() -> Self {
        Self { count: 1, here: 1, is_first: true }
    }
}

/// A run before it is one, of any number type and dimension.
trait Planned {
    /// All that is known of it.
    fn report(&self) -> Result<PlanReport>;

    /// What to say of it where it does not fit into so many bytes, in the first process or another one.
    fn doubt(&self, bytes: u64, is_first: bool) -> Result<Option<String>>;
}

fn planned<'a>(args: &'a EmbedArgs, input: &Path, processes: usize) -> Result<Box<dyn Planned + 'a>> {
    Ok(match (args.method.float, args.method.components) {
        (FloatType::F32, 1) => Box::new(Planner::<f32, 1>::new(args, input, processes)?),
        (FloatType::F32, 2) => Box::new(Planner::<f32, 2>::new(args, input, processes)?),
        (FloatType::F32, _) => Box::new(Planner::<f32, 3>::new(args, input, processes)?),
        (FloatType::F64, 1) => Box::new(Planner::<f64, 1>::new(args, input, processes)?),
        (FloatType::F64, 2) => Box::new(Planner::<f64, 2>::new(args, input, processes)?),
        (FloatType::F64, _) => Box::new(Planner::<f64, 3>::new(args, input, processes)?),
    })
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

impl<T: Float + FromStr, const D: usize> Planned for Planner<'_, T, D> {
    fn report(&self) -> Result<PlanReport> {
        let shape = self.shape(Change::default());
        let method = self.builder.clone().build()?;
        let costs = method.measure_costs(shape)?;
        let memory = self.memory(self.builder.clone(), Change::default(), Some(&costs))?;
        let (peak_stage, peak) = memory.peak();
        let others = match self.processes {
            1 => None,
            _ => Some(self.memory(self.builder.clone(), Change::of_member(false), None)?.peak().1),
        };
        let free = match (available_bytes(), self.args.method.memory_limit) {
            (Some(free), Some(limit)) => Some(free.min(limit)),
            (free, limit) => free.or(limit),
        };
        let fits = free.map(|free| peak <= free);
        let what_would_fit = match free {
            Some(free) if peak > free => self.remedies(free)?,
            _ => Vec::new(),
        };
        let readers = if self.has_own_rows(false) { self.processes as f64 } else { 1.0 };
        let seconds = |name: &str| {
            let seconds = seconds_of(self.args, &self.preview, name, &memory.fit);
            if name == "read" { seconds / readers } else { seconds }
        };
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
            processes: self.processes,
            other_peak_memory_bytes: others.filter(|others| *others < peak),
            threads: memory.fit.threads,
            seconds: stages.iter().map(|stage| stage.seconds).sum(),
            stages,
            peak_memory_bytes: peak,
            peak_stage,
            scratch_bytes: self.args.method.scratch.is_some().then(|| memory.scratch()),
            available_memory_bytes: free,
            fits,
            what_would_fit,
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    fn doubt(&self, bytes: u64, is_first: bool) -> Result<Option<String>> {
        let memory = self.memory(self.builder.clone(), Change::of_member(is_first), None)?;
        let (stage, peak) = memory.peak();
        if peak <= bytes {
            return Ok(None);
        }
        let remedies = self.remedies(bytes)?;
        let remedies: Vec<String> =
            remedies.iter().map(|remedy| format!("{} ({})", remedy.change, amount(remedy.peak_memory_bytes))).collect();
        let fitting = match remedies.is_empty() {
            true => String::new(),
            false => format!(" (would fit: {})", remedies.join(", or ")),
        };
        let each = if self.processes > 1 { " in each process" } else { "" };
        Ok(Some(format!("this run takes about {}{each} at its peak ({stage}){fitting}", amount(peak))))
    }
}

/// The bytes of a second in which an array is read: disks of today's computers and the decoding.
const READ_PER_SECOND: f64 = 6e8;

/// Seconds of a value that is prepared, and of a product for principal components.
const PREPARED: f64 = 5e-9;
const PRODUCT: f64 = 4e-11;

/// Seconds of a point that is written.
const WRITTEN: f64 = 5e-7;

/// The time of a stage.
fn seconds_of(args: &EmbedArgs, preview: &Preview, stage: &str, fit: &Plan) -> f64 {
    match stage {
        "read" => preview.seconds.unwrap_or(preview.file_bytes as f64 / READ_PER_SECOND),
        "prepare" => {
            let InputShape::Data(shape) = preview.shape else { return 0.0 };
            let values = shape.entries.unwrap_or(shape.n * shape.d) as f64;
            let rank = args.prepare.pca.map_or(0, |_| shape.d.min(2_048)) as f64;
            values * (PREPARED + rank * PRODUCT)
        }
        "write" => preview.n() as f64 * WRITTEN,
        _ => fit
            .stages
            .iter()
            .find(|planned| name(planned.stage) == stage)
            .and_then(|stage| stage.seconds)
            .unwrap_or(0.0),
    }
}
