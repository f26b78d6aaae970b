//! Films as animated pictures (APNG), which browsers and most programs play; others show the last frame.

use super::Film;
use crate::input::Labels;
use crate::plot::{Options, Picture, grouped};
use anyhow::{Context, Result};
use rayon::prelude::*;
use std::io::Write;

/// Frames a second, and the seconds that the last one stays.
const RATE: u16 = 12;
const LAST: u16 = 3;

/// Pixels per inch, on 7 inches: a film has the bytes of a hundred pictures.
const DPI: f64 = 100.0;

/// Frames that are drawn side by side: so many are in memory.
const AT_ONCE: usize = 16;

/// Writes a film as an animated picture, with its points colored by label.
///
/// # Errors
///
/// For a film without frames, labels of other points, and what `to` refuses.
pub fn write(to: impl Write, film: &Film, labels: Option<&Labels>) -> Result<()> {
    let views = film.views();
    let picture = |f: usize| {
        let frame = &film.frames()[f];
        let divergence = frame.kl_divergence.map(|kl| format!(" · KL divergence {kl:.4}")).unwrap_or_default();
        let options = Options {
            title: format!("t-SNE of {} points", grouped(frame.n())),
            subtitle: format!("iteration {}{divergence}", grouped(frame.iteration)),
            dpi: DPI,
            ..Options::default()
        };
        let y: Vec<[f64; 2]> = frame.positions().collect();
        Picture::of(&y, labels)?.within(views[f].ranges()).pixels(&options)
    };
    let last = film.frames().len().checked_sub(1).context("the film has no frames")?;
    let still = picture(last)?;
    let mut encoder = png::Encoder::new(to, still.width as u32, still.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_animated(film.frames().len() as u32, 0)?;
    encoder.set_sep_def_img(true)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&still.values)?;
    for first in (0..last).step_by(AT_ONCE) {
        let frames = (first..last.min(first + AT_ONCE)).into_par_iter().map(picture);
        for frame in frames.collect::<Result<Vec<_>>>()? {
            writer.set_frame_delay(1, RATE)?;
            writer.write_image_data(&frame.values)?;
        }
    }
    writer.set_frame_delay(LAST, 1)?;
    writer.write_image_data(&still.values)?;
    writer.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_animated_picture_has_every_frame_and_shows_the_last_one_where_it_cannot_move() {
        let mut film = Film::new(3);
        let y = |size: f32| (0..60).map(|i| [(i as f32).cos() * size, (i as f32).sin() * size]).collect::<Vec<_>>();
        film.begin(0, 10, &y(1e-4));
        film.add(3, Some(2.0), &y(1.0));
        film.add(10, Some(1.0), &y(30.0));
        let labels = Labels::from_texts((0..60).map(|i| ["a", "b"][i % 2]));
        let mut bytes = Vec::new();
        write(&mut bytes, &film, Some(&labels)).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let animation = *reader.info().animation_control().unwrap();
        assert_eq!((animation.num_frames, animation.num_plays), (3, 0));
        let mut images = vec![vec![0; reader.output_buffer_size().unwrap()]; 4];
        for image in &mut images {
            reader.next_frame(image).unwrap();
        }
        assert!(images[0] == images[3] && images[1] != images[2] && images[2] != images[3]);
        // On scales of their own, all have points below the texts, those of the first frame 300,000 times nearer to each other: hundreds
        // of bytes are not white.
        for image in &images {
            let dark = image[image.len() / 2..].iter().filter(|&&byte| byte != u8::MAX).count();
            assert!(dark > 100, "{dark}");
        }
        let mut again = Vec::new();
        write(&mut again, &film, Some(&labels)).unwrap();
        assert!(bytes == again);
        assert!(write(Vec::new(), &Film::new(3), None).is_err());
    }
}
