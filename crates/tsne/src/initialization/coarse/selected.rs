//! Some rows of the data, copied.

use tsne_core::{Context, Error, Points, Result, Rows, Scalar, SparseRows, memory};

/// Rows that were selected.
#[derive(Debug)]
pub(super) enum Selected<T> {
    Dense { values: Vec<T>, n: usize, d: usize },
    Sparse { row_pointers: Vec<usize>, columns: Vec<u32>, values: Vec<T>, d: usize },
}

impl<T: Scalar> Selected<T> {
    /// The members of a team call this together.
    pub(super) fn of(points: Points<'_, T>, selected: &[u32], cx: Context<'_>) -> Result<Self> {
        const WHAT: &str = "selected rows";
        let d = points.d();
        match points {
            Points::Dense(rows) => {
                let mut values = Vec::new();
                memory::reserve(WHAT, &mut values, selected.len().saturating_mul(d))?;
                selected.iter().for_each(|&i| values.extend_from_slice(rows.row(i as usize)));
                Ok(Self::Dense { values, n: selected.len(), d })
            }
            Points::Dealt(rows) => {
                let values = rows.fetch(|i| selected[i] as usize, selected.len(), cx)?;
                Ok(Self::Dense { values, n: selected.len(), d })
            }
            Points::Sparse(rows) => {
                let (mut row_pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
                let entries = selected.iter().map(|&i| rows.row(i as usize).0.len()).sum();
                memory::reserve(WHAT, &mut row_pointers, selected.len())?;
                memory::reserve(WHAT, &mut columns, entries)?;
                memory::reserve(WHAT, &mut values, entries)?;
                for &i in selected {
                    let (row_columns, row_values) = rows.row(i as usize);
                    columns.extend_from_slice(row_columns);
                    values.extend_from_slice(row_values);
                    row_pointers.push(columns.len());
                }
                Ok(Self::Sparse { row_pointers, columns, values, d })
            }
            _ => Err(Error::invalid("points", "they are neither dense nor sparse")),
        }
    }

    pub(super) fn points(&self) -> Result<Points<'_, T>> {
        Ok(match self {
            Self::Dense { values, n, d } => Rows::new(values, *n, *d)?.into(),
            Self::Sparse { row_pointers, columns, values, d } => {
                SparseRows::new(row_pointers, columns, values, *d)?.into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Selected;
    use tsne_core::{Context, Points, Rows, SparseRows};

    #[test]
    fn selected_rows_are_those_of_the_data_in_the_order_asked_for() {
        let x = [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 4.0];
        let dense = Selected::of(Rows::new(&x, 4, 2).unwrap().into(), &[3, 0], Context::new()).unwrap();
        let Points::Dense(rows) = dense.points().unwrap() else { panic!("dense rows") };
        assert_eq!((rows.n(), rows.row(0), rows.row(1)), (2, &[0.0, 4.0][..], &[1.0, 0.0][..]));
        let sparse = SparseRows::new(&[0, 1, 2, 3, 4], &[0, 1, 0, 1], &[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        let sparse = Selected::of(sparse.into(), &[3, 0], Context::new()).unwrap();
        let Points::Sparse(rows) = sparse.points().unwrap() else { panic!("sparse rows") };
        assert_eq!((rows.n(), rows.d()), (2, 2));
        assert_eq!((rows.row(0), rows.row(1)), ((&[1][..], &[4.0][..]), (&[0][..], &[1.0][..])));
    }
}
