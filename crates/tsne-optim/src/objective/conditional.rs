//! The objective of new points.

use super::cross_entropy::{row_cross_entropy, row_p_ln_p};
use super::evaluate::{Evaluation, Objective, check_lengths, check_normalizer};
use super::normalizer::{Extent, LnSum, is_lost};
use crate::attraction::attract;
use tsne_core::{
    Affinities, AffinityKind, Context, Error, Kernel, ReferenceRepulsion, Result, Scalar, blocks, check_embedding,
    memory,
};

/// The objective of new points against a fixed reference embedding: the sum over the new points of the KL divergence
/// of each row of the conditional affinities.
///
/// New points do not act on each other, so placing them one by one or all at once gives the same positions.
pub struct Conditional<'a, T, const D: usize> {
    p: &'a Affinities<T>,
    kernel: Kernel,
    reference: &'a [[T; D]],
    repulsion: &'a dyn ReferenceRepulsion<T, D>,
    z: Vec<T>,
    partials: Vec<f64>,
    /// The box of the reference, once it has been asked for.
    extent: Option<Extent<D>>,
}

impl<T, const D: usize> std::fmt::Debug for Conditional<'_, T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conditional").field("kernel", &self.kernel).finish_non_exhaustive()
    }
}

impl<'a, T: Scalar, const D: usize> Conditional<'a, T, D> {
    /// The objective of conditional affinities `p` of new points (rows) to `reference` points (columns).
    ///
    /// `kernel` must be the one that `repulsion` was prepared with.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] unless the affinities are conditional; [`Error::Shape`] unless `reference` has a position for
    /// each column; [`Error::NonFinite`] for a reference position that is not finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Affinities, AffinityKind, Conditional, Context, Descent, ExactReference, Kernel};
    ///
    /// // A new point with one fitted neighbor, in a map of two.
    /// let p = Affinities::from_parts(vec![0, 1], vec![0], vec![1.0f64], 2, AffinityKind::Conditional)?;
    /// let reference = [[0.0], [4.0]];
    /// let repulsion = ExactReference::new(Kernel::CAUCHY, &reference)?;
    /// let mut objective = Conditional::new(&p, Kernel::CAUCHY, &reference, &repulsion)?;
    /// let (near, far) = ([[0.0]], [[4.0]]);
    /// let mut descent = Descent::new();
    /// let kl = descent.kl_divergence(&mut objective, &near, Context::new())?;
    /// assert!(kl < descent.kl_divergence(&mut objective, &far, Context::new())?);
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn new(
        p: &'a Affinities<T>,
        kernel: Kernel,
        reference: &'a [[T; D]],
        repulsion: &'a dyn ReferenceRepulsion<T, D>,
    ) -> Result<Self> {
        let objective = Self::with_checked(p, kernel, reference, repulsion)?;
        check_embedding(reference)?;
        Ok(objective)
    }

    /// [`new`](Self::new) for a reference that is known to be finite: one new point does not look at all positions of a map that
    /// many were placed in. With others the divergence is no number.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new), but for positions.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_optim::{Affinities, AffinityKind, Conditional, Context, Descent, ExactReference, Kernel};
    ///
    /// let p = Affinities::from_parts(vec![0, 1], vec![0], vec![1.0f64], 2, AffinityKind::Conditional)?;
    /// let reference = [[0.0], [4.0]];
    /// let repulsion = ExactReference::new(Kernel::CAUCHY, &reference)?; // It has checked them.
    /// let mut objective = Conditional::with_checked(&p, Kernel::CAUCHY, &reference, &repulsion)?;
    /// assert!(Descent::new().kl_divergence(&mut objective, &[[1.0]], Context::new())?.is_finite());
    /// # Ok::<(), tsne_optim::Error>(())
    /// ```
    pub fn with_checked(
        p: &'a Affinities<T>,
        kernel: Kernel,
        reference: &'a [[T; D]],
        repulsion: &'a dyn ReferenceRepulsion<T, D>,
    ) -> Result<Self> {
        if p.kind() != AffinityKind::Conditional {
            let why = "new points need conditional affinities, but joint ones were given";
            return Err(Error::invalid("affinities", why));
        }
        if reference.len() != p.n_columns() {
            return Err(Error::shape("reference embedding", p.n_columns(), reference.len()));
        }
        let z = memory::filled("normalizers of new points", p.n(), T::ZERO)?;
        Ok(Self { p, kernel, reference, repulsion, z, partials: Vec::new(), extent: None })
    }
}

impl<T: Scalar, const D: usize> Objective<T, D> for Conditional<'_, T, D> {
    fn n(&self) -> usize {
        self.p.n()
    }

    fn is_translation_invariant(&self) -> bool {
        false
    }

    fn evaluate(
        &mut self,
        y: &[[T; D]],
        exaggeration: f64,
        with_kl: bool,
        gradient: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<Evaluation> {
        check_lengths(self.n(), self.n(), y, gradient)?;
        self.repulsion.repulse(y, gradient, &mut self.z, cx)?;
        for (i, z) in self.z.iter().enumerate() {
            check_normalizer(z.to_f64(), format_args!(" of point {i}"))?;
        }
        let exaggeration = T::from_f64(exaggeration);
        let z = &self.z[..];
        attract::for_each_row_block(
            self.p,
            self.kernel,
            y,
            (self.reference, false),
            gradient,
            |first, attraction, gradient| {
                for ((g, a), &z) in gradient.iter_mut().zip(attraction).zip(&z[first..]) {
                    // Far outside of the reference the weights underflow: no repulsion is left. Not by the inverse
                    // of z, which overflows where z is just above zero.
                    for c in 0..D {
                        let repulsion = if z > T::ZERO { g[c] / z } else { T::ZERO };
                        g[c] = exaggeration * a[c] - repulsion;
                    }
                }
            },
        );
        if !with_kl {
            return Ok(Evaluation::new(None));
        }
        let (p, kernel, reference) = (self.p, self.kernel, self.reference);
        let extent = *self.extent.get_or_insert_with(|| Extent::of(reference));
        let far = extent.join(Extent::of(y)).squares_overflow::<T>(kernel);
        let divergence = blocks::sum(&mut self.partials, p.n(), |rows| {
            rows.map(|i| {
                let p_ln_p = row_p_ln_p(p.row(i).1);
                let sum = z[i].to_f64();
                let ln_z = if far || is_lost::<T>(sum, reference.len() as f64) {
                    // A call that was cancelled ends with the check below.
                    if cx.check().is_err() {
                        return 0.0;
                    }
                    let mut weights = LnSum::default();
                    weights.add_weights(kernel, &y[i], reference);
                    weights.ln()
                } else {
                    sum.ln()
                };
                p_ln_p + row_cross_entropy(p, kernel, &y[i], reference, i) + ln_z
            })
            .sum()
        });
        cx.check()?;
        Ok(Evaluation::new(Some(divergence)))
    }
}
