//! Texts of anybody's tables: as arrays, in markup and in JSON, where none of them can end what they stand in.

use super::blob::Arrays;
use anyhow::{Result, ensure};

/// The longest text of the browsers: Chrome's, in units of UTF-16, is 2²⁹ - 24, the others' are longer.
const LONGEST: usize = (1 << 29) - 24;

/// Writes many texts as one, and the length of each in units of UTF-16.
///
/// # Errors
///
/// Where they are longer together than a text can be in a browser.
pub(super) fn write<'t>(to: &mut Arrays<'_>, name: &str, texts: impl Iterator<Item = &'t str> + Clone) -> Result<()> {
    let length = |text: &str| text.encode_utf16().count();
    let total = texts.clone().map(length).fold(0, usize::saturating_add);
    ensure!(
        total <= LONGEST,
        "the {name} have {total} characters together, more than a browser's longest text: shorten them, leave them out, or write a \
         folder (-o map/)"
    );
    to.add(name, |to| texts.clone().try_for_each(|text| to.write_all(text.as_bytes())))?;
    to.numbers(&format!("{name}-lengths"), texts.map(|text| (length(text) as u32).to_le_bytes()))
}

/// A text as it stands in markup; characters that a page may not hold become U+FFFD.
pub(super) fn escaped_markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && !matches!(c, '\t' | '\n') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// JSON in a script element: `<`, `>` and `&`, which can only be in its texts, by their numbers.
pub(super) fn escaped_json(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_what_it_stands_in() {
        let text = "</script><!--\"'&\0\u{1f600}";
        let markup = escaped_markup(text);
        assert_eq!(markup, "&lt;/script&gt;&lt;!--&quot;&#39;&amp;\u{fffd}\u{1f600}");
        let json = escaped_json(&serde_json::to_string(text).unwrap());
        assert!(!json.contains(['<', '>', '&', '\0']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
