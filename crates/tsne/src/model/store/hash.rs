//! XXH64 with seed 0: Yann Collet, "xxHash fast digest algorithm", version 0.1.1, the section on XXH64.

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

/// Bytes that one step of the four accumulators consumes.
const STRIPE: usize = 32;

/// The hash of bytes that come in pieces; how they are cut does not matter.
#[derive(Debug, Clone)]
pub(super) struct Xxh64 {
    accumulators: [u64; 4],
    /// The bytes after the last whole stripe.
    tail: [u8; STRIPE],
    tail_length: usize,
    length: u64,
}

impl Xxh64 {
    pub(super) const fn new() -> Self {
        let accumulators = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0_u64.wrapping_sub(PRIME_1)];
        Self { accumulators, tail: [0; STRIPE], tail_length: 0, length: 0 }
    }

    /// Appends a piece.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.tail_length > 0 {
            let (head, rest) = bytes.split_at(bytes.len().min(STRIPE - self.tail_length));
            self.tail[self.tail_length..self.tail_length + head.len()].copy_from_slice(head);
            self.tail_length += head.len();
            bytes = rest;
            if self.tail_length < STRIPE {
                return;
            }
            consume(&mut self.accumulators, &self.tail);
        }
        let (stripes, rest) = bytes.as_chunks::<STRIPE>();
        let mut accumulators = self.accumulators;
        for stripe in stripes {
            consume(&mut accumulators, stripe);
        }
        self.accumulators = accumulators;
        self.tail[..rest.len()].copy_from_slice(rest);
        self.tail_length = rest.len();
    }

    /// The hash of all pieces so far.
    pub(super) fn finish(&self) -> u64 {
        let mut hash = if self.length < STRIPE as u64 {
            PRIME_5
        } else {
            let [a, b, c, d] = self.accumulators;
            let sum = a.rotate_left(1).wrapping_add(b.rotate_left(7));
            let sum = sum.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
            self.accumulators.iter().fold(sum, |hash, &accumulator| {
                (hash ^ round(0, accumulator)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4)
            })
        };
        hash = hash.wrapping_add(self.length);
        let (lanes, rest) = self.tail[..self.tail_length].as_chunks::<8>();
        for &lane in lanes {
            hash ^= round(0, u64::from_le_bytes(lane));
            hash = hash.rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
        }
        let (words, rest) = rest.as_chunks::<4>();
        for &word in words {
            hash ^= u64::from(u32::from_le_bytes(word)).wrapping_mul(PRIME_1);
            hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
        }
        for &byte in rest {
            hash ^= u64::from(byte).wrapping_mul(PRIME_5);
            hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(PRIME_2);
        hash = (hash ^ (hash >> 29)).wrapping_mul(PRIME_3);
        hash ^ (hash >> 32)
    }
}

/// One stripe into the accumulators, a lane of 8 bytes into each.
#[inline(always)]
fn consume(accumulators: &mut [u64; 4], stripe: &[u8; STRIPE]) {
    for (accumulator, &lane) in accumulators.iter_mut().zip(stripe.as_chunks::<8>().0) {
        *accumulator = round(*accumulator, u64::from_le_bytes(lane));
    }
}

#[inline(always)]
const fn round(accumulator: u64, lane: u64) -> u64 {
    accumulator.wrapping_add(lane.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8]) -> u64 {
        let mut hash = Xxh64::new();
        hash.update(bytes);
        hash.finish()
    }

    /// The bytes of the reference implementation's self-test: the top bytes of a multiplicative sequence.
    fn sanity_buffer(n: usize) -> Vec<u8> {
        let mut state: u64 = 2_654_435_761;
        let mut next = || {
            let byte = state.to_be_bytes()[0];
            state = state.wrapping_mul(0x9E37_79B1_85EB_CA8D);
            byte
        };
        (0..n).map(|_| next()).collect()
    }

    /// The vectors of the reference implementation's self-test (xsum_sanity_check.c, seed 0) and the well-known ones of
    /// short texts: they cover no stripe and several, and a tail with and without lanes, words and bytes.
    #[test]
    fn published_vectors() {
        let buffer = sanity_buffer(222);
        let vectors: [(&[u8], u64); 8] = [
            (b"", 0xEF46_DB37_51D8_E999),
            (b"a", 0xD24E_C4F1_A98C_6E5B),
            (b"abc", 0x44BC_2CF5_AD77_0999),
            (b"Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
            (&buffer[..1], 0xE934_A84A_DB05_2768),
            (&buffer[..4], 0x9136_A0DC_A574_57EE),
            (&buffer[..14], 0x8282_DCC4_994E_35C8),
            (&buffer, 0xB641_AE8C_B691_C174),
        ];
        for (bytes, expected) in vectors {
            assert_eq!(hash(bytes), expected, "{} bytes", bytes.len());
        }
    }

    /// Every way to cut 70 bytes (two stripes and a tail) into three pieces gives the hash of the whole.
    #[test]
    fn pieces_give_the_hash_of_the_whole() {
        let bytes = sanity_buffer(70);
        let whole = hash(&bytes);
        for i in 0..=bytes.len() {
            for j in i..=bytes.len() {
                let mut pieces = Xxh64::new();
                for piece in [&bytes[..i], &bytes[i..j], &bytes[j..]] {
                    pieces.update(piece);
                }
                assert_eq!(pieces.finish(), whole, "cut at {i} and {j}");
            }
        }
    }
}
