//! Marked cells of a lattice: what is near them, and which of them touch.
//!
//! A lattice of some hundred thousand cells is looked at in each call where a division may pay, by one thread: so that marks are
//! spread along lines and planes, whole lines at a time, and components are joined run by run and not cell by cell.

use tsne_core::{Result, memory};

/// The name of what is made here in errors.
const MARKS: &str = "marks of cells";

/// Cells along the axes; where there are fewer than three, the first are of one cell.
pub(super) type Axes = [usize; 3];

/// Where a cell is.
pub(super) const fn place(cell: usize, [_, b, c]: Axes) -> [usize; 3] {
    [cell / (b * c), cell / c % b, cell % c]
}

/// All cells of which a marked one is at most `reach` away along each axis.
pub(super) fn dilated(marked: &[bool], axes: Axes, reach: usize) -> Result<Vec<bool>> {
    // How many more cells the last mark reaches. In one byte, for vectors.
    let reach = reach.min(usize::from(u8::MAX) - 1) as u8 + 1;
    let mut marks = memory::copied(MARKS, marked)?;
    let (mut original, mut left) = (Vec::new(), Vec::new());
    let mut stride = 1;
    for length in axes.into_iter().rev() {
        if length > 1 {
            // Along this axis cells are `stride` apart: as many lines are side by side.
            for block in marks.chunks_exact_mut(length * stride) {
                memory::copy_into(MARKS, &mut original, block)?;
                left.clear();
                memory::resize(MARKS, &mut left, stride, 0u8)?;
                let rows = || (0..length).map(|at| at * stride..(at + 1) * stride);
                for row in rows() {
                    spread(&original[row.clone()], &mut block[row], &mut left, reach);
                }
                left.fill(0);
                for row in rows().rev() {
                    spread(&original[row.clone()], &mut block[row], &mut left, reach);
                }
            }
        }
        stride *= length;
    }
    Ok(marks)
}

/// Goes on by one cell along lines that are side by side.
fn spread(original: &[bool], marks: &mut [bool], left: &mut [u8], reach: u8) {
    for ((&original, mark), left) in original.iter().zip(marks).zip(left) {
        *left = if original { reach } else { left.saturating_sub(1) };
        *mark |= *left > 0;
    }
}

/// Marked cells beside one another on a line along the last axis.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
}

/// Numbers, from 1 on and in the order of their first cells, the sets of marked cells that touch, by a side or by a corner; 0
/// elsewhere.
pub(super) fn components(marked: &[bool], axes: Axes) -> Result<Vec<u32>> {
    let [planes, lines, length] = axes;
    let mut runs: Vec<Run> = Vec::new();
    // Of each line, and behind the last one the number of all.
    let mut first_run = Vec::new();
    memory::reserve(MARKS, &mut first_run, planes * lines + 1)?;
    first_run.push(0);
    for line in marked.chunks_exact(length.max(1)) {
        let mut at = 0;
        while let Some(start) = line[at..].iter().position(|mark| *mark).map(|gap| at + gap) {
            at = line[start..].iter().position(|mark| !mark).map_or(length, |run| start + run);
            memory::grow(MARKS, &mut runs, 1)?;
            runs.push(Run { start, end: at });
        }
        first_run.push(runs.len());
    }
    let mut parent = memory::collected(MARKS, 0..runs.len())?;
    for plane in 0..planes {
        for line in 0..lines {
            let own = plane * lines + line;
            // Lines that come earlier: of this plane the one before, of the plane before three.
            let before = (line > 0).then(|| own - 1);
            let across = (plane > 0).then(|| line.saturating_sub(1)..(line + 2).min(lines));
            let across = across.into_iter().flatten().map(|other| (plane - 1) * lines + other);
            for other in before.into_iter().chain(across) {
                join(&runs, first_run[own]..first_run[own + 1], first_run[other]..first_run[other + 1], &mut parent);
            }
        }
    }
    let mut labels = memory::filled(MARKS, marked.len(), 0u32)?;
    let mut numbers = memory::filled(MARKS, runs.len(), 0u32)?;
    let mut count = 0;
    for (line, ends) in first_run.windows(2).enumerate() {
        for run in ends[0]..ends[1] {
            // A root is the earliest of its component.
            let root = root(&mut parent, run);
            if root == run {
                count += 1;
                numbers[run] = count;
            }
            let Run { start, end } = runs[run];
            labels[line * length + start..line * length + end].fill(numbers[root]);
        }
    }
    Ok(labels)
}

/// Joins the runs of one line with those of a neighboring one that they touch.
fn join(runs: &[Run], own: std::ops::Range<usize>, other: std::ops::Range<usize>, parent: &mut [usize]) {
    let mut first = other.start;
    for run in own {
        while first < other.end && runs[first].end < runs[run].start {
            first += 1;
        }
        let mut next = first;
        while next < other.end && runs[next].start <= runs[run].end {
            let (a, b) = (root(parent, run), root(parent, next));
            parent[a.max(b)] = a.min(b);
            next += 1;
        }
    }
}

fn root(parent: &mut [usize], mut run: usize) -> usize {
    while parent[run] != run {
        parent[run] = parent[parent[run]];
        run = parent[run];
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use tsne_core::random::{element_seed, unit};

    fn lattices() -> impl Iterator<Item = (Vec<bool>, Axes)> {
        let marked = |axes: Axes, seed: u64, share: f64| -> Vec<bool> {
            (0..axes.iter().product::<usize>() as u64).map(|i| unit(element_seed(seed, 0, i)) < share).collect()
        };
        let all = [[1, 1, 90], [1, 12, 17], [1, 17, 12], [7, 9, 8], [1, 1, 1], [5, 1, 30], [9, 8, 1]];
        all.into_iter().flat_map(move |axes| {
            [0.0, 0.02, 0.1, 0.3, 0.6, 1.0]
                .into_iter()
                .zip(1..)
                .map(move |(share, seed)| (marked(axes, seed, share), axes))
        })
    }

    fn distance(a: usize, b: usize, axes: Axes) -> usize {
        let (a, b) = (place(a, axes), place(b, axes));
        (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap()
    }

    #[test]
    fn marks_spread_as_far_as_they_reach() {
        for (marked, axes) in lattices() {
            for reach in [0, 1, 2, 5] {
                let dilated = dilated(&marked, axes, reach).unwrap();
                for (cell, &mark) in dilated.iter().enumerate() {
                    let near = (0..marked.len()).any(|other| marked[other] && distance(cell, other, axes) <= reach);
                    assert_eq!(mark, near, "cell {cell} of {axes:?}, reach {reach}");
                }
            }
        }
    }

    /// By the oracle: labels go from cell to cell until none changes.
    #[test]
    fn cells_that_touch_by_a_corner_are_one_component() {
        for (marked, axes) in lattices() {
            let mut least: Vec<usize> = (0..marked.len()).collect();
            loop {
                let before = least.clone();
                for a in 0..marked.len() {
                    for b in 0..marked.len() {
                        if marked[a] && marked[b] && distance(a, b, axes) <= 1 {
                            least[a] = least[a].min(least[b]);
                        }
                    }
                }
                if least == before {
                    break;
                }
            }
            let firsts: Vec<usize> = (0..marked.len()).filter(|&cell| marked[cell] && least[cell] == cell).collect();
            let expected: Vec<u32> = (0..marked.len())
                .map(|cell| {
                    firsts.iter().position(|&first| marked[cell] && first == least[cell]).map_or(0, |at| at as u32 + 1)
                })
                .collect();
            assert_eq!(components(&marked, axes).unwrap(), expected, "{axes:?}");
        }
    }
}
