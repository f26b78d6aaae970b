//! The parameters of further optimization as settings.

use crate::float::Float;
use crate::model::names::{Stored, parsed, unknown};
use crate::model::store::Settings;
use crate::params::learning_rate::LearningRate;
use crate::params::optimize::OptimizeParams;
use crate::params::repulsion::RepulsionMethod;
use tsne_fft::Interpolation;
use tsne_optim::Momentum;

/// The method by a name that can be read again: a repulsion of the user's own is not saved.
pub(super) fn named<T, const D: usize>(method: &RepulsionMethod<T, D>) -> RepulsionMethod<T, D> {
    match method {
        RepulsionMethod::Custom(_) => RepulsionMethod::Auto,
        method => method.clone(),
    }
}

fn put_optional(settings: &mut Settings, name: &str, value: Option<f64>) {
    if let Some(value) = value {
        settings.set(name, value);
    }
}

pub(super) fn put_params<T: Float, const D: usize>(settings: &mut Settings, params: &OptimizeParams<T, D>) {
    let (schedule, repulsion) = (&params.schedule, &params.repulsion);
    settings
        .set("preset", params.preset.to_string())
        .set("n_iter", schedule.n_iter)
        .set("early_exaggeration", schedule.early_exaggeration.to_string())
        .set("adaptive_momentum", schedule.adaptive_momentum)
        .set("momentum_rule", if schedule.momentum_rule == Momentum::Nesterov { "nesterov" } else { "classical" })
        .set("negative_gradient_method", named(&repulsion.method).to_string())
        .set("theta", repulsion.theta)
        .set("n_interpolation_points", repulsion.grid.n_interpolation_points)
        .set("min_num_intervals", repulsion.grid.min_num_intervals)
        .set("ints_in_interval", repulsion.grid.ints_in_interval)
        .set(
            "interpolation",
            if repulsion.grid.interpolation == Interpolation::Lagrange { "lagrange" } else { "b-spline" },
        )
        .set("callbacks_every_iters", params.callbacks_every_iters);
    // How many threads there are is no property of a map: one that is loaded runs in those of its caller.
    match schedule.learning_rate {
        LearningRate::Auto => {}
        LearningRate::Scaled(factor) => _ = settings.set("learning_rate_factor", factor),
        LearningRate::Fixed(rate) => _ = settings.set("learning_rate", rate),
    }
    if let Some(iterations) = schedule.transition_iter {
        settings.set("transition_iter", iterations);
    }
    put_optional(settings, "initial_momentum", schedule.initial_momentum);
    put_optional(settings, "momentum", schedule.final_momentum);
    put_optional(settings, "min_grad_norm", schedule.min_grad_norm);
    put_optional(settings, "max_grad_norm", schedule.max_grad_norm);
    put_optional(settings, "max_step_norm", schedule.max_step_norm);
    put_optional(settings, "min_kl_improvement", schedule.min_kl_improvement);
    put_optional(settings, "force_tolerance", repulsion.tolerance());
}

/// The parameters of further optimization: the early phase of the preset is over.
pub(super) fn get_params<T: Float, const D: usize>(settings: &Settings) -> Stored<OptimizeParams<T, D>> {
    let mut params = OptimizeParams::preset(parsed(settings, "preset")?).further();
    let (schedule, repulsion) = (&mut params.schedule, &mut params.repulsion);
    schedule.n_iter = settings.get("n_iter")?;
    // Older files have no seed, and of an early phase to come nothing: that is the preset's.
    schedule.initial_momentum = settings.optional("initial_momentum")?.or(schedule.initial_momentum);
    if let Some(adaptive) = settings.optional("adaptive_momentum")? {
        schedule.adaptive_momentum = adaptive;
        schedule.transition_iter = settings.optional("transition_iter")?;
    } else {
        // Of before there was one: the preset of that name is another one today, and a transition needed an early phase.
        (schedule.adaptive_momentum, schedule.transition_iter) = (false, Some(0));
    }
    if settings.optional::<&str>("early_exaggeration")?.is_some() {
        schedule.early_exaggeration = parsed(settings, "early_exaggeration")?;
    }
    schedule.learning_rate = match (settings.optional("learning_rate")?, settings.optional("learning_rate_factor")?) {
        (Some(rate), _) => LearningRate::Fixed(rate),
        (None, Some(factor)) => LearningRate::Scaled(factor),
        (None, None) => LearningRate::Auto,
    };
    schedule.final_momentum = settings.optional("momentum")?;
    schedule.momentum_rule = match settings.get("momentum_rule")? {
        "classical" => Momentum::Classical,
        "nesterov" => Momentum::Nesterov,
        other => return Err(unknown("momentum_rule", other)),
    };
    schedule.min_grad_norm = settings.optional("min_grad_norm")?;
    schedule.max_grad_norm = settings.optional("max_grad_norm")?;
    schedule.max_step_norm = settings.optional("max_step_norm")?;
    schedule.min_kl_improvement = settings.optional("min_kl_improvement")?;
    repulsion.method = parsed(settings, "negative_gradient_method")?;
    // Files of before there was one have none.
    repulsion.force_tolerance = settings.optional("force_tolerance")?;
    repulsion.theta = settings.get("theta")?;
    repulsion.grid.n_interpolation_points = settings.get("n_interpolation_points")?;
    repulsion.grid.min_num_intervals = settings.get("min_num_intervals")?;
    repulsion.grid.ints_in_interval = settings.get("ints_in_interval")?;
    repulsion.grid.interpolation = match settings.get("interpolation")? {
        "b-spline" => Interpolation::BSpline,
        "lagrange" => Interpolation::Lagrange,
        other => return Err(unknown("interpolation", other)),
    };
    params.callbacks_every_iters = settings.get("callbacks_every_iters")?;
    // Older files have one, which was right where the map was made.
    params.n_jobs = None;
    Ok(params)
}
