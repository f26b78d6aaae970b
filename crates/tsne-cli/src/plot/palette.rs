//! Colors for categories and for numbers.

use super::raster::Color;

/// The color behind everything.
pub(super) const BACKGROUND: Color = [255, 255, 255];

/// The color of titles and names.
pub(super) const INK: Color = [38, 42, 48];

/// The color of the line below the title.
pub(super) const FAINT: Color = [112, 118, 126];

/// The color of points without labels.
pub(super) const PLAIN: Color = [46, 92, 150];

/// The color of fitted points below new ones.
pub(super) const FITTED: Color = [206, 210, 214];

/// Points without a label, beside others that have one.
pub(super) const MISSING: Color = [190, 194, 198];

/// Colors for up to ten categories: hues apart for normal sight, and lightness apart where hues meet for red-green
/// blindness (blue and purple, green and orange, red and brown differ by 15 or more units of CIE lightness).
const FEW: [Color; 10] = [
    [31, 99, 184],
    [240, 138, 36],
    [34, 145, 92],
    [208, 44, 62],
    [137, 88, 196],
    [122, 73, 38],
    [236, 112, 182],
    [96, 104, 112],
    [190, 178, 30],
    [38, 186, 205],
];

/// Stops of the scale for numbers, dark blue to yellow with rising lightness.
pub(crate) const SCALE: [Color; 6] =
    [[38, 30, 92], [62, 73, 155], [40, 126, 158], [42, 172, 132], [142, 205, 82], [246, 222, 58]];

/// The color of category `code` of `count`.
pub(crate) fn category(code: usize, count: usize) -> Color {
    match FEW.get(code) {
        Some(&color) if count <= FEW.len() => color,
        _ => wheel(code, count),
    }
}

/// Evenly spaced hues, in three turns of different lightness, so that neighbors on the wheel differ in both.
fn wheel(code: usize, count: usize) -> Color {
    const TURNS: [(f32, f32); 3] = [(0.86, 0.86), (0.58, 0.95), (0.95, 0.5)];
    let (value, saturation) = TURNS[code % TURNS.len()];
    let hue = 6.0 * code as f32 / count.max(1) as f32;
    // The usual conversion from hue, saturation and value; the channels are a third of the wheel apart.
    let channel = |offset: f32| {
        let place = (hue + offset) % 6.0;
        let gray = place.min(4.0 - place).clamp(0.0, 1.0);
        (255.0 * value * (1.0 - saturation * gray)) as u8
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

/// The color of a number on the scale from 0 to 1.
pub(super) fn scale(position: f64) -> Color {
    // A scale without extent has no positions.
    let position = if position.is_nan() { 0.0 } else { position.clamp(0.0, 1.0) };
    let place = position * (SCALE.len() - 1) as f64;
    let low = (place as usize).min(SCALE.len() - 2);
    let share = place - low as f64;
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share + 0.5) as u8;
    std::array::from_fn(|c| mix(SCALE[low][c], SCALE[low + 1][c]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_told_apart() {
        for count in [2, 10, 11, 20, 40] {
            for a in 0..count {
                for b in 0..a {
                    let difference = |c: usize| i32::from(category(a, count)[c]) - i32::from(category(b, count)[c]);
                    let squared: i32 = (0..3).map(|c| difference(c).pow(2)).sum();
                    // 20 of 255 in one channel is plainly visible side by side.
                    assert!(squared >= 400, "{a} and {b} of {count}");
                }
            }
        }
    }

    #[test]
    fn the_scale_begins_and_ends_at_its_stops() {
        assert_eq!(scale(0.0), SCALE[0]);
        assert_eq!(scale(1.0), SCALE[5]);
        assert_eq!(scale(f64::NAN), SCALE[0]);
    }
}
