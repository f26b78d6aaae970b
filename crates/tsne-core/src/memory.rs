//! Arrays that grow with the input, asked for so that running out of memory is an error and not an abort.

use crate::chunks;
use crate::error::{Error, Result};

/// Room for `additional` more items behind those that `array` has.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had; `array` is what it was.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// let mut array: Vec<f32> = Vec::new();
/// memory::reserve("positions", &mut array, 70_000)?;
/// assert!(array.capacity() >= 70_000);
/// assert!(memory::reserve("positions", &mut array, usize::MAX / 8).is_err());
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn reserve<A>(what: &'static str, array: &mut Vec<A>, additional: usize) -> Result<()> {
    // Exactly: these arrays are made at their size, and a doubled one may be what does not fit.
    array.try_reserve_exact(additional).map_err(|_| {
        let items = array.len().saturating_add(additional);
        Error::out_of_memory(what, items.saturating_mul(size_of::<A>()))
    })
}

/// Room for `additional` more items behind those that `array` has, and, where that is to be made, for as many as it has: an array whose
/// length shows only as it is filled is copied a few times only.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had; `array` is what it was.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// let mut array = vec![0.0f32; 1_000];
/// memory::grow("the entries", &mut array, 1)?;
/// assert!(array.capacity() >= 2_000);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn grow<A>(what: &'static str, array: &mut Vec<A>, additional: usize) -> Result<()> {
    if array.capacity() - array.len() >= additional {
        return Ok(());
    }
    reserve(what, array, additional.max(array.len()))
}

/// Arrays from this size on come straight from the system: those that it can give as zeros are taken so.
const LARGE: usize = 1 << 20;

/// The least that is asked for to see whether there is room. glibc takes the size of what is given back, up to 32 MiB, for the size
/// below which arrays come from its own store, which it seldom returns to the system.
const PROBE: usize = 33 << 20;

/// An array of `len` copies of `value`: if that is zero, pages that nobody writes take no memory.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had.
///
/// # Examples
///
/// ```
/// use tsne_core::{Error, memory};
///
/// assert_eq!(memory::filled("forces", 3, [0.0f32; 2])?, [[0.0; 2]; 3]);
/// let error = memory::filled("forces", usize::MAX / 16, [0.0f32; 2]).unwrap_err();
/// assert!(matches!(error, Error::OutOfMemory { what: "forces", .. }));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn filled<A: Clone>(what: &'static str, len: usize, value: A) -> Result<Vec<A>> {
    let bytes = len.saturating_mul(size_of::<A>());
    if bytes >= LARGE {
        // Asked for, given back, and taken again: what is all zeros then comes from the system page by page, when tasks write it.
        // To fill 900 MB here takes as long as to number 1,000,000 points of 150 entries.
        let mut room = Vec::<u8>::new();
        room.try_reserve_exact(bytes.max(PROBE)).map_err(|_| Error::out_of_memory(what, bytes))?;
        // Looked at: what nobody uses the compiler need not ask for, and may take for granted.
        drop(std::hint::black_box(room));
        return Ok(vec![value; len]);
    }
    let mut array = Vec::new();
    resize(what, &mut array, len, value)?;
    Ok(array)
}

/// Gives an array back to the system at once, while others are still to be made and given back.
///
/// Dropped as it is, an array of up to 32 MiB tells glibc to hold on to twice its size of what is given back later. Made short before,
/// it goes page by page and tells nothing: with 70,000 points and 90 neighbors, a fit has 248 MB at its peak instead of 298.
///
/// # Examples
///
/// ```
/// tsne_core::memory::release(vec![0.0f32; 6_300_000]);
/// ```
pub fn release<A>(mut array: Vec<A>) {
    array.truncate(1);
    array.shrink_to_fit();
}

/// Pieces in which an array is converted: more, where it is small, would cost more calls of the system than they save memory.
const PIECES: usize = 32;

/// Items that are converted in one task.
const TASK: usize = 1 << 14;

/// An array of `of(place, item)` of all items of another, which is given back as it is converted: hardly more than the larger of
/// the two is in memory at a time.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if the new array cannot be had.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// let narrow = memory::converted("the values", vec![0.5, 1.5], 0.0f32, |place, v: f64| (v + place as f64) as f32)?;
/// assert_eq!(narrow, [0.5, 2.5]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn converted<A: Copy + Sync, B: Copy + Send>(
    what: &'static str,
    mut from: Vec<A>,
    zero: B,
    of: impl Fn(usize, A) -> B + Sync,
) -> Result<Vec<B>> {
    // Zeros that nobody has written take no memory: the new array grows from its end as the old one shrinks.
    let mut to = filled(what, from.len(), zero)?;
    let piece = from.len().div_ceil(PIECES).max(PROBE / size_of::<A>().max(1));
    while !from.is_empty() {
        let start = (from.len() - 1) / piece * piece;
        let last = &from[start..];
        chunks::for_each(&mut to[start..start + last.len()], TASK, |b, to| {
            let first = b * TASK;
            for (i, (to, item)) in to.iter_mut().zip(&last[first..]).enumerate() {
                *to = of(start + first + i, *item);
            }
        });
        from.truncate(start);
        from.shrink_to_fit();
    }
    Ok(to)
}

/// Makes `array` `len` items long; new ones are copies of `value`, memory that is there is used again.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had; `array` is what it was.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// let mut gradient = vec![1.0f32; 2];
/// memory::resize("gradient", &mut gradient, 4, 0.0)?;
/// assert_eq!(gradient, [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn resize<A: Clone>(what: &'static str, array: &mut Vec<A>, len: usize, value: A) -> Result<()> {
    reserve(what, array, len.saturating_sub(array.len()))?;
    array.resize(len, value);
    Ok(())
}

/// A copy of `from`.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// assert_eq!(memory::copied("positions", &[1.0f32, 2.0])?, [1.0, 2.0]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn copied<A: Clone>(what: &'static str, from: &[A]) -> Result<Vec<A>> {
    let mut copy = Vec::new();
    copy_into(what, &mut copy, from)?;
    Ok(copy)
}

/// Makes `array` a copy of `from`; memory that is there is used again.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had; `array` is empty then.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// let mut saved = vec![7.0f32; 3];
/// memory::copy_into("positions", &mut saved, &[1.0, 2.0])?;
/// assert_eq!(saved, [1.0, 2.0]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn copy_into<A: Clone>(what: &'static str, array: &mut Vec<A>, from: &[A]) -> Result<()> {
    array.clear();
    reserve(what, array, from.len())?;
    array.extend_from_slice(from);
    Ok(())
}

/// What an iterator of known length gives, as an array.
///
/// # Errors
///
/// [`Error::OutOfMemory`] if it cannot be had.
///
/// # Examples
///
/// ```
/// use tsne_core::memory;
///
/// assert_eq!(memory::collected("squares", (0..4).map(|i| i * i))?, [0, 1, 4, 9]);
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub fn collected<A>(what: &'static str, from: impl ExactSizeIterator<Item = A>) -> Result<Vec<A>> {
    let mut array = Vec::new();
    reserve(what, &mut array, from.len())?;
    array.extend(from);
    Ok(array)
}

#[cfg(test)]
mod tests {
    use super::{PROBE, converted};

    #[test]
    fn arrays_of_several_pieces_are_converted_item_by_item() {
        let of = |i: usize| (i % 251) as u8;
        let len = PROBE + 1_000_003;
        let from: Vec<u8> = (0..len).map(of).collect();
        let to = converted("bytes", from, 0u8, |place, item| item ^ (place >> 7) as u8).unwrap();
        assert_eq!(to.len(), len);
        assert!(to.iter().enumerate().all(|(i, &item)| item == of(i) ^ (i >> 7) as u8));
        assert!(converted("none", Vec::<f64>::new(), 0.0f32, |_, v| v as f32).unwrap().is_empty());
    }
}
