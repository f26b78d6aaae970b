//! The descent as a film: maps of two dimensions as they were after some of its iterations.
//!
//! Frames are denser at the beginning, where most happens. Each is kept in 16 bits for a coordinate, four bytes for a point. A map
//! may grow by orders of magnitude in its descent, so each frame is shown on a scale of its own, which changes smoothly ([`View`]).

#[cfg(feature = "plot")]
mod apng;
mod format;
mod frame;
mod moments;
mod stored;
mod view;

#[cfg(feature = "plot")]
pub use apng::write;
pub use format::FilmFormat;
pub use frame::Frame;
pub use moments::frame_count;
pub use view::View;

use moments::moments;
use tsne::Scalar;

/// The frames of a descent, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The most frames that are chosen.
    count: usize,
    /// The iterations of a descent that become frames.
    moments: Vec<usize>,
    frames: Vec<Frame>,
}

impl Film {
    /// A film of up to `count` frames, none of which is there yet; at least two, and fewer where the points are too many.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_cli::film::Film;
    ///
    /// let mut film = Film::new(3);
    /// film.begin(0, 100, &[[0.0f32, 1.0], [2.0, 0.0]]);
    /// assert!(film.wants(25) && film.wants(100) && !film.wants(26));
    /// film.add(25, Some(1.5), &[[0.0f32, 2.0], [4.0, 0.0]]);
    /// assert_eq!(film.frames().iter().map(|frame| frame.iteration).collect::<Vec<_>>(), [0, 25]);
    /// ```
    pub const fn new(count: usize) -> Self {
        Self { count, moments: Vec::new(), frames: Vec::new() }
    }

    /// To be called when a descent begins or goes on after `before` iterations, with those to come at most and where the points are.
    ///
    /// One that goes on has the frames of one that was never interrupted; one that begins again, none of what was before.
    pub fn begin<T: Scalar, const D: usize>(&mut self, before: usize, iterations: usize, y: &[[T; D]]) {
        self.frames.retain(|frame| frame.iteration <= before);
        let first = self.frames.first().map_or(before, |frame| frame.iteration);
        self.moments = moments(first, before.saturating_add(iterations), frame_count(y.len(), self.count));
        if self.frames.is_empty() {
            self.add(before, None, y);
        }
    }

    /// Whether the map after so many iterations is a frame.
    pub fn wants(&self, iteration: usize) -> bool {
        self.moments.binary_search(&iteration).is_ok()
    }

    /// Adds the map as it is after so many iterations, unless the film is beyond them; only its first two axes are kept.
    pub fn add<T: Scalar, const D: usize>(&mut self, iteration: usize, kl_divergence: Option<f64>, y: &[[T; D]]) {
        if self.frames.last().is_none_or(|last| last.iteration < iteration) {
            self.frames.push(Frame::new(iteration, kl_divergence, y));
        }
    }

    /// The frames so far.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// The part of the plane that each frame shows.
    pub fn views(&self) -> Vec<View> {
        view::views(&self.frames)
    }
}
