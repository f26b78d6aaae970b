/// The empty border of a component in the layout, in parts of its side: a choice of appearance, wide enough to be seen.
const BORDER: f64 = 0.1;

/// The center and the side of the cube of each component, from the numbers of their points: no two cubes meet.
///
/// A cube's volume is the number of points, so that all have the same density, as in a finished map. They are set
/// like words on lines (and lines on pages, for a third axis), largest first, components of equal size in their
/// order; the lines are as long as the side of the cube that would hold all.
pub(super) fn cubes<const D: usize>(sizes: &[usize]) -> Vec<([f64; D], f64)> {
    let mut placed = vec![([0.0; D], 0.0); sizes.len()];
    if D == 0 {
        return placed;
    }
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&c| std::cmp::Reverse(sizes[c]));
    let side = |size: usize| (size as f64).powf(1.0 / D as f64);
    let cell = |size: usize| (1.0 + 2.0 * BORDER) * side(size);
    let volume: f64 = sizes.iter().map(|&s| cell(s).powi(D as i32)).sum();
    let length = volume.powf(1.0 / D as f64).max(order.first().map_or(0.0, |&c| cell(sizes[c])));
    // Where the next cube goes along each axis, and how far the current line, page... reaches along the next axis: as the
    // cubes only get smaller, that is the side of its first.
    let mut cursor = [0.0; D];
    let mut reach = [0.0; D];
    for &c in &order {
        let width = cell(sizes[c]);
        // The last axis has no end. The tolerance lets a cube that fits exactly stay on its line.
        for axis in 0..D - 1 {
            if cursor[axis] > 0.0 && cursor[axis] + width > length * (1.0 + 1e-9) {
                cursor[axis] = 0.0;
                cursor[axis + 1] += reach[axis + 1];
                reach[axis + 1] = 0.0;
            }
        }
        placed[c] = (cursor.map(|v| v + 0.5 * width), side(sizes[c]));
        cursor[0] += width;
        for reach in &mut reach {
            *reach = width.max(*reach);
        }
    }
    placed
}
