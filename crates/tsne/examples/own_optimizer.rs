//! An optimizer of one's own: Adam (Kingma and Ba 2015) beside the toolkit's. `cargo run -p tsne --example own_optimizer`
#![allow(clippy::print_stdout)]

use tsne::core::{Context, Optimizer, Step};
use tsne::{CustomOptimizer, Error, Result, Rows, Tsne};

/// Moments of the gradient of each coordinate. The momentum of a step is Adam's first decay rate.
#[derive(Clone, Default)]
struct Adam {
    moments: Vec<[[f64; 2]; 2]>,
    steps: i32,
}

const SECOND_DECAY: f64 = 0.99;
impl Optimizer<f64, 2> for Adam {
    fn reset(&mut self, n: usize) -> Result<()> {
        *self = Self { moments: vec![[[0.0; 2]; 2]; n], steps: 0 };
        Ok(())
    }

    fn n(&self) -> usize {
        self.moments.len()
    }

    fn step(&mut self, step: Step, gradient: &[[f64; 2]], y: &mut [[f64; 2]], _: Context<'_>) -> Result<()> {
        if gradient.len() != self.n() || y.len() != self.n() {
            return Err(Error::shape("gradient", self.n(), gradient.len()));
        }
        self.steps += 1;
        let bias = [1.0 - step.momentum.powi(self.steps), 1.0 - SECOND_DECAY.powi(self.steps)];
        for ((point, gradient), [first, second]) in y.iter_mut().zip(gradient).zip(&mut self.moments) {
            for c in 0..2 {
                first[c] = step.momentum * first[c] + (1.0 - step.momentum) * gradient[c];
                second[c] = SECOND_DECAY * second[c] + (1.0 - SECOND_DECAY) * gradient[c] * gradient[c];
                point[c] -= step.learning_rate * (first[c] / bias[0]) / ((second[c] / bias[1]).sqrt() + 1e-12);
            }
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let text = include_str!("../tests/data/iris.csv");
    let rows = text.lines().skip(1).flat_map(|line| line.split(',').take(4));
    let data: Vec<f64> = rows.filter_map(|field| field.parse().ok()).collect();
    let x = Rows::new(&data, 150, 4)?;
    let gains = Tsne::<_, 2>::opentsne().build()?.fit(x)?;
    println!("momentum and gains: KL {:.3}", gains.kl_divergence());
    // Adam's steps do not depend on the size of the gradient, so its rate is in units of the map.
    let own = Tsne::<_, 2>::opentsne().optimizer(CustomOptimizer::new(Adam::default)).learning_rate(0.1);
    println!("Adam:               KL {:.3}", own.build()?.fit(x)?.kl_divergence());
    Ok(())
}
