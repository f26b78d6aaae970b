//! Run-time dispatch to the vector units of the machine.
//!
//! A binary built for the baseline of its target (SSE2 on x86-64) would leave most of the vector unit idle. The
//! functions here compile the same loop again for AVX2 and choose at run time. (Loops that carry eight lanes fill the
//! registers of AVX2; a third version for AVX-512 would lengthen every build for the same width.) The loops contain no
//! fused multiply-add and no reordering of sums, and the compiler introduces neither, so that **every version
//! gives the same bits**; only the speed differs.
//!
//! # Why `unsafe` is sound here
//!
//! Calling a function compiled for more features than the caller's is undefined on a machine that lacks them. The
//! one such call stands directly behind the run-time detection of exactly those features.
#![allow(unsafe_code)]

/// A computation that [`dispatch`] compiles for several vector units.
///
/// Mark [`Task::run`] and all it calls `#[inline(always)]`: what is not inlined keeps the baseline's features.
pub trait Task {
    /// What the computation returns.
    type Output;
    /// The computation.
    fn run(self) -> Self::Output;
}

/// Runs `task`, compiled for the widest vector unit that this machine has.
///
/// # Examples
///
/// ```
/// use tsne_core::simd::{Task, dispatch};
///
/// struct Doubled<'a>(&'a mut [f32]);
///
/// impl Task for Doubled<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|v| *v *= 2.0);
///     }
/// }
///
/// let mut values = [1.0, 2.0, 3.0];
/// dispatch(Doubled(&mut values));
/// assert_eq!(values, [2.0, 4.0, 6.0]);
/// ```
#[inline]
pub fn dispatch<K: Task>(task: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        // `is_x86_feature_detected!` caches its answer: a load and a branch.
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature that `avx2` is compiled for was detected above.
            return unsafe { avx2(task) };
        }
    }
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Task>(task: K) -> K::Output {
    task.run()
}
