use super::*;

fn cloud(n: usize) -> Vec<[f64; 2]> {
    let unit = |i: u64| points::mix(i) as f64 / u64::MAX as f64;
    (0..n as u64).map(|i| [unit(2 * i), unit(2 * i + 1)]).collect()
}

/// Names that a careless writer would trip over.
const HOSTILE: [&str; 9] =
    ["<&\">'", "]]>", "🧬 emoji", "שלום", "", "  ", "細胞", "Größe β-cell γδ T", "a\u{0}b\u{ffff}\u{1b}[31m\nnew line"];

fn figure(y: &[[f64; 2]], labels: Option<&Labels>, options: &Options) -> Figure {
    let picture = Picture::of(y, labels).unwrap();
    let coloring = Coloring::new(labels, options).unwrap();
    Figure::new(&picture.panels, false, &coloring, options).unwrap()
}

fn named(n: usize, names: usize, length: usize) -> Labels {
    Labels::from_texts((0..n).map(|i| format!("{:x<length$}", format!("n{}", i % names))))
}

#[test]
fn the_legend_is_inside_the_picture() {
    let y = cloud(400);
    for names in [2, 20, 60, 300] {
        for length in [3, 20, 80] {
            let name = if length == 3 { String::new() } else { "the kind of cell".into() };
            let labels = Labels { name, ..named(400, names, length) };
            for (width, height) in [(7.0, None), (3.3, None), (7.0, Some(5.0)), (3.3, Some(2.5)), (12.0, Some(4.0))] {
                for legend in [Legend::Auto, Legend::Right, Legend::OnClusters] {
                    let options = Options { width, height, legend, title: "T".into(), ..Options::default() };
                    let figure = figure(&y, Some(&labels), &options);
                    let what = format!("{names} {length} {width} {height:?} {legend:?}");
                    assert!((figure.width - 72.0 * width as f32).abs() < 0.01, "{what}");
                    if let Some([low, high]) = figure.legend_box {
                        assert!(low[0] >= 0.0 && low[1] >= 0.0, "{what} {low:?}");
                        assert!(high[0] <= figure.width + 0.01, "{what} {high:?}");
                        assert!(high[1] <= figure.height + 0.01, "{what} {high:?} {}", figure.height);
                    } else {
                        assert_eq!(legend, Legend::OnClusters, "{what}");
                    }
                    // The points do not lie below it.
                    let (field, _) = &figure.fields[0];
                    let legend = figure.legend_box.unwrap_or([[figure.width, figure.height]; 2]);
                    let beside = field.corner[0] + field.size[0] <= legend[0][0] + 0.01;
                    let above = field.corner[1] + field.size[1] <= legend[0][1] + 0.01;
                    assert!(beside || above, "{what}");
                    assert!(field.size[0] >= 0.3 * figure.width, "{what} {:?}", field.size);
                    if names <= 60 && height.is_none() && length <= 20 {
                        for name in &labels.names {
                            assert!(figure.over.texts.contains(name.as_str()), "{what}: {name} is cut");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn names_on_points_do_not_overlap() {
    let y = cloud(600);
    let labels = named(600, 30, 8);
    let options = Options { legend: Legend::OnClusters, ..Options::default() };
    let figure = figure(&y, Some(&labels), &options);
    assert!(figure.names.len() >= 25);
    for (i, a) in figure.names.iter().enumerate() {
        for b in &figure.names[..i] {
            let apart = (0..2).any(|c| a.corners[1][c] <= b.corners[0][c] || b.corners[1][c] <= a.corners[0][c]);
            assert!(apart, "{} {}", a.name, b.name);
        }
        assert!(a.corners[1][0] <= figure.width && a.corners[1][1] <= figure.height && a.corners[0][0] >= 0.0);
    }
}

#[test]
fn axes_have_equal_scales_and_the_picture_is_upright() {
    let figure = figure(&[[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]], None, &Options::default());
    let at = &figure.fields[0].0.at;
    let (right, up) = (at[1][0] - at[0][0], at[1][1] - at[2][1]);
    assert!((up / right - 0.75).abs() < 1e-5 && up > 0.0 && at[0][1] == at[1][1] && at[1][0] == at[2][0]);
}

#[test]
fn points_beyond_all_measure_do_no_harm() {
    for y in [
        vec![],
        vec![[1.0, 1.0]],
        vec![[1.0, 1.0]; 3],
        vec![[f64::MAX, 0.0], [-f64::MAX, 0.0]],
        vec![[5e-324, 0.0], [0.0; 2]],
    ] {
        let figure = figure(&y, None, &Options::default());
        for at in &figure.fields[0].0.at {
            assert!((0.0..=figure.width).contains(&at[0]) && (0.0..=figure.height).contains(&at[1]), "{at:?}");
        }
    }
    assert!(Picture::of(&[[f64::NAN, 0.0]], None).is_err());
    let huge = Options { width: 200.0, dpi: 2400.0, ..Options::default() };
    assert!(Picture::of(&cloud(3), None).unwrap().encode(&huge, Format::Svg).is_err());
    for options in [
        Options { dpi: f64::NAN, ..Options::default() },
        Options { opacity: Some(0.0), ..Options::default() },
        Options { width: 0.0, ..Options::default() },
        Options { limits: Limits::Given(1.0, 1.0), ..Options::default() },
        Options { panel_per_label: true, ..Options::default() },
    ] {
        assert!(Picture::of(&cloud(3), None).unwrap().encode(&options, Format::Svg).is_err(), "{options:?}");
    }
}

#[test]
fn maps_are_compared_side_by_side() {
    let y = cloud(30);
    let turned: Vec<[f64; 2]> = y.iter().map(|&[a, b]| [-3.0 * b, 2.0 + 3.0 * a]).collect();
    let picture = Picture::side_by_side(vec![("a".into(), y.clone()), ("b".into(), turned)], None, true).unwrap();
    let difference = |(a, b): (&[f64; 2], &[f64; 2])| (a[0] - b[0]).abs() + (a[1] - b[1]).abs();
    assert!(picture.panels[0].flat.iter().zip(&picture.panels[1].flat).map(difference).all(|d| d < 1e-12));
    assert!(Picture::side_by_side(vec![("a".into(), y.clone()), ("b".into(), cloud(29))], None, true).is_err());
    let labels = named(30, 7, 4);
    let options = Options { panel_per_label: true, ..Options::default() };
    let svg = Picture::of(&y, Some(&labels)).unwrap().encode(&options, Format::Svg).unwrap();
    assert!(String::from_utf8(svg).unwrap().contains("n6xx (4)"));
}

#[cfg(feature = "plot")]
mod drawn {
    use super::*;
    use resvg::usvg;

    fn decode(bytes: &[u8]) -> (usize, usize, Vec<u8>, usize) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width as usize, info.height as usize, pixels, info.color_type.samples())
    }

    #[test]
    fn hostile_names_are_written_and_read() {
        let labels = Labels::from_texts((0..90).map(|i| HOSTILE[i % HOSTILE.len()]));
        for legend in [Legend::Auto, Legend::OnClusters] {
            let options =
                Options { title: HOSTILE.concat(), subtitle: "\u{202e}<b>".into(), legend, ..Options::default() };
            for format in [Format::Svg, Format::Png, Format::Pdf] {
                let bytes = Picture::of(&cloud(90), Some(&labels)).unwrap().encode(&options, format).unwrap();
                if format == Format::Svg {
                    let text = String::from_utf8(bytes).unwrap();
                    let document = usvg::roxmltree::Document::parse(&text).unwrap();
                    let texts = document.descendants().filter_map(|node| node.text()).collect::<String>();
                    assert!(texts.contains("<&\">'") && texts.contains("Größe β-cell γδ T") && texts.contains("細胞"));
                    usvg::Tree::from_str(&text, &usvg::Options::default()).unwrap();
                }
            }
        }
    }

    #[test]
    fn points_are_drawn_where_they_belong() {
        // Many points in one corner, one in the opposite one, of another class; both as discs and as a density.
        for n in [2000, points::DISCS + 5] {
            let mut y: Vec<[f64; 2]> = cloud(n - 1).iter().map(|p| p.map(|v| v * 0.1)).collect();
            y.push([1.0, 1.0]);
            let labels = Labels::from_texts((0..n).map(|i| if i + 1 < n { "a" } else { "b" }));
            let options = Options { legend: Legend::None, width: 4.0, dpi: 100.0, ..Options::default() };
            let png = Picture::of(&y, Some(&labels)).unwrap().encode(&options, Format::Png).unwrap();
            let (width, height, pixels, samples) = decode(&png);
            assert_eq!((width, samples), (400, 3));
            let figure = figure(&y, Some(&labels), &options);
            let at = figure.fields[0].0.at[n - 1].map(|v| (v * 100.0 / 72.0) as usize);
            let pixel = |x: usize, y: usize| &pixels[3 * (y * width + x)..][..3];
            // The lone point is of the second color, vermilion, up on the right.
            let lone = pixel(at[0], at[1]);
            assert!(lone[0] > 210 && lone[2] < 215 && lone[0] > lone[2] + 30, "{n} {lone:?}");
            assert!(at[0] > width / 2 && at[1] < height / 2);
            let crowd = pixel(40, height - 40);
            assert!(crowd[2] > crowd[0] + 40, "{n} {crowd:?}");
            assert_eq!(pixel(width / 2, height / 2), [255; 3]);
        }
    }

    #[test]
    fn the_same_picture_has_the_same_bytes_in_any_format_and_theme() {
        let y = cloud(3000);
        let labels = Labels::from_texts((0..3000).map(|i| (f64::from(i) * 0.37).to_string()));
        for theme in [Theme::Light, Theme::Dark, Theme::Transparent] {
            let options = Options { theme, title: "A title".into(), ..Options::default() };
            for format in [Format::Svg, Format::Png, Format::Pdf] {
                let bytes = || Picture::of(&y, Some(&labels)).unwrap().encode(&options, format).unwrap();
                let first = bytes();
                assert!(first == bytes(), "{theme:?} {format:?}");
                if format == Format::Png {
                    let (_, _, pixels, samples) = decode(&first);
                    match theme {
                        Theme::Light => assert_eq!((samples, &pixels[..3]), (3, &[255; 3][..])),
                        Theme::Dark => assert!(samples == 3 && pixels[0] < 40),
                        Theme::Transparent => assert_eq!((samples, pixels[3]), (4, 0)),
                    }
                }
            }
        }
    }

    #[test]
    fn a_pdf_has_its_objects_where_its_table_says() {
        for n in [100, 30_000] {
            let options = Options { title: "β".into(), dpi: 72.0, ..Options::default() };
            let pdf = Picture::of(&cloud(n), None).unwrap().encode(&options, Format::Pdf).unwrap();
            assert!(pdf.starts_with(b"%PDF-1.4") && pdf.ends_with(b"%%EOF\n"));
            let text = String::from_utf8_lossy(&pdf);
            let tail = text.rsplit("startxref\n").next().unwrap();
            let table: usize = tail.lines().next().unwrap().parse().unwrap();
            assert!(pdf[table..].starts_with(b"xref\n0 "));
            let entries = String::from_utf8(pdf[table..].to_vec()).unwrap();
            let places = entries.lines().skip(3).take_while(|line| line.ends_with(" n "));
            let mut count = 0;
            for (i, line) in places.enumerate() {
                let place: usize = line[..10].parse().unwrap();
                assert!(pdf[place..].starts_with(format!("{} 0 obj", i + 1).as_bytes()));
                count += 1;
            }
            assert_eq!(count, if n > 20_000 { 6 } else { 4 });
        }
    }
}
