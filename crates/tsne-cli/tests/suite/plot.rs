//! `tsne plot`: pictures of a map that is there, by any column, without a fit.

use crate::common::Directory;

/// Nine points on a grid, with their names, two kinds, ten kinds that sort by number, and an age.
const MAP: &str = "id,x,y,kind,cluster,age\n\
    a,0,0,B cell,c10,1.5\nb,1,0,B cell,c2,2.5\nc,2,0,B cell,c2,3.5\n\
    d,0,1,T <&> cell,c1,4.5\ne,1,1,T <&> cell,c1,5.5\nf,2,1,T <&> cell,c3,6.5\n\
    g,0,2,B cell,c4,7.5\nh,1,2,,c5,8.5\ni,2,2,T <&> cell,c5,99.5\n";

fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("map.csv", MAP);
    directory
}

fn svg(directory: &Directory, arguments: &str) -> String {
    directory.succeed(&format!("plot map.csv -o y.svg -q {arguments}"));
    String::from_utf8(directory.read("y.svg")).unwrap()
}

/// The texts of an SVG in their order.
fn texts(svg: &str) -> Vec<String> {
    let inner = |element: &str| element.split_once('>').unwrap().1.split_once("</text>").unwrap().0.to_owned();
    svg.split("<text").skip(1).map(inner).collect()
}

/// The fills of the circles of points, whose diameters are equal; dots of the legend are of another.
fn fills(svg: &str, of: usize) -> Vec<String> {
    let circles: Vec<(&str, &str)> = svg
        .split("<circle ")
        .skip(1)
        .map(|circle| {
            let attribute = |name: &str| circle.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap();
            (attribute("r"), attribute("fill"))
        })
        .collect();
    let most = circles.iter().map(|(r, _)| circles.iter().filter(|(other, _)| other == r).count()).max().unwrap();
    assert_eq!(most, of, "{circles:?}");
    let r = circles.iter().find(|(r, _)| circles.iter().filter(|(other, _)| other == r).count() == most).unwrap().0;
    circles.iter().filter(|(other, _)| *other == r).map(|(_, fill)| (*fill).to_owned()).collect()
}

#[test]
fn any_column_colors_the_map() {
    let directory = directory();
    // The first one where none is named.
    let of_kind = svg(&directory, "");
    assert_eq!(texts(&of_kind), ["9 points", "kind", "B cell", "T &lt;&amp;&gt; cell", "no label"]);
    let mut fills_of_kind = fills(&of_kind, 9);
    fills_of_kind.sort();
    let count = |fills: &[String], fill: &String| fills.iter().filter(|other| *other == fill).count();
    let mut counts: Vec<usize> = fills_of_kind.iter().map(|fill| count(&fills_of_kind, fill)).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 4, 4, 4, 4, 4, 4, 4, 4], "one without a label, four of each kind");
    let of_cluster = svg(&directory, "--color cluster --title Clusters");
    assert_eq!(texts(&of_cluster), ["Clusters", "cluster", "c1", "c2", "c3", "c4", "c5", "c10"]);
    let plain = svg(&directory, "--color none");
    assert_eq!(texts(&plain), ["9 points"]);
    assert!(fills(&plain, 9).windows(2).all(|pair| pair[0] == pair[1]));
    // Numbers: a scale with ticks, whose robust ends leave out what is far from all others unless told otherwise.
    let of_age = texts(&svg(&directory, "--color age --label-type numbers --limits 0,10"));
    assert_eq!(of_age, ["9 points", "age", "0", "2", "4", "6", "8", "10"]);
    // A file of labels colors, too, and comes first.
    directory.write(
        "other.csv",
        "id,batch\n".to_owned() + &"abcdefghi".chars().map(|c| format!("{c},1st\n")).collect::<String>(),
    );
    let of_file = svg(&directory, "--labels other.csv --color batch");
    assert_eq!(texts(&of_file), ["9 points", "batch", "1st"]);
}

#[test]
fn one_color_for_one_kind_in_every_format_and_look() {
    let directory = directory();
    let of_svg = fills(&svg(&directory, ""), 9);
    directory
        .succeed("plot map.csv -o y.png -q --width 600px --dpi 100 --theme transparent --point-size 20 --opacity 1");
    let mut reader = png::Decoder::new(std::io::Cursor::new(directory.read("y.png"))).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.color_type), (600, png::ColorType::Rgba));
    assert_eq!(pixels[3], 0, "the corner is transparent");
    for fill in of_svg {
        let rgb: Vec<u8> = (0..3).map(|c| u8::from_str_radix(&fill[1 + 2 * c..3 + 2 * c], 16).unwrap()).collect();
        let found = pixels.chunks(4).filter(|pixel| pixel[..3] == rgb[..] && pixel[3] == 255).count();
        // Dots of 20 points at 100 pixels per inch have 600 pixels; their edges are mixed.
        assert!(found > 300, "{fill}: {found}");
    }
    let again = || {
        directory.succeed("plot map.csv -o y.pdf -q");
        directory.read("y.pdf")
    };
    assert!(again().starts_with(b"%PDF-") && again() == again());
    let stdout = directory.succeed("plot map.csv -o y.pdf");
    assert_eq!(stdout.split_whitespace().collect::<Vec<_>>(), ["written", "y.pdf"]);
}

#[test]
fn panels_of_labels_maps_and_views() {
    let directory = directory();
    let of_labels = texts(&svg(&directory, "--panels label"));
    assert_eq!(of_labels, ["9 points", "B cell (4)", "T &lt;&amp;&gt; cell (4)"]);
    directory.write("a_map_with_a_very_long_name_of_perplexity_5.csv", MAP);
    directory.write("a_map_with_a_very_long_name_of_perplexity_50.csv", MAP);
    directory.succeed(
        "plot map.csv a_map_with_a_very_long_name_of_perplexity_5.csv a_map_with_a_very_long_name_of_perplexity_50.csv \
         -o y.svg -q --align --width 5",
    );
    let of_maps = texts(&String::from_utf8(directory.read("y.svg")).unwrap());
    assert_eq!(of_maps[..2], ["3 maps of 9 points", "map"]);
    // Where a name is cut, both of its ends are there.
    for (title, end) in of_maps[2..4].iter().zip(["perplexity_5", "perplexity_50"]) {
        assert!(title.starts_with("a_map") && title.ends_with(end) && title.contains('…'), "{title}");
    }
    directory.write("three.csv", "x,y,z\n0,0,1\n1,0,2\n0,1,3\n");
    directory.succeed("plot three.csv -o y.svg -q");
    let views = String::from_utf8(directory.read("y.svg")).unwrap();
    assert_eq!(texts(&views).len(), 4, "a title, and one for each of three views: {:?}", texts(&views));
    directory.write("one.csv", "x\n0\n1\n0.5\n");
    directory.succeed("plot one.csv -o y.svg -q");
    assert_eq!(fills(&String::from_utf8(directory.read("y.svg")).unwrap(), 3).len(), 3);
}

#[test]
fn what_is_highlighted_is_colored_and_all_else_gray() {
    let directory = directory();
    let all = fills(&svg(&directory, "--color cluster"), 9);
    let svg = svg(&directory, "--color cluster --highlight c2,c10");
    assert_eq!(texts(&svg), ["9 points", "cluster", "c2", "c10", "others"]);
    let some = fills(&svg, 9);
    // Gray ones are drawn first: six of one color, then the three of c2 and c10 in the colors they have in the other picture.
    assert!(some[..6].windows(2).all(|pair| pair[0] == pair[1]), "{some:?}");
    assert!(some[6..].iter().all(|fill| *fill != some[0] && all.contains(fill)), "{some:?} {all:?}");
}

#[test]
fn errors_name_what_there_is() {
    let directory = directory();
    directory.write("plain.csv", "x,y\n0,0\n1,1\n");
    for (arguments, wanted) in [
        ("plot map.csv -o y.svg --color kinds", "kind, cluster, age"),
        ("plot plain.csv -o y.svg --color kind", "the map has no labels: give --labels"),
        ("plot map.csv -o y.svg --highlight nothing", "no point is labeled \"nothing\""),
        ("plot map.csv -o y.gif", ".png, .svg or .pdf"),
        ("plot map.csv plain.csv -o y.svg", "the first map has 9"),
        ("plot map.csv -o map.csv", "map.csv would be overwritten"),
        ("plot map.csv -o y.png --dpi 100000", "a --dpi of 20 to 2,400"),
        ("plot map.csv -o y.png --dpi 2400 --width 60", "fewer --dpi"),
        ("plot map.csv -o y.png --opacity 2", "opacity"),
    ] {
        directory.refuse(arguments, wanted);
        assert!(!directory.files().iter().any(|file| file.starts_with("y.")), "{arguments}");
    }
}
