//! Optimization in steps, a callback that stops it, new points, a saved map. `cargo run -p tsne --example steps`
#![allow(clippy::print_stdout)]

use std::ops::ControlFlow;
use tsne::{Context, Embedding, Finish, Iteration, Observers, Preset, Rows, TransformParams, Tsne};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = include_str!("../tests/data/iris.csv");
    let rows = text.lines().skip(1).flat_map(|line| line.split(',').take(4));
    let data: Vec<f32> = rows.filter_map(|field| field.parse().ok()).collect();
    // The first 120 flowers make the map, the others come later.
    let (fitted, new) = data.split_at(120 * 4);

    let tsne = Tsne::<_, 2>::opentsne().perplexity(20.0).n_jobs(-1).build()?;
    let mut embedding = tsne.prepare_initial(Rows::new(fitted, 120, 4)?)?;
    embedding.optimize(embedding.params().n_iter(250).exaggeration(12.0))?;

    // Until the divergence falls by less than a thousandth from one look to the next.
    let mut last = f64::INFINITY;
    let mut settled = |iteration: &Iteration<'_, f32, 2>| {
        println!("iteration {}: KL {:.4}", iteration.index, iteration.kl_divergence);
        let falling = iteration.kl_divergence < 0.999 * last;
        last = iteration.kl_divergence;
        if falling { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let params = embedding.params().n_iter(2000);
    let mut observers = Observers::new().every(100, &mut settled);
    let finish = embedding.optimize_with(params, Some(&mut observers), Context::new())?;
    assert_eq!(finish, Finish::Stopped);

    let path = std::env::temp_dir().join(format!("steps-{}.tsne", std::process::id()));
    embedding.save(&path)?;
    let loaded = Embedding::<f32, 2>::load(&path)?;
    std::fs::remove_file(&path)?;
    let params = TransformParams::preset(Preset::Recommended).perplexity(8.0);
    let placed = loaded.transform_with(Rows::new(new, 30, 4)?, &params, None, Context::new())?;
    println!("{} new points, KL {:.3} each", placed.positions().len(), placed.kl_divergence() / 30.0);
    Ok(())
}
