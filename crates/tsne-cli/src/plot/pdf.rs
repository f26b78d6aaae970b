//! PDF pictures: the shapes of the picture, texts as outlines, and the image of many points.
//!
//! A page of filled and stroked paths is a small part of the format (ISO 32000-1), which is written here: a library for all of it would
//! be compiled longer than the rest of the program. Texts are outlines, so that they look the same everywhere.

use super::figure::Figure;
use super::points::Canvas;
use super::raster::tree;
use super::svg::Elements;
use anyhow::Result;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use resvg::tiny_skia::PathSegment;
use resvg::usvg::{Fill, FillRule, Group, LineJoin, Node, Opacity, Paint, Path, Stroke, Transform};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

/// The operators of a page, and the opacities that they use, in thousandths.
#[derive(Default)]
struct Content {
    operators: String,
    opacities: BTreeMap<u32, ()>,
}

/// The picture as a PDF file of one page.
pub(super) fn pdf(figure: &Figure, circles: Option<&str>, canvas: Option<&Canvas>) -> Result<Vec<u8>> {
    let (width, height) = (figure.width, figure.height);
    let mut content = Content::default();
    // From the upper left corner downwards, as the shapes are.
    let _ = writeln!(content.operators, "1 0 0 -1 0 {height:.3} cm");
    let draw = |content: &mut Content, elements: &Elements, more: &str| -> Result<()> {
        let tree = tree(figure, elements, more)?;
        let size = tree.size();
        let scale = Transform::from_scale(width / size.width(), height / size.height());
        content.group(tree.root(), scale);
        Ok(())
    };
    draw(&mut content, &figure.under, circles.unwrap_or(""))?;
    if canvas.is_some() {
        // The image fills the unit square, upwards.
        let _ = writeln!(content.operators, "q {width:.3} 0 0 -{height:.3} 0 {height:.3} cm /I Do Q");
    }
    draw(&mut content, &figure.over, "")?;

    let mut states = String::new();
    for opacity in content.opacities.keys() {
        let share = f64::from(*opacity) / 1000.0;
        let _ = write!(states, "/G{opacity} << /ca {share} /CA {share} >> ");
    }
    let image = if canvas.is_some() { "/XObject << /I 5 0 R >> " } else { "" };
    let mut objects: Vec<(String, Option<Vec<u8>>)> = vec![
        ("/Type /Catalog /Pages 2 0 R".into(), None),
        ("/Type /Pages /Kids [3 0 R] /Count 1".into(), None),
        (
            format!(
                "/Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.3} {height:.3}] /Contents 4 0 R /Group << /S /Transparency /CS /DeviceRGB >> /Resources << /ExtGState << {states}>> {image}>>"
            ),
            None,
        ),
        (String::new(), Some(content.operators.into_bytes())),
    ];
    if let Some(canvas) = canvas {
        let rgba = canvas.rgba();
        let colors = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        let opacities = rgba.chunks_exact(4).map(|pixel| pixel[3]).collect();
        let kind = |space: &str, more: &str| {
            let (width, height) = (canvas.width, canvas.height);
            format!(
                "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /{space} /BitsPerComponent 8 {more}"
            )
        };
        objects.push((kind("DeviceRGB", "/SMask 6 0 R"), Some(colors)));
        objects.push((kind("DeviceGray", ""), Some(opacities)));
    }
    file(&objects)
}

/// Objects numbered from 1 with their table.
fn file(objects: &[(String, Option<Vec<u8>>)]) -> Result<Vec<u8>> {
    // The second line tells programs that it is not text.
    let mut bytes = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = Vec::new();
    for (i, (entries, stream)) in objects.iter().enumerate() {
        places.push(bytes.len());
        write!(bytes, "{} 0 obj\n<< {entries}", i + 1)?;
        match stream {
            None => bytes.extend_from_slice(b" >>\nendobj\n"),
            Some(stream) => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(stream)?;
                let packed = encoder.finish()?;
                writeln!(bytes, " /Filter /FlateDecode /Length {} >>\nstream", packed.len())?;
                bytes.extend_from_slice(&packed);
                bytes.extend_from_slice(b"\nendstream\nendobj\n");
            }
        }
    }
    let table = bytes.len();
    write!(bytes, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1)?;
    for place in places {
        writeln!(bytes, "{place:010} 00000 n ")?;
    }
    write!(bytes, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1)?;
    Ok(bytes)
}

// Writing to a string cannot fail.
impl Content {
    fn group(&mut self, group: &Group, outer: Transform) {
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group, outer),
                Node::Path(path) => self.path(path, outer),
                Node::Text(text) => self.group(text.flattened(), outer),
                // There are none in what is drawn here.
                Node::Image(_) => {}
            }
        }
    }

    fn opacity(&mut self, opacity: Opacity) {
        let thousandths = (opacity.get() * 1000.0).round() as u32;
        self.opacities.insert(thousandths, ());
        let _ = writeln!(self.operators, "/G{thousandths} gs");
    }

    fn color(&mut self, paint: &Paint, operator: &str) {
        let Paint::Color(color) = paint else { return };
        let [r, g, b] = [color.red, color.green, color.blue].map(|value| f32::from(value) / 255.0);
        let _ = writeln!(self.operators, "{r:.4} {g:.4} {b:.4} {operator}");
    }

    fn path(&mut self, path: &Path, outer: Transform) {
        if !path.is_visible() {
            return;
        }
        let transform = outer.pre_concat(path.abs_transform());
        let Some(data) = path.data().clone().transform(transform) else { return };
        let mut outline = String::new();
        let mut last = [0.0f32; 2];
        for segment in data.segments() {
            let _ = match segment {
                PathSegment::MoveTo(p) => {
                    last = [p.x, p.y];
                    writeln!(outline, "{:.3} {:.3} m", p.x, p.y)
                }
                PathSegment::LineTo(p) => {
                    last = [p.x, p.y];
                    writeln!(outline, "{:.3} {:.3} l", p.x, p.y)
                }
                PathSegment::QuadTo(c, p) => {
                    // The cubic curve that is the same.
                    let third = |from: f32, to: f32| from + (to - from) * (2.0 / 3.0);
                    let (a, b) = ([third(last[0], c.x), third(last[1], c.y)], [third(p.x, c.x), third(p.y, c.y)]);
                    last = [p.x, p.y];
                    writeln!(outline, "{:.3} {:.3} {:.3} {:.3} {:.3} {:.3} c", a[0], a[1], b[0], b[1], p.x, p.y)
                }
                PathSegment::CubicTo(a, b, p) => {
                    last = [p.x, p.y];
                    writeln!(outline, "{:.3} {:.3} {:.3} {:.3} {:.3} {:.3} c", a.x, a.y, b.x, b.y, p.x, p.y)
                }
                PathSegment::Close => writeln!(outline, "h"),
            };
        }
        if let Some(fill) = path.fill() {
            self.fill(fill, &outline);
        }
        if let Some(stroke) = path.stroke() {
            // Scales are equal in both directions.
            self.stroke(stroke, transform.sx.abs(), &outline);
        }
    }

    fn fill(&mut self, fill: &Fill, outline: &str) {
        self.opacity(fill.opacity());
        self.color(fill.paint(), "rg");
        let operator = if fill.rule() == FillRule::EvenOdd { "f*" } else { "f" };
        let _ = writeln!(self.operators, "{outline}{operator}");
    }

    fn stroke(&mut self, stroke: &Stroke, scale: f32, outline: &str) {
        self.opacity(stroke.opacity());
        self.color(stroke.paint(), "RG");
        let join = if stroke.linejoin() == LineJoin::Round { 1 } else { 0 };
        let _ = writeln!(self.operators, "{join} j {:.3} w\n{outline}S", stroke.width().get() * scale);
    }
}
