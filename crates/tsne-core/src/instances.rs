//! Generic functions compiled in the crate that defines them, once, for both scalars.

// What the macro names in the crates that use it.
#[doc(hidden)]
pub use crate::scalar::{Instances, Scalar};

/// Writes the function `name`, generic over the scalar `T`, as the choice between the two instances of `generic`.
///
/// A generic function is compiled in every crate that calls it, so that all of this workspace would be compiled anew in each final
/// binary, and after all else. What this writes is generic to its callers and no more than a call of one of two functions that are
/// not ([`Instances`](trait@crate::instances::Instances)), which the crate that writes it compiles.
///
/// The first lifetime is what the result may borrow from, the second that of all else; the name in brackets is that of a type
/// which stands for the function.
///
/// # Examples
///
/// ```
/// use tsne_core::{Scalar, instances};
///
/// instances! {
///     /// The sum of some numbers.
///     fn sum[Sum]<'a, 'b, T>(numbers: &'b [T]) -> f64 = sum_of
/// }
///
/// fn sum_of<T: Scalar>(numbers: &[T]) -> f64 {
///     numbers.iter().map(|v| v.to_f64()).sum()
/// }
///
/// assert_eq!((sum(&[0.5f32, 1.0]), sum(&[2.0f64])), (1.5, 2.0));
/// ```
#[macro_export]
macro_rules! instances {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident[$marker:ident]<$a:lifetime, $b:lifetime, $t:ident>(
            $($arg:ident: $type:ty),* $(,)?
        ) -> $out:ty = $generic:path
    ) => {
        enum $marker {}

        impl $crate::instances::Instances for $marker {
            type Input<$a, $b, $t: $crate::instances::Scalar> = ($($type,)*);
            type Output<$a, $t: $crate::instances::Scalar> = $out;

            // Inlined into another crate it would be generic there after all.
            #[inline(never)]
            fn f32<$a, $b>(($($arg,)*): Self::Input<$a, $b, f32>) -> Self::Output<$a, f32> {
                $generic($($arg),*)
            }

            #[inline(never)]
            fn f64<$a, $b>(($($arg,)*): Self::Input<$a, $b, f64>) -> Self::Output<$a, f64> {
                $generic($($arg),*)
            }
        }

        $(#[$doc])*
        $vis fn $name<$a, $b, $t: $crate::instances::Scalar>($($arg: $type),*) -> $out {
            $t::instance::<$marker>(($($arg,)*))
        }
    };
}
