//! Texts of files and names of files on a terminal, which takes some characters for commands.

use std::borrow::Cow;

/// Whether a character controls the terminal, or turns the direction of writing.
fn is_command(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A document of JSON with all such characters of its texts as escapes, which mean the same.
pub(super) fn printable_json(json: String) -> String {
    if !json.contains(is_command) {
        return json;
    }
    let mut printable = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        match is_command(c) {
            true => printable += &format!("\\u{:04x}", u32::from(c)),
            false => printable.push(c),
        }
    }
    printable
}

/// A text with its control characters, and those that turn the direction of writing, as escapes: what a file says neither colors nor
/// clears the terminal of who reads it, nor hides what stands there.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_command(c) {
            true => printable.extend(c.escape_default()),
            false => printable.push(c),
        }
    }
    Cow::Owned(printable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_to_terminals_are_escapes() {
        assert!(matches!(printable("Größe β, 細胞"), Cow::Borrowed("Größe β, 細胞")));
        assert_eq!(printable("\u{1b}[31mred\u{7}\r\n"), "\\u{1b}[31mred\\u{7}\\r\\n");
        assert_eq!(printable("a\u{202e}b\u{9b}c"), "a\\u{202e}b\\u{9b}c");
        let text = "a\u{202e}b\u{9b}c\u{1b}\n";
        let json = printable_json(serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"a\\u202eb\\u009bc\\u001b\\n\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
