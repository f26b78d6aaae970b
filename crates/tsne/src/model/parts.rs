//! The arrays of a saved map of which each member of a team has the rows of its points. The first member writes the file, and asks the
//! others for their rows as it comes to them, a piece at a time.

use crate::float::Float;
use crate::model::names::Stored;
use crate::model::store::{Element, Encode, Sink, StoreError, Writer};
use std::io;
use std::sync::Arc;
use tsne_core::{Context, Result};

/// Elements that are on their way at a time: as many bytes four or eight times are all that the first has of others.
const PIECE: usize = 1 << 20;

/// The arrays, in the order in which members know them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows {
    Columns,
    Weights,
    Neighbors,
    Distances,
    Gains,
    Velocity,
    FirstGains,
    FirstVelocity,
}

/// How many there are.
const ARRAYS: usize = 8;

/// The rows that this member has of an array.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own<'a, T> {
    Indices(&'a [u32]),
    Numbers(&'a [T]),
}

impl<T: Float> Own<'_, T> {
    const fn len(&self) -> usize {
        match self {
            Self::Indices(own) => own.len(),
            Self::Numbers(own) => own.len(),
        }
    }

    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        match self {
            Self::Indices(own) => own.encode(sink),
            Self::Numbers(own) => own.encode(sink),
        }
    }

    /// Some elements as they are in the file; none beyond the last.
    fn piece(&self, from: usize) -> Vec<u8> {
        fn encoded<A: Element>(own: &[A], from: usize) -> Vec<u8> {
            let piece = &own[from.min(own.len())..own.len().min(from.saturating_add(PIECE))];
            let mut bytes = Vec::with_capacity(size_of_val(piece));
            // A vector takes all.
            let _ = piece.encode(&mut |part| {
                bytes.extend_from_slice(part);
                Ok(())
            });
            bytes
        }
        match self {
            Self::Indices(own) => encoded(own, from),
            Self::Numbers(own) => encoded(own, from),
        }
    }
}

/// What this member has of all arrays: nothing of those that there are not.
pub(super) type OwnRows<'a, T> = [Own<'a, T>; ARRAYS];

/// What the first asks for: an array and a place in it, of a member; or nothing more.
type Request = [usize; 3];
const DONE: Request = [usize::MAX; 3];

/// The arrays of all members, for the first of them.
pub(super) struct Parts<'a, T> {
    cx: Context<'a>,
    own: OwnRows<'a, T>,
    /// The elements that each member has of each array.
    counts: Vec<[usize; ARRAYS]>,
    /// Where the affinities of each point begin, and their number last.
    row_pointers: Vec<usize>,
}

impl<'a, T: Float> Parts<'a, T> {
    /// Called by all; `row_pointers` are the first's.
    pub(super) fn new(own: OwnRows<'a, T>, row_pointers: Vec<usize>, cx: Context<'a>) -> Result<Arc<Self>> {
        let counts = cx.gather_one(own.map(|own| own.len()))?;
        Ok(Arc::new(Self { cx, own, counts, row_pointers }))
    }

    /// Sends what the first asks for, until it asks for nothing more.
    pub(super) fn serve(&self) -> Result<()> {
        while let Some(&[array, member, from]) =
            self.cx.gather_one([0usize; 3])?.first().filter(|request| **request != DONE)
        {
            let asked = member == self.cx.rank();
            let piece = asked.then(|| self.own.get(array).map(|own| own.piece(from))).flatten();
            self.send(piece.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Nothing more is asked for.
    pub(super) fn end(&self) -> Result<()> {
        self.cx.gather_one(DONE).map(drop)
    }

    fn ask(&self, request: Request) -> Result<Vec<u8>> {
        self.cx.gather_one(request)?;
        self.send(Vec::new()).map(|mut received| received.swap_remove(request[1]))
    }

    /// Sends bytes to the first, and returns those that each has sent here.
    fn send(&self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let mut messages = vec![Vec::new(); self.cx.members()];
        messages[0] = bytes;
        self.cx.exchange(messages)
    }

    fn count(&self, array: Rows) -> usize {
        self.counts.iter().map(|counts| counts[array as usize]).sum()
    }
}

/// An array whose rows are with all members.
struct Gathered<'a, T> {
    parts: Arc<Parts<'a, T>>,
    array: usize,
}

impl<T: Float> Encode for Gathered<'_, T> {
    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.parts.own[self.array].encode(sink)?;
        for (member, counts) in self.parts.counts.iter().enumerate().skip(1) {
            for from in (0..counts[self.array]).step_by(PIECE) {
                sink(&self.parts.ask([self.array, member, from]).map_err(io::Error::other)?)?;
            }
        }
        Ok(())
    }
}

/// Where the affinities of each point begin.
struct RowPointers<'a, T>(Arc<Parts<'a, T>>);

impl<T: Float> Encode for RowPointers<'_, T> {
    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.0.row_pointers.encode(sink)
    }
}

/// Where the arrays of rows come from that are written: from this map, or from those of all members.
pub(super) enum Written<'a, T> {
    Whole,
    Parts(Arc<Parts<'a, T>>),
}

impl<'a, T: Float> Written<'a, T> {
    /// The number of elements of an array, of which `own` are here: a member may have no rows.
    pub(super) fn count(&self, own: usize, array: Rows) -> usize {
        match self {
            Self::Whole => own,
            Self::Parts(parts) => parts.count(array),
        }
    }

    /// Adds the section of an array of which `own` are the rows that are here.
    pub(super) fn put<A: Element>(
        &self,
        writer: &mut Writer<'a>,
        name: &str,
        shape: &[usize],
        own: &'a [A],
        array: Rows,
    ) -> Stored<()> {
        match self {
            Self::Whole => writer.array(name, shape, own),
            Self::Parts(parts) => {
                let payload = Gathered { parts: Arc::clone(parts), array: array as usize };
                writer.encoded::<A>(name, shape, parts.count(array), Box::new(payload))
            }
        }
        .map(drop)
    }

    /// Adds where the affinities of each point begin; `own` where they are all here.
    pub(super) fn put_row_pointers(&self, writer: &mut Writer<'a>, name: &str, own: &'a [usize]) -> Stored<()> {
        match self {
            Self::Whole => writer.array(name, &[own.len()], own).map(drop),
            Self::Parts(parts) => {
                let count = parts.row_pointers.len();
                writer.encoded::<usize>(name, &[count], count, Box::new(RowPointers(Arc::clone(parts)))).map(drop)
            }
        }
    }
}

/// The error of members that did not come together.
pub(super) fn team(error: tsne_core::Error) -> StoreError {
    StoreError::Io { action: "put together", path: None, source: io::Error::other(error) }
}
