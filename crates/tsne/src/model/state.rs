//! Where a map and its optimizer are.

use crate::float::Float;
use crate::maps::run::{NormalPhase, Run};
use crate::model::names::{Stored, corrupt, unknown};
use crate::model::parts::{Rows, Written};
use crate::model::store::{Reader, Settings, StoreError, Writer};
use crate::params::optimizer::OptimizerState;
use crate::params::schedule::Beginning;
use tsne_core::{Optimizer, check_embedding, memory};
use tsne_optim::{Momentum, MomentumGains, PhaseState};

/// The positions of `n` points from a section.
pub(super) fn get_positions<T: Float, const D: usize>(
    reader: &mut Reader,
    name: &str,
    n: usize,
) -> Stored<Vec<[T; D]>> {
    let positions: Vec<T> = reader.take(name, &[n, D])?;
    let positions = copied(positions.as_chunks::<D>().0)?;
    check_embedding(&positions).map_err(|error| StoreError::corrupt(name, error))?;
    Ok(positions)
}

/// A copy of what a file holds.
fn copied<A: Clone>(values: &[A]) -> Stored<Vec<A>> {
    memory::copied("the saved map", values).map_err(|error| StoreError::Unsupported(error.to_string()))
}

/// Gains and velocities as sections, the rest as settings, of an optimizer with state; `owner` is what their names begin with.
pub(super) fn put_optimizer<'a, T: Float, const D: usize>(
    settings: &mut Settings,
    writer: &mut Writer<'a>,
    (owner, n): (&str, usize),
    optimizer: Option<&'a MomentumGains<T, D>>,
    (written, [gains, velocity]): (&Written<'a, T>, [Rows; 2]),
) -> Stored<()> {
    // One of the user's own has a state that no file can hold: the map begins anew with the toolkit's.
    let optimizer = optimizer.filter(|optimizer| written.count(optimizer.gains().len(), gains) > 0);
    settings.set("optimizer", optimizer.is_some());
    let Some(optimizer) = optimizer else { return Ok(()) };
    settings.set("optimizer.steps", optimizer.steps());
    if let Some(slope) = optimizer.slope() {
        settings.set("optimizer.slope", slope);
    }
    written.put(writer, &format!("{owner}.gains"), &[n, D], optimizer.gains().as_flattened(), gains)?;
    written.put(writer, &format!("{owner}.velocity"), &[n, D], optimizer.velocity().as_flattened(), velocity)
}

/// The optimizer of `n` points; one without state if none was saved.
pub(super) fn get_optimizer<T: Float, const D: usize>(
    settings: &Settings,
    reader: &mut Reader,
    owner: &str,
    n: usize,
    momentum: Momentum,
) -> Stored<OptimizerState<T, D>> {
    let mut state = |name: &str| {
        let name = format!("{owner}.{name}");
        let values: Vec<T> = reader.take(&name, &[n, D])?;
        match values.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(StoreError::corrupt(&name, format_args!("it holds {v}, but all values are finite"))),
            None => copied(values.as_chunks::<D>().0),
        }
    };
    let optimizer = if settings.get("optimizer")? {
        MomentumGains::from_state(momentum, state("gains")?, state("velocity")?)
            .map_err(corrupt)?
            .with_steps(settings.optional("optimizer.steps")?.unwrap_or(0))
            .with_slope(settings.optional::<f64>("optimizer.slope")?)
    } else {
        MomentumGains::new(momentum)
    };
    OptimizerState::given(optimizer, None, n).map_err(corrupt)
}

/// Where the map began and how far its normal phase is: what the next part of a schedule goes on from.
pub(super) fn put_progress<T: Float, const D: usize, K>(settings: &mut Settings, run: &Run<T, D, K>) {
    let NormalPhase { state, settled } = run.phase;
    settings
        .set("beginning", if run.beginning == Beginning::Points { "points" } else { "elsewhere" })
        .set("phase.completed", state.completed())
        .set("phase.settled", settled);
    if let Some(divergence) = state.compared_kl() {
        settings.set("phase.compared_kl", divergence);
    }
}

/// The same from settings; older files have none of it.
pub(super) fn get_progress<T: Float, const D: usize, K>(settings: &Settings, run: &mut Run<T, D, K>) -> Stored<()> {
    run.beginning = match settings.optional("beginning")? {
        Some("points") => Beginning::Points,
        Some("elsewhere") | None => Beginning::Elsewhere,
        Some(other) => return Err(unknown("beginning", other)),
    };
    let completed = settings.optional("phase.completed")?.unwrap_or(0);
    run.phase = NormalPhase {
        state: PhaseState::new(completed, settings.optional("phase.compared_kl")?),
        settled: settings.optional("phase.settled")?.unwrap_or(false),
    };
    Ok(())
}
