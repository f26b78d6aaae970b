//! Generic functions compiled in this crate, once, for both scalars.
//!
//! A generic function is compiled in every crate that calls it, so that all searches would be compiled anew in each final
//! binary. What [`instances`] writes is generic to its callers and no more than a call of one of two functions that are not,
//! which this crate compiles.

/// Writes the function `name`, generic over the scalar `T`, as the choice between the two instances of `generic`.
///
/// The first lifetime is what the result may borrow from, the second that of all else; the name in brackets is that of a
/// type which stands for the function.
macro_rules! instances {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident[$marker:ident]<$a:lifetime, $b:lifetime, $t:ident>(
            $($arg:ident: $type:ty),* $(,)?
        ) -> $out:ty = $generic:path
    ) => {
        enum $marker {}

        impl ::tsne_core::Instances for $marker {
            type Input<$a, $b, $t: ::tsne_core::Scalar> = ($($type,)*);
            type Output<$a, $t: ::tsne_core::Scalar> = $out;

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
        $vis fn $name<$a, $b, $t: ::tsne_core::Scalar>($($arg: $type),*) -> $out {
            $t::instance::<$marker>(($($arg,)*))
        }
    };
}

pub(crate) use instances;
