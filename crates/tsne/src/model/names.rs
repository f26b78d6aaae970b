//! What saving and loading share: the names in the file.

use crate::model::store::StoreError;

/// The section of the scalars.
pub(super) const SETTINGS: &str = "embedding";

/// The kind of dense data less an offset. Readers that do not know it must refuse: they would place new points elsewhere.
pub(super) const MOVED: &str = "dense less offset";

pub(super) type Stored<T> = Result<T, StoreError>;
