//! The legend: a list of categories in columns that fits its space, or the scale of numbers.

use super::coloring::Entry;
use super::font::{self, Weight};
use super::options::Theme;
use super::palette::{self, Palette};
use super::scale::Scale;
use super::svg::{Anchor, Elements, Style};

/// Lines are so many times as high as their letters.
const LEADING: f32 = 1.45;

/// The space between two columns, in sizes of the letters.
const GUTTER: f32 = 1.4;

/// The space from the left of a dot to its name, in sizes of the letters.
const INDENT: f32 = 1.2;

/// The sizes of letters in points, the first that fits being taken.
pub(super) const SIZES: [f32; 5] = [9.0, 8.0, 7.0, 6.0, 5.0];

/// The most categories of a list; the others are counted.
const MAX_ENTRIES: usize = 200;

/// The width that the title of a list has at least, in sizes of the letters: the list of two short names is narrower than their title.
const TITLE: f32 = 9.0;

/// The size of the scale in points.
const BAR: [f32; 2] = [10.0, 150.0];

/// A list in columns.
#[derive(Debug, Clone)]
pub(super) struct List {
    title: String,
    size: f32,
    rows: usize,
    /// The left end and the width of each column.
    columns: Vec<[f32; 2]>,
    /// What is written, with the dot before it if there is one.
    lines: Vec<(String, Option<palette::Color>)>,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// The rows of a list of that height, beside its title.
fn rows_of(title: &str, size: f32, height: f32) -> usize {
    let all = (height / (size * LEADING)).floor() as usize;
    all.saturating_sub(usize::from(!title.is_empty())).max(1)
}

impl List {
    fn with_columns(
        (title, lines): (&str, &[(String, Option<palette::Color>)]),
        size: f32,
        columns: usize,
        limit: Option<f32>,
    ) -> Self {
        let rows = lines.len().div_ceil(columns.max(1)).max(1);
        let (mut placed, mut kept) = (Vec::new(), Vec::new());
        let mut left = 0.0;
        for column in lines.chunks(rows) {
            let mut widest = 0.0f32;
            for (text, color) in column {
                let text = limit.map_or_else(
                    || text.clone(),
                    |limit| font::fit(text, size, Weight::Regular, limit - INDENT * size),
                );
                widest = widest.max(font::width(&text, size, Weight::Regular));
                kept.push((text, *color));
            }
            placed.push([left, INDENT * size + widest]);
            left += INDENT * size + widest + GUTTER * size;
        }
        // The title takes as much width as the list has, so that it never makes the map smaller, or a little where that is nothing.
        let width = (left - GUTTER * size).max(0.0);
        let title = match title {
            "" => String::new(),
            title => font::fit(title, size, Weight::Bold, limit.unwrap_or(TITLE * size).max(width)),
        };
        let width = width.max(font::width(&title, size, Weight::Bold));
        let rows_and_title = rows as f32 + if title.is_empty() { 0.0 } else { 1.0 };
        Self { title, size, rows, columns: placed, lines: kept, width, height: rows_and_title * size * LEADING }
    }

    fn lines(entries: &[Entry], most: usize) -> Vec<(String, Option<palette::Color>)> {
        let line = |entry: &Entry| (entry.name.clone(), Some(entry.color));
        if entries.len() <= most {
            return entries.iter().map(line).collect();
        }
        let most = most.max(1);
        let mut lines: Vec<_> = entries[..most - 1].iter().map(line).collect();
        lines.push((format!("+ {} more", entries.len() - lines.len()), None));
        lines
    }

    /// The list with as few columns as the height allows, if it fits.
    pub(super) fn beside((title, entries): (&str, &[Entry]), size: f32, width: f32, height: f32) -> Option<Self> {
        let lines = Self::lines(entries, MAX_ENTRIES);
        let list = Self::with_columns((title, &lines), size, lines.len().div_ceil(rows_of(title, size, height)), None);
        (list.width <= width && list.height <= height).then_some(list)
    }

    /// The list with as many columns as the width allows, if it fits.
    pub(super) fn below((title, entries): (&str, &[Entry]), size: f32, width: f32, height: f32) -> Option<Self> {
        let lines = Self::lines(entries, MAX_ENTRIES);
        let list = (1..=lines.len().min(12))
            .rev()
            .map(|columns| Self::with_columns((title, &lines), size, columns, None))
            .find(|list| list.width <= width)?;
        (list.height <= height).then_some(list)
    }

    /// As much of the list as fits, with names that are cut.
    pub(super) fn cut((title, entries): (&str, &[Entry]), width: f32, height: f32) -> Self {
        let size = SIZES[SIZES.len() - 1];
        let rows = rows_of(title, size, height);
        let most_columns = ((width / (8.0 * size)) as usize).max(1);
        let lines = Self::lines(entries, (rows * most_columns).min(MAX_ENTRIES));
        let columns = lines.len().div_ceil(rows).max(1);
        let limit = (width - GUTTER * size * (columns - 1) as f32) / columns as f32;
        Self::with_columns((title, &lines), size, columns, Some(limit))
    }

    pub(super) fn draw(&self, out: &mut Elements, [x, mut y]: [f32; 2], theme: Theme) {
        if !self.title.is_empty() {
            let bold = Style { size: self.size, weight: Weight::Bold, color: theme.ink(), anchor: Anchor::Start };
            out.text(&self.title, [x, y + self.size], bold, None);
            y += self.size * LEADING;
        }
        for (i, (text, color)) in self.lines.iter().enumerate() {
            let left = x + self.columns[i / self.rows][0];
            let base = y + (i % self.rows) as f32 * self.size * LEADING + self.size;
            let style = Style { size: self.size, weight: Weight::Regular, color: theme.ink(), anchor: Anchor::Start };
            match color {
                Some(color) => {
                    out.circle([left + 0.4 * self.size, base - 0.36 * self.size], 0.4 * self.size, *color, "");
                    out.text(text, [left + INDENT * self.size, base], style, None);
                }
                None => out.text(text, [left, base], Style { color: theme.faint(), ..style }, None),
            }
        }
    }
}

/// The scale of numbers, upright, with its title above.
#[derive(Debug)]
pub(super) struct Bar<'a> {
    scale: &'a Scale,
    title: String,
    palette: Palette,
    ticks: Vec<(f64, String)>,
    pub(super) width: f32,
    height: f32,
}

impl<'a> Bar<'a> {
    pub(super) fn new(scale: &'a Scale, title: &str, palette: Palette, width: f32, height: f32) -> Self {
        let height = BAR[1].min(height - 40.0).max(20.0);
        let ticks = scale.ticks(5);
        let size = SIZES[1];
        let title = font::fit(title, SIZES[0], Weight::Bold, width);
        let widest = ticks.iter().map(|(_, text)| font::width(text, size, Weight::Regular)).fold(0.0, f32::max);
        let width = (BAR[0] + 7.0 + widest).max(font::width(&title, SIZES[0], Weight::Bold));
        Self { scale, title, palette, ticks, width, height }
    }

    pub(super) fn draw(&self, out: &mut Elements, [x, y]: [f32; 2], theme: Theme) {
        let bold = Style { size: SIZES[0], weight: Weight::Bold, color: theme.ink(), anchor: Anchor::Start };
        out.text(&self.title, [x, y + SIZES[0]], bold, None);
        let top = y + 2.0 * SIZES[0] + 4.0;
        let bottom = top + self.height;
        // As many slices as colors can be told apart; each overlaps the next by a little, so that no seam shows.
        const SLICES: usize = 64;
        let slice = self.height / SLICES as f32;
        for i in 0..SLICES {
            let color = palette::scale(self.palette, 1.0 - (i as f64 + 0.5) / SLICES as f64);
            let overlap = if i + 1 < SLICES { 0.3 } else { 0.0 };
            out.rectangle([x, top + i as f32 * slice], [BAR[0], slice + overlap], color);
        }
        // Numbers beyond the ends have the colors of the ends.
        let right = x + BAR[0];
        let middle = x + 0.5 * BAR[0];
        if self.scale.beyond[1] {
            out.polygon(&[[x, top], [middle, top - 7.0], [right, top]], palette::scale(self.palette, 1.0));
        }
        if self.scale.beyond[0] {
            out.polygon(&[[x, bottom], [middle, bottom + 7.0], [right, bottom]], palette::scale(self.palette, 0.0));
        }
        let style = Style { size: SIZES[1], weight: Weight::Regular, color: theme.ink(), anchor: Anchor::Start };
        for (value, text) in &self.ticks {
            let place = self.scale.position(*value);
            let place = if place.is_nan() { 0.5 } else { place.clamp(0.0, 1.0) };
            let at = bottom - place as f32 * self.height;
            out.line([right, at], [right + 3.0, at], theme.faint(), 0.6);
            out.text(text, [right + 5.5, at + 0.36 * SIZES[1]], style, None);
        }
    }
}
