//! Whether a given matrix is one of distances.

use crate::warning::{NotDistances, Warning};
use tsne_core::{Rows, Scalar, blocks};

/// What entry and mirror image may differ by, in relation to the larger: rounding of a distance computed twice in `f32`.
const ASYMMETRY: f64 = 1e-3;

/// What blocks of rows find.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// Rows whose entry on the diagonal is larger than all others.
    largest_on_diagonal: usize,
    /// The first entry on the diagonal that is not zero.
    diagonal: Option<(usize, f64)>,
    /// Pairs of which one entry is zero and the other is not, by which triangle is zero: below the diagonal, above.
    zero: [usize; 2],
    /// Pairs that are not zero.
    pairs: usize,
    /// The first pair that differs.
    asymmetric: Option<(usize, usize, f64, f64)>,
}

/// What speaks against `matrix`, `n × n`, being one of distances: the first of similarities, one triangle only, asymmetry, a
/// diagonal that is not zero.
pub(super) fn doubt<T: Scalar>(matrix: Rows<'_, T>) -> Option<Warning> {
    let n = matrix.n();
    if n < 2 || matrix.d() != n {
        return None;
    }
    let mut partials: Vec<Found> = Vec::new();
    blocks::map(&mut partials, n, |range| {
        let mut found = Found::default();
        for i in range {
            let row = matrix.row(i);
            let own = row.get(i).map_or(0.0, |v| v.to_f64());
            let others = row.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| v.to_f64());
            found.largest_on_diagonal += usize::from(others.fold(f64::NEG_INFINITY, f64::max) < own);
            if own != 0.0 && found.diagonal.is_none() {
                found.diagonal = Some((i, own));
            }
            for (j, v) in row.iter().enumerate().take(i) {
                let (below, above) = (v.to_f64(), matrix.row(j).get(i).map_or(0.0, |v| v.to_f64()));
                found.pairs += usize::from(below != 0.0 || above != 0.0);
                found.zero[0] += usize::from(below == 0.0 && above != 0.0);
                found.zero[1] += usize::from(above == 0.0 && below != 0.0);
                let differ = (below - above).abs() > ASYMMETRY * f64::max(below.abs(), above.abs());
                if differ && found.asymmetric.is_none() {
                    found.asymmetric = Some((i, j, below, above));
                }
            }
        }
        found
    });
    let all = partials.iter().fold(Found::default(), |all, some| Found {
        largest_on_diagonal: all.largest_on_diagonal + some.largest_on_diagonal,
        diagonal: all.diagonal.or(some.diagonal),
        zero: [all.zero[0] + some.zero[0], all.zero[1] + some.zero[1]],
        pairs: all.pairs + some.pairs,
        asymmetric: all.asymmetric.or(some.asymmetric),
    });
    let why = if 2 * all.largest_on_diagonal > n {
        NotDistances::Similarities
    } else if all.pairs > 0 && all.zero.contains(&all.pairs) {
        NotDistances::Triangle
    } else if let Some((row, column, value, mirror)) = all.asymmetric {
        NotDistances::Asymmetric { row, column, value, mirror }
    } else {
        let (row, value) = all.diagonal?;
        NotDistances::Diagonal { row, value }
    };
    Some(Warning::NotDistances(why))
}
