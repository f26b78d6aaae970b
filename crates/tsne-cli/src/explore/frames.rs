//! The frames of a film: what a page is told of them, and their arrays.

use super::blob::Arrays;
use crate::film::Film;
use anyhow::Result;
use serde::Serialize;

/// What the page is told of a frame.
#[derive(Debug, Serialize)]
pub(super) struct FrameMeta {
    iteration: usize,
    kl: Option<f64>,
    /// How many times larger it is shown than the last one.
    zoom: f64,
    /// Where the first place along each axis is shown, and the distance between two: in the plane of the last frame.
    low: [f64; 2],
    step: f64,
}

/// The frames, each on its scale in the plane of the last one, whose zero is `origin`; and the square that holds all of them.
pub(super) fn metas(film: &Film, origin: &[f64]) -> (Vec<FrameMeta>, Option<[[f64; 2]; 2]>) {
    let views = film.views();
    let Some(&last) = views.last() else { return (Vec::new(), None) };
    let shift = |c: usize| last.center[c] - origin.get(c).copied().unwrap_or_default();
    let frame = |(frame, view): (&crate::film::Frame, &crate::film::View)| {
        let zoom = last.half / view.half;
        let (low, step) = frame.grid();
        let low = [0, 1].map(|c| shift(c) + (low[c] - view.center[c]) * zoom);
        FrameMeta { iteration: frame.iteration, kl: frame.kl_divergence, zoom, low, step: step * zoom }
    };
    let square = [0, 1].map(|c| [shift(c) - last.half, shift(c) + last.half]);
    (film.frames().iter().zip(&views).map(frame).collect(), Some(square))
}

/// Writes the places of each frame.
pub(super) fn write(to: &mut Arrays<'_>, film: &Film) -> Result<()> {
    for (f, frame) in film.frames().iter().enumerate() {
        to.numbers(&format!("frame-{f}"), frame.places().iter().map(|place| place.to_le_bytes()))?;
    }
    Ok(())
}
