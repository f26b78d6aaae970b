//! PNG pictures: shapes and texts by `resvg`, the points between them.

use super::figure::Figure;
use super::font;
use super::options::Options;
use super::pixels::Pixels;
use super::points::Canvas;
use super::svg::{self, Elements};
use anyhow::{Context, Result};
use resvg::tiny_skia::{Pixmap, PixmapMut, PixmapPaint, Transform};
use resvg::usvg;
use std::sync::{Arc, OnceLock};

/// Elements as the shapes that draw them, in 1/72 inch.
pub(super) fn tree(figure: &Figure, elements: &Elements, more: &str) -> Result<usvg::Tree> {
    let document = svg::document(figure.width, figure.height, &[&elements.markup, more]);
    let options = usvg::Options {
        fontdb: fonts(!font::covers(&elements.texts)),
        font_family: font::FAMILY.into(),
        dpi: 72.0,
        ..usvg::Options::default()
    };
    usvg::Tree::from_str(&document, &options).context("the picture cannot be drawn")
}

/// The fonts: that of the program, and those of the system where it lacks a letter.
fn fonts(system: bool) -> Arc<usvg::fontdb::Database> {
    static FONTS: [OnceLock<Arc<usvg::fontdb::Database>>; 2] = [OnceLock::new(), OnceLock::new()];
    let load = || {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(font::REGULAR.to_vec());
        fonts.load_font_data(font::BOLD.to_vec());
        if system {
            fonts.load_system_fonts();
        }
        Arc::new(fonts)
    };
    FONTS[usize::from(system)].get_or_init(load).clone()
}

/// The pixels of the picture.
pub(super) fn pixels(figure: &Figure, canvas: &Canvas, options: &Options) -> Result<Pixels> {
    let (width, height) = (canvas.width, canvas.height);
    let mut page = Pixmap::new(width as u32, height as u32).context("there is no memory for the picture")?;
    let draw = |page: &mut PixmapMut<'_>, elements: &Elements| -> Result<()> {
        let tree = tree(figure, elements, "")?;
        // A pixel count is a whole number: the page is stretched by less than a pixel.
        let size = tree.size();
        resvg::render(&tree, Transform::from_scale(width as f32 / size.width(), height as f32 / size.height()), page);
        Ok(())
    };
    draw(&mut page.as_mut(), &figure.under)?;
    let mut points = Pixmap::new(width as u32, height as u32).context("there is no memory for the picture")?;
    for (pixel, rgba) in points.data_mut().chunks_exact_mut(4).zip(canvas.rgba().chunks_exact(4)) {
        let opacity = u32::from(rgba[3]);
        let times = |value: u8| ((u32::from(value) * opacity + 127) / 255) as u8;
        pixel.copy_from_slice(&[times(rgba[0]), times(rgba[1]), times(rgba[2]), rgba[3]]);
    }
    page.draw_pixmap(0, 0, points.as_ref(), &PixmapPaint::default(), Transform::identity(), None);
    drop(points);
    draw(&mut page.as_mut(), &figure.over)?;
    let transparent = options.theme.background().is_none();
    let mut values = Vec::with_capacity(page.data().len());
    for pixel in page.pixels() {
        let color = pixel.demultiply();
        values.extend_from_slice(
            &[color.red(), color.green(), color.blue(), color.alpha()][..if transparent { 4 } else { 3 }],
        );
    }
    Ok(Pixels { width, height, values })
}
