//! Panels, titles and a legend on a page: everything is measured before it is placed.

use super::coloring::{Coloring, Entry, Key};
use super::font::{self, Weight};
use super::labels::{self, Cluster, Dense, Placed};
use super::legend::{Bar, List, SIZES};
use super::options::{Legend, Options};
use super::points::{Dots, Field, order};
use super::project::{Flat, bounds};
use super::svg::{Anchor, Elements, Style, hex};
use anyhow::{Result, ensure};
use std::fmt::Write;

/// The empty border of the page in points.
const MARGIN: f32 = 14.0;
/// Between the map and the legend.
const GAP: f32 = 14.0;
/// Between two panels.
const BETWEEN: f32 = 10.0;
/// The sizes of the title, the line below it and the titles of panels.
const TITLE: [f32; 3] = [13.0, 9.0, 9.0];
/// The height of the title of a panel.
const PANEL_HEAD: f32 = 15.0;
/// The space between the outermost points and the edge of their panel.
const PAD: f32 = 5.0;
/// Beside the map a legend may have this share of the width; if asked for, the second.
const BESIDE: [f32; 2] = [0.36, 0.5];
/// The shortest side of a panel relative to its longest.
const MIN_ASPECT: f32 = 0.55;
/// The most points that become circles of an SVG or a PDF.
const CIRCLES: usize = 20_000;
/// The most panels.
const MAX_PANELS: usize = 100;

/// The points of one panel.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) flat: Flat,
    /// The first so many points are gray and below the others.
    pub(super) below: usize,
    /// The code that is colored, others being gray.
    pub(super) only: Option<u32>,
    /// The part of the plane that is shown; by default that of the points.
    pub(super) ranges: Option<[[f64; 2]; 2]>,
}

/// A picture as shapes and texts below and above its points.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) under: Elements,
    pub(super) over: Elements,
    pub(super) fields: Vec<(PlacedField, Dots)>,
    /// The corners of what was placed, for the tests.
    pub(super) legend_box: Option<[[f32; 2]; 2]>,
    pub(super) names: Vec<Placed>,
}

/// The points of a panel on the page.
#[derive(Debug)]
pub(super) struct PlacedField {
    pub(super) at: Vec<[f32; 2]>,
    pub(super) colors: Vec<Option<super::palette::Color>>,
    pub(super) corner: [f32; 2],
    pub(super) size: [f32; 2],
}

impl PlacedField {
    pub(super) fn field(&self) -> Field<'_> {
        Field { at: &self.at, colors: &self.colors, corner: self.corner, size: self.size }
    }
}

enum KeyBox<'a> {
    None,
    List(List, bool),
    Bar(Bar<'a>),
}

/// Sizes of the page: of the grid of panels without what is around it.
struct Page {
    width: f32,
    height: f32,
    top: f32,
    cell: [f32; 2],
    columns: usize,
    rows: usize,
    /// The height of the titles of panels.
    head: f32,
}

impl Figure {
    pub(super) fn new(panels: &[Panel], shared: bool, coloring: &Coloring<'_>, options: &Options) -> Result<Self> {
        ensure!(
            (1..=MAX_PANELS).contains(&panels.len()),
            "a picture has 1 to {MAX_PANELS} panels, but there would be {}",
            panels.len()
        );
        let (boxes, aspect) = extents(panels, shared);
        let on_clusters = options.legend == Legend::OnClusters;
        let (heading, entries): (&str, &[Entry]) = match &coloring.key {
            Key::List { title, entries } => (title, entries),
            _ => ("", &[]),
        };
        let mut listed: Vec<Entry> = if on_clusters { Vec::new() } else { entries.to_vec() };
        if options.panel_per_label {
            // The titles of the panels say it.
            listed.clear();
        }
        // Names that find no place on the points are listed, which makes the map smaller: until all have a place.
        let mut round = 0;
        let (page, key, fields, names) = loop {
            let (page, key) = layout(panels, aspect, (heading, &listed), coloring, options);
            let fields: Vec<PlacedField> =
                panels.iter().enumerate().map(|(i, panel)| page.place(i, panel, boxes[i], coloring)).collect();
            if !on_clusters || entries.is_empty() {
                break (page, key, fields, Vec::new());
            }
            let mut names = Vec::new();
            let mut without = Vec::new();
            for (panel, field) in panels.iter().zip(&fields) {
                let (placed, more) = labels::place(clusters(panel, field, entries, coloring), field.corner, field.size);
                names.extend(placed);
                without.extend(more);
            }
            let new: Vec<Entry> = entries
                .iter()
                .filter(|entry| entry.code.is_some_and(|code| without.contains(&code)))
                .filter(|entry| !listed.contains(entry))
                .cloned()
                .collect();
            round += 1;
            if new.is_empty() || round == 5 {
                break (page, key, fields, names);
            }
            listed.extend(new);
            listed.sort_by_key(|entry| entries.iter().position(|other| other.name == entry.name));
        };
        let mut figure = Self {
            width: page.width,
            height: page.height,
            under: Elements::default(),
            over: Elements::default(),
            fields: Vec::new(),
            legend_box: None,
            names,
        };
        options.check_pixels(page.width, page.height)?;
        figure.titles(panels, &page, options);
        for field in fields {
            let (halo, below) = (options.theme.halo(), options.theme.below());
            let radius = options.point_size.map(|size| 0.5 * size as f32);
            let opacity = options.opacity.map(|opacity| opacity as f32);
            let dots = Dots::new(field.at.len(), field.size, [halo, below], radius, opacity);
            figure.fields.push((field, dots));
        }
        figure.key(&key, &page, options);
        figure.draw_names(options);
        Ok(figure)
    }

    fn titles(&mut self, panels: &[Panel], page: &Page, options: &Options) {
        if let Some(background) = options.theme.background() {
            self.under.rectangle([0.0; 2], [page.width, page.height], background);
        }
        let limit = page.width - 2.0 * MARGIN;
        let style = Style { size: TITLE[0], weight: Weight::Bold, color: options.theme.ink(), anchor: Anchor::Start };
        let mut base = MARGIN;
        if !options.title.is_empty() {
            base += TITLE[0];
            self.over.text(&font::fit(&options.title, TITLE[0], Weight::Bold, limit), [MARGIN, base], style, None);
        }
        if !options.subtitle.is_empty() {
            base += 1.5 * TITLE[1];
            let style = Style { size: TITLE[1], weight: Weight::Regular, color: options.theme.faint(), ..style };
            self.over.text(
                &font::fit(&options.subtitle, TITLE[1], Weight::Regular, limit),
                [MARGIN, base],
                style,
                None,
            );
        }
        for (i, panel) in panels.iter().enumerate() {
            let ([x, y], [width, height]) = page.cell(i);
            if panels.len() > 1 {
                self.under.frame([x, y], [width, height], options.theme.below());
            }
            // In smaller letters before it is cut, and then in the middle: names of maps differ at their ends.
            let sizes = [TITLE[2], 0.85 * TITLE[2], 0.7 * TITLE[2]];
            let fits = |size: &f32| font::width(&panel.title, *size, Weight::Bold) <= width;
            let size = sizes.into_iter().find(fits).unwrap_or(sizes[2]);
            let style = Style { size, weight: Weight::Bold, ..style };
            let title = font::fit_ends(&panel.title, size, Weight::Bold, width);
            self.over.text(&title, [x, y - 0.45 * TITLE[2]], style, None);
        }
    }

    fn key(&mut self, key: &KeyBox<'_>, page: &Page, options: &Options) {
        let (grid_width, grid_height) = page.grid();
        match key {
            KeyBox::None => {}
            KeyBox::List(list, below) => {
                let corner = match below {
                    true => [MARGIN, page.top + grid_height + GAP],
                    false => [MARGIN + grid_width + GAP, page.top],
                };
                self.legend_box = Some([corner, [corner[0] + list.width, corner[1] + list.height]]);
                list.draw(&mut self.over, corner, options.theme);
            }
            KeyBox::Bar(bar) => bar.draw(&mut self.over, [MARGIN + grid_width + GAP, page.top], options.theme),
        }
    }

    fn draw_names(&mut self, options: &Options) {
        let halo = options.theme.halo();
        for placed in std::mem::take(&mut self.names) {
            let [low, high] = placed.corners;
            let middle = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
            // A name that is not on its place has a line to it, from the nearest place of its rectangle.
            let near: [f32; 2] = std::array::from_fn(|c| placed.anchor[c].clamp(low[c], high[c]));
            if (near[0] - placed.anchor[0]).hypot(near[1] - placed.anchor[1]) > 4.0 {
                self.over.line(near, placed.anchor, halo, 2.0);
                self.over.line(near, placed.anchor, options.theme.ink(), 0.6);
            }
            self.names.push(placed.clone());
            let style =
                Style { size: placed.size, weight: Weight::Bold, color: options.theme.ink(), anchor: Anchor::Middle };
            self.over.text(&placed.name, [middle[0], middle[1] + 0.36 * placed.size], style, Some(halo));
        }
    }

    /// Whether the points are few enough for circles.
    pub(super) fn circles(&self) -> Option<String> {
        let count: usize = self.fields.iter().map(|(field, _)| field.at.len()).sum();
        if count > CIRCLES {
            return None;
        }
        let mut out = Elements::default();
        for (field, dots) in &self.fields {
            for i in order(&field.colors) {
                let i = i as usize;
                let color = field.colors[i].unwrap_or(dots.below);
                let mut rest = String::new();
                if dots.opacity < 1.0 {
                    // Writing to a string cannot fail.
                    let _ = write!(rest, r#" fill-opacity="{:.3}""#, dots.opacity);
                }
                if let Some((rim, width)) = dots.rim.filter(|_| field.colors[i].is_some()) {
                    let _ = write!(rest, r#" stroke="{}" stroke-width="{width:.3}""#, hex(rim));
                }
                out.circle(field.at[i], dots.radius, color, &rest);
            }
        }
        Some(out.markup)
    }
}

/// The ranges of the panels, two for each, and how high the cells are for their width.
fn extents(panels: &[Panel], shared: bool) -> (Vec<[[f64; 2]; 2]>, f32) {
    let of_points = |panel: &Panel| [0, 1].map(|c| bounds(panel.flat.iter().map(|point| point[c])));
    let mut boxes: Vec<[[f64; 2]; 2]> =
        panels.iter().map(|panel| panel.ranges.unwrap_or_else(|| of_points(panel))).collect();
    if shared {
        let all = [0, 1].map(|c| bounds(boxes.iter().flat_map(|range| range[c])));
        boxes.fill(all);
    }
    // Half extents, since whole ones of the largest numbers are infinite.
    let aspects = boxes.iter().map(|[x, y]| {
        let (width, height) = (0.5 * x[1] - 0.5 * x[0], 0.5 * y[1] - 0.5 * y[0]);
        if width > 0.0 { (height / width) as f32 } else { 1.0 }
    });
    let highest = aspects.fold(0.0f32, f32::max);
    (boxes, highest.clamp(MIN_ASPECT, 1.0 / MIN_ASPECT))
}

fn clusters(panel: &Panel, field: &PlacedField, entries: &[Entry], coloring: &Coloring<'_>) -> Vec<Cluster> {
    let colored = (panel.below..field.at.len()).filter(|&i| field.colors[i].is_some());
    let points = colored.filter_map(|i| Some((field.at[i], coloring.code(i - panel.below)?)));
    let places = labels::densest(points);
    let cluster = |entry: &Entry| {
        let code = entry.code?;
        let &Dense { count, place, is_small } = places.get(&code)?;
        Some(Cluster { name: entry.name.clone(), color: entry.color, code, count, anchor: place, is_small })
    };
    entries.iter().filter_map(cluster).collect()
}

/// Sizes and the legend: beside the map in the largest letters that fit, else below it, else with cut names.
fn layout<'a>(
    panels: &[Panel],
    aspect: f32,
    listed: (&str, &[Entry]),
    coloring: &'a Coloring<'_>,
    options: &Options,
) -> (Page, KeyBox<'a>) {
    let width = 72.0 * options.width as f32;
    let inner = width - 2.0 * MARGIN;
    let height = options.height.map(|height| 72.0 * height as f32);
    let mut top = MARGIN;
    if !options.title.is_empty() {
        top += TITLE[0];
    }
    if !options.subtitle.is_empty() {
        top += 1.5 * TITLE[1];
    }
    top += if top > MARGIN { 10.0 } else { 0.0 };
    let head = if panels.iter().any(|panel| !panel.title.is_empty()) { PANEL_HEAD } else { 0.0 };
    top += head;
    let columns = match panels.len() {
        n @ 1..=3 => n,
        n => (n as f32).sqrt().ceil() as usize,
    };
    let rows = panels.len().div_ceil(columns);
    // The page whose grid of panels has that width; with a height given, what `below` leaves of it.
    let page = |grid: f32, below: f32| {
        let cell_width = (grid - BETWEEN * (columns - 1) as f32) / columns as f32;
        let gaps = (rows - 1) as f32 * (BETWEEN + head);
        let cell_height = match height {
            Some(height) => (height - top - MARGIN - below - gaps) / rows as f32,
            None => cell_width * aspect,
        };
        let cell = [cell_width.max(10.0), cell_height.max(10.0)];
        let used = top + rows as f32 * cell[1] + gaps + below + MARGIN;
        Page { width, height: height.unwrap_or(used), top, cell, columns, rows, head }
    };
    if let Key::Scale { scale, title, palette } = &coloring.key {
        let rough = page(inner, 0.0).grid().1;
        let bar = Bar::new(scale, title, *palette, 0.4 * inner, rough);
        return (page(inner - bar.width - GAP, 0.0), KeyBox::Bar(bar));
    }
    if listed.1.is_empty() {
        return (page(inner, 0.0), KeyBox::None);
    }
    let share = BESIDE[usize::from(options.legend == Legend::Right)];
    for &size in &SIZES[..4] {
        // The narrower the map, the lower, where the height follows: the list must fit beside what it leaves.
        let mut room = page(inner, 0.0).grid().1;
        for _ in 0..8 {
            let Some(list) = List::beside(listed, size, share * inner, room) else { break };
            let page = page(inner - list.width - GAP, 0.0);
            if list.height <= page.grid().1 {
                return (page, KeyBox::List(list, false));
            }
            room = page.grid().1;
        }
    }
    let half = 0.5 * page(inner, 0.0).grid().1;
    for &size in &SIZES {
        let last = size == SIZES[SIZES.len() - 1];
        let limit = if height.is_none() && last { f32::INFINITY } else { half };
        if let Some(list) = List::below(listed, size, inner, limit) {
            let page = page(inner, list.height + GAP);
            return (page, KeyBox::List(list, true));
        }
    }
    let list = List::cut(listed, inner, half);
    (page(inner, list.height + GAP), KeyBox::List(list, true))
}

impl Page {
    /// The width and height of all panels with what is between them.
    fn grid(&self) -> (f32, f32) {
        let (columns, rows) = (self.columns as f32, self.rows as f32);
        let width = columns * self.cell[0] + (columns - 1.0) * BETWEEN;
        (width, rows * self.cell[1] + (rows - 1.0) * (BETWEEN + self.head))
    }

    /// The upper left corner and the size of a panel.
    fn cell(&self, i: usize) -> ([f32; 2], [f32; 2]) {
        let (column, row) = ((i % self.columns) as f32, (i / self.columns) as f32);
        let x = MARGIN + column * (self.cell[0] + BETWEEN);
        ([x, self.top + row * (self.cell[1] + BETWEEN + self.head)], self.cell)
    }

    /// The points of a panel within its cell, with equal scales.
    fn place(&self, i: usize, panel: &Panel, [x, y]: [[f64; 2]; 2], coloring: &Coloring<'_>) -> PlacedField {
        let (corner, size) = self.cell(i);
        let pad = PAD.min(0.1 * size[0].min(size[1]));
        // Half extents, since whole ones of the largest numbers are infinite.
        let half = [0.5 * x[1] - 0.5 * x[0], 0.5 * y[1] - 0.5 * y[0]];
        let middle = [0.5 * x[0] + 0.5 * x[1], 0.5 * y[0] + 0.5 * y[1]];
        let room = |c: usize| f64::from(0.5 * size[c] - pad) / half[c];
        let scale = room(0).min(room(1));
        let scale = if scale.is_finite() { scale } else { 1.0 };
        let center = [corner[0] + 0.5 * size[0], corner[1] + 0.5 * size[1]];
        // Pictures have their origin above.
        let at = |point: &[f64; 2]| {
            [center[0] + ((point[0] - middle[0]) * scale) as f32, center[1] - ((point[1] - middle[1]) * scale) as f32]
        };
        let color = |i: usize| {
            let point = i.checked_sub(panel.below)?;
            match panel.only {
                Some(only) => (coloring.code(point) == Some(only)).then(|| coloring.of_code(only)).flatten(),
                None => coloring.color(point),
            }
        };
        PlacedField {
            at: panel.flat.iter().map(at).collect(),
            colors: (0..panel.flat.len()).map(color).collect(),
            corner,
            size,
        }
    }
}
