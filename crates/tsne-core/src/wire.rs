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

    /// The bytes of values, each as [`put`](Self::put) writes it, if they are in memory as they go; `None` otherwise, for any values of the
    /// type. Then all patterns of [`BYTES`](Self::BYTES) bytes are values, and [`bytes_mut`](Self::bytes_mut) has bytes, too.
    #[inline]
    fn bytes(values: &[Self]) -> Option<&[u8]> {
        let _ = values;
        None
    }

    /// The same to write into.
    #[inline]
    fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]> {
        let _ = values;
        None
    }
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

            #[inline]
            fn bytes(values: &[Self]) -> Option<&[u8]> {
                cfg!(target_endian = "little").then(|| bytemuck::cast_slice(values))
            }

            #[inline]
            fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]> {
                cfg!(target_endian = "little").then(|| bytemuck::cast_slice_mut(values))
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

    #[inline]
    fn bytes(values: &[Self]) -> Option<&[u8]> {
        cfg!(all(target_endian = "little", target_pointer_width = "64")).then(|| bytemuck::cast_slice(values))
    }

    #[inline]
    fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]> {
        cfg!(all(target_endian = "little", target_pointer_width = "64")).then(|| bytemuck::cast_slice_mut(values))
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

    #[inline]
    fn bytes(values: &[Self]) -> Option<&[u8]> {
        A::bytes(values.as_flattened())
    }

    #[inline]
    fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]> {
        A::bytes_mut(values.as_flattened_mut())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check<A: Wire + PartialEq + std::fmt::Debug>(values: &[A]) {
        let put = |value: &A| {
            let mut bytes = vec![0; A::BYTES];
            value.put(&mut bytes);
            bytes
        };
        let expected: Vec<u8> = values.iter().flat_map(put).collect();
        let got: Vec<A> = expected.chunks_exact(A::BYTES).map(A::get).collect();
        assert_eq!(got, values);
        if let Some(bytes) = A::bytes(values) {
            assert_eq!(bytes, expected);
        }
        let mut written = vec![A::get(&[]); values.len()];
        if let Some(bytes) = A::bytes_mut(&mut written) {
            bytes.copy_from_slice(&expected);
            assert_eq!(written, values);
        }
        assert_eq!(A::bytes(values).is_some(), A::bytes_mut(&mut written).is_some());
    }

    /// What is copied from memory is what goes value by value, and what has gaps is not copied.
    #[test]
    fn bytes_in_memory_are_those_that_go() {
        check(&[0u8, 7, 255]);
        check(&[0x1234u16, 1]);
        check(&[0x1234_5678u32, 1]);
        check(&[0x1234_5678_9abc_def0u64, 1]);
        check(&[usize::MAX, 1]);
        check(&[1.5f32, -0.0]);
        check(&[1.5f64, f64::MIN_POSITIVE]);
        check(&[[[1.0f32, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]);
        check(&[(1u8, 2u32), (3, 4)]);
        check::<u32>(&[]);
        assert!(<(u8, u32)>::bytes(&[(1, 2)]).is_none());
        assert_eq!(f32::bytes(&[1.0]).is_some(), cfg!(target_endian = "little"));
    }
}
