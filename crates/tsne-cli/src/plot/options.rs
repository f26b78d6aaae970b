//! What a picture should look like.

use super::palette::{Color, Palette};
use anyhow::{Result, bail, ensure};
use std::path::Path;

/// The file format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pixels.
    Png,
    /// Lines and texts that can be edited; up to 20,000 points as circles, more as an image.
    Svg,
    /// Lines, texts as outlines; up to 20,000 points as circles, more as an image.
    Pdf,
}

impl Format {
    /// The format of a file name.
    ///
    /// # Errors
    ///
    /// For an extension that is none of `.png`, `.svg` and `.pdf`, or one that this program was built without.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let format = match extension.as_deref() {
            Some("png") => Self::Png,
            Some("svg") => Self::Svg,
            Some("pdf") => Self::Pdf,
            _ => bail!("{}: the extension of the plot must be .png, .svg or .pdf", path.display()),
        };
        ensure!(
            cfg!(feature = "plot") || format == Self::Svg,
            "{}: this program was built without its feature plot: only .svg can be written",
            path.display()
        );
        Ok(format)
    }
}

/// What is behind the points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Theme {
    /// White.
    #[default]
    Light,
    /// Nearly black.
    Dark,
    /// Nothing: for dark ink on a light page.
    Transparent,
}

impl Theme {
    pub(super) fn background(self) -> Option<Color> {
        match self {
            Self::Light => Some([255; 3]),
            Self::Dark => Some([20, 22, 27]),
            Self::Transparent => None,
        }
    }

    /// What parts dots that overlap, and texts from dots.
    pub(super) fn halo(self) -> Color {
        self.background().unwrap_or([255; 3])
    }

    fn by_dark(self, dark: Color, light: Color) -> Color {
        if self == Self::Dark { dark } else { light }
    }

    pub(super) fn ink(self) -> Color {
        self.by_dark([236, 238, 241], [33, 37, 43])
    }

    pub(super) fn faint(self) -> Color {
        self.by_dark([158, 163, 171], [104, 110, 118])
    }

    /// Points without a label, or below those that are shown.
    pub(super) fn below(self) -> Color {
        self.by_dark([70, 74, 82], [208, 211, 215])
    }

    /// Points where there are no labels at all.
    pub(super) fn plain(self) -> Color {
        self.by_dark([112, 164, 222], [46, 92, 150])
    }
}

/// Where categories are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Legend {
    /// Beside the points, or below them where the names are long or many.
    #[default]
    Auto,
    /// Beside the points, at up to half of the width.
    Right,
    /// On the points, where each is densest; those without a place there are listed.
    OnClusters,
    /// Nowhere.
    None,
}

/// What numbers the ends of the scale stand for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Limits {
    /// All but the outermost 2 % at either end, if those reach far beyond; else the extremes.
    #[default]
    Robust,
    /// These two.
    Given(f64, f64),
}

/// How a picture is drawn. Lengths are in inches or points (1/72 inch).
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The line above; none if empty.
    pub title: String,
    /// The smaller line below it; none if empty.
    pub subtitle: String,
    /// The width in inches.
    pub width: f64,
    /// The height in inches; by default what the map and the legend take.
    pub height: Option<f64>,
    /// Pixels per inch of a PNG, and of the image of many points in the others.
    pub dpi: f64,
    /// The diameter of the dots in points; by default from their number.
    pub point_size: Option<f64>,
    /// The opacity of the dots; by default from their number.
    pub opacity: Option<f64>,
    /// What is behind the points.
    pub theme: Theme,
    /// The colors.
    pub palette: Palette,
    /// Where categories are named.
    pub legend: Legend,
    /// The categories that are colored, the others being gray; all if empty.
    pub highlight: Vec<String>,
    /// The ends of a scale of numbers.
    pub limits: Limits,
    /// One panel for each category.
    pub panel_per_label: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            width: 7.0,
            height: None,
            dpi: 200.0,
            point_size: None,
            opacity: None,
            theme: Theme::default(),
            palette: Palette::default(),
            legend: Legend::default(),
            highlight: Vec::new(),
            limits: Limits::default(),
            panel_per_label: false,
        }
    }
}

/// The most pixels of a picture: 20 by 20 inches at 500 dpi.
const MAX_PIXELS: f64 = 1e8;

impl Options {
    /// Whether the numbers make sense.
    pub(super) fn check(&self) -> Result<()> {
        for (side, inches) in [("width", Some(self.width)), ("height", self.height)] {
            let inches = inches.unwrap_or(1.0);
            ensure!((1.0..=200.0).contains(&inches), "the {side} is {inches} inches: give 1 to 200");
        }
        ensure!(
            (20.0..=2400.0).contains(&self.dpi),
            "there are {} pixels per inch: give a --dpi of 20 to 2,400",
            self.dpi
        );
        if let Some(size) = self.point_size {
            ensure!((0.01..=100.0).contains(&size), "the points are {size} wide: give 0.01 to 100");
        }
        if let Some(opacity) = self.opacity {
            ensure!(opacity > 0.0 && opacity <= 1.0, "the opacity is {opacity}: give a number above 0 and at most 1");
        }
        if let Limits::Given(low, high) = self.limits {
            let scale = low < high && (high - low).is_finite();
            ensure!(scale, "the limits of the scale are {low} and {high}: give two numbers, the lower one first");
        }
        Ok(())
    }

    /// Whether a picture of so many points (1/72 inch) is not too large for its pixels.
    pub(super) fn check_pixels(&self, width: f32, height: f32) -> Result<()> {
        let pixels = f64::from(width) * f64::from(height) * (self.dpi / 72.0).powi(2);
        ensure!(pixels <= MAX_PIXELS, "the picture would have {pixels:.1e} pixels: give fewer --dpi or a smaller size");
        Ok(())
    }
}
