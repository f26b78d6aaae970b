use super::amount;
use serde::Serialize;

/// What one of several processes took for its part of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberReport {
    /// The number of the process, from 0.
    pub rank: usize,
    /// The time of each stage, with what the process waited for others.
    pub seconds: MemberSeconds,
    /// What the process has sent to others in each stage, in bytes: what goes to all counts once for each of them.
    pub sent_bytes: SentBytes,
    /// The largest resident memory of the process; `null` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// Seconds of each stage of one process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MemberSeconds {
    /// Reading its part of the points, or of a saved map.
    pub read: f64,
    /// The neighbor search.
    pub neighbors: f64,
    /// Perplexity calibration and symmetrization.
    pub affinities: f64,
    /// The initial positions.
    pub initialization: f64,
    /// The descent.
    pub optimization: f64,
}

/// Bytes that one process has sent in each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SentBytes {
    /// The neighbor search.
    pub neighbors: u64,
    /// Perplexity calibration and symmetrization.
    pub affinities: u64,
    /// The initial positions.
    pub initialization: u64,
    /// The descent, its divergences, and what the first process has saved on the way.
    pub optimization: u64,
}

/// A range of amounts of memory for people.
fn amounts(values: impl Iterator<Item = u64> + Clone) -> String {
    let [low, high] = [values.clone().min(), values.max()].map(|bytes| amount(bytes.unwrap_or(0)));
    if low == high { low } else { format!("{low} to {high}") }
}

/// The lines of several processes; none of one.
pub(super) fn lines(members: &[MemberReport]) -> Vec<(&'static str, String)> {
    if members.is_empty() {
        return Vec::new();
    }
    let peaks: Vec<u64> = members.iter().filter_map(|member| member.peak_memory_bytes).collect();
    let each =
        if peaks.is_empty() { String::new() } else { format!(", peak memory {} each", amounts(peaks.iter().copied())) };
    type Of = fn(&SentBytes) -> u64;
    let stages: [(&str, Of); 4] = [
        ("neighbors", |sent| sent.neighbors),
        ("affinities", |sent| sent.affinities),
        ("initialization", |sent| sent.initialization),
        ("optimization", |sent| sent.optimization),
    ];
    let sent =
        stages.map(|(name, of)| format!("{name} {}", amounts(members.iter().map(|member| of(&member.sent_bytes)))));
    vec![("processes", format!("{}{each}", members.len())), ("sent by each", sent.join(", "))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_told_by_the_least_and_the_most() {
        let member = |rank: usize, bytes: u64, peak_memory_bytes: Option<u64>| MemberReport {
            rank,
            seconds: MemberSeconds {
                read: 0.0,
                neighbors: 0.0,
                affinities: 0.0,
                initialization: 0.0,
                optimization: 0.0,
            },
            sent_bytes: SentBytes { neighbors: bytes, affinities: 0, initialization: 0, optimization: 5_000_000 },
            peak_memory_bytes,
        };
        assert!(lines(&[]).is_empty());
        let two = [member(0, 1_000_000, Some(90_000_000)), member(1, 3_000_000, Some(80_000_000))];
        let sent = "neighbors 1 MB to 3 MB, affinities 0 MB, initialization 0 MB, optimization 5 MB";
        assert_eq!(
            lines(&two),
            [("processes", "2, peak memory 80 MB to 90 MB each".into()), ("sent by each", sent.into())]
        );
        assert_eq!(lines(&[member(0, 0, None)])[0].1, "1");
    }
}
