//! Data of the examples that take files.

/// An `n × d` matrix of little-endian `f32` in C order.
pub(crate) fn read_npy(path: &str) -> Result<(Vec<f32>, usize, usize), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let length = match bytes.get(..12) {
        Some([0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b, ..]) => 10 + usize::from(u16::from_le_bytes([*a, *b])),
        _ => return Err("not an npy file of version 1".into()),
    };
    let header = String::from_utf8_lossy(bytes.get(10..length).ok_or("truncated")?).into_owned();
    if !header.contains("'<f4'") || !header.contains("'fortran_order': False") {
        return Err(format!("not f32 in C order: {header}").into());
    }
    let shape = header.split_once('(').and_then(|(_, s)| s.split_once(')')).ok_or("no shape")?.0;
    let mut sizes = shape.split(',').map(|s| s.trim().parse::<usize>());
    let (Some(Ok(n)), Some(Ok(d))) = (sizes.next(), sizes.next()) else { return Err("not a matrix".into()) };
    let x: Vec<f32> = bytes[length..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    if x.len() == n * d { Ok((x, n, d)) } else { Err("truncated".into()) }
}
