//! What a page holds, read by a reader of its own: base64 and planes undone one number at a time.
#![allow(unreachable_pub, reason = "shared by the modules of this binary")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use serde_json::Value;
use std::io::Read;

/// A page as a browser sees it, or a script beside one.
pub struct Opened {
    pub html: String,
    /// What the page is told; nothing in a script.
    pub meta: Value,
}

impl Opened {
    pub fn new(html: Vec<u8>) -> Self {
        let html = String::from_utf8(html).unwrap();
        let mut page = Self { html, meta: Value::Object(serde_json::Map::new()) };
        page.meta = serde_json::from_str(page.text("meta")).unwrap();
        page
    }

    /// The script of that name, which hands itself over under it.
    pub fn script(bytes: Vec<u8>, name: &str) -> Self {
        let html = String::from_utf8(bytes).unwrap();
        assert!(html.starts_with(&format!("received(\"{name}\",{{\n")) && html.ends_with("\",\n});\n"), "{name}");
        Self { html, meta: Value::Null }
    }

    fn text(&self, name: &str) -> &str {
        let (start, end) = match self.meta {
            Value::Null => (format!("\"{name}\":\""), "\""),
            _ => (format!("<script type=\"text/plain\" id=\"data-{name}\">"), "</script>"),
        };
        let (_, rest) = self.html.split_once(&start).unwrap_or_else(|| panic!("no {name}"));
        rest.split_once(end).unwrap().0
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let digit = |c: char| match c {
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' => 62,
            '/' => 63,
            _ => panic!("{c} is no digit"),
        };
        let text = self.text(name);
        assert_eq!(text.len() % 4, 0);
        let bits: Vec<u32> =
            text.trim_end_matches('=').chars().flat_map(|c| (0..6).rev().map(move |b| digit(c) >> b & 1)).collect();
        let packed: Vec<u8> =
            bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | *bit as u8)).collect();
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// The numbers of an array, each as its bytes.
    pub fn numbers<const S: usize>(&self, name: &str) -> Vec<[u8; S]> {
        let bytes = self.bytes(name);
        let n = bytes.len() / S;
        assert_eq!(bytes.len(), n * S, "{name}");
        (0..n).map(|i| std::array::from_fn(|plane| bytes[plane * n + i])).collect()
    }

    pub fn singles(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(f32::from_le_bytes).collect()
    }

    pub fn u32s(&self, name: &str) -> Vec<u32> {
        self.numbers(name).into_iter().map(u32::from_le_bytes).collect()
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        let all: Vec<u16> = String::from_utf8(self.bytes(name)).unwrap().encode_utf16().collect();
        let mut from = 0;
        let lengths = self.numbers(&format!("{name}-lengths")).into_iter().map(u32::from_le_bytes);
        let texts: Vec<String> = lengths
            .map(|length| {
                let text = String::from_utf16(&all[from..from + length as usize]).unwrap();
                from += length as usize;
                text
            })
            .collect();
        assert_eq!(from, all.len());
        texts
    }
}
