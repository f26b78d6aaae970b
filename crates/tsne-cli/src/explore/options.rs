//! What a page is to show.

use super::neighbors::Neighbors;
use crate::film::Film;
use crate::input::Annotations;

/// Whether the page is light or dark when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Theme {
    /// As the reader's system.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What a page shows besides the places of the points.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page<'a> {
    /// The title.
    pub title: &'a str,
    /// Light or dark.
    pub theme: Theme,
    /// Ids and labels of the points.
    pub annotations: Option<&'a Annotations>,
    /// Their neighbors in the data.
    pub neighbors: Option<&'a Neighbors>,
    /// The film of its descent, of a map of two dimensions: the page has a slider over its frames.
    pub film: Option<&'a Film>,
}
