//! Points as they are felt from outside of their box.

use crate::layout::bounds::Bounds;
use crate::pairs::all::{AllPairs, LANES};
use crate::pairs::share::{PairShare, ShareVisitor, visit_share};
use crate::scalar::GridScalar;
use crate::spline::split::Smoothed;
use tsne_core::{Kernel, Result, memory};

/// Up to this number of points all are summed directly, some 4 µs for each place.
const DIRECT_UP_TO: usize = 16_384;

/// Cells that are told apart at the most: a table of 16 MiB.
const MAX_CELLS: f64 = (1 << 22) as f64;

/// Lumps along the side of the box that tells how far away places are, by dimension.
///
/// Who asks is at least an eighth of the side away, which is 512, 8 and 3 lumps. A lump errs by its variance, a twelfth of
/// its squared side along each axis, times half the second derivative of the kernel: at 8 lumps, for `dof` 1 in two dimensions,
/// by 0.3 %, at 3 lumps in three dimensions by 2 %, and all of them together by a tenth of that.
const fn lumps_along<const D: usize>() -> usize {
    match D {
        1 => 4096,
        2 => 64,
        _ => 24,
    }
}

/// All points of a box, or lumps of them if they are many: what a place outside costs is bounded.
#[derive(Debug)]
pub(crate) struct Far<T, const D: usize> {
    points: AllPairs<T, D>,
    lumps: Lumps<D>,
}

#[derive(Debug)]
struct Lumps<const D: usize> {
    /// As many as fill whole steps of the inner loop; those beyond the last have no mass.
    columns: [Vec<f64>; D],
    masses: Vec<f64>,
}

impl<T: GridScalar, const D: usize> Far<T, D> {
    /// The points `y` within `bounds`, for places that are an eighth of `side` or more away from that box.
    pub(crate) fn of(y: &[[T; D]], bounds: &Bounds<T, D>, side: f64) -> Result<Self> {
        Self::with_limit(y, bounds, side, DIRECT_UP_TO)
    }

    fn with_limit(y: &[[T; D]], bounds: &Bounds<T, D>, side: f64, direct_up_to: usize) -> Result<Self> {
        let mut points = AllPairs::default();
        let mut lumps = Lumps { columns: std::array::from_fn(|_| Vec::new()), masses: Vec::new() };
        let side = (side / lumps_along::<D>() as f64).max(f64::MIN_POSITIVE);
        let lengths: [f64; D] = std::array::from_fn(|c| (bounds.high[c].to_f64() - bounds.low[c].to_f64()) / side);
        // Beyond the limit there are hardly fewer lumps than points.
        let cells = lengths.iter().map(|length| length + 1.0).product::<f64>();
        if y.len() <= direct_up_to || cells > MAX_CELLS {
            points.assign(y)?;
            return Ok(Self { points, lumps });
        }
        // A side of a whole number of lumps may round to a little more.
        let along = lengths.map(|length| ((length - 1e-9).ceil() as usize).max(1));
        let mut lump_of = memory::filled("lumps of points", along.iter().product(), u32::MAX)?;
        let mut sums: Vec<(f64, [f64; D])> = Vec::new();
        for point in y {
            let from_low: [f64; D] = std::array::from_fn(|c| point[c].to_f64() - bounds.low[c].to_f64());
            let cell = from_low
                .iter()
                .zip(along)
                .fold(0, |index, (u, along)| index * along + ((u / side) as usize).min(along - 1));
            if lump_of[cell] == u32::MAX {
                lump_of[cell] = sums.len() as u32;
                sums.push((0.0, [0.0; D]));
            }
            let (mass, sum) = &mut sums[lump_of[cell] as usize];
            *mass += 1.0;
            for c in 0..D {
                sum[c] += from_low[c];
            }
        }
        let padded = sums.len().next_multiple_of(LANES);
        lumps.masses = memory::filled("lumps of points", padded, 0.0)?;
        for (c, column) in lumps.columns.iter_mut().enumerate() {
            *column = memory::filled("lumps of points", padded, bounds.low[c].to_f64())?;
            for (place, (mass, sum)) in column.iter_mut().zip(&sums) {
                *place = bounds.low[c].to_f64() + sum[c] / mass;
            }
        }
        for (lump, (mass, _)) in lumps.masses.iter_mut().zip(&sums) {
            *lump = *mass;
        }
        Ok(Self { points, lumps })
    }

    /// The sum of weights and the force at a place: of all of the kernel, or of what a coarser grid leaves of it.
    pub(crate) fn at(&self, (kernel, coarser): (Kernel, Option<&Smoothed>), place: &[T; D]) -> (f64, [T; D]) {
        if self.lumps.masses.is_empty() {
            let (weight, force) = self.points.query((kernel, coarser.map(Smoothed::rest)), place);
            return (weight.to_f64(), force);
        }
        let place = place.map(|v| v.to_f64());
        let (weight, force) = visit_share(kernel, coarser.map(Smoothed::rest), Sum { lumps: &self.lumps, place });
        (weight, force.map(T::from_f64))
    }
}

/// In double precision whatever the scalar, and for the baseline of the target: rare, and not worth instances of its own.
struct Sum<'a, const D: usize> {
    lumps: &'a Lumps<D>,
    place: [f64; D],
}

impl<const D: usize> ShareVisitor<f64> for Sum<'_, D> {
    type Output = (f64, [f64; D]);

    fn visit<P: PairShare<f64>>(self, share: P) -> (f64, [f64; D]) {
        let Sum { lumps, place } = self;
        let mut weights = [0.0; LANES];
        let mut forces = [[0.0; LANES]; D];
        let columns = lumps.columns.each_ref().map(|column| column.as_chunks::<LANES>().0);
        for (step, masses) in lumps.masses.as_chunks::<LANES>().0.iter().enumerate() {
            let mut difference = [[0.0; LANES]; D];
            let mut d2 = [0.0; LANES];
            for c in 0..D {
                for l in 0..LANES {
                    difference[c][l] = place[c] - columns[c][step][l];
                    d2[l] += difference[c][l] * difference[c][l];
                }
            }
            for l in 0..LANES {
                let (weight, force) = share.of(d2[l]);
                weights[l] += weight * masses[l];
                for c in 0..D {
                    forces[c][l] += force * masses[l] * difference[c][l];
                }
            }
        }
        (weights.iter().sum(), forces.map(|lanes| lanes.iter().sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    #[track_caller]
    fn check<const D: usize>(bound: f64) {
        let y: Vec<[f64; D]> =
            (0..20_000).map(|i| std::array::from_fn(|c| 40.0 * unit(element_seed(6, c as u64, i)))).collect();
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let (lumps, exact) = (
            Far::of(&y, &bounds, bounds.extent()).unwrap(),
            Far::with_limit(&y, &bounds, bounds.extent(), y.len()).unwrap(),
        );
        assert!(exact.lumps.masses.is_empty());
        // As many as fit on the lattice, all mass among them.
        assert!(lumps.lumps.masses.len() < lumps_along::<D>().pow(D as u32) + LANES);
        assert_eq!(lumps.lumps.masses.iter().sum::<f64>(), 20_000.0);
        for dof in [0.5, 1.0, 0.8] {
            let kernel = Kernel::new(dof).unwrap();
            for i in 0..50 {
                // From the border of what the grid of a reference covers outwards.
                let mut place: [f64; D] = std::array::from_fn(|c| 40.0 * unit(element_seed(7, c as u64, i)));
                place[i as usize % D] = 45.0 + 5.0 * i as f64;
                let (given, exact) = (lumps.at((kernel, None), &place), exact.at((kernel, None), &place));
                assert!((given.0 / exact.0 - 1.0).abs() < bound, "{D}-D, {place:?}: {} for {}", given.0, exact.0);
                let size = exact.1.iter().map(|f| f * f).sum::<f64>().sqrt();
                assert!((0..D).all(|c| (given.1[c] - exact.1[c]).abs() < 3.0 * bound * size), "{D}-D, {place:?}");
            }
        }
    }

    #[test]
    fn lumps_are_felt_like_their_points_from_outside() {
        check::<1>(1e-6);
        check::<2>(5e-4);
        check::<3>(3e-3);
    }
}
