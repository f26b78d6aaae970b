use crate::warning::Warning;
use tsne_core::{Affinities, Context, Error, Kernel, Result, Scalar, blocks};
use tsne_optim::Exact;

/// The KL divergence of joint affinities `p` from the map `y`, with the exact normalizer: `O(n² D)`.
///
/// `Σ p_ij ln(p_ij / q_ij)` with `q_ij = w_ij / Z`, the kernel's weights over their sum over all pairs (van der
/// Maaten and Hinton 2008). Never exaggerated. The weights are computed in `T`, the sums in `f64`.
///
/// # Errors
///
/// [`Error::Invalid`] unless the affinities are joint; [`Error::Shape`] unless `y` has a position for each of their
/// rows; [`Error::NonFinite`] for a position that is not finite; [`Error::TooFewPoints`] below two;
/// [`Error::Numerical`] if the positions are so far apart that every weight is 0; [`Error::Cancelled`].
///
/// # Examples
///
/// ```
/// use tsne::core::{Affinities, AffinityKind};
/// use tsne::{Context, Kernel, metrics};
///
/// // Two points: p and q are one half each, wherever they are.
/// let p = Affinities::from_parts(vec![0, 1, 2], vec![1, 0], vec![0.5, 0.5], 2, AffinityKind::Joint)?;
/// let kl = metrics::kl_divergence(&p, Kernel::CAUCHY, &[[0.0f64, 0.0], [3.0, 4.0]], Context::new())?;
/// assert!(kl.abs() < 1e-15);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn kl_divergence<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    cx: Context<'_>,
) -> Result<f64> {
    if p.kind() != tsne_core::AffinityKind::Joint {
        return Err(Error::invalid("affinities", "a map needs joint affinities, but conditional ones were given"));
    }
    if y.len() != p.n() {
        return Err(Error::shape("embedding", p.n(), y.len()));
    }
    if y.len() < 2 {
        return Err(Error::too_few_points(y.len(), 2));
    }
    let mut forces = vec![[T::ZERO; D]; y.len()];
    let z = Exact::new().repulse(kernel, y, &mut forces, cx)?;
    if z > 0.0 {
        tsne_optim::kl_divergence(p, kernel, y, z)
    } else {
        let why = "all points are so far from each other that every weight is 0: rescale the map";
        Err(Error::numerical("KL divergence", why))
    }
}

/// The pseudo Bayesian information criterion of a map, `2 KL + ln(n) perplexity / n`: of maps of the same `n` points
/// with different perplexities the one with the smallest is to be preferred (Cao and Wang 2017, "Automatic selection
/// of t-SNE perplexity").
///
/// # Errors
///
/// [`Error::Parameter`] unless the KL divergence is finite and the perplexity finite and positive;
/// [`Error::TooFewPoints`] for no points.
///
/// # Examples
///
/// ```
/// let criterion = tsne::metrics::pbic(1.5, 30.0, 1_000)?;
/// assert!((criterion - (3.0 + 1_000f64.ln() * 0.03)).abs() < 1e-15);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn pbic(kl_divergence: f64, perplexity: f64, n: usize) -> Result<f64> {
    if !kl_divergence.is_finite() {
        return Err(Error::parameter("kl_divergence", kl_divergence, "a finite number"));
    }
    if !(perplexity.is_finite() && perplexity > 0.0) {
        return Err(Error::parameter("perplexity", perplexity, "a positive number"));
    }
    if n == 0 {
        return Err(Error::too_few_points(n, 1));
    }
    Ok(2.0 * kl_divergence + (n as f64).ln() * perplexity / n as f64)
}

/// By how much a divergence is above that of a map without structure before the descent has failed: affinities are then off by
/// `e²` more, on average, than they would be without any map. Maps that flew apart are tens to thousands above, exaggerated maps
/// of hard data at most tenths.
const APART: f64 = 2.0;

/// A warning where the divergence is that of a map that flew apart: far above that of a map in which all pairs are equally near,
/// `Σ p ln (p n (n - 1))`.
pub(crate) fn flown_apart<T: Scalar>(p: &Affinities<T>, kl_divergence: f64) -> Option<Warning> {
    let n = p.n() as f64;
    let ln_pairs = (n * (n - 1.0)).max(1.0).ln();
    // No affinities have more entropy than equal ones, `ln nnz`: what is below that needs no logarithm of any of them.
    if kl_divergence <= ln_pairs - (p.nnz().max(1) as f64).ln() + APART {
        return None;
    }
    let mut partials = Vec::new();
    let p_ln_p = |range: std::ops::Range<usize>| {
        let weights = range.flat_map(|i| p.row(i).1).map(|p| p.to_f64()).filter(|p| *p > 0.0);
        weights.map(|p| p * p.ln()).sum::<f64>()
    };
    let entropy: f64 = blocks::map(&mut partials, p.n(), p_ln_p).iter().sum();
    let without_structure = entropy + ln_pairs;
    (kl_divergence > without_structure + APART).then_some(Warning::FlownApart { kl_divergence, without_structure })
}
