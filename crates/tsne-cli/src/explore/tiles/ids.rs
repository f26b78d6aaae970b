//! Ids in sorted lists: one that begins with a text is found by the first ids of all lists, and one list.

use super::super::text;
use super::Folder;
use anyhow::Result;
use rayon::prelude::*;

/// The ids of a list.
const IDS: usize = 20_000;

/// The bytes of an id in the order of the lists, in which letters of ASCII are all small. The page knows no other rule, so that
/// no two versions of Unicode can differ about it.
fn folded(id: &str) -> impl Iterator<Item = u8> + '_ {
    id.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// The points by their ids, and those of the same id by their rows.
fn sorted(ids: &[String]) -> Vec<u32> {
    let start =
        |id: &str| folded(id).chain(std::iter::repeat(0)).take(8).fold(0, |start, byte| start << 8 | u64::from(byte));
    // Most comparisons end at the first bytes, which stand side by side.
    let mut order: Vec<(u64, u32)> = ids.iter().map(|id| start(id)).zip(0..).collect();
    let id = |i: u32| folded(&ids[i as usize]);
    order.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(id(b.1))).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, i)| i).collect()
}

/// Writes the lists and returns the first id of each.
pub(super) fn write<'t>(folder: &Folder, ids: &'t [String]) -> Result<Vec<&'t str>> {
    let order = sorted(ids);
    order.par_chunks(IDS).enumerate().try_for_each(|(k, list)| {
        folder.script(&format!("ids/{k}"), |to| {
            text::write(to, "ids", list.iter().map(|&i| ids[i as usize].as_str()))?;
            to.numbers("rows", list.iter().map(|i| i.to_le_bytes()))
        })
    })?;
    Ok(order.chunks(IDS).filter_map(|list| Some(ids[*list.first()? as usize].as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_by_their_bytes_without_case() {
        let ids =
            ["b", "Ab", "ab", "a", "ä", "Z", "abcdefgh1", "ABCDEFGH0", "", "abcdefgh", "Ä", "b"].map(String::from);
        let mut expected: Vec<u32> = (0..12).collect();
        expected.sort_by_key(|&i| (ids[i as usize].to_ascii_lowercase().into_bytes(), i));
        assert_eq!(sorted(&ids), expected);
    }
}
