//! What a page holds, and what cannot be one.

use crate::common::{Directory, clusters, nearest, read_npy, text};
use crate::opened::Opened;
use tsne::KnnGraph;
use tsne_cli::explore::{Neighbors, Page, Theme, page};
use tsne_cli::input::{Annotations, InputOptions, LabelType, Labels, MapTable};

const HOSTILE: [&str; 6] =
    ["</script><script>alert(1)</script>", "\"'><img src=x>", "nul \0 and\nline", "\u{1f600}\u{feff}", "", "<!--"];

fn labels(name: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Labels {
    Labels { name: name.into(), ..Labels::from_texts(texts) }
}

#[test]
fn a_page_holds_the_map_its_ids_and_its_labels() {
    let n = 600;
    let y: Vec<[f32; 2]> = clusters(n, 2).chunks(2).map(|p| [p[0] as f32 * 0.1, -p[1] as f32 / 3.0]).collect();
    let ids: Vec<String> = (0..n).map(|i| format!("{}{i}", HOSTILE[i % 6])).collect();
    let mut few = labels("few", (0..n).map(|i| HOSTILE[i % 5]));
    few.codes[7] = Labels::MISSING;
    let many = labels("many", (0..n).map(|i| format!("class {}", i % 300)));
    let mut singles = labels("single", (0..n).map(|i| (i as f32 * 0.1).to_string()));
    singles.codes[3] = Labels::MISSING;
    let doubles = labels("double", (0..n).map(|i| (i as f64 / 7.0).to_string()));
    let forced = Labels { label_type: LabelType::Classes, ..doubles.clone() };
    let far = labels("far", (0..n).map(|i| if i == 5 { 1e9 } else { i as f64 / 2.0 }.to_string()));
    let all = [few, many, singles, doubles, forced, far];
    let annotations = Annotations { ids: Some(ids.clone()), labels: all.to_vec() };
    let options = Page { title: HOSTILE[0], theme: Theme::Dark, annotations: Some(&annotations), ..Page::default() };
    let read = Opened::new(page(&y, &options).unwrap());
    // To the bit: the map is not far from 0.
    for c in 0..2 {
        assert_eq!(read.singles(&format!("axis-{c}")), y.iter().map(|p| p[c]).collect::<Vec<_>>());
    }
    assert_eq!(read.texts("ids"), ids);
    let expected = |labels: &Labels| (0..n).map(|i| labels.of(i).map(str::to_owned)).collect::<Vec<_>>();
    for (c, column) in all.iter().enumerate() {
        let meta = &read.meta["columns"][c];
        assert_eq!(meta["name"], column.name.as_str());
        let name = format!("values-{c}");
        let values: Vec<Option<String>> = match (meta["kind"].as_str().unwrap(), meta["bytes"].as_u64().unwrap()) {
            ("classes", bytes) => {
                assert_eq!(bytes, if c == 0 { 1 } else { 2 });
                let names = read.texts(&format!("names-{c}"));
                assert!(names.len() < 1 << (8 * bytes));
                let codes: Vec<usize> = match bytes {
                    1 => read.numbers::<1>(&name).into_iter().map(|b| usize::from(b[0])).collect(),
                    _ => read.numbers::<2>(&name).into_iter().map(|b| usize::from(u16::from_le_bytes(b))).collect(),
                };
                // All bits are set where there is none.
                assert!(codes.iter().all(|&code| code < names.len() || code == (1 << (8 * bytes)) - 1));
                codes.iter().map(|&code| names.get(code).cloned()).collect()
            }
            ("numbers", 4) => read.singles(&name).into_iter().map(|v| (!v.is_nan()).then(|| v.to_string())).collect(),
            ("numbers", 8) => {
                let values = read.numbers(&name).into_iter().map(f64::from_le_bytes);
                values.map(|v| (!v.is_nan()).then(|| v.to_string())).collect()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(values, expected(column), "{}", column.name);
    }
    // The scale of numbers has the ends of the pictures: all of them, or without the two percent at either end that a far one stretches.
    let scale = |c: usize| (read.meta["columns"][c]["range"].clone(), read.meta["columns"][c]["clipped"] == true);
    assert_eq!(scale(3), (serde_json::json!([0.0, 599.0 / 7.0]), false));
    assert_eq!(scale(5), (serde_json::json!([6.5, 294.0]), true));
    let kinds: Vec<(&str, u64)> = (0..5)
        .map(|c| {
            (read.meta["columns"][c]["kind"].as_str().unwrap(), read.meta["columns"][c]["bytes"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(kinds, [("classes", 1), ("classes", 2), ("numbers", 4), ("numbers", 8), ("classes", 2)]);
    assert_eq!((&read.meta["title"], &read.meta["theme"]), (&HOSTILE[0].into(), &"dark".into()));
}

#[test]
fn no_text_gets_into_the_markup_and_no_address_either() {
    let annotations = Annotations {
        ids: Some(HOSTILE.map(str::to_owned).to_vec()),
        labels: vec![labels(HOSTILE[0], HOSTILE), labels(HOSTILE[1], HOSTILE)],
    };
    let y: Vec<[f32; 1]> = (0..6).map(|i| [i as f32]).collect();
    let bare = String::from_utf8(page(&y, &Page { title: "t", ..Page::default() }).unwrap()).unwrap();
    let options = Page { title: HOSTILE[0], annotations: Some(&annotations), ..Page::default() };
    let html = String::from_utf8(page(&y, &options).unwrap()).unwrap();
    let arrays = 2 * 3 + 2; // Codes, names and their lengths of two columns, ids and their lengths.
    for part in ["<script", "</script"] {
        assert_eq!(html.matches(part).count(), bare.matches(part).count() + arrays, "{part}");
    }
    assert!(!html.contains("alert(1)</script><") && !html.contains("<img") && !html.contains('\0'));
    assert!(html.contains("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
    assert!(html.contains("default-src 'none'"));
    for address in ["http:", "https:", "//cdn", "import(", "fetch(", "XMLHttpRequest", "WebSocket"] {
        assert!(!html.contains(address), "{address}");
    }
}

#[test]
fn a_map_far_from_the_origin_keeps_its_digits() {
    let y: Vec<[f64; 3]> = (0..50).map(|i| [1e9 + f64::from(i) * 0.01, f64::from(i), -3.0]).collect();
    let read = Opened::new(page(&y, &Page::default()).unwrap());
    for c in 0..3 {
        let origin = read.meta["origin"][c].as_f64().unwrap();
        assert_eq!(origin == 0.0, c == 1, "{origin}");
        for (i, value) in read.singles(&format!("axis-{c}")).into_iter().enumerate() {
            // Half a unit in the last place of what is at most 50 from the origin, and one of 1e9 in double precision.
            assert!((origin + f64::from(value) - y[i][c]).abs() < 4e-6, "{i}");
        }
    }
}

#[test]
fn neighbors_stand_rank_by_rank() {
    let graph = KnnGraph::from_parts(2, 3, vec![1, 2, 0, 2, 1, 0], vec![1.0f32, 2.0, 1.0, 3.0, 1.0, 2.0]).unwrap();
    let neighbors = Neighbors::from_graph(&graph, 9).unwrap();
    let options = Page { neighbors: Some(&neighbors), ..Page::default() };
    let read = Opened::new(page(&[[0.0f32], [1.0], [2.0]], &options).unwrap());
    assert_eq!(read.meta["k"], 2);
    let ranks: Vec<u32> = read.numbers("neighbors").into_iter().map(u32::from_le_bytes).collect();
    assert_eq!(ranks, [1, 0, 1, 2, 2, 0]);
    assert_eq!(Neighbors::from_graph(&graph, 1).unwrap().ranks(), [1, 0, 1]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let y = [[0.0f64, 1.0], [2.0, 3.0]];
    let error = |y: &[[f64; 2]], annotations: Annotations, neighbors: Option<&Neighbors>| {
        page(y, &Page { annotations: Some(&annotations), neighbors, ..Page::default() }).unwrap_err().to_string()
    };
    assert!(error(&[], Annotations::default(), None).contains("no points"));
    assert!(error(&[[0.0, 1e300]], Annotations::default(), None).contains("not finite"));
    assert!(error(&[[f64::NAN, 1.0]], Annotations::default(), None).contains("not finite"));
    let ids = Annotations { ids: Some(vec!["a".into()]), labels: Vec::new() };
    assert!(error(&y, ids, None).contains("1 ids for 2 points"));
    let short = Annotations { ids: None, labels: vec![labels("l", ["a"])] };
    assert!(error(&y, short, None).contains("1 labels \"l\" for 2 points"));
    let graph = KnnGraph::from_parts(1, 3, vec![1, 0, 1], vec![1.0f32, 1.0, 1.0]).unwrap();
    let neighbors = Neighbors::from_graph(&graph, 1).unwrap();
    assert!(error(&y, Annotations::default(), Some(&neighbors)).contains("neighbors of 3 points"));
    assert!(page(&[[0.0f32; 4]], &Page::default()).unwrap_err().to_string().contains("4 dimensions"));
    // Codes that are none of the categories are missing ones, whatever they are.
    let wild = Labels { codes: vec![9, 0], names: vec!["a".into()], ..Labels::default() };
    let annotations = Annotations { ids: None, labels: vec![wild] };
    let read = Opened::new(page(&y, &Page { annotations: Some(&annotations), ..Page::default() }).unwrap());
    assert_eq!(read.bytes("values-0"), [255, 0]);
}

#[test]
fn a_table_says_which_columns_are_coordinates() {
    let directory = Directory::new();
    directory.write("map.csv", "id,tsne-1,tsne-2,kind,age\ncell a,1.5,2,\"x, y\",3.25\ncell b,-1,4e1,z,4\n");
    let read = MapTable::read(&directory.path("map.csv"), &InputOptions::default()).unwrap();
    let rows: Vec<&[f64]> = read.table.rows().unwrap().iter().collect::<Vec<_>>();
    assert_eq!(rows, [[1.5, 2.0], [-1.0, 40.0]]);
    assert_eq!(read.annotations.ids, Some(vec!["cell a".to_owned(), "cell b".to_owned()]));
    let columns = read.annotations.labels;
    assert_eq!(columns.iter().map(|labels| labels.name.as_str()).collect::<Vec<_>>(), ["kind", "age"]);
    assert_eq!((columns[0].of(0), columns[1].of(1)), (Some("x, y"), Some("4")));
    directory.write("plain.csv", "1,2\n3,4\n");
    let read = MapTable::read(&directory.path("plain.csv"), &InputOptions::default()).unwrap();
    assert_eq!((read.table.n(), read.annotations), (2, Annotations::default()));
    directory.write("wide.csv", "a,b,c,d\n1,2,3,4\n");
    let error = MapTable::read(&directory.path("wide.csv"), &InputOptions::default()).unwrap_err().to_string();
    assert!(error.contains("call them x, y, z"), "{error}");
}

#[test]
fn the_command_writes_pages() {
    let directory = Directory::new();
    let n = 60;
    directory.write("x.csv", text(&clusters(n, 2), 2, ","));
    directory.write("kind.txt", (0..n).map(|i| format!("{}\n", ["a", "b", "c"][i % 3])).collect::<String>());
    directory.write("ids.txt", (0..n).map(|i| format!("point {i}\n")).collect::<String>());
    // The map is the data: the neighbors in both are those of all pairs.
    let report =
        directory.json("explore x.csv --labels kind.txt --ids ids.txt --data x.csv --k 5 -o page.html --theme light");
    assert_eq!((report["n"].as_u64(), report["k"].as_u64(), &report["labels"][0]), (Some(60), Some(5), &"kind".into()));
    let bytes = directory.read("page.html");
    assert_eq!(report["bytes"].as_u64(), Some(bytes.len() as u64));
    let read = Opened::new(bytes);
    let ranks: Vec<u32> = read.numbers("neighbors").into_iter().map(u32::from_le_bytes).collect();
    let points: Vec<[f32; 2]> = clusters(n, 2).chunks(2).map(|p| [p[0] as f32, p[1] as f32]).collect();
    for (i, &point) in points.iter().enumerate() {
        let expected: Vec<usize> = nearest(&points, point, 6).into_iter().filter(|&j| j != i).take(5).collect();
        let found: Vec<usize> = (0..5).map(|rank| ranks[rank * n + i] as usize).collect();
        assert_eq!(found, expected, "{i}");
    }
    assert_eq!(read.texts("names-0"), ["a", "b", "c"]);
    assert_eq!(read.texts("ids")[7], "point 7");

    directory.succeed("embed x.csv -o y.npy --html fit.html --labels kind.txt -q --perplexity 5 --n-iter 5");
    let read = Opened::new(directory.read("fit.html"));
    let (_, y) = read_npy(&directory.read("y.npy"));
    assert_eq!(read.singles("axis-0"), y.iter().step_by(2).copied().collect::<Vec<_>>());
    assert_eq!((read.meta["k"].as_u64(), &read.meta["columns"][0]["kind"]), (Some(10), &"classes".into()));

    // Ids that are one line too many have moved up by one, or have a title: nothing in them tells.
    directory.write("long.txt", (0..=n).map(|i| format!("point {i}\n")).collect::<String>());
    let output = directory.tsne("explore x.csv --ids long.txt -o page.html");
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && warned.contains("\"point 0\", was taken for a title"), "{warned}");
    directory.write("three.csv", "1,2\n3,4\n5,6\n");
    directory.refuse("explore x.csv -o page.png", ".html");
    directory.refuse("explore missing.npy -o page.html", "missing.npy");
    directory.refuse("explore x.csv --data three.csv -o page.html", "the data have 3 points, but the map has 60");
    directory.refuse("explore three.csv --labels kind.txt -o page.html", "3 points");
    directory.refuse("embed x.csv --html page.txt", ".html");
}
