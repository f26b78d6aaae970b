use std::io::Write;
use tsne::Scalar;

/// The names of the first coordinates; later ones are numbered from 1.
const NAMES: [&str; 3] = ["x", "y", "z"];

/// One point per line, each number with the fewest digits that read back as the same number.
pub(super) fn encode<T: Scalar, const D: usize>(y: &[[T; D]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for c in 0..D {
        let comma = if c == 0 { "" } else { "," };
        let name = NAMES.get(c).filter(|_| D <= NAMES.len()).map_or_else(|| format!("y{}", c + 1), |&name| name.into());
        // Writing to a vector cannot fail.
        let _ = write!(bytes, "{comma}{name}");
    }
    bytes.push(b'\n');
    for point in y {
        for (c, value) in point.iter().enumerate() {
            let comma = if c == 0 { "" } else { "," };
            let _ = write!(bytes, "{comma}{value:?}");
        }
        bytes.push(b'\n');
    }
    bytes
}
