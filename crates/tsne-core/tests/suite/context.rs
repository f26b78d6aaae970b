//! Cancellation and progress.

use std::sync::Mutex;
use tsne_core::{CancelToken, Context, Error, Progress, Stage};

#[test]
fn clones_of_a_token_are_one_switch() {
    let token = CancelToken::new();
    let clone = token.clone();
    let context = Context::new().with_cancel(&token);
    assert_eq!(context.check(), Ok(()));
    assert!(!token.is_cancelled());
    std::thread::spawn(move || clone.cancel()).join().unwrap();
    assert!(token.is_cancelled());
    assert_eq!(context.check(), Err(Error::Cancelled));
    // A copy of the context looks at the same switch; another token is another switch.
    let copy = context;
    assert_eq!(copy.check(), Err(Error::Cancelled));
    assert!(!CancelToken::new().is_cancelled());
}

#[derive(Default)]
struct Log(Mutex<Vec<(Stage, usize, usize)>>);

impl Progress for Log {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        self.0.lock().unwrap().push((stage, done, total));
    }
}

#[test]
fn progress_reaches_the_listener_and_nobody_without_one() {
    let log = Log::default();
    Context::new().advance(Stage::Neighbors, 1, 2);
    let token = CancelToken::new();
    // The order in which the two are attached does not matter.
    for context in
        [Context::new().with_progress(&log).with_cancel(&token), Context::new().with_cancel(&token).with_progress(&log)]
    {
        context.advance(Stage::Optimization, 3, 7);
        assert_eq!(context.check(), Ok(()));
    }
    assert_eq!(*log.0.lock().unwrap(), [(Stage::Optimization, 3, 7); 2]);
}

#[test]
fn stages_are_named_and_ordered() {
    let stages = [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization];
    assert!(stages.is_sorted());
    let names = stages.map(|stage| stage.to_string());
    assert_eq!(names, ["neighbors", "affinities", "initialization", "optimization"]);
}

#[test]
fn a_context_can_be_debugged_without_its_listener() {
    let log = Log::default();
    let text = format!("{:?}", Context::new().with_progress(&log));
    assert!(text.contains("progress: true") && text.contains("cancel: None"), "{text}");
}
