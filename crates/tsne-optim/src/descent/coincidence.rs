//! Points that lie on one another are parted.
//!
//! Points that have the same place in the data's structure (the corners of a cube, the leaves of a star) are drawn together by
//! the exaggerated attraction, the difference between them shrinking in each iteration until it is below the spacing of the
//! numbers. From then on their gradients are equal to the last bit: they stay one for ever, though apart they would have a lower
//! divergence. A place where the repulsion has no direction is left by a small step in any; where two points belong together,
//! the attraction brings them back.

use tsne_core::radix::RadixSort;
use tsne_core::random::{element_seed, unit};
use tsne_core::{Result, Scalar, blocks, chunks, memory, morton};

/// Steps from one search for coinciding points to the next. A search takes as long as a tenth of an iteration of 70,000 points, so
/// less than a hundredth of the time at any size; and after the transition of the shortest schedule (step 120 of 300) there are
/// four of them, with 25 steps after the last.
const INTERVAL: usize = 50;

/// How far points are moved, in units of the map's own deviation: a thousand times the spacing of `f32`, and less than can be seen.
const DISTANCE: f64 = 1e-4;

/// What may be all points, in errors.
const COINCIDING: &str = "points that coincide";

/// Of the directions.
const SEED: u64 = 0;

/// Whether coinciding points are looked for after so many steps: in the middle between the numbers at which descents usually end,
/// so that those which belong together have come back by then.
pub(super) const fn is_due(steps: usize) -> bool {
    steps % INTERVAL == INTERVAL / 2
}

/// Memory that is used again.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    keys: Vec<u64>,
    sort: RadixSort,
}

/// Moves all but the first of points that coincide, by their own indices: for any number of threads, the same.
pub(super) fn part<T: Scalar, const D: usize>(y: &mut [[T; D]], memory: &mut Memory) -> Result<()> {
    let Memory { keys, sort } = memory;
    memory::resize("keys of the positions", keys, y.len(), 0)?;
    chunks::for_each(keys, blocks::BLOCK, |b, keys| {
        for (key, i) in keys.iter_mut().zip(blocks::range(b, y.len())) {
            *key = morton::key(hash(&y[i]), i as u32);
        }
    });
    sort.sort(keys)?;
    let (mut twins, mut points) = (Vec::new(), Vec::new());
    for run in keys.chunk_by(|a, b| morton::key_code(*a) == morton::key_code(*b)).filter(|run| run.len() > 1) {
        // All points, at worst.
        points.clear();
        memory::grow(COINCIDING, &mut points, run.len())?;
        points.extend(run.iter().map(|&key| morton::key_index(key)));
        // Hashes may be equal by chance.
        points.sort_unstable_by_key(|&i| (bits(&y[i as usize]), i));
        memory::grow(COINCIDING, &mut twins, run.len())?;
        twins.extend(points.windows(2).filter(|pair| y[pair[0] as usize] == y[pair[1] as usize]).map(|pair| pair[1]));
    }
    if twins.is_empty() {
        return Ok(());
    }
    let deviation = deviation(y);
    for i in twins {
        let point = &mut y[i as usize];
        // Farther out the numbers lie less dense.
        let size = point.iter().fold(deviation, |size, v| size.max(v.to_f64().abs()));
        for c in 0..D {
            let u = unit(element_seed(SEED, c as u64, u64::from(i)));
            // From a half to one, to either side.
            let step = if u < 0.5 { u - 1.0 } else { u };
            point[c] += T::from_f64(DISTANCE * step * if size > 0.0 { size } else { 1.0 });
        }
    }
    Ok(())
}

/// The bits of a position, the same for both zeros.
fn bits<T: Scalar, const D: usize>(point: &[T; D]) -> [u64; D] {
    point.map(|v| (v + T::ZERO).bits())
}

fn hash<T: Scalar, const D: usize>(point: &[T; D]) -> u32 {
    bits(point).iter().fold(0, |hash, &bits| element_seed(hash, 0, bits)) as u32
}

/// The root of the mean square of all coordinates.
fn deviation<T: Scalar, const D: usize>(y: &[[T; D]]) -> f64 {
    let squares = blocks::sum(&mut Vec::new(), y.len(), |range| {
        y[range].as_flattened().iter().map(|v| v.to_f64() * v.to_f64()).sum()
    });
    (squares / (y.len() * D).max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<T: Scalar, const D: usize>(y: &mut [[T; D]]) {
        super::part(y, &mut Memory::default()).unwrap();
    }

    #[test]
    fn all_but_the_first_are_moved_a_little() {
        fn check<T: Scalar, const D: usize>() {
            let n = 5000;
            let at = |i: usize| [T::from_f64(((i * 7) % n) as f64 - 2500.0); D];
            let start: Vec<[T; D]> = (0..n).map(|i| if i % 100 == 3 { at(42) } else { at(i) }).collect();
            let mut y = start.clone();
            part(&mut y);
            let deviation = deviation(&start);
            for i in 0..n {
                // Point 3 is the first of them.
                let moves = i % 100 == 3 && i > 3 || i == 42;
                for c in 0..D {
                    let moved = (y[i][c] - start[i][c]).to_f64().abs();
                    let size = deviation.max(start[i][c].to_f64().abs());
                    // The sum is rounded to the spacing of numbers of that size.
                    let range = (0.5 * DISTANCE - 1e-7) * size..=(DISTANCE + 1e-7) * size;
                    assert!(if moves { range.contains(&moved) } else { moved == 0.0 }, "{i}: {moved:e}");
                }
            }
            // Nothing coincides any more: among so few two do not land on one number of the same spacing.
            let once = y.clone();
            part(&mut y);
            assert!(y == once);
        }
        check::<f32, 2>();
        check::<f32, 3>();
        check::<f64, 1>();
    }

    #[test]
    fn one_place_and_no_place() {
        let mut y = [[0.0f32, -0.0], [-0.0, 0.0], [0.0, 0.0]];
        part(&mut y);
        assert!(y[0] == [0.0; 2] && y[1] != y[0] && y[2] != y[0] && y[1] != y[2]);
        let mut far = vec![[1e30f32]; 3];
        part(&mut far);
        assert!(far[1] != far[0] && far[2] != far[1] && far[2] != far[0]);
        part::<f32, 2>(&mut []);
        part(&mut [[0.5f64; 0]; 3]);
    }

    #[test]
    fn searches_are_apart_from_where_descents_end() {
        let due: Vec<usize> = (0..=500).filter(|&steps| is_due(steps)).collect();
        assert_eq!(due, (0..10).map(|k| 25 + 50 * k).collect::<Vec<_>>());
    }
}
