use tsne_core::Scalar;

/// The length of the longest side of the box around a map; 0 for no points.
///
/// # Examples
///
/// ```
/// assert_eq!(tsne::metrics::extent(&[[0.0f32, -2.0], [1.0, 3.0]]), 5.0);
/// ```
pub fn extent<T: Scalar, const D: usize>(y: &[[T; D]]) -> f64 {
    let side = |c: usize| {
        let values = || y.iter().map(|p| p[c].to_f64());
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    if y.is_empty() { 0.0 } else { (0..D).map(side).fold(0.0, f64::max) }
}
