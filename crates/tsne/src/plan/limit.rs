//! A limit of memory that is set beforehand.

use super::memory;
use super::sample::largest_sample;
use super::task::{InputShape, Task};
use crate::builder::Tsne;
use crate::data::input::Input;
use crate::float::Float;
use std::ops::RangeInclusive;
use tsne_affinity::DataShape;
use tsne_core::{Affinities, Context, Error, Points, Result};

/// The stages of a fit, and of affinities alone, by their places in [`memory::stages`].
pub(crate) const FIT: RangeInclusive<usize> = 0..=4;
pub(crate) const AFFINITIES: RangeInclusive<usize> = 0..=1;

/// The places of the neighbors and of the initialization.
const NEIGHBORS: usize = 0;
const INITIALIZATION: usize = 2;

impl<T: Float, const D: usize> Tsne<T, D> {
    /// Refuses what takes more than the limit in any of the `stages`, in each of the processes of the context, and with its files.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with what it takes and what would fit.
    pub(crate) fn check_memory(
        &self,
        input: &Input<'_, T>,
        stages: RangeInclusive<usize>,
        cx: Context<'_>,
    ) -> Result<()> {
        let Some(limit) = self.parameters.memory_limit else { return Ok(()) };
        let (mut task, begin) = self.given(input)?;
        let (members, in_files) = (cx.members(), cx.scratch().is_some());
        (task.members, task.in_files) = (members, in_files);
        if stages == AFFINITIES {
            // They keep all.
            task.kept_neighbors = task.k;
        }
        let stages = begin.max(*stages.start())..=*stages.end();
        let peak = |task: &Task<T, D>| {
            let bytes = memory::stages(task, &self.parameters.initialization);
            bytes[stages.clone()].iter().copied().max().unwrap_or(0)
        };
        let needed = peak(&task);
        if needed <= limit {
            return Ok(());
        }
        let (n, k) = (task.shape.n(), task.k);
        let fewer = match task.shape {
            InputShape::Data(shape) | InputShape::Dealt(shape) => {
                let is_dealt = matches!(task.shape, InputShape::Dealt(_));
                let of = |points| {
                    let shape = shape.of_points(points);
                    let shape = if is_dealt { InputShape::Dealt(shape) } else { shape.into() };
                    self.task(shape).map(|task| Task { members, in_files, ..task })
                };
                // Too few points for their neighbors take no memory, and are no sample.
                largest_sample(n, |points| of(points).map_or(true, |task| peak(&task) <= limit))
                    .filter(|&points| of(points).is_ok())
            }
            InputShape::Graph { .. } => None,
        };
        let sample = fewer.map_or(String::new(), |n| format!(", or fit {n} of the points and transform the others"));
        let allowed = format!(
            "at least {needed}, which {n} points with {k} neighbors each take: raise it, lower the perplexity{sample}"
        );
        Err(Error::parameter("memory_limit", format_args!("{limit} bytes"), allowed))
    }

    /// What a fit of this is, and its first stage that is not there yet.
    fn given(&self, input: &Input<'_, T>) -> Result<(Task<T, D>, usize)> {
        let of_graph = |n, k| Ok((self.task(InputShape::Graph { n, k })?, NEIGHBORS));
        let of_joint = |joint: &Affinities<T>| {
            // Of a member of a team these may be some rows.
            let (n, rows) = (joint.n_columns(), joint.n().max(1) as f64);
            let mut task = self.task(InputShape::Graph { n, k: 1 })?;
            task.entries = joint.nnz() as f64 / rows * n as f64;
            task.k = (joint.nnz() as f64 / rows).ceil() as usize;
            Ok((task, INITIALIZATION))
        };
        match input {
            Input::Data(data) => {
                let shape = match data.points()? {
                    Points::Sparse(rows) => DataShape::sparse(rows.n(), rows.d(), rows.nnz()).into(),
                    Points::Dealt(rows) => InputShape::Dealt(DataShape::dense(rows.n(), rows.d())),
                    dense => DataShape::dense(dense.n(), dense.d()).into(),
                };
                Ok((self.task(shape)?, NEIGHBORS))
            }
            Input::Graph(graph) => of_graph(graph.n(), graph.k()),
            Input::SharedGraph(graph) => of_graph(graph.n(), graph.k()),
            Input::Affinities(joint) => of_joint(joint),
            Input::Index(index) => of_joint(index.affinities()),
        }
    }
}
