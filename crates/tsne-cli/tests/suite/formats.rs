//! The same points in every format give the same map, and maps read back as they were written.

use crate::common::{Directory, clusters, columns, nearest, npy, read_npy, text};
use npyz::Order;
use tsne_cli::input::{Annotations, InputOptions, Labels, Loaded, MapTable};
use tsne_cli::output::{Beside, Format};

const N: usize = 90;
const D: usize = 5;
const FLAGS: &str = "--perplexity 8 --early-exaggeration-iter 10 --n-iter 10 --quiet";

/// The map of the same clusters as `clusters.npy`, from `name`.
#[track_caller]
fn check(name: &str, bytes: impl AsRef<[u8]>, flags: &str) {
    let directory = Directory::new();
    directory.write("clusters.npy", npy(clusters(N, D).iter().map(|&x| x as f32), &[N as u64, D as u64], Order::C));
    directory.write(name, bytes);
    directory.succeed(&format!("embed clusters.npy -o expected.npy {FLAGS}"));
    directory.succeed(&format!("embed {name} -o found.npy {FLAGS} {flags}"));
    assert!(directory.read("expected.npy") == directory.read("found.npy"), "{name} {flags}");
}

#[test]
fn npy_of_every_order_and_byte_order() {
    let values = clusters(N, D);
    let shape = [N as u64, D as u64];
    check("f64.npy", npy(values.iter().copied(), &shape, Order::C), "");
    check("fortran64.npy", npy(columns(&values, D), &shape, Order::Fortran), "");
    check("fortran32.npy", npy(columns(&values, D).iter().map(|&x| x as f32), &shape, Order::Fortran), "");
    let mut big = npy(values.iter().copied(), &shape, Order::C);
    let start = big.len() - 8 * N * D;
    big[start..].chunks_mut(8).for_each(|value| value.reverse());
    let descr = big.windows(3).position(|window| window == b"<f8").unwrap();
    big[descr] = b'>';
    check("big.npy", big, "");
}

#[test]
fn text_of_every_delimiter() {
    let values = clusters(N, D);
    check("comma.csv", text(&values, D, ","), "");
    check("comma-blank.csv", format!("\u{feff}{}", text(&values, D, " , ")).replace('\n', "\r\n\r\n"), "");
    check("semicolon.csv", format!("# made by a test\n\"a\";b;c;d;e\n{}", text(&values, D, ";")), "");
    check("tab.tsv", text(&values, D, "\t"), "--header no");
    check("blanks.txt", text(&values, D, "   "), "");
    check("quoted.csv", format!("\"{}", text(&values, D, "\",\"").replace('\n', "\"\n\"").trim_end_matches('"')), "");
}

#[test]
fn columns_are_chosen_by_name_and_number() {
    let values = clusters(N, D);
    let mut table = String::from("id,a,b,kind,c,d,e\n");
    for (i, row) in values.chunks(D).enumerate() {
        table += &format!("{i},{},{},\"kind, {}\",{},{},{}\n", row[0], row[1], i % 3, row[2], row[3], row[4]);
    }
    check("table.csv", &table, "--label-column kind --drop-column id");
    check("table.csv", &table, "--label-column 4 --drop-column 1");
}

#[test]
fn integers_and_booleans() {
    let directory = Directory::new();
    let integers: Vec<i16> = clusters(N, D).iter().map(|&x| x as i16).collect();
    let shape = [N as u64, D as u64];
    directory.write("i16.npy", npy(integers.iter().copied(), &shape, Order::C));
    directory.write("u8.npy", npy(integers.iter().map(|&x| x as u8), &shape, Order::C));
    directory.write("i64.npy", npy(integers.iter().map(|&x| i64::from(x)), &shape, Order::C));
    directory.write("f32.npy", npy(integers.iter().map(|&x| f32::from(x)), &shape, Order::C));
    let bits = || integers.iter().map(|x| x % 2 == 0);
    directory.write("bool.npy", npy(bits(), &shape, Order::C));
    directory.write("bits.npy", npy(bits().map(u8::from), &shape, Order::C));
    for name in ["i16", "u8", "i64", "f32", "bool", "bits"] {
        directory.succeed(&format!("embed {name}.npy -o {name}-map.npy {FLAGS}"));
    }
    for (a, b) in [("i16", "f32"), ("u8", "f32"), ("i64", "f32"), ("bool", "bits")] {
        let read = |name| directory.read(&format!("{name}-map.npy"));
        assert!(read(a) == read(b), "{a} {b}");
    }
}

#[test]
fn both_outputs_hold_the_same_map() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(N, D), D, ","));
    for (components, header) in [(1, "x"), (2, "x,y"), (3, "x,y,z")] {
        directory.succeed(&format!("embed x.csv -o y.npy --components {components} {FLAGS}"));
        directory.succeed(&format!("embed x.csv -o y.csv --components {components} {FLAGS}"));
        let (shape, expected) = read_npy(&directory.read("y.npy"));
        assert_eq!(shape, [N as u64, components]);
        let csv = String::from_utf8(directory.read("y.csv")).unwrap();
        let (first, rest) = csv.split_once('\n').unwrap();
        assert_eq!(first, header);
        // Shortest decimals read back as the same number.
        let found: Vec<f32> = rest.lines().flat_map(|line| line.split(',')).map(|x| x.parse().unwrap()).collect();
        assert_eq!(found, expected);
    }
    directory.succeed(&format!("embed x.csv -o wide.npy --float f64 {FLAGS}"));
    let bytes = directory.read("wide.npy");
    let wide: Vec<f64> = npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap();
    assert_eq!(wide.len(), 2 * N);
    assert!(wide.iter().any(|&y| f64::from(y as f32) != y), "double precision was lost");
}

#[test]
fn maps_are_starting_points() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(N, D), D, ","));
    let start: Vec<f64> = clusters(N, 2);
    directory.write("start.csv", text(&start, 2, ","));
    let flags = "--init start.csv --n-iter 0 --early-exaggeration-iter 0 --perplexity 8 --quiet";
    directory.succeed(&format!("embed x.csv -o y.npy {flags}"));
    let (_, y) = read_npy(&directory.read("y.npy"));
    assert!(y.iter().zip(&start).all(|(&y, &start)| f64::from(y) == start));
}

#[test]
fn labels_in_every_format() {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(N, D), D, ","));
    let class = |i: usize| i % 3;
    let line = |i: usize| ["ant", "bee", "cat or dog"][class(i)].to_owned() + "\n";
    directory.write("words.txt", (0..N).map(line).collect::<String>());
    directory.write("titled.csv", "animal\n".to_owned() + &(0..N).map(line).collect::<String>());
    directory.write("i64.npy", npy((0..N).map(|i| class(i) as i64), &[N as u64], Order::C));
    directory.write("f32.npy", npy((0..N).map(|i| class(i) as f32), &[N as u64], Order::C));
    directory.write("bool.npy", npy((0..N).map(|i| class(i) == 0), &[N as u64, 1], Order::C));
    let mut agreements = Vec::new();
    for labels in ["words.txt", "titled.csv", "i64.npy", "f32.npy", "bool.npy"] {
        let report = directory.json(&format!("embed x.csv -o y.csv --labels {labels} --perplexity 8"));
        agreements.push(report["label_agreement"].as_f64().unwrap());
    }
    // The clusters are 32 apart and 16 wide: a map that does not keep them apart is wrong.
    assert_eq!(agreements, [1.0; 5]);
    assert!(directory.json(&format!("embed x.csv -o y.csv {FLAGS}"))["label_agreement"].is_null());
}

#[test]
fn what_lies_far_from_the_origin_keeps_its_digits() {
    let directory = Directory::new();
    // Two groups, one apart from the other by ten, far beyond the digits of single precision.
    let (n, d, far) = (120, 4, 1_700_000_000.0);
    let values: Vec<f64> = clusters(n, d)
        .iter()
        .enumerate()
        .map(|(i, x)| far + (x % 3.0) + if i / d % 2 == 0 { 10.0 } else { 0.0 })
        .collect();
    let shape = [n as u64, d as u64];
    let whole: Vec<i64> = values.iter().map(|&x| x as i64).collect();
    directory.write("labels.txt", (0..n).map(|i| format!("{}\n", i % 2)).collect::<String>());
    directory.write("x.npy", npy(values.iter().copied(), &shape, Order::C));
    directory.write("x.csv", text(&values, d, ","));
    directory.write("i64.npy", npy(whole.iter().copied(), &shape, Order::C));
    directory.write("new.csv", text(&values[..20 * d], d, ","));
    for file in ["x.npy", "x.csv", "i64.npy"] {
        let flags = "-o y.npy --labels labels.txt --perplexity 10 --n-iter 250 --save m.tsne";
        let report = directory.json(&format!("embed {file} {flags}"));
        assert_eq!(report["label_agreement"].as_f64(), Some(1.0), "{file}");
        let score = directory.json(&format!("score {file} y.npy --labels labels.txt --perplexity 10"));
        assert!(score["trustworthiness"].as_f64().unwrap() > 0.9, "{file}: {score}");
    }
    // New points come to their group, whose places they were fitted to.
    directory.succeed("embed x.csv -o y.npy --save m.tsne -q --perplexity 10 --n-iter 250");
    directory.succeed("transform m.tsne new.csv -o new.npy -q");
    let ((_, y), (_, new)) = (read_npy(&directory.read("y.npy")), read_npy(&directory.read("new.npy")));
    let (y, new) = (y.as_chunks::<2>().0, new.as_chunks::<2>().0);
    for (i, &place) in new.iter().enumerate() {
        let near = nearest(y, place, 5);
        assert!(near.iter().all(|j| j % 2 == i % 2), "{i}: {near:?}");
    }
}

/// Columns of labels that have no name are read by their numbers, and stay where they are among those that have one.
#[test]
fn columns_without_a_name_keep_their_places() {
    let directory = Directory::new();
    directory.write("map.csv", "x,y,kind,\"\",batch\n1,2,a,p,u\n3,4,b,q,v\n5,6,a,q,w\n");
    let firsts = |labels: &[Labels]| labels.iter().map(|column| column.of(0).unwrap().to_owned()).collect::<String>();
    let map = MapTable::read(&directory.path("map.csv"), &InputOptions::default()).unwrap();
    assert_eq!(firsts(&map.annotations.labels), "apu");
    // In the order in which they are asked for, by name or by number.
    directory.write("kinds.csv", "id,site\n1,s\n2,t\n3,t\n");
    for (asked, expected) in [("#4 kind", "pa"), ("batch #4 kind", "upa"), ("#3 site batch", "asu"), ("site #4", "sp")]
    {
        let mut options = InputOptions { labels: vec![directory.path("kinds.csv")], ..InputOptions::default() };
        options.table.label_columns = asked.split(' ').map(str::to_owned).collect();
        let loaded = Loaded::<f64>::read(&directory.path("map.csv"), &options).unwrap();
        assert!(firsts(&loaded.annotations.labels).starts_with(expected), "{asked}: {:?}", loaded.annotations.labels);
    }
    // Names that differ by blanks alone are one to a reader: each is written as another one.
    let blank = |name: &str, text: &str| Labels { name: name.into(), ..Labels::from_texts([text]) };
    let annotations = Annotations { ids: None, labels: vec![blank("", "a"), blank("\t", "b"), blank(" ", "c")] };
    let mut bytes = Vec::new();
    Format::Csv.write(&mut bytes, &[[1.0f32, 2.0]], &Beside { annotations: Some(&annotations), graph: None }).unwrap();
    directory.write("blank.csv", bytes);
    let map = MapTable::read(&directory.path("blank.csv"), &InputOptions::default()).unwrap();
    assert_eq!(firsts(&map.annotations.labels), "abc");
}

#[test]
fn columns_of_labels_may_be_called_anything() {
    let directory = Directory::new();
    let texts = ["u;1", "v\t2", "w,|3"];
    for name in ["kind", "a;b", "a|b", "a\tb", "a,b", "say \"a\"", "#a", "a\nb"] {
        let labels = vec![Labels { name: name.into(), ..Labels::from_texts(texts) }];
        let annotations = Annotations { ids: None, labels };
        for file in ["map.csv", "map.tsv"] {
            let mut bytes = Vec::new();
            let beside = Beside { annotations: Some(&annotations), graph: None };
            let format = Format::of(file.as_ref()).unwrap();
            format.write(&mut bytes, &[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &beside).unwrap();
            directory.write(file, bytes);
            let map = MapTable::read(&directory.path(file), &InputOptions::default()).unwrap();
            let [column] = &map.annotations.labels[..] else { panic!("{name:?} in {file}: {:?}", map.annotations) };
            assert_eq!(column.name, name, "{file}");
            assert_eq!([0, 1, 2].map(|i| column.of(i)), texts.map(Some), "{name:?} in {file}");
        }
    }
}
