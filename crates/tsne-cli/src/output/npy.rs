use tsne::Scalar;

/// Elements start at multiples of this many bytes, so that a file can be mapped into memory.
const ALIGNMENT: usize = 64;

/// Version 1.0 of the format.
pub(super) fn encode<T: Scalar, const D: usize>(y: &[[T; D]]) -> Vec<u8> {
    let size = size_of::<T>();
    let mut header = format!("{{'descr': '<f{size}', 'fortran_order': False, 'shape': ({}, {D}), }}", y.len());
    // Magic string, version and length take 10 bytes, the closing line feed 1.
    let unpadded = 10 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    header.push('\n');
    let mut bytes = Vec::with_capacity(10 + header.len() + size * D * y.len());
    bytes.extend_from_slice(b"\x93NUMPY\x01\x00");
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    for value in y.as_flattened() {
        bytes.extend_from_slice(&value.bits().to_le_bytes()[..size]);
    }
    bytes
}
