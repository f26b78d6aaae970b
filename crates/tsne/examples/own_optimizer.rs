//! An optimizer of one's own: Adam (Kingma and Ba 2015) beside the toolkit's. `cargo run -p tsne --example own_optimizer`
#![allow(clippy::print_stdout)]

use tsne::core::{Optimizer, Step};
use tsne::optim::{Descent, Exact, Joint, Phase};
use tsne::{Context, Error, Momentum, MomentumGains, Preset, Result, Rows, Tsne};

/// Moments of the gradient of each coordinate. The momentum of a step is Adam's first decay rate.
#[derive(Default)]
struct Adam {
    moments: Vec<[[f64; 2]; 2]>,
    steps: i32,
}

const SECOND_DECAY: f64 = 0.99;
impl Optimizer<f64, 2> for Adam {
    fn reset(&mut self, n: usize) {
        *self = Self { moments: vec![[[0.0; 2]; 2]; n], steps: 0 };
    }

    fn n(&self) -> usize {
        self.moments.len()
    }

    fn step(&mut self, step: Step, gradient: &[[f64; 2]], y: &mut [[f64; 2]]) -> Result<()> {
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
    let start = Tsne::preset(Preset::OpenTsne).build()?.prepare_initial(Rows::new(&data, 150, 4)?)?;
    let descend = |optimizer: &mut dyn Optimizer<f64, 2>, learning_rate: [f64; 2]| -> Result<f64> {
        let (mut y, mut repulsion, mut descent) = (start.positions().to_vec(), Exact::new(), Descent::new());
        let mut objective = Joint::new(start.affinities(), start.kernel(), &mut repulsion)?;
        for (exaggeration, learning_rate, iterations) in [(12.0, learning_rate[0], 250), (1.0, learning_rate[1], 500)] {
            let phase = Phase::default().iterations(iterations).exaggeration(exaggeration).learning_rate(learning_rate);
            descent.run(&mut objective, optimizer, &mut y, &phase, None, Context::new())?;
        }
        descent.kl_divergence(&mut objective, &y, Context::new())
    };
    println!("momentum and gains: KL {:.3}", descend(&mut MomentumGains::new(Momentum::Classical), [12.5, 150.0])?);
    println!("Adam:               KL {:.3}", descend(&mut Adam::default(), [0.01, 0.1])?);
    Ok(())
}
