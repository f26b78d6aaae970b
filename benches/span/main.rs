//! Work and span of the parts of a fit, for `cargo xtask span`.
//!
//! `span list` prints the names of the parts, `span cpu` the vector units in sight, `span run NAME REPETITIONS [POINTS]` records one so often on one thread and prints, as
//! a line of JSON, the least of each of its pieces: what was disturbed in one run is not in all of them.

mod parts;

use parts::{PARTS, Part};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use tsne::core::span::{self, Profile};
use tsne_benches::cpu;

/// Threads for which a time is told, besides one and as many as there are tasks.
const THREADS: usize = 16;

/// Places that are printed: those after them cost little.
const PLACES: usize = 24;

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code is left.
            let _ = writeln!(std::io::stderr(), "span: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["list"] => PARTS.iter().try_for_each(|part| writeln!(std::io::stdout(), "{}", part.name))?,
        ["run", name, repetitions, ref n @ ..] if n.len() <= 1 => {
            let part = PARTS.iter().find(|part| part.name == name);
            let part = part.ok_or_else(|| format!("no part `{name}`: `span list` prints them"))?;
            let n = n.first().map_or(Ok(part.n), |n| n.parse())?;
            let profile = measure(part, n, repetitions.parse()?)?;
            writeln!(std::io::stdout(), "{}", json(&profile))?;
        }
        ["cpu"] => writeln!(std::io::stdout(), "{}", cpu().join(" "))?,
        _ => return Err("usage: span list | span cpu | span run NAME REPETITIONS [POINTS]".into()),
    }
    Ok(())
}

/// The least of some runs. One more comes first, for caches and memory.
fn measure(part: &Part, n: usize, repetitions: usize) -> Result<Profile, Box<dyn Error>> {
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let mut work = (part.set_up)(n)?;
    work()?;
    let mut least: Option<Profile> = None;
    for _ in 0..repetitions.max(1) {
        let (outcome, profile) = span::record(&mut work);
        outcome?;
        least = Some(match least {
            Some(other) => other.least(profile),
            None => profile,
        });
    }
    Ok(least.ok_or("nothing was run")?)
}

fn json(profile: &Profile) -> serde_json::Value {
    let ms = |time: Duration| 1e3 * time.as_secs_f64();
    let places = profile.places().into_iter().take(PLACES).map(|place| {
        serde_json::json!({
            "name": place.name, "regions": place.regions,
            "serial_ms": ms(place.serial), "work_ms": ms(place.work), "span_ms": ms(place.span),
        })
    });
    serde_json::json!({
        "work_ms": ms(profile.work()), "span_ms": ms(profile.span()), "threads": THREADS,
        "threads_ms": ms(profile.on(THREADS)), "regions": profile.regions(), "places": places.collect::<Vec<_>>(),
    })
}
