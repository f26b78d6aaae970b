//! Lengths of transforms: a list with few prime factors.

use std::sync::OnceLock;

/// Ratio of neighboring transform lengths at the least: a growing map changes its spectrum after 5 % of growth or more, and
/// rounding up costs some 5 % of length on average.
const LENGTH_RATIO: f64 = 1.05;

/// Lengths with this factor are left out: a complex `f32` transform of 1,250 = 2 · 5⁴ takes 2.29 µs, one of
/// 1,280 = 2⁸ · 5 takes 0.84, and other lengths near them 0.66 to 0.90 ns for each element (AVX2, one thread).
const SLOW_FACTOR: usize = 625;

/// The smallest listed transform length of at least `needed`: even, with no prime factor above 5, and each 5 % or more
/// above the one before.
pub(crate) fn transform_length(needed: usize) -> usize {
    let lengths = LENGTHS.get_or_init(listed);
    let at = lengths.partition_point(|&length| length < needed);
    // No memory holds a line beyond the last.
    lengths.get(at).copied().unwrap_or(LONGEST)
}

/// The list, made once: a map with an outlier asks for lengths of millions, many times to a call.
static LENGTHS: OnceLock<Vec<usize>> = OnceLock::new();

/// Longer lines are in no list.
const LONGEST: usize = usize::MAX / 4;

fn listed() -> Vec<usize> {
    let mut list = Vec::new();
    let mut at_least = 16;
    for length in smooth_even() {
        if length >= at_least {
            list.push(length);
            at_least = ((length as f64 * LENGTH_RATIO) as usize).max(length + 1);
        }
    }
    list
}

/// All even numbers up to [`LONGEST`] with no prime factor above 5 and fewer than four factors 5, in order.
fn smooth_even() -> Vec<usize> {
    let multiples = |first: usize, factor: usize| {
        std::iter::successors(Some(first), move |&v| v.checked_mul(factor)).take_while(|&v| v <= LONGEST)
    };
    let fives = multiples(1, 5).take_while(|&v| v < SLOW_FACTOR);
    let mut numbers: Vec<usize> =
        fives.flat_map(|v| multiples(v, 3)).flat_map(|v| multiples(v, 2)).filter(|v| v.is_multiple_of(2)).collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without the factors 2, 3 and 5.
    fn rest(mut v: usize) -> usize {
        for prime in [2, 3, 5] {
            while v.is_multiple_of(prime) {
                v /= prime;
            }
        }
        v
    }

    #[test]
    fn lengths_are_those_that_a_search_finds() {
        let mut length = 16;
        while length < 200_000 {
            assert_eq!((transform_length(length), transform_length(length - 1)), (length, length));
            let at_least = ((length as f64 * LENGTH_RATIO) as usize).max(length + 1);
            let next = (at_least..).find(|&v| v % 2 == 0 && v % SLOW_FACTOR != 0 && rest(v) == 1).unwrap();
            assert_eq!(transform_length(length + 1), next);
            length = next;
        }
    }

    #[test]
    fn long_lengths_are_smooth_even_and_close() {
        let mut needed = 200_000;
        while needed < LONGEST / 2 {
            let length = transform_length(needed);
            assert!(length.is_multiple_of(2) && !length.is_multiple_of(SLOW_FACTOR) && rest(length) == 1, "{length}");
            assert!(length >= needed && length as f64 <= needed as f64 * LENGTH_RATIO * 1.03, "{needed}: {length}");
            assert!(
                transform_length(length) == length && transform_length(length + 1) as f64 >= length as f64 * 1.0499
            );
            needed = needed / 7 * 9;
        }
        // None is so long; what asks for it is told so by its memory.
        assert!(transform_length(usize::MAX) == LONGEST);
    }

    #[test]
    fn transform_lengths_are_smooth_even_and_close() {
        let mut previous = transform_length(0);
        assert_eq!(previous, 16);
        for needed in 1..5000 {
            let length = transform_length(needed);
            assert!(length >= needed && length >= previous && length.is_multiple_of(2), "{needed}: {length}");
            assert_eq!(rest(length), 1, "{needed}: {length}");
            // One list: the length for a length is itself. Even numbers of factors 2, 3 and 5 are at most a quarter apart
            // (from 24 to 30), and at most an eighth from 60 on.
            assert_eq!(transform_length(length), length);
            let gap = if previous < 60 { 1.25 } else { LENGTH_RATIO * 1.125 };
            assert!(length as f64 <= previous as f64 * gap, "{previous} to {length}");
            previous = length;
        }
    }
}
