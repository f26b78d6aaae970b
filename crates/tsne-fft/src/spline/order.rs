//! From the number of interpolation points to the order of the spline, a constant of the inner loops.

/// Runs `$run` with the const `$M` set to the spline order of `$params`.
macro_rules! with_order {
    ($params:expr, $M:ident => $run:expr) => {
        match $params.n_interpolation_points {
            1 => {
                const $M: usize = 2;
                $run
            }
            2 => {
                const $M: usize = 3;
                $run
            }
            3 => {
                const $M: usize = 4;
                $run
            }
            4 => {
                const $M: usize = 5;
                $run
            }
            5 => {
                const $M: usize = 6;
                $run
            }
            6 => {
                const $M: usize = 7;
                $run
            }
            7 => {
                const $M: usize = 8;
                $run
            }
            8 => {
                const $M: usize = 9;
                $run
            }
            _ => {
                const $M: usize = $crate::params::GridParams::MAX_INTERPOLATION_POINTS + 1;
                $run
            }
        }
    };
}
pub(crate) use with_order;
