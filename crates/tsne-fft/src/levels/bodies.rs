//! What a coarse grid is charged with: loose points one by one, crowded ones in lumps.

use crate::layout::bounds::Bounds;
use crate::levels::divide::{Division, Kind};
use crate::scalar::GridScalar;
use tsne_core::buckets::Buckets;
use tsne_core::{Result, memory};

/// Lumps along each axis of a cell, by dimension. The share of the coarse grid in the potential of a crowd falls over three
/// cells, so a lump of a 16th of a cell errs by some 1e-5 of it, half of the second derivative times the variance of
/// its points.
const fn lumps_along<const D: usize>() -> usize {
    match D {
        1 => 64,
        2 => 16,
        _ => 8,
    }
}

/// Points of one place for the coarse grid.
#[derive(Debug, Clone)]
pub(crate) struct Bodies<T, const D: usize> {
    pub(crate) places: Vec<[T; D]>,
    /// How many points each is.
    pub(crate) masses: Vec<T>,
    /// The body of each point.
    pub(crate) body_of: Vec<u32>,
    /// The bodies that are loose points.
    pub(crate) loose: Vec<u32>,
    /// The bodies that are points of margins.
    pub(crate) margins: Vec<u32>,
    /// The points of each crowd.
    pub(crate) crowds: Buckets<u32>,
}

/// The name of what is made here in errors.
const BODIES: &str = "bodies of points";

impl<T: GridScalar, const D: usize> Bodies<T, D> {
    pub(crate) fn of(y: &[[T; D]], bounds: &Bounds<T, D>, division: &Division<T, D>) -> Result<Self> {
        let along = lumps_along::<D>();
        let in_cell = along.pow(D as u32);
        // Cells of so many points that lumps are far fewer.
        let mut lumped = memory::filled(BODIES, division.counts.len(), u32::MAX)?;
        let mut tables = 0;
        let (mut single, mut loose, mut margins) = (0, 0, 0);
        for (cell, table) in lumped.iter_mut().enumerate() {
            let (kind, count) = (division.kind(cell), division.counts[cell] as usize);
            if matches!(kind, Kind::Core(_)) && count > 2 * in_cell {
                *table = tables;
                tables += 1;
                continue;
            }
            single += count;
            match kind {
                Kind::Loose => loose += count,
                Kind::Margin(_) => margins += count,
                Kind::Core(_) => {}
            }
        }
        let all = single + (tables as usize * in_cell).min(y.len());
        let mut lumps = memory::filled("lumps of points", tables as usize * in_cell, u32::MAX)?;
        let mut bodies = Self {
            places: Vec::new(),
            masses: Vec::new(),
            body_of: memory::filled(BODIES, y.len(), 0)?,
            loose: Vec::new(),
            margins: Vec::new(),
            crowds: Buckets::new(0, || [])?,
        };
        memory::reserve(BODIES, &mut bodies.places, all)?;
        memory::reserve(BODIES, &mut bodies.masses, all)?;
        memory::reserve(BODIES, &mut bodies.loose, loose)?;
        memory::reserve(BODIES, &mut bodies.margins, margins)?;
        // Numbers of points and sums of their positions, of lumps only: in single precision, counts would stand still at 2²⁴.
        let mut sums: Vec<(u32, f64, [f64; D])> = Vec::new();
        memory::reserve(BODIES, &mut sums, all - single)?;
        for (i, (point, &cell)) in y.iter().zip(&division.cell_of).enumerate() {
            let kind = division.kind(cell as usize);
            let table = lumped[cell as usize];
            if table != u32::MAX {
                let u = division.coordinates(point);
                let within = (0..D).fold(0, |index, c| {
                    let fine = (u[c] * T::from_i32(along as i32)).to_i32().max(0) as usize;
                    index * along + fine % along
                });
                let lump = &mut lumps[table as usize * in_cell + within];
                if *lump == u32::MAX {
                    *lump = sums.len() as u32;
                    sums.push((bodies.places.len() as u32, 0.0, [0.0; D]));
                    bodies.places.push(*point);
                    bodies.masses.push(T::ZERO);
                }
                let (body, count, sum) = &mut sums[*lump as usize];
                for c in 0..D {
                    sum[c] += point[c].to_f64() - bounds.low[c].to_f64();
                }
                *count += 1.0;
                bodies.body_of[i] = *body;
            } else {
                let body = bodies.places.len() as u32;
                match kind {
                    Kind::Loose => bodies.loose.push(body),
                    Kind::Margin(_) => bodies.margins.push(body),
                    Kind::Core(_) => {}
                }
                bodies.places.push(*point);
                bodies.masses.push(T::ONE);
                bodies.body_of[i] = body;
            }
        }
        for (body, count, sum) in sums {
            bodies.masses[body as usize] = T::from_f64(count);
            let place = &mut bodies.places[body as usize];
            for c in 0..D {
                // Rounding must not push a lump out of the map.
                let middle = T::from_f64(bounds.low[c].to_f64() + sum[c] / count);
                place[c] = middle.max(bounds.low[c]).min(bounds.high[c]);
            }
        }
        bodies.crowds = Buckets::new(division.crowds, || {
            division.cell_of.iter().zip(0u32..).filter_map(|(&cell, i)| match division.kind(cell as usize) {
                Kind::Loose => None,
                Kind::Margin(crowd) | Kind::Core(crowd) => Some((crowd, i)),
            })
        })?;
        Ok(bodies)
    }

    /// The places of some bodies.
    pub(crate) fn places_of(&self, bodies: &[u32]) -> Result<Vec<[T; D]>> {
        let mut places = Vec::new();
        memory::reserve("places of points", &mut places, bodies.len())?;
        places.extend(bodies.iter().map(|&body| self.places[body as usize]));
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::divide::Terms;
    use crate::spline::split::Sharpness;
    use tsne_core::Kernel;
    use tsne_core::random::{element_seed, unit};

    #[test]
    fn bodies_hold_every_point_once_and_crowds_are_lumped() {
        let number = |i: usize, c: u64| unit(element_seed(2, c, i as u64));
        let mut y: Vec<[f64; 2]> = (0..30_000).map(|i| [0, 1].map(|c| 50.0 * number(i, c))).collect();
        (y[7], y[20_000]) = ([1e6, 1e6], [-1e6, 3e5]);
        let (bounds, _) = Bounds::of(&y, &mut Vec::new());
        let sharpness = Sharpness::DEFAULT;
        let terms = Terms { kernel: Kernel::CAUCHY, sharpness, least_spacing: 0.7, cost: f64::INFINITY };
        let division = Division::of(&y, &bounds, terms).unwrap().unwrap();
        let bodies = Bodies::of(&y, &bounds, &division).unwrap();
        assert_eq!(bodies.masses.iter().sum::<f64>(), 30_000.0);
        // The crowd is far smaller than a lump.
        assert!(bodies.places.len() <= 6 && bodies.loose.len() == 2 && bodies.margins.is_empty());
        assert_eq!((bodies.crowds.len(), bodies.crowds.values().len()), (1, 29_998));
        for (point, &body) in y.iter().zip(&bodies.body_of) {
            let place = bodies.places[body as usize];
            let part = division.side / 16.0;
            assert!((0..2).all(|c| (place[c] - point[c]).abs() <= part), "{point:?} in {place:?}");
        }
    }
}
