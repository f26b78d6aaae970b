//! What saving and loading share: the names in the file.

use crate::model::store::{Settings, StoreError};
use std::fmt::Display;
use std::str::FromStr;
use tsne_core::Error;

/// The section of the scalars.
pub(super) const SETTINGS: &str = "embedding";

/// The sections of what is by points, of which a member of a team has its rows.
pub(super) const ROW_POINTERS: &str = "affinities.row_pointers";
pub(super) const COLUMNS: &str = "affinities.columns";
pub(super) const WEIGHTS: &str = "affinities.weights";
pub(super) const NEIGHBORS: &str = "graph.indices";
pub(super) const DISTANCES: &str = "graph.distances";
pub(super) const GAINS: &str = "optimizer.gains";
pub(super) const VELOCITY: &str = "optimizer.velocity";
pub(super) const FIRST_GAINS: &str = "start.gains";
pub(super) const FIRST_VELOCITY: &str = "start.velocity";

/// The optimizer, and that of the start, as the names of their sections begin.
pub(super) const OPTIMIZER: &str = "optimizer";
pub(super) const START: &str = "start";

/// The kind of dense data less an offset. Readers that do not know it must refuse: they would place new points elsewhere.
pub(super) const MOVED: &str = "dense less offset";

pub(super) type Stored<T> = Result<T, StoreError>;

/// The error of settings that contradict each other or what is allowed.
pub(super) fn corrupt(error: Error) -> StoreError {
    StoreError::corrupt(SETTINGS, error)
}

pub(super) fn unknown(name: &str, value: impl Display) -> StoreError {
    StoreError::corrupt(SETTINGS, format_args!("{name} is {value:.100}, which this version does not know"))
}

pub(super) fn parsed<V: FromStr<Err = Error>>(settings: &Settings, name: &str) -> Stored<V> {
    settings.get::<&str>(name)?.parse().map_err(|error| StoreError::corrupt(SETTINGS, error))
}
