//! Bytes as values.

use tsne::{Metric, Scalar};

/// Bytes that are taken from front to back, as values of any kind; where none is left, they are zeros.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

/// Numbers at which arithmetic changes its ways.
const EDGES: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-300,
    1e-160,
    1e-40,
    f64::MIN_POSITIVE,
    f64::EPSILON,
    16_777_217.0,
    9_007_199_254_740_993.0,
    1e19,
    -1e30,
    1e37,
    1e200,
    f64::MAX,
];

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// All that is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `S` bytes.
    fn array<const S: usize>(&mut self) -> [u8; S] {
        let mut array = [0; S];
        let taken = self.bytes(S);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// Up to `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(crate) fn word(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(crate) fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Any metric that has a name.
    pub(crate) fn metric(&mut self) -> Metric {
        let name = Metric::names().nth(self.below(Metric::names().len())).unwrap();
        match name {
            "minkowski" => Metric::minkowski(self.pick(&[1.5, 3.0, 2.0])),
            name => name.parse().unwrap(),
        }
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `count`, which is 256 at most.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// One of some values.
    pub(crate) fn pick<V: Clone>(&mut self, values: &[V]) -> V {
        values[self.below(values.len())].clone()
    }

    /// A finite number: one byte or two for those on a lattice, of which many are equal, more for any other.
    pub(crate) fn number(&mut self) -> f64 {
        let kind = self.byte();
        let number = match kind {
            // As it is.
            0..128 => f64::from(kind) - 64.0,
            128..160 => f64::from(i16::from_le_bytes(self.array())) / 256.0,
            160..192 => f64::from(f32::from_bits(u32::from_le_bytes(self.array()))),
            192..224 => f64::from_bits(self.long()),
            224..240 => EDGES[usize::from(kind) - 224],
            // A power of two.
            _ => 2f64.powi(i32::from(i16::from_le_bytes(self.array())) % 1074),
        };
        if number.is_finite() { number } else { 0.0 }
    }

    /// A number that is finite in `T`.
    pub(crate) fn scalar<T: Scalar>(&mut self) -> T {
        let number = T::from_f64(self.number());
        if number.is_finite() { number } else { T::ZERO }
    }

    /// Texts with what ends markup, cells, lines and words, and with what is longer than one byte.
    pub(crate) fn text(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "</script>",
            "<!--",
            "\"",
            "'",
            "&lt;",
            "\\",
            "\u{1f600}",
            "é",
            ",",
            ";",
            "\t",
            " ",
            "#",
            "NA",
            "nan",
            "1e3",
            "007",
            "10",
            "\u{7f}",
            "\u{2028}",
            "{title}",
            "\u{feff}",
            "x_label",
            "|",
        ];
        let mut text = String::new();
        for _ in 0..self.below(8) {
            match self.byte() {
                byte @ 0..24 => text.push_str(PIECES[usize::from(byte)]),
                byte @ 24..32 => text.push(char::from(byte)),
                byte @ 32..127 => text.push(char::from(byte)),
                _ => text.extend(char::from_u32(u32::from_le_bytes(self.array()) % 0x0011_0000)),
            }
        }
        text
    }

    /// Changes `bytes` as the input says: single bytes, words, ranges and the length.
    pub(crate) fn edit(&mut self, bytes: &mut Vec<u8>) {
        while !self.is_empty() {
            let kind = self.byte();
            let at = u32::from_le_bytes([self.byte(), self.byte(), self.byte(), 0]) as usize % bytes.len().max(1);
            match kind % 8 {
                0..=3 => {
                    let with = self.byte();
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = with);
                }
                4 => {
                    let count = usize::from(kind / 8 % 8) + 1;
                    let with = self.bytes(count);
                    bytes.iter_mut().skip(at).zip(with).for_each(|(byte, with)| *byte = *with);
                }
                5 => {
                    let with = if kind & 8 == 0 { 0 } else { u8::MAX };
                    bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte = with);
                }
                6 => {
                    let from = usize::from(self.word()) % bytes.len().max(1);
                    let count = (usize::from(kind / 8) + 1).min(bytes.len() - from.max(at));
                    bytes.copy_within(from..from + count, at);
                }
                _ => bytes.truncate(at),
            }
            if bytes.is_empty() {
                return;
            }
        }
    }
}
