//! The largest sizes: functions of the width of an index, so that 32-bit targets compile and can be tested on any.

/// The most columns that numbers of 32 bits can name, in a `usize` of `bits` bits: 2^32 where it has room for that.
pub(crate) const fn columns(bits: u32) -> u64 {
    let named = 1u64 << u32::BITS;
    if bits > u32::BITS { named } else { named - 1 }
}

/// The most points: their numbers, and the number of points itself, have 32 bits.
pub(crate) const POINTS: usize = u32::MAX as usize;

/// The largest distance of a sum from 1 at which it counts as 1: that of [`Affinities::from_parts`](tsne_core::Affinities::from_parts).
pub(crate) const SUM_TOLERANCE: f64 = 1e-3;

/// The most items of `bytes` bytes each in one array.
pub(crate) const fn items(bytes: usize) -> usize {
    isize::MAX as usize / if bytes == 0 { 1 } else { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_fit_the_width() {
        assert_eq!((columns(64), columns(32)), (1 << 32, u64::from(u32::MAX)));
        assert!(usize::try_from(columns(usize::BITS)).is_ok());
        assert_eq!(items(8), isize::MAX as usize / 8);
        assert_eq!(items(0), isize::MAX as usize);
    }
}
