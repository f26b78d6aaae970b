//! What each of several processes has sent in each stage.

use crate::report::SentBytes;
use std::sync::{Mutex, PoisonError};
use tsne::core::Team;
use tsne::{Progress, Stage};

/// Progress that is shown elsewhere, with the bytes that this process has sent by then.
pub(crate) struct Meter<'a, P> {
    shown: &'a P,
    team: Option<&'a dyn Team>,
    /// What was sent until now, and of it in each stage.
    counted: Mutex<(u64, SentBytes)>,
}

impl<'a, P> Meter<'a, P> {
    pub(crate) fn new(shown: &'a P, team: Option<&'a dyn Team>) -> Self {
        let none = SentBytes { neighbors: 0, affinities: 0, initialization: 0, optimization: 0 };
        Self { shown, team, counted: Mutex::new((team.map_or(0, Team::sent), none)) }
    }

    /// What was sent in each stage; what nothing was said of since belongs to `last`.
    pub(crate) fn sent(&self, last: Stage) -> SentBytes {
        self.count(last);
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    fn count(&self, stage: Stage) {
        let Some(team) = self.team else { return };
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, sent) = &mut *counted;
        let now = team.sent();
        let of_stage = match stage {
            Stage::Neighbors => &mut sent.neighbors,
            Stage::Affinities => &mut sent.affinities,
            Stage::Initialization => &mut sent.initialization,
            _ => &mut sent.optimization,
        };
        *of_stage += now.saturating_sub(*before);
        *before = now;
    }
}

impl<P: Progress> Progress for Meter<'_, P> {
    fn advance(&self, stage: Stage, done: usize, total: usize) {
        self.count(stage);
        self.shown.advance(stage, done, total);
    }
}
