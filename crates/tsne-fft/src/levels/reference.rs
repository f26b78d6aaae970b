//! The repulsion of new points from a fixed map, level by level.

use crate::layout::bounds::Bounds;
use crate::levels::bodies::Bodies;
use crate::levels::coarse::{Coarse, FilledCoarse};
use crate::levels::divide::{Division, Kind, Terms};
use crate::levels::far::Far;
use crate::levels::fit::{MAX_DEPTH, PAIRS_UP_TO, is_costly};
use crate::pairs::near::Queries;
use crate::params::GridParams;
use crate::scalar::GridScalar;
use crate::spline::field::{Field, Filled, Places};
use crate::spline::single::Single;
use crate::spline::split::Smoothed;
use tsne_core::{Context, Kernel, Result, memory};

/// How far the grid of a reference reaches beyond it on each side, in units of half its side: openTSNE's padding of
/// 25 %. Places farther out feel the points themselves, or lumps of them.
const PADDING: f64 = 0.25;

/// Below this number of points every place feels them directly: 0.2 µs for 256 points on two threads, while a grid has to be
/// made first, 2 ms and more.
const DIRECT_BELOW: usize = 256;

/// Above this number of nodes for each point places feel the points directly, too: few points far from each other.
///
/// On two threads of a busy machine the largest grid, of 2²⁴ nodes, took 1.5 to 2.5 s to make in two dimensions (19 s in one), and then
/// 0.7 to 2.4 µs for a place, all misses of the cache; 200 points were felt directly in 0.6 µs. So under 512 points such a grid gains
/// nothing even when it is there. Ordinary ones have 290 nodes a point in two dimensions; the least in three, of 2²¹, stay.
const NODES_A_POINT: usize = 1 << 15;

/// The box that the grid of a reference covers.
pub(crate) fn reach<T: GridScalar, const D: usize>(bounds: &Bounds<T, D>) -> Bounds<T, D> {
    let mut reach = *bounds;
    for c in 0..D {
        let margin = T::from_f64(PADDING * 0.5 * (bounds.high[c].to_f64() - bounds.low[c].to_f64()));
        reach.low[c] -= margin;
        reach.high[c] += margin;
    }
    reach
}

/// The box of a map that is divided: as far along all axes. Places just off the middle of a needle are near to a crowd, which
/// its level knows and lumps of the size of the needle do not; a coarse grid has few nodes to reach there.
fn reach_around<T: GridScalar, const D: usize>(bounds: &Bounds<T, D>) -> Bounds<T, D> {
    let mut reach = *bounds;
    let margin = T::from_f64(PADDING * 0.5 * bounds.extent());
    for c in 0..D {
        reach.low[c] -= margin;
        reach.high[c] += margin;
    }
    reach
}

/// The side of which places outside of [`reach`] are an eighth away. That of a box that is not much of a needle is its longest: lumps
/// then are up to a quarter of the distance.
fn side_of<T: GridScalar, const D: usize>(bounds: &Bounds<T, D>) -> f64 {
    let sides = (0..D).map(|c| bounds.high[c].to_f64() - bounds.low[c].to_f64());
    let shortest = sides.fold(f64::INFINITY, f64::min);
    if 2.0 * shortest < bounds.extent() { shortest } else { bounds.extent() }
}

/// A fixed map, and the crowds on it.
#[derive(Debug)]
pub(crate) struct ReferenceLevels<T: 'static, const D: usize> {
    kernel: Kernel,
    /// The whole map first.
    levels: Vec<Level<T, D>>,
}

/// The points of one level.
#[derive(Debug)]
struct Level<T: 'static, const D: usize> {
    /// What its grid covers.
    reach: Bounds<T, D>,
    /// What the level above has of the kernel.
    coarser: Option<Smoothed>,
    far: Far<T, D>,
    inside: Inside<T, D>,
}

/// How places inside are served.
#[derive(Debug)]
enum Inside<T: 'static, const D: usize> {
    Directly,
    Grid { field: Box<Field<T, D>>, filled: Filled<T, D> },
    Divided(Box<Divided<T, D>>),
}

#[derive(Debug)]
struct Divided<T: 'static, const D: usize> {
    division: Division<T, D>,
    coarse: Coarse<T, D>,
    filled: FilledCoarse<T, D>,
    /// The level of the first crowd; those of the others follow.
    first: usize,
}

/// Points of a level to be.
struct Points<T, const D: usize> {
    y: Vec<[T; D]>,
    coarser: Option<Smoothed>,
    depth: usize,
}

impl<T: GridScalar, const D: usize> ReferenceLevels<T, D> {
    pub(crate) fn new(params: &GridParams, kernel: Kernel, reference: &[[T; D]], cx: Context<'_>) -> Result<Self> {
        let mut y = Vec::new();
        memory::reserve("the reference", &mut y, reference.len())?;
        y.extend_from_slice(reference);
        // A list in the order of the levels: those of the crowds of one are appended together.
        let mut points = vec![Some(Points { y, coarser: None, depth: 0 })];
        let mut levels = Vec::new();
        while let Some(next) = points.get_mut(levels.len()).and_then(Option::take) {
            cx.check()?;
            levels.push(Self::level(params, kernel, next, &mut points)?);
        }
        Ok(Self { kernel, levels })
    }

    /// Only what is felt directly: for grids of another kind, beyond their border.
    pub(crate) fn outside(kernel: Kernel, reference: &[[T; D]]) -> Result<Self> {
        let (bounds, _) = Bounds::of(reference, &mut Vec::new());
        let far = Far::of(reference, &bounds, side_of(&bounds))?;
        Ok(Self { kernel, levels: vec![Level { reach: bounds, coarser: None, far, inside: Inside::Directly }] })
    }

    fn level(
        params: &GridParams,
        kernel: Kernel,
        Points { y, coarser, depth }: Points<T, D>,
        points: &mut Vec<Option<Points<T, D>>>,
    ) -> Result<Level<T, D>> {
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let reach = reach(&bounds);
        let far = |side: f64| Far::of(&y, &bounds, side);
        let side = side_of(&bounds);
        if y.len() < DIRECT_BELOW {
            return Ok(Level { reach, coarser, far: far(side)?, inside: Inside::Directly });
        }
        let mut single = Single::default();
        let choice = single.choose_nominal(params, kernel, &reach, &y)?;
        let is_sparse = choice.lattice.shape.padded_nodes() / NODES_A_POINT > y.len();
        if is_sparse || !choice.suffices && y.len() <= PAIRS_UP_TO {
            return Ok(Level { reach, coarser, far: far(side)?, inside: Inside::Directly });
        }
        if depth < MAX_DEPTH && is_costly::<D>(choice.cost_of_call(), y.len()) {
            let (sharpness, least_spacing) = single.least_spacing(params, kernel, &y);
            let terms = Terms { kernel, sharpness, least_spacing, cost: choice.cost_of_call() };
            if let Some(mut division) = Division::of(&y, &bounds, terms)? {
                let bodies = Bodies::of(&y, &bounds, &division)?;
                let around = reach_around(&bounds);
                let fits = division.lattice(&around).shape.padded_nodes() <= GridParams::MAX_PADDED_NODES;
                let (reach, side) = if fits { (around, bounds.extent()) } else { (reach, side) };
                let mut coarse = Coarse::default();
                let filled = coarse.fill((kernel, coarser, sharpness), (&division, &reach), &bodies, Context::new())?;
                let first = points.len();
                for crowd in 0..bodies.crowds.len() {
                    let members = bodies.crowds.bucket(crowd).iter();
                    let y = memory::collected("points of a crowd", members.map(|&i| y[i as usize]))?;
                    points.push(Some(Points { y, coarser: Some(filled.smoothed), depth: depth + 1 }));
                }
                division.forget_points();
                let divided = Box::new(Divided { division, coarse, filled, first });
                return Ok(Level { reach, coarser, far: far(side)?, inside: Inside::Divided(divided) });
            }
        }
        let mut field = Box::new(single.field);
        let filled = field.fill(&choice, (kernel, coarser), &y, Context::new())?;
        Ok(Level { reach, coarser, far: far(side)?, inside: Inside::Grid { field, filled } })
    }

    /// The sum of weights and the force at a place.
    pub(crate) fn at(&self, place: &[T; D]) -> (T, [T; D]) {
        let mut total = (0.0, [T::ZERO; D]);
        let mut add = |(weight, force): (f64, [T; D])| {
            total.0 += weight;
            for c in 0..D {
                total.1[c] += force[c];
            }
        };
        let mut next = self.levels.first();
        while let Some(Level { reach, coarser, far, inside }) = next.take() {
            let covered = reach.holds(place);
            match inside {
                Inside::Grid { field, filled } if covered => add(self.on_grid(field, filled, place)),
                Inside::Divided(divided) if covered => {
                    let mut felt = divided.coarse.at(&divided.filled, place);
                    match divided.division.kind(divided.division.cell(place)) {
                        Kind::Loose => divided.coarse.add_margins(&divided.filled, place, &mut felt),
                        // The crowd has the pairs with its own points, and those of others are out of reach.
                        Kind::Margin(crowd) | Kind::Core(crowd) => next = self.levels.get(divided.first + crowd),
                    }
                    add(felt);
                }
                _ => add(far.at((self.kernel, coarser.as_ref()), place)),
            }
        }
        (T::from_f64(total.0.max(0.0)), total.1)
    }

    fn on_grid(&self, field: &Field<T, D>, filled: &Filled<T, D>, place: &[T; D]) -> (f64, [T; D]) {
        let mut forces = [[T::ZERO; D]];
        let places = Places::Given(std::slice::from_ref(place));
        let mut weight = field.read_block(filled, (places, false), &mut forces) + filled.constant;
        if let Some(rest) = filled.rest {
            let near = (self.kernel, &filled.lattice, rest);
            weight += field.add_near(near, Queries::Given(place), &mut forces).weight;
        }
        (weight, forces[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    /// Pairs of all levels that a place within the reference comes by, and the nodes of their grids.
    fn work<T: GridScalar, const D: usize>(levels: &ReferenceLevels<T, D>, place: &[T; D]) -> (usize, usize) {
        let (mut pairs, mut nodes) = (0, 0);
        let mut next = levels.levels.first();
        while let Some(Level { inside, .. }) = next.take() {
            match inside {
                Inside::Directly => {}
                Inside::Grid { field, filled } => {
                    nodes += filled.lattice.shape.padded_nodes();
                    if let Some(rest) = filled.rest {
                        let near = (levels.kernel, &filled.lattice, rest);
                        pairs += field.add_near(near, Queries::Given(place), &mut [[T::ZERO; D]]).pairs;
                    }
                }
                Inside::Divided(divided) => {
                    nodes += divided.filled.nodes();
                    pairs += divided.coarse.pairs_at(&divided.filled, place);
                    if let Kind::Margin(crowd) | Kind::Core(crowd) = divided.division.kind(divided.division.cell(place))
                    {
                        next = levels.levels.get(divided.first + crowd);
                    }
                }
            }
        }
        (pairs, nodes)
    }

    #[track_caller]
    fn check<T: GridScalar, const D: usize>() {
        let side = if D == 3 { 20.0 } else { 50.0 };
        let number = |i: usize, c: usize| unit(element_seed(8, c as u64, i as u64));
        let cloud: Vec<[f64; D]> = (0..20_000).map(|i| std::array::from_fn(|c| side * number(i, c))).collect();
        for axes in 1..1 << D {
            for far in [1e3, 1e4, 1e5, -1e6, 1e9] {
                let mut y = cloud.clone();
                y.push(std::array::from_fn(|c| if axes >> c & 1 == 1 { far } else { 0.5 * side }));
                let y: Vec<[T; D]> = y.iter().map(|p| p.map(T::from_f64)).collect();
                let levels = ReferenceLevels::new(&GridParams::default(), Kernel::CAUCHY, &y, Context::new()).unwrap();
                for place in y.iter().step_by(1_999) {
                    let (pairs, nodes) = work(&levels, place);
                    // As if a grid were as wide as the limit and a point of a crowd had to sum a cutoff of it.
                    let what =
                        format!("{D}-D {}, axes {axes:b}, one {far:e} off: {pairs} pairs, {nodes} nodes", T::NAME);
                    assert!(pairs <= 1_000 && nodes <= 2 * GridParams::MAX_PADDED_NODES, "{what}");
                }
            }
        }
    }

    #[test]
    fn few_points_far_from_each_other_have_no_grid() {
        fn nodes<T: GridScalar, const D: usize>(n: usize, side: f64) -> usize {
            let number = |i: usize, c: usize| unit(element_seed(8, c as u64, i as u64));
            let y: Vec<[T; D]> = (0..n).map(|i| std::array::from_fn(|c| T::from_f64(side * number(i, c)))).collect();
            let levels = ReferenceLevels::new(&GridParams::default(), Kernel::CAUCHY, &y, Context::new()).unwrap();
            work(&levels, &y[0]).1
        }
        for side in [1e5, 1e7, 1e12] {
            let of_few = [nodes::<f32, 1>(300, side), nodes::<f64, 2>(300, side), nodes::<f32, 3>(300, side)];
            assert!(of_few.iter().all(|nodes| *nodes <= 300 * NODES_A_POINT), "{side:e}: {of_few:?}");
        }
        // Ordinary ones have theirs, also where they are few.
        let ordinary = [nodes::<f64, 1>(300, 1e3), nodes::<f32, 2>(300, 50.0), nodes::<f64, 3>(300, 20.0)];
        assert!(ordinary.iter().all(|nodes| *nodes > 0), "{ordinary:?}");
    }

    #[test]
    fn new_points_sum_few_pairs_whatever_the_direction_of_outliers() {
        check::<f32, 1>();
        check::<f64, 2>();
        check::<f32, 3>();
    }
}
