//! The points that act on this member's part of a grid.
//!
//! Each member of a team sorts a share of the points, and sends each other those of them that act on its part, slab after slab. There they
//! are read as they lie; from among the positions of all, each would take a line of memory of which others use the rest.

use crate::grid::spread::{Charges, Each, in_chunks};
use crate::layout::shape::Lattice;
use crate::points::slabs::{BLOCK, FirstNode, Slabs, slabs_of};
use crate::scalar::GridScalar;
use std::ops::Range;
use tsne_core::{Context, Error, Result, memory};

const WHAT: &str = "points for the grid";

/// What goes with the lists of this member's share of the points: which of others' act on its part of the grid.
#[derive(Debug)]
pub(crate) struct Acting<T, const D: usize> {
    /// How many points of each slab each member has.
    counts: Vec<u32>,
    /// What others have sent, in their order: none of itself, none without a team.
    others: Vec<Sent<T, D>>,
    /// How many others are before this member.
    before: usize,
}

/// Points of another member.
#[derive(Debug)]
struct Sent<T, const D: usize> {
    /// Slab after slab, those of a slab in their order.
    places: Vec<[T; D]>,
    /// The first slab.
    first: usize,
    /// Where the points of each slab start, one entry more than slabs.
    starts: Vec<usize>,
}

impl<T, const D: usize> Default for Acting<T, D> {
    fn default() -> Self {
        Self { counts: Vec::new(), others: Vec::new(), before: 0 }
    }
}

impl<T: GridScalar, const D: usize> Acting<T, D> {
    /// Lists this member's share of the points `y`, and takes those of others that act on its part of the grid; `part` is that of a member.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    pub(crate) fn assign(
        &mut self,
        (first, own): (FirstNode, &mut Slabs),
        lattice: &Lattice<T, D>,
        y: &[[T; D]],
        part: impl Fn(usize) -> Range<usize>,
        cx: Context<'_>,
    ) -> Result<()> {
        // Of one block a team would wait for the member that sorts it.
        let cx = if y.len() <= BLOCK { cx.without_team() } else { cx };
        own.assign_own(first, lattice, y, cx)?;
        let count = own.count();
        memory::resize("numbers of points", &mut self.counts, cx.members() * count, 0)?;
        for s in 0..count {
            self.counts[cx.rank() * count + s] = own.len(s) as u32;
        }
        cx.gather(&mut self.counts, count)?;
        self.others.clear();
        self.before = cx.rank();
        if cx.members() < 2 {
            return Ok(());
        }
        // A single line is padded, and no point acts on what is beyond its nodes.
        let slabs = |rank: usize| {
            let slabs = slabs_of::<D>(&lattice.shape, &part(rank));
            slabs.start.min(count)..slabs.end.min(count)
        };
        let mut messages = memory::filled(WHAT, cx.members(), Vec::new())?;
        for (rank, message) in messages.iter_mut().enumerate().filter(|(rank, _)| *rank != cx.rank()) {
            let slabs = slabs(rank);
            let length = self.counts[cx.rank() * count..][slabs.clone()].iter().map(|&count| count as usize).sum();
            memory::reserve(WHAT, message, length)?;
            for s in slabs {
                message.extend(own.points(s).map(|i| y[i]));
            }
        }
        let slabs = slabs(cx.rank());
        for (rank, places) in cx.exchange(messages)?.into_iter().enumerate().filter(|(rank, _)| *rank != cx.rank()) {
            let mut starts = memory::filled(WHAT, slabs.len() + 1, 0)?;
            for (s, &count) in self.counts[rank * count..][slabs.clone()].iter().enumerate() {
                starts[s + 1] = starts[s] + count as usize;
            }
            if places.len() != starts[slabs.len()] {
                return Err(Error::shape(WHAT, starts[slabs.len()], places.len()));
            }
            // Elsewhere they would be added to nodes of others, or to none.
            let of_slab = |s: usize| places[starts[s - slabs.start]..starts[s - slabs.start + 1]].iter();
            if !slabs.clone().all(|s| of_slab(s).all(|place| first.slab(lattice, place) == s)) {
                return Err(Error::team(format_args!("member {rank} has sent points that are not where it says")));
            }
            self.others.push(Sent { places, first: slabs.start, starts });
        }
        Ok(())
    }

    /// Gives back what others have sent.
    pub(crate) fn forget(&mut self) {
        self.others = Vec::new();
    }

    /// The points, of which `y` are all and `own` the lists of this member's share, each with the charge that `charge` computes from its
    /// position.
    pub(crate) const fn charges<'a>(
        &'a self,
        (own, y): (&'a Slabs, &'a [[T; D]]),
        charge: impl Fn(&[T; D]) -> T + Sync + 'a,
    ) -> impl Charges<T, D> + 'a {
        Charged { acting: self, own, y, charge }
    }
}

/// Points with the charge that `charge` computes from their position.
struct Charged<'a, T, const D: usize, C> {
    acting: &'a Acting<T, D>,
    own: &'a Slabs,
    y: &'a [[T; D]],
    charge: C,
}

impl<T, const D: usize> Sent<T, D> {
    /// The points of slab `s`.
    fn of(&self, s: usize) -> &[[T; D]] {
        match s.checked_sub(self.first).and_then(|s| Some((*self.starts.get(s)?, *self.starts.get(s + 1)?))) {
            Some((start, end)) => &self.places[start..end],
            None => &[],
        }
    }
}

impl<T: GridScalar, const D: usize, C: Fn(&[T; D]) -> T + Sync> Charges<T, D> for Charged<'_, T, D, C> {
    fn slabs(&self) -> usize {
        self.own.count()
    }

    fn count(&self, s: usize) -> usize {
        self.acting.counts.iter().skip(s).step_by(self.slabs()).map(|&count| count as usize).sum()
    }

    fn of_slab(&self, s: usize, each: &mut Each<'_, T, D>) {
        let Acting { others, before, .. } = self.acting;
        let (before, after) = others.split_at((*before).min(others.len()));
        let own = self.own.points(s).map(|i| self.y[i]);
        let before = before.iter().flat_map(|sent| sent.of(s)).copied();
        let after = after.iter().flat_map(|sent| sent.of(s)).copied();
        in_chunks(before.chain(own).chain(after).map(|y| (y, (self.charge)(&y))), each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::bounds::Bounds;
    use crate::layout::shape::with_spacing;
    use crate::params::GridParams;
    use tsne_core::ThreadTeam;
    use tsne_core::random::{element_seed, unit};

    /// What acts on the slabs of `part`, and how many points act on each of all slabs.
    type Seen = (Vec<Vec<[f64; 2]>>, Vec<usize>);

    fn seen(y: &[[f64; 2]], part: impl Fn(usize) -> Range<usize>, cx: Context<'_>) -> Seen {
        let (bounds, _) = Bounds::of(y, &mut Vec::new());
        let lattice = with_spacing(&GridParams::default(), &bounds, 0.5);
        let (mut slabs, mut acting) = (Slabs::default(), Acting::default());
        acting.assign((FirstNode::spline(4), &mut slabs), &lattice, y, &part, cx).unwrap();
        let charges = acting.charges((&slabs, y), |y| y[0]);
        let slabs = slabs_of::<2>(&lattice.shape, &part(cx.rank()));
        let of_slab = |s: usize| {
            let mut points = Vec::new();
            charges.of_slab(s, &mut |places, values| {
                assert!(places.iter().zip(values).all(|(y, charge)| y[0] == *charge));
                points.extend_from_slice(places);
            });
            points
        };
        (slabs.map(of_slab).collect(), (0..charges.slabs()).map(|s| charges.count(s)).collect())
    }

    #[test]
    fn members_have_what_acts_on_their_part_in_the_order_of_one_process() {
        // One block, of which all is here, and several, of which members have two, one or none.
        for n in [3_000, 5 * BLOCK + 7] {
            let y: Vec<[f64; 2]> = (0..n).map(|i| [0, 1].map(|c| 120.0 * unit(element_seed(4, c, i as u64)))).collect();
            let (bounds, _) = Bounds::of(&y, &mut Vec::new());
            let shape = with_spacing(&GridParams::default(), &bounds, 0.5).shape;
            let line = shape.padded[2];
            let (all, counts) = seen(&y, |_| 0..shape.nodes[0] * line, Context::new());
            assert_eq!(counts, all.iter().map(Vec::len).collect::<Vec<_>>());
            assert_eq!(counts.iter().sum::<usize>(), y.len());
            // Parts of any lines; the last has none.
            let cuts = [0, 40, 41, 160, 200, shape.nodes[0], shape.nodes[0]];
            let part = |rank: usize| cuts[rank] * line..cuts[rank + 1] * line;
            let members = ThreadTeam::run(6, 1, |team| seen(&y, part, Context::new().with_team(team))).unwrap();
            for (rank, (own, own_counts)) in members.into_iter().enumerate() {
                assert_eq!(own_counts, counts);
                assert!(own == all[slabs_of::<2>(&shape, &part(rank))], "member {rank}, {n} points");
            }
        }
    }
}
