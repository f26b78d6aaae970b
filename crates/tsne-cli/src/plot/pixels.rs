//! Pixels as the bytes of a PNG file.

use anyhow::Result;

/// Pixels row by row, red, green, blue, and opacity where the ground is transparent.
#[cfg(feature = "plot")]
#[derive(Debug)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<u8>,
}

/// Pixels as a PNG file; three bytes for each, or four with the opacity.
pub(super) fn encode_png(width: usize, height: usize, values: &[u8], opacity: bool) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(if opacity { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(values)?;
    writer.finish()?;
    Ok(bytes)
}
