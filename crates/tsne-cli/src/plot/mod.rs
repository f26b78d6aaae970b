//! Pictures of maps: PNG, SVG and PDF, of any number of points.
//!
//! A figure is shapes and texts, as SVG, below and above its points. Few points are circles of the SVG, many are an
//! image (`points`), so that neither the file nor the page becomes a blob. `resvg` draws the texts of a PNG with the font that comes
//! with the program, and turns them into the outlines of a PDF. Without the feature `plot`, there is SVG only.
//!
//! A picture is a function of its arguments: the same bytes on every run and for any number of threads. Only letters that the font does
//! not have are taken from a font of the system.

mod coloring;
mod figure;
mod font;
mod labels;
mod legend;
mod options;
pub(crate) mod palette;
#[cfg(feature = "plot")]
mod pdf;
mod pixels;
mod points;
mod procrustes;
mod project;
#[cfg(feature = "plot")]
mod raster;
mod scale;
mod svg;

pub use options::{Format, Legend, Limits, Options, Theme};
pub use palette::Palette;
pub(crate) use scale::Scale;

use crate::input::Labels;
use anyhow::{Result, ensure};
use coloring::Coloring;
use figure::{Figure, Panel};
#[cfg(feature = "plot")]
use pixels::Pixels;
use points::Canvas;
use tsne::Scalar;

/// A picture that is yet to be drawn: maps, how they are labeled, and how it should look.
#[derive(Debug, Default)]
pub struct Picture<'a> {
    panels: Vec<Panel>,
    labels: Option<&'a Labels>,
    shared: bool,
}

/// A map to be compared with others, named.
pub type NamedMap<const D: usize> = (String, Vec<[f64; D]>);

impl<'a> Picture<'a> {
    /// A picture of a map of any dimension: one as a strip whose thickness is the density, two as they are with equal scales, of more the
    /// first three from three sides.
    ///
    /// # Errors
    ///
    /// Unless all positions are finite and there is a label for each point, or none at all.
    pub fn of<T: Scalar, const D: usize>(y: &[[T; D]], labels: Option<&'a Labels>) -> Result<Self> {
        Self::onto(&[], y, labels)
    }

    /// New points `y`, colored by their labels, on the gray points of a map, which they never hide behind.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::of`].
    pub fn onto<T: Scalar, const D: usize>(
        fitted: &[[T; D]],
        y: &[[T; D]],
        labels: Option<&'a Labels>,
    ) -> Result<Self> {
        ensure!(fitted.as_flattened().iter().all(|value| value.is_finite()), "a position of the map is not finite");
        check(y, labels)?;
        let panel = |((title, mut flat), (_, more)): ((String, _), (_, Vec<[f64; 2]>))| {
            flat = more.into_iter().chain(flat).collect();
            Panel { title, flat, below: fitted.len(), only: None, ranges: None }
        };
        let panels = match D {
            // The thickness of a strip is that of all points.
            1 => {
                let all: Vec<[T; D]> = fitted.iter().chain(y).copied().collect();
                let views = project::views(&all).into_iter();
                views
                    .map(|(title, flat)| Panel { title, flat, below: fitted.len(), only: None, ranges: None })
                    .collect()
            }
            _ => project::views(y).into_iter().zip(project::views(fitted)).map(panel).collect(),
        };
        Ok(Self { panels, labels, shared: false })
    }

    /// Maps of the same points side by side. With `align`, all are turned, mirrored, scaled and shifted to be closest to the first one.
    ///
    /// # Errors
    ///
    /// Those of [`Picture::of`], and if the maps are of different numbers of points.
    pub fn side_by_side<const D: usize>(
        mut maps: Vec<NamedMap<D>>,
        labels: Option<&'a Labels>,
        align: bool,
    ) -> Result<Self> {
        let count = maps.first().map_or(0, |(_, y)| y.len());
        for (name, y) in &maps {
            ensure!(
                y.len() == count || (!align && labels.is_none()),
                "{name} has {} points, the first map has {count}",
                y.len()
            );
            check(y, labels)?;
        }
        if let (true, Some(((_, first), others))) = (align, maps.split_first_mut()) {
            for (_, y) in others {
                procrustes::align(y, first);
            }
        }
        let mut panels = Vec::new();
        for (name, y) in maps {
            for (view, flat) in project::views(&y) {
                let title = if view.is_empty() { name.clone() } else { format!("{name}, {view}") };
                panels.push(Panel { title, flat, below: 0, only: None, ranges: None });
            }
        }
        Ok(Self { panels, labels, shared: align && D != 3 })
    }

    /// The bytes of a file of that format.
    ///
    /// # Errors
    ///
    /// For options out of their ranges, a label to be highlighted that no point has, and pictures that are too large.
    pub fn encode(self, options: &Options, format: Format) -> Result<Vec<u8>> {
        encode(self.figure(options)?, options, format)
    }

    /// The same picture of this part of the plane: the lowest and the highest coordinate along each axis.
    #[cfg(feature = "plot")]
    #[must_use]
    pub(crate) fn within(mut self, ranges: [[f64; 2]; 2]) -> Self {
        self.panels.iter_mut().for_each(|panel| panel.ranges = Some(ranges));
        self
    }

    /// The pixels of a PNG.
    #[cfg(feature = "plot")]
    pub(crate) fn pixels(self, options: &Options) -> Result<Pixels> {
        let figure = self.figure(options)?;
        raster::pixels(&figure, &image(&figure, options)?, options)
    }

    fn figure(mut self, options: &Options) -> Result<Figure> {
        options.check()?;
        let coloring = Coloring::new(self.labels, options)?;
        if options.panel_per_label {
            let Some(labels) = self.labels else { anyhow::bail!("panels for each label take labels") };
            self.panels = per_label(self.panels, labels)?;
            self.shared = true;
        }
        Figure::new(&self.panels, self.shared, &coloring, options)
    }
}

fn check<T: Scalar, const D: usize>(y: &[[T; D]], labels: Option<&Labels>) -> Result<()> {
    ensure!(y.as_flattened().iter().all(|value| value.is_finite()), "a position is not finite: it cannot be drawn");
    ensure!(u32::try_from(y.len()).is_ok(), "a picture has less than 2³² points");
    if let Some(labels) = labels {
        ensure!(labels.codes.len() == y.len(), "there are {} labels for {} points", labels.codes.len(), y.len());
    }
    Ok(())
}

/// One panel for each label, in their order.
fn per_label(panels: Vec<Panel>, labels: &Labels) -> Result<Vec<Panel>> {
    let Ok([panel]) = <[Panel; 1]>::try_from(panels) else {
        anyhow::bail!("panels for each label take one map of one or two dimensions")
    };
    let kinds = labels.names.len();
    ensure!(kinds <= 100, "there are {kinds} labels, but a picture has at most 100 panels");
    let one = |code: usize| {
        let count = labels.codes.iter().filter(|&&of| of as usize == code).count();
        let title = format!("{} ({})", labels.names[code], grouped(count));
        Panel { title, flat: panel.flat.clone(), below: panel.below, only: Some(code as u32), ranges: panel.ranges }
    };
    Ok((0..kinds).map(one).collect())
}

fn encode(figure: Figure, options: &Options, format: Format) -> Result<Vec<u8>> {
    let circles = if format == Format::Png { None } else { figure.circles() };
    if let (Some(circles), Format::Svg) = (&circles, format) {
        return Ok(document(&figure, &[circles]).into_bytes());
    }
    let canvas = match circles {
        None => Some(image(&figure, options)?),
        Some(_) => None,
    };
    match format {
        Format::Svg => {
            let Some(canvas) = canvas else { return Ok(Vec::new()) };
            let png = svg::base64(&pixels::encode_png(canvas.width, canvas.height, &canvas.rgba(), true)?);
            let (width, height) = (figure.width, figure.height);
            let image = format!(
                "<image x=\"0\" y=\"0\" width=\"{width:.2}\" height=\"{height:.2}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{png}\"/>\n"
            );
            Ok(document(&figure, &[&image]).into_bytes())
        }
        #[cfg(feature = "plot")]
        Format::Png => {
            let Some(canvas) = canvas else { return Ok(Vec::new()) };
            let Pixels { width, height, values } = raster::pixels(&figure, &canvas, options)?;
            pixels::encode_png(width, height, &values, options.theme.background().is_none())
        }
        #[cfg(feature = "plot")]
        Format::Pdf => pdf::pdf(&figure, circles.as_deref(), canvas.as_ref()),
        #[cfg(not(feature = "plot"))]
        _ => anyhow::bail!("this program was built without its feature plot: only .svg can be written"),
    }
}

fn document(figure: &Figure, points: &[&str]) -> String {
    let mut parts = vec![figure.under.markup.as_str()];
    parts.extend(points);
    parts.push(&figure.over.markup);
    svg::document(figure.width, figure.height, &parts)
}

/// The points as an image of the size of the page.
fn image(figure: &Figure, options: &Options) -> Result<Canvas> {
    let scale = (options.dpi / 72.0) as f32;
    let mut canvas =
        Canvas::new((figure.width * scale).round() as usize, (figure.height * scale).round() as usize, scale)?;
    for (field, dots) in &figure.fields {
        canvas.field(&field.field(), *dots)?;
    }
    Ok(canvas)
}

/// A PNG of a map with a title and a line below it, everything else by default.
///
/// # Errors
///
/// Those of [`Picture::of`] and [`Picture::encode`].
#[cfg(feature = "plot")]
pub fn render<T: Scalar, const D: usize>(
    y: &[[T; D]],
    labels: Option<&Labels>,
    title: &str,
    subtitle: &str,
) -> Result<Vec<u8>> {
    let options = Options { title: title.into(), subtitle: subtitle.into(), ..Options::default() };
    Picture::of(y, labels)?.encode(&options, Format::Png)
}

/// A count with its thousands set apart.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
