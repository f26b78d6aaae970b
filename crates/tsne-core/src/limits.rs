//! How much indices of 32 bits can name, on machines of any width.

/// The most things that indices of 32 bits can name: 2³², or as many as the machine can count.
pub const INDICES: usize = countable(1 << 32, usize::MAX);

/// `wanted`, or `largest` where the machine counts no further than that.
///
/// # Examples
///
/// ```
/// use tsne_core::limits::{INDICES, countable};
///
/// assert_eq!(countable(1 << 32, u32::MAX as usize), u32::MAX as usize); // With 32 bits.
/// assert_eq!(countable(1_000, u32::MAX as usize), 1_000);
/// assert!(INDICES >= u32::MAX as usize);
/// ```
pub const fn countable(wanted: u64, largest: usize) -> usize {
    if wanted > largest as u64 { largest } else { wanted as usize }
}
