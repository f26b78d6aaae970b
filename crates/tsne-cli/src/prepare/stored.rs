//! Preparations as sections of a saved map.

use super::Preparation;
use tsne::StoreError;
use tsne::store::{Reader, Settings, Writer};

/// The names of the sections.
const SETTINGS: &str = "own.prepare";
const MEANS: &str = "own.prepare.means";
const DEVIATIONS: &str = "own.prepare.deviations";
const CENTER: &str = "own.prepare.center";
const AXES: &str = "own.prepare.axes";

impl Preparation {
    /// Adds the preparation to what a saved map holds.
    ///
    /// # Errors
    ///
    /// If a section of that name is there already.
    pub fn put<'a>(&'a self, writer: &mut Writer<'a>) -> Result<(), StoreError> {
        let d = self.d;
        let mut settings = Settings::new();
        settings.set("d", d).set("log1p", self.log1p).set("standardized", self.scale.is_some());
        if let Some(total) = self.total {
            settings.set("total", total);
        }
        if let Some((means, deviations)) = &self.scale {
            writer.array(MEANS, &[d], means)?.array(DEVIATIONS, &[d], deviations)?;
        }
        if let Some((means, axes)) = &self.pca {
            settings.set("components", axes.len() / d.max(1));
            writer.array(CENTER, &[d], means)?.array(AXES, &[axes.len() / d.max(1), d], axes)?;
        }
        writer.settings(SETTINGS, &settings)?;
        Ok(())
    }

    /// The preparation of a saved map, if its points were prepared.
    ///
    /// # Errors
    ///
    /// Where the sections contradict each other.
    pub fn take(reader: &mut Reader) -> Result<Option<Self>, StoreError> {
        if !reader.contains(SETTINGS) {
            return Ok(None);
        }
        let settings = reader.settings(SETTINGS)?;
        let d: usize = settings.get("d")?;
        let scale = match settings.get::<bool>("standardized")? {
            true => Some((reader.take(MEANS, &[d])?, reader.take(DEVIATIONS, &[d])?)),
            false => None,
        };
        let pca = match settings.optional::<usize>("components")? {
            Some(count) => Some((reader.take(CENTER, &[d])?, reader.take(AXES, &[count, d])?)),
            None => None,
        };
        Ok(Some(Self { d, total: settings.optional("total")?, log1p: settings.get("log1p")?, scale, pca }))
    }
}
