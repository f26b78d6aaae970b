//! What is left of a descent that was stopped, as settings and sections of a model file: see `docs/model-format.md`.

use crate::float::Float;
use crate::maps::start::Start;
use crate::maps::unfinished::{Guard, Unfinished};
use crate::model::names::{START, Stored};
use crate::model::params::{get_params, put_params};
use crate::model::parts::{Rows, Written};
use crate::model::state::{get_optimizer, get_positions, put_optimizer};
use crate::model::store::{Reader, Settings, Writer};
use crate::params::repulsion::RepulsionMethod;
use std::sync::Arc;

/// What the names of all settings of it begin with.
const PREFIX: &str = "unfinished.";

/// Settings and sections of what is left. A descent by code of the user's own cannot go on from a file: of that, nothing is saved.
pub(super) fn put_unfinished<'a, T: Float, const D: usize>(
    settings: &mut Settings,
    writer: &mut Writer<'a>,
    unfinished: Option<&'a Unfinished<T, D>>,
    written: &Written<'a, T>,
) -> Stored<()> {
    let Some(Unfinished { params, guard }) = unfinished else { return Ok(()) };
    if params.optimizer.is_some() || matches!(params.repulsion.method, RepulsionMethod::Custom(_)) {
        return Ok(());
    }
    let (schedule, mut left) = (&params.schedule, Settings::new());
    put_params(&mut left, params);
    left.set("part_first", schedule.part.0).set("part_end", schedule.part.1).set("guarded", guard.is_some());
    if let Some(iterations) = schedule.early_exaggeration_iter {
        left.set("early_exaggeration_iter", iterations);
    }
    if let Some(factor) = schedule.exaggeration {
        left.set("exaggeration", factor);
    }
    if let Some(Guard { start, before_normal }) = guard {
        if let Some(divergence) = before_normal {
            left.set("before_normal", *divergence);
        }
        writer.array("start.positions", &[start.positions.len(), D], start.positions.as_flattened())?;
        let (n, rows) = (start.positions.len(), [Rows::FirstGains, Rows::FirstVelocity]);
        put_optimizer(&mut left, writer, (START, n), start.optimizer.momentum_gains(), (written, rows))?;
    }
    settings.set_all(PREFIX, &left);
    Ok(())
}

/// What is left of the descent of `n` points, if it was stopped; with the state of the optimizer of so many of its own.
pub(super) fn get_unfinished<T: Float, const D: usize>(
    settings: &Settings,
    reader: &mut Reader,
    (n, own): (usize, usize),
) -> Stored<Option<Unfinished<T, D>>> {
    let left = settings.below(PREFIX);
    let Some(first) = left.optional("part_first")? else { return Ok(None) };
    let mut params = get_params::<T, D>(&left)?;
    let schedule = &mut params.schedule;
    schedule.part = (first, left.get("part_end")?);
    schedule.early_exaggeration_iter = left.optional("early_exaggeration_iter")?;
    schedule.exaggeration = left.optional("exaggeration")?;
    schedule.transition_iter = left.optional("transition_iter")?;
    params.check().map_err(super::names::corrupt)?;
    let guard = if left.get("guarded")? {
        let positions = get_positions(reader, "start.positions", n)?;
        let optimizer = get_optimizer(&left, reader, START, own, params.schedule.momentum_rule)?;
        Some(Guard { start: Arc::new(Start { positions, optimizer }), before_normal: left.optional("before_normal")? })
    } else {
        None
    };
    Ok(Some(Unfinished { params, guard }))
}
