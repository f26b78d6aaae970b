//! Model files built a second time, byte by byte from docs/model-format.md, with a second XXH64: what the library writes
//! must equal them, and what it must refuse can be made with checksums that are right.
#![allow(dead_code)] // Not every test binary uses all of it.

/// XXH64 with seed 0 of a whole buffer, step by step as its specification has it.
pub(crate) fn xxh64(bytes: &[u8]) -> u64 {
    const P: [u64; 5] =
        [0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5];
    let number = |at: usize, n: usize| (0..n).rev().fold(0, |sum, i| sum << 8 | u64::from(bytes[at + i]));
    let round = |acc: u64, lane: u64| acc.wrapping_add(lane.wrapping_mul(P[1])).rotate_left(31).wrapping_mul(P[0]);
    let mut at = 0;
    let mut acc = P[4];
    if bytes.len() >= 32 {
        let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, P[0].wrapping_neg()];
        while at + 32 <= bytes.len() {
            for (i, lane) in lanes.iter_mut().enumerate() {
                *lane = round(*lane, number(at + 8 * i, 8));
            }
            at += 32;
        }
        acc = (0..4).fold(0, |acc: u64, i| acc.wrapping_add(lanes[i].rotate_left([1, 7, 12, 18][i])));
        for lane in lanes {
            acc = (acc ^ round(0, lane)).wrapping_mul(P[0]).wrapping_add(P[3]);
        }
    }
    acc = acc.wrapping_add(bytes.len() as u64);
    while at < bytes.len() {
        if at + 8 <= bytes.len() {
            acc = (acc ^ round(0, number(at, 8))).rotate_left(27).wrapping_mul(P[0]).wrapping_add(P[3]);
            at += 8;
        } else if at + 4 <= bytes.len() {
            acc = (acc ^ number(at, 4).wrapping_mul(P[0])).rotate_left(23).wrapping_mul(P[1]).wrapping_add(P[2]);
            at += 4;
        } else {
            acc = (acc ^ number(at, 1).wrapping_mul(P[4])).rotate_left(11).wrapping_mul(P[0]);
            at += 1;
        }
    }
    acc = (acc ^ acc >> 33).wrapping_mul(P[1]);
    acc = (acc ^ acc >> 29).wrapping_mul(P[2]);
    acc ^ acc >> 32
}

/// A section as the document describes it, every field free to be wrong.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) name: Vec<u8>,
    pub(crate) code: u32,
    pub(crate) rank: u32,
    pub(crate) shape: [u64; 4],
    pub(crate) offset: Option<u64>,
    pub(crate) length: Option<u64>,
    pub(crate) payload: Vec<u8>,
    pub(crate) padding: u8,
}

/// A file as the document describes it, every field free to be wrong; the checksums always match.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) version: [u16; 2],
    pub(crate) count: Option<u32>,
    pub(crate) length: Option<u64>,
    pub(crate) reserved: u8,
    pub(crate) parts: Vec<Part>,
    pub(crate) end: Vec<u8>,
}

impl Forged {
    /// Two floats, no bytes at all, and three bytes.
    pub(crate) fn valid() -> Self {
        let part = |name: &str, code, rank, shape, payload: &[u8]| Part {
            name: name.into(),
            code,
            rank,
            shape,
            offset: None,
            length: None,
            payload: payload.into(),
            padding: 0,
        };
        Self {
            version: [1, 0],
            count: None,
            length: None,
            reserved: 0,
            parts: vec![
                // 1.5 and -2 in IEEE 754 single precision: 0x3FC00000 and 0xC0000000.
                part("positions", 4, 2, [1, 2, 0, 0], &[0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0]),
                part("empty", 3, 1, [0, 0, 0, 0], &[]),
                part("raw", 1, 1, [3, 0, 0, 0], &[7, 8, 9]),
            ],
            end: b"\x89TSNEND\n".to_vec(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut table = Vec::new();
        let mut payloads = Vec::new();
        let start = 64 + 128 * self.parts.len();
        for part in &self.parts {
            let mut name = part.name.clone();
            name.resize(64, 0);
            table.extend(name);
            table.extend(part.code.to_le_bytes());
            table.extend(part.rank.to_le_bytes());
            table.extend(part.shape.iter().flat_map(|size| size.to_le_bytes()));
            table.extend(part.offset.unwrap_or((start + payloads.len()) as u64).to_le_bytes());
            table.extend(part.length.unwrap_or(part.payload.len() as u64).to_le_bytes());
            table.extend(xxh64(&part.payload).to_le_bytes());
            payloads.extend(&part.payload);
            while payloads.len() % 64 != 0 {
                payloads.push(part.padding);
            }
        }
        let mut file = b"\x89TSN\r\n\x1a\n".to_vec();
        file.extend(self.version.iter().flat_map(|part| part.to_le_bytes()));
        file.extend(self.count.unwrap_or(self.parts.len() as u32).to_le_bytes());
        let length = start + payloads.len() + self.end.len();
        file.extend(self.length.unwrap_or(length as u64).to_le_bytes());
        file.resize(56, self.reserved);
        let checksum = xxh64(&[&file[..], &table[..]].concat());
        file.extend(checksum.to_le_bytes());
        [file, table, payloads, self.end.clone()].concat()
    }
}
