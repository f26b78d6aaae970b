//! A page of very many points: a folder with the points in tiles, of which a browser loads those that it shows.
//!
//! The tiles are scripts, since a page that is opened from a disk may load nothing else from beside it; served, they work as well. A
//! view takes a bounded number of points, however many there are: a tile has at most [`POINTS`], each point is in one tile, and the
//! tiles above a part of the plane have a sample of it. Ids stand once more in sorted lists, so that one is found by loading one list.

mod folder;
mod ids;
mod tree;

pub use folder::Folder;

use super::blob::Arrays;
use super::columns::{Form, write_names, write_values};
use super::meta::{Meta, TilesMeta};
use super::options::Page;
use super::{WITH_SCRIPTS, check, origin, place, text, write_markup};
use crate::input::{Annotations, Labels};
use anyhow::{Result, ensure};
use rayon::prelude::*;
use std::path::Path;
use tree::{Tile, Tree};
use tsne::Scalar;

/// The most points of a tile: some 200 kB of script.
const POINTS: usize = 20_000;

/// The rows of which one script tells the tiles.
const ROWS: usize = 1 << 17;

/// Writes the page of a map into a folder: `index.html`, which a browser opens, and scripts beside it. The threads are those of the
/// caller's pool; the files do not depend on their number.
///
/// A folder that is there must be empty, or have such a page, which is replaced. Tells how much was written.
///
/// # Errors
///
/// As [`write`](super::write), for neighbors and films, which such a page does not show, and if the folder cannot be written.
pub fn write_folder<T: Scalar>(path: &Path, y: &[[T; 2]], options: &Page<'_>) -> Result<Folder> {
    ensure!(options.neighbors.is_none(), "a page in a folder has no neighbors in the data: leave --data out");
    ensure!(options.film.is_none(), "a page in a folder has no film: name a file");
    let none = Annotations::default();
    let annotations = options.annotations.unwrap_or(&none);
    check(y, annotations, options)?;
    let origin = origin(y);
    let forms: Vec<Form> = annotations.labels.iter().map(Form::of).collect();
    let folder = Folder::create(path)?;
    let tree = Tree::new(y, POINTS);
    tree.tiles.par_iter().enumerate().try_for_each(|(number, tile)| {
        folder.script(&format!("tiles/{number}"), |to| {
            let points = tree.points(tile).iter().map(|&i| i as usize);
            to.numbers("rows", tree.points(tile).iter().map(|i| i.to_le_bytes()))?;
            for c in 0..2 {
                to.numbers(&format!("axis-{c}"), points.clone().map(|i| place(y[i][c], origin[c])))?;
            }
            for (c, column) in annotations.labels.iter().zip(&forms).enumerate() {
                write_values(to, c, column, points.clone())?;
            }
            annotations.ids.as_ref().map_or(Ok(()), |ids| text::write(to, "ids", points.map(|i| ids[i].as_str())))
        })
    })?;
    let of_points = tree.tile_of_points();
    of_points.par_chunks(ROWS).enumerate().try_for_each(|(k, tiles)| {
        folder.script(&format!("rows/{k}"), |to| to.numbers("tiles", tiles.iter().map(|tile| tile.to_le_bytes())))
    })?;
    drop(of_points);
    let firsts = annotations.ids.as_ref().map_or(Ok(Vec::new()), |ids| ids::write(&folder, ids))?;
    let mut meta = Meta::new(y.len(), &origin, options, (annotations, &forms));
    let around = tree.tiles.first().map(|tile| tile.bounds);
    meta.square = around.map(|ranges| [0, 1].map(|c| ranges[c].map(|value| value - origin[c])));
    let columns = annotations.labels.iter().zip(&forms).map(summary).collect();
    meta.tiles = Some(TilesMeta { ids: firsts.len(), rows: ROWS, columns });
    folder.index(|to| {
        write_markup(to, &meta, WITH_SCRIPTS, |to| {
            write_tree(to, &tree.tiles, origin)?;
            for (c, column) in annotations.labels.iter().zip(&forms).enumerate() {
                write_names(to, c, column)?;
            }
            text::write(to, "firsts", firsts.iter().copied())
        })
    })?;
    Ok(folder)
}

/// The tiles without their points.
fn write_tree(to: &mut Arrays<'_>, tiles: &[Tile], origin: [f64; 2]) -> Result<()> {
    to.numbers("tile-parents", tiles.iter().map(|tile| tile.parent.to_le_bytes()))?;
    to.numbers("tile-counts", tiles.iter().map(|tile| (tile.count as u32).to_le_bytes()))?;
    to.numbers("tile-reaches", tiles.iter().map(|tile| tile.reach.to_le_bytes()))?;
    // The rounding is that of the points, so that it takes none of them out of the rectangle.
    let ends = |tile: &Tile| [0, 1].map(|c| tile.bounds[c].map(|value| place(value, origin[c]))).concat();
    to.numbers("tile-bounds", tiles.iter().flat_map(ends))
}

/// What a page must know of all points of a column before it has them.
fn summary((labels, form): (&Labels, &Form)) -> Vec<u32> {
    let mut counts = vec![0u32; labels.names.len() + 1];
    let none = labels.names.len();
    labels.codes.iter().for_each(|&code| counts[(code as usize).min(none)] += 1);
    match form {
        Form::Classes(_) => counts,
        Form::Numbers(..) => vec![counts[none]],
    }
}
