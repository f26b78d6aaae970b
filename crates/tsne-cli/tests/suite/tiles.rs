//! A page in a folder: its scripts hold every point once, with its labels and id, and what finds it.

use crate::common::{Directory, clusters};
use crate::opened::Opened;
use std::fs;

const N: usize = 50_000;

fn directory(n: usize) -> Directory {
    let directory = Directory::new();
    let y = clusters(n, 2);
    let row = |i: usize| {
        let kind = if i.is_multiple_of(1000) { String::new() } else { format!("kind {}", i % 300) };
        format!("Id-{:05},{},{},{kind},{}\n", (i * 7919) % n, y[2 * i] * 0.25, -y[2 * i + 1] / 3.0, i as f64 / 8.0)
    };
    directory.write("map.csv", "id,x,y,kind,age\n".to_owned() + &(0..n).map(row).collect::<String>());
    directory
}

fn scripts(directory: &Directory, folder: &str, kind: &str) -> Vec<Opened> {
    let count = fs::read_dir(directory.path(folder).join(kind)).unwrap().count();
    (0..count)
        .map(|k| Opened::script(directory.read(&format!("{folder}/{kind}/{k}.js")), &format!("{kind}/{k}")))
        .collect()
}

#[test]
fn every_point_stands_in_one_tile_with_what_is_known_of_it() {
    let directory = directory(N);
    let report = directory.json("explore map.csv -o map/ --theme dark");
    directory.succeed("explore map.csv -o map.html -q");
    let single = Opened::new(directory.read("map.html"));
    let page = Opened::new(directory.read("map/index.html"));
    assert!(page.html.contains("-inline' 'self' file:; style-src") && page.html.contains("default-src 'none'"));
    let (counts, parents) = (page.u32s("tile-counts"), page.u32s("tile-parents"));
    assert!(counts.len() > 3 && parents.iter().enumerate().skip(1).all(|(t, &parent)| (parent as usize) < t));
    let bounds = page.singles("tile-bounds");
    let tiles = scripts(&directory, "map", "tiles");
    assert_eq!(tiles.len(), counts.len());
    // The page in one file is the oracle: by its own tests it holds the table.
    let (x, y, ids) = (single.singles("axis-0"), single.singles("axis-1"), single.texts("ids"));
    let (kinds, ages) = (single.bytes("values-0"), single.singles("values-1"));
    let mut tile_of = vec![None; N];
    for (t, tile) in tiles.iter().enumerate() {
        let rows: Vec<usize> = tile.u32s("rows").into_iter().map(|row| row as usize).collect();
        assert_eq!(rows.len(), counts[t] as usize);
        assert!(rows.len() <= 20_000 && rows.is_sorted());
        let of = |values: &[f32]| rows.iter().map(|&row| values[row]).collect::<Vec<_>>();
        assert_eq!((tile.singles("axis-0"), tile.singles("axis-1")), (of(&x), of(&y)));
        assert_eq!(tile.singles("values-1"), of(&ages));
        let codes: Vec<u8> = rows.iter().flat_map(|&row| [kinds[row], kinds[N + row]]).collect();
        let found = tile.bytes("values-0");
        assert_eq!((0..rows.len()).flat_map(|k| [found[k], found[rows.len() + k]]).collect::<Vec<_>>(), codes);
        assert_eq!(tile.texts("ids"), rows.iter().map(|&row| ids[row].clone()).collect::<Vec<_>>());
        for &row in &rows {
            assert_eq!(tile_of[row].replace(t), None);
            let [left, right, bottom, top] = bounds[4 * t..4 * t + 4] else { unreachable!() };
            assert!(left <= x[row] && x[row] <= right && bottom <= y[row] && y[row] <= top);
        }
    }
    // Where each row is.
    let found: Vec<u32> = scripts(&directory, "map", "rows").iter().flat_map(|script| script.u32s("tiles")).collect();
    assert_eq!(found, tile_of.iter().map(|tile| tile.unwrap() as u32).collect::<Vec<_>>());
    // The sorted ids are all of them, with their rows; each list begins with what the page says.
    let lists = scripts(&directory, "map", "ids");
    let mut sorted: Vec<(String, u32)> = ids.iter().cloned().zip(0..).collect();
    sorted.sort();
    let listed: Vec<(String, u32)> =
        lists.iter().flat_map(|list| list.texts("ids").into_iter().zip(list.u32s("rows"))).collect();
    assert_eq!(listed, sorted);
    assert_eq!(page.texts("firsts"), lists.iter().map(|list| list.texts("ids")[0].clone()).collect::<Vec<_>>());
    // What the legend says before the points are there.
    let known = &page.meta["tiles"]["columns"];
    let none = single.texts("names-0").len();
    let mut expected = vec![0u64; none + 1];
    (0..N).for_each(|row| {
        let code = usize::from(u16::from_le_bytes([kinds[row], kinds[N + row]]));
        expected[code.min(none)] += 1;
    });
    let counted: Vec<u64> = known[0].as_array().unwrap().iter().map(|count| count.as_f64().unwrap() as u64).collect();
    assert_eq!(counted, expected);
    assert_eq!(known[1], serde_json::json!([0]));
    assert_eq!(page.meta["columns"][1]["range"], serde_json::json!([0.0, (N - 1) as f64 / 8.0]));
    assert_eq!(page.texts("names-0"), single.texts("names-0"));
    // The report counts what is there.
    let files: Vec<_> = ["", "tiles", "rows", "ids"]
        .iter()
        .flat_map(|kind| fs::read_dir(directory.path("map").join(kind)).unwrap())
        .collect();
    let sizes = files.into_iter().map(|entry| entry.unwrap().metadata().unwrap()).filter(std::fs::Metadata::is_file);
    let sizes: Vec<u64> = sizes.map(|metadata| metadata.len()).collect();
    assert_eq!(
        (report["files"].as_u64(), report["bytes"].as_u64()),
        (Some(sizes.len() as u64), Some(sizes.iter().sum()))
    );
}

#[test]
fn the_files_are_the_same_for_any_number_of_threads_and_replace_older_ones() {
    let directory = directory(N);
    directory.write("few.csv", "id,x,y\na,0,1\nb,1,2\n");
    for (threads, folder) in [("1", "one"), ("3", "three/")] {
        fs::create_dir(directory.path(folder)).unwrap();
        directory.succeed(&format!("explore map.csv -o {folder} --threads {threads} -q"));
    }
    for kind in ["tiles", "rows", "ids"] {
        for entry in fs::read_dir(directory.path("one").join(kind)).unwrap() {
            let name = format!("{kind}/{}", entry.unwrap().file_name().into_string().unwrap());
            assert!(directory.read(&format!("one/{name}")) == directory.read(&format!("three/{name}")), "{name}");
        }
    }
    assert!(directory.read("one/index.html") == directory.read("three/index.html"));
    directory.succeed("explore few.csv -o one -q");
    assert_eq!(fs::read_dir(directory.path("one/tiles")).unwrap().count(), 1);
    assert_eq!(Opened::new(directory.read("one/index.html")).meta["n"], 2);
}

#[test]
fn what_no_folder_can_be_is_refused() {
    let directory = directory(20);
    directory.write("space.csv", "x,y,z\n1,2,3\n4,5,6\n");
    for (name, file) in [("other", "notes.txt"), ("site", "index.html")] {
        fs::create_dir(directory.path(name)).unwrap();
        directory.write(&format!("{name}/{file}"), "mine");
    }
    // A folder of that name is not enough to be one of a page.
    for (name, file) in [("own", "ids/notes.txt"), ("shelf", "rows/1.js/notes.txt"), ("single", "tiles")] {
        fs::create_dir_all(directory.path(&format!("{name}/{file}")).parent().unwrap()).unwrap();
        directory.write(&format!("{name}/{file}"), "mine");
    }
    for (arguments, why) in [
        ("explore map.csv -o other", "\"notes.txt\""),
        ("explore map.csv -o site/", "another page"),
        ("explore map.csv -o own/", "\"ids\""),
        ("explore map.csv -o shelf/", "\"rows\""),
        ("explore map.csv -o single/", "\"tiles\""),
        ("explore map.csv -o map.csv/", "no folder"),
        ("explore space.csv -o space/", "not of 3"),
        ("explore map.csv --data map.csv -o map/", "leave --data out"),
    ] {
        directory.refuse(arguments, why);
    }
    assert_eq!(directory.files(), ["map.csv", "other", "own", "shelf", "single", "site", "space.csv"]);
    assert_eq!(directory.read("own/ids/notes.txt"), b"mine");
}
