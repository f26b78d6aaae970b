//! Colors for categories and for numbers, told apart with normal sight and without one of the three kinds of cones.
//!
//! The first eight categories are those of Okabe and Ito (2008), with a dark gray for their black, which would vanish on dark
//! backgrounds. Each of the others was the color farthest from all before it, in CIE Lab and under the simulations of Machado et al.
//! (2009) at once: so few categories are far apart, and many as far as 64 can be. A test computes the distances.

/// A color by its sRGB values.
pub(crate) type Color = [u8; 3];

/// How colors are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Palette {
    /// Okabe-Ito for categories, viridis for numbers.
    #[default]
    Auto,
    /// Dark violet over green to yellow.
    Viridis,
    /// Blue over gray to yellow: the same for the red-green blind.
    Cividis,
    /// Black over red to light yellow.
    Magma,
    /// Grays.
    Gray,
}

const CATEGORIES: [u32; 64] = [
    0x00_72_b2, 0xd5_5e_00, 0x00_9e_73, 0xcc_79_a7, 0xe6_9f_00, 0x56_b4_e9, 0xf0_e4_42, 0x50_50_50, 0x9c_00_fc,
    0x78_3c_18, 0xa8_d8_84, 0x90_78_fc, 0x9c_00_84, 0xfc_18_48, 0x60_24_c0, 0xf0_b4_a8, 0x6c_84_48, 0xd8_c0_e4,
    0x00_e4_54, 0xf0_00_c0, 0x84_9c_fc, 0xf0_6c_84, 0x84_60_84, 0x48_3c_a8, 0x9c_00_48, 0x00_c0_60, 0xd8_00_84,
    0xfc_6c_cc, 0x0c_00_fc, 0xb4_3c_d8, 0xcc_0c_00, 0x6c_cc_24, 0x00_6c_30, 0x90_d8_cc, 0xa8_9c_30, 0xc0_18_30,
    0xb4_6c_d8, 0x00_48_e4, 0xd8_9c_60, 0xc0_b4_84, 0xf0_9c_fc, 0xfc_9c_b4, 0x18_54_60, 0x9c_54_54, 0x84_a8_90,
    0x90_54_fc, 0xfc_24_6c, 0x84_48_9c, 0x78_60_00, 0x6c_78_a8, 0x60_9c_48, 0x90_30_6c, 0x9c_78_60, 0x60_9c_a8,
    0x30_90_18, 0xe4_c0_54, 0x84_00_a8, 0x48_78_e4, 0x48_48_84, 0xfc_84_c0, 0x3c_78_60, 0x9c_b4_48, 0xd8_48_24,
    0xe4_78_fc,
];

// Ten evenly spaced stops each. Viridis and magma are by van der Walt and Smith, cividis by Nuñez, Anderton and Renslow (2018).
const VIRIDIS: [u32; 10] = [
    0x44_01_54, 0x48_28_78, 0x3e_49_89, 0x31_68_8e, 0x26_82_8e, 0x1f_9e_89, 0x35_b7_79, 0x6e_ce_58, 0xb5_de_2b,
    0xfd_e7_25,
];
const CIVIDIS: [u32; 10] = [
    0x00_22_4e, 0x12_35_70, 0x3b_49_6c, 0x57_5d_6d, 0x70_71_73, 0x8a_86_78, 0xa5_9c_74, 0xc3_b3_69, 0xe1_cc_55,
    0xfe_e8_38,
];
const MAGMA: [u32; 10] = [
    0x00_00_04, 0x18_0f_3d, 0x44_0f_76, 0x72_1f_81, 0x9e_2f_7f, 0xcd_40_71, 0xf1_60_5d, 0xfd_96_68, 0xfe_ca_8d,
    0xfc_fd_bf,
];
const GRAY: [u32; 2] = [0x22_22_22, 0xdd_dd_dd];

fn rgb(color: u32) -> Color {
    [(color >> 16) as u8, (color >> 8) as u8, color as u8]
}

/// The color of category `rank` of `count`: of [`Palette::Auto`] after 64 from the start again; of the others evenly spaced.
pub(crate) fn category(palette: Palette, rank: usize, count: usize) -> Color {
    match palette {
        Palette::Auto => rgb(CATEGORIES[rank % CATEGORIES.len()]),
        _ => scale(palette, rank as f64 / count.saturating_sub(1).max(1) as f64),
    }
}

/// The color of a category on a dark background: nearer to white by a fifth, and the dark gray nearly white, which
/// keeps the distances of the first ten.
pub(crate) fn on_dark(color: Color) -> Color {
    if color == [0x50; 3] {
        return [240; 3];
    }
    color.map(|value| ((u32::from(value) * 8 + 2 * 255) / 10) as u8)
}

/// The color of a number on the scale from 0 to 1.
pub(crate) fn scale(palette: Palette, position: f64) -> Color {
    let stops: &[u32] = match palette {
        Palette::Auto | Palette::Viridis => &VIRIDIS,
        Palette::Cividis => &CIVIDIS,
        Palette::Magma => &MAGMA,
        Palette::Gray => &GRAY,
    };
    // A scale without extent has no positions.
    let position = if position.is_nan() { 0.0 } else { position.clamp(0.0, 1.0) };
    let place = position * (stops.len() - 1) as f64;
    let low = (place as usize).min(stops.len() - 2);
    let share = place - low as f64;
    let (a, b) = (rgb(stops[low]), rgb(stops[low + 1]));
    std::array::from_fn(|c| (f64::from(a[c]) * (1.0 - share) + f64::from(b[c]) * share + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrices of Machado, Oliveira and Fernandes (2009) for severity 1: protanopia, deuteranopia, tritanopia.
    const MACHADO: [[[f64; 3]; 3]; 3] = [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];
    const NORMAL: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

    fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
    }

    fn linear(color: Color) -> [f64; 3] {
        color.map(|value| {
            let c = f64::from(value) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// CIE Lab under D65, as sight of a kind has it.
    fn lab(sight: [[f64; 3]; 3], color: Color) -> [f64; 3] {
        const XYZ: [[f64; 3]; 3] =
            [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]];
        let seen = times(sight, linear(color)).map(|c| c.clamp(0.0, 1.0));
        let [x, y, z] = times(XYZ, seen);
        let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
        let (x, y, z) = (f(x / 0.95047), f(y), f(z / 1.08883));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn smallest_distance(sight: [[f64; 3]; 3], count: usize, background: fn(Color) -> Color) -> f64 {
        let labs: Vec<_> =
            (0..count).map(|rank| lab(sight, background(category(Palette::Auto, rank, count)))).collect();
        let mut smallest = f64::INFINITY;
        for (i, a) in labs.iter().enumerate() {
            for b in &labs[..i] {
                smallest = smallest.min(a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt());
            }
        }
        smallest
    }

    #[test]
    fn categories_are_told_apart_with_and_without_all_cones() {
        // 10 is plain; 2.3 is what is just noticeable side by side.
        for sight in [NORMAL, MACHADO[0], MACHADO[1], MACHADO[2]] {
            for (count, least) in [(12, 16.0), (20, 14.0), (30, 11.5), (40, 9.5), (64, 7.0)] {
                let distance = smallest_distance(sight, count, |color| color);
                assert!(distance >= least, "{count}: {distance} {sight:?}");
            }
            let distance = smallest_distance(sight, 10, on_dark);
            assert!(distance >= 10.0, "on dark: {distance} {sight:?}");
        }
        assert!(smallest_distance(NORMAL, 64, |color| color) >= 15.0);
    }

    #[test]
    fn scales_grow_in_lightness_for_every_sight() {
        for palette in [Palette::Auto, Palette::Cividis, Palette::Magma, Palette::Gray] {
            for sight in [NORMAL, MACHADO[0], MACHADO[1], MACHADO[2]] {
                let lightness: Vec<f64> =
                    (0..=20).map(|i| lab(sight, scale(palette, f64::from(i) / 20.0))[0]).collect();
                let grows = lightness.windows(2).all(|pair| pair[1] > pair[0] - 0.6);
                assert!(grows && lightness[20] > lightness[0] + 50.0, "{palette:?} {lightness:?}");
            }
        }
        assert_eq!(scale(Palette::Auto, f64::NAN), rgb(VIRIDIS[0]));
        assert_eq!(scale(Palette::Auto, 7.0), rgb(VIRIDIS[9]));
    }
}
