//! The font that comes with the program, and how wide texts are in it.
//!
//! Texts are measured before they are placed, with the same outlines that draw them. Kerning, which mostly narrows, is left out.

use std::sync::OnceLock;
use ttf_parser::Face;

/// The name of the font in pictures.
pub(super) const FAMILY: &str = "Inter";

pub(super) const REGULAR: &[u8] = include_bytes!("../../fonts/Inter-Regular.ttf");
pub(super) const BOLD: &[u8] = include_bytes!("../../fonts/Inter-SemiBold.ttf");

/// The weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

fn face(weight: Weight) -> Option<&'static Face<'static>> {
    static FACES: OnceLock<[Option<Face<'static>>; 2]> = OnceLock::new();
    let faces = FACES.get_or_init(|| [REGULAR, BOLD].map(|data| Face::parse(data, 0).ok()));
    faces[usize::from(weight == Weight::Bold)].as_ref()
}

/// Whether the font has all characters of a text; fonts of the system are asked for the others.
#[cfg(any(feature = "plot", test))]
pub(super) fn covers(text: &str) -> bool {
    let has = |c: char| face(Weight::Regular).is_some_and(|face| face.glyph_index(c).is_some());
    text.chars().all(|c| c.is_control() || has(c))
}

/// The width of a text of that size. A character of another font counts as a square.
pub(super) fn width(text: &str, size: f32, weight: Weight) -> f32 {
    let Some(face) = face(weight) else { return size * text.chars().count() as f32 };
    let units = f32::from(face.units_per_em());
    let advance = |c: char| {
        let glyph = face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph));
        glyph.map_or(1.0, |advance| f32::from(advance) / units)
    };
    size * text.chars().map(advance).sum::<f32>()
}

/// As much of a text as fits, with an ellipsis where something is left out.
pub(super) fn fit(text: &str, size: f32, weight: Weight, limit: f32) -> String {
    if width(text, size, weight) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…", size, weight);
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]), size, weight);
        if used > limit {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// As much of both ends of a text as fits, with an ellipsis between them where something is left out.
pub(super) fn fit_ends(text: &str, size: f32, weight: Weight, limit: f32) -> String {
    if width(text, size, weight) <= limit {
        return text.to_owned();
    }
    let room = limit - width("…", size, weight);
    let start = fit(text, size, weight, 0.4 * room + width("…", size, weight));
    let start = start.trim_end_matches('…');
    let mut used = width(start, size, weight);
    let end: Vec<char> = text
        .chars()
        .rev()
        .take_while(|c| {
            used += width(c.encode_utf8(&mut [0; 4]), size, weight);
            used <= room
        })
        .collect();
    start.chars().chain(['…']).chain(end.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_the_letters_of_the_field() {
        assert!(covers("Größe, β-cell, γδ T, CD4⁺, naïve, Łódź, Жизнь, T₁, ≥ 5 µm, −1"));
        assert!(!covers("细胞"));
    }

    #[test]
    fn texts_are_cut_to_their_limit() {
        let text = "a name that is far too long for its column";
        for limit in [10.0, 50.0, 100.0] {
            let cut = fit(text, 9.0, Weight::Regular, limit);
            assert!(width(&cut, 9.0, Weight::Regular) <= limit && cut.ends_with('…'), "{cut}");
        }
        for limit in [10.0, 50.0, 100.0] {
            let cut = fit_ends(text, 9.0, Weight::Regular, limit);
            assert!(width(&cut, 9.0, Weight::Regular) <= limit && cut.contains('…'), "{cut}");
            assert!(limit < 100.0 || (cut.starts_with("a n") && cut.ends_with("column")), "{cut}");
        }
        assert_eq!(fit_ends(text, 9.0, Weight::Bold, 1000.0), text);
        assert_eq!(fit(text, 9.0, Weight::Bold, 1000.0), text);
        assert!(width("WW", 9.0, Weight::Regular) > width("ii", 9.0, Weight::Regular));
    }
}
