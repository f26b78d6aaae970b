//! How dense a map is where its points are.

use crate::choose::fine::{FINEST, FineCounts};
use crate::layout::bounds::Bounds;
use crate::scalar::GridScalar;
use tsne_core::{Result, memory};

/// Points that are looked at: their pairs tell the density within some 2 %.
const SAMPLE: usize = 4096;

/// Cells along the longest side, by dimension: some 4,096 in all, whose side (4 units on a map of 70,000 points) is that of
/// the cutoffs among which the density decides.
const fn cells<const D: usize>() -> usize {
    match D {
        1 => 4096,
        2 => 64,
        _ => 32,
    }
}

/// Scales that are told apart by counting in cells, each twice the one before.
const SCALES: usize = 4;

/// Cells of the first scale stand for half of their side too. Smaller sides than that, which only maps of an extent of some 800
/// and more ask for, are worth a second count: without it one point far out hides how the others crowd.
const HALVINGS_WITHOUT_COUNT: f64 = 1.0;

/// Where points share the finest cells of the table as if there were fewer than this, borders that cut a crowd matter: ordinary
/// maps fill hundreds.
const FEW_CELLS: f64 = 64.0;

/// What borders hide of a density that is not worth a second look: one that cuts a crowd into halves.
const HIDDEN: f64 = 2.0;

/// The name of what is counted here in errors.
const COUNTS: &str = "counts of the points in cells";

/// How many points crowd around a point of a map.
///
/// Clusters are dense on small scales and end on large ones, so this is asked for a volume.
pub(crate) trait Densities {
    /// What is in cubes of about the given side.
    fn at(&mut self, side: f64) -> Density;
}

/// The mean number of other points in the cube of a point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Density {
    side: f64,
    points: f64,
}

impl Density {
    /// The number that cubes of another side hold at the same density.
    pub(crate) fn in_cube<const D: usize>(&self, side: f64) -> f64 {
        self.points * (side / self.side).powi(D as i32)
    }
}

/// Counts, kept from call to call for their memory only.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    counts: Vec<u32>,
    codes: Vec<u64>,
}

/// The densities of a map, counted when they are first asked for.
pub(crate) struct Counted<'a, T, const D: usize> {
    y: &'a [[T; D]],
    bounds: &'a Bounds<T, D>,
    buffers: &'a mut Buffers,
    coarse: Option<[f64; SCALES]>,
    fine: Option<FineCounts>,
}

impl<'a, T: GridScalar, const D: usize> Counted<'a, T, D> {
    /// Makes room for all counts, since those who ask later expect an answer.
    pub(crate) fn new(y: &'a [[T; D]], bounds: &'a Bounds<T, D>, buffers: &'a mut Buffers) -> Result<Self> {
        buffers.counts.clear();
        buffers.codes.clear();
        memory::reserve(COUNTS, &mut buffers.counts, cells::<D>().pow(D as u32))?;
        memory::reserve(COUNTS, &mut buffers.codes, SAMPLE.min(y.len()))?;
        Ok(Self { y, bounds, buffers, coarse: None, fine: None })
    }

    /// One point of so many is looked at.
    fn step(&self) -> usize {
        self.y.len().div_ceil(SAMPLE).max(1)
    }

    /// Counts a sample of points in the cells of a cube around the map, then in cells of twice the side, and so on.
    fn count(&mut self) -> [f64; SCALES] {
        let step = self.step();
        let counts = &mut self.buffers.counts;
        let mut cells = cells::<D>();
        counts.clear();
        counts.resize(cells.pow(D as u32), 0);
        let inverse = T::from_f64(1.0 / (self.bounds.extent() / cells as f64));
        for point in self.y.iter().step_by(step) {
            let cell = (0..D).fold(0, |index, c| {
                let at = ((point[c] - self.bounds.low[c]) * inverse).to_i32().max(0) as usize;
                index * cells + at.min(cells - 1)
            });
            counts[cell] += 1;
        }
        let sampled = self.y.len().div_ceil(step) as f64;
        let mut values = [0.0; SCALES];
        for value in &mut values {
            let used = &counts[..cells.pow(D as u32)];
            let pairs: f64 = used.iter().map(|&count| f64::from(count) * (f64::from(count) - 1.0)).sum();
            *value = pairs / sampled * step as f64;
            // In place: a coarser cell never stands behind the finer ones that it holds.
            for i in 0..cells.pow(D as u32) {
                let (mut rest, mut coarser, mut stride) = (i, 0, 1);
                for _ in 0..D {
                    coarser += rest % cells / 2 * stride;
                    rest /= cells;
                    stride *= cells / 2;
                }
                let count = std::mem::take(&mut counts[i]);
                counts[coarser] += count;
            }
            cells /= 2;
        }
        values
    }

    /// By the codes of a sample of points, for cells of any size.
    fn fine(&mut self, side: f64) -> Density {
        let step = self.step();
        let fine = match self.fine {
            Some(fine) => fine,
            None => {
                let sample = self.y.iter().step_by(step);
                *self.fine.insert(FineCounts::of(sample, self.bounds, &mut self.buffers.codes))
            }
        };
        let extent = self.bounds.extent();
        let halvings = ((extent / side).log2().round().max(0.0) as usize).min(FINEST);
        Density { side: extent * (-(halvings as f64)).exp2(), points: fine.others(halvings) * step as f64 }
    }
}

impl<T: GridScalar, const D: usize> Densities for Counted<'_, T, D> {
    fn at(&mut self, side: f64) -> Density {
        let first = self.bounds.extent() / cells::<D>() as f64;
        let scale = (side / first).log2().round();
        if scale < -HALVINGS_WITHOUT_COUNT {
            return self.fine(side);
        }
        let values = match self.coarse {
            Some(values) => values,
            None => {
                let values = self.count();
                *self.coarse.insert(values)
            }
        };
        let scale = (scale.max(0.0) as usize).min(SCALES - 1);
        let density = Density { side: first * (1 << scale) as f64, points: values[scale] };
        if values[0] * FEW_CELLS > self.y.len() as f64 {
            let fine = self.fine(density.side);
            if fine.points > HIDDEN * density.points {
                return fine;
            }
        }
        density
    }
}

/// The same density on every scale.
#[cfg(test)]
pub(crate) struct Uniform(pub(crate) f64);

#[cfg(test)]
impl Densities for Uniform {
    fn at(&mut self, _: f64) -> Density {
        Density { side: 1.0, points: self.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    fn number(i: usize, c: usize) -> f64 {
        unit(element_seed(3, c as u64, i as u64))
    }

    /// Points to a unit of volume, by the side of the volume.
    fn densities<const D: usize>(y: &[[f64; D]], sides: &[f64]) -> Vec<f64> {
        let (bounds, _) = Bounds::of(y, &mut Vec::new());
        let mut buffers = Buffers::default();
        let mut counted = Counted::new(y, &bounds, &mut buffers).unwrap();
        sides.iter().map(|&side| counted.at(side).in_cube::<D>(1.0)).collect()
    }

    #[test]
    fn density_of_a_uniform_map_is_its_density() {
        for n in [3_000, 50_000] {
            let y: Vec<[f64; 2]> = (0..n).map(|i| [100.0 * number(i, 0), 100.0 * number(i, 1)]).collect();
            // Some m² / 4096 ordered pairs share a cell for m points that are looked at, 2,200 at the least: a standard
            // deviation of 1/√1100, 3 %; more on larger scales.
            for given in densities(&y, &[1.0, 3.0, 7.0, 12.0, 90.0]) {
                let ratio = given / (n as f64 * 1e-4);
                assert!((ratio - 1.0).abs() < 0.12, "{n} points: {ratio}");
            }
        }
    }

    #[test]
    fn clusters_are_dense_on_small_scales_only() {
        // 100 clusters of side 1 on a map of side 256.
        let y: Vec<[f64; 3]> =
            (0..20_000).map(|i| [0, 1, 2].map(|c| (255.0 * number(i % 100, 13 + c)).floor() + number(i, c))).collect();
        // Nearly all pairs of a cell are of one cluster: twice the side, an eighth of the density.
        let [fine, coarse] = densities(&y, &[8.0, 16.0])[..] else { panic!() };
        assert!((6.0..=8.0).contains(&(fine / coarse)), "{fine}, {coarse}");
    }

    /// However far one point is: the density of all others on the scales that grids have.
    #[test]
    fn outliers_do_not_hide_how_dense_the_others_are() {
        fn check<const D: usize>(side: f64) {
            let n = 20_000;
            for axis in 0..=D {
                for far in [1e3, 1e4, 1e5, 1e6] {
                    let mut y: Vec<[f64; D]> = (0..n).map(|i| std::array::from_fn(|c| side * number(i, c))).collect();
                    for c in 0..D {
                        if c == axis || axis == D {
                            y[7][c] = -far;
                        }
                    }
                    // Cells are cut by the border of the crowd, and understate by no more than half along each axis.
                    let fine = densities(&y, &[0.2 * side])[0];
                    let ratio = fine / (n as f64 / side.powi(D as i32));
                    assert!((0.5f64.powi(D as i32)..1.2).contains(&ratio), "{D}-D, axis {axis}, {far}: {ratio}");
                    if far == 1e6 {
                        // All of them in one cell.
                        let coarse = densities(&y, &[0.002 * far])[0];
                        assert!(coarse < fine * 0.1f64.powi(D as i32), "{D}-D, axis {axis}: {coarse}, {fine}");
                    }
                }
            }
        }
        check::<1>(50.0);
        check::<2>(50.0);
        check::<3>(20.0);
    }

    /// In the middle of the map: on a border of cells of every size.
    #[test]
    fn borders_of_cells_hide_no_crowd() {
        fn check<const D: usize>() {
            let mut y: Vec<[f64; D]> = (0..9_000).map(|i| std::array::from_fn(|c| number(i, c) - 0.5)).collect();
            y.extend([[-1e5; D], [1e5; D]]);
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let mut buffers = Buffers::default();
            let mut counted = Counted::new(&y, &bounds, &mut buffers).unwrap();
            for side in [1e2, 1e3, 1e4, 2e4, 5e4] {
                let points = counted.at(side).points;
                assert!(points > 0.49 * y.len() as f64, "{D}-D, {side}: {points}");
            }
        }
        check::<1>();
        check::<2>();
        check::<3>();
    }
}
