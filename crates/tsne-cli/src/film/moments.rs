//! Which iterations of a descent become frames.

/// Points of all frames together: 200 MB of memory, and not much less in the file.
const POINTS: usize = 50_000_000;

/// The frames that a film of `n` points has of `wanted` ones: at least two, and no more than memory and browsers bear.
pub fn frame_count(n: usize, wanted: usize) -> usize {
    wanted.min(POINTS / n.max(1)).max(2)
}

/// Up to `count` iterations from the first to the last one, distances growing linearly, but at least 1.
pub(super) fn moments(first: usize, last: usize, count: usize) -> Vec<usize> {
    let (length, steps) = ((last - first.min(last)) as f64, count.max(2) - 1);
    let mut moments = vec![first];
    for k in 1..=steps {
        let share = k as f64 / steps as f64;
        let wanted = first + (length * share * share).round() as usize;
        let next = wanted.max(moments.last().map_or(first, |before| before + 1));
        if next > last {
            break;
        }
        moments.push(next);
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_begin_and_end_with_the_descent_and_are_denser_at_its_beginning() {
        for (first, last, count) in
            [(0, 750, 100), (0, 180, 100), (500, 10_000, 7), (3, 4, 2), (0, 99, 100), (0, 20, 50)]
        {
            let moments = moments(first, last, count);
            assert_eq!((moments[0], *moments.last().unwrap()), (first, last), "{moments:?}");
            assert!(moments.len() <= count);
            // No more of them than there are iterations; else all that were asked for.
            assert_eq!(moments.len(), count.min(last - first + 1));
            let steps: Vec<usize> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|&step| step >= 1));
            // Up to the rounding of either end.
            assert!(steps.windows(2).all(|pair| pair[1] + 1 >= pair[0]), "{steps:?}");
        }
        assert_eq!(moments(7, 7, 5), [7]);
    }

    #[test]
    fn many_points_have_fewer_frames() {
        assert_eq!([1_000, 1_000_000, 10_000_000, usize::MAX].map(|n| frame_count(n, 100)), [100, 50, 5, 2]);
        assert_eq!((frame_count(0, 100), frame_count(10, 0)), (100, 2));
    }
}
