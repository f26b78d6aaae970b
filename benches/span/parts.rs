//! The parts of a fit.

use std::hint::black_box;
use std::num::NonZeroUsize;
use tsne::affinity::{AutoSearch, PerplexityAffinity};
use tsne::bh::BarnesHut;
use tsne::core::Step;
use tsne::fft::{GridParams, GridRepulsion};
use tsne::optim::{Exact, Joint, Objective};
use tsne::{
    Affinities, AffinityModel, Context, Kernel, KnnGraph, Momentum, MomentumGains, NeighborSearch, Optimizer,
    Repulsion, Rows, Tsne, initialization,
};
use tsne_benches::{NoRepulsion, map, mixture};

/// A part: what it is called, and how it is set up for a number of points.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The points where no other number is asked for.
    pub(crate) n: usize,
    pub(crate) set_up: fn(usize) -> tsne::Result<Work>,
}

/// A part that is set up.
pub(crate) type Work = Box<dyn FnMut() -> tsne::Result<()> + Send>;

/// The points of the benchmarks' main table.
const N: usize = 70_000;
const COLUMNS: usize = 50;
const NEIGHBORS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(89);

/// In the order of a fit. Extents are those of maps of 70,000 points early and late.
pub(crate) const PARTS: &[Part] = &[
    Part { name: "neighbors", n: N, set_up: neighbors },
    Part { name: "calibration", n: N, set_up: calibration },
    Part { name: "affinities", n: N, set_up: affinities },
    Part { name: "initialization/pca", n: N, set_up: pca },
    Part { name: "initialization/coarse", n: N, set_up: coarse },
    Part { name: "attraction/first-32", n: N, set_up: first_attractions },
    Part { name: "attraction", n: N, set_up: attraction },
    Part { name: "grid/2d-first", n: N, set_up: |n| first_grid(n, 325.0) },
    Part { name: "grid/2d-early", n: N, set_up: |n| grid::<2>(n, 30.0) },
    Part { name: "grid/2d-late", n: N, set_up: |n| grid::<2>(n, 325.0) },
    Part { name: "grid/3d-late", n: N, set_up: |n| grid::<3>(n, 100.0) },
    Part { name: "tree/2d", n: N, set_up: |n| repulsion::<2>(BarnesHut::default(), n, 325.0) },
    Part { name: "tree/3d", n: N, set_up: |n| repulsion::<3>(BarnesHut::default(), n, 100.0) },
    Part { name: "exact/2d", n: 4_000, set_up: |n| repulsion::<2>(Exact::new(), n, 100.0) },
    Part { name: "step", n: N, set_up: step },
    Part { name: "iterations/early", n: N, set_up: |n| iterations(n, "pca") },
    Part { name: "iterations/late", n: N, set_up: |n| iterations(n, "coarse") },
];

fn graph(n: usize) -> tsne::Result<KnnGraph<f32>> {
    let x = mixture(n, COLUMNS);
    let rows = Rows::new(&x, n, COLUMNS)?;
    AutoSearch::default().build(rows.into(), Context::new())?.knn_graph(NEIGHBORS, Context::new())
}

fn joint(n: usize) -> tsne::Result<Affinities<f32>> {
    PerplexityAffinity::new(30.0)?.joint(&graph(n)?, Context::new())
}

fn neighbors(n: usize) -> tsne::Result<Work> {
    let x = mixture(n, COLUMNS);
    Ok(Box::new(move || {
        let rows = Rows::new(&x, n, COLUMNS)?;
        let index = AutoSearch::default().build(rows.into(), Context::new())?;
        black_box(index.knn_graph(NEIGHBORS, Context::new())?);
        Ok(())
    }))
}

fn calibration(n: usize) -> tsne::Result<Work> {
    let (graph, model) = (graph(n)?, PerplexityAffinity::new(30.0)?);
    Ok(Box::new(move || {
        black_box(model.conditional(&graph, Context::new())?);
        Ok(())
    }))
}

fn affinities(n: usize) -> tsne::Result<Work> {
    let (graph, model) = (graph(n)?, PerplexityAffinity::new(30.0)?);
    Ok(Box::new(move || {
        black_box(model.joint(&graph, Context::new())?);
        Ok(())
    }))
}

fn pca(n: usize) -> tsne::Result<Work> {
    let x = mixture(n, COLUMNS);
    Ok(Box::new(move || {
        black_box(initialization::pca::<f32, 2>(Rows::new(&x, n, COLUMNS)?, 0, Context::new())?);
        Ok(())
    }))
}

fn coarse(n: usize) -> tsne::Result<Work> {
    let (x, p) = (mixture(n, COLUMNS), joint(n)?);
    Ok(Box::new(move || {
        let points = Some(Rows::new(&x, n, COLUMNS)?.into());
        black_box(initialization::coarse::<f32, 2>(&p, points, Kernel::CAUCHY, 0, Context::new())?);
        Ok(())
    }))
}

/// With all that is done once: points are numbered anew before the second.
fn first_attractions(n: usize) -> tsne::Result<Work> {
    let (p, y) = (joint(n)?, map::<2>(n, 30.0));
    let mut gradient = vec![[0.0; 2]; n];
    Ok(Box::new(move || {
        let mut none = NoRepulsion;
        let mut joint = Joint::new(&p, Kernel::CAUCHY, &mut none)?;
        for _ in 0..32 {
            black_box(joint.evaluate(&y, 1.0, false, &mut gradient, Context::new())?);
        }
        Ok(())
    }))
}

/// Over affinities as they are, before points are numbered.
fn attraction(n: usize) -> tsne::Result<Work> {
    let (p, y) = (joint(n)?, map::<2>(n, 325.0));
    let mut gradient = vec![[0.0; 2]; n];
    Ok(Box::new(move || {
        tsne::optim::attract(&p, Kernel::CAUCHY, &y, &y, &mut gradient)?;
        black_box(&gradient);
        Ok(())
    }))
}

/// The first call, which makes the spectrum of the kernel.
fn first_grid(n: usize, extent: f64) -> tsne::Result<Work> {
    let y = map::<2>(n, extent);
    let mut out = vec![[0.0; 2]; n];
    Ok(Box::new(move || {
        black_box(GridRepulsion::new(GridParams::default())?.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?);
        Ok(())
    }))
}

fn grid<const D: usize>(n: usize, extent: f64) -> tsne::Result<Work> {
    repulsion::<D>(GridRepulsion::new(GridParams::default())?, n, extent)
}

fn repulsion<const D: usize>(
    mut repulsion: impl Repulsion<f32, D> + 'static,
    n: usize,
    extent: f64,
) -> tsne::Result<Work> {
    let y = map::<D>(n, extent);
    let mut out = vec![[0.0; D]; n];
    Ok(Box::new(move || {
        black_box(repulsion.repulse(Kernel::CAUCHY, &y, &mut out, Context::new())?);
        Ok(())
    }))
}

fn step(n: usize) -> tsne::Result<Work> {
    let mut y = map::<2>(n, 50.0);
    let gradient = map::<2>(n, 1e-6);
    let mut rule = MomentumGains::new(Momentum::Classical);
    rule.reset(n)?;
    let step = Step::new(1.0, 0.8).with_max_norm(5.0);
    Ok(Box::new(move || {
        rule.step(step, &gradient, &mut y, Context::new())?;
        black_box(&y);
        Ok(())
    }))
}

/// Twenty iterations in all their parts, from a start that is small or already large.
fn iterations(n: usize, start: &str) -> tsne::Result<Work> {
    let x = mixture(n, COLUMNS);
    let tsne = Tsne::<f32, 2>::builder().initialization(start).build()?;
    let mut embedding = tsne.prepare_initial(Rows::new(&x, n, COLUMNS)?)?;
    embedding.optimize(20)?;
    Ok(Box::new(move || {
        // From the same map each time.
        black_box(embedding.optimized(20)?);
        Ok(())
    }))
}
