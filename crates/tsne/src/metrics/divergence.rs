use crate::metrics::extent::extent;
use crate::warning::Warning;
use tsne_core::{Affinities, Context, Error, Kernel, Result, Scalar};

/// The KL divergence of joint affinities `p` from the map `y`, with the exact normalizer: `O(n² D)`.
///
/// `Σ p_ij ln(p_ij / q_ij)` with `q_ij = w_ij / Z`, the kernel's weights over their sum over all pairs (van der
/// Maaten and Hinton 2008). Never exaggerated. The weights are computed in `T`, each pair once, and the sums in
/// `f64`; what is lost in `T` is computed in `f64` ([`tsne_optim::normalizer`]).
///
/// # Errors
///
/// [`Error::Invalid`] unless the affinities are joint; [`Error::Shape`] unless `y` has a position for each of their
/// rows; [`Error::NonFinite`] for a position that is not finite; [`Error::TooFewPoints`] below two;
/// [`Error::Numerical`] if the positions are so far apart that every weight is 0, in double precision too; [`Error::Cancelled`].
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
    tsne_optim::kl_divergence(p, kernel, y, pairs_normalizer(p, kernel, y, cx)?, cx)
}

/// The part of each point in the [`kl_divergence`], `Σ_j p_ij ln(p_ij / q_ij)`: they sum up to it. One may be negative: a point
/// that is nearer to its affine ones than their affinities ask for.
///
/// # Errors
///
/// Those of [`kl_divergence`].
///
/// # Examples
///
/// ```
/// use tsne::core::{Affinities, AffinityKind};
/// use tsne::{Context, Kernel, metrics};
///
/// // A path of three points, the last of which is too far away.
/// let p = Affinities::from_parts(vec![0, 1, 3, 4], vec![1, 0, 2, 1], vec![0.25f64; 4], 3, AffinityKind::Joint)?;
/// let shares = metrics::kl_shares(&p, Kernel::CAUCHY, &[[0.0], [1.0], [9.0]], Context::new())?;
/// assert!(shares[2] > shares[0]);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn kl_shares<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    cx: Context<'_>,
) -> Result<Vec<f64>> {
    tsne_optim::kl_shares(p, kernel, y, pairs_normalizer(p, kernel, y, cx)?)
}

/// The normalizer of all pairs, of a map that fits joint affinities.
fn pairs_normalizer<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    kernel: Kernel,
    y: &[[T; D]],
    cx: Context<'_>,
) -> Result<f64> {
    if p.kind() != tsne_core::AffinityKind::Joint {
        return Err(Error::invalid("affinities", "a map needs joint affinities, but conditional ones were given"));
    }
    if y.len() != p.n_columns() {
        return Err(Error::shape("embedding", p.n_columns(), y.len()));
    }
    if y.len() < 2 {
        return Err(Error::too_few_points(y.len(), 2));
    }
    let z = tsne_optim::normalizer(kernel, y, cx)?;
    if z > 0.0 {
        Ok(z)
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

/// By how much a divergence is above that of a map without structure before the descent has failed, whatever the size of the map:
/// affinities are then off by `e²` more, on average, than they would be without any map. Exaggerated maps of hard data are at most
/// tenths above, and those of 30 points after a few long steps one.
const APART: f64 = 2.0;

/// The extent, in roots of the number of points, at which any divergence above that of a map without structure is a failure. Maps have
/// 1 to 20 (1,000,000 and 1,800 points); the smallest of 40 and 300 points that flew apart, by rates of 1e4 to 1e20, two thirds above,
/// a hundred times this.
const WIDE: f64 = 1e3;

/// Below this extent weights differ by a ten thousandth at most.
const SMALL: f64 = 1e-2;

/// The divergence of a map without structure, up to which there is next to none to show.
const EQUAL: f64 = 0.1;

/// The iterations in which a map is to have unfolded: from deviations of 1e-4 it takes some twenty.
const UNFOLDING: usize = 50;

/// What the divergence and the size of a map say against it: far above that of a map in which all pairs are equally near,
/// `Σ p ln (p n (n - 1))`, it flew apart; as small as one after many iterations, it has not unfolded.
pub(crate) fn doubt<T: Scalar, const D: usize>(
    p: &Affinities<T>,
    y: &[[T; D]],
    kl_divergence: f64,
    iterations: usize,
    cx: Context<'_>,
) -> Result<Option<Warning>> {
    p.check_own(cx)?;
    let extent = extent(y);
    let small = iterations >= UNFOLDING && extent < SMALL;
    let n = y.len() as f64;
    let nnz: usize = cx.gather_one(p.nnz())?.iter().sum();
    let ln_pairs = (n * (n - 1.0)).max(1.0).ln();
    // No affinities have more entropy than equal ones, `ln nnz`: what is below that needs no logarithm of any of them.
    if !small && kl_divergence <= ln_pairs - (nnz.max(1) as f64).ln() {
        return Ok(None);
    }
    let mut partials = Vec::new();
    let first = p.points().start;
    let p_ln_p = |range: std::ops::Range<usize>| {
        let weights = range.flat_map(|i| p.row(i - first).1).map(|p| p.to_f64()).filter(|p| *p > 0.0);
        weights.map(|p| p * p.ln()).sum::<f64>()
    };
    let entropy = cx.sum_blocks(&mut partials, y.len(), p_ln_p)?;
    let without_structure = entropy + ln_pairs;
    let above = kl_divergence - without_structure;
    if above > APART || (above > 0.0 && extent > WIDE * n.sqrt()) {
        return Ok(Some(Warning::FlownApart { kl_divergence, without_structure }));
    }
    // Affinities that are all but equal have a map of any size.
    Ok((small && without_structure > EQUAL).then_some(Warning::NotUnfolded { extent }))
}
