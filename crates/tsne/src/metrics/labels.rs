use crate::float::Float;
use std::num::NonZeroUsize;
use tsne_affinity::ExactSearch;
use tsne_core::{Context, Error, NeighborSearch, Result, Rows, blocks};

/// The fraction of points whose label is the most frequent one among their `k` nearest neighbors in the map, leaving
/// the point itself out.
///
/// Of labels that are equally frequent, the one whose neighbor is nearest counts. `k` is 10 in the literature (Kobak
/// and Berens 2019).
///
///
/// # Errors
///
/// [`Error::Shape`] unless there is a label for each point; [`Error::Parameter`] unless `1 <= k < n`.
///
/// # Examples
///
/// ```
/// let y = [[0.0f32], [1.0], [2.0], [10.0], [11.0], [12.0]];
/// assert_eq!(tsne::metrics::label_agreement(&y, &["a", "a", "a", "b", "b", "b"], 2)?, 1.0);
/// # Ok::<(), tsne::Error>(())
/// ```
pub fn label_agreement<T: Float, L: Ord + Sync, const D: usize>(y: &[[T; D]], labels: &[L], k: usize) -> Result<f64> {
    if labels.len() != y.len() {
        return Err(Error::shape("labels", y.len(), labels.len()));
    }
    let Some(k) = NonZeroUsize::new(k).filter(|k| k.get() < y.len()) else {
        return Err(Error::parameter("k", k, format_args!("from 1 to n - 1 = {}", y.len().saturating_sub(1))));
    };
    let cx = Context::new();
    let rows = Rows::new(y.as_flattened(), y.len(), D)?;
    let graph = ExactSearch::default().build(rows.into(), cx)?.knn_graph(k, cx)?;
    let mut partials = Vec::new();
    let agreeing = blocks::map(&mut partials, y.len(), |range| {
        let mut votes: Vec<(&L, usize)> = Vec::new();
        let agrees = |i: &usize| {
            votes.clear();
            for &j in graph.row(*i).0 {
                let voted = &labels[j as usize];
                match votes.iter_mut().find(|(label, _)| *label == voted) {
                    Some((_, count)) => *count += 1,
                    None => votes.push((voted, 1)),
                }
            }
            let most = votes.iter().map(|(_, count)| *count).max();
            let winner = votes.iter().find(|(_, count)| Some(*count) == most);
            winner.is_some_and(|(winner, _)| **winner == labels[*i])
        };
        range.filter(agrees).count()
    });
    Ok(agreeing.iter().sum::<usize>() as f64 / y.len() as f64)
}
