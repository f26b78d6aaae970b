//! The scale of each frame.

use super::frame::Frame;

/// Frames to either side whose sizes a scale is smoothed over, as far as there are as many on both sides.
const AROUND: usize = 2;

/// How much larger than its points a square may be for that: where a map grows by leaps, no frame is lost in its middle.
const ROOM: f64 = 1.5;

/// The part of the plane that a frame shows: a square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The mean of the points, which the forces leave where it is.
    pub center: [f64; 2],
    /// Half of a side.
    pub half: f64,
}

impl View {
    /// The lowest and the highest coordinate along each axis.
    pub fn ranges(&self) -> [[f64; 2]; 2] {
        self.center.map(|center| [center - self.half, center + self.half])
    }
}

/// Squares that hold all points of their frames and change smoothly: the geometric mean over near frames, where that is no smaller
/// than what holds them and not much larger.
pub(super) fn views(frames: &[Frame]) -> Vec<View> {
    let own: Vec<View> = frames.iter().map(square).collect();
    let smooth = |f: usize| {
        let reach = AROUND.min(f).min(own.len() - 1 - f);
        let near = &own[f - reach..=f + reach];
        let mean = (near.iter().map(|view| view.half.ln()).sum::<f64>() / near.len() as f64).exp();
        mean.clamp(own[f].half, ROOM * own[f].half)
    };
    (0..own.len()).map(|f| View { half: smooth(f), ..own[f] }).collect()
}

/// The smallest square around the mean that holds all points.
fn square(frame: &Frame) -> View {
    let n = frame.n().max(1) as f64;
    let sum = frame.positions().fold([0.0; 2], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    let center = sum.map(|sum| sum / n);
    let away = |p: [f64; 2]| (p[0] - center[0]).abs().max((p[1] - center[1]).abs());
    let half = frame.positions().map(away).fold(0.0, f64::max);
    // Points at one place have no size.
    View { center, half: if half > 0.0 && half.is_finite() { half } else { 1.0 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_hold_their_frames_and_grow_smoothly_with_them() {
        // A map that grows a thousandfold, and shakes by a third from frame to frame.
        let size = |f: usize| 1e-3 * 10f64.powf(f as f64 / 10.0) * if f.is_multiple_of(2) { 1.0 } else { 1.35 };
        let of =
            |size: f64| (0..90).map(move |i| [(f64::from(i) * 0.3).cos() * size, (f64::from(i) * 0.7).sin() * size]);
        let frames: Vec<Frame> = (0..31).map(|f| Frame::new(f, None, &of(size(f)).collect::<Vec<_>>())).collect();
        let views = views(&frames);
        for (frame, view) in frames.iter().zip(&views) {
            // Up to the rounding of the ends.
            let is_in = |p: [f64; 2]| (0..2).all(|c| (p[c] - view.center[c]).abs() <= view.half * (1.0 + 1e-12));
            assert!(frame.positions().all(is_in));
        }
        // It never goes back, as the sizes themselves do: at the ends alone there is nothing to smooth over.
        let growth: Vec<f64> = views[1..30].windows(2).map(|pair| pair[1].half / pair[0].half).collect();
        assert!(growth.iter().all(|&growth| (1.0..1.6).contains(&growth)), "{growth:?}");
        assert!(size(2) < size(1));
    }

    #[test]
    fn a_leap_leaves_frames_their_size() {
        let frames: Vec<Frame> = [1e-4, 1e-4, 1e-4, 1.0, 1.0]
            .iter()
            .zip(0..)
            .map(|(size, f)| Frame::new(f, None, &[[-*size, 0.0], [*size, 0.0]]))
            .collect();
        let halves: Vec<f64> = views(&frames).iter().map(|view| view.half).collect();
        assert!((halves[2] - 1.5e-4).abs() < 1e-8 && (halves[3] - 1.0).abs() < 1e-4, "{halves:?}");
    }

    #[test]
    fn a_map_of_one_place_has_a_view() {
        let [view] = views(&[Frame::new(0, None, &[[1.0f32, 2.0]; 3])])[..] else { unreachable!() };
        assert!(view.half > 0.0 && view.center == [1.0, 2.0]);
    }
}
