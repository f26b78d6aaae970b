//! A repulsion of one's own, estimated from a sample of the points. `cargo run -p tsne --example own_repulsion`
#![allow(clippy::print_stdout)]

use tsne::core::{Repulsion, random};
use tsne::{Context, CustomRepulsion, Error, Kernel, RepulsionMethod, Result, Rows, Tsne};

/// Every point is repelled by `sample` others, each of which stands for `(n - 1) / sample`.
struct Sampled {
    sample: usize,
    calls: u64,
}

impl Repulsion<f32, 2> for Sampled {
    fn repulse(&mut self, kernel: Kernel, y: &[[f32; 2]], out: &mut [[f32; 2]], cx: Context<'_>) -> Result<f64> {
        cx.check()?;
        let n = y.len();
        if out.len() != n {
            return Err(Error::shape("forces", n, out.len()));
        }
        self.calls += 1;
        let mut z = 0.0;
        for (i, (point, force)) in y.iter().zip(out).enumerate() {
            *force = [0.0; 2];
            for s in 0..self.sample {
                // Counter-based: the same numbers in every run, whatever the number of threads.
                let seed = random::element_seed(self.calls, s as u64, i as u64);
                let j = (i + 1 + (random::unit(seed) * (n - 1) as f64) as usize) % n;
                let difference = [point[0] - y[j][0], point[1] - y[j][1]];
                let squared = difference[0] * difference[0] + difference[1] * difference[1];
                let w = kernel.weight(f64::from(squared));
                let factor = kernel.force(f64::from(squared)) * (n - 1) as f64 / self.sample as f64;
                z += w * (n - 1) as f64 / self.sample as f64;
                force[0] += factor as f32 * difference[0];
                force[1] += factor as f32 * difference[1];
            }
        }
        Ok(z)
    }
}

fn main() -> Result<()> {
    let text = include_str!("../tests/data/iris.csv");
    let rows = text.lines().skip(1).flat_map(|line| line.split(',').take(4));
    let data: Vec<f32> = rows.filter_map(|field| field.parse().ok()).collect();
    let x = Rows::new(&data, 150, 4)?;
    let exact = Tsne::<_, 2>::opentsne().negative_gradient_method(RepulsionMethod::Exact).build()?.fit(x)?;
    println!("all pairs: KL {:.3}", exact.exact_kl_divergence(Context::new())?);
    for sample in [10, 50] {
        let own = CustomRepulsion::new(move || Sampled { sample, calls: 0 });
        let embedding = Tsne::<_, 2>::opentsne().negative_gradient_method(own).build()?.fit(x)?;
        println!("{sample} of 149: KL {:.3}", embedding.exact_kl_divergence(Context::new())?);
    }
    Ok(())
}
