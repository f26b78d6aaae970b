//! Orders of points in which the neighbors of a point are near it.

use tsne_core::buckets::Buckets;
use tsne_core::morton::{self, Cube};
use tsne_core::radix::RadixSort;
use tsne_core::random::element_seed;
use tsne_core::{Affinities, Bounds, Result, Scalar, blocks, chunks, memory};

/// Points to a group of [`by_affinities`], on average: with 150 entries to a row, nearly every second point has the seed of a
/// group among its neighbors, and the positions of a group fill 2 KiB.
///
/// One million points in 100 clusters, ms of the attraction: 37, 36, 34 with groups of 64, 256, 1,024.
const POINTS_PER_GROUP: usize = 256;

/// How often groups grow to the neighbors of their points: a bound for long chains of points, graphs of a hundred neighbors end
/// earlier by themselves. What is farther from all seeds comes last.
const MAX_ROUNDS: usize = 16;

/// The strongest ties of a group to others that are looked at. Not tuned: chains are made of the strongest, and all ties between
/// groups would be a sort of millions.
const TIES: usize = 8;

const NO_GROUP: u32 = u32::MAX;

/// Behind the last group of a chain.
const NONE: usize = usize::MAX;

/// The name of what is made here in errors.
const TIES_OF_GROUPS: &str = "ties of groups";

/// Of the choice of the first points of groups, on which no result depends.
const SEED: u64 = 0;

/// The points along a Morton curve through the map `y`.
pub(super) fn by_map<T: Scalar, const D: usize>(y: &[[T; D]]) -> Result<Vec<u32>> {
    let cube = Cube::around(&Bounds::of(y));
    // Each index has its code above it: no two are equal, so that the order does not depend on how they are sorted.
    let mut keys = memory::filled("order of the map", y.len(), 0u64)?;
    chunks::for_each(&mut keys, blocks::BLOCK, |b, keys| {
        for (key, i) in keys.iter_mut().zip(blocks::range(b, y.len())) {
            *key = morton::key(cube.code(&y[i]), i as u32);
        }
    });
    RadixSort::default().sort(&mut keys)?;
    memory::collected("order of the map", keys.into_iter().map(morton::key_index))
}

/// The points by groups of neighbors, and groups beside those that they are tied to most: an order for maps that do not
/// show the structure of the data yet, or never will.
///
/// Groups grow around seeds, each point joining the group of its nearest neighbor that has one; then, from the strongest
/// tie between two groups to the weakest, the chains that they are in are joined (the order of the leaves of single linkage).
pub(super) fn by_affinities<T: Scalar>(p: &Affinities<T>) -> Result<Vec<u32>> {
    let groups = p.n().div_ceil(POINTS_PER_GROUP);
    let group = grow(p, groups)?;
    // Behind the groups: the points of none.
    let members = Buckets::new(groups + 1, || group.iter().zip(0u32..).map(|(&g, i)| ((g as usize).min(groups), i)))?;
    let chain = chain(groups, &ties(p, &group, &members)?)?;
    let mut order = Vec::new();
    memory::reserve("order of the points", &mut order, p.n())?;
    for g in chain.into_iter().chain([groups]) {
        order.extend_from_slice(members.bucket(g));
    }
    Ok(order)
}

/// The group of each point.
fn grow<T: Scalar>(p: &Affinities<T>, groups: usize) -> Result<Vec<u32>> {
    let mut group = memory::filled("groups of points", p.n(), NO_GROUP)?;
    let mut next = memory::filled("groups of points", p.n(), NO_GROUP)?;
    for g in 0..groups {
        // Anywhere in its stretch: data may be periodic.
        let first = g * POINTS_PER_GROUP;
        let length = POINTS_PER_GROUP.min(p.n() - first) as u64;
        group[first + (element_seed(SEED, 0, g as u64) % length) as usize] = g as u32;
    }
    for _ in 0..MAX_ROUNDS {
        next.copy_from_slice(&group);
        chunks::for_each(&mut next, blocks::BLOCK, |b, next| {
            for (r, next) in next.iter_mut().enumerate().filter(|(_, next)| **next == NO_GROUP) {
                let (columns, weights) = p.row(b * blocks::BLOCK + r);
                let mut nearest = -T::ONE;
                for (&column, &weight) in columns.iter().zip(weights) {
                    let candidate = group[column as usize];
                    if candidate != NO_GROUP && weight > nearest {
                        (nearest, *next) = (weight, candidate);
                    }
                }
            }
        });
        if next == group {
            break;
        }
        std::mem::swap(&mut group, &mut next);
    }
    Ok(group)
}

/// A sum of affinities, and the two groups that it ties.
type Tie = (f64, u32, u32);

/// Parts that ties are looked for in: some for each of sixteen processors, and few, since each has an array of all groups.
const PARTS: usize = 64;

/// The strongest ties between groups, strongest first: the sums of the affinities between their points.
fn ties<T: Scalar>(p: &Affinities<T>, group: &[u32], members: &Buckets<u32>) -> Result<Vec<Tie>> {
    let groups = members.len().saturating_sub(1);
    let each = groups.div_ceil(PARTS).max(1);
    let mut ties: Vec<Tie> = memory::filled(TIES_OF_GROUPS, groups * TIES, (0.0, 0, 0))?;
    let mut outcomes = memory::filled(TIES_OF_GROUPS, groups.div_ceil(each), Ok(()))?;
    chunks::for_each2((&mut ties, each * TIES), (&mut outcomes, 1), |part, ties, outcome| {
        outcome.fill_with(|| ties_of_part(p, group, members, part * each, ties));
    });
    outcomes.into_iter().collect::<Result<()>>()?;
    ties.retain(|tie| tie.0 > 0.0);
    ties.sort_unstable_by(stronger_first);
    Ok(ties)
}

/// The ties of the groups from `first` on, to each of which `TIES` places of `out` belong.
fn ties_of_part<T: Scalar>(
    p: &Affinities<T>,
    group: &[u32],
    members: &Buckets<u32>,
    first: usize,
    out: &mut [Tie],
) -> Result<()> {
    let groups = members.len().saturating_sub(1);
    let mut sums = memory::filled(TIES_OF_GROUPS, groups, 0.0f64)?;
    let mut found: Vec<Tie> = Vec::new();
    memory::reserve(TIES_OF_GROUPS, &mut found, groups)?;
    for (g, out) in (first..).zip(out.chunks_exact_mut(TIES)) {
        found.clear();
        for &i in members.bucket(g) {
            let (columns, weights) = p.row(i as usize);
            for (&column, weight) in columns.iter().zip(weights) {
                let other = group[column as usize];
                if other == NO_GROUP || other as usize == g {
                    continue;
                }
                let sum = &mut sums[other as usize];
                // Weights of zero tie nothing.
                if *sum == 0.0 && *weight != T::ZERO {
                    found.push((0.0, g as u32, other));
                }
                *sum += weight.to_f64();
            }
        }
        for tie in &mut found {
            tie.0 = std::mem::take(&mut sums[tie.2 as usize]);
        }
        found.sort_unstable_by(stronger_first);
        out.iter_mut().zip(&found).for_each(|(out, tie)| *out = *tie);
    }
    Ok(())
}

fn stronger_first(a: &Tie, b: &Tie) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
}

/// All groups in an order in which those joined by early ties stand together.
fn chain(groups: usize, ties: &[Tie]) -> Result<Vec<usize>> {
    let all = || memory::collected("chains of groups", 0..groups);
    let mut parent = all()?;
    fn root(parent: &mut [usize], mut g: usize) -> usize {
        while parent[g] != g {
            parent[g] = parent[parent[g]];
            g = parent[g];
        }
        g
    }
    // The last group of each chain, which begins with its root, and the group behind each; behind the last one there is none.
    let (mut last, mut behind) = (all()?, memory::filled("chains of groups", groups, NONE)?);
    let mut lengths = memory::filled("chains of groups", groups, 1usize)?;
    for &(_, a, b) in ties {
        let (a, b) = (root(&mut parent, a as usize), root(&mut parent, b as usize));
        if a != b {
            // The shorter chain comes behind the longer one.
            let (long, short) = if lengths[a] >= lengths[b] { (a, b) } else { (b, a) };
            behind[last[long]] = short;
            last[long] = last[short];
            lengths[long] += lengths[short];
            parent[short] = long;
        }
    }
    let mut order = Vec::new();
    memory::reserve("chains of groups", &mut order, groups)?;
    for start in (0..groups).filter(|&g| parent[g] == g) {
        order.extend(std::iter::successors(Some(start), |&g| Some(behind[g]).filter(|&next| next != NONE)));
    }
    Ok(order)
}

/// Stretches of an order that [`lines_per_entry`] looks at: 2,048 rows in all, which takes 2 ms at 70,000 points, 3 to 7 at 1,000,000.
const STRETCHES: usize = 64;
/// Rows of each: their positions, a few thousand, fill a first cache of 32 KiB.
const ROWS_PER_STRETCH: usize = 32;

/// The cache lines of positions that the attraction reads for an entry when it follows `order`, at most 1, by a sample: what
/// 32 rows one after the other share is read once. `places` is the inverse of `order`.
pub(super) fn lines_per_entry<T: Scalar, const D: usize>(p: &Affinities<T>, order: &[u32], places: &[u32]) -> f64 {
    let points_per_line = (64 / size_of::<[T; D]>().max(1)).max(1) as u32;
    let stretch = |s: usize| s * order.len() / STRETCHES;
    let mut counts = [[0; 2]; STRETCHES];
    chunks::for_each(&mut counts, 1, |s, count| {
        let rows = stretch(s)..stretch(s + 1).min(stretch(s) + ROWS_PER_STRETCH);
        let columns = order[rows].iter().flat_map(|&i| p.row(i as usize).0);
        let mut lines: Vec<u32> = columns.map(|&column| places[column as usize] / points_per_line).collect();
        let entries = lines.len();
        lines.sort_unstable();
        lines.dedup();
        count[0] = [lines.len(), entries];
    });
    let [lines, entries] = counts.iter().fold([0, 0], |sum, count| [sum[0] + count[0], sum[1] + count[1]]);
    lines as f64 / entries.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::AffinityKind;

    /// `n` points in clusters of `size`, point `i` in cluster `i % (n / size)`, with `k` neighbors within it.
    fn clusters(n: usize, size: usize, k: usize) -> Affinities<f32> {
        let count = n / size;
        let mut columns: Vec<u32> = Vec::new();
        for i in 0..n {
            // One neighbor of each of `k` stretches of the cluster: the next one where that is the point itself.
            let member = |j: usize| {
                let (low, high) = (j * size / k, (j + 1) * size / k);
                let drawn = element_seed(9, i as u64, j as u64) as usize % (high - low);
                let at = |drawn: usize| (low + drawn % (high - low)) * count + i % count;
                if at(drawn) == i { at(drawn + 1) } else { at(drawn) }
            };
            columns.extend((0..k).map(|j| member(j) as u32));
        }
        let weights = vec![1.0 / (n * k) as f32; n * k];
        let row_pointers = (0..=n).map(|i| i * k).collect();
        Affinities::from_parts(row_pointers, columns, weights, n, AffinityKind::Joint).unwrap()
    }

    fn places(order: &[u32]) -> Vec<u32> {
        let mut places = vec![u32::MAX; order.len()];
        for (place, &i) in order.iter().enumerate() {
            assert_eq!(std::mem::replace(&mut places[i as usize], place as u32), u32::MAX, "twice: {i}");
        }
        places
    }

    #[test]
    fn clusters_stand_together() {
        let p = clusters(20_000, 2_000, 40);
        let order = by_affinities(&p).unwrap();
        let changes = order.windows(2).filter(|pair| pair[0] % 10 != pair[1] % 10).count();
        // No affinity crosses a cluster, so no group and no chain does.
        assert_eq!(changes, 9);
        // Scattered, hardly two neighbors share a line; together, 32 rows of 40 find their 2,000 points on 250 lines.
        let identity: Vec<u32> = (0..20_000).collect();
        assert!(lines_per_entry::<f32, 2>(&p, &identity, &places(&identity)) > 0.6);
        assert!(lines_per_entry::<f32, 2>(&p, &order, &places(&order)) <= 250.0 / (32.0 * 40.0));
    }

    #[test]
    fn every_point_has_a_place() {
        // Without neighbors, in pairs, and in pairs of which all but one have weights of zero.
        let empty = Affinities::<f64>::from_parts(vec![0; 701], vec![], vec![], 700, AffinityKind::Joint);
        for p in empty.into_iter().chain([
            Affinities::from_parts(
                (0..=700).collect(),
                (0..700).map(|i| i ^ 1).collect(),
                vec![1.0 / 700.0; 700],
                700,
                AffinityKind::Joint,
            )
            .unwrap(),
            Affinities::from_parts(
                (0..=700).collect(),
                (0..700).map(|i| i ^ 1).collect(),
                (0..700).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect(),
                700,
                AffinityKind::Joint,
            )
            .unwrap(),
        ]) {
            assert_eq!(places(&by_affinities(&p).unwrap()).len(), 700);
        }
        for n in [0, 1, 2, 300] {
            let y: Vec<[f32; 3]> = (0..n).map(|i| [(i % 7) as f32, 0.0, -(i as f32)]).collect();
            assert_eq!(places(&by_map(&y).unwrap()).len(), n);
        }
    }

    #[test]
    fn the_curve_stays_near() {
        // A grid of 64 x 64 points: blocks of 16 along the curve are squares of side 4.
        let y: Vec<[f64; 2]> = (0..4096).map(|i| [(i % 64) as f64, (i / 64) as f64]).collect();
        for block in by_map(&y).unwrap().chunks(16) {
            let corner = y[block[0] as usize];
            assert!(block.iter().all(|&i| (0..2).all(|c| (0.0..4.0).contains(&(y[i as usize][c] - corner[c])))));
        }
    }
}
