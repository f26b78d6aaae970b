//! A small typeface: points on a grid of 5 columns, joined by round strokes when drawn.
//!
//! The grid of a glyph has 7 rows above the base line and up to 2 below. Neighboring points are joined; diagonally only
//! where no straight way joins them, so that corners come out round.

use super::raster::{Canvas, Color};

/// Pixels per unit of the typeface in the title.
pub(super) const LARGE: f32 = 3.4;

/// Pixels per unit of the typeface elsewhere.
pub(super) const SMALL: f32 = 2.3;

/// Rows above the base line.
const ASCENT: f32 = 6.0;

/// The thickness of strokes in units of the grid, from looking at the legend at 2 and 3 pixels per unit.
const STROKE: f32 = 0.86;

/// The gap between two glyphs in units of the grid.
const GAP: f32 = 1.7;

/// The width of a blank in units of the grid.
const BLANK: f32 = 2.2;

/// The rows of each glyph from the top, in the order of the codes from `!` to `~`.
const GLYPHS: [&str; 94] = [
    // ! to /
    "# # # # # . #",
    "#.# #.# ... ... ... ... ...",
    ".#.#. .#.#. ##### .#.#. ##### .#.#. .#.#.",
    "..#.. .#### #.#.. .###. ..#.# ####. ..#..",
    "##..# ##..# ...#. ..#.. .#... #..## #..##",
    ".##.. #..#. #.#.. .#... #.#.# #..#. .##.#",
    "# # . . . . .",
    "..# .#. #.. #.. #.. .#. ..#",
    "#.. .#. ..# ..# ..# .#. #..",
    "..... ..#.. #.#.# .###. #.#.# ..#.. .....",
    "..... ..#.. ..#.. ##### ..#.. ..#.. .....",
    ".. .. .. .. .. .# .# #.",
    "..... ..... ..... ####. ..... ..... .....",
    ". . . . . . #",
    "....# ...#. ...#. ..#.. .#... .#... #....",
    // 0 to 9
    ".###. #...# #...# #...# #...# #...# .###.",
    "..#. ##.. ..#. ..#. ..#. ..#. ..#.",
    ".###. #...# ....# ...#. ..#.. .#... #####",
    ".###. #...# ....# ..##. ....# #...# .###.",
    "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "##### #.... ####. ....# ....# #...# .###.",
    "..##. .#... #.... ####. #...# #...# .###.",
    "##### ....# ...#. ...#. ..#.. ..#.. ..#..",
    ".###. #...# #...# .###. #...# #...# .###.",
    ".###. #...# #...# .#### ....# ...#. .##..",
    // : to @
    ". . # . . . #",
    ".. .. .# .. .. .# .# #.",
    "...# ..#. .#.. #... .#.. ..#. ...#",
    "..... ..... ####. ..... ####. ..... .....",
    "#... .#.. ..#. ...# ..#. .#.. #...",
    ".###. #...# ....# ...#. ..#.. ..... ..#..",
    ".###. #...# #.### #.#.# #.### #.... .####",
    // A to Z
    ".###. #...# #...# ##### #...# #...# #...#",
    "####. #...# #...# ####. #...# #...# ####.",
    ".###. #...# #.... #.... #.... #...# .###.",
    "####. #...# #...# #...# #...# #...# ####.",
    "##### #.... #.... ####. #.... #.... #####",
    "##### #.... #.... ####. #.... #.... #....",
    ".###. #...# #.... #.... #..## #...# .####",
    "#...# #...# #...# ##### #...# #...# #...#",
    "# # # # # # #",
    "...# ...# ...# ...# ...# #..# .##.",
    "#...# #..#. #.#.. ##... #.#.. #..#. #...#",
    "#... #... #... #... #... #... ####",
    "#...# ##.## #.#.# #.#.# #...# #...# #...#",
    "#...# ##..# #.#.# #.#.# #..## #...# #...#",
    ".###. #...# #...# #...# #...# #...# .###.",
    "####. #...# #...# ####. #.... #.... #....",
    ".###. #...# #...# #...# #.#.# #..#. .##.#",
    "####. #...# #...# ####. #.#.. #..#. #...#",
    ".###. #...# #.... .###. ....# #...# .###.",
    "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "#...# #...# #...# #...# #...# #...# .###.",
    "#...# #...# #...# .#.#. .#.#. ..#.. ..#..",
    "#...# #...# #...# #.#.# #.#.# #.#.# .#.#.",
    "#...# #...# .#.#. ..#.. .#.#. #...# #...#",
    "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
    "##### ....# ...#. ..#.. .#... #.... #####",
    // [ to `
    "## #. #. #. #. #. ##",
    "#.... .#... .#... ..#.. ...#. ...#. ....#",
    "## .# .# .# .# .# ##",
    "..#.. .#.#. #...# ..... ..... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ####.",
    "#. .# .. .. .. .. ..",
    // a to z
    "..... ..... .###. ....# .#### #...# .####",
    "#.... #.... ####. #...# #...# #...# ####.",
    ".... .... .### #... #... #... .###",
    "....# ....# .#### #...# #...# #...# .####",
    "..... ..... .###. #...# ##### #.... .####",
    "..## .#.. .#.. ###. .#.. .#.. .#..",
    "..... ..... .#### #...# #...# #...# .#### ....# .###.",
    "#.... #.... ####. #...# #...# #...# #...#",
    "# . # # # # #",
    "..# ... ..# ..# ..# ..# ..# ..# ##.",
    "#... #... #..# #.#. ##.. #.#. #..#",
    "#. #. #. #. #. #. .#",
    "..... ..... ####. #.#.# #.#.# #.#.# #.#.#",
    "..... ..... ####. #...# #...# #...# #...#",
    "..... ..... .###. #...# #...# #...# .###.",
    "..... ..... ####. #...# #...# #...# ####. #.... #....",
    "..... ..... .#### #...# #...# #...# .#### ....# ....#",
    "... ... ### #.. #.. #.. #..",
    ".... .... .### #... .##. ...# ###.",
    ".#.. .#.. ###. .#.. .#.. .#.. ..##",
    "..... ..... #...# #...# #...# #...# .####",
    "..... ..... #...# #...# .#.#. .#.#. ..#..",
    "..... ..... #...# #...# #.#.# #.#.# .#.#.",
    "..... ..... #...# .#.#. ..#.. .#.#. #...#",
    "..... ..... #...# #...# #...# #...# .#### ....# .###.",
    ".... .... #### ...# .##. #... ####",
    // { to ~
    "..# .#. .#. #.. .#. .#. ..#",
    "# # # # # # #",
    "#.. .#. .#. ..# .#. .#. #..",
    "..... ..... .#... #.#.# ...#. ..... .....",
];

/// Stands for characters that the typeface does not have.
const UNKNOWN: &str = "##### #...# #...# #...# #...# #...# #####";

/// The glyph of a character; `None` for a blank.
fn glyph(character: char) -> Option<&'static str> {
    match character {
        c if c.is_whitespace() => None,
        // The sign that numbers and words share in labels of many data sets.
        '\u{2212}' | '\u{2013}' | '\u{2014}' => glyph('-'),
        c => Some((c as usize).checked_sub(0x21).and_then(|code| GLYPHS.get(code)).copied().unwrap_or(UNKNOWN)),
    }
}

fn advance(character: char) -> f32 {
    match glyph(character) {
        None => BLANK,
        Some(rows) => {
            let used = |row: &str| row.rfind('#').map_or(0, |column| column + 1);
            rows.split(' ').map(used).max().unwrap_or(0) as f32 - 1.0 + GAP
        }
    }
}

/// The width of a line of text at `unit` pixels per unit of the grid.
pub(super) fn width(text: &str, unit: f32) -> f32 {
    (text.chars().map(advance).sum::<f32>() - GAP).max(0.0) * unit
}

/// The text, cut with two dots where it would be wider than `limit` pixels.
pub(super) fn fit(text: &str, unit: f32, limit: f32) -> String {
    if width(text, unit) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept, unit) + 4.0 * GAP * unit > limit {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept + ".."
}

/// Draws a line of text with its left end at `x` and its base line at `y`.
pub(super) fn draw(canvas: &mut Canvas, text: &str, x: f32, y: f32, unit: f32, color: Color) {
    let mut left = x;
    for character in text.chars() {
        if let Some(rows) = glyph(character) {
            let rows: Vec<&[u8]> = rows.split(' ').map(str::as_bytes).collect();
            draw_glyph(canvas, &rows, left, y - ASCENT * unit, unit, color);
        }
        left += advance(character) * unit;
    }
}

fn draw_glyph(canvas: &mut Canvas, rows: &[&[u8]], left: f32, top: f32, unit: f32, color: Color) {
    let set = |row: usize, column: usize| rows.get(row).and_then(|row| row.get(column)) == Some(&b'#');
    let place = |row: usize, column: usize| [left + column as f32 * unit, top + row as f32 * unit];
    let mut strokes = Vec::new();
    for row in 0..rows.len() {
        for column in 0..5 {
            if !set(row, column) {
                continue;
            }
            let from = place(row, column);
            strokes.push([from, from]);
            let (right, below) = (set(row, column + 1), set(row + 1, column));
            if right {
                strokes.push([from, place(row, column + 1)]);
            }
            if below {
                strokes.push([from, place(row + 1, column)]);
            }
            if !right && !below && set(row + 1, column + 1) {
                strokes.push([from, place(row + 1, column + 1)]);
            }
            if column > 0 && !below && set(row + 1, column - 1) && !set(row, column - 1) {
                strokes.push([from, place(row + 1, column - 1)]);
            }
        }
    }
    canvas.strokes(&strokes, 0.5 * STROKE * unit, color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_fit_their_grid() {
        for (i, rows) in GLYPHS.iter().enumerate() {
            let rows: Vec<&str> = rows.split(' ').collect();
            assert!((7..=9).contains(&rows.len()), "glyph {i}");
            for row in &rows {
                assert!(row.len() <= 5 && row.len() == rows[0].len() || row.len() == 1, "glyph {i}: {row}");
                assert!(row.bytes().all(|b| b == b'#' || b == b'.'), "glyph {i}: {row}");
            }
        }
    }

    #[test]
    fn long_names_are_cut_to_fit() {
        assert_eq!(fit("short", 2.0, 500.0), "short");
        let cut = fit("a very long name of a category", 2.0, 100.0);
        assert!(cut.ends_with("..") && width(&cut, 2.0) <= 100.0, "{cut}");
        assert_eq!(fit("abc", 2.0, 0.0), "..");
    }
}
