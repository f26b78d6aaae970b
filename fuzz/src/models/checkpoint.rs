//! Models of fits that were stopped on their way.

use super::container::sealed;
use super::model::{short, value};
use super::{Container, by_type, embedding, opened};
use crate::input::Input;
use std::ops::ControlFlow;
use std::sync::OnceLock;
use tsne::store::{Reader, Writer};
use tsne::{Context, Embedding, Float, Initialization, Iteration, Model, Observer, Preset, Rows, Tsne, TsneBuilder};
use tsne_cli::film::Film;
use tsne_cli::input::{CsvOptions, PointTable};
use tsne_cli::prepare::{Preparation, Steps};

/// Points of the fits.
const N: usize = 9;
const COLUMNS: usize = 3;

/// The most iterations that are left of a fit that is resumed.
const LEFT: usize = 24;

/// A fit that was stopped: its file, and that of what became of it in the end.
struct Stopped {
    file: Vec<u8>,
    end: Vec<u8>,
}

/// A file of any bytes with checksums that are right, or a checkpoint with some changes.
pub(crate) fn checkpoint(data: &[u8]) {
    let mut input = Input::new(data);
    let which = input.below(stopped().len() + 1);
    let Some(known) = stopped().get(which) else {
        let bytes = sealed(input.rest());
        extras(&bytes);
        if let Ok(model) = opened(&bytes) {
            by_type!(model, check(None));
        }
        return;
    };
    let is_changed = !input.is_empty();
    let mut container = Container::parse(&known.file);
    container.edit(&mut input);
    let bytes = container.bytes();
    assert!(is_changed || bytes == known.file, "the format is what its document says");
    extras(&bytes);
    match opened(&bytes) {
        Ok(model) => by_type!(model, check((!is_changed).then_some(&known.end))),
        Err(error) => assert!(is_changed, "{error}"),
    }
}

/// A fit that goes on ends in a map, and that of a file that was not changed in the very map of a fit that was not stopped.
fn check<T: Float, const D: usize>(model: Model, end: Option<&Vec<u8>>) {
    let mut embedding = match embedding::<T, D>(model) {
        Ok(embedding) => embedding,
        Err(error) => return assert!(end.is_none(), "{error}"),
    };
    if embedding.remaining() > LEFT || embedding.positions().len() > 100 {
        return;
    }
    let before = embedding.positions().to_vec();
    let resumed = embedding.resume();
    assert!(embedding.positions().as_flattened().iter().all(|value| value.is_finite()));
    if let Err(error) = &resumed {
        assert!(end.is_none(), "{error}");
        assert!(embedding.positions() == before, "a map is what it was before an error");
        return;
    }
    assert_eq!(embedding.remaining(), 0);
    assert!(!embedding.kl_divergence().is_nan());
    if let Some(end) = end {
        assert!(super::saved(&embedding) == *end, "a fit that was stopped comes to the same");
    }
}

/// What the command keeps with a fit: a film and a preparation, which are written as they were read.
fn extras(bytes: &[u8]) {
    let Ok(mut reader) = Reader::from_bytes(bytes) else { return };
    let mut film = Film::new(5);
    let taken = film.take(&mut reader, N).is_ok();
    assert!(!taken || film.frames().iter().all(|frame| frame.n() == N));
    // What the squares of its frames are is a matter of their numbers.
    film.views();
    let preparation = Preparation::take(&mut reader).ok().flatten();
    let mut writer = Writer::new();
    film.put(&mut writer).expect("nothing else is there");
    if let Some(preparation) = &preparation {
        preparation.put(&mut writer).expect("its arrays are as long as their sections");
        let table = PointTable::<f64>::from_csv(&b"1,2,3\n4,0,6\n"[..], &CsvOptions::default()).expect("two points");
        // The numbers may be any, and what comes of them is finite or an error.
        if let Ok(PointTable::Dense(table) | PointTable::Wide(table)) = preparation.apply(table) {
            assert!(table.rows().expect("it is a table").iter().flatten().all(|value| value.is_finite()));
        }
        preparation.words();
    }
    let mut written = Vec::new();
    writer.write_to(&mut written).expect("memory takes all");
    let mut reader = Reader::from_bytes(&written).expect("what was written is read");
    let mut again = Film::new(5);
    again.take(&mut reader, N).expect("what was put is taken");
    if taken {
        // Numbers that are none are equal to nothing.
        assert_eq!(format!("{:?}", again.frames()), format!("{:?}", film.frames()));
    }
    let back = Preparation::take(&mut reader).expect("what was put is taken");
    assert_eq!(format!("{back:?}"), format!("{preparation:?}"));
}

/// Stops after an iteration of a phase, once.
struct Stop(Option<usize>);

impl<T: Float, const D: usize> Observer<T, D> for Stop {
    fn wants(&self, completed: usize) -> bool {
        self.0 == Some(completed)
    }

    fn observe(&mut self, _: &Iteration<'_, T, D>) -> ControlFlow<()> {
        self.0 = None;
        ControlFlow::Break(())
    }
}

/// The files of some fits that were stopped.
fn stopped() -> &'static [Stopped] {
    static STOPPED: OnceLock<Vec<Stopped>> = OnceLock::new();
    STOPPED.get_or_init(|| {
        let guarded = || Tsne::<f64, 2>::preset(Preset::Recommended).early_exaggeration_iter(4).n_iter(6);
        vec![
            stop(short::<f32, 2>(), 2),
            stop(short::<f64, 1>().momentum_rule(tsne::Momentum::Nesterov), 4),
            stop(short::<f32, 3>().learning_rate(3.0).max_grad_norm(2.0).negative_gradient_method("bh"), 1),
            stop(guarded().initialization(Initialization::Pca), 3),
            stop(guarded().initialization(Initialization::Random), 5),
        ]
    })
}

fn stop<T: Float, const D: usize>(builder: TsneBuilder<T, D>, after: usize) -> Stopped {
    let x: Vec<T> = (0..N * COLUMNS).map(|at| value(5, at)).collect();
    let rows = Rows::new(&x, N, COLUMNS).expect("nine rows");
    let tsne = builder.perplexity(2.0).build().expect("the parameters are sound");
    let mut film = Film::new(3);
    let stopped: Embedding<T, D> =
        tsne.fit_with(rows, Some(&mut Stop(Some(after))), Context::new()).expect("the points are sound");
    assert!(stopped.remaining() > 0);
    film.begin(0, 10, stopped.positions());
    film.add(4, Some(0.5), stopped.positions());
    let text = "1,2,3\n4,5,7\n2,8,1\n";
    let points = PointTable::<f64>::from_csv(text.as_bytes(), &CsvOptions::default()).expect("three points");
    let steps = Steps { normalize_total: Some(None), log1p: true, standardize: true, pca: Some(2) };
    let (_, preparation) = Preparation::fit(points, steps, 1).expect("the points are sound");
    let preparation = preparation.expect("there are steps");
    let mut file = Vec::new();
    let mut writer = stopped.writer().expect("the map can be saved");
    film.put(&mut writer).expect("nothing of it is there");
    preparation.put(&mut writer).expect("nothing of it is there");
    writer.write_to(&mut file).expect("memory takes all");
    Stopped { file, end: super::saved(&tsne.fit(rows).expect("the points are sound")) }
}
