//! Where and when figures were measured.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The machine, commit and day of a measurement.
#[derive(Debug)]
pub(crate) struct Stamp {
    /// The model of the processor and its number of threads; not the name of the host.
    pub(crate) machine: String,
    /// The commit, with `-dirty` where the work tree differs from it.
    pub(crate) commit: String,
    /// Year, month, day (UTC).
    pub(crate) date: String,
}

impl Stamp {
    pub(crate) fn now(shell: &Shell) -> Result<Self> {
        let commit =
            cmd!(shell, "git rev-parse --short=12 HEAD").quiet().read().context("this is no git repository")?;
        let dirty = !cmd!(shell, "git status --porcelain").quiet().read()?.is_empty();
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?.as_secs();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        // Other systems have no such file; the architecture is the best name left.
        let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model(&text));
        let model = model.unwrap_or_else(|| format!("{} {}", std::env::consts::ARCH, std::env::consts::OS));
        Ok(Self {
            machine: tag(&model, threads),
            commit: commit + if dirty { "-dirty" } else { "" },
            date: date(seconds / 86_400),
        })
    }
}

/// The model in the text of `/proc/cpuinfo`.
fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned()).filter(|model| !model.is_empty())
}

/// A name of a file: lower-case words joined by `-`, then the threads.
fn tag(model: &str, threads: usize) -> String {
    let lower = model.replace("(R)", "").replace("(TM)", "").to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|w| !w.is_empty()).collect();
    format!("{}-{threads}t", words.join("-"))
}

/// The day `days` after 1970-01-01 in the Gregorian calendar.
fn date(days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        let dates = [0, 30, 31, 58, 59, 364, 365, 789, 11_016, 11_017, 20_819].map(date);
        let expected = [
            "1970-01-01",
            "1970-01-31",
            "1970-02-01",
            "1970-02-28",
            "1970-03-01",
            "1970-12-31",
            "1971-01-01",
            "1972-02-29",
            "2000-02-29",
            "2000-03-01",
            "2027-01-01",
        ];
        assert_eq!(dates, expected);
    }

    #[test]
    fn a_machine_is_named_by_its_processor() {
        let text = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.80GHz\nflags\t: fpu\n";
        assert_eq!(tag(&model(text).unwrap(), 2), "intel-xeon-cpu-2.80ghz-2t");
        assert_eq!(model("processor : 0\n"), None);
    }
}
