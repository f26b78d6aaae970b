//! What a fit will take, before it is run: memory and time of each stage.
//!
//! The memory follows from the shape of the data and the parameters alone: it is the sum of the arrays that are alive together. The
//! time takes a [`Costs`] besides, which measures for less than a second what the parts of a fit cost on this machine. What
//! cannot be known before is how many pairs of neighbors are mutual, how wide the map becomes, and how the data are clustered:
//! there the plan has what real data came to.

mod costs;
mod limit;
mod made_up;
mod memory;
mod sample;
mod task;
mod time;
mod work;

pub use costs::Costs;
pub(crate) use limit::{AFFINITIES, FIT};
pub use sample::largest_sample;
pub use task::InputShape;
pub use tsne_affinity::{DataShape, SearchMethod, SearchPlan};

use crate::builder::Tsne;
use crate::data::recipe::Recipe;
use crate::float::Float;
use crate::initialization::coarse::Outline;
use crate::params::affinity_method::AffinityMethod;
use crate::params::initialization::Initialization;
use crate::params::neighbors::Neighbors;
use crate::params::random_state::RandomState;
use crate::threads;
use task::{Held, Task};
use tsne_affinity::{ApproximateSearch, AutoSearch, ExactSearch, Symmetrization};
use tsne_core::{Error, Kernel, Result};

/// A stage of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PlanStage {
    /// The neighbor search.
    Neighbors,
    /// Perplexity calibration and symmetrization.
    Affinities,
    /// The initial positions.
    Initialization,
    /// The early phase of the descent.
    EarlyExaggeration,
    /// The normal phase of the descent, and the final KL divergence.
    Optimization,
}

/// What a stage of a fit will take.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PlannedStage {
    /// Which it is.
    pub stage: PlanStage,
    /// The bytes that are in use at its peak, with the data where they are still needed.
    pub bytes: u64,
    /// The bytes in files at its peak, for the plan with a [scratch directory](Tsne::plan_with_scratch); else 0.
    pub scratch_bytes: u64,
    /// Its time, if costs were measured.
    pub seconds: Option<f64>,
}

/// What a fit will take.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The stages in their order.
    pub stages: Vec<PlannedStage>,
    /// The neighbors of each point.
    pub k: usize,
    /// The entries of the joint affinities, about.
    pub affinities: usize,
    /// How neighbors will be found; `None` where they are given, or by a search of the user's own.
    pub search: Option<SearchMethod>,
    /// The iterations of the descent, at most.
    pub iterations: usize,
    /// The number of threads.
    pub threads: usize,
}

impl Plan {
    /// The stage that takes the most memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Tsne, plan::{DataShape, PlanStage}};
    ///
    /// let plan = Tsne::<f32, 2>::builder().build()?.plan(DataShape::dense(70_000, 50), None)?;
    /// let peak = plan.peak();
    /// assert!(plan.stages.iter().all(|stage| stage.bytes <= peak.bytes));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn peak(&self) -> PlannedStage {
        let first = PlannedStage { stage: PlanStage::Neighbors, bytes: 0, scratch_bytes: 0, seconds: None };
        self.stages.iter().fold(first, |peak, stage| if stage.bytes > peak.bytes { *stage } else { peak })
    }

    /// The time of all stages, if costs were measured.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Tsne, plan::DataShape};
    ///
    /// let tsne = Tsne::<f32, 2>::builder().perplexity(10.0).build()?;
    /// let shape = DataShape::dense(500, 8);
    /// assert_eq!(tsne.plan(shape, None)?.seconds(), None);
    /// let costs = tsne.measure_costs(shape)?;
    /// assert!(tsne.plan(shape, Some(&costs))?.seconds().is_some_and(|seconds| seconds > 0.0));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn seconds(&self) -> Option<f64> {
        self.stages.iter().map(|stage| stage.seconds).sum()
    }
}

/// The share of the neighbors of a point that do not name it in turn: with 90 neighbors, 70,000 × 50 and 250,000 × 50 points of
/// real images and mixtures of normal distributions have 1.5 to 1.6 affinities for each neighbor.
const NOT_MUTUAL: f64 = 0.55;

/// Points have numbers of 32 bits.
const MAX_POINTS: usize = u32::MAX as usize;

impl<T: Float, const D: usize> Tsne<T, D> {
    /// What a fit of data of this shape will take, which are given away (an owned [`Dataset`](crate::Dataset)) and not the
    /// caller's. Without costs it tells the memory only, at once.
    ///
    /// Memory is that of the arrays; the program itself and what its allocator does not give back come on top, some
    /// megabytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooFewPoints`](tsne_core::Error::TooFewPoints) below two points, and
    /// [`Error::Parameter`](tsne_core::Error::Parameter) for a number of neighbors that so few points do not have.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Tsne, plan::DataShape};
    ///
    /// let tsne = Tsne::<f32, 2>::builder().build()?;
    /// let small = tsne.plan(DataShape::dense(70_000, 50), None)?.peak().bytes;
    /// let large = tsne.plan(DataShape::dense(700_000, 50), None)?.peak().bytes;
    /// // The grid does not grow with the points.
    /// assert!((3 * small..10 * small).contains(&large));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn plan(&self, shape: impl Into<InputShape>, costs: Option<&Costs>) -> Result<Plan> {
        self.plan_of_member(shape, 1, costs)
    }

    /// The [`plan`](Self::plan) of each of `members` processes that compute one map together ([`Team`](tsne_core::Team)).
    ///
    /// Neighbors, affinities, coarse graphs and what the descent keeps of them are by points, of which each has its share; the
    /// groups, the positions and the potential on the grid are on all, and so are the data, unless they are [dealt out](InputShape::Dealt). Times are those of one process divided by their number, which no team comes to: what is
    /// computed alike on all, and what is sent, comes on top.
    ///
    /// # Errors
    ///
    /// Those of [`plan`](Self::plan), and [`Error::Parameter`](tsne_core::Error::Parameter) for no member.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Tsne, plan::DataShape};
    ///
    /// let tsne = Tsne::<f32, 2>::builder().build()?;
    /// let of = |members| Ok::<_, tsne::Error>(tsne.plan_of_member(DataShape::dense(1_000_000, 50), members, None)?.peak().bytes);
    /// // Affinities and the grid are shared out; the data and the positions are on all.
    /// assert!(of(4)? < of(1)? / 2 && of(4)? > of(1)? / 4);
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn plan_of_member(&self, shape: impl Into<InputShape>, members: usize, costs: Option<&Costs>) -> Result<Plan> {
        self.planned(shape.into(), (members, false), costs)
    }

    /// The [`plan_of_member`](Self::plan_of_member) of a fit whose context brings a [`ScratchDir`](crate::files::ScratchDir): what each
    /// of `members` processes (1 for a fit like any other) takes in memory, and in files.
    ///
    /// What is in files need not be in memory. Times are those of a fit in memory: with files that memory could hold, 250,000 points
    /// took a fifth longer, and where it cannot hold them nothing was measured. What equal points, and metrics of mapped rows, have in
    /// files besides while neighbors are brought together is not counted.
    ///
    /// # Errors
    ///
    /// Those of [`plan_of_member`](Self::plan_of_member).
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::{Tsne, plan::DataShape};
    ///
    /// let tsne = Tsne::<f32, 2>::builder().build()?;
    /// let shape = DataShape::dense(5_000_000, 50);
    /// let filed = tsne.plan_with_scratch(shape, 1, None)?;
    /// assert!(filed.peak().bytes < tsne.plan(shape, None)?.peak().bytes / 2);
    /// assert!(filed.stages.iter().all(|stage| stage.scratch_bytes > 3_000_000_000));
    /// # Ok::<(), tsne::Error>(())
    /// ```
    pub fn plan_with_scratch(
        &self,
        shape: impl Into<InputShape>,
        members: usize,
        costs: Option<&Costs>,
    ) -> Result<Plan> {
        self.planned(shape.into(), (members, true), costs)
    }

    fn planned(&self, shape: InputShape, (members, in_files): (usize, bool), costs: Option<&Costs>) -> Result<Plan> {
        if members == 0 {
            return Err(Error::parameter("members", 0, "at least 1"));
        }
        let task = Task { members, in_files, ..self.task(shape)? };
        let bytes = memory::stages(&task, &self.parameters.initialization);
        let files = memory::files(&task);
        let seconds = costs.map(|costs| time::stages(&task, &self.parameters.initialization, costs));
        let seconds = seconds.map(|seconds| seconds.map(|stage| stage / members as f64));
        let of = |at: usize, stage| PlannedStage {
            stage,
            bytes: bytes[at],
            scratch_bytes: files[at],
            seconds: seconds.map(|s| s[at]),
        };
        let mut stages = vec![
            of(0, PlanStage::Neighbors),
            of(1, PlanStage::Affinities),
            of(2, PlanStage::Initialization),
            of(3, PlanStage::EarlyExaggeration),
            of(4, PlanStage::Optimization),
        ];
        if task.iterations.0 == 0 {
            stages.remove(3);
        }
        Ok(Plan {
            stages,
            k: task.k,
            affinities: task.entries as usize,
            search: task.search.map(|search| search.method),
            iterations: task.iterations.0 + task.iterations.1,
            threads: task.threads,
        })
    }

    fn task(&self, shape: InputShape) -> Result<Task<T, D>> {
        let parameters = &self.parameters;
        let n = shape.n();
        if n < 2 {
            return Err(Error::too_few_points(n, 2));
        }
        if n > MAX_POINTS {
            return Err(Error::capacity("points", n, MAX_POINTS));
        }
        let recipe = Recipe {
            method: parameters.method()?,
            metric: parameters.metric.clone(),
            neighbors: parameters.neighbors.clone(),
            k_neighbors: parameters.k_neighbors,
            random_state: RandomState::default().draw(),
        };
        let (k, threads) = (recipe.k(n)?.get(), threads::count(parameters.optimize.n_jobs));
        // Of a graph no more neighbors are read than it has.
        let k = if let InputShape::Graph { k: given, .. } = shape { given.clamp(1, k) } else { k };
        let (metric, scalar) = (recipe.metric, size_of::<T>());
        let held = match shape {
            InputShape::Dealt(shape) if self.takes_dealt(shape.n, shape.d) => Held::Own,
            InputShape::Dealt(_) => Held::Both,
            _ => Held::All,
        };
        let search = match (&parameters.neighbors, shape) {
            (_, InputShape::Graph { .. }) | (Neighbors::Custom(_), _) => None,
            (neighbors, InputShape::Data(shape) | InputShape::Dealt(shape)) => Some(match neighbors {
                Neighbors::Exact => ExactSearch::new(metric).plan(shape, k, scalar, threads),
                Neighbors::Approx => ApproximateSearch::new(metric).plan(shape, k, scalar, threads),
                _ => AutoSearch::new(metric, 0).plan(shape, k, scalar, threads),
            }),
        };
        let symmetrization = match &recipe.method {
            AffinityMethod::Perplexity(model) => model.symmetrization(),
            AffinityMethod::FixedSigma(model) => model.symmetrization(),
            AffinityMethod::Uniform(model) => model.symmetrization(),
            AffinityMethod::Custom(_) => Symmetrization::Mean,
        };
        let symmetric = symmetrization != Symmetrization::None;
        // Of few points many know each other.
        let others = 1.0 + NOT_MUTUAL * (1.0 - k as f64 / n as f64);
        let per_point = if symmetric { (k as f64 * others).min(n as f64 - 1.0) } else { k as f64 };
        let kernel = Kernel::new(parameters.dof)?;
        let schedule =
            parameters.optimize.schedule.clone().after(matches!(parameters.initialization, Initialization::Coarse));
        let early = schedule.early().iterations();
        Ok(Task {
            shape,
            k,
            entries: per_point * n as f64,
            symmetrization,
            search,
            coarse: Outline::of(n, (per_point * n as f64) as usize, kernel),
            repulsion: parameters.optimize.repulsion.method.resolve(n, kernel),
            kernel,
            iterations: (early, schedule.iterations() - early),
            threads,
            members: 1,
            in_files: false,
            held,
            keeps_data: parameters.keep_data,
            kept_neighbors: parameters.keep_neighbors.min(k),
        })
    }
}
