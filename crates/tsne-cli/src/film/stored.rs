//! Films as sections of a checkpoint, so that a run that is resumed has the film of one that was not interrupted.

use super::{Film, Frame};
use anyhow::{Result, ensure};
use tsne::store::{Reader, Writer};

/// The names of the sections.
const ITERATIONS: &str = "own.film.iterations";
const DIVERGENCES: &str = "own.film.divergences";
const GRIDS: &str = "own.film.grids";

fn places(frame: usize) -> String {
    format!("own.film.places.{frame}")
}

impl Film {
    /// Adds the frames to what a saved map holds.
    ///
    /// # Errors
    ///
    /// If a section of that name is there already.
    pub fn put<'a>(&'a self, writer: &mut Writer<'a>) -> Result<()> {
        let count = self.frames.len();
        let iterations: Vec<usize> = self.frames.iter().map(|frame| frame.iteration).collect();
        let divergences: Vec<f64> = self.frames.iter().map(|frame| frame.kl_divergence.unwrap_or(f64::NAN)).collect();
        let grids: Vec<f64> = self.frames.iter().flat_map(|frame| frame.grid).collect();
        writer.owned(ITERATIONS, &[count], iterations)?.owned(DIVERGENCES, &[count], divergences)?;
        writer.owned(GRIDS, &[count, 3], grids)?;
        for (f, frame) in self.frames.iter().enumerate() {
            writer.array(&places(f), &[frame.n()], &frame.places)?;
        }
        Ok(())
    }

    /// Takes up the frames of a saved map of `n` points, if it has any.
    ///
    /// # Errors
    ///
    /// Where the sections contradict each other.
    pub fn take(&mut self, reader: &mut Reader, n: usize) -> Result<()> {
        if !reader.contains(ITERATIONS) {
            return Ok(());
        }
        let &[count] = reader.shape(ITERATIONS)? else { anyhow::bail!("the section {ITERATIONS} is no list") };
        let iterations: Vec<usize> = reader.take(ITERATIONS, &[count])?;
        ensure!(iterations.is_sorted_by(|a, b| a < b), "the section {ITERATIONS} does not grow");
        let divergences: Vec<f64> = reader.take(DIVERGENCES, &[count])?;
        let grids: Vec<f64> = reader.take(GRIDS, &[count, 3])?;
        self.frames.clear();
        for (f, ((iteration, divergence), grid)) in
            iterations.into_iter().zip(divergences).zip(grids.as_chunks().0).enumerate()
        {
            let kl_divergence = (!divergence.is_nan()).then_some(divergence);
            let places = reader.take(&places(f), &[n])?;
            self.frames.push(Frame { iteration, kl_divergence, grid: *grid, places });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_comes_back_as_it_was() {
        let mut film = Film::new(4);
        film.begin(5, 10, &[[0.0f32, 1.0], [2.0, 0.5], [1.0, 0.0]]);
        film.add(9, Some(0.25), &[[0.0f32, 3.0], [2.0, 0.5], [1.0, 0.0]]);
        let mut writer = Writer::new();
        film.put(&mut writer).unwrap();
        let mut bytes = Vec::new();
        writer.write_to(&mut bytes).unwrap();
        let mut back = Film::new(4);
        back.take(&mut Reader::from_bytes(&bytes).unwrap(), 3).unwrap();
        assert_eq!(back.frames(), film.frames());
        // What goes on chooses the same moments, whenever it was interrupted.
        back.begin(10, 5, &[[0.0f32, 0.0]; 3]);
        assert_eq!(back, film);
        assert!(Film::new(4).take(&mut Reader::from_bytes(&bytes).unwrap(), 4).is_err());
    }
}
