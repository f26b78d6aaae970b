use anyhow::{Result, bail, ensure};
use std::path::Path;

/// The file format of a film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilmFormat {
    /// The page of the map with a slider over its frames.
    Html,
    /// An animated picture.
    Apng,
}

impl FilmFormat {
    /// The format of a file name.
    ///
    /// # Errors
    ///
    /// For an extension that is none of `.html`, `.png` and `.apng`, or one that this program was built without.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        let format = match extension.as_deref() {
            Some("html") => Self::Html,
            Some("png" | "apng") => Self::Apng,
            _ => bail!("{}: the extension of the film must be .html, .png or .apng", path.display()),
        };
        ensure!(
            cfg!(feature = "plot") || format == Self::Html,
            "{}: this program was built without its feature plot: only .html can be written",
            path.display()
        );
        Ok(format)
    }
}
