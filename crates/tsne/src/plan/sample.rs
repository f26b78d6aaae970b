//! The largest sample of points that fits.

/// A sample below this is a map of something else.
const LEAST: usize = 1_000;

/// The largest number of points below `n` that `fits`, to 2 %, with two digits that are not 0; none where so few would be a map of
/// something else. What fits is taken to fit with fewer points, too.
///
/// # Examples
///
/// ```
/// use tsne::plan::largest_sample;
///
/// assert_eq!(largest_sample(1_000_000, |n| n * 800 <= 100_000_000), Some(120_000));
/// assert_eq!(largest_sample(1_000_000, |n| n * 800 <= 100_000), None);
/// ```
pub fn largest_sample(n: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut low, mut high) = (0, n);
    while high - low > 1 + low / 50 {
        let middle = low + (high - low) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut step = 1;
    while low / step >= 100 {
        step *= 10;
    }
    let round = low / step * step;
    (round >= LEAST).then_some(round)
}
