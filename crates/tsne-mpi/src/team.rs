//! The processes that `mpiexec` has started, as a team.

use crate::waiting::wait;
use mpi::collective::SystemOperation;
use mpi::datatype::{Partition, PartitionMut};
use mpi::request::scope;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use tsne::core::{Team, check_ends, memory};
use tsne::{Error, Result};

/// All processes of the job. It lives as long as what [`mpi::initialize_with_threading`] returns, which is what ends MPI: a stage may
/// run in any thread, one at a time, so that MPI is asked for [`Threading::Serialized`](mpi::Threading::Serialized).
///
/// Unlike other teams this one does not notice a member that has left: the others wait for it, also where it ends. Whoever has an error alone,
/// or panics, calls [`MpiTeam::abort`]. A process that is killed is noticed by `mpiexec`, which ends the job.
#[derive(Debug)]
pub struct MpiTeam {
    rank: usize,
    size: usize,
    sent: AtomicU64,
    /// The memory of rounds, of what goes out and of what comes in. Made anew for each message, 250,000 points took two processes a tenth
    /// longer (17.9 s in place of 16.2).
    rooms: Mutex<[Vec<u8>; 2]>,
}

/// The largest memory of a round that is kept for the next. An estimate: the positions of two million points in the plane, and the messages of
/// a grid of eight million nodes between two processes, in single precision.
const KEPT: usize = 16 << 20;

/// The most that one call of MPI moves, whose counts have 31 bits and whose buffers come on top of what is moved. An estimate: far
/// more than what a network needs to be busy.
const ROUND: usize = 64 << 20;

const WHAT: &str = "messages of the team";

impl MpiTeam {
    /// The processes of a job whose MPI was initialized.
    pub fn new() -> Self {
        let world = SimpleCommunicator::world();
        let number = |value: i32| usize::try_from(value).unwrap_or(0);
        Self {
            rank: number(world.rank()),
            size: number(world.size()).max(1),
            sent: AtomicU64::new(0),
            rooms: Mutex::default(),
        }
    }

    /// Ends the job, all of whose processes are waiting for this one, with a code of an error.
    pub fn abort(&self, code: u8) -> ! {
        SimpleCommunicator::world().abort(i32::from(code))
    }

    /// The memory of rounds, of any length; what is not given back is made anew.
    fn rooms(&self) -> [Vec<u8>; 2] {
        std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, rooms: [Vec<u8>; 2]) {
        let rooms = rooms.map(|room| if room.capacity() > KEPT { Vec::new() } else { room });
        *self.rooms.lock().unwrap_or_else(PoisonError::into_inner) = rooms;
    }

    /// The most bytes of one member's message that go into a round.
    fn share_of_round(&self) -> usize {
        (ROUND / self.size).max(1)
    }
}

impl Default for MpiTeam {
    fn default() -> Self {
        Self::new()
    }
}

/// The lengths and places of consecutive pieces, as MPI counts.
fn counts(lengths: impl Iterator<Item = usize>) -> (Vec<i32>, Vec<i32>) {
    let mut at = 0usize;
    // A round is far below 2^31 bytes.
    let place = |length: usize| {
        at += length;
        (length as i32, (at - length) as i32)
    };
    lengths.map(place).unzip()
}

impl Team for MpiTeam {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn gather(&self, data: &mut [u8], ends: &[usize]) -> Result<()> {
        check_ends(data.len(), ends, self.size)?;
        let part = |rank: usize| rank.checked_sub(1).map_or(0, |before| ends[before])..ends[rank];
        let longest = (0..self.size).map(|rank| part(rank).len()).max().unwrap_or(0);
        let step = self.share_of_round();
        let [out, mut received] = self.rooms();
        for done in (0..longest).step_by(step) {
            let piece = |rank: usize| {
                let part = part(rank);
                (part.start + done).min(part.end)..(part.start + done).saturating_add(step).min(part.end)
            };
            let (counts, places) = counts((0..self.size).map(|rank| piece(rank).len()));
            memory::resize(WHAT, &mut received, (0..self.size).map(|rank| piece(rank).len()).sum(), 0u8)?;
            let mut parts = PartitionMut::new(&mut received[..], counts, places);
            let world = SimpleCommunicator::world();
            scope(|scope| wait(world.immediate_all_gather_varcount_into(scope, &data[piece(self.rank)], &mut parts)));
            let mut rest = &received[..];
            for rank in 0..self.size {
                let (piece_of_rank, behind) = rest.split_at(piece(rank).len());
                data[piece(rank)].copy_from_slice(piece_of_rank);
                rest = behind;
            }
        }
        self.keep([out, received]);
        self.sent.fetch_add((part(self.rank).len() * (self.size - 1)) as u64, Relaxed);
        Ok(())
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        if messages.len() != self.size {
            return Err(Error::shape("messages to the team", self.size, messages.len()));
        }
        let world = SimpleCommunicator::world();
        let lengths: Vec<u64> = messages.iter().map(|message| message.len() as u64).collect();
        let mut coming = vec![0u64; self.size];
        scope(|scope| wait(world.immediate_all_to_all_into(scope, &lengths[..], &mut coming[..])));
        let total = |lengths: &[u64]| lengths.iter().fold(0u64, |sum, &length| sum.saturating_add(length));
        // The longest message that this member sends or receives, and all of them together.
        let own = [lengths.iter().chain(&coming).copied().max().unwrap_or(0), total(&lengths).max(total(&coming))];
        let mut most = [0u64; 2];
        scope(|scope| {
            wait(world.immediate_all_reduce_into(scope, &own[..], &mut most[..], SystemOperation::max()));
        });
        let size_of = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        let [longest, total] = most.map(size_of);
        // What is not too much for any of them goes at once, as what one sends to another alone.
        let step = if total <= ROUND { longest.max(1) } else { self.share_of_round() };
        let mut received = Vec::new();
        memory::resize(WHAT, &mut received, self.size, Vec::new())?;
        for (message, &length) in received.iter_mut().zip(&coming) {
            memory::resize(WHAT, message, size_of(length), 0u8)?;
        }
        let [mut out, mut incoming] = self.rooms();
        for done in (0..longest).step_by(step) {
            let piece = |length: usize| done.min(length)..done.saturating_add(step).min(length);
            // One byte more to itself. Open MPI 4.1 takes the call of a process that neither sends nor receives anything for none, and
            // does not count it: the next messages of that process then have other numbers than those of the others, and all wait.
            let length = |rank: usize, message: &[u8]| piece(message.len()).len() + usize::from(rank == self.rank);
            let lengths = |messages: &[Vec<u8>]| -> Vec<usize> {
                messages.iter().enumerate().map(|(rank, message)| length(rank, message)).collect()
            };
            let (to, from) = (lengths(&messages), lengths(&received));
            out.clear();
            memory::reserve(WHAT, &mut out, to.iter().sum())?;
            for (rank, message) in messages.iter().enumerate() {
                out.extend_from_slice(&message[piece(message.len())]);
                out.resize(out.len() + usize::from(rank == self.rank), 0);
            }
            memory::resize(WHAT, &mut incoming, from.iter().sum(), 0u8)?;
            let (to, at) = counts(to.into_iter());
            let (from, place) = counts(from.iter().copied());
            let mut parts = PartitionMut::new(&mut incoming[..], from, place);
            let sent = Partition::new(&out[..], to, at);
            scope(|scope| wait(world.immediate_all_to_all_varcount_into(scope, &sent, &mut parts)));
            let mut rest = &incoming[..];
            for (rank, message) in received.iter_mut().enumerate() {
                let range = piece(message.len());
                let (piece, behind) = rest.split_at(range.len());
                message[range].copy_from_slice(piece);
                rest = &behind[usize::from(rank == self.rank)..];
            }
        }
        self.keep([out, incoming]);
        let to_others = lengths.iter().enumerate().filter(|(rank, _)| *rank != self.rank).map(|(_, length)| length);
        self.sent.fetch_add(to_others.sum(), Relaxed);
        Ok(received)
    }

    fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}
