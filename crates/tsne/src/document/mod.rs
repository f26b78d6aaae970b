//! Parameters as documents (feature `serde`). Nothing in the crate depends on this module: it implements serde's traits for the types
//! of the others. Reports derive theirs where they stand.

#[macro_use]
mod changes;
mod params;
mod values;
