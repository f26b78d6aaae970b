//! Films of the descent: their frames are the maps of shorter runs, on scales of their own.

use crate::common::{Directory, clusters, read_npy, text};
use crate::opened::Opened;
use serde_json::Value;

const N: usize = 120;

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(N, 4), 4, ","));
    directory.write("kinds.txt", (0..N).map(|i| format!("kind {}\n", i % 3)).collect::<String>());
    directory
}

fn frames(page: &Opened) -> Vec<Value> {
    page.meta["frames"].as_array().unwrap().clone()
}

/// Where the page shows the points of a frame, in the plane of the last one.
fn shown(page: &Opened, f: usize) -> Vec<[f64; 2]> {
    let frame = &page.meta["frames"][f];
    let number = |value: &Value| value.as_f64().unwrap();
    let (low, step) = ([0, 1].map(|c| number(&frame["low"][c])), number(&frame["step"]));
    let places = page.numbers::<4>(&format!("frame-{f}"));
    let at = |bytes: [u8; 4], c: usize| f64::from(u16::from_le_bytes([bytes[2 * c], bytes[2 * c + 1]]));
    places.into_iter().map(|bytes| [0, 1].map(|c| low[c] + step * at(bytes, c))).collect()
}

fn map(directory: &Directory, name: &str) -> Vec<[f64; 2]> {
    let (_, values) = read_npy(&directory.read(name));
    values.chunks(2).map(|p| [f64::from(p[0]), f64::from(p[1])]).collect()
}

fn mean(y: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|c| y.iter().map(|p| p[c]).sum::<f64>() / y.len() as f64)
}

#[test]
fn frames_are_the_maps_of_shorter_runs_on_their_own_scales() {
    let directory = directory();
    let run = "embed x.csv --labels kinds.txt --preset opentsne --perplexity 10";
    let report = directory.json(&format!("{run} --n-iter 100 --frames film.html --n-frames 21 -o y.npy"));
    let page = Opened::new(directory.read("film.html"));
    let frames = frames(&page);
    assert_eq!(frames.len(), 21);
    assert_eq!((&frames[0]["iteration"], &frames[0]["kl"]), (&0.into(), &Value::Null));
    assert_eq!(
        (&frames[20]["iteration"], &frames[20]["kl"], &frames[20]["zoom"]),
        (&report["iterations"], &report["kl_divergence"], &1.0.into())
    );
    let last = map(&directory, "y.npy");
    // Of a phase without transition and exaggeration, a part is what a shorter run has.
    let early = 250;
    let later: Vec<usize> = (0..21).filter(|&f| frames[f]["iteration"].as_u64().unwrap() > early).collect();
    assert!(later.len() >= 3);
    for f in later {
        let iterations = frames[f]["iteration"].as_u64().unwrap() - early;
        let report = directory.json(&format!("{run} --n-iter {iterations} -o part.npy"));
        assert_eq!(frames[f]["kl"], report["kl_divergence"]);
        let part = map(&directory, "part.npy");
        let (from, to) = (mean(&part), mean(&last));
        let (zoom, step) = (frames[f]["zoom"].as_f64().unwrap(), frames[f]["step"].as_f64().unwrap());
        assert!(zoom > 0.5 && zoom < 1e4, "{zoom}");
        for (shown, y) in shown(&page, f).iter().zip(&part) {
            for c in 0..2 {
                let wanted = to[c] + (y[c] - from[c]) * zoom;
                // Half a place for the point, and for each of the means at most as much.
                assert!((shown[c] - wanted).abs() <= 1.5 * step, "{f}: {} {wanted}", shown[c]);
            }
        }
    }
    // However small a map is in the beginning, it is seen: within the square of all frames, and not in a corner of it.
    let square = &page.meta["square"];
    let half = 0.5 * (square[0][1].as_f64().unwrap() - square[0][0].as_f64().unwrap());
    assert!(frames[0]["zoom"].as_f64().unwrap() > 100.0);
    for f in 0..21 {
        let shown = shown(&page, f);
        let middle = mean(&last);
        let reach = shown.iter().flat_map(|p| [0, 1].map(|c| (p[c] - middle[c]).abs())).fold(0.0, f64::max);
        assert!(reach > 0.6 * half && reach < 1.001 * half, "{f}: {reach} of {half}");
    }
    // The page is that of the map besides.
    assert_eq!(page.texts("names-0"), ["kind 0", "kind 1", "kind 2"]);
    assert_eq!(page.singles("axis-0"), last.iter().map(|p| p[0] as f32).collect::<Vec<_>>());
}

#[test]
fn a_resumed_run_has_the_film_of_one_that_was_not_interrupted() {
    let directory = directory();
    let run = "embed x.csv --perplexity 10 --n-iter 60 --n-frames 9 --frames";
    directory.succeed(&format!("{run} whole.html -q"));
    directory.succeed(&format!("{run} film.html --checkpoint c.tsne --checkpoint-every 0 -q"));
    directory.succeed("resume c.tsne --frames resumed.html -q");
    let [whole, film, resumed] =
        ["whole.html", "film.html", "resumed.html"].map(|name| Opened::new(directory.read(name)));
    assert_eq!(frames(&whole).len(), 9);
    for other in [film, resumed] {
        assert_eq!(frames(&other), frames(&whole));
        for f in 0..9 {
            assert_eq!(other.bytes(&format!("frame-{f}")), whole.bytes(&format!("frame-{f}")));
        }
    }
}

#[test]
fn a_film_of_a_saved_map_begins_there() {
    let directory = directory();
    directory.succeed("embed x.csv --perplexity 10 --n-iter 40 --save m.tsne -q");
    let report = directory.json("embed --continue m.tsne --n-iter 30 --frames film.html --n-frames 5");
    let page = Opened::new(directory.read("film.html"));
    let iterations: Vec<u64> = frames(&page).iter().map(|frame| frame["iteration"].as_u64().unwrap()).collect();
    let last = report["iterations"].as_u64().unwrap();
    assert_eq!((iterations.len(), iterations[0], iterations[4]), (5, last - 30, last));
}

#[cfg(feature = "plot")]
#[test]
fn a_film_is_an_animated_picture_too() {
    let directory = directory();
    directory.succeed("embed x.csv --labels kinds.txt --perplexity 10 --n-iter 50 --frames film.png --n-frames 4 -q");
    let bytes = directory.read("film.png");
    let count = |kind: &[u8]| bytes.windows(4).filter(|window| *window == kind).count();
    // The still picture and four frames, each with its duration.
    assert_eq!((count(b"acTL"), count(b"fcTL")), (1, 4));
}

#[test]
fn what_cannot_be_filmed_is_refused_before_the_run() {
    let directory = directory();
    for (arguments, why) in [
        ("embed x.csv --frames film.gif", "must be .html, .png or .apng"),
        ("embed x.csv --frames film.html --components 3", "two dimensions, not of 3"),
        ("embed x.csv --frames film.html --html film.html", "is the name of two outputs"),
        ("embed x.csv --frames film.html --n-frames 1", "2..=500"),
        ("embed x.csv -o y.npy --n-frames 9", "--frames"),
    ] {
        directory.refuse(arguments, why);
    }
    assert_eq!(directory.files(), ["kinds.txt", "x.csv"]);
}
