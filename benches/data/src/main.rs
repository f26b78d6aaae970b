//! The data of the benchmarks and of the comparison as .npy files: `cargo xtask data`.

mod digits;
mod fashion_mnist;
mod idx;
mod npy;
mod pca;
mod synthetic;
mod targets;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::npy::Array;

/// Makes the data of the benchmarks, and cuts and joins arrays.
#[derive(Debug, Parser)]
struct Command {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fashion-MNIST: pixels, labels, 50 principal components.
    FashionMnist {
        /// The directory with the IDX files.
        #[arg(long)]
        source: PathBuf,
        #[arg(long)]
        out: PathBuf,
        /// Write anew what is there.
        #[arg(long)]
        force: bool,
    },
    /// A hierarchical Gaussian mixture in 50 dimensions.
    Synthetic {
        /// The number of points.
        #[arg(long)]
        n: usize,
        #[arg(long)]
        out: PathBuf,
        /// Write anew what is there.
        #[arg(long)]
        force: bool,
    },
    /// The digits that come with the command, and their labels.
    Digits { source: PathBuf, points: PathBuf, labels: PathBuf },
    /// The rows from START up to END of an array, of float32 or int32.
    Rows { from: PathBuf, start: usize, end: usize, to: PathBuf },
    /// The rows of two arrays of float32, one below the other.
    Stack { top: PathBuf, below: PathBuf, to: PathBuf },
    /// Prints the extents of an array.
    Shape { file: PathBuf },
}

fn main() -> Result<()> {
    match Command::parse().task {
        Task::FashionMnist { source, out, force } => fashion_mnist::make(&source, &out, force),
        Task::Synthetic { n, out, force } => synthetic::make(&out, n, force),
        Task::Digits { source, points, labels } => digits::make(&source, &points, &labels),
        Task::Rows { from, start, end, to } => match Array::<i32>::read(&from) {
            Ok(labels) => labels.rows(start..end)?.write(&to),
            Err(_) => Array::<f32>::read(&from)?.rows(start..end)?.write(&to),
        },
        Task::Stack { top, below, to } => Array::<f32>::read(&top)?.stacked(&Array::read(&below)?)?.write(&to),
        Task::Shape { file } => {
            let extents: Vec<String> = npy::shape(&file)?.iter().map(ToString::to_string).collect();
            println!("{}", extents.join(" "));
            Ok(())
        }
    }
}
