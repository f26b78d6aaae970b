//! The repulsion among the points of a map, level by level.

use crate::choose::cost::{least_cost, pair_cost, usual_cost};
use crate::layout::bounds::Bounds;
use crate::levels::bodies::Bodies;
use crate::levels::coarse::Coarse;
use crate::levels::divide::{Division, Terms};
use crate::pairs::is_direct;
use crate::params::GridParams;
use crate::scalar::GridScalar;
use crate::spline::single::Single;
use crate::spline::split::Smoothed;
use tsne_core::{Context, Kernel, Result, blocks, chunks, memory};

/// Nodes and near pairs of a map cost this many times what a map of its size costs in all before dividing it is thought
/// of: ordinary maps are never divided (60 to 70 of 100 ns a point in two
/// dimensions), and what goes undivided costs at most twice as much, all levels together.
const PATIENCE: f64 = 0.8;

/// Levels below one another: each is at most half as wide as the one above, so no map of single precision has more, and
/// what is left then is done by one grid.
pub(crate) const MAX_DEPTH: usize = 256;

/// The most padded nodes for which grids are kept from call to call, beside the first: as many as the largest grid has.
const MAX_KEPT_NODES: usize = GridParams::MAX_PADDED_NODES;

/// Whether dividing a map of `n` points is thought of, by what one grid, or all pairs, cost.
pub(crate) fn is_costly<const D: usize>(cost: f64, n: usize) -> bool {
    cost > PATIENCE * (n as f64 * usual_cost::<D>() + least_cost::<D>())
}

/// What a pair costs in sums over all, in units of one of a group of near ones: 0.6 to 0.8 ns ([`crate::pairs`]) for 0.25.
const ALL_PAIRS: f64 = 3.0;

/// Nanoseconds of two threads for the sums over all pairs of `n` points.
fn cost_of_pairs(kernel: Kernel, n: usize) -> f64 {
    (n as f64).powi(2) * ALL_PAIRS * pair_cost(kernel)
}

/// Up to this number of points all pairs are summed where no grid can be shown to meet a tolerance, and of points that hardly feel
/// each other: half a second at 2 ns a pair.
pub(crate) const PAIRS_UP_TO: usize = 16_384;

/// Crowds of fewer points than this every member of a team computes alone: some 0.2 ms of work, in which they had to wait for each
/// other several times.
const ALONE_BELOW: usize = 2_048;

/// What a call did: what tests count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Padded nodes of all grids.
    pub(crate) nodes: usize,
    /// Points of all grids, with bodies for points on coarse ones.
    pub(crate) charges: usize,
    /// Pairs summed directly.
    pub(crate) pairs: usize,
    /// Coarse grids.
    pub(crate) levels: usize,
}

/// The grids of all levels, kept from call to call: the k-th of a call is the k-th of the next.
#[derive(Debug)]
pub(crate) struct Levels<T: 'static, const D: usize> {
    singles: Vec<Single<T, D>>,
    coarse: Vec<Coarse<T, D>>,
    bounds: Vec<(Bounds<T, D>, bool)>,
    pub(crate) work: Work,
}

impl<T: GridScalar, const D: usize> Default for Levels<T, D> {
    fn default() -> Self {
        Self { singles: Vec::new(), coarse: Vec::new(), bounds: Vec::new(), work: Work::default() }
    }
}

/// A crowd that waits for its turn.
struct Crowd<T, const D: usize> {
    /// Which points of the map.
    members: Vec<u32>,
    y: Vec<[T; D]>,
    /// What the level above has of the kernel.
    coarser: Smoothed,
    depth: usize,
}

/// Points of one level: their places, and what the level above has of the kernel.
#[derive(Clone, Copy)]
struct Level<'a, T, const D: usize> {
    params: &'a GridParams,
    kernel: Kernel,
    coarser: Option<Smoothed>,
    depth: usize,
    y: &'a [[T; D]],
}

impl<T: GridScalar, const D: usize> Levels<T, D> {
    /// Writes the forces on this member's of the points `y` within `bounds`, and returns the sum of the weights of all pairs.
    pub(crate) fn repulse(
        &mut self,
        (params, kernel): (&GridParams, Kernel),
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        self.work = Work::default();
        let rows = cx.rows(y.len());
        let level = Level { params, kernel, coarser: None, depth: 0, y };
        let mut open = Vec::new();
        // Grids of this call so far.
        let mut used = (0, 0);
        let mut z = self.one(level, bounds, None, out, &mut open, &mut used, cx)?;
        let mut forces = Vec::new();
        // A list, not a recursion: how deep levels go depends on the data.
        while let Some(Crowd { members, y, coarser, depth }) = open.pop() {
            cx.check()?;
            let (bounds, _) = Bounds::of(&y, &mut self.bounds);
            let level = Level { params, kernel, coarser: Some(coarser), depth, y: &y };
            memory::resize("forces", &mut forces, y.len(), [T::ZERO; D])?;
            // A member's points of a crowd are no blocks of it: all have the forces on all, and add those on their own.
            let cx = if y.len() < ALONE_BELOW { cx.without_team() } else { cx };
            let own = &mut forces[cx.rows(y.len())];
            z += self.one(level, &bounds, Some(&members), own, &mut open, &mut used, cx)?;
            cx.gather(&mut forces, blocks::BLOCK)?;
            for (force, &member) in forces.iter().zip(&members) {
                if let Some(out) = out.get_mut((member as usize).wrapping_sub(rows.start)) {
                    for c in 0..D {
                        out[c] += force[c];
                    }
                }
            }
        }
        self.forget(used);
        Ok(z)
    }

    /// Writes the forces of all pairs on this member's of the points `y`, without a grid, and returns the sum of their weights.
    pub(crate) fn by_pairs(
        &mut self,
        kernel: Kernel,
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        self.single(0).by_pairs((kernel, None), y, out, cx)
    }

    /// Writes the forces among the points of one level, those on this member's, but for those within its crowds, which it adds to
    /// `open`.
    #[allow(clippy::too_many_arguments, reason = "all are what a level is, or where its results go")]
    fn one(
        &mut self,
        level: Level<'_, T, D>,
        bounds: &Bounds<T, D>,
        members: Option<&[u32]>,
        out: &mut [[T; D]],
        open: &mut Vec<Crowd<T, D>>,
        used: &mut (usize, usize),
        cx: Context<'_>,
    ) -> Result<f64> {
        let Level { params, kernel, coarser, depth, y } = level;
        let n = y.len();
        let single = self.single(used.0);
        if n < 2 {
            out.fill([T::ZERO; D]);
            return Ok(0.0);
        }
        if is_direct::<D>(n) {
            let z = single.by_pairs((kernel, coarser), y, out, cx)?;
            let pairs = single.pairs;
            self.work.pairs += pairs;
            return Ok(z);
        }
        let choice = single.choose(params, kernel, bounds, y)?;
        let of_grid = choice.cost_of_call();
        let of_pairs = cost_of_pairs(kernel, n);
        let are_less = is_costly::<D>(of_grid, n) && of_pairs <= of_grid;
        // Where pairs are costly, too, dividing the map may be less than either.
        if are_less && !is_costly::<D>(of_pairs, n) || !choice.suffices && n <= PAIRS_UP_TO {
            let z = single.by_pairs((kernel, coarser), y, out, cx)?;
            self.work.pairs += single.pairs;
            return Ok(z);
        }
        if depth < MAX_DEPTH && is_costly::<D>(of_grid, n) {
            let (sharpness, least_spacing) = single.least_spacing(params, kernel, y);
            let terms = Terms { kernel, sharpness, least_spacing, cost: of_grid };
            if let Some(division) = Division::of(y, bounds, terms)? {
                let at = used.1;
                used.1 += 1;
                return self.divided(level, (&division, bounds), terms, (members, open), out, at, cx);
            }
        }
        // Of few points far from each other that nothing divides, the largest of all grids would take seconds.
        if are_less {
            let z = single.by_pairs((kernel, coarser), y, out, cx)?;
            self.work.pairs += single.pairs;
            return Ok(z);
        }
        used.0 += 1;
        let z = single.by_grid(&choice, (kernel, coarser), y, out, cx)?;
        let pairs = single.pairs;
        self.work.nodes += choice.lattice.shape.padded_nodes();
        self.work.charges += n;
        self.work.pairs += pairs;
        Ok(z)
    }

    /// The same for points that are divided.
    #[allow(clippy::too_many_arguments, reason = "all are what a level is, or where its results go")]
    fn divided(
        &mut self,
        level: Level<'_, T, D>,
        (division, bounds): (&Division<T, D>, &Bounds<T, D>),
        terms: Terms,
        (members, open): (Option<&[u32]>, &mut Vec<Crowd<T, D>>),
        out: &mut [[T; D]],
        at: usize,
        cx: Context<'_>,
    ) -> Result<f64> {
        let bodies = Bodies::of(level.y, bounds, division)?;
        while self.coarse.len() <= at {
            self.coarse.push(Coarse::default());
        }
        let coarse = &mut self.coarse[at];
        let filled = coarse.fill((level.kernel, level.coarser, terms.sharpness), (division, bounds), &bodies, cx)?;
        cx.check()?;
        let (z, forces, pairs) = coarse.read(&filled, &bodies, cx)?;
        self.work.levels += 1;
        self.work.nodes += filled.nodes();
        self.work.charges += bodies.places.len();
        self.work.pairs += pairs;
        let body_of = &bodies.body_of[cx.rows(level.y.len())];
        chunks::for_each_point(out, blocks::BLOCK, |b, out| {
            for (out, &body) in out.iter_mut().zip(&body_of[blocks::range(b, body_of.len())]) {
                *out = forces[body as usize];
            }
        });
        for crowd in 0..bodies.crowds.len() {
            let points = bodies.crowds.bucket(crowd);
            let (mut own, mut y) = (Vec::new(), Vec::new());
            memory::reserve("points of a crowd", &mut own, points.len())?;
            memory::reserve("points of a crowd", &mut y, points.len())?;
            own.extend(points.iter().map(|&i| members.map_or(i, |members| members[i as usize])));
            y.extend(points.iter().map(|&i| level.y[i as usize]));
            open.push(Crowd { members: own, y, coarser: filled.smoothed, depth: level.depth + 1 });
        }
        Ok(z)
    }

    fn single(&mut self, at: usize) -> &mut Single<T, D> {
        while self.singles.len() <= at {
            self.singles.push(Single::default());
        }
        &mut self.singles[at]
    }

    /// Drops grids that this call did not use, and those beyond the limit.
    fn forget(&mut self, (singles, coarse): (usize, usize)) {
        self.singles.truncate(singles.max(1));
        self.coarse.truncate(coarse);
        let mut nodes = 0;
        for single in self.singles.iter_mut().skip(1) {
            nodes += single.field.nodes();
            if nodes > MAX_KEPT_NODES {
                *single = Single::default();
            }
        }
        for coarse in &mut self.coarse {
            nodes += coarse.nodes();
            if nodes > MAX_KEPT_NODES {
                *coarse = Coarse::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::cost::node;
    use tsne_core::random::{element_seed, unit};

    impl Work {
        /// In pairs of as long: a charge takes the time of all pairs near it on an ordinary map.
        fn total<const D: usize>(self) -> f64 {
            let pair = pair_cost(Kernel::CAUCHY);
            (node::<D>() * self.nodes as f64 + usual_cost::<D>() * self.charges as f64) / pair + self.pairs as f64
        }
    }

    fn work<T: GridScalar, const D: usize>(params: &GridParams, y: &[[f64; D]]) -> Work {
        let y: Vec<[T; D]> = y.iter().map(|p| p.map(T::from_f64)).collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let mut levels = Levels::default();
        let mut out = vec![[T::ZERO; D]; y.len()];
        levels.repulse((params, Kernel::CAUCHY), &bounds, &y, &mut out, Context::new()).unwrap();
        levels.work
    }

    fn number(i: usize, c: usize) -> f64 {
        unit(element_seed(9, c as u64, i as u64))
    }

    /// Points on a side of 50, 20 in three dimensions.
    fn cloud<const D: usize>(n: usize) -> Vec<[f64; D]> {
        let side = if D == 3 { 20.0 } else { 50.0 };
        (0..n).map(|i| std::array::from_fn(|c| side * number(i, c))).collect()
    }

    #[track_caller]
    fn check<T: GridScalar, const D: usize>(n: usize) {
        let params = GridParams::default();
        let without = work::<T, D>(&params, &cloud(n));
        assert_eq!(without.levels, 0);
        let direction = |i: usize| -> [f64; D] {
            let place: [f64; D] = std::array::from_fn(|c| number(i, 7 + c) - 0.4999);
            let norm = place.iter().map(|v| v * v).sum::<f64>().sqrt();
            place.map(|v| v / norm)
        };
        let one = |far: f64| {
            let mut y = cloud::<D>(n);
            y.push([far; D]);
            y
        };
        let with = |count: usize, radius: &dyn Fn(usize) -> f64| {
            let mut y = cloud::<D>(n);
            y.extend((0..count).map(|i| direction(i).map(|v| v * radius(i))));
            y
        };
        let mut maps: Vec<(&str, Vec<[f64; D]>)> = [1e4, 1e5, 1e6, 1e9, 1e15].map(|far| ("one far", one(far))).into();
        maps.push(("ring", with(n / 50, &|_| 1e6)));
        maps.push(("many scales", with(n / 50, &|i| 10f64.powf(3.0 + 4.0 * number(i, 20)))));
        let two = cloud::<D>(n).into_iter().enumerate();
        maps.push(("two groups", two.map(|(i, p)| p.map(|v| v + if i % 2 == 0 { 0.0 } else { 1e6 })).collect()));
        for (kind, y) in maps {
            let work = work::<T, D>(&params, &y);
            let ratio = work.total::<D>() / without.total::<D>();
            assert!(ratio <= 2.0, "{D}-D {kind}, {n} points: {ratio:.2}, {work:?} against {without:?}");
            // Far enough for any dimension: no single grid can do that.
            assert!(y.iter().all(|p| p[0] < 1e8) || work.levels >= 1, "{D}-D {kind}: {work:?}");
        }
    }

    #[test]
    fn outliers_at_most_double_the_work() {
        check::<f32, 1>(20_000);
        check::<f32, 2>(10_000);
        check::<f64, 2>(40_000);
        check::<f32, 3>(10_000);
    }

    /// Few points far out, in all directions that axes make: the box is a needle, a slab or a cube.
    fn few_far<const D: usize>() -> Vec<Vec<[f64; D]>> {
        // Along some axes, at a height along the others.
        let along = |axes: usize, far: f64, height: f64| -> [f64; D] {
            std::array::from_fn(|c| if axes >> c & 1 == 1 { far } else { height })
        };
        let mut maps = Vec::new();
        for axes in 1..1 << D {
            for far in [300.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e10, 1e20] {
                maps.push(vec![along(axes, far, 0.0)]);
            }
            maps.push(vec![along(axes, -1e6, 10.0)]);
            maps.push(vec![along(axes, 1e6, 1e3)]);
            maps.push(vec![along(axes, 1e6, 10.0), along(axes, -1e6, 10.0)]);
            maps.push([1e3, 1e4, 1e6].map(|far| along(axes, far, 10.0)).into());
            maps.push([1e2, -1e3, 1e4, -1e5, 1e6, -1e7].map(|far| along(axes, far, 10.0)).into());
        }
        // One on each axis.
        maps.push((0..D).map(|c| along(1 << c, 1e6, 0.0)).collect());
        maps
    }

    #[track_caller]
    fn check_few_far<T: GridScalar, const D: usize>(n: usize) {
        let params = GridParams::default();
        let uniform = cloud::<D>(n);
        let side = if D == 3 { 20.0 } else { 50.0 };
        // A sum of uniform numbers, of a standard deviation of a fifth of the side.
        let normal: Vec<[f64; D]> = (0..n)
            .map(|i| {
                std::array::from_fn(|c| 0.2 * side * ((0..12).map(|k| number(i, 40 + 12 * c + k)).sum::<f64>() - 6.0))
            })
            .collect();
        for (kind, cloud) in [("uniform", uniform), ("normal", normal)] {
            let without = work::<T, D>(&params, &cloud).total::<D>();
            for far in few_far::<D>() {
                let mut y = cloud.clone();
                y.extend_from_slice(&far);
                let work = work::<T, D>(&params, &y);
                let ratio = work.total::<D>() / without;
                assert!(ratio <= 2.0, "{D}-D {} {kind}, {n} points and {far:?}: {ratio:.2}, {work:?}", T::NAME);
            }
        }
    }

    #[test]
    fn few_points_far_along_axes_at_most_double_the_work() {
        check_few_far::<f32, 1>(20_000);
        check_few_far::<f64, 1>(80_000);
        check_few_far::<f32, 2>(20_000);
        check_few_far::<f64, 2>(20_000);
        check_few_far::<f32, 3>(10_000);
        check_few_far::<f64, 3>(10_000);
    }

    /// What was quadratic: all points but one in a cell, all pairs of them.
    #[test]
    fn work_grows_with_the_points() {
        let of = |n: usize| {
            let mut y = cloud::<2>(n);
            y[n / 2] = [1e6, 1e6];
            work::<f32, 2>(&GridParams::default(), &y)
        };
        let (small, large) = (of(10_000), of(40_000));
        assert!(large.total::<2>() <= 4.2 * small.total::<2>(), "{small:?}, {large:?}");
        assert!(large.pairs <= 40_000, "{large:?}");
    }

    /// A tolerance on a long map in one dimension, which took a grid of all nodes that fit.
    #[test]
    fn tolerances_on_long_maps_leave_near_pairs_to_sums() {
        let y: Vec<[f64; 1]> = (0..10_000).map(|i| [3e5 * number(i, 0)]).collect();
        for tolerance in [1e-2, 1e-4] {
            let params = GridParams { force_tolerance: Some(tolerance), ..GridParams::default() };
            let work = work::<f32, 1>(&params, &y);
            assert!(work.nodes <= 1 << 19 && work.pairs <= 1 << 22, "{tolerance}: {work:?}");
        }
    }

    #[test]
    fn grids_beyond_the_limit_are_not_kept() {
        let mut levels = Levels::<f32, 2>::default();
        // Forty crowds, each with a grid of its own.
        let y: Vec<[f32; 2]> =
            (0..60_000).map(|i| [0, 1].map(|c| (1e7 * number(i % 40, 30 + c) + 60.0 * number(i, c)) as f32)).collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let mut out = vec![[0.0; 2]; y.len()];
        levels.repulse((&GridParams::default(), Kernel::CAUCHY), &bounds, &y, &mut out, Context::new()).unwrap();
        assert!(levels.work.levels >= 1 && levels.work.nodes > 0, "{:?}", levels.work);
        let kept: usize = levels.singles.iter().skip(1).map(|single| single.field.nodes()).sum();
        assert!(kept <= MAX_KEPT_NODES, "{kept}");
        assert!(out.iter().flatten().all(|v| v.is_finite()));
    }
}
