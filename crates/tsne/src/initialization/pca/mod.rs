mod centered;
mod covariance;
mod dense;
mod krylov;
mod occurring;
mod reduction;
mod sparse;
mod subspace;
mod tridiagonal;

use super::linalg::orient;
use centered::{CenteredData, WHAT};
use dense::Centered;
use occurring::Occurring;
use sparse::SparseCentered;
use tsne_core::{Context, Error, Points, Result, Rows, Scalar, memory};

/// The most columns for which there is a covariance: its matrix takes 32 MiB there. An estimate: both
/// ways give the same components, and data this wide are rare.
const DENSE_COLUMNS: usize = 2048;

/// The coordinates of the points `x`, `n × d`, along their first `D` principal components, largest first.
///
/// Up to 2,048 columns by the eigenvectors of the covariance, `O(n d² + d³)` for dense points and for sparse ones the
/// squares of the entries of each row in place of `n d²`; beyond by subspace iteration, `O(n d D)` or `O(nnz D)` for
/// each iteration. Sparse points are centered implicitly and never made dense; of their columns, only those that
/// have an entry count, and take memory. The sign of each component is the one
/// that makes its largest loading positive. Components beyond `d` are zero, those beyond `n - 1` zero up to rounding;
/// all are zero for constant data. The same bits for any number of threads.
///
/// # Errors
///
/// [`Error::Numerical`](crate::Error::Numerical) if the eigenvalue computation does not converge,
/// [`Error::NonFinite`](crate::Error::NonFinite) for data that are not finite,
/// [`Error::Cancelled`](crate::Error::Cancelled).
///
/// # Examples
///
/// ```
/// use tsne::{Context, Rows, core::SparseRows, initialization};
///
/// // Three points on a line through space, dense and sparse.
/// let x = [0.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 6.0, 8.0];
/// let dense = initialization::pca::<f64, 1>(Rows::new(&x, 3, 3)?, 0, Context::new())?;
/// assert!(dense.iter().zip([-5.0, 0.0, 5.0]).all(|(y, expected)| (y[0] - expected).abs() < 1e-12));
/// let sparse = SparseRows::new(&[0, 0, 2, 4], &[1, 2, 1, 2], &[3.0, 4.0, 6.0, 8.0], 3)?;
/// let same = initialization::pca::<f64, 1>(sparse, 0, Context::new())?;
/// assert!(same.iter().zip(&dense).all(|(a, b)| (a[0] - b[0]).abs() < 1e-12));
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn pca<'a, T: Scalar, const D: usize>(
    x: impl Into<Points<'a, T>>,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<[T; D]>> {
    let x = x.into();
    x.check_finite()?;
    let (n, d) = (x.n(), x.d());
    let positions = match x {
        _ if n == 0 || d == 0 => None,
        Points::Dense(x) => match Centered::new(x) {
            Some(data) => Some(data.project(&loadings(&data, D, seed, cx)?)?),
            None => None,
        },
        Points::Sparse(x) => {
            // Columns without an entry have no loadings.
            let occurring = Occurring::of(x)?;
            let x = occurring.as_ref().map_or(Ok(x), |occurring| occurring.rows(x))?;
            match SparseCentered::new(x)? {
                Some(data) => Some(data.project(&loadings(&data, D, seed, cx)?)?),
                None => None,
            }
        }
        Points::Dealt(x) => return pca(Rows::new(&x.whole(cx)?, n, d)?, seed, cx),
        other => return pca(other.dense("pca")?, seed, cx),
    };
    let positions = positions.map_or_else(|| memory::filled(WHAT, n, [T::ZERO; D]), Ok)?;
    if positions.as_flattened().iter().any(|v| !v.is_finite()) {
        let why = "values so large make principal components that overflow: divide the data by a constant";
        return Err(Error::invalid("data", why));
    }
    Ok(positions)
}

/// The first `count` principal axes of the points `x`, `n × d`, largest first: as many vectors of length `d` as there are, fewer
/// than `count` for few columns or constant data. Computed as those of [`pca`], with its signs; the coordinates of a point are the
/// products of the axes with its difference from the mean, which is not subtracted here. The same bits for any number of threads.
///
/// # Errors
///
/// Those of [`pca`], and [`Error::OutOfMemory`](crate::Error::OutOfMemory) where there is no room for the axes.
///
/// # Examples
///
/// ```
/// use tsne::{Context, Rows, initialization};
///
/// // Three points on a line through space.
/// let x = [0.0, 0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 6.0, 8.0];
/// let axes = initialization::principal_axes(Rows::new(&x, 3, 3)?, 1, 0, Context::new())?;
/// assert!(axes[0].iter().zip([0.0, 0.6, 0.8]).all(|(a, expected)| (a - expected).abs() < 1e-12));
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn principal_axes<'a, T: Scalar>(
    x: impl Into<Points<'a, T>>,
    count: usize,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<Vec<f64>>> {
    let x = x.into();
    x.check_finite()?;
    let (n, d) = (x.n(), x.d());
    if n == 0 || d == 0 || count == 0 {
        return Ok(Vec::new());
    }
    let x = match x {
        Points::Dense(x) => match Centered::new(x) {
            Some(data) => return loadings(&data, count, seed, cx),
            None => return Ok(Vec::new()),
        },
        Points::Sparse(x) => x,
        Points::Dealt(x) => return principal_axes(Rows::new(&x.whole(cx)?, n, d)?, count, seed, cx),
        other => return principal_axes(other.dense("pca")?, count, seed, cx),
    };
    let occurring = Occurring::of(x)?;
    let dense = occurring.as_ref().map_or(Ok(x), |occurring| occurring.rows(x))?;
    let Some(data) = SparseCentered::new(dense)? else { return Ok(Vec::new()) };
    let found = loadings(&data, count, seed, cx)?;
    let Some(occurring) = &occurring else { return Ok(found) };
    let mut axes = Vec::new();
    for vector in found {
        let mut axis = memory::filled("principal axes", d, 0.0)?;
        for (&number, &column) in occurring.numbers().iter().zip(x.columns()) {
            axis[column as usize] = vector[number as usize];
        }
        axes.push(axis);
    }
    Ok(axes)
}

fn loadings<T: Scalar>(
    data: &impl CenteredData<T>,
    wanted: usize,
    seed: u64,
    cx: Context<'_>,
) -> Result<Vec<Vec<f64>>> {
    let d = data.d();
    let mut loadings = if d <= DENSE_COLUMNS {
        covariance::leading(data.covariance(cx)?, d, wanted, &|| cx.check())?.0
    } else {
        subspace::leading(data, wanted, seed, cx)?
    };
    loadings.iter_mut().for_each(|vector| orient(vector));
    Ok(loadings)
}
