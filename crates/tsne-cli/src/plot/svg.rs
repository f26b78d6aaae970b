//! Writing SVG: shapes and texts, with everything escaped that comes from outside.

use super::font::{FAMILY, Weight};
use super::palette::Color;
use std::fmt::Write;

/// Elements of an SVG, one after the other.
#[derive(Debug, Default, Clone)]
pub(super) struct Elements {
    /// The markup.
    pub(super) markup: String,
    /// All texts, so that it can be told which fonts they take.
    pub(super) texts: String,
}

/// Which point of a text its position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) color: Color,
    pub(super) anchor: Anchor,
}

pub(super) fn hex([r, g, b]: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A text within XML: control characters, which XML has no way to write, are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

impl Elements {
    // Writing to a string cannot fail.
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.markup.write_fmt(element);
        self.markup.push('\n');
    }

    pub(super) fn rectangle(&mut self, [x, y]: [f32; 2], [width, height]: [f32; 2], color: Color) {
        let fill = hex(color);
        self.push(format_args!(
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="{fill}"/>"#
        ));
    }

    /// The outline of a rectangle.
    pub(super) fn frame(&mut self, [x, y]: [f32; 2], [width, height]: [f32; 2], color: Color) {
        let stroke = hex(color);
        self.push(format_args!(
            r#"<rect x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" fill="none" stroke="{stroke}" stroke-width="0.5"/>"#
        ));
    }

    pub(super) fn line(&mut self, a: [f32; 2], b: [f32; 2], color: Color, width: f32) {
        let stroke = hex(color);
        self.push(format_args!(
            r#"<path d="M{:.2} {:.2}L{:.2} {:.2}" stroke="{stroke}" stroke-width="{width}" fill="none"/>"#,
            a[0], a[1], b[0], b[1]
        ));
    }

    pub(super) fn polygon(&mut self, points: &[[f32; 2]], color: Color) {
        let mut path = String::new();
        for (i, [x, y]) in points.iter().enumerate() {
            let _ = write!(path, "{}{x:.2} {y:.2}", if i == 0 { 'M' } else { 'L' });
        }
        self.push(format_args!(r#"<path d="{path}Z" fill="{}"/>"#, hex(color)));
    }

    pub(super) fn circle(&mut self, [x, y]: [f32; 2], radius: f32, color: Color, rest: &str) {
        let fill = hex(color);
        self.push(format_args!(r#"<circle cx="{x:.2}" cy="{y:.2}" r="{radius:.3}" fill="{fill}"{rest}/>"#));
    }

    /// A text; `halo` is drawn around its letters.
    pub(super) fn text(&mut self, text: &str, [x, y]: [f32; 2], style: Style, halo: Option<Color>) {
        if text.is_empty() {
            return;
        }
        let weight = if style.weight == Weight::Bold { 600 } else { 400 };
        let anchor = if style.anchor == Anchor::Middle { r#" text-anchor="middle""# } else { "" };
        let (escaped, size) = (escape(text), style.size);
        // Twice, because not all programs know `paint-order`.
        let halo = halo.map(|color| {
            format!(r#" stroke="{}" stroke-width="{:.2}" stroke-linejoin="round""#, hex(color), size * 0.3)
        });
        for stroke in halo.into_iter().chain([String::new()]) {
            let fill = hex(style.color);
            self.push(format_args!(
                r#"<text x="{x:.2}" y="{y:.2}" font-size="{size}" font-weight="{weight}" fill="{fill}"{anchor}{stroke}>{escaped}</text>"#
            ));
        }
        self.texts.push_str(text);
    }
}

/// A whole document of that size in points.
pub(super) fn document(width: f32, height: f32, elements: &[&str]) -> String {
    let mut document = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2}pt" height="{height:.2}pt" viewBox="0 0 {width:.2} {height:.2}" font-family="{FAMILY}, 'Noto Sans', Helvetica, Arial, sans-serif">
"#
    );
    for part in elements {
        document.push_str(part);
    }
    document.push_str("</svg>\n");
    document
}

/// Bytes as base 64 (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize] as char;
            text.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in pairs {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn what_xml_cannot_write_is_replaced() {
        assert_eq!(escape("<&\">'\u{0}\n\u{ffff}é"), "&lt;&amp;&quot;&gt;&apos;\u{fffd} \u{fffd}é");
    }
}
