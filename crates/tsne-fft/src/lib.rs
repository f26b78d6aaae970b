//! Repulsion on an interpolation grid, O(n + grid): spread, convolve by FFT, gather.
//!
//! [`GridRepulsion`] is the repulsion among the points of an embedding, [`GridReference`] that of new points from a
//! fixed reference. Both take [`GridParams`] and either [`Interpolation`]:
//!
//! - [`Interpolation::BSpline`], the default, is the smooth particle-mesh scheme of molecular dynamics (Essmann et al.
//!   1995; Hockney and Eastwood 1988) applied to the kernel of t-SNE. The force is a gradient, `F = -½ ∇φ` with the
//!   potential `φ(y) = Σ_j w(|y - y_j|²)`, for every number of degrees of freedom; so one charge and one kernel,
//!   two transforms, give the force and the normalizer `Z = Σ_i φ(y_i) - n`.
//! - [`Interpolation::Lagrange`] is the scheme of FIt-SNE (Linderman et al. 2019) and openTSNE on the same nodes:
//!   `D + 2` convolutions, piecewise polynomials that jump at the borders of cells. It is here for comparison.
//!
//! With [`GridParams::force_tolerance`], spacing and order follow from the error of the force that is acceptable. Its
//! estimate, for any dimension and degrees of freedom, is derived at the top of `src/choose/noise.rs`: for charges at random it
//! is an integral without fitted constants, and a perfect spline would make it `1.11 (π/h) exp(-π/h) √ρ` in two
//! dimensions at the spacing `h` and the density `ρ`.
//!
//! How the grid is laid out, convolved and spread to is told in the modules, file by file.
//!
//! # What is guaranteed
//!
//! The same bits for any number of threads, for any number of members of a [`Team`], and for any history of the object: the grid is a
//! function of the positions alone. Positions of any finite extent work. On sparse maps, and where the grid would grow beyond
//! [`GridParams::MAX_PADDED_NODES`], it is made coarser, and the near pairs, which it no longer resolves, are summed
//! directly.
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

mod choose;
mod erased;
mod flat;
mod grid;
mod instances;
mod lagrange;
mod layout;
mod levels;
mod pairs;
mod params;
mod points;
mod reference;
mod repulsion;
mod scalar;
mod spline;

pub use params::{GridParams, Interpolation};
pub use reference::GridReference;
pub use repulsion::GridRepulsion;
pub use scalar::GridScalar;
pub use tsne_core::{
    CancelToken, Context, Error, Kernel, Progress, ReferenceRepulsion, Repulsion, Result, Scalar, Stage, Team,
};
