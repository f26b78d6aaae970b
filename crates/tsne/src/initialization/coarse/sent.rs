//! Lists that the members of a team send each other, one for each row that another has.

use tsne_core::{Context, Error, Result, Wire, memory};

const WHAT: &str = "lists of the team";

/// One list after the other.
#[derive(Debug)]
pub(super) struct Lists<V> {
    /// How long each is.
    pub(super) lengths: Vec<usize>,
    pub(super) values: Vec<V>,
}

impl<V> Default for Lists<V> {
    fn default() -> Self {
        Self { lengths: Vec::new(), values: Vec::new() }
    }
}

/// The lists that all members have sent for the rows of this one.
#[derive(Debug)]
pub(super) struct Sent<V> {
    /// Of each member, where each list starts, and where the last one ends, and what is in them.
    members: Vec<(Vec<usize>, Vec<V>)>,
}

impl<V: Wire> Sent<V> {
    /// Sends the lists `to[r]` to each member `r`, and receives theirs for the `rows` of this one; those of nobody are none. A member has
    /// nothing for itself here.
    pub(super) fn of(to: Vec<Lists<V>>, rows: usize, cx: Context<'_>) -> Result<Self> {
        let (mut lengths, mut values) = (Vec::new(), Vec::new());
        for lists in to {
            lengths.push(lists.lengths);
            values.push(lists.values);
        }
        let (lengths, values) = (cx.exchange(lengths)?, cx.exchange(values)?);
        let mut members = Vec::new();
        for (member, (lengths, values)) in lengths.into_iter().zip(values).enumerate() {
            let mut starts = memory::filled(WHAT, lengths.len() + 1, 0usize)?;
            let mut end = 0usize;
            for (start, length) in starts.iter_mut().skip(1).zip(&lengths) {
                end = end.saturating_add(*length);
                *start = end;
            }
            if end != values.len() || lengths.len() != if member == cx.rank() { 0 } else { rows } {
                let (lists, values) = (lengths.len(), values.len());
                let why =
                    format_args!("member {member} sent {values} values in {lists} lists up to {end} for {rows} rows");
                return Err(Error::team(why));
            }
            members.push((starts, values));
        }
        Ok(Self { members })
    }

    /// The list that a member has sent for a row, by its place; none where it is this one itself.
    #[inline]
    pub(super) fn list(&self, member: usize, row: usize) -> &[V] {
        let Some((starts, values)) = self.members.get(member) else { return &[] };
        match starts.get(row..).and_then(<[usize]>::first_chunk) {
            Some(&[start, end]) => values.get(start..end).unwrap_or(&[]),
            None => &[],
        }
    }

    /// What each has sent.
    pub(super) fn values(&self) -> impl Iterator<Item = &[V]> {
        self.members.iter().map(|(_, values)| &values[..])
    }

    /// The number of members.
    pub(super) fn members(&self) -> usize {
        self.members.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lists, Sent};
    use tsne_core::{Context, ThreadTeam};

    /// Member `r` sends to row `i` of member `s` the number `100 r + 10 s + i`, `i` times.
    #[test]
    fn lists_arrive_by_members_and_rows() {
        let rows = |member: usize| member + 2;
        let received = ThreadTeam::run(3, 1, |team| {
            let cx = Context::new().with_team(team);
            let to = (0..3).map(|to| {
                let mut lists = Lists::default();
                for row in 0..if to == cx.rank() { 0 } else { rows(to) } {
                    lists.lengths.push(row);
                    lists.values.extend(std::iter::repeat_n((100 * cx.rank() + 10 * to + row) as u32, row));
                }
                lists
            });
            let sent = Sent::of(to.collect(), rows(cx.rank()), cx).unwrap();
            for member in 0..3 {
                for row in 0..rows(cx.rank()) {
                    let count = if member == cx.rank() { 0 } else { row };
                    let value = (100 * member + 10 * cx.rank() + row) as u32;
                    assert_eq!(sent.list(member, row), vec![value; count]);
                }
                assert!(sent.list(member, rows(cx.rank())).is_empty());
            }
            (sent.members(), sent.list(3, 0).len())
        });
        assert_eq!(received.unwrap(), [(3, 0); 3]);
    }

    #[test]
    fn lists_that_do_not_fit_are_an_error() {
        for (lengths, values) in [(vec![1], vec![1u8]), (vec![1, 2], vec![1; 2]), (vec![usize::MAX, 1], vec![1; 2])] {
            let errors = ThreadTeam::run(2, 1, |team| {
                let cx = Context::new().with_team(team);
                let mut to = [(); 2].map(|()| Lists::default());
                to[1 - cx.rank()] = Lists { lengths: lengths.clone(), values: values.clone() };
                Sent::of(to.into(), 2, cx).is_err()
            });
            assert_eq!(errors.unwrap(), [true, true]);
        }
    }
}
