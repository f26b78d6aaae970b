//! Lengths of transforms: a list with few prime factors.

/// Ratio of neighboring transform lengths at the least: a growing map changes its spectrum after 5 % of growth or more, and
/// rounding up costs some 5 % of length on average.
const LENGTH_RATIO: f64 = 1.05;

/// Lengths with this factor are left out: a complex `f32` transform of 1,250 = 2 · 5⁴ takes 2.29 µs, one of
/// 1,280 = 2⁸ · 5 takes 0.84, and other lengths near them 0.66 to 0.90 ns for each element (AVX2, one thread).
const SLOW_FACTOR: usize = 625;

/// The smallest listed transform length of at least `needed`: even, with no prime factor above 5, and each 5 % or more
/// above the one before.
pub(crate) fn transform_length(needed: usize) -> usize {
    let mut length = 16;
    while length < needed {
        let at_least = ((length as f64 * LENGTH_RATIO) as usize).max(length + 1);
        length = smooth_even(at_least);
    }
    length
}

/// The smallest even number of at least `n` with no prime factor above 5 and fewer than four factors 5.
fn smooth_even(n: usize) -> usize {
    let is_smooth = |mut v: usize| {
        for prime in [2, 3, 5] {
            while v.is_multiple_of(prime) {
                v /= prime;
            }
        }
        v == 1
    };
    let mut candidate = n.next_multiple_of(2);
    while candidate.is_multiple_of(SLOW_FACTOR) || !is_smooth(candidate) {
        candidate += 2;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transform_lengths_are_smooth_even_and_close() {
        let mut previous = transform_length(0);
        assert_eq!(previous, 16);
        for needed in 1..5000 {
            let length = transform_length(needed);
            assert!(length >= needed && length >= previous && length.is_multiple_of(2), "{needed}: {length}");
            let mut rest = length;
            for prime in [2, 3, 5] {
                while rest.is_multiple_of(prime) {
                    rest /= prime;
                }
            }
            assert_eq!(rest, 1, "{needed}: {length}");
            // One list: the length for a length is itself. Even numbers of factors 2, 3 and 5 are at most a quarter apart
            // (from 24 to 30), and at most an eighth from 60 on.
            assert_eq!(transform_length(length), length);
            let gap = if previous < 60 { 1.25 } else { LENGTH_RATIO * 1.125 };
            assert!(length as f64 <= previous as f64 * gap, "{previous} to {length}");
            previous = length;
        }
    }
}
