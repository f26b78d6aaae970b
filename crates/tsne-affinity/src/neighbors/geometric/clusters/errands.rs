//! Rows of neighbors that one member of a team finds and others want.
//!
//! Members share the positions of the clusters, so that rows of one cluster are searched together wherever their points belong; what
//! is found goes to the members that have the points. Who sends what to whom follows from what all know: no row comes with a name.

use crate::neighbors::duplicates::Groups;
use crate::neighbors::wanted::Wanted;
use std::ops::Range;
use tsne_core::{Context, Error, Result, Scalar, memory};

/// The name of what is made here in errors.
const ROWS: &str = "rows of neighbors";

/// The bytes that a member sends in a round, about: far more than what a network needs to be busy, and few beside the rows.
const ROUND: usize = 8 << 20;

/// The positions of this member, and where the rows of each go.
pub(super) struct Errands<'e> {
    /// The group at each position.
    order: &'e [u32],
    groups: &'e Groups,
    /// The groups whose rows are wanted here.
    wanted: &'e Wanted,
    /// The positions that are searched here.
    pub(super) positions: Range<usize>,
    /// The place of each of their rows: among those that are wanted here, or behind them, among those that are not. Empty where all
    /// are wanted here.
    places: Vec<u32>,
    /// How many rows are not wanted here.
    pub(super) abroad: usize,
}

impl<'e> Errands<'e> {
    pub(super) fn new(order: &'e [u32], groups: &'e Groups, wanted: &'e Wanted, cx: Context<'_>) -> Result<Self> {
        let (positions, own) = (cx.rows(order.len()), cx.rows(groups.n()));
        let placed = if cx.members() < 2 { 0 } else { positions.len() };
        let mut places = memory::filled(ROWS, placed, 0u32)?;
        let mut abroad = 0;
        for (place, &group) in places.iter_mut().zip(&order[positions.clone()]) {
            *place = match groups.has_any(group as usize, &own) {
                true => wanted.place(group as usize),
                false => {
                    abroad += 1;
                    wanted.len() + abroad - 1
                }
            } as u32;
        }
        Ok(Self { order, groups, wanted, positions, places, abroad })
    }

    /// The place of the row of a position of this member.
    pub(super) fn place(&self, position: usize) -> usize {
        match self.places.get(position - self.positions.start) {
            Some(&place) => place as usize,
            None => self.wanted.place(self.order[position] as usize),
        }
    }

    /// The groups at the positions of one member that have points of another, with these positions.
    fn between(
        &self,
        from: usize,
        to: usize,
        cx: Context<'_>,
    ) -> impl Iterator<Item = (usize, usize)> + Clone + use<'_> {
        let (positions, points) = (cx.rows_of(from, self.order.len()), cx.rows_of(to, self.groups.n()));
        let groups = positions.map(|position| (position, self.order[position] as usize));
        groups.filter(move |&(_, group)| self.groups.has_any(group, &points))
    }

    /// Brings all rows of `k` neighbors to where they are wanted. Those in `home` are by their places among the wanted, where the rows
    /// of others arrive; those in `abroad` stand behind them.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    pub(super) fn deliver<V: Scalar>(
        &self,
        k: usize,
        home: (&mut [u32], &mut [V]),
        abroad: (Vec<u32>, Vec<V>),
        cx: Context<'_>,
    ) -> Result<()> {
        if cx.members() < 2 {
            return Ok(());
        }
        // In rounds, or messages and what is made of them would be as large as all rows.
        let each = (ROUND / cx.members() / (k.max(1) * (size_of::<u32>() + size_of::<V>()))).max(1);
        let others = || (0..cx.members()).filter(|member| *member != cx.rank());
        let mut to = memory::collected(ROWS, (0..cx.members()).map(|member| self.between(cx.rank(), member, cx)))?;
        let mut from = memory::collected(ROWS, (0..cx.members()).map(|member| self.between(member, cx.rank(), cx)))?;
        let most = others().map(|member| self.between(cx.rank(), member, cx).count()).max().unwrap_or(0);
        let rounds = cx.gather_one(most)?.into_iter().max().unwrap_or(0).div_ceil(each);
        for _ in 0..rounds {
            self.round((k, each), (&mut *home.0, &mut *home.1), &abroad, (&mut to, &mut from), cx)?;
        }
        Ok(())
    }

    /// Brings so many rows from each member to each other.
    fn round<V: Scalar, I: Iterator<Item = (usize, usize)> + Clone>(
        &self,
        (k, each): (usize, usize),
        home: (&mut [u32], &mut [V]),
        abroad: &(Vec<u32>, Vec<V>),
        (to, from): (&mut [I], &mut [I]),
        cx: Context<'_>,
    ) -> Result<()> {
        let others = || (0..cx.members()).filter(|member| *member != cx.rank());
        let mut messages: Vec<Vec<(u32, V)>> = Vec::new();
        memory::reserve(ROWS, &mut messages, cx.members())?;
        messages.resize_with(cx.members(), Vec::new);
        for member in others() {
            let count = to[member].clone().take(each).count();
            memory::reserve(ROWS, &mut messages[member], count.saturating_mul(k))?;
            for (position, _) in to[member].by_ref().take(each) {
                let (rows, place) = match self.place(position).checked_sub(self.wanted.len()) {
                    None => ((&*home.0, &*home.1), self.place(position)),
                    Some(place) => ((&abroad.0[..], &abroad.1[..]), place),
                };
                let row = place * k..(place + 1) * k;
                messages[member].extend(rows.0[row.clone()].iter().copied().zip(rows.1[row].iter().copied()));
            }
        }
        let received = cx.exchange(messages)?;
        for member in others() {
            let mut rows = received[member].chunks_exact(k);
            for (_, group) in from[member].by_ref().take(each) {
                let place = self.wanted.place(group);
                let row = place * k..(place + 1) * k;
                let found = rows.next().ok_or_else(|| unfit(member))?;
                for ((index, distance), &item) in home.0[row.clone()].iter_mut().zip(&mut home.1[row]).zip(found) {
                    (*index, *distance) = item;
                }
            }
            if rows.next().is_some() || !rows.remainder().is_empty() {
                return Err(unfit(member));
            }
        }
        Ok(())
    }
}

fn unfit(member: usize) -> Error {
    Error::team(format_args!("the neighbors of member {member} are not as many as all know"))
}
