//! How labels become colors: a list of categories in their natural order, or a scale of numbers.

use super::options::{Legend, Options, Theme};
use super::palette::{self, Color, Palette};
use super::scale::Scale;
use crate::input::{LabelType, Labels};
use anyhow::{Result, bail};

/// Numbers of more kinds than there are colors are a scale.
const MAX_CATEGORIES: usize = 64;

/// A category of the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) color: Color,
    /// Its code in the labels; none for what is gray.
    pub(super) code: Option<u32>,
}

/// The colors of points by their labels.
#[derive(Debug)]
pub(super) struct Coloring<'a> {
    labels: Option<&'a Labels>,
    /// By code; none is below and gray.
    colors: Vec<Option<Color>>,
    plain: Color,
    pub(super) key: Key,
}

/// What the colors mean.
#[derive(Debug)]
pub(super) enum Key {
    None,
    List { title: String, entries: Vec<Entry> },
    Scale { scale: Scale, title: String, palette: Palette },
}

impl<'a> Coloring<'a> {
    pub(super) fn new(labels: Option<&'a Labels>, options: &Options) -> Result<Self> {
        let plain = options.theme.plain();
        let Some(labels) = labels.filter(|labels| !labels.names.is_empty()) else {
            return Ok(Self { labels: None, colors: Vec::new(), plain, key: Key::None });
        };
        let mut shown = vec![options.highlight.is_empty(); labels.names.len()];
        for wanted in &options.highlight {
            match labels.names.iter().position(|name| name == wanted) {
                Some(code) => shown[code] = true,
                None => bail!("no point is labeled {wanted:?}, which is to be highlighted"),
            }
        }
        // The number of a column without a name tells a reader nothing.
        let is_number = |name: &str| name.strip_prefix('#').is_some_and(|digits| digits.parse::<usize>().is_ok());
        let named = Some(&labels.name).filter(|name| !is_number(name));
        let title = || labels.title.as_ref().or(named).cloned().unwrap_or_default();
        let numbers = labels.numbers().filter(|_| {
            labels.are_continuous() || labels.label_type != LabelType::Classes && labels.names.len() > MAX_CATEGORIES
        });
        if let Some(numbers) = numbers.filter(|_| options.highlight.is_empty() && !options.panel_per_label) {
            let of_points = labels.codes.iter().filter_map(|&code| numbers.get(code as usize).copied()).collect();
            let scale = Scale::new(of_points, options.limits);
            let color = |&number: &f64| Some(palette::scale(options.palette, scale.position(number)));
            let colors = numbers.iter().map(color).collect();
            let key = match options.legend {
                Legend::None => Key::None,
                _ => Key::Scale { scale, title: title(), palette: options.palette },
            };
            return Ok(Self { labels: Some(labels), colors, plain, key });
        }
        let count = labels.names.len();
        let mut colors = vec![None; count];
        let mut entries = Vec::new();
        for code in (0..count).filter(|&code| shown[code]) {
            let mut color = palette::category(options.palette, code, count);
            if options.theme == Theme::Dark && options.palette == Palette::Auto {
                color = palette::on_dark(color);
            }
            colors[code] = Some(color);
            let name = match labels.names[code].trim() {
                "" => "(empty)",
                name => name,
            };
            entries.push(Entry { name: name.to_owned(), color, code: Some(code as u32) });
        }
        let mut gray = |name: &str| entries.push(Entry { name: name.into(), color: options.theme.below(), code: None });
        if shown.contains(&false) {
            gray("others");
        } else if labels.codes.iter().any(|&code| code as usize >= labels.names.len()) {
            gray("no label");
        }
        let key = if options.legend == Legend::None { Key::None } else { Key::List { title: title(), entries } };
        Ok(Self { labels: Some(labels), colors, plain, key })
    }

    /// The color of a point; none for one that is gray and below the others.
    pub(super) fn color(&self, point: usize) -> Option<Color> {
        let Some(labels) = self.labels else { return Some(self.plain) };
        let code = labels.codes.get(point)?;
        self.colors.get(*code as usize).copied().flatten()
    }

    /// The code of a point's label.
    pub(super) fn code(&self, point: usize) -> Option<u32> {
        self.labels.and_then(|labels| labels.codes.get(point)).copied()
    }

    /// The color of a category.
    pub(super) fn of_code(&self, code: u32) -> Option<Color> {
        self.colors.get(code as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_comes_before_ten() {
        let labels = Labels::from_texts(["c10", "c2", "c10"]);
        let coloring = Coloring::new(Some(&labels), &Options::default()).unwrap();
        let Key::List { entries, .. } = &coloring.key else { unreachable!() };
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["c2", "c10"]);
        assert_eq!(coloring.color(1), Some(entries[0].color));
    }

    #[test]
    fn what_is_not_highlighted_or_missing_is_below() {
        let mut labels = Labels::from_texts(["a", "b", "c"]);
        let options = Options { highlight: vec!["b".into()], ..Options::default() };
        let coloring = Coloring::new(Some(&labels), &options).unwrap();
        assert_eq!([0, 1, 2].map(|i| coloring.color(i).is_some()), [false, true, false]);
        let options = Options { highlight: vec!["d".into()], ..Options::default() };
        assert!(Coloring::new(Some(&labels), &options).unwrap_err().to_string().contains("\"d\""));
        labels.codes[1] = Labels::MISSING;
        let coloring = Coloring::new(Some(&labels), &Options::default()).unwrap();
        assert_eq!(coloring.color(1), None);
        let Key::List { entries, .. } = &coloring.key else { unreachable!() };
        assert_eq!(entries.last().unwrap().name, "no label");
    }
}
