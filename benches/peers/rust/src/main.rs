//! One run of a Rust peer:
//! `peers PEER DATA.npy MAP.npy --perplexity 30 --early 250 --late 500 --threads 2 --seed 42`.
//!
//! PEER is `bhtsne-bh`, `bhtsne-fft`, `manifolds-bh`, `manifolds-fft` or `manifolds-fft3k`. Prints one JSON object, as
//! the runners in Python do (see `common.py`). What manifolds-rs prints of its epochs is let through: the harness
//! stamps these lines with the time.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::time::Instant;

use manifolds_rs::TsneParams;
use manifolds_rs::construct_tsne_graph;
use manifolds_rs::prelude::*;
use manifolds_rs::training::tsne_optimiser::{optimise_bh_tsne, optimise_fft_tsne, optimise_fft3k_tsne};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Points, row by row.
struct Data {
    values: Vec<f32>,
    n: usize,
    d: usize,
}

/// What is asked of every peer.
struct Settings {
    perplexity: f32,
    early: usize,
    late: usize,
    seed: usize,
}

/// The map with the fields of the JSON object.
struct Outcome {
    map: Vec<f32>,
    fields: Vec<(&'static str, String)>,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [peer, input, output, options @ ..] = args.as_slice() else {
        return Err("usage: peers PEER DATA.npy MAP.npy [--OPTION VALUE]...".into());
    };
    let options: HashMap<&str, &str> =
        options.chunks_exact(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let number = |name: &str, default: usize| options.get(name).map_or(Ok(default), |text| text.parse());
    let settings = Settings {
        perplexity: options.get("perplexity").map_or(Ok(30.0), |text| text.parse())?,
        early: number("early", 250)?,
        late: number("late", 500)?,
        seed: number("seed", 42)?,
    };
    rayon::ThreadPoolBuilder::new().num_threads(number("threads", 1)?).build_global()?;
    let data = read_npy(input)?;

    let start = Instant::now();
    let outcome = match peer.as_str() {
        "bhtsne-bh" => bhtsne(&data, &settings, false)?,
        "bhtsne-fft" => bhtsne(&data, &settings, true)?,
        "manifolds-bh" | "manifolds-fft" | "manifolds-fft3k" => manifolds(&data, &settings, peer)?,
        _ => return Err(format!("no peer `{peer}`").into()),
    };
    let total = start.elapsed().as_secs_f64();

    write_npy(output, &outcome.map, data.n)?;
    let fields: Vec<String> = outcome.fields.iter().map(|(name, value)| format!(", \"{name}\": {value}")).collect();
    println!("{{\"total_s\": {total}{}}}", fields.concat());
    Ok(())
}

/// bhtsne with its defaults, which have no PCA: it starts at random. Its search and its affinities are one step.
fn bhtsne(data: &Data, settings: &Settings, fft: bool) -> Result<Outcome> {
    let rows: Vec<&[f32]> = data.values.chunks_exact(data.d).collect();
    let distance = |a: &&[f32], b: &&[f32]| a.iter().zip(b.iter()).map(|(p, q)| (p - q) * (p - q)).sum::<f32>().sqrt();
    let start = Instant::now();
    let mut only_affinities: bhtsne::tSNE<f32, &[f32]> = bhtsne::tSNE::new(&rows);
    only_affinities.perplexity(settings.perplexity).epochs(0);
    if fft {
        only_affinities.fit_sne(distance);
    } else {
        only_affinities.barnes_hut(0.5, distance);
    }
    let affinities = only_affinities.affinities().ok_or("bhtsne gave no affinities")?;
    drop(only_affinities);
    let affinities_s = start.elapsed().as_secs_f64();

    let early = settings.early;
    let mut ends = [0.0_f64; 2];
    let start = Instant::now();
    let mut model: bhtsne::tSNE<f32, &[f32]> = bhtsne::tSNE::new(&rows);
    model.with_affinities(affinities).perplexity(settings.perplexity).epochs(early + settings.late);
    model.stop_lying_epoch(early).momentum_switch_epoch(early);
    model.epoch_callback(|epoch, _| ends[usize::from(epoch >= early)] = start.elapsed().as_secs_f64());
    if fft {
        model.fit_sne(distance);
    } else {
        model.barnes_hut(0.5, distance);
    }
    let optimization_s = start.elapsed().as_secs_f64();
    let kl = model.kl_divergence().map_or("null".into(), |kl| kl.to_string());
    let map = model.embedding();
    drop(model);
    let [first, last] = ends;
    Ok(Outcome {
        map,
        fields: vec![
            ("version", "\"0.7.13\"".into()),
            ("affinities_s", affinities_s.to_string()),
            ("optimization_s", optimization_s.to_string()),
            ("ms_early", (1e3 * first / early as f64).to_string()),
            ("ms_late", (1e3 * (last - first) / settings.late as f64).to_string()),
            ("kl_reported", kl),
        ],
    })
}

/// manifolds-rs with its defaults: the steps of its function `tsne`, one by one to time them.
fn manifolds(data: &Data, settings: &Settings, peer: &str) -> Result<Outcome> {
    let mut params = TsneParams::<f32>::new_default_2d(Some(settings.perplexity));
    let epochs = settings.early + settings.late;
    params.optim_params = TsneOptimParams::new(epochs, None, settings.early, 12.0, None, 0.5, None, None);
    let flat = (data.values.as_slice(), data.n, data.d);
    let input = flat.to_mat_input();
    let x = input.as_mat_ref();

    let start = Instant::now();
    let k = ((3.0 * settings.perplexity) as usize).max(5).min(data.n - 1);
    let neighbors = run_ann_search(x, k, params.ann_type.clone(), &params.nn_params, settings.seed, 0)?;
    let searched = start.elapsed().as_secs_f64();
    let ann = params.ann_type.clone();
    let (graph, indices, distances) =
        construct_tsne_graph(x, Some(neighbors), settings.perplexity, ann, &params.nn_params, settings.seed, 0)?;
    drop((indices, distances));
    let affine = start.elapsed().as_secs_f64();
    let init = parse_initilisation(&params.initialisation, params.randomised_init, params.init_range)
        .ok_or("manifolds-rs does not know its own initialization")?;
    let mut map = initialise_embedding(&init, 2, settings.seed as u64, &graph, x)?;
    let placed = start.elapsed().as_secs_f64();
    match peer {
        "manifolds-bh" => optimise_bh_tsne(&mut map, &params.optim_params, &graph, None, None, 1),
        "manifolds-fft" => optimise_fft_tsne(&mut map, &params.optim_params, &graph, None, None, 1)?,
        _ => optimise_fft3k_tsne(&mut map, &params.optim_params, &graph, None, None, 1)?,
    }
    let end = start.elapsed().as_secs_f64();
    Ok(Outcome {
        map: map.concat(),
        fields: vec![
            ("version", "\"0.8.0\"".into()),
            ("neighbors_s", searched.to_string()),
            ("affinities_s", (affine - searched).to_string()),
            ("initialization_s", (placed - affine).to_string()),
            ("optimization_s", (end - placed).to_string()),
            ("ms_mean", (1e3 * (end - placed) / epochs as f64).to_string()),
        ],
    })
}

/// Reads a row-major matrix of float32.
fn read_npy(path: &str) -> Result<Data> {
    let bytes = fs::read(path)?;
    if bytes.len() < 10 || !bytes.starts_with(b"\x93NUMPY\x01") {
        return Err(format!("{path}: not a .npy file of version 1").into());
    }
    let body = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(bytes.get(10..body).ok_or("the header is cut")?)?;
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err(format!("{path}: not a row-major matrix of float32: {header}").into());
    }
    let shape = header.split('(').nth(1).and_then(|rest| rest.split(')').next()).ok_or("there is no shape")?;
    let shape: Vec<usize> = shape.split(',').filter_map(|extent| extent.trim().parse().ok()).collect();
    let [n, d] = shape[..] else { return Err(format!("{path}: {shape:?} is not the shape of a matrix").into()) };
    let values: Vec<f32> =
        bytes[body..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    if values.len() != n * d {
        return Err(format!("{path}: {} values for {n} x {d}", values.len()).into());
    }
    Ok(Data { values, n, d })
}

/// Writes a map of `n` points.
fn write_npy(path: &str, map: &[f32], n: usize) -> Result<()> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n}, 2), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(map.iter().flat_map(|value| value.to_le_bytes()));
    Ok(fs::write(path, bytes)?)
}
