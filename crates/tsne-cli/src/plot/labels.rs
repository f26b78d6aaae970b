//! Names of categories on the points, where each is densest, without overlap.

use super::font::{self, Weight};
use super::palette::Color;
use std::collections::HashMap;

/// The size of the letters in points.
const SIZE: f32 = 9.0;

/// The smallest size; what has no place in it has none at all.
const SMALLEST: f32 = 6.0;

/// The side of the squares in points in which points are counted.
const CELL: f32 = 14.0;

/// How far in points a name may be from its place.
const FAR: f32 = 70.0;

/// The most names that a place is looked for: more than a page has room for, few enough that looking is no work.
const MOST: usize = 300;

/// A name that was placed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) color: Color,
    pub(super) code: u32,
    /// Upper left and lower right corner of the text with the space around it.
    pub(super) corners: [[f32; 2]; 2],
    /// The densest place of the category.
    pub(super) anchor: [f32; 2],
    pub(super) size: f32,
}

impl Placed {
    fn meets(&self, [low, high]: [[f32; 2]; 2]) -> bool {
        (0..2).all(|c| self.corners[0][c] < high[c] && low[c] < self.corners[1][c])
    }
}

/// A category with the number of its points and its densest place.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) color: Color,
    pub(super) code: u32,
    pub(super) count: usize,
    pub(super) anchor: [f32; 2],
    /// Whether it is so small that its own name would hide it.
    pub(super) is_small: bool,
}

/// Where the points of a category are densest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dense {
    /// The points of the category.
    pub(super) count: usize,
    pub(super) place: [f32; 2],
    /// Whether most of its points are in one square.
    pub(super) is_small: bool,
}

/// The densest places of codes: in the square with the most points, with half of those in the squares around it, their mean.
pub(super) fn densest(points: impl Iterator<Item = ([f32; 2], u32)> + Clone) -> HashMap<u32, Dense> {
    let cell = |[x, y]: [f32; 2]| [(x / CELL).floor() as i32, (y / CELL).floor() as i32];
    let mut counts: HashMap<(u32, [i32; 2]), (usize, [f64; 2])> = HashMap::new();
    let mut totals: HashMap<u32, usize> = HashMap::new();
    for (at, code) in points {
        let (count, sum) = counts.entry((code, cell(at))).or_default();
        *count += 1;
        *sum = [sum[0] + f64::from(at[0]), sum[1] + f64::from(at[1])];
        *totals.entry(code).or_default() += 1;
    }
    let mut best: HashMap<u32, (usize, [i32; 2], [f32; 2], bool)> = HashMap::new();
    for (&(code, [column, row]), &(count, sum)) in &counts {
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy)));
        let near: usize = around
            .filter(|step| *step != (0, 0))
            .filter_map(|(dx, dy)| counts.get(&(code, [column + dx, row + dy])))
            .map(|(count, _)| count)
            .sum();
        let score = 2 * count + near;
        let anchor = sum.map(|sum| (sum / count as f64) as f32);
        let total = totals.get(&code).copied().unwrap_or(0);
        // Half of it in one square, and nearly all of it around.
        let is_small = 2 * count >= total && 8 * (count + near) > 7 * total;
        let entry = best.entry(code).or_insert((0, [0; 2], [0.0; 2], false));
        // The order of the table is random: ties go to the first square.
        if score > entry.0 || score == entry.0 && [column, row] < entry.1 {
            *entry = (score, [column, row], anchor, is_small);
        }
    }
    let dense = |(code, (_, _, place, is_small))| {
        let count = totals.get(&code).copied().unwrap_or(0);
        (code, Dense { count, place, is_small })
    };
    best.into_iter().map(dense).collect()
}

/// Places names within a rectangle, those of many points first; returns them and the codes of those that found no place.
pub(super) fn place(mut clusters: Vec<Cluster>, corner: [f32; 2], size: [f32; 2]) -> (Vec<Placed>, Vec<u32>) {
    clusters.sort_by(|a, b| b.count.cmp(&a.count).then(a.code.cmp(&b.code)));
    let few = clusters.split_off(clusters.len().min(MOST));
    let anchors: Vec<[f32; 2]> = clusters.iter().map(|cluster| cluster.anchor).collect();
    let size_of_letters = if clusters.len() > 25 { 0.8 * SIZE } else { SIZE };
    let (mut placed, mut without): (Vec<Placed>, Vec<u32>) = (Vec::new(), Vec::new());
    for cluster in clusters {
        let mut letters = size_of_letters;
        let found = loop {
            let open = |anchors: &[[f32; 2]]| free(&cluster, letters, (corner, size), &placed, anchors);
            // A name over the densest place of another category may hide all of it.
            if let Some(corners) = open(&anchors).or_else(|| open(&[])) {
                break Some(Placed {
                    name: cluster.name.clone(),
                    color: cluster.color,
                    code: cluster.code,
                    corners,
                    anchor: cluster.anchor,
                    size: letters,
                });
            }
            letters -= 1.0;
            if letters < SMALLEST {
                break None;
            }
        };
        match found {
            Some(found) => placed.push(found),
            None => without.push(cluster.code),
        }
    }
    without.extend(few.iter().map(|cluster| cluster.code));
    (placed, without)
}

/// The free rectangle for a name that is nearest to its place, without any of the anchors but its own.
fn free(
    cluster: &Cluster,
    letters: f32,
    (corner, size): ([f32; 2], [f32; 2]),
    placed: &[Placed],
    anchors: &[[f32; 2]],
) -> Option<[[f32; 2]; 2]> {
    let extent = [font::width(&cluster.name, letters, Weight::Bold) + 4.0, 1.3 * letters];
    if (0..2).any(|c| extent[c] > size[c]) {
        return None;
    }
    let at = |x: f32, y: f32| {
        let center = [cluster.anchor[0] + x, cluster.anchor[1] + y];
        let low: [f32; 2] =
            std::array::from_fn(|c| (center[c] - 0.5 * extent[c]).clamp(corner[c], corner[c] + size[c] - extent[c]));
        [low, [low[0] + extent[0], low[1] + extent[1]]]
    };
    let steps = (FAR / 3.0) as usize;
    let rings = (0..=steps).flat_map(|ring| {
        let angles = if ring == 0 { 1 } else { 8 + 2 * ring };
        (0..angles).map(move |k| {
            let angle = std::f32::consts::TAU * k as f32 / angles as f32 - std::f32::consts::FRAC_PI_2;
            // Sideways steps are longer, as texts are wide.
            [4.0 * ring as f32 * angle.cos(), 3.0 * ring as f32 * angle.sin()]
        })
    });
    let holds = |[low, high]: [[f32; 2]; 2], at: [f32; 2]| {
        at != cluster.anchor && (0..2).all(|c| low[c] < at[c] && at[c] < high[c])
    };
    let hides_itself = |[low, high]: [[f32; 2]; 2]| {
        let (room, at) = (0.5 * CELL, cluster.anchor);
        cluster.is_small && (0..2).all(|c| low[c] - room < at[c] && at[c] < high[c] + room)
    };
    rings.map(|[x, y]| at(x, y)).find(|corners| {
        !placed.iter().any(|other| other.meets(*corners))
            && !anchors.iter().any(|anchor| holds(*corners, *anchor))
            // Where there is room beside others only on itself, it is there.
            && (anchors.is_empty() || !hides_itself(*corners))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_overlap_and_stay_inside() {
        for (count, length) in [(2, 80), (20, 12), (60, 3), (60, 80), (200, 20), (20_000, 8)] {
            let clusters: Vec<Cluster> = (0..count)
                .map(|i| Cluster {
                    name: "m".repeat(length),
                    color: [0; 3],
                    code: i,
                    count: 10,
                    anchor: [50.0 + (i * 37 % 300) as f32, 40.0 + (i * 53 % 200) as f32],
                    is_small: i % 3 == 0,
                })
                .collect();
            let (placed, without) = place(clusters, [10.0, 10.0], [400.0, 300.0]);
            assert_eq!(placed.len() + without.len(), count as usize);
            assert!(length > 20 || count > 60 || without.is_empty(), "{count} {length} {without:?}");
            for (i, a) in placed.iter().enumerate() {
                assert!(
                    a.corners[0].iter().all(|v| *v >= 10.0) && a.corners[1][0] <= 410.01 && a.corners[1][1] <= 310.01
                );
                assert!(!placed[..i].iter().any(|b| b.meets(a.corners)), "{i}");
            }
        }
    }

    #[test]
    fn a_name_does_not_hide_another_category() {
        // The small one lies where the name of the large one would be nearest to its place.
        let cluster = |code: u32, count, anchor| Cluster {
            name: "monocytes".into(),
            color: [0; 3],
            code,
            count,
            anchor,
            is_small: false,
        };
        let small = [210.0, 151.0];
        let (placed, without) =
            place(vec![cluster(0, 900, [200.0, 150.0]), cluster(1, 9, small)], [0.0; 2], [400.0, 300.0]);
        assert!(without.is_empty() && placed[0].code == 0);
        let [low, high] = placed[0].corners;
        assert!((0..2).any(|c| small[c] <= low[c] || high[c] <= small[c]), "{placed:?}");
        // Nor itself, where it is small.
        let alone = Cluster { is_small: true, ..cluster(0, 13, [200.0, 150.0]) };
        let [low, high] = place(vec![alone], [0.0; 2], [400.0, 300.0]).0[0].corners;
        assert!((0..2).any(|c| 200.0 - 50.0 * c as f32 <= low[c] - 7.0 || high[c] + 7.0 <= 200.0 - 50.0 * c as f32));
        // Where there is no other room, it does.
        let width = font::width("monocytes", SIZE, Weight::Bold) + 5.0;
        let (placed, without) =
            place(vec![cluster(0, 900, [20.0, 6.0]), cluster(1, 9, [24.0, 6.0])], [0.0; 2], [width, 1.4 * SIZE]);
        assert_eq!((placed.len(), without.as_slice()), (1, [1].as_slice()));
    }

    #[test]
    fn the_densest_place_is_where_the_points_are() {
        let points =
            (0..100u32).map(|i| if i < 70 { ([30.0 + (i % 5) as f32, 30.0], 3) } else { ([i as f32 * 9.0, 500.0], 3) });
        let Dense { count, place: [x, y], is_small } = densest(points.clone())[&3];
        assert!(count == 100 && (30.0..35.0).contains(&x) && y == 30.0 && !is_small);
        assert!(densest(points.take(70))[&3].is_small);
    }
}
