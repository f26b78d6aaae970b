//! Neighbors and affinities in files: the bits of a fit in memory, and an error wherever there is no room.

use crate::common::{bits, blobs};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use tsne::affinity::{FixedSigma, PerplexityAffinity, Symmetrization, Uniform};
use tsne::core::{Mapping, Scratch, ThreadTeam};
use tsne::files::ScratchDir;
use tsne::{
    AffinityMethod, Context, Embedding, Error, Float, Input, Metric, Neighbors, Result, Rows, SparseRows, Tsne,
    TsneBuilder,
};

/// A directory that remembers what it was asked for, and has room for so many arrays.
struct Watched {
    directory: ScratchDir,
    names: Mutex<Vec<&'static str>>,
    rooms: usize,
}

impl Watched {
    fn new(rooms: usize) -> Self {
        let directory = ScratchDir::new(std::env::temp_dir()).unwrap();
        Self { directory, names: Mutex::default(), rooms }
    }

    fn names(self) -> Vec<&'static str> {
        self.names.into_inner().unwrap()
    }
}

impl Scratch for Watched {
    fn room(&self, what: &'static str, bytes: usize) -> Result<Box<dyn Mapping>> {
        let mut names = self.names.lock().unwrap();
        if names.len() == self.rooms {
            return Err(Error::other("the scratch directory", format!("no room for {what}")));
        }
        names.push(what);
        self.directory.room(what, bytes)
    }
}

/// So many that their numbers are in another order in the descent.
const N: usize = 8_300;
const D: usize = 6;

/// The neighbors of each: such that each array takes more than a megabyte.
const K: usize = 66;

fn told<T: Float>(map: &Embedding<T, 2>) -> (Vec<u64>, u64) {
    (bits(map.positions()), map.kl_divergence().to_bits())
}

/// What is asked for in every fit of data with symmetric affinities, in the order in which it first is.
const ASKED: [&str; 6] = [
    "indices of neighbors",
    "distances of neighbors",
    "weights of neighbors",
    "entries by their columns",
    "columns of the affinities",
    "weights of the affinities",
];

#[track_caller]
fn check<T: Float>(
    what: &str,
    input: impl Fn() -> Input<'static, T>,
    builder: TsneBuilder<T, 2>,
    asked: &[&'static str],
) {
    // The points are numbered anew twice.
    let tsne = builder.early_exaggeration_iter(0).n_iter(34).build().unwrap();
    let watched = Watched::new(usize::MAX);
    let map = tsne.fit_with(input(), None, Context::new().with_scratch(&watched)).unwrap();
    assert!(told(&map) == told(&tsne.fit(input()).unwrap()), "{what}");
    let names = watched.names();
    for name in asked.iter().chain(&["affinities in the order of the points"]) {
        assert!(names.contains(name), "{what}: {name} is not among {names:?}");
    }
}

fn leaked<T: Float>(values: Vec<T>, n: usize, d: usize) -> Rows<'static, T> {
    Rows::new(values.leak(), n, d).unwrap()
}

fn builder<T: Float>() -> TsneBuilder<T, 2> {
    Tsne::<T, 2>::builder().perplexity(22.0)
}

#[test]
fn every_number_type_and_model() {
    let (single, double) = (leaked(blobs::<f32>(N, D, 3).0, N, D), leaked(blobs::<f64>(N, D, 3).0, N, D));
    check("f32", || single.into(), builder(), &ASKED);
    check("f64", || double.into(), builder(), &ASKED);
    let k = NonZeroUsize::new(K).unwrap();
    let models: [AffinityMethod<f32>; 5] = [
        PerplexityAffinity::multiscale(&[4.0, 22.0]).unwrap().into(),
        PerplexityAffinity::new(22.0).unwrap().with_symmetrization(Symmetrization::None).into(),
        FixedSigma::new(1.0).unwrap().with_neighbors(k).into(),
        Uniform::new(k).into(),
        Uniform::new(k).with_symmetrization(Symmetrization::None).into(),
    ];
    for (at, model) in models.into_iter().enumerate() {
        check(&format!("model {at}"), || single.into(), Tsne::builder().affinities(model), &ASKED[..2]);
    }
}

#[test]
fn every_search() {
    let x = leaked(blobs::<f32>(N, D, 5).0, N, D);
    for (metric, neighbors) in [
        (Metric::Euclidean, Neighbors::Exact),
        (Metric::Cosine, Neighbors::Approx),
        (Metric::Correlation, Neighbors::Approx),
        (Metric::Manhattan, Neighbors::Approx),
    ] {
        let what = format!("{metric:?} {neighbors:?}");
        check(&what, || x.into(), builder().metric(metric).neighbors(neighbors), &ASKED);
    }
    // Points that are there twice.
    let mut values = blobs::<f32>(N, D, 5).0;
    values.copy_within(..2_000 * D, 6_000 * D);
    let x = leaked(values, N, D);
    check("duplicates", || x.into(), builder(), &ASKED);
    check("duplicates, Manhattan", || x.into(), builder().metric(Metric::Manhattan), &ASKED);
}

#[test]
fn sparse_rows_and_given_neighbors() {
    let (values, _) = blobs::<f32>(N, 3, 7);
    let pointers: &[usize] = (0..=N).map(|i| 3 * i).collect::<Vec<_>>().leak();
    let columns: &[u32] = (0..N as u32).flat_map(|i| [i % 4, 4 + i % 3, 7 + i % 2]).collect::<Vec<_>>().leak();
    let rows = SparseRows::new(pointers, columns, values.leak(), 9).unwrap();
    check("sparse rows", || rows.into(), builder(), &ASKED);
    let x = leaked(blobs::<f32>(N, D, 9).0, N, D);
    let index = builder().build().unwrap().affinities(x).unwrap();
    let graph = index.graph().unwrap().clone();
    check("a graph", || graph.clone().into(), builder(), &ASKED[2..]);
    // Affinities that were made in files go into a fit in memory.
    let watched = Watched::new(usize::MAX);
    let filed = builder().build().unwrap().affinities_with(x, Context::new().with_scratch(&watched)).unwrap();
    assert!(filed.affinities() == index.affinities() && filed.graph() == index.graph());
    let tsne = builder().n_iter(20).build().unwrap();
    assert!(told(&tsne.fit(filed).unwrap()) == told(&tsne.fit(index).unwrap()));
}

#[test]
fn members_of_a_team_have_each_their_own() {
    let x = leaked(blobs::<f32>(N, D, 11).0, N, D);
    let tsne = builder().n_iter(20).build().unwrap();
    let alone = told(&tsne.fit(x).unwrap());
    let results = ThreadTeam::run(2, 1, |team| {
        let scratch = ScratchDir::new(std::env::temp_dir())?;
        let cx = Context::new().with_team(team).with_scratch(&scratch);
        let mut map = tsne.fit_with(x, None, cx)?;
        map.complete(cx)?;
        Ok::<_, Error>(told(&map).1)
    });
    for result in results.unwrap() {
        assert_eq!(result.unwrap(), alone.1);
    }
}

#[test]
fn a_disk_that_becomes_full_is_an_error_wherever_it_does() {
    let x = leaked(blobs::<f32>(N, D, 13).0, N, D);
    let tsne = builder().early_exaggeration_iter(0).n_iter(34).build().unwrap();
    for rooms in 0.. {
        let watched = Watched::new(rooms);
        match tsne.fit_with(x, None, Context::new().with_scratch(&watched)) {
            Ok(_) => {
                assert!(rooms >= 9, "{rooms}");
                break;
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("the scratch directory failed: no room for "), "{error}");
            }
        }
    }
}

#[test]
fn a_clone_of_a_map_is_a_map() {
    let x = leaked(blobs::<f32>(N, D, 15).0, N, D);
    let scratch = ScratchDir::new(std::env::temp_dir()).unwrap();
    let cx = Context::new().with_scratch(&scratch);
    let map = builder().n_iter(10).build().unwrap().fit_with(x, None, cx).unwrap();
    let (mut one, mut other) = (map.clone(), map);
    one.optimize_with(20, None, Context::new()).unwrap();
    other.optimize_with(20, None, cx).unwrap();
    assert!(told(&one) == told(&other));
}
