//! The container of a model file a second time, from `crates/tsne/docs/model-format.md`: sections that can be changed one by one,
//! with checksums that are right again.

use crate::input::Input;

/// XXH64 with seed 0 of a whole buffer, step by step as its specification has it.
fn xxh64(bytes: &[u8]) -> u64 {
    const P: [u64; 5] = [
        0x9E37_79B1_85EB_CA87,
        0xC2B2_AE3D_27D4_EB4F,
        0x1656_67B1_9E37_79F9,
        0x85EB_CA77_C2B2_AE63,
        0x27D4_EB2F_1656_67C5,
    ];
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    let round = |acc: u64, lane: u64| acc.wrapping_add(lane.wrapping_mul(P[1])).rotate_left(31).wrapping_mul(P[0]);
    let (stripes, mut rest) = bytes.split_at(bytes.len() / 32 * 32);
    let mut acc = P[4];
    if !stripes.is_empty() {
        let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, P[0].wrapping_neg()];
        for (i, word) in stripes.chunks(8).enumerate() {
            lanes[i % 4] = round(lanes[i % 4], number(word));
        }
        acc = (0..4).fold(0, |acc: u64, i| acc.wrapping_add(lanes[i].rotate_left([1, 7, 12, 18][i])));
        for lane in lanes {
            acc = (acc ^ round(0, lane)).wrapping_mul(P[0]).wrapping_add(P[3]);
        }
    }
    acc = acc.wrapping_add(bytes.len() as u64);
    while let Some((word, after)) = rest.split_at_checked(8) {
        acc = (acc ^ round(0, number(word))).rotate_left(27).wrapping_mul(P[0]).wrapping_add(P[3]);
        rest = after;
    }
    if let Some((word, after)) = rest.split_at_checked(4) {
        acc = (acc ^ number(word).wrapping_mul(P[0])).rotate_left(23).wrapping_mul(P[1]).wrapping_add(P[2]);
        rest = after;
    }
    for &byte in rest {
        acc = (acc ^ u64::from(byte).wrapping_mul(P[4])).rotate_left(11).wrapping_mul(P[0]);
    }
    acc = (acc ^ acc >> 33).wrapping_mul(P[1]);
    acc = (acc ^ acc >> 29).wrapping_mul(P[2]);
    acc ^ acc >> 32
}

const HEADER: usize = 64;
const ROW: usize = 128;
const END: &[u8] = b"\x89TSNEND\n";

/// What the payloads of a file may grow to: a few changes of a shape, one after the other, would make gigabytes of them, and changing
/// what is large takes long. The files that are changed have a few kilobytes.
const MOST: usize = 1 << 16;

/// Bytes of an element by its type.
const SIZES: [usize; 6] = [0, 1, 4, 8, 4, 8];

#[derive(Debug, Clone)]
struct Section {
    name: Vec<u8>,
    code: u32,
    shape: Vec<u64>,
    payload: Vec<u8>,
}

/// The sections of a file.
#[derive(Debug, Clone)]
pub(super) struct Container {
    sections: Vec<Section>,
}

impl Container {
    /// Those of a file that is whole.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let section = |i: usize| {
            let at = HEADER + ROW * i;
            let name = bytes[at..at + 64].iter().copied().take_while(|&byte| byte != 0).collect();
            let (rank, start, length) = (word(at + 68) as usize, long(at + 104) as usize, long(at + 112) as usize);
            let shape = (0..rank).map(|side| long(at + 72 + 8 * side)).collect();
            Section { name, code: word(at + 64), shape, payload: bytes[start..start + length].to_vec() }
        };
        Self { sections: (0..word(12) as usize).map(section).collect() }
    }

    /// The file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let start = HEADER + ROW * self.sections.len();
        let (mut table, mut payloads) = (Vec::new(), Vec::new());
        for Section { name, code, shape, payload } in &self.sections {
            let mut name = name.clone();
            name.resize(64, 0);
            table.extend(name);
            table.extend(code.to_le_bytes());
            table.extend((shape.len() as u32).to_le_bytes());
            table.extend((0..4).flat_map(|side| shape.get(side).copied().unwrap_or_default().to_le_bytes()));
            table.extend(((start + payloads.len()) as u64).to_le_bytes());
            table.extend((payload.len() as u64).to_le_bytes());
            table.extend(xxh64(payload).to_le_bytes());
            payloads.extend(payload);
            payloads.resize(payloads.len().next_multiple_of(64), 0);
        }
        let mut bytes = b"\x89TSN\r\n\x1a\n\x01\x00\x00\x00".to_vec();
        bytes.extend((self.sections.len() as u32).to_le_bytes());
        bytes.extend(((start + payloads.len() + END.len()) as u64).to_le_bytes());
        bytes.resize(56, 0);
        bytes.extend(xxh64(&[&bytes[..], &table].concat()).to_le_bytes());
        [bytes, table, payloads, END.to_vec()].concat()
    }

    /// Changes sections as the input says, as long as they are small.
    pub(super) fn edit(&mut self, input: &mut Input<'_>) {
        let size = |sections: &[Section]| sections.iter().map(|section| section.payload.len()).sum::<usize>();
        while !input.is_empty() && !self.sections.is_empty() && size(&self.sections) <= MOST {
            let kind = input.byte();
            let which = input.below(self.sections.len());
            match kind % 8 {
                0..=2 => self.set(input),
                3 => self.sections[which].element(input),
                4 => self.sections[which].reshape(input),
                5 => {
                    let at = usize::from(input.word());
                    let with = input.byte();
                    let payload = &mut self.sections[which].payload;
                    let at = at % payload.len().max(1);
                    payload.iter_mut().skip(at).take(1).for_each(|byte| *byte = with);
                }
                6 if kind & 8 == 0 => drop(self.sections.remove(which)),
                6 => {
                    let other = input.below(self.sections.len());
                    let name = self.sections[other].name.clone();
                    self.sections[other].name = std::mem::replace(&mut self.sections[which].name, name);
                }
                _ => {
                    let section = &mut self.sections[which];
                    section.code = u32::from(input.byte() % 8);
                    section.fill();
                }
            }
        }
    }

    /// Changes, adds or takes away a line of the settings.
    fn set(&mut self, input: &mut Input<'_>) {
        const WORDS: [&str; 24] = [
            "auto",
            "exact",
            "approx",
            "bh",
            "fft",
            "lagrange",
            "b-spline",
            "classical",
            "nesterov",
            "completed",
            "stopped",
            "converged",
            "perplexity",
            "multiscale",
            "fixed_sigma",
            "uniform",
            "dense",
            "dense less offset",
            "sparse",
            "mean",
            "max",
            "none",
            "f32",
            "cosine",
        ];
        let Some(section) = self.sections.iter_mut().find(|section| section.name == b"embedding") else { return };
        let text = String::from_utf8_lossy(&section.payload).into_owned();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let at = input.below(lines.len().max(1));
        let value = match input.byte() {
            byte @ 0..96 => format!("u64:{byte}"),
            byte @ 96..128 => format!("u64:{}", 1u64 << (2 * (byte - 96))),
            128..192 => format!("f64:{:?}", input.number()),
            192..200 => format!("f64:{}", input.pick(&["inf", "-inf", "NaN"])),
            200..216 => format!("bool:{}", input.flag()),
            216..240 => format!("str:{}", input.pick(&WORDS)),
            240..252 => {
                if at < lines.len() {
                    lines.remove(at);
                }
                return section.put(&lines);
            }
            _ => format!("str:{}", input.text()),
        };
        if let Some(line) = lines.get_mut(at) {
            let name = line.split('=').next().unwrap_or_default().to_owned();
            *line = format!("{name}={value}");
        }
        section.put(&lines);
    }
}

impl Section {
    fn put(&mut self, lines: &[String]) {
        self.payload = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>().into_bytes();
        self.shape = vec![self.payload.len() as u64];
    }

    /// Changes one element to a number of its type.
    fn element(&mut self, input: &mut Input<'_>) {
        let size = SIZES.get(self.code as usize).copied().unwrap_or_default().max(1);
        let at = usize::from(input.word()) % (self.payload.len() / size).max(1) * size;
        let bytes = match self.code {
            2 => u32::from(input.byte()).wrapping_sub(1).to_le_bytes().to_vec(),
            3 => u64::from(input.byte()).wrapping_sub(1).to_le_bytes().to_vec(),
            4 => (input.number() as f32).to_le_bytes().to_vec(),
            5 => input.number().to_le_bytes().to_vec(),
            _ => vec![input.byte()],
        };
        self.payload.iter_mut().skip(at).zip(bytes).for_each(|(to, byte)| *to = byte);
    }

    /// Changes one side.
    fn reshape(&mut self, input: &mut Input<'_>) {
        let (side, length) = (input.below(4), u64::from(input.byte()) % 24);
        if let Some(side) = self.shape.get_mut(side) {
            *side = length;
        } else {
            self.shape.push(1);
        }
        self.fill();
    }

    /// Makes the payload as long as the shape and the type say; where that is more than a file may have, the shape says too much.
    fn fill(&mut self) {
        let size = SIZES.get(self.code as usize).copied().unwrap_or_default();
        let count = self.shape.iter().fold(size as u64, |product, &side| product.saturating_mul(side));
        self.payload.resize(count.min(MOST as u64) as usize, 0);
    }
}

/// Makes a file of any bytes whole as far as its checksums go: the length, the end, those of sections within it, and the header's.
pub(super) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    if length < HEADER + END.len() {
        return bytes;
    }
    bytes[length - END.len()..].copy_from_slice(END);
    bytes[..8].copy_from_slice(b"\x89TSN\r\n\x1a\n");
    bytes[16..24].copy_from_slice(&(length as u64).to_le_bytes());
    let count = usize::from(bytes[12]);
    let table = HEADER + ROW * count;
    if table > length {
        return bytes;
    }
    for row in (HEADER..table).step_by(ROW) {
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
        let start = long(row + 104);
        let payload = start.checked_add(long(row + 112)).and_then(|end| bytes.get(start..end));
        if let Some(hash) = payload.map(xxh64) {
            bytes[row + 120..row + 128].copy_from_slice(&hash.to_le_bytes());
        }
    }
    let hash = xxh64(&[&bytes[..56], &bytes[HEADER..table]].concat());
    bytes[56..64].copy_from_slice(&hash.to_le_bytes());
    bytes
}
