use super::StoreError;
use sealed::Stored;
pub(super) use sealed::Values;
use std::{fmt, io};

/// Bytes that are converted, hashed and written or read at a time, within the second-level cache: for 200 MB of f32,
/// hashing ran at 13 GB/s (8 with 16 KiB or 1 MiB), and saving and opening took 0.18 and 0.11 s, the least of 16 KiB to
/// 1 MiB.
pub(super) const CHUNK: usize = 1 << 16;

/// The type of a section's elements, all of them little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// Bytes, also of text.
    U8,
    /// 32-bit unsigned integers, such as indices of points.
    U32,
    /// 64-bit unsigned integers, such as offsets into other sections.
    U64,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
}

impl ElementType {
    /// The bytes of one element.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne::store::ElementType;
    ///
    /// assert_eq!((ElementType::U8.size(), ElementType::F32.size(), ElementType::F64.size()), (1, 4, 8));
    /// ```
    pub const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U32 | Self::F32 => 4,
            Self::U64 | Self::F64 => 8,
        }
    }

    /// The number that stands for the type in a file.
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::U8 => 1,
            Self::U32 => 2,
            Self::U64 => 3,
            Self::F32 => 4,
            Self::F64 => 5,
        }
    }

    pub(super) const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::U8),
            2 => Some(Self::U32),
            3 => Some(Self::U64),
            4 => Some(Self::F32),
            5 => Some(Self::F64),
            _ => None,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A type whose arrays a file can hold: the five of [`ElementType`], and `usize`, which is written as `u64`.
pub trait Element: Stored {
    /// The type in the file.
    const TYPE: ElementType;
}

mod sealed {
    /// The elements of a section that was read.
    pub enum Values {
        /// Bytes.
        U8(Vec<u8>),
        /// 32-bit integers.
        U32(Vec<u32>),
        /// 64-bit integers.
        U64(Vec<u64>),
        /// Single precision.
        F32(Vec<f32>),
        /// Double precision.
        F64(Vec<f64>),
    }

    /// How elements turn into bytes and back.
    pub trait Stored: Copy + Send + Sync + 'static {
        /// Writes `values` into as many bytes as they need.
        fn encode(values: &[Self], bytes: &mut [u8]);

        /// The values, or `None` if their type is another, or one is beyond the range of the type.
        fn take(values: Values) -> Option<Vec<Self>>;
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values") // Never the elements: there may be millions.
    }
}

impl Values {
    /// No values, and memory for those in a payload of `length` bytes.
    pub(super) fn with_capacity(element: ElementType, length: u64) -> Result<Self, StoreError> {
        fn reserve<T>(length: u64) -> Result<Vec<T>, StoreError> {
            let mut values = Vec::new();
            let count = usize::try_from(length / size_of::<T>() as u64).ok();
            // Not `with_capacity`, which ends the program when the memory is not there.
            match count.map(|count| values.try_reserve_exact(count)) {
                Some(Ok(())) => Ok(values),
                _ => Err(StoreError::Unsupported(format!(
                    "an array of {length} bytes does not fit into memory: load the model on a larger machine"
                ))),
            }
        }
        Ok(match element {
            ElementType::U8 => Self::U8(reserve(length)?),
            ElementType::U32 => Self::U32(reserve(length)?),
            ElementType::U64 => Self::U64(reserve(length)?),
            ElementType::F32 => Self::F32(reserve(length)?),
            ElementType::F64 => Self::F64(reserve(length)?),
        })
    }

    /// Appends whole elements.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        match self {
            Self::U8(values) => values.extend_from_slice(bytes),
            Self::U32(values) => values.extend(bytes.as_chunks().0.iter().map(|&b| u32::from_le_bytes(b))),
            Self::U64(values) => values.extend(bytes.as_chunks().0.iter().map(|&b| u64::from_le_bytes(b))),
            Self::F32(values) => values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b))),
            Self::F64(values) => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b))),
        }
    }
}

macro_rules! element {
    ($type:ty, $variant:ident) => {
        impl Element for $type {
            const TYPE: ElementType = ElementType::$variant;
        }

        impl Stored for $type {
            fn encode(values: &[Self], bytes: &mut [u8]) {
                for (to, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                    *to = value.to_le_bytes();
                }
            }

            fn take(values: Values) -> Option<Vec<Self>> {
                if let Values::$variant(values) = values { Some(values) } else { None }
            }
        }
    };
}

element!(u8, U8);
element!(u32, U32);
element!(u64, U64);
element!(f32, F32);
element!(f64, F64);

impl Element for usize {
    const TYPE: ElementType = ElementType::U64;
}

impl Stored for usize {
    fn encode(values: &[Self], bytes: &mut [u8]) {
        for (to, &value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *to = (value as u64).to_le_bytes();
        }
    }

    fn take(values: Values) -> Option<Vec<Self>> {
        let Values::U64(values) = values else { return None };
        values.into_iter().map(|value| Self::try_from(value).ok()).collect()
    }
}

/// A receiver of the bytes of an array.
pub(in crate::model) type Sink<'s> = dyn FnMut(&[u8]) -> io::Result<()> + 's;

/// An array that can be written, whatever its element type.
pub(in crate::model) trait Encode: Send + Sync {
    /// Hands the array's bytes to `sink`, piece by piece.
    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()>;
}

impl<T: Element> Encode for &[T] {
    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        let size = T::TYPE.size();
        let mut buffer = vec![0; CHUNK.min(size_of_val(*self).next_multiple_of(8))];
        for values in self.chunks(CHUNK / size) {
            let bytes = &mut buffer[..values.len() * size];
            T::encode(values, bytes);
            sink(bytes)?;
        }
        Ok(())
    }
}

impl<T: Element> Encode for Vec<T> {
    fn encode(&self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.as_slice().encode(sink)
    }
}
