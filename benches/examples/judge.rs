//! Judges maps of the same points alike, whoever made them:
//! `cargo run --release -p tsne-benches --example judge -- DATA.npy LABELS.npy|- MAP.npy...`.
//!
//! `tsne score` takes the affinities that `tsne embed` computes, whose neighbors are approximate for many points. Here
//! they are exact up to [`EXACT_POINTS`], and computed once for all maps. Prints one JSON object per map, as soon as it
//! is judged.

use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tsne::metrics::{self, Comparison};
use tsne::{Context, Kernel, Metric, Neighbors, Preset, Tsne};
use tsne_cli::input::{CsvOptions, InputOptions, Labels, Loaded, Table};

/// The perplexity of the affinities that KL divergences refer to.
const PERPLEXITY: f64 = 30.0;

/// Points up to which the neighbors behind the affinities are exact: the search takes O(n²).
const EXACT_POINTS: usize = 300_000;

/// Neighbors that trustworthiness, neighbor recall and label agreement look at, as in Kobak and Berens (2019).
const K: usize = 10;

/// Points that all but the last are measured on, and pairs of which the rank correlation of distances takes. Their standard error is below 1 / sqrt(2,000), 2.2 % of the spread of the
/// points' own values; the points are the same for every map, so that differences between maps are more exact.
const SAMPLE: usize = 2000;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, labels, maps @ ..] = args.as_slice() else {
        anyhow::bail!("usage: judge DATA.npy LABELS.npy|- MAP.npy...");
    };
    let points = Loaded::<f32>::read(Path::new(data), &InputOptions::default())?.points;
    let n = points.n();
    let points = points.into_dataset(&Metric::Euclidean)?;
    let labels = match labels.as_str() {
        "-" => None,
        path => Some(Labels::read(Path::new(path), n).with_context(|| path.to_owned())?),
    };
    let neighbors = if n <= EXACT_POINTS { Neighbors::Exact } else { Neighbors::Auto };
    let tsne = Tsne::<f32, 2>::preset(Preset::Recommended).perplexity(PERPLEXITY).neighbors(neighbors).build()?;
    let index = tsne.affinities_with(points.clone(), Context::new())?;
    for path in maps {
        let map = Table::<f32>::read(Path::new(path), &CsvOptions::default()).context(path.clone())?;
        ensure!((map.n(), map.d()) == (n, 2), "{path}: {} x {} is not a map of {n} points", map.n(), map.d());
        let y: Vec<[f32; 2]> = map.rows()?.iter().map(|row| [row[0], row[1]]).collect();
        let comparison = Comparison::new(points.points()?, &y)?.metric(&Metric::Euclidean).sample(SAMPLE.min(n), 0);
        let agreement = labels.as_ref().map(|labels| metrics::label_agreement(&y, &labels.codes, K)).transpose()?;
        let kept = comparison.measures(K)?;
        let verdict = json!({
            "map": path,
            "kl": metrics::kl_divergence(index.affinities(), Kernel::new(1.0)?, &y, Context::new())?,
            "extent": metrics::extent(&y),
            "trustworthiness": kept.trustworthiness,
            "continuity": kept.continuity,
            "neighbor_recall": kept.neighbor_recall,
            "label_agreement": agreement,
            "spearman": comparison.spearman().ok(),
            "exact_neighbors": n <= EXACT_POINTS,
        });
        writeln!(std::io::stdout(), "{verdict}").context("cannot print")?;
    }
    Ok(())
}
