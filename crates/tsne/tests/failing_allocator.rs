//! Memory that cannot be had, at every array that grows with the input, one after the other: an error each time, or the right
//! result without it, and never an abort.
//!
//! What aborts takes its process with it, so this binary starts itself again and goes on behind what has failed: all places are told
//! at once, each with the calls that led there. Requests of less than four bytes for each point do not fail, nor does what makes an array
//! smaller. Libraries from outside abort on memory of their own (faer, rustfft and rayon on buffers that are bounded by something else;
//! kiddo on its tree, for which the search looks for room before): these are forgiven up to [`OUTSIDE`] bytes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]
#![allow(unsafe_code, reason = "an allocator cannot be written without")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a process tells another what it has seen")]

mod common;

use common::{bits, blobs};
use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tempfile::NamedTempFile;
use tsne::affinity::{
    ApproximateSearch, BruteForceSearch, KdTreeSearch, Precomputed, VpTreeSearch, precomputed_joint,
    precomputed_joint_dense,
};
use tsne::metrics::Comparison;
use tsne::{
    Context, Dataset, Embedding, Error, Initialization, Interpolation, Metric, Model, NeighborSearch, Preset, Rows,
    SparseRows, StoreError, Tsne, TsneBuilder, metrics,
};

/// The system's memory, of which one request is refused.
struct Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// The smallest request that is counted.
static COUNTED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// How many were counted, and which of them is refused, from 1 on.
static SEEN: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// Whether the calls that led to the one that is refused are printed.
static SHOWS: AtomicBool = AtomicBool::new(false);

impl Failing {
    /// Whether this request is the one that is refused.
    fn refuses(bytes: usize) -> bool {
        if bytes < COUNTED.load(SeqCst) {
            return false;
        }
        let refused = SEEN.fetch_add(1, SeqCst) + 1 == REFUSED.load(SeqCst);
        if refused && SHOWS.load(SeqCst) {
            // What the trace itself asks for is not counted.
            COUNTED.store(usize::MAX, SeqCst);
            eprintln!("{TRACE}{bytes}\n{}{TRACE_ENDS}", Backtrace::force_capture());
        }
        refused
    }
}

// SAFETY: each method returns what the system's own returns for the same arguments, or null, which means that there is no memory.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the rules of this method, which are the system's.
        if Self::refuses(layout.size()) { null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        if Self::refuses(layout.size()) { null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let refused = size > layout.size() && Self::refuses(size);
        // SAFETY: as above.
        if refused { null_mut() } else { unsafe { System.realloc(old, layout, size) } }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// Tells a process that it is one of those that were started: the case, the first request that fails, and whether to show.
const MARK: &str = "TSNE_TEST_OF_THE_ALLOCATOR";

const BEGINS: &str = "request ";
const WRONG: &str = "wrong result: ";
const DONE: &str = "requests in all: ";
const TRACE: &str = "refused bytes: ";
const TRACE_ENDS: &str = "end of the trace\n";

/// Points, and the values of each.
const N: usize = 1_500;
const D: usize = 6;

/// The most bytes that libraries from outside may abort on.
const OUTSIDE: usize = 1 << 20;

/// The buffer into which faer's products pack, of each thread that multiplies, whatever it multiplies: its size is chosen by the caches.
/// 4 MiB where this was written, with 2 MiB of the second cache and a share of the third.
const PACKING: (&str, usize) = ("private_gemm_x86::gemm", 8 << 20);

/// What stands before the names of such libraries' functions.
const LIBRARIES: [&str; 13] = [
    "rayon::",
    "rayon_core::",
    "crossbeam",
    "faer::",
    "gemm",
    "nano_gemm",
    "private_gemm",
    "dyn_stack",
    "rustfft::",
    "realfft::",
    "num_complex",
    "kiddo",
    "aligned_vec",
];

type Outcome = Result<Vec<u64>, Error>;

/// What is done while memory is refused, made ready with all that it takes.
type Case = Box<dyn Fn() -> Outcome>;

/// What the test runs: a fit by each start, a descent that goes on, the approximate search, and a grid with grids within.
const CASES: [&str; 6] = ["exact", "pca", "spectral", "resume", "clusters", "outliers"];

/// What runs by its name only (`TSNE_TEST_CASE=grid`): it takes longer, or libraries from outside ask for most of it.
const BY_NAME: [&str; 20] = [
    "default",
    "documented",
    "opentsne",
    "tree",
    "grid",
    "lagrange",
    "random",
    "brute",
    "kd-tree",
    "vp-tree",
    "descent",
    "cosine",
    "sparse",
    "load",
    "transform",
    "walk",
    "coinciding",
    "given",
    "measures",
    "renumbered",
];

fn positions<const K: usize>(embedding: &Embedding<f32, K>) -> Vec<u64> {
    uncounted(|| {
        let divergence = embedding.kl_divergence().to_bits();
        bits(embedding.positions()).into_iter().chain([divergence]).collect()
    })
}

/// What the test itself asks for is not counted.
fn uncounted<R>(f: impl FnOnce() -> R) -> R {
    let counted = COUNTED.swap(usize::MAX, SeqCst);
    let result = f();
    COUNTED.store(counted, SeqCst);
    result
}

fn case(name: &str) -> Case {
    let (x, labels) = blobs::<f32>(N, D, 7);
    // By a search that is the toolkit's own to the last array.
    let all_pairs = search(BruteForceSearch::default());
    let base = || {
        let base = Tsne::<f32, 2>::builder().perplexity(6.0).early_exaggeration_iter(3).n_iter(4);
        base.neighbors(Arc::clone(&all_pairs))
    };
    let short = |preset: Preset| Tsne::<f32, 2>::preset(preset).perplexity(6.0).early_exaggeration_iter(3).n_iter(4);
    let fit = move |tsne: TsneBuilder<f32, 2>| -> Case {
        let (tsne, x) = (tsne.build().unwrap(), blobs::<f32>(N, D, 7).0);
        Box::new(move || Ok(positions(&tsne.fit(Rows::new(&x, N, D)?)?)))
    };
    match name {
        "default" => fit(base().neighbors("auto")),
        "documented" => fit(short(Preset::Documented)),
        "opentsne" => fit(short(Preset::OpenTsne)),
        "exact" => fit(base().negative_gradient_method("exact")),
        "tree" => fit(base().negative_gradient_method("bh")),
        "grid" => fit(base().negative_gradient_method("fft")),
        "lagrange" => fit(base().negative_gradient_method("fft").interpolation(Interpolation::Lagrange)),
        "pca" => fit(base().initialization(Initialization::Pca)),
        "spectral" => fit(base().initialization(Initialization::Spectral)),
        "random" => fit(base().initialization(Initialization::Random)),
        "brute" => fit(base().neighbors(search(BruteForceSearch::default()))),
        "kd-tree" => fit(base().neighbors(search(KdTreeSearch::default()))),
        "vp-tree" => fit(base().neighbors(search(VpTreeSearch::default()))),
        "clusters" => fit(base().neighbors(search(approximate(Metric::Euclidean)))),
        "descent" => fit(base().neighbors(search(approximate(Metric::Manhattan)))),
        "cosine" => fit(base().neighbors("auto").metric(Metric::Cosine)),
        "sparse" => {
            let (pointers, columns): (Vec<usize>, Vec<u32>) =
                ((0..=N).map(|i| 3 * i).collect(), (0..3 * N).map(|at| (at % 3 * 2) as u32).collect());
            let values: Vec<f32> = x.iter().step_by(2).copied().collect();
            let tsne = base().neighbors("auto").build().unwrap();
            Box::new(move || Ok(positions(&tsne.fit(SparseRows::new(&pointers, &columns, &values, D)?)?)))
        }
        "transform" => {
            // A search that a file can name.
            let tsne = base().neighbors("auto").build().unwrap();
            let (new, _) = blobs::<f32>(2 * N, D, 8);
            let file = saved(&tsne.fit(Dataset::dense(x, N, D).unwrap()).unwrap());
            Box::new(move || {
                let placed = fresh(&file).transform(Rows::new(&new, 2 * N, D)?)?;
                Ok(uncounted(|| bits(placed.positions())))
            })
        }
        "resume" => {
            let tsne = base().neighbors("auto").build().unwrap();
            let file = saved(&tsne.prepare_initial(Dataset::dense(x, N, D).unwrap()).unwrap());
            let schedule = tsne.schedule();
            Box::new(move || {
                let mut embedding = fresh(&file);
                embedding.optimize(schedule.part(0..2))?;
                let before = uncounted(|| bits(embedding.positions()));
                let finished = embedding.optimize(schedule.part(2..6));
                if finished.is_err() {
                    assert!(
                        uncounted(|| bits(embedding.positions())) == before,
                        "a map that could not be moved is what it was"
                    );
                }
                finished.map(|_| positions(&embedding))
            })
        }
        "load" => {
            let file = saved(&base().neighbors("auto").build().unwrap().fit(Dataset::dense(x, N, D).unwrap()).unwrap());
            Box::new(move || {
                let model = Model::open(file.path()).map_err(memory)?;
                Ok(positions(&model.embedding::<f32, 2>().map_err(memory)?))
            })
        }
        // New points by a graph of neighbors, which builds it first.
        "walk" => {
            let search = approximate(Metric::Manhattan);
            let (new, _) = blobs::<f32>(2 * N, D, 8);
            Box::new(move || {
                let index = search.build(Rows::new(&x, N, D)?.into(), Context::new())?;
                let five = NonZeroUsize::new(5).unwrap();
                let graph = index.knn(Rows::new(&new, 2 * N, D)?.into(), five, Context::new())?;
                Ok(uncounted(|| graph.indices().iter().map(|&j| u64::from(j)).collect()))
            })
        }
        // All points at one place, until they are parted after 25 steps.
        "coinciding" => fit(base()
            .negative_gradient_method("exact")
            .initialization(vec![[0.0; 2]; N])
            .early_exaggeration_iter(13)
            .n_iter(13)),
        // Affinities of the user's own, in rows whose columns are in no order, and dense.
        "given" => {
            let pointers: Vec<usize> = (0..=N).map(|i| 12 * i).collect();
            let columns: Vec<u32> = (0..12 * N).map(|at| ((at / 12 + 977 * (at % 12) + 1) % N) as u32).collect();
            let weights: Vec<f32> = (0..12 * N).map(|at| (at % 7 + 1) as f32).collect();
            let dense: Vec<f32> = (0..N * N).map(|at| (at % 5 + 1) as f32).collect();
            Box::new(move || {
                let (how, cx) = (Precomputed::default(), Context::new());
                let p = precomputed_joint(&pointers, &columns, &weights, N, how, cx)?;
                let q = precomputed_joint_dense(Rows::new(&dense, N, N)?, how, cx)?;
                Ok(uncounted(|| p.weights().iter().chain(q.weights()).map(|w| u64::from(w.to_bits())).collect()))
            })
        }
        // Affinities whose points are numbered anew, as those of many points are.
        "renumbered" => {
            let n = 9_000;
            let (x, _) = blobs::<f32>(n, 3, 7);
            let tsne = base().perplexity(3.0).initialization(Initialization::Random).build().unwrap();
            let index = Arc::new(tsne.affinities(Rows::new(&x, n, 3).unwrap()).unwrap());
            Box::new(move || {
                let mut embedding = tsne.prepare_initial(Arc::clone(&index))?;
                embedding.optimize(3)?;
                Ok(positions(&embedding))
            })
        }
        // A map with points so far out that its grid has grids within.
        "outliers" => {
            let start =
                |i: usize| if i % 500 == 7 { [1e5 + i as f32, -1e5] } else { [(i as f32).sin(), (i as f32).cos()] };
            let start: Vec<[f32; 2]> = (0..N).map(start).collect();
            let tsne = base().initialization(start).negative_gradient_method("fft").max_step_norm(1.0).build().unwrap();
            Box::new(move || Ok(positions(&tsne.fit(Rows::new(&x, N, D)?)?)))
        }
        "measures" => {
            let embedding = base().build().unwrap().fit(Rows::new(&x, N, D).unwrap()).unwrap();
            Box::new(move || {
                let (rows, y) = (Rows::new(&x, N, D)?, embedding.positions());
                let mut all = vec![metrics::label_agreement(y, &labels, 5)?];
                all.push(metrics::trustworthiness(rows, y, 5)?);
                let comparison = Comparison::new(rows, y)?;
                all.push(comparison.neighbor_recall(5)?);
                all.push(comparison.per_point(5)?.means().trustworthiness);
                all.push(embedding.exact_kl_divergence(Context::new())?);
                all.push(embedding.force_error(50, Context::new())?.relative_rms);
                Ok(all.into_iter().map(f64::to_bits).collect())
            })
        }
        _ => unreachable!("no case is called {name}"),
    }
}

/// Approximate for so few points too.
fn approximate(metric: Metric) -> ApproximateSearch {
    ApproximateSearch::new(metric).with_exact_up_to(0)
}

fn search(search: impl NeighborSearch<f32> + 'static) -> Arc<dyn NeighborSearch<f32>> {
    Arc::new(search)
}

/// A file with that map.
fn saved(embedding: &Embedding<f32, 2>) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    embedding.save(file.path()).unwrap();
    file
}

/// A map from a file, without an index or a repulsion that an earlier call has made; its own memory is not counted.
fn fresh(file: &NamedTempFile) -> Embedding<f32, 2> {
    uncounted(|| Embedding::load(file.path()).unwrap())
}

/// The lack of memory in an error of a saved map, or what else it is.
fn memory(error: StoreError) -> Error {
    match error {
        StoreError::Io { source, .. } if source.kind() == ErrorKind::OutOfMemory => Error::out_of_memory("the file", 0),
        StoreError::Unsupported(why) if why.contains("memory") => Error::out_of_memory("the file", 0),
        other => Error::other("the saved map", other),
    }
}

/// Runs a case with request `number` refused, and tells whether there was such a request.
fn refusing(case: &Case, number: usize) -> (Outcome, bool) {
    SEEN.store(0, SeqCst);
    REFUSED.store(number, SeqCst);
    COUNTED.store(4 * N, SeqCst);
    let outcome = catch_unwind(AssertUnwindSafe(case));
    COUNTED.store(usize::MAX, SeqCst);
    let outcome = outcome.unwrap_or_else(|_| Err(Error::numerical("the call", "it panicked")));
    (outcome, SEEN.load(SeqCst) >= number)
}

/// What a process that was started does: refuses one request after the other, from `first` on, until there are no more.
fn child(name: &str, first: usize, shows: bool) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    SHOWS.store(shows, SeqCst);
    let name = name.to_owned();
    pool.install(move || {
        let case = case(&name);
        let right = case().unwrap();
        for number in first.. {
            println!("{BEGINS}{number}");
            let (outcome, reached) = refusing(&case, number);
            match outcome {
                Ok(result) if result != right => println!("{WRONG}another result"),
                Ok(_) | Err(Error::OutOfMemory { .. }) => {}
                Err(error) => println!("{WRONG}{error}"),
            }
            if !reached {
                println!("{DONE}{}", number - 1);
                break;
            }
            if shows {
                break;
            }
        }
        // Nothing of the failures is left.
        assert!(case().unwrap() == right);
    });
}

fn start(name: &str, first: usize, shows: bool) -> (bool, String, String) {
    let mut again = Command::new(std::env::current_exe().unwrap());
    let again =
        again.env(MARK, format!("{name} {first} {}", u8::from(shows))).args(["--nocapture", "--test-threads=1"]);
    let output = again.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// The number of the request at which a process has ended, or of all of them.
fn last(stdout: &str) -> Result<usize, usize> {
    let number = |mark: &str| stdout.rsplit(mark).next().and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    match stdout.contains(DONE) {
        true => Ok(number(DONE).unwrap()),
        false => Err(number(BEGINS).unwrap_or_else(|| panic!("nothing was begun: {stdout}"))),
    }
}

/// Who has asked for the memory, by the frames of a trace: the first that is none of the standard library nor of this test, and, if that
/// is a library's from outside, whether it is.
fn asking(stderr: &str) -> Option<(usize, String, bool)> {
    let (bytes, trace) = stderr.split_once(TRACE)?.1.split_once('\n')?;
    let lines: Vec<&str> = trace.split(TRACE_ENDS).next()?.lines().map(str::trim).collect();
    let mut frames = lines.iter().enumerate().filter_map(|(at, line)| {
        let name = line.split_once(": ").filter(|(number, _)| number.parse::<usize>().is_ok())?.1;
        Some((name, lines.get(at + 1).and_then(|next| next.strip_prefix("at "))))
    });
    let of_std = |name: &str| {
        let name = name.trim_start_matches(['<', '&', '[', '(']);
        ["std::", "core::", "alloc::", "__r"].iter().any(|start| name.starts_with(start))
    };
    let (name, place, outside) = frames.find_map(|(name, place)| match place {
        Some(place) if place.starts_with("/rustc/") || place.contains("failing_allocator") => None,
        Some(place) => Some((name, place, !place.contains("crates/tsne"))),
        None if of_std(name) => None,
        None => Some((name, "", LIBRARIES.iter().any(|library| name.contains(library)))),
    })?;
    Some((bytes.parse().ok()?, format!("{name} {place}"), outside))
}

/// The places in this toolkit's sources that a trace goes through, innermost first.
fn places(stderr: &str) -> String {
    let places = stderr.lines().filter_map(|line| line.trim().strip_prefix("at "));
    let own = places.filter(|place| place.contains("crates/tsne") && !place.contains("failing_allocator"));
    own.take(5).collect::<Vec<_>>().join(" < ")
}

#[test]
fn memory_that_cannot_be_had_is_an_error() {
    if let Some(mark) = std::env::var_os(MARK) {
        let mark = mark.into_string().unwrap();
        let mut words = mark.split(' ');
        let mut next = || words.next().unwrap();
        let (name, first, shows) = (next(), next().parse().unwrap(), next() == "1");
        child(name, first, shows);
        return;
    }
    let only = std::env::var("TSNE_TEST_CASE").ok();
    let (mut faults, mut outside) = (Vec::new(), Vec::new());
    let known = [&CASES[..], &BY_NAME].concat();
    let chosen = match only.as_deref() {
        Some(only) => known.iter().filter(|name| **name == only).collect::<Vec<_>>(),
        None => CASES.iter().collect(),
    };
    assert!(!chosen.is_empty(), "TSNE_TEST_CASE is {only:?}: one of {known:?}");
    for name in chosen {
        let mut first = 1;
        let all = loop {
            let (passed, stdout, stderr) = start(name, first, false);
            for wrong in stdout.split(BEGINS).filter(|part| part.contains(WRONG)) {
                faults.push(format!("{name}: {}", wrong.replace('\n', " ")));
            }
            match last(&stdout) {
                Ok(all) if passed => break all,
                Ok(all) => {
                    faults.push(format!("{name}: after all {all} requests: {stderr}"));
                    break all;
                }
                Err(number) => {
                    let (_, _, shown) = start(name, number, true);
                    match asking(&shown) {
                        Some((bytes, frame, true))
                            if bytes <= OUTSIDE || frame.starts_with(PACKING.0) && bytes <= PACKING.1 =>
                        {
                            outside.push(format!("{name}: {bytes} bytes in {frame}"));
                        }
                        Some((bytes, _, _)) => {
                            faults.push(format!(
                                "{name}: request {number} of {bytes} bytes ends the process: {}",
                                places(&shown)
                            ));
                        }
                        None => faults.push(format!("{name}: request {number} ends the process: {shown}")),
                    }
                    first = number + 1;
                }
            }
        };
        println!("{name}: {all} requests");
    }
    println!("aborts of libraries from outside:\n{}", outside.join("\n"));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
