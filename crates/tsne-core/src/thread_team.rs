//! Threads as the members of a team.

use crate::error::{Error, Result};
use crate::memory;
use crate::team::{Team, check_ends};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A team whose members are threads of this process, each with a pool of threads of its own: what one machine computes as many would,
/// to test and to measure. Nothing is shared by its members but the messages that they send each other.
#[derive(Debug)]
pub struct ThreadTeam {
    rank: usize,
    /// To each member, itself included.
    to: Vec<Sender<Arc<Vec<u8>>>>,
    /// From each member.
    from: Vec<Mutex<Receiver<Arc<Vec<u8>>>>>,
    sent: AtomicU64,
}

impl ThreadTeam {
    /// Runs `member` on each of `size` threads, inside a pool of `threads` threads of its own, and returns what each came to, in
    /// their order.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for 0 members or threads; [`Error::Other`] where threads cannot be had.
    ///
    /// # Panics
    ///
    /// As `member` does: what one panics with goes on in the caller once all have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Team, ThreadTeam};
    ///
    /// assert_eq!(ThreadTeam::run(3, 1, |team| team.rank())?, [0, 1, 2]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn run<R: Send>(size: usize, threads: usize, member: impl Fn(&dyn Team) -> R + Sync) -> Result<Vec<R>> {
        if size == 0 || threads == 0 {
            return Err(Error::parameter("size and threads", format_args!("{size} and {threads}"), "at least 1 each"));
        }
        let mut pools = Vec::new();
        for _ in 0..size {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pools.push(pool.map_err(|error| Error::other("starting the threads of a team", error))?);
        }
        let member = &member;
        thread::scope(|scope| {
            let mut running = Vec::new();
            for (team, pool) in Self::all(size).into_iter().zip(&pools) {
                // A member is dropped where it ends, so that those who wait for it learn of it.
                let run = move || pool.install(move || member(&team));
                let started = thread::Builder::new().spawn_scoped(scope, run);
                running.push(started.map_err(|error| Error::other("starting a member of a team", error))?);
            }
            let mut results = Vec::new();
            let mut panicked = None;
            for thread in running {
                match thread.join() {
                    Ok(result) => results.push(result),
                    Err(panic) => panicked = panicked.or(Some(panic)),
                }
            }
            match panicked {
                Some(panic) => panic::resume_unwind(panic),
                None => Ok(results),
            }
        })
    }

    fn all(size: usize) -> Vec<Self> {
        let mut members: Vec<Self> =
            (0..size).map(|rank| Self { rank, to: Vec::new(), from: Vec::new(), sent: AtomicU64::new(0) }).collect();
        for sender in 0..size {
            for receiver in 0..size {
                let (to, from) = channel();
                members[sender].to.push(to);
                members[receiver].from.push(Mutex::new(from));
            }
        }
        members
    }

    fn send(&self, rank: usize, message: Arc<Vec<u8>>) -> Result<()> {
        if rank != self.rank {
            self.sent.fetch_add(message.len() as u64, Relaxed);
        }
        self.to[rank].send(message).map_err(|_| gone(rank))
    }

    fn receive(&self, rank: usize) -> Result<Arc<Vec<u8>>> {
        self.from[rank].lock().unwrap_or_else(PoisonError::into_inner).recv().map_err(|_| gone(rank))
    }
}

fn gone(rank: usize) -> Error {
    Error::team(format_args!("member {rank} has ended: look for its own error"))
}

impl Team for ThreadTeam {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn gather(&self, data: &mut [u8], ends: &[usize]) -> Result<()> {
        check_ends(data.len(), ends, self.size())?;
        let part = |rank: usize| rank.checked_sub(1).map_or(0, |before| ends[before])..ends[rank];
        let others = || (0..self.size()).filter(|rank| *rank != self.rank);
        // One copy, which the others read.
        let own = Arc::new(memory::copied("messages of the team", &data[part(self.rank)])?);
        for rank in others() {
            self.send(rank, Arc::clone(&own))?;
        }
        for rank in others() {
            let message = self.receive(rank)?;
            let part = &mut data[part(rank)];
            if message.len() != part.len() {
                return Err(Error::shape("message of a member of the team", part.len(), message.len()));
            }
            part.copy_from_slice(&message);
        }
        Ok(())
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        if messages.len() != self.size() {
            return Err(Error::shape("messages to the team", self.size(), messages.len()));
        }
        for (rank, message) in messages.into_iter().enumerate() {
            self.send(rank, Arc::new(message))?;
        }
        // Nobody else has what was sent to one alone.
        (0..self.size()).map(|rank| self.receive(rank).map(Arc::unwrap_or_clone)).collect()
    }

    fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}
