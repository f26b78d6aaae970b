//! What is noted of parallel regions while a computation is recorded, and what follows from it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::Location;
use std::time::{Duration, Instant};

/// What happened one after the other.
#[derive(Debug, Clone, Default)]
struct Sequence(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    /// Outside of regions, or in a task outside of inner ones.
    Serial(Duration),
    Region {
        at: &'static Location<'static>,
        tasks: Vec<Sequence>,
    },
}

/// A computation or task that is being recorded.
struct Frame {
    /// From when on time is serial.
    since: Instant,
    pieces: Vec<Piece>,
    /// A region that was entered here is running: tasks belong to it, and what passes between them to nobody.
    open: bool,
}

thread_local! {
    /// The computation and the tasks within it that run on this thread; empty where nothing is recorded.
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

fn with_top(f: impl FnOnce(&mut Frame)) {
    FRAMES.with_borrow_mut(|frames| frames.last_mut().map(f));
}

pub(crate) fn enter(at: &'static Location<'static>) {
    with_top(|frame| {
        frame.pieces.push(Piece::Serial(frame.since.elapsed()));
        frame.pieces.push(Piece::Region { at, tasks: Vec::new() });
        frame.open = true;
    });
}

pub(crate) fn leave() {
    with_top(|frame| {
        frame.open = false;
        frame.since = Instant::now();
    });
}

pub(crate) fn task<R>(f: impl FnOnce() -> R) -> R {
    // A task of a region that was entered on another thread belongs to nothing that is recorded here.
    let recorded = FRAMES.with_borrow(|frames| frames.last().is_some_and(|frame| frame.open));
    if !recorded {
        return f();
    }
    push();
    let result = f();
    if let Some(sequence) = pop() {
        with_top(|frame| {
            if let Some(Piece::Region { tasks, .. }) = frame.pieces.last_mut() {
                tasks.push(sequence);
            }
        });
    }
    result
}

fn push() {
    let frame = Frame { since: Instant::now(), pieces: Vec::new(), open: false };
    FRAMES.with_borrow_mut(|frames| frames.push(frame));
}

fn pop() -> Option<Sequence> {
    let now = Instant::now();
    let frame = FRAMES.with_borrow_mut(Vec::pop)?;
    let mut pieces = frame.pieces;
    pieces.push(Piece::Serial(now - frame.since));
    Some(Sequence(pieces))
}

/// Records the parallel regions of a computation.
///
/// It must run on one thread, in a pool of one: tasks that other threads take are not seen.
///
/// # Examples
///
/// ```
/// use tsne_core::{blocks, span};
///
/// let (sum, profile) = span::record(|| blocks::sum(&mut Vec::new(), 5_000, |range| range.len() as f64));
/// assert_eq!((sum, profile.regions()), (5_000.0, 1));
/// assert!(profile.span() <= profile.work());
/// ```
pub fn record<R>(f: impl FnOnce() -> R) -> (R, Profile) {
    // What a panic may have left.
    FRAMES.with_borrow_mut(Vec::clear);
    push();
    let result = f();
    (result, Profile(pop().unwrap_or_default()))
}

/// The work of a computation by parallel regions: see [`record`].
#[derive(Debug, Clone)]
pub struct Profile(Sequence);

/// A place in the sources whose region costs.
#[derive(Debug, Clone)]
pub struct Place {
    /// File and line of the call, or "the end".
    pub name: String,
    /// How many regions were entered there.
    pub regions: usize,
    /// The time between the region before this one and this one, in all.
    pub serial: Duration,
    /// The time of all tasks.
    pub work: Duration,
    /// The sum of the spans of the regions.
    pub span: Duration,
}

impl Profile {
    /// The time of all that was done, in regions and outside.
    pub fn work(&self) -> Duration {
        self.0.on(1)
    }

    /// The time with as many threads as there are tasks.
    pub fn span(&self) -> Duration {
        self.0.on(usize::MAX)
    }

    /// The time with `threads` threads that take the tasks of a region in their order, each when it is free; where there are
    /// more threads than tasks, they are shared out evenly for the regions within them. Handing tasks to threads costs nothing
    /// in it.
    pub fn on(&self, threads: usize) -> Duration {
        self.0.on(threads)
    }

    /// The number of regions, those within tasks not counted.
    pub fn regions(&self) -> usize {
        self.0.0.iter().filter(|piece| matches!(piece, Piece::Region { .. })).count()
    }

    /// Of each piece the shorter time of two runs of the same computation, so that what disturbed one of them does not count;
    /// where the runs differ in their regions, the run with less work.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        if self.0.is_like(&other.0) {
            return Self(self.0.least(other.0));
        }
        if self.work() <= other.work() { self } else { other }
    }

    /// The regions by where they are, those with most span and serial time first.
    pub fn places(&self) -> Vec<Place> {
        let mut places: BTreeMap<String, Place> = BTreeMap::new();
        let mut place = |name: String, serial, work, span, regions| {
            let zero = Duration::ZERO;
            let place = Place { name: name.clone(), regions: 0, serial: zero, work: zero, span: zero };
            let sum = places.entry(name).or_insert(place);
            sum.serial += serial;
            sum.work += work;
            sum.span += span;
            sum.regions += regions;
        };
        let mut serial = Duration::ZERO;
        for piece in &self.0.0 {
            match piece {
                Piece::Serial(time) => serial += *time,
                Piece::Region { at, .. } => {
                    let name = format!("{}:{}", at.file(), at.line());
                    place(name, std::mem::take(&mut serial), piece.on(1), piece.on(usize::MAX), 1);
                }
            }
        }
        place("the end".to_owned(), serial, Duration::ZERO, Duration::ZERO, 0);
        let mut places: Vec<Place> = places.into_values().collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.serial + place.span));
        places
    }
}

impl Sequence {
    fn on(&self, threads: usize) -> Duration {
        self.0.iter().map(|piece| piece.on(threads)).sum()
    }

    fn is_like(&self, other: &Self) -> bool {
        let alike = |(a, b): (&Piece, &Piece)| match (a, b) {
            (Piece::Serial(_), Piece::Serial(_)) => true,
            (Piece::Region { at, tasks }, Piece::Region { at: other_at, tasks: others }) => {
                at == other_at && tasks.len() == others.len() && tasks.iter().zip(others).all(|(a, b)| a.is_like(b))
            }
            _ => false,
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(alike)
    }

    fn least(self, other: Self) -> Self {
        let least = |(a, b)| match (a, b) {
            (Piece::Serial(a), Piece::Serial(b)) => Piece::Serial(Duration::min(a, b)),
            (Piece::Region { at, tasks }, Piece::Region { tasks: others, .. }) => {
                Piece::Region { at, tasks: tasks.into_iter().zip(others).map(|(a, b)| a.least(b)).collect() }
            }
            (a, _) => a,
        };
        Self(self.0.into_iter().zip(other.0).map(least).collect())
    }
}

impl Piece {
    /// A region that `threads` threads work on.
    fn on(&self, threads: usize) -> Duration {
        let tasks = match self {
            Self::Serial(time) => return *time,
            Self::Region { tasks, .. } => tasks,
        };
        if threads >= tasks.len() {
            let each = threads / tasks.len().max(1);
            return tasks.iter().map(|task| task.on(each)).max().unwrap_or_default();
        }
        let mut free = vec![Duration::ZERO; threads.max(1)];
        for task in tasks {
            // A task has one thread, also for the regions within it.
            if let Some(first) = free.iter_mut().min() {
                *first += task.on(1);
            }
        }
        free.into_iter().max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serial(ms: u64) -> Piece {
        Piece::Serial(Duration::from_millis(ms))
    }

    #[track_caller]
    fn region(tasks: &[&[Piece]]) -> Piece {
        Piece::Region { at: Location::caller(), tasks: tasks.iter().map(|task| Sequence(task.to_vec())).collect() }
    }

    /// Three, then a region of 5, 1, 1 and 4 with an inner one of twice 2 in the last, then one: by hand.
    #[test]
    fn work_and_span_are_those_of_the_schedule() {
        let inner = region(&[&[serial(2)], &[serial(2)]]);
        let outer = region(&[&[serial(5)], &[serial(1)], &[serial(1)], &[inner]]);
        let profile = Profile(Sequence(vec![serial(3), outer, serial(1)]));
        let ms = |time: Duration| time.as_millis();
        assert_eq!((ms(profile.work()), ms(profile.span())), (15, 9));
        // Of two threads the first has 5, the second 1, 1 and 4.
        assert_eq!(ms(profile.on(2)), 10);
        assert_eq!(ms(profile.on(4)), 9);
        assert_eq!((profile.regions(), profile.places().len()), (1, 2));
    }

    #[test]
    fn the_shorter_of_each_piece_counts() {
        let at = |a, b, c| Profile(Sequence(vec![serial(a), region(&[&[serial(b)], &[serial(c)]])]));
        let least = at(1, 9, 3).least(at(2, 4, 5));
        assert_eq!((least.work().as_millis(), least.span().as_millis()), (8, 5));
        let other = Profile(Sequence(vec![serial(7)]));
        assert_eq!(other.least(at(1, 9, 3)).work().as_millis(), 7);
    }

    /// Regions and tasks of real loops, and none of what runs while nothing is recorded.
    #[test]
    fn loops_are_recorded_on_one_thread() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let run = || {
            let mut items = vec![0u8; 10];
            crate::chunks::for_each(&mut items, 3, |_, items| {
                crate::blocks::for_each(3_000, |_| std::thread::sleep(Duration::from_millis(1)));
                items.fill(1);
            });
        };
        pool.install(run);
        let ((), profile) = pool.install(|| record(run));
        assert_eq!(profile.regions(), 1);
        let places = profile.places();
        assert!(places.iter().any(|place| place.name.contains("recorder.rs") && place.regions == 1), "{places:?}");
        // Four chunks of three blocks of a millisecond or more each: of the longest, one block, of which nothing else is known.
        assert!(profile.work() >= Duration::from_millis(12) && profile.span() >= Duration::from_millis(1));
        assert!(profile.on(4) >= Duration::from_millis(3));
        let ((), empty) = pool.install(|| record(|| ()));
        assert_eq!(empty.regions(), 0);
    }
}
