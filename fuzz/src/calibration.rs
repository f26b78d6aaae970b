//! The calibration of one row.

use crate::input::Input;
use tsne::Scalar;
use tsne::affinity::calibrate_row;

/// A row of any ascending distances, and some that do not ascend.
pub(crate) fn calibration(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { row::<f64>(&mut input) } else { row::<f32>(&mut input) }
}

fn row<T: Scalar>(input: &mut Input<'_>) {
    let perplexity = match input.byte() {
        byte @ 0..128 => 1.0 + f64::from(byte) / 4.0,
        128..192 => 1.0 + f64::from(input.word()) / 65_536.0,
        _ => input.number(),
    };
    let is_sorted = input.below(16) > 0;
    // On a lattice around one number, or any.
    let (base, unit) = if input.flag() { (input.number().abs(), input.number().abs()) } else { (0.0, 0.0) };
    let mut distances: Vec<T> = Vec::new();
    while !input.is_empty() && distances.len() < 64 {
        let distance = if unit > 0.0 { base + f64::from(input.byte()) * unit } else { input.number().abs() };
        distances.push(Some(T::from_f64(distance)).filter(|distance| distance.is_finite()).unwrap_or(T::ONE));
    }
    if is_sorted {
        distances.sort_by(T::total_cmp);
    }
    let mut weights = vec![T::ZERO; distances.len()];
    let fit = calibrate_row(&distances, perplexity, &mut weights);
    let is_row = !distances.is_empty() && distances.windows(2).all(|pair| pair[0] <= pair[1]);
    assert_eq!(fit.is_ok(), is_row && perplexity >= 1.0, "{distances:?}, {perplexity}");
    let Ok(fit) = fit else { return };
    let what = || format!("{distances:?}, perplexity {perplexity}: {fit:?}, {weights:?}");

    let p: Vec<f64> = weights.iter().map(|weight| weight.to_f64()).collect();
    let (k, ties) = (p.len() as f64, distances.iter().filter(|&&d| d == distances[0]).count() as f64);
    // Each weight is rounded once, half an epsilon of it.
    let rounding = T::EPSILON.to_f64() + 64.0 * f64::EPSILON;
    let sum: f64 = p.iter().sum();
    assert!((sum - 1.0).abs() <= rounding, "{}", what());
    // Exponentials of nearly equal numbers may be rounded the other way.
    assert!(p.windows(2).all(|pair| pair[0] * (1.0 + rounding) >= pair[1]), "{}", what());
    assert!(p.iter().all(|p| *p >= 0.0), "{}", what());
    for (pair, weights) in distances.windows(2).zip(p.windows(2)) {
        assert!(pair[0] != pair[1] || weights[0] == weights[1], "equal distances weigh the same: {}", what());
    }

    // The entropy of what was written; an error of a weight counts by its logarithm, which is at most 745.
    let entropy: f64 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    let reached = fit.perplexity.ln();
    // Weights below the smallest number of `T` are lost: the smallest of `f32`, 64 of them with the logarithm 104 each.
    let known = 1e-8 + 8.0 * rounding * (1.0 + k.ln()) + 64.0 * 104.0 * f64::from(f32::MIN_POSITIVE);
    assert!((entropy - reached).abs() <= known, "the perplexity is {}: {}", entropy.exp(), what());
    if fit.converged {
        assert!((reached - perplexity.ln()).abs() <= 1e-8, "{}", what());
    }
    if ties == k || perplexity >= k {
        assert!(p.iter().all(|p| (p - 1.0 / k).abs() <= rounding / k), "uniform over all: {}", what());
    } else if perplexity <= ties {
        let nearest = |(j, p): (usize, &f64)| (p - if (j as f64) < ties { 1.0 / ties } else { 0.0 }).abs();
        assert!(p.iter().enumerate().map(nearest).all(|error| error <= rounding), "over the nearest: {}", what());
    } else {
        // Precisions from 1e-300 to 1e300 in the unit of the largest distance are tried: what they can tell apart converges.
        let largest = distances[distances.len() - 1].to_f64();
        let nearest = distances[0].to_f64() / largest;
        let beyond = |d: &&T| {
            let d = d.to_f64() / largest;
            (d - nearest) * (d + nearest) > 1e-290
        };
        // Those that cannot be told from the nearest are as near.
        let as_near = k - distances.iter().filter(beyond).count() as f64;
        assert!(fit.converged || perplexity <= as_near, "{}", what());
    }
}
