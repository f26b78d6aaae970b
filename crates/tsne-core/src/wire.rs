//! Numbers as bytes, for members of a [team](crate::Team): in the order of little-endian machines, whatever the machine.

/// A value of a constant number of bytes, as it goes from one process to another: all bits of it, so that what arrives is what was
/// sent.
///
/// # Examples
///
/// ```
/// use tsne_core::Wire;
///
/// let mut bytes = [0; <(u32, f64)>::BYTES];
/// (7u32, -0.5f64).put(&mut bytes);
/// assert_eq!(<(u32, f64)>::get(&bytes), (7, -0.5));
/// ```
pub trait Wire: Copy + Send + Sync + 'static {
    /// How many bytes a value takes.
    const BYTES: usize;

    /// Writes the value into the first [`BYTES`](Self::BYTES) of `out`; into none of fewer.
    fn put(self, out: &mut [u8]);

    /// The value that the first [`BYTES`](Self::BYTES) of `bytes` are; of fewer, that of bytes of zero.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! wire {
    ($($t:ty),*) => {$(
        impl Wire for $t {
            const BYTES: usize = size_of::<$t>();

            #[inline(always)]
            fn put(self, out: &mut [u8]) {
                if let Some(out) = out.first_chunk_mut() {
                    *out = self.to_le_bytes();
                }
            }

            #[inline(always)]
            fn get(bytes: &[u8]) -> Self {
                bytes.first_chunk().map_or(<$t>::default(), |bytes| Self::from_le_bytes(*bytes))
            }
        }
    )*};
}
wire!(u8, u16, u32, u64, f32, f64);

/// As 64 bits.
impl Wire for usize {
    const BYTES: usize = u64::BYTES;

    #[inline(always)]
    fn put(self, out: &mut [u8]) {
        (self as u64).put(out);
    }

    #[inline(always)]
    fn get(bytes: &[u8]) -> Self {
        // Sent by a member of the same build, in whose memory it counted something.
        u64::get(bytes) as Self
    }
}

impl<A: Wire, const N: usize> Wire for [A; N] {
    const BYTES: usize = N * A::BYTES;

    #[inline(always)]
    fn put(self, out: &mut [u8]) {
        self.into_iter().zip(out.chunks_exact_mut(A::BYTES)).for_each(|(value, out)| value.put(out));
    }

    #[inline(always)]
    fn get(bytes: &[u8]) -> Self {
        std::array::from_fn(|i| A::get(bytes.get(i * A::BYTES..).unwrap_or(&[])))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    const BYTES: usize = A::BYTES + B::BYTES;

    #[inline(always)]
    fn put(self, out: &mut [u8]) {
        if let Some((a, b)) = out.split_at_mut_checked(A::BYTES) {
            self.0.put(a);
            self.1.put(b);
        }
    }

    #[inline(always)]
    fn get(bytes: &[u8]) -> Self {
        let (a, b) = bytes.split_at_checked(A::BYTES).unwrap_or((bytes, &[]));
        (A::get(a), B::get(b))
    }
}
