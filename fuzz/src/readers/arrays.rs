//! Files of arrays, and archives of them, written a second time.

use crate::input::Input;

/// An array as its file says it is.
#[derive(Debug, Clone)]
pub(super) struct Array {
    /// The element type without the order of its bytes: a letter and a number.
    pub(super) kind: char,
    pub(super) size: usize,
    pub(super) big_endian: bool,
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// The elements in the order of the file.
    pub(super) elements: Vec<u8>,
}

/// All element types of numbers.
const KINDS: [(char, usize); 12] = [
    ('f', 4),
    ('f', 8),
    ('f', 2),
    ('i', 1),
    ('i', 2),
    ('i', 4),
    ('i', 8),
    ('u', 1),
    ('u', 2),
    ('u', 4),
    ('u', 8),
    ('b', 1),
];

impl Array {
    /// An array of numbers with any bytes.
    pub(super) fn of(input: &mut Input<'_>, shape: &[usize]) -> Self {
        let (kind, size) = input.pick(&KINDS);
        let order = input.byte();
        let count: usize = shape.iter().product();
        let mut elements = input.bytes(count * size).to_vec();
        elements.resize(count * size, 0);
        Self { kind, size, big_endian: order & 1 == 1, fortran: order & 2 == 2, shape: shape.to_vec(), elements }
    }

    /// An array of one dimension of whole numbers.
    pub(super) fn of_counts(counts: &[u64]) -> Self {
        let elements = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        Self { kind: 'i', size: 8, big_endian: false, fortran: false, shape: vec![counts.len()], elements }
    }

    /// An array of one dimension of numbers.
    pub(super) fn of_numbers(numbers: &[f64]) -> Self {
        let elements = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self { kind: 'f', size: 8, big_endian: false, fortran: false, shape: vec![numbers.len()], elements }
    }

    /// One text.
    pub(super) fn of_text(text: &str) -> Self {
        Self {
            kind: 'S',
            size: text.len(),
            big_endian: false,
            fortran: false,
            shape: Vec::new(),
            elements: text.as_bytes().to_vec(),
        }
    }

    /// The file, in version 1 of the format.
    pub(super) fn file(&self) -> Vec<u8> {
        let order = if self.big_endian { '>' } else { '<' };
        let sides: String = self.shape.iter().map(|side| format!("{side},")).collect();
        let fortran = if self.fortran { "True" } else { "False" };
        let header = format!(
            "{{'descr': '{order}{}{}', 'fortran_order': {fortran}, 'shape': ({sides}), }}\n",
            self.kind, self.size
        );
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&self.elements);
        bytes
    }

    /// The number at a place of the file.
    fn element(&self, place: usize) -> f64 {
        let mut bytes = self.elements[place * self.size..(place + 1) * self.size].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        let mut wide = [0; 8];
        wide[..self.size].copy_from_slice(&bytes);
        let unsigned = u64::from_le_bytes(wide);
        let shift = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            ('f', 8) => f64::from_bits(unsigned),
            ('f', 4) => f64::from(f32::from_bits(unsigned as u32)),
            ('f', _) => half(unsigned as u16),
            ('i', _) => (((unsigned << shift) as i64) >> shift) as f64,
            ('b', _) => f64::from(u8::from(unsigned != 0)),
            _ => unsigned as f64,
        }
    }

    /// The numbers of a matrix, row by row.
    pub(super) fn rows(&self) -> Vec<f64> {
        let [n, d] = self.shape[..] else { panic!("a matrix has two sides") };
        let place = |i: usize, c: usize| if self.fortran { c * n + i } else { i * d + c };
        (0..n * d).map(|at| self.element(place(at / d, at % d))).collect()
    }
}

/// A number of half precision by way of the bits of a single one (IEEE 754).
fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15), u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let number = match exponent {
        0 => fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(255 << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    f64::from(if sign == 1 { -number } else { number })
}

/// A packed file without compression: its members in the order of a directory at its end (PKWARE's APPNOTE).
pub(super) fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let offset = bytes.len() as u32;
        let length = (content.len() as u32).to_le_bytes();
        // Of version 2.0, without flags, stored, at no time.
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(crc32(content).to_le_bytes());
        common.extend(length);
        common.extend(length);
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = ((bytes.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    let count = (members.len() as u16).to_le_bytes();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend(count.iter().chain(&count));
    bytes.extend(length.iter().chain(&start));
    bytes.extend([0, 0]);
    bytes
}

/// The checksum of members, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
