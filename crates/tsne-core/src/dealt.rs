//! Dense rows that are dealt out to a team: each member has those of its points, and no member has all.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::memory;
use crate::rows::Rows;
use crate::scalar::Scalar;
use crate::wire::Wire;
use std::ops::Range;

/// The bytes of rows that are brought together in a round, about: far more than what a network needs to be busy, and few beside all.
const ROUND: usize = 8 << 20;
/// The name of what is fetched here in errors.
const WHAT: &str = "rows of other members";

/// The dense rows of this member's points, of `n` points that are dealt out to a [`Team`](crate::Team): those of
/// [`Context::rows`] of `n`, numbered as all points are.
///
/// So no member needs room for all data, nor reads them. Each member of the team has rows of its own for the same `n` and `d`, and all
/// make the same calls with them.
///
/// # Examples
///
/// ```
/// use tsne_core::blocks::BLOCK;
/// use tsne_core::{Context, DealtRows, Rows, ThreadTeam};
///
/// // Each of two members makes up its own rows, of one column: the numbers of the points.
/// let n = BLOCK + 10;
/// let fetched = ThreadTeam::run(2, 1, |team| {
///     let cx = Context::new().with_team(team);
///     let own = cx.rows(n);
///     let values: Vec<f32> = own.clone().map(|i| i as f32).collect();
///     let dealt = DealtRows::new(Rows::new(&values, own.len(), 1)?, own.start, n)?;
///     dealt.check(cx)?;
///     dealt.fetch(|i| [n - 1, 3][i], 2, cx)
/// })?;
/// assert!(fetched.into_iter().all(|rows| rows == Ok(vec![(n - 1) as f32, 3.0])));
/// # Ok::<(), tsne_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DealtRows<'a, T> {
    rows: Rows<'a, T>,
    start: usize,
    n: usize,
}

impl<'a, T: Copy> DealtRows<'a, T> {
    /// The rows of the points from number `start` on, of `n` in all.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if they end behind the last one.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// let rows = Rows::new(&[1.0, 2.0], 2, 1)?;
    /// assert_eq!(DealtRows::new(rows, 3, 5)?.own(), 3..5);
    /// assert!(DealtRows::new(rows, 4, 5).is_err());
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn new(rows: Rows<'a, T>, start: usize, n: usize) -> Result<Self> {
        match start.checked_add(rows.n()) {
            Some(end) if end <= n => Ok(Self { rows, start, n }),
            _ => Err(Error::shape("rows of a member", n.saturating_sub(start), rows.n())),
        }
    }

    /// The number of points, of all members.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// assert_eq!(DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 3, 7)?.n(), 7);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn n(&self) -> usize {
        self.n
    }

    /// The number of columns.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// assert_eq!(DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 3, 7)?.d(), 1);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn d(&self) -> usize {
        self.rows.d()
    }

    /// The numbers of this member's points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// assert_eq!(DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 3, 7)?.own(), 3..5);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn own(&self) -> Range<usize> {
        self.start..self.start + self.rows.n()
    }

    /// The rows of this member's points, numbered from its first.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// assert_eq!(DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 3, 7)?.rows().row(0), [1.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn rows(&self) -> Rows<'a, T> {
        self.rows
    }

    /// The row of point `i`; the empty row of a point of another member.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Rows};
    ///
    /// let dealt = DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 3, 7)?;
    /// assert_eq!((dealt.row(4), dealt.row(0)), (&[2.0][..], &[][..]));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    #[inline]
    pub fn row(&self, i: usize) -> &'a [T] {
        self.rows.row(i.wrapping_sub(self.start))
    }
}

impl<T: Scalar> DealtRows<'_, T> {
    /// Checks that every member has the rows of its points, of the same number of points and columns. All members call this together.
    ///
    /// # Errors
    ///
    /// [`Error::Team`] on all members where one has others.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, DealtRows, Rows};
    ///
    /// let half = DealtRows::new(Rows::new(&[1.0, 2.0], 2, 1)?, 0, 4)?;
    /// let error = half.check(Context::new()).unwrap_err();
    /// assert!(error.to_string().contains("member 0 has the rows 0..2 of 4, but its points are 0..4"));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check(&self, cx: Context<'_>) -> Result<()> {
        cx.agree("number of points", self.n as u64)?;
        cx.agree("number of columns", self.d() as u64)?;
        let all = cx.gather_one([self.own().start, self.own().end])?;
        let of = |rank: usize| cx.rows_of(rank, self.n);
        match all.into_iter().enumerate().find(|&(rank, [start, end])| (start..end) != of(rank)) {
            None => Ok(()),
            Some((rank, [start, end])) => Err(Error::team(format_args!(
                "member {rank} has the rows {start}..{end} of {}, but its points are {:?}: deal them out by Context::rows",
                self.n,
                of(rank)
            ))),
        }
    }

    /// Checks that every value of this member's rows is finite.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] with the first point and column where one is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{DealtRows, Error, Rows};
    ///
    /// let dealt = DealtRows::new(Rows::new(&[1.0, f32::NAN], 2, 1)?, 3, 7)?;
    /// assert_eq!(dealt.check_finite(), Err(Error::non_finite("data", 4, 0)));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn check_finite(&self) -> Result<()> {
        match self.rows.check_finite() {
            Err(Error::NonFinite { row, column, .. }) => Err(Error::non_finite("data", self.start + row, column)),
            other => other,
        }
    }

    /// The rows of some points, whoever has them, on all members: row by row those of the points `number(0)`, `number(1)` and so on. All
    /// members ask together, for the same points.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, DealtRows, Rows};
    ///
    /// let all = DealtRows::new(Rows::new(&[1.0, 2.0, 3.0], 3, 1)?, 0, 3)?;
    /// assert_eq!(all.fetch(|i| 2 - i, 3, Context::new())?, [3.0, 2.0, 1.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn fetch(&self, number: impl Fn(usize) -> usize, count: usize, cx: Context<'_>) -> Result<Vec<T>> {
        let own = || (0..count).filter(|&i| self.own().contains(&number(i)));
        let mut values = Vec::new();
        memory::reserve(WHAT, &mut values, own().count().saturating_mul(self.d()))?;
        own().for_each(|i| values.extend_from_slice(self.row(number(i))));
        cx.in_order_of(values, self.d(), (&number, count), self.n)
    }

    /// The rows of all points, on all members. All members call this together.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, DealtRows, Rows};
    ///
    /// let all = DealtRows::new(Rows::new(&[1.0, 2.0, 3.0], 3, 1)?, 0, 3)?;
    /// assert_eq!(all.whole(Context::new())?, [1.0, 2.0, 3.0]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn whole(&self, cx: Context<'_>) -> Result<Vec<T>> {
        let (d, members) = (self.d(), cx.members());
        let mut all = memory::filled(WHAT, self.n.saturating_mul(d), T::ZERO)?;
        // Some rows of each member at a time, or what is on its way would be as large as all.
        let each = (ROUND / members / size_of::<T>() / d.max(1)).max(1);
        let rows_of = |rank: usize, round: usize| {
            let rows = cx.rows_of(rank, self.n);
            let at = |part: usize| rows.start + part.saturating_mul(each).min(rows.len());
            at(round)..at(round + 1)
        };
        let most = (0..members).map(|rank| cx.rows_of(rank, self.n).len()).max().unwrap_or(0);
        for round in 0..most.div_ceil(each) {
            let own = rows_of(cx.rank(), round);
            let mut values = Vec::new();
            memory::reserve(WHAT, &mut values, own.len().saturating_mul(d))?;
            own.for_each(|i| values.extend_from_slice(self.row(i)));
            let received = cx.concat(values)?;
            let mut rest = &received[..];
            for rank in 0..members {
                let rows = rows_of(rank, round);
                let place = all.get_mut(rows.start * d..rows.end * d);
                let (Some(place), Some((of_rank, after))) = (place, rest.split_at_checked(rows.len() * d)) else {
                    return Err(Error::team(format_args!("the rows of member {rank} are not as many as all know")));
                };
                place.copy_from_slice(of_rank);
                rest = after;
            }
        }
        Ok(all)
    }
}

impl Context<'_> {
    /// What members have of some points, on all members, in the order of these: `own` are `width` items for each of those of the points
    /// `number(0)`, `number(1)` to `number(count - 1)`, of `n`, that are this member's, in this order. All members call this together,
    /// with the same points.
    ///
    /// # Errors
    ///
    /// [`Error::Team`], also where there is not as much for each point; [`Error::OutOfMemory`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::blocks::BLOCK;
    /// use tsne_core::{Context, ThreadTeam};
    ///
    /// // The ranks of the members that have the last point, the first, and again the last.
    /// let n = 2 * BLOCK;
    /// let numbers = [n - 1, 0, n - 1];
    /// let ranks = ThreadTeam::run(2, 1, |team| {
    ///     let cx = Context::new().with_team(team);
    ///     let own = vec![cx.rank(); numbers.iter().filter(|i| cx.rows(n).contains(i)).count()];
    ///     cx.in_order_of(own, 1, (|i| numbers[i], 3), n)
    /// })?;
    /// assert!(ranks.into_iter().all(|ranks| ranks == Ok(vec![1, 0, 1])));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn in_order_of<A: Wire>(
        &self,
        own: Vec<A>,
        width: usize,
        (number, count): (impl Fn(usize) -> usize, usize),
        n: usize,
    ) -> Result<Vec<A>> {
        let all = self.concat(own)?;
        if all.len() != count.saturating_mul(width) {
            let why = format_args!("{} items came of {count} points, not {width} of each", all.len());
            return Err(Error::team(why));
        }
        // Members have consecutive points: what ascends is in order already.
        if self.members() < 2 || width == 0 || (1..count).all(|i| number(i - 1) <= number(i)) {
            return Ok(all);
        }
        let ends = memory::collected(WHAT, (0..self.members()).map(|rank| self.rows_of(rank, n).end))?;
        let member = |i: usize| ends.partition_point(|&end| end <= number(i)).min(ends.len() - 1);
        // Where the next item of each member is.
        let mut next = memory::filled(WHAT, ends.len() + 1, 0usize)?;
        (0..count).for_each(|i| next[member(i) + 1] += 1);
        for rank in 1..next.len() {
            next[rank] += next[rank - 1];
        }
        let mut ordered = memory::filled(WHAT, all.len(), A::get(&[]))?;
        for (i, place) in ordered.chunks_exact_mut(width).enumerate() {
            let next = &mut next[member(i)];
            place.copy_from_slice(&all[*next * width..(*next + 1) * width]);
            *next += 1;
        }
        Ok(ordered)
    }
}
