//! Maps with outliers: a coarse grid for all, finer ones where points crowd.
//!
//! A grid over a map with an outlier is either far too large or far too coarse: its nodes grow with the box, or all other points
//! lie in one of its cells and each pair of them is a near pair. So the map is divided. On a lattice of few cells over the box
//! ([`divide`]), cells of many points are the *cores* of crowds, and what is within reach of near pairs around them their
//! *margins*; all other points are *loose*. With the smooth part `γ` of the kernel `w` on the coarse grid,
//!
//! - the coarse grid has `γ` for all pairs ([`coarse`]), with crowded points in lumps ([`bodies`]): what it costs does not
//!   depend on how many points crowd;
//! - near pairs of which one is loose have the rest `w - γ` summed directly: none of them reaches a core;
//! - each crowd has the rest among its own points, by a grid of its own over their box, whose kernel is `w - γ` instead of
//!   `w`, and which may be divided again ([`fit`]).
//!
//! This is multilevel summation (Skeel, Tezcan and Hardy 2002) with levels only where points are. Every level is at most
//! half as wide as the one above, and is taken only if estimates of the costs say that it pays; maps without crowds keep
//! one grid. New points ([`reference`]) go down the same levels; beyond the box of a crowd they feel its points in
//! lumps ([`far`]).

pub(crate) mod bodies;
pub(crate) mod coarse;
pub(crate) mod divide;
pub(crate) mod far;
pub(crate) mod fit;
pub(crate) mod marks;
pub(crate) mod reference;
