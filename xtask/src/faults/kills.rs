//! Runs that signals end at random moments.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

use super::chance::Chance;
use super::place::{self, PLACE};
use super::process::{Signal, Tool};
use super::scenario::{End, Found, Ready, SCENARIOS, forget_temporary};

/// The most that one run is ended before it may go on to its end.
const IN_A_ROW: usize = 3;

/// What was seen of the runs of a scenario.
#[derive(Debug, Default)]
struct Seen {
    kills: usize,
    /// How they ended: by themselves, in order, at once.
    ends: [usize; 3],
    found: BTreeMap<Found, usize>,
}

/// Ends so many runs, in turn of all scenarios, and checks what each has left.
pub(super) fn run(tool: &Tool, data: &place::Files, home: &Path, kills: usize, chance: &mut Chance) -> Result<()> {
    let mut left = kills;
    for (s, scenario) in SCENARIOS.iter().enumerate() {
        let share = left / (SCENARIOS.len() - s);
        left -= share;
        let ready = scenario.ready(tool, data, home).with_context(|| format!("scenario {:?}", scenario.name))?;
        let mut seen = Seen::default();
        while seen.kills < share {
            let number = seen.kills;
            one(tool, &ready, home, share, chance, &mut seen).with_context(|| {
                format!("scenario {:?}, kill {number}: see {}", scenario.name, home.join(PLACE).display())
            })?;
        }
        let [done, interrupted, killed] = seen.ends;
        let of = |found: Found| seen.found.get(&found).copied().unwrap_or(0);
        println!(
            "{:<12}{:>6.2} s{:>6} signals: {killed} ended at once, {interrupted} in order, {done} came too late; files: {} old, {} new, {} \
             on their way, {} not there, {} by a temporary name",
            scenario.name,
            ready.whole.as_secs_f64(),
            seen.kills,
            of(Found::Old),
            of(Found::New),
            of(Found::OnItsWay),
            of(Found::Nothing),
            of(Found::Temporary),
        );
    }
    Ok(())
}

/// A run that is ended, resumed and ended again a few times at most, and then comes to its end.
fn one(tool: &Tool, ready: &Ready<'_>, home: &Path, share: usize, chance: &mut Chance, seen: &mut Seen) -> Result<()> {
    let directory = place::empty(home, PLACE)?;
    place::put(&ready.before, &directory)?;
    for _ in 0..1 + chance.below(IN_A_ROW) {
        if seen.kills == share {
            break;
        }
        seen.kills += 1;
        let signal = Signal::ALL[chance.below(Signal::ALL.len())];
        let (moment, twice) = (chance.moment(ready.whole), chance.below(4) == 0);
        let told = || format!("{}{} after {moment:.1?}", signal.name(), if twice { ", twice," } else { "" });
        let mut running = tool.start(&directory, ready.scenario.arguments)?;
        thread::sleep(moment);
        running.signal(signal)?;
        if twice {
            thread::sleep(ready.whole.mul_f64(0.02 * chance.unit()));
            running.signal(signal)?;
        }
        let ended = running.end().with_context(told)?;
        ended.ensure_ended_by(signal).with_context(told)?;
        let end = match ended.code {
            None => End::Killed,
            Some(_) if ended.is_interrupted() => End::Interrupted,
            Some(_) => End::Own,
        };
        // Who is asked a second time ends at once, and not in order.
        let sure = if end == End::Interrupted && twice { End::Killed } else { end };
        seen.ends[end as usize] += 1;
        for (_, found) in ready.check(&directory, end).or_else(|_| ready.check(&directory, sure)).with_context(told)? {
            *seen.found.entry(found).or_default() += 1;
        }
        forget_temporary(&directory)?;
        // What the next one finds was written by an orderly end: it is no old file of this scenario.
        if end != End::Killed {
            break;
        }
    }
    ready.finish(&directory).context("what was interrupted is done once more")
}
