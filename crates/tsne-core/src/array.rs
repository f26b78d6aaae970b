//! Arrays that grow with the neighbors of all points: in memory, or in a file that memory need not hold.
//!
//! Neighbors, their weights and affinities take most of the memory of a fit, and are read from their beginning to their end. Where a
//! [`Context`] brings a [`Scratch`](crate::Scratch), they stand in files of it, which the system brings into memory page by page and takes out again.
//! An [`Array`] is a slice to whoever reads or writes it: no result depends on where it stands.
//!
//! # Why `unsafe` is sound here
//!
//! A [`Mapping`] promises zeroed memory that is its own until it is dropped, and an [`Array`] has its mapping as long as it lives. What
//! stands there is [`Plain`]: zeros are a value of it, as is whatever was written. Length and alignment are compared with those of the
//! items before the first of them is read.
#![allow(unsafe_code)]

use crate::chunks;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::memory;
use crate::scratch::Mapping;
use crate::wire::Wire;
use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::slice;

/// Numbers, and arrays of them: all patterns of their bits are values.
///
/// # Safety
///
/// Every pattern of bits is a value of the type, and [`Plain::ZEROS`] is that of zeros alone.
pub unsafe trait Plain: Copy + Send + Sync + 'static {
    /// The value whose bits are all zero.
    const ZEROS: Self;
}

macro_rules! plain {
    ($($number:ty: $zero:literal),*) => {
        // SAFETY: numbers have no pattern of bits that is not one, and no sign in the literal.
        $(unsafe impl Plain for $number { const ZEROS: Self = $zero; })*
    };
}

plain!(u8: 0, u16: 0, u32: 0, u64: 0, usize: 0, f32: 0.0, f64: 0.0);

// SAFETY: an array is its items, one after the other, with nothing between them.
unsafe impl<A: Plain, const N: usize> Plain for [A; N] {
    const ZEROS: Self = [A::ZEROS; N];
}

/// An array in memory, or in a file.
///
/// It is a slice of its items. A clone is in memory.
///
/// # Examples
///
/// ```
/// use tsne_core::{Array, Context};
///
/// let mut array: Array<f32> = Context::new().zeros("weights", 3)?;
/// array[1] = 0.5;
/// assert_eq!(array, Array::from(vec![0.0, 0.5, 0.0]));
/// # Ok::<(), tsne_core::Error>(())
/// ```
pub struct Array<A>(Place<A>);

enum Place<A> {
    Memory(Vec<A>),
    Mapped(Mapped<A>),
}

/// Items in a mapping.
struct Mapped<A> {
    start: NonNull<A>,
    len: usize,
    /// Holds the items until it is dropped.
    _mapping: Box<dyn Mapping>,
}

// SAFETY: the items are this value's own, as those of a vector are.
unsafe impl<A: Send> Send for Mapped<A> {}
// SAFETY: as above; through a shared reference they are only read.
unsafe impl<A: Sync> Sync for Mapped<A> {}

// The items are numbers, whatever has panicked beside them.
impl<A: UnwindSafe> UnwindSafe for Mapped<A> {}
impl<A: RefUnwindSafe> RefUnwindSafe for Mapped<A> {}

impl<A: Plain> Mapped<A> {
    fn new(mut mapping: Box<dyn Mapping>, len: usize) -> Result<Self> {
        let (start, bytes) = (mapping.start().cast::<A>(), len.checked_mul(size_of::<A>()));
        if !start.is_aligned() || bytes.is_none_or(|bytes| bytes > mapping.bytes() || isize::try_from(bytes).is_err()) {
            let (given, size, aligned) = (mapping.bytes(), size_of::<A>(), align_of::<A>());
            let why = format_args!(
                "it gave {given} bytes at {start:p}, but must give room for {len} items of {size}, aligned to {aligned}"
            );
            return Err(Error::invalid("scratch", why));
        }
        Ok(Self { start, len, _mapping: mapping })
    }
}

impl<A> Deref for Array<A> {
    type Target = [A];

    #[inline]
    fn deref(&self) -> &[A] {
        match &self.0 {
            Place::Memory(items) => items,
            // SAFETY: `Mapped::new` has seen that so many items fit, and only `truncate` changes their number; they are plain, and
            // were zeros or written through `deref_mut`. The mapping lives as long as `self`.
            Place::Mapped(Mapped { start, len, .. }) => unsafe { slice::from_raw_parts(start.as_ptr(), *len) },
        }
    }
}

impl<A> DerefMut for Array<A> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [A] {
        match &mut self.0 {
            Place::Memory(items) => items,
            // SAFETY: as in `deref`, and `self` is borrowed by nobody else.
            Place::Mapped(Mapped { start, len, .. }) => unsafe { slice::from_raw_parts_mut(start.as_ptr(), *len) },
        }
    }
}

impl<A> Array<A> {
    /// Whether it is in a file.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!tsne_core::Array::from(vec![1u32]).is_mapped());
    /// ```
    pub const fn is_mapped(&self) -> bool {
        matches!(self.0, Place::Mapped(_))
    }

    /// Leaves out all items from place `len` on. They keep their room.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut array = tsne_core::Array::from(vec![1u32, 2, 3]);
    /// array.truncate(2);
    /// assert_eq!(array[..], [1, 2]);
    /// ```
    pub fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Place::Memory(items) => items.truncate(len),
            Place::Mapped(mapped) => mapped.len = mapped.len.min(len),
        }
    }

    /// Gives back the memory behind the last item. In a file nothing happens: its room stays on the disk.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut array = tsne_core::Array::from(vec![1u32, 2, 3]);
    /// array.truncate(2);
    /// array.shrink_to_fit();
    /// assert_eq!(array.into_vec().capacity(), 2);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        if let Place::Memory(items) = &mut self.0 {
            items.shrink_to_fit();
        }
    }

    /// Gives it back at once, as [`memory::release`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// tsne_core::Array::from(vec![0.0f32; 6_300_000]).release();
    /// ```
    pub fn release(self) {
        if let Place::Memory(items) = self.0 {
            memory::release(items);
        }
    }
}

impl<A: Clone> Array<A> {
    /// The items in memory: at no cost if they are there already, else as a copy.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(tsne_core::Array::from(vec![1u32]).into_vec(), [1]);
    /// ```
    pub fn into_vec(self) -> Vec<A> {
        match self.0 {
            Place::Memory(items) => items,
            Place::Mapped(_) => self.to_vec(),
        }
    }
}

/// Items that are converted in one task, in a file. (Miri takes minutes for a million of anything.)
const TASK: usize = if cfg!(miri) { 1 << 8 } else { 1 << 14 };

impl<A: Plain> Array<A> {
    /// An array of `of(item)` of all items, which are given back as they are converted ([`memory::converted`]). Items of the same type
    /// stay what they are: `of` is not called for them.
    ///
    /// # Errors
    ///
    /// Those of [`Context::zeros`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Array, Context};
    ///
    /// let narrow = Array::from(vec![0.5f64, 1.5]).converted("the values", |v| v as f32, Context::new())?;
    /// assert_eq!(narrow[..], [0.5f32, 1.5]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn converted<B: Plain>(
        self,
        what: &'static str,
        of: impl Fn(A) -> B + Sync,
        cx: Context<'_>,
    ) -> Result<Array<B>> {
        let mut this = Some(self);
        if let Some(same) = (&mut this as &mut dyn Any).downcast_mut::<Option<Array<B>>>().and_then(Option::take) {
            return Ok(same);
        }
        match this.map(|array| array.0) {
            None => Ok(Array::default()),
            Some(Place::Memory(items)) => memory::converted(what, items, B::ZEROS, |_, item| of(item)).map(Array::from),
            Some(Place::Mapped(mapped)) => {
                let from = Self(Place::Mapped(mapped));
                let mut to = cx.zeros(what, from.len())?;
                chunks::for_each(&mut to, TASK, |b, to| {
                    to.iter_mut().zip(&from[b * TASK..]).for_each(|(to, item)| *to = of(*item));
                });
                Ok(to)
            }
        }
    }
}

impl<A> Default for Array<A> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<A> From<Vec<A>> for Array<A> {
    fn from(items: Vec<A>) -> Self {
        Self(Place::Memory(items))
    }
}

impl<A: Clone> Clone for Array<A> {
    fn clone(&self) -> Self {
        Self::from(self.to_vec())
    }
}

impl<A: PartialEq> PartialEq for Array<A> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<A: fmt::Debug> fmt::Debug for Array<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

/// Arrays below this many bytes are in memory, whatever the context brings: they are not what does not fit, and a file of each would
/// take longer than to fill it.
const IN_FILES_FROM: usize = if cfg!(miri) { 1 << 13 } else { 1 << 20 };

impl Context<'_> {
    /// An array of `len` zeros: in a file, if the context brings a [`Scratch`](crate::Scratch) and it is large (1 MiB), else in memory
    /// ([`memory::filled`]).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] if there is no room in memory, those of [`Scratch::room`](crate::Scratch::room) if there is none in files.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Context, Error};
    ///
    /// let cx = Context::new();
    /// assert_eq!(cx.zeros::<u32>("neighbors", 2)?[..], [0, 0]);
    /// let error = cx.zeros::<f64>("weights", usize::MAX / 8).unwrap_err();
    /// assert!(matches!(error, Error::OutOfMemory { what: "weights", .. }));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn zeros<A: Plain>(&self, what: &'static str, len: usize) -> Result<Array<A>> {
        let bytes = len.saturating_mul(size_of::<A>());
        match self.scratch().filter(|_| bytes >= IN_FILES_FROM) {
            Some(scratch) => Ok(Array(Place::Mapped(Mapped::new(scratch.room(what, bytes)?, len)?))),
            None => memory::filled(what, len, A::ZEROS).map(Array::from),
        }
    }
}

/// The name of what a team sends in errors.
const MESSAGES: &str = "messages of the team";

impl Context<'_> {
    /// [`Context::exchange`] of arrays, which go through memory in a team only.
    ///
    /// # Errors
    ///
    /// Those of [`Context::exchange`].
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_core::{Array, Context};
    ///
    /// assert_eq!(Context::new().exchange_arrays(vec![Array::from(vec![1u32])])?[0][..], [1]);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn exchange_arrays<A: Wire>(&self, to: Vec<Array<A>>) -> Result<Vec<Array<A>>> {
        if self.members() < 2 && to.len() == 1 {
            return Ok(to);
        }
        let mut lists = Vec::new();
        memory::reserve(MESSAGES, &mut lists, to.len())?;
        for array in to {
            lists.push(match array.0 {
                Place::Memory(items) => items,
                Place::Mapped(_) => memory::copied(MESSAGES, &array)?,
            });
        }
        let received = self.exchange(lists)?;
        Ok(received.into_iter().map(Array::from).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Pages of the allocator, `cut` bytes of which are kept back at the beginning and at the end.
    struct Pages {
        start: NonNull<u64>,
        len: usize,
        cut: (usize, usize),
    }

    impl Pages {
        fn new(bytes: usize, cut: (usize, usize)) -> Self {
            let pages: &mut [u64] = Box::leak(vec![0; bytes.div_ceil(8)].into_boxed_slice());
            Self { start: NonNull::from(&mut pages[0]), len: pages.len(), cut }
        }
    }

    // SAFETY: the pages are this value's own.
    unsafe impl Send for Pages {}
    // SAFETY: as above, and a shared reference reads none of them.
    unsafe impl Sync for Pages {}

    // SAFETY: zeroed pages that nobody else knows of, until they are dropped.
    unsafe impl Mapping for Pages {
        fn start(&mut self) -> NonNull<u8> {
            // SAFETY: within the pages.
            unsafe { self.start.cast::<u8>().add(self.cut.0) }
        }

        fn bytes(&self) -> usize {
            8 * self.len - self.cut.0 - self.cut.1
        }
    }

    impl Drop for Pages {
        fn drop(&mut self) {
            // SAFETY: what `new` has leaked, of the same length.
            drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.start.as_ptr(), self.len)) });
        }
    }

    struct Heap((usize, usize));

    impl Scratch for Heap {
        fn room(&self, _: &'static str, bytes: usize) -> Result<Box<dyn Mapping>> {
            Ok(Box::new(Pages::new(bytes, self.0)))
        }
    }

    const LEN: usize = IN_FILES_FROM / size_of::<f32>();

    #[test]
    fn a_mapped_array_is_one_like_any_other() {
        let heap = Heap((0, 0));
        let cx = Context::new().with_scratch(&heap);
        let mut array = cx.zeros::<f32>("items", LEN).unwrap();
        assert!(array.is_mapped() && array.len() == LEN && array[LEN - 1] == 0.0);
        assert!(!cx.zeros::<f32>("items", LEN - 1).unwrap().is_mapped());
        (array[0], array[LEN - 1]) = (1.5, 2.5);
        let other = array.clone();
        assert!(!other.is_mapped() && other == array);
        // Written from other threads, and moved to one.
        std::thread::scope(|scope| {
            let (left, right) = array.split_at_mut(LEN / 2);
            scope.spawn(|| left[1] = 3.5);
            scope.spawn(|| right[0] = 4.5);
        });
        let mut array = std::thread::spawn(move || array).join().unwrap();
        assert_eq!((array[1], array[LEN / 2]), (3.5, 4.5));
        assert!(array != other);
        array.truncate(2);
        array.truncate(7);
        array.shrink_to_fit();
        assert_eq!(format!("{array:?}"), "[1.5, 3.5]");
        let same = array.converted("items", |v: f32| v + 1.0, cx).unwrap();
        assert!(same.is_mapped() && same[..] == [1.5, 3.5]);
        assert_eq!(same.into_vec(), [1.5, 3.5]);
        cx.zeros::<[u16; 8]>("items", LEN).unwrap().release();
    }

    #[test]
    fn other_types_are_converted_item_by_item() {
        let heap = Heap((0, 0));
        let cx = Context::new().with_scratch(&heap);
        let mut wide = cx.zeros::<f64>("items", LEN).unwrap();
        (wide[0], wide[LEN - 1]) = (0.5, 7.0);
        let narrow = wide.converted("items", |v| v as f32, cx).unwrap();
        assert!(narrow.is_mapped() && (narrow[0], narrow[1], narrow[LEN - 1]) == (0.5, 0.0, 7.0));
    }

    #[test]
    fn a_mapping_that_does_not_fit_is_an_error() {
        // Out of line, and short of room; half as many items have the room, not the alignment.
        for (cut, len) in [((4, 0), LEN), ((0, 4), LEN)] {
            let heap = Heap(cut);
            let error = Context::new().with_scratch(&heap).zeros::<u64>("items", len).unwrap_err().to_string();
            assert!(error.starts_with("invalid scratch: it gave "), "{error}");
        }
        let mapping = Heap((4, 0)).room("items", 8 * LEN).unwrap();
        assert!(Mapped::<u64>::new(mapping, LEN / 2).is_err());
        let mapping = Heap((8, 0)).room("items", 8 * LEN).unwrap();
        assert!(Mapped::<u64>::new(mapping, LEN / 2).is_ok());
    }
}
