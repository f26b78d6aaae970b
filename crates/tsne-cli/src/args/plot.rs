use super::input::InputArgs;
use crate::plot::{Legend, Limits, Options, Palette, Theme};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The arguments of `tsne plot`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub struct PlotArgs {
    /// The map, 1 to 3 columns: what `tsne embed --save` saved, .npy, text with one point per line (columns called x, y, z or
    /// tsne-1 and alike are the coordinates, all others labels), or obsm["X_tsne"] of an .h5ad file. Several maps of the same points
    /// are drawn side by side.
    #[arg(required = true, num_args = 1.., value_name = "MAP", help_heading = "Input and output")]
    pub maps: Vec<PathBuf>,
    /// Where the picture goes: .png, .svg or .pdf. An older file is replaced.
    #[arg(short, long, value_name = "OUT", help_heading = "Input and output")]
    pub output: PathBuf,
    /// The column of labels that colors the points, of the map or of --labels, or none [default: the first one].
    #[arg(long, value_name = "COLUMN|none", help_heading = "Input and output")]
    pub color: Option<String>,
    /// How maps and labels are read.
    #[command(flatten)]
    pub reading: InputArgs,
    /// How it looks.
    #[command(flatten)]
    pub look: LookArgs,
    /// Print nothing but errors.
    #[arg(short, long, help_heading = "Run")]
    pub quiet: bool,
}

/// How a picture looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Look")]
pub struct LookArgs {
    /// The line above the map; empty for none [default: the number of points].
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// The smaller line below the title.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub subtitle: String,
    /// The width: a number of inches, or pixels as 1200px.
    #[arg(long, value_name = "INCHES|Npx", value_parser = length, default_value = "7")]
    pub width: Length,
    /// The height, in the same units [default: what the map and its legend take].
    #[arg(long, value_name = "INCHES|Npx", value_parser = length)]
    pub height: Option<Length>,
    /// Pixels per inch, of a .png and of the image that more than 20,000 points are in the other formats.
    #[arg(long, value_name = "N", default_value_t = 200.0)]
    pub dpi: f64,
    /// The diameter of the dots in points, 1/72 inch [default: by the number of points].
    #[arg(long, value_name = "X")]
    pub point_size: Option<f64>,
    /// The opacity of the dots, above 0 and at most 1 [default: by the number of points].
    #[arg(long, value_name = "X")]
    pub opacity: Option<f64>,
    /// What is behind the points.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// The colors; auto are those of Okabe and Ito for classes, continued to 64, and viridis for numbers.
    #[arg(long, value_enum, default_value_t)]
    pub palette: Palette,
    /// Where the classes are named.
    #[arg(long, value_enum, default_value_t)]
    pub legend: Legend,
    /// Classes that are colored, all others being gray; may be repeated. Of several, commas between them.
    #[arg(long, value_name = "LABEL[,LABEL...]", value_delimiter = ',')]
    pub highlight: Vec<String>,
    /// The ends of the scale of numbers; robust leaves far ones out, which have the colors of the ends then.
    #[arg(long, value_name = "robust|LO,HI", value_parser = limits, default_value = "robust", allow_hyphen_values = true)]
    pub limits: Limits,
    /// Small pictures side by side: one for each label, or for each map.
    #[arg(long, value_enum, default_value_t)]
    pub panels: Panels,
    /// Turn, mirror, scale and shift every map to be closest to the first one (Procrustes).
    #[arg(long)]
    pub align: bool,
}

/// What small multiples are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Panels {
    /// One for each map.
    #[default]
    Maps,
    /// One for each label, the others gray.
    Label,
}

/// A length in inches or pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// 2.54 cm.
    Inches(f64),
    /// By the dots per inch.
    Pixels(f64),
}

impl Length {
    fn inches(self, dpi: f64) -> f64 {
        match self {
            Self::Inches(inches) => inches,
            Self::Pixels(pixels) => pixels / dpi,
        }
    }
}

fn length(text: &str) -> Result<Length, String> {
    let parse = |text: &str| text.trim().parse::<f64>().ok().filter(|length| *length > 0.0);
    match text.strip_suffix("px") {
        Some(pixels) => parse(pixels).map(Length::Pixels),
        None => parse(text.strip_suffix("in").unwrap_or(text)).map(Length::Inches),
    }
    .ok_or_else(|| "give inches as 7 or pixels as 1200px".into())
}

fn limits(text: &str) -> Result<Limits, String> {
    if text == "robust" {
        return Ok(Limits::Robust);
    }
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some([low, high]) => Ok(Limits::Given(*low, *high)),
        _ => Err("give robust, or two numbers as 0,10".into()),
    }
}

impl LookArgs {
    /// The options of the picture; `title` where none is given.
    pub fn options(&self, title: String) -> Options {
        Options {
            title: self.title.clone().unwrap_or(title),
            subtitle: self.subtitle.clone(),
            width: self.width.inches(self.dpi),
            height: self.height.map(|height| height.inches(self.dpi)),
            dpi: self.dpi,
            point_size: self.point_size,
            opacity: self.opacity,
            theme: self.theme,
            palette: self.palette,
            legend: self.legend,
            highlight: self.highlight.clone(),
            limits: self.limits,
            panel_per_label: self.panels == Panels::Label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_inches_or_pixels() {
        assert_eq!(length("7").map(|l| l.inches(200.0)), Ok(7.0));
        assert_eq!(length("3.5in").map(|l| l.inches(200.0)), Ok(3.5));
        assert_eq!(length("1200px").map(|l| l.inches(200.0)), Ok(6.0));
        assert!(length("-1").is_err() && length("wide").is_err() && limits("3").is_err());
        assert_eq!(limits("-1,2.5"), Ok(Limits::Given(-1.0, 2.5)));
    }
}
