//! Descents that are stopped on their way, saved, loaded and resumed: the bits of those that were not.

use crate::common::{bits, blobs};
use std::ops::ControlFlow;
use tsne::{
    Context, Embedding, Finish, Float, Initialization, Iteration, LearningRate, Observer, Observers, Preset,
    RestartCause, Result, Rows, Tsne, Warning,
};

const N: usize = 90;

fn data<T: Float>() -> Vec<T> {
    blobs::<T>(N, 4, 3).0
}

/// Stops after an iteration of a phase, once.
struct Stop(Option<usize>);

impl<T: Float, const D: usize> Observer<T, D> for Stop {
    fn about_to_start(&mut self, _: &[[T; D]], _: usize) {}

    fn wants(&self, completed: usize) -> bool {
        self.0 == Some(completed)
    }

    fn observe(&mut self, _: &Iteration<'_, T, D>) -> ControlFlow<()> {
        self.0 = None;
        ControlFlow::Break(())
    }
}

/// What a file makes of a map.
fn reloaded<T: Float, const D: usize>(embedding: &Embedding<T, D>) -> Embedding<T, D> {
    let file = tempfile::NamedTempFile::new().unwrap();
    embedding.save(file.path()).unwrap();
    Embedding::load(file.path()).unwrap()
}

/// Stopped after each of `stops` (iterations of their phase), with and without a file between, a fit comes to the same.
#[track_caller]
fn check<T: Float, const D: usize>(tsne: &Tsne<T, D>, stops: &[usize]) {
    let x = data::<T>();
    let x = Rows::new(&x, N, 4).unwrap();
    let whole = tsne.fit(x).unwrap();
    assert_eq!(whole.remaining(), 0);
    for files in [false, true] {
        let (first, rest) = stops.split_first().unwrap();
        let mut embedding = tsne.fit_with(x, Some(&mut Stop(Some(*first))), Context::new()).unwrap();
        for stop in rest.iter().copied().map(Some).chain([None]) {
            assert_eq!(embedding.finish(), Finish::Stopped);
            assert!(embedding.remaining() > 0);
            if files {
                let loaded = reloaded(&embedding);
                assert_eq!(loaded.remaining(), embedding.remaining());
                embedding = loaded;
            }
            embedding.resume_with(Some(&mut Stop(stop)), Context::new()).unwrap();
        }
        assert_eq!(bits(embedding.positions()), bits(whole.positions()), "files: {files}");
        assert_eq!(embedding.optimizer(), whole.optimizer());
        assert_eq!((embedding.iterations(), embedding.finish()), (whole.iterations(), whole.finish()));
        assert_eq!((embedding.remaining(), embedding.kl_divergence()), (0, whole.kl_divergence()));
        assert_eq!(embedding.schedule(), whole.schedule());
    }
}

#[test]
fn a_resumed_fit_has_the_bits_of_one_that_was_not_stopped() {
    fn both<T: Float>() {
        for preset in [Preset::Recommended, Preset::Exaggerated, Preset::OpenTsne, Preset::Documented] {
            let tsne = || Tsne::<T, 2>::preset(preset).perplexity(10.0);
            // In the early phase, where there is one, and in the normal one; twice in succession.
            check(&tsne().build().unwrap(), &[7]);
            check(&tsne().build().unwrap(), &[11, 29, 30, 133]);
        }
        // Given by hand.
        let tsne = Tsne::<T, 2>::builder().perplexity(10.0).early_exaggeration_iter(20).exaggeration(2.0).n_iter(45);
        check(&tsne.negative_gradient_method("bh").build().unwrap(), &[20, 44]);
        check(&Tsne::<T, 1>::builder().perplexity(10.0).build().unwrap(), &[50]);
        check(&Tsne::<T, 3>::builder().perplexity(10.0).build().unwrap(), &[50]);
        check(&Tsne::<T, 2>::builder().perplexity(10.0).initialization(Initialization::Pca).build().unwrap(), &[9, 61]);
    }
    both::<f32>();
    both::<f64>();
}

/// The rule that ends a phase compares every 50 iterations with what it saw before the stop.
#[test]
fn a_resumed_fit_settles_where_it_would_have() {
    let tsne = Tsne::<f64, 2>::opentsne().perplexity(10.0).n_iter(5000).min_kl_improvement(1e-5).build().unwrap();
    let x = data::<f64>();
    let whole = tsne.fit(Rows::new(&x, N, 4).unwrap()).unwrap();
    assert_eq!(whole.finish(), Finish::Converged);
    let end = whole.iterations() - 250;
    assert!(end < 5000);
    check(&tsne, &[50, 51, end - 1]);
}

/// The guard begins again from where the fit began, not from where it went on. (Of code of the user's own in `own_code`.)
#[test]
fn a_resumed_fit_that_fails_begins_again_from_its_beginning() {
    let x = data::<f64>();
    let tsne = Tsne::<f64, 2>::builder().perplexity(10.0).initialization(Initialization::Pca).max_step_norm(None);
    let tsne = tsne.learning_rate(LearningRate::Scaled(1e200)).build().unwrap();
    let whole = tsne.fit(Rows::new(&x, N, 4).unwrap()).unwrap();
    assert!(matches!(whole.warnings(), [Warning::Restarted { cause: RestartCause::Diverged(_) }]));
    check(&tsne, &[1]);
}

#[test]
fn what_else_is_done_to_a_stopped_map_ends_its_fit() -> Result<()> {
    let tsne = Tsne::<f32, 2>::builder().perplexity(10.0).build()?;
    let x = data::<f32>();
    let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());
    let stopped =
        tsne.fit_with(Rows::new(&x, N, 4)?, Some(&mut Observers::new().every(40, &mut stop)), Context::new())?;
    assert!(stopped.remaining() > 0);
    let mut further = stopped.clone();
    assert_eq!(further.remaining(), stopped.remaining());
    further.optimize(10)?;
    let (positions, iterations) = (bits(further.positions()), further.iterations());
    assert_eq!((further.remaining(), further.resume()?), (0, Finish::Completed));
    assert_eq!((bits(further.positions()), further.iterations()), (positions, iterations));
    let mut other = stopped.clone();
    other.set_affinities(stopped.affinity_index().clone())?;
    assert_eq!(other.remaining(), 0);
    // An error leaves it as it was.
    let mut cancelled = stopped.clone();
    let token = tsne::CancelToken::new();
    token.cancel();
    assert!(cancelled.resume_with(None, Context::new().with_cancel(&token)).is_err());
    assert_eq!((cancelled.remaining(), bits(cancelled.positions())), (stopped.remaining(), bits(stopped.positions())));
    cancelled.resume()?;
    assert_eq!(bits(cancelled.positions()), bits(tsne.fit(Rows::new(&x, N, 4)?)?.positions()));
    Ok(())
}

/// A part of a schedule goes on with the phase of a map that was saved between.
#[test]
fn parts_go_on_from_a_file() -> Result<()> {
    let tsne = Tsne::<f32, 2>::builder().perplexity(10.0).build()?;
    let x = data::<f32>();
    let schedule = tsne.schedule();
    let mut embedding = tsne.prepare_initial(Rows::new(&x, N, 4)?)?;
    for part in [0..30, 30..77, 77..100, 100..schedule.iterations()] {
        embedding = reloaded(&embedding);
        embedding.optimize(schedule.part(part))?;
    }
    assert_eq!(bits(embedding.positions()), bits(tsne.fit(Rows::new(&x, N, 4)?)?.positions()));
    Ok(())
}
