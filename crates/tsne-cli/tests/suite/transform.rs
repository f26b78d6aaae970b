//! Saved maps, and new points in them.

use crate::common::{Directory, clusters, digits, nearest, npy, read_npy, text};
use npyz::Order;
use tsne::{Model, Preset, Rows, TransformParams};

/// The label agreement that the issue of this command demands of held-out digits.
const AGREEMENT: f64 = 0.96;

const N: usize = 90;
const D: usize = 5;

/// A directory with `m.tsne`, a map of `x.csv`, and with `new.csv`, 30 other points.
fn with_model(flags: &str) -> Directory {
    let directory = Directory::new();
    let values = clusters(N + 30, D);
    directory.write("x.csv", text(&values[..N * D], D, ","));
    directory.write("new.csv", text(&values[N * D..], D, ","));
    directory.succeed(&format!("embed x.csv --save m.tsne -q --perplexity 8 --n-iter 40 {flags}"));
    directory
}

#[test]
fn held_out_digits_come_to_their_kind() {
    let directory = Directory::new();
    let (fitted, new): (Vec<_>, Vec<_>) = digits().into_iter().enumerate().partition(|(i, _)| i % 5 > 0);
    let table = |digits: &[(usize, (Vec<f64>, u8))]| {
        text(&digits.iter().flat_map(|(_, (values, _))| values.clone()).collect::<Vec<_>>(), 64, ",")
    };
    directory.write("x.csv", table(&fitted));
    directory.write("new.csv", table(&new));
    directory.write("labels.txt", new.iter().map(|(_, (_, label))| format!("{label}\n")).collect::<String>());
    directory.succeed("embed x.csv --save m.tsne -o x.npy -q");
    let report = directory.json("transform m.tsne new.csv -o new.npy --plot new.png --labels labels.txt");
    assert_eq!((report["n"].as_u64(), report["d"].as_u64()), (Some(360), Some(64)));
    assert_eq!(report["n_fitted"].as_u64(), Some(1437));
    assert!(directory.read("new.png").starts_with(b"\x89PNG"));

    let ((_, x), (_, y)) = (read_npy(&directory.read("x.npy")), read_npy(&directory.read("new.npy")));
    let (x, y) = (x.as_chunks::<2>().0, y.as_chunks::<2>().0);
    let agreeing = y.iter().zip(&new).filter(|(position, (_, (_, label)))| {
        let mut votes = [0; 10];
        nearest(x, **position, 10).iter().for_each(|&j| votes[usize::from(fitted[j].1.1)] += 1);
        // Of equal counts `max_by_key` takes the last; ties are too rare to matter against the bound.
        votes.iter().enumerate().max_by_key(|(_, count)| **count).map(|(vote, _)| vote) == Some(usize::from(*label))
    });
    let share = agreeing.count() as f64 / y.len() as f64;
    assert!(share >= AGREEMENT, "{share}");
}

#[test]
fn files_hold_what_the_library_computes() {
    let directory = with_model("");
    directory.succeed("transform m.tsne new.csv -o found.npy -q");
    let new: Vec<f32> = clusters(N + 30, D)[N * D..].iter().map(|&v| v as f32).collect();
    let model = Model::open(directory.path("m.tsne")).unwrap();
    assert_eq!((model.scalar(), model.n_components(), model.n()), ("f32", 2, N));
    let embedding = model.embedding::<f32, 2>().unwrap();
    let expected = embedding.transform(Rows::new(&new, 30, D).unwrap()).unwrap();
    let (shape, found) = read_npy(&directory.read("found.npy"));
    assert_eq!(shape, [30, 2]);
    assert_eq!(found, expected.positions().as_flattened());

    // Parameters reach it, and the report is the library's.
    let report = directory.json("transform m.tsne new.csv -o found.npy --preset documented --k 3 --n-iter 30");
    let params = TransformParams::preset(Preset::Documented).k(3).n_iter(30);
    let expected =
        embedding.transform_with(Rows::new(&new, 30, D).unwrap(), &params, None, Default::default()).unwrap();
    assert_eq!(read_npy(&directory.read("found.npy")).1, expected.positions().as_flattened());
    assert_eq!(report["iterations"].as_u64(), Some(30));
    // Numbers read back from JSON may differ in the last place.
    let told = |name: &str| report[name].as_f64().unwrap();
    assert!((told("kl_divergence") - expected.kl_divergence()).abs() < 1e-12);
    assert!((told("kl_divergence_per_point") - expected.kl_divergence() / 30.0).abs() < 1e-12);
}

#[test]
fn every_number_type_and_dimension() {
    for (flags, components, digits) in
        [("--components 1 --method bh", 1, "<f4"), ("--components 3 --float f64", 3, "<f8"), ("--float f64", 2, "<f8")]
    {
        let directory = with_model(flags);
        directory.succeed("transform m.tsne new.csv -o new.npy --plot new.png -q");
        let bytes = directory.read("new.npy");
        assert_eq!(npyz::NpyFile::new(&bytes[..]).unwrap().shape(), [30, components], "{flags}");
        assert!(bytes.windows(3).any(|window| window == digits.as_bytes()), "{flags}");
    }
}

#[test]
fn precomputed_distances() {
    let directory = Directory::new();
    let values = clusters(N + 30, D);
    let points: Vec<&[f64]> = values.chunks(D).collect();
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let matrix = |rows: &[&[f64]]| -> Vec<f64> {
        rows.iter().flat_map(|a| points[..N].iter().map(|b| distance(a, b)).collect::<Vec<_>>()).collect()
    };
    directory.write("x.npy", npy(values[..N * D].iter().copied(), &[N as u64, D as u64], Order::C));
    directory.write("new.npy", npy(values[N * D..].iter().copied(), &[30, D as u64], Order::C));
    directory.write("xx.npy", npy(matrix(&points[..N]), &[N as u64, N as u64], Order::C));
    directory.write("newx.npy", npy(matrix(&points[N..]), &[30, N as u64], Order::C));
    // The same distances from the same start give the same map and the same places.
    let flags = "--init random --perplexity 8 --n-iter 20 -q --float f64";
    directory.succeed(&format!("embed x.npy --save m.tsne -o map.npy {flags}"));
    directory.succeed(&format!("embed xx.npy --save mm.tsne -o mapp.npy --metric precomputed {flags}"));
    assert!(directory.read("map.npy") == directory.read("mapp.npy"));
    directory.succeed("transform m.tsne new.npy -o placed.npy -q");
    directory.succeed("transform mm.tsne newx.npy -o placedd.npy -q");
    assert!(directory.read("placed.npy") == directory.read("placedd.npy"));
}

#[test]
fn damaged_models_are_errors() {
    let directory = with_model("");
    let model = directory.read("m.tsne");
    let mut flipped = model.clone();
    flipped[model.len() / 2] ^= 1;
    for (bytes, word) in [
        (Vec::new(), "bad.tsne"),
        (model[..model.len() / 2].to_vec(), "bytes"),
        (flipped, "damaged"),
        (directory.read("x.csv"), "not a model"),
    ] {
        directory.write("bad.tsne", bytes);
        let output = directory.tsne("transform bad.tsne new.csv -o new.npy");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("bad.tsne") && stderr.contains(word), "{word}: {stderr}");
        assert!(!directory.files().contains(&"new.npy".to_owned()));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let directory = with_model("");
    directory.write("wide.csv", text(&clusters(4, D + 1), D + 1, ","));
    directory.write("start.csv", text(&clusters(29, 2), 2, ","));
    let check = |arguments: &str, words: &[&str]| {
        let before = directory.files();
        let output = directory.tsne(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        words.iter().for_each(|word| assert!(stderr.contains(word), "{word}: {stderr}"));
        assert_eq!(directory.files(), before);
    };
    check("transform none.tsne new.csv -o y.npy", &["none.tsne", "--save"]);
    check("transform m.tsne wide.csv -o y.npy", &["wide.csv", "6", "5"]);
    check("transform m.tsne new.csv -o y.npy --init start.csv", &["--init start.csv", "(29, 2)", "(30, 2)"]);
    check("transform m.tsne new.csv -o m.tsne", &["m.tsne", "overwritten"]);
    check("transform m.tsne new.csv -o y.txt", &[".npy, .csv"]);
    check("transform m.tsne new.csv -o y.npy --k 0", &["k is 0"]);
    check("transform m.tsne new.csv -o y.npy --perplexity 0", &["perplexity is 0"]);
    check("transform m.tsne new.csv -o y.npy --perplexity fitted --affinities uniform", &["--perplexity fitted"]);
    check("transform m.tsne new.csv -o y.npy --sigma 2", &["--sigma", "fixed-sigma"]);
    directory.succeed("embed x.csv --save lean.tsne --no-keep-data -q --perplexity 8 --n-iter 2");
    assert!(directory.read("lean.tsne").len() + 4 * N * D <= directory.read("m.tsne").len());
    check("transform lean.tsne new.csv -o y.npy", &["lean.tsne: it was saved without its points", "--no-keep-data"]);
}

/// New points are placed by the position of their columns: names that say otherwise are an error or a warning.
#[test]
fn columns_of_new_points_are_those_of_the_fit() {
    let directory = Directory::new();
    let values = text(&clusters(60, 3), 3, ",");
    directory.write("x.csv", format!("a,b,c\n{values}"));
    directory.succeed("embed x.csv --perplexity 10 --n-iter 20 --save m.tsne -q");
    directory.succeed("transform m.tsne x.csv -o same.npy -q");
    directory.write("renamed.csv", format!("a,B,c\n{values}"));
    let output = directory.tsne("transform m.tsne renamed.csv -o y.npy");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.contains("column 2 is \"B\", but \"b\" was fitted there"), "{stderr}");
    assert!(directory.read("y.npy") == directory.read("same.npy"));
    for (name, header, why) in [
        ("moved.csv", "c,b,a", "column 1 is \"c\", but \"a\" was fitted there"),
        ("more.csv", "a,n,b", "column 2 is \"n\", but \"b\" was fitted there"),
    ] {
        directory.write(name, format!("{header}\n{values}"));
        let stderr = String::from_utf8(directory.tsne(&format!("transform m.tsne {name} -o z.npy")).stderr).unwrap();
        assert!(stderr.contains(why), "{name}: {stderr}");
    }
    let wide = text(&clusters(60, 4), 4, ",");
    directory.write("wide.csv", format!("a,b,c,extra\n{wide}"));
    let stderr = String::from_utf8(directory.tsne("transform m.tsne wide.csv -o z.npy").stderr).unwrap();
    assert!(stderr.contains("without \"extra\": leave it out (--drop-columns)"), "{stderr}");
    // Without names there is nothing to compare.
    directory.write("plain.csv", &values);
    directory.succeed("transform m.tsne plain.csv -o y.npy -q");
    assert!(directory.read("y.npy") == directory.read("same.npy"));
}

/// A page of the fitted points and the new ones, each with what is known of it.
#[test]
fn a_page_shows_both() {
    let directory = Directory::new();
    let values = clusters(N + 30, D);
    let table = |from: usize, to: usize| {
        let rows = (from..to).map(|i| {
            let row: Vec<String> = values[i * D..(i + 1) * D].iter().map(f64::to_string).collect();
            format!("p{i},{},kind {}\n", row.join(","), i % 3)
        });
        "id,a,b,c,d,e,kind\n".to_owned() + &rows.collect::<String>()
    };
    directory.write("x.csv", table(0, N));
    directory.write("new.csv", table(N, N + 30));
    directory.succeed("embed x.csv --label-column kind --save m.tsne -q --perplexity 8 --n-iter 40");
    directory.succeed("transform m.tsne new.csv --label-column kind --html y.html -q");
    let page = String::from_utf8(directory.read("y.html")).unwrap();
    let meta = page.split_once("id=\"data-meta\">").unwrap().1.split_once("</script>").unwrap().0;
    let meta: serde_json::Value = serde_json::from_str(meta).unwrap();
    assert_eq!(meta["n"].as_u64(), Some(120), "{meta}");
    let names: Vec<&str> = meta["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["points", "kind"], "{meta}");
}
