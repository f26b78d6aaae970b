//! The arrays of a saved map of which each member of a team has the rows of its points. The first member writes the file, and asks the
//! others for their rows as it comes to them, a piece at a time.

use crate::float::Float;
use crate::model::names::Stored;
use crate::model::store::{Element, Encode, Sink, StoreError, Writer};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tsne_core::{Context, Error, Result, memory};

/// Elements that are on their way at a time: four or eight times as many bytes, and as much in messages, are all that the first has of others.
const PIECE: usize = 1 << 20;

/// The name of what goes to the first in errors.
const WHAT: &str = "rows of the saved map";

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

    /// The bytes of an element.
    const fn bytes(&self) -> usize {
        match self {
            Self::Indices(_) => size_of::<u32>(),
            Self::Numbers(_) => size_of::<T>(),
        }
    }

    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        match self {
            Self::Indices(own) => own.encode(sink),
            Self::Numbers(own) => own.encode(sink),
        }
    }

    /// Some elements as they are in the file; none beyond the last.
    fn piece(&self, from: usize) -> Result<Vec<u8>> {
        fn encoded<A: Element>(own: &[A], from: usize) -> Result<Vec<u8>> {
            let piece = &own[from.min(own.len())..own.len().min(from.saturating_add(PIECE))];
            let mut bytes = Vec::new();
            memory::reserve(WHAT, &mut bytes, A::TYPE.size() * piece.len())?;
            // A vector takes all.
            let _ = piece.encode(&mut |part| {
                bytes.extend_from_slice(part);
                Ok(())
            });
            Ok(bytes)
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
    /// Why the first did not get what it asked for: then nobody can go on.
    failed: Mutex<Option<Error>>,
}

impl<'a, T: Float> Parts<'a, T> {
    /// Called by all; `row_pointers` are the first's.
    pub(super) fn new(own: OwnRows<'a, T>, row_pointers: Vec<usize>, cx: Context<'a>) -> Result<Arc<Self>> {
        let counts = cx.gather_one(own.map(|own| own.len()))?;
        Ok(Arc::new(Self { cx, own, counts, row_pointers, failed: Mutex::default() }))
    }

    /// Sends what the first asks for, until it asks for nothing more.
    pub(super) fn serve(&self) -> Result<()> {
        while let Some(&[array, member, from]) =
            self.cx.gather_one([0usize; 3])?.first().filter(|request| **request != DONE)
        {
            let own = self.own.get(array).filter(|_| member == self.cx.rank());
            let piece = own.map_or_else(|| Ok(Vec::new()), |own| own.piece(from))?;
            self.send(piece)?;
        }
        Ok(())
    }

    /// Nothing more is asked for; or, where an answer did not come, its error.
    pub(super) fn end(&self) -> Result<()> {
        match self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => self.cx.gather_one(DONE).map(drop),
        }
    }

    /// The bytes of a piece, of which there must be so many.
    fn ask(&self, request: Request, bytes: usize) -> Result<Vec<u8>> {
        self.cx.gather_one(request)?;
        let piece = self.send(Vec::new())?.into_iter().nth(request[1]).unwrap_or_default();
        if piece.len() == bytes { Ok(piece) } else { Err(Error::shape("bytes of a piece", bytes, piece.len())) }
    }

    /// Sends bytes to the first, and returns those that each has sent here.
    fn send(&self, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let mut messages = memory::filled(WHAT, self.cx.members(), Vec::new())?;
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
        let Self { parts, array } = self;
        let own = &parts.own[*array];
        own.encode(sink)?;
        for (member, counts) in parts.counts.iter().enumerate().skip(1) {
            for from in (0..counts[*array]).step_by(PIECE) {
                let bytes = own.bytes() * PIECE.min(counts[*array] - from);
                let piece = parts.ask([*array, member, from], bytes).map_err(|error| {
                    *parts.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                    io::Error::other(error)
                })?;
                sink(&piece)?;
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
