//! The memory of a start from groups, for a plan.

use super::FACTOR;
use super::coarser::{KEPT, ROUNDS};

/// Entries of both directions for each of one, about: as many as neighbors have.
const MUTUAL: f64 = 1.6;

/// What the map of the last graph takes, and its own start. Counted with 50,625 points and 8 and 25 members: 4 and 6 MB.
const FIRST_MAP: f64 = 5e6;

/// The bytes that a start from groups of `n` points with so many affinities takes of each of `members`, at its peak, in numbers of
/// `scalar` bytes and so many dimensions.
///
/// All but the first coarse graph is small. What comes to it from the affinities, and what is made of it, is by its rows, of which each
/// member has its share; the groups of all points, and their positions, are whole on each.
pub(crate) fn planned_bytes(n: usize, affinities: f64, members: usize, scalar: usize, dimensions: usize) -> f64 {
    let n = n as f64;
    let (shared, others) = (|bytes: f64| bytes / members as f64, 1.0 - 1.0 / members as f64);
    let entry = 4.0 + scalar as f64;
    let lists = n / FACTOR as f64 * KEPT as f64 * entry;
    // The group of each point, and the rows of each group: a start of 8 bytes for each.
    let groups = 4.0 * n + shared(4.0 * n) + 8.0 * n / FACTOR as f64;
    // Rows so far, and where they grow; ties on their way, packed, received, and those of members that are ahead: counted in teams of
    // threads, of 2 and 4 members, from 1 to 2 times half of this.
    let sending = groups + shared(2.0 * lists + 6.0 * others * affinities * entry / ROUNDS as f64);
    // Lists, the same by their columns, those that others have sent, and room for both directions of all; then both directions twice.
    let joining = groups + shared((4.0 + others) * lists);
    let mapping = groups + shared(MUTUAL * lists) + FIRST_MAP;
    // Positions, and what is gathered of them.
    let placing = 4.0 * n + 2.0 * dimensions as f64 * scalar as f64 * n;
    [sending, joining, mapping, placing].into_iter().fold(0.0, f64::max)
}
