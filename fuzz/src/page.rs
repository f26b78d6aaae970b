//! The page of a map: what is in it is what was given, and no text gets out of its place.

use crate::input::Input;
use flate2::read::ZlibDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use tsne::{Float, KnnGraph};
use tsne_cli::explore::{Neighbors, Page, Theme, page as page_of};
use tsne_cli::film::Film;
use tsne_cli::input::{Annotations, LabelType, Labels};

/// A title that is nowhere else.
const TITLE: &str = "the title of this page";

/// A map of any places with any texts.
pub(crate) fn page(data: &[u8]) {
    let mut input = Input::new(data);
    match input.below(4) {
        0 => check::<f32, 1>(&mut input),
        1 => check::<f64, 3>(&mut input),
        2 => check::<f32, 2>(&mut input),
        _ => check::<f64, 2>(&mut input),
    }
}

fn check<T: Float, const D: usize>(input: &mut Input<'_>) {
    let n = input.below(12);
    let y: Vec<[T; D]> = (0..n).map(|_| std::array::from_fn(|_| input.scalar())).collect();
    let ids = input.flag().then(|| (0..n).map(|_| input.text()).collect());
    let labels = (0..input.below(4))
        .map(|_| {
            let kinds: Vec<String> = (0..input.below(6) + 1)
                .map(|_| if input.flag() { input.text() } else { input.number().to_string() })
                .collect();
            let label_type = input.pick(&[LabelType::Auto, LabelType::Classes, LabelType::Numbers]);
            Labels { name: input.text(), label_type, ..Labels::from_texts((0..n).map(|_| input.pick(&kinds))) }
        })
        .collect();
    let annotations = Annotations { ids, labels };
    let title = input.text();
    let theme = input.pick(&[Theme::Auto, Theme::Light, Theme::Dark]);
    let k = input.below(4);
    let neighbors = graph::<T>(n, k).map(|graph| Neighbors::from_graph(&graph, 3).unwrap());
    let mut film = Film::new(3);
    if D == 2 && input.flag() {
        film.begin(0, 10, &y);
        film.add(7, input.flag().then(|| input.number()), &y);
    }
    let film = (!film.frames().is_empty()).then_some(&film);
    let options = Page { title: &title, theme, annotations: Some(&annotations), neighbors: neighbors.as_ref(), film };
    let bytes = page_of(&y, &options);
    let is_single = y.as_flattened().iter().all(|value| (value.to_f64() as f32).is_finite());
    assert_eq!(bytes.is_ok(), n > 0 && is_single, "{y:?}");
    let Ok(bytes) = bytes else { return };
    let html = String::from_utf8(bytes).expect("the page is UTF-8");

    // No text ends what it stands in, or begins something: there is the markup, and nothing else.
    let (elements, rest) = elements(&html);
    let plain = page_of(&[[0.0f32, 0.0]], &Page { title: TITLE, theme, ..Page::default() }).unwrap();
    let (_, markup) = self::elements(std::str::from_utf8(&plain).unwrap());
    assert!(markup.contains(TITLE) && rest == markup.replace(TITLE, &escaped(&title)), "{title:?}");

    let meta: Value = serde_json::from_str(elements["meta"]).expect("it is told in JSON");
    assert!(!elements["meta"].contains(['<', '>', '&']));
    assert_eq!((meta["n"].as_u64(), meta["title"].as_str()), (Some(n as u64), Some(&*title)));
    for c in 0..D {
        let origin = meta["origin"][c].as_f64().expect("each axis has an origin");
        let places = numbers::<4>(&elements, &format!("axis-{c}")).map(f32::from_le_bytes);
        let expected = y.iter().map(|point| ((point[c].to_f64() - origin) as f32).to_bits());
        assert!(places.map(f32::to_bits).eq(expected), "{y:?}");
    }
    let given = annotations.ids.as_ref().map(|ids| ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(elements.contains_key("ids").then(|| texts(&elements, "ids")), given.map(owned));
    for (c, labels) in annotations.labels.iter().enumerate() {
        column(&elements, &meta["columns"][c], c, labels);
    }
    if let Some(neighbors) = &neighbors {
        assert!(numbers::<4>(&elements, "neighbors").map(u32::from_le_bytes).eq(neighbors.ranks().iter().copied()));
    }
    for (f, frame) in film.iter().flat_map(|film| film.frames()).enumerate() {
        let places = numbers::<4>(&elements, &format!("frame-{f}")).map(u32::from_le_bytes);
        assert!(places.eq(frame.places().iter().copied()));
    }
}

/// A column of labels is that of the map, number by number or name by name.
fn column(elements: &BTreeMap<&str, &str>, meta: &Value, c: usize, labels: &Labels) {
    assert_eq!(meta["name"].as_str(), Some(&*labels.name));
    let name = format!("values-{c}");
    let codes: Vec<usize> = match (meta["kind"].as_str(), meta["bytes"].as_u64()) {
        (Some("numbers"), Some(bytes)) => {
            let found: Vec<f64> = match bytes {
                4 => numbers::<4>(elements, &name).map(f32::from_le_bytes).map(shortest).collect(),
                _ => numbers::<8>(elements, &name).map(f64::from_le_bytes).collect(),
            };
            for (i, found) in found.into_iter().enumerate() {
                let expected = labels.of(i).map(|label| label.parse::<f64>().expect("it is a number"));
                assert!(expected.map_or(found.is_nan(), |expected| expected == found), "{labels:?}");
            }
            return;
        }
        (_, Some(1)) => numbers::<1>(elements, &name).map(|v| usize::from(v[0])).collect(),
        (_, bytes) => panic!("a dozen classes have codes of one byte, not {bytes:?}"),
    };
    let names = texts(elements, &format!("names-{c}"));
    for (i, code) in codes.into_iter().enumerate() {
        assert_eq!(names.get(code).map(String::as_str), labels.of(i), "{labels:?}");
    }
}

/// The number that a page shows of one in single precision: that of its fewest digits.
fn shortest(value: f32) -> f64 {
    format!("{value:?}").parse().expect("it is a number")
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// The nearest `k` on a ring.
fn graph<T: Float>(n: usize, k: usize) -> Option<KnnGraph<T>> {
    let indices = (0..n).flat_map(|i| (1..=k).map(move |r| ((i + r) % n) as u32)).collect();
    KnnGraph::from_parts(k, n, indices, vec![T::ONE; n * k]).ok().filter(|_| n > k)
}

/// Texts in elements, by what their ids are after `data-`, and the page without them.
fn elements(html: &str) -> (BTreeMap<&str, &str>, String) {
    const BEFORE: &str = "<script type=\"text/plain\" id=\"data-";
    let mut pieces = html.split(BEFORE);
    let mut rest = pieces.next().expect("there is a beginning").to_owned();
    let mut elements = BTreeMap::new();
    for piece in pieces {
        let (name, text) = piece.split_once("\">").expect("the element has an end of its tag");
        let (text, after) = text.split_once("</script>").expect("the element has an end");
        assert!(elements.insert(name, text).is_none(), "{name} is there twice");
        rest += after.strip_prefix('\n').expect("a line ends behind it");
    }
    (elements, rest)
}

/// A text in markup, by the rules of HTML for texts and attributes.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace('"', "&quot;").replace('\'', "&#39;");
    text.chars().map(|c| if c.is_control() && c != '\t' && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// The bytes of an array: base64, then inflated.
fn array(elements: &BTreeMap<&str, &str>, name: &str) -> Vec<u8> {
    let text = elements.get(name).unwrap_or_else(|| panic!("there is no array {name}"));
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("{other} is no digit of base64"),
    };
    let mut packed = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0u32, |bits, &c| bits << 6 | u32::from(digit(c))) << (6 * (4 - group.len()));
        packed.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    let mut bytes = Vec::new();
    ZlibDecoder::new(&*packed).read_to_end(&mut bytes).expect("the array is whole");
    bytes
}

/// The numbers of an array, whose bytes are in planes.
fn numbers<const S: usize>(elements: &BTreeMap<&str, &str>, name: &str) -> impl Iterator<Item = [u8; S]> + use<S> {
    let bytes = array(elements, name);
    let count = bytes.len() / S;
    (0..count).map(move |i| std::array::from_fn(|plane| bytes[plane * count + i]))
}

/// Texts that follow each other, by their lengths in units of UTF-16.
fn texts(elements: &BTreeMap<&str, &str>, name: &str) -> Vec<String> {
    let joined: Vec<u16> = String::from_utf8(array(elements, name)).expect("texts are UTF-8").encode_utf16().collect();
    let mut rest = joined.as_slice();
    let lengths = numbers::<4>(elements, &format!("{name}-lengths")).map(u32::from_le_bytes);
    let all = lengths
        .map(|length| {
            let (text, after) = rest.split_at(length as usize);
            rest = after;
            String::from_utf16(text).expect("no character is cut")
        })
        .collect();
    assert!(rest.is_empty());
    all
}
