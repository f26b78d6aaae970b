//! What a plan is made for.

use crate::initialization::coarse::Outline;
use crate::params::repulsion::RepulsionMethod;
use tsne_affinity::{DataShape, SearchPlan, Symmetrization};
use tsne_core::Kernel;

/// The shape of what a map is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputShape {
    /// Data points.
    Data(DataShape),
    /// Data points that are [dealt out](tsne_core::DealtRows) to a team: each member has the rows of its points.
    Dealt(DataShape),
    /// A graph of neighbors.
    Graph {
        /// The number of points.
        n: usize,
        /// The neighbors of each.
        k: usize,
    },
}

impl From<DataShape> for InputShape {
    fn from(shape: DataShape) -> Self {
        Self::Data(shape)
    }
}

impl InputShape {
    /// The number of points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::plan::InputShape;
    ///
    /// assert_eq!(InputShape::Graph { n: 700, k: 15 }.n(), 700);
    /// ```
    pub const fn n(&self) -> usize {
        match self {
            Self::Data(shape) | Self::Dealt(shape) => shape.n,
            Self::Graph { n, .. } => *n,
        }
    }

    /// The bytes that it takes with numbers of so many bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::plan::InputShape;
    ///
    /// assert_eq!(InputShape::Graph { n: 700, k: 15 }.bytes(4), 700 * 15 * 8);
    /// ```
    pub fn bytes(&self, scalar: usize) -> u64 {
        match self {
            Self::Data(shape) | Self::Dealt(shape) => shape.bytes(scalar),
            Self::Graph { n, k } => (*n as f64 * *k as f64 * (4 + scalar) as f64) as u64,
        }
    }
}

/// How much of the data a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// The rows of all points.
    All,
    /// Those of its own.
    Own,
    /// Those of its own, and a copy of all that was brought together.
    Both,
}

/// All that memory and time follow from.
#[derive(Debug, Clone)]
pub(super) struct Task<T, const D: usize> {
    pub(super) shape: InputShape,
    pub(super) k: usize,
    /// Entries of the joint affinities, about.
    pub(super) entries: f64,
    pub(super) symmetrization: Symmetrization,
    pub(super) search: Option<SearchPlan>,
    /// What a start by a coarse map would be.
    pub(super) coarse: Outline,
    pub(super) repulsion: RepulsionMethod<T, D>,
    pub(super) kernel: Kernel,
    pub(super) iterations: (usize, usize),
    pub(super) threads: usize,
    /// Processes that compute the map together, each of which has its share of what is by points.
    pub(super) members: usize,
    /// Whether what grows with the neighbors is in files.
    pub(super) in_files: bool,
    /// How much of the data each process has.
    pub(super) held: Held,
    pub(super) keeps_data: bool,
    /// Neighbors of each point that are kept.
    pub(super) kept_neighbors: usize,
}
