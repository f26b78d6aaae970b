//! The setters of parameters that several types have: each is written once, here.
//!
//! `$at` is the way from `self` to the struct that holds the fields, and `$new` an expression of the type that its examples start
//! from; `$check` is what checks all of its parameters.

/// A setter of a number with an example of a value that passes the check and of one that does not.
macro_rules! number {
    ([$($at:ident).*] $new:literal $check:literal; $(#[$doc:meta])* $name:ident: $argument:ty = $value:expr, not $other:expr) => {
        $(#[$doc])*
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::Error;\n\n",
            "assert!(", $new, ".", stringify!($name), "(", stringify!($value), ").", $check, "().is_ok());\n",
            "let error = ", $new, ".", stringify!($name), "(", stringify!($other), ").", $check, "().unwrap_err();\n",
            "assert!(matches!(error, Error::Parameter { name: \"", stringify!($name), "\", .. }), \"{error}\");\n```"
        )]
        pub fn $name(mut self, $name: $argument) -> Self {
            self.$($at.)*$name = $name.into();
            self
        }
    };
}

/// The setters of a [`Schedule`](crate::params::schedule::Schedule).
macro_rules! schedule_setters {
    ([$($at:ident).*] $new:literal $check:literal) => {
        number! {
            [$($at).*] $new $check;
            /// Iterations of the early phase; 0 is a schedule without one. `None` is 30, but none after a
            /// [coarse start](crate::Initialization::Coarse).
            early_exaggeration_iter: impl Into<Option<usize>> = 20, not usize::MAX
        }
        /// The factor on the attraction in the early phase: a number from 1e-6 to 1e6, or `"auto"`
        /// ([`EarlyExaggeration`](crate::EarlyExaggeration)).
        #[doc = concat!(
            "\n# Examples\n\n```\n",
            "assert!(", $new, ".early_exaggeration(\"auto\").", $check, "().is_ok());\n",
            "assert!(", $new, ".early_exaggeration(4.0).", $check, "().is_ok());\n",
            "assert!(", $new, ".early_exaggeration(0.0).", $check, "().is_err());\n```"
        )]
        pub fn early_exaggeration(mut self, early_exaggeration: impl crate::params::name::IntoParam<crate::params::learning_rate::EarlyExaggeration>) -> Self {
            let schedule = &mut self$(.$at)*;
            if let Some(value) = schedule.unknown.take("early_exaggeration", early_exaggeration) {
                schedule.early_exaggeration = value;
            }
            self
        }
        number! {
            [$($at).*] $new $check;
            /// The momentum of the early phase, and of the beginning of a transition without one, from 0 to below 1. `None` is 0.8 for an
            /// early phase; without, 0.9 where the map begins as one of all its points, and else 0.5.
            initial_momentum: impl Into<Option<f64>> = 0.5, not 1.0
        }
        /// The first iterations of the normal phase, over which exaggeration, learning rate and momentum go from those of the early
        /// phase to its own ([`Transition`](tsne_optim::Transition)); all of them if it has fewer. Without an early phase the momentum
        /// alone rises from [`initial_momentum`](Self::initial_momentum). `None` is 90 after an early phase; without, 60 where the
        /// map begins as one of all its points, and else 20.
        #[doc = concat!(
            "\n# Examples\n\n```\n",
            "assert!(", $new, ".transition_iter(20).", $check, "().is_ok());\n```"
        )]
        pub fn transition_iter(mut self, transition_iter: impl Into<Option<usize>>) -> Self {
            self.$($at.)*transition_iter = transition_iter.into();
            self
        }
        number! {
            [$($at).*] $new $check;
            /// Iterations of the normal phase.
            n_iter: usize = 20, not usize::MAX
        }
        number! {
            [$($at).*] $new $check;
            /// The factor on the attraction in the normal phase, from 1e-6 to 1e6; `None` is 1.
            exaggeration: impl Into<Option<f64>> = 2.0, not -1.0
        }
        /// The learning rate, for gradients without the factor 4: a number, `"auto"`, or a multiple as `"auto*2"`
        /// ([`LearningRate`](crate::LearningRate)). Automatic is `n / exaggeration` for the points of a fit and 0.1 for new ones.
        #[doc = concat!(
            "\n# Examples\n\n```\n",
            "assert!(", $new, ".learning_rate(\"auto\").", $check, "().is_ok());\n",
            "assert!(", $new, ".learning_rate(200.0).", $check, "().is_ok());\n",
            "assert!(", $new, ".learning_rate(0.0).", $check, "().is_err());\n```"
        )]
        pub fn learning_rate(mut self, learning_rate: impl crate::params::name::IntoParam<crate::params::learning_rate::LearningRate>) -> Self {
            let schedule = &mut self$(.$at)*;
            if let Some(value) = schedule.unknown.take("learning_rate", learning_rate) {
                schedule.learning_rate = value;
            }
            self
        }
        /// The form of momentum.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::Momentum;\n\n",
            "assert!(", $new, ".momentum_rule(Momentum::Nesterov).", $check, "().is_ok());\n```"
        )]
        pub fn momentum_rule(mut self, momentum_rule: tsne_optim::Momentum) -> Self {
            self.$($at.)*momentum_rule = momentum_rule;
            self
        }
        number! {
            [$($at).*] $new $check;
            /// The momentum of the normal phase, from 0 to below 1. `None` is 0.97, and 0.9 for degrees of freedom above 1.
            final_momentum: impl Into<Option<f64>> = 0.9, not 1.0
        }
        /// Whether the momentum of the normal phase gives way where it carries uphill
        /// ([`MomentumGains`](tsne_optim::MomentumGains)).
        #[doc = concat!(
            "\n# Examples\n\n```\n",
            "assert!(", $new, ".adaptive_momentum(false).", $check, "().is_ok());\n```"
        )]
        pub fn adaptive_momentum(mut self, adaptive_momentum: bool) -> Self {
            self.$($at.)*adaptive_momentum = adaptive_momentum;
            self
        }
        number! {
            [$($at).*] $new $check;
            /// A phase ends when the norm of the whole gradient is below this; `None` never does.
            min_grad_norm: impl Into<Option<f64>> = 1e-7, not -1.0
        }
        number! {
            [$($at).*] $new $check;
            /// Gradients of single points longer than this are scaled down to it; `None` leaves them.
            max_grad_norm: impl Into<Option<f64>> = 0.25, not 0.0
        }
        number! {
            [$($at).*] $new $check;
            /// Steps of single points longer than this, in units of the map, are scaled down to it; `None` leaves them.
            max_step_norm: impl Into<Option<f64>> = 1.0, not 0.0
        }
        number! {
            [$($at).*] $new $check;
            /// The normal phase ends when an iteration lowers the KL divergence by less than this fraction of it, on average over
            /// 25 iterations ([`Phase::min_kl_improvement`](tsne_optim::Phase::min_kl_improvement)); 2e-4 is the rule of opt-SNE
            /// (Belkina et al. 2019). Set [`n_iter`](Self::n_iter) to the most that you would wait for. `None` never does.
            min_kl_improvement: impl Into<Option<f64>> = 2e-4, not -1.0
        }
    };
}

/// The setters of [`RepulsionParams`](crate::params::repulsion::RepulsionParams).
macro_rules! repulsion_setters {
    ([$($at:ident).*] $new:literal $check:literal) => {
        /// How the repulsion is computed: a [`RepulsionMethod`](crate::RepulsionMethod), its documented name, or a
        /// [`CustomRepulsion`](crate::CustomRepulsion) of your own.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::RepulsionMethod;\n\n",
            "assert!(", $new, ".negative_gradient_method(\"bh\").", $check, "().is_ok());\n",
            "assert!(", $new, ".negative_gradient_method(RepulsionMethod::Fft).", $check, "().is_ok());\n",
            "assert!(", $new, ".negative_gradient_method(\"tree\").", $check, "().is_err());\n```"
        )]
        pub fn negative_gradient_method(
            mut self,
            method: impl crate::params::name::IntoParam<crate::params::repulsion::RepulsionMethod<T, D>>,
        ) -> Self {
            let repulsion = &mut self$(.$at)*;
            if let Some(value) = repulsion.unknown.take("negative_gradient_method", method) {
                repulsion.method = value;
            }
            self
        }
        number! {
            [$($at).*] $new $check;
            /// The relative error of the repulsive force (root mean square) that is acceptable, from 0.0001 to 0.5, from which
            /// the threshold of Barnes-Hut and spacing and order of the grid follow; `None` leaves them to their own parameters.
            /// [`Embedding::force_error`](crate::Embedding::force_error) measures what came of it.
            force_tolerance: impl Into<Option<f64>> = 0.01, not 0.0
        }
        number! {
            [$($at).*] $new $check;
            /// The threshold of Barnes-Hut, not negative; 0 is exact.
            theta: f64 = 0.3, not -1.0
        }
        repulsion_setters! {
            @grid [$($at.)*grid] $new $check;
            /// Nodes per cell of the grid and axis, 1 to 9. Small maps are summed exactly whatever the grid's parameters.
            n_interpolation_points: usize = 5, not 10;
            /// The smallest number of cells of the grid along the longer side of the map; three dimensions allow some 15
            /// ([`GridParams`](tsne_fft::GridParams)). Small maps are summed exactly whatever the grid's parameters.
            min_num_intervals: usize = 30, not 0;
            /// The side of a cell of the grid, in units of the map. Small maps are summed exactly whatever the grid's parameters.
            ints_in_interval: f64 = 0.5, not 0.0;
        }
        /// The interpolation of the grid.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::Interpolation;\n\n",
            "assert!(", $new, ".interpolation(Interpolation::Lagrange).", $check, "().is_ok());\n```"
        )]
        pub fn interpolation(mut self, interpolation: tsne_fft::Interpolation) -> Self {
            self.$($at.)*grid.interpolation = interpolation;
            self
        }
    };
    (@grid $at:tt $new:literal $check:literal;
     $($(#[$doc:meta])* $name:ident: $argument:ty = $value:expr, not $other:expr;)*) => {
        $(
            repulsion_setters! { @one $at $new $check; $(#[$doc])* $name: $argument = $value, not $other }
        )*
    };
    (@one [$($at:ident).*] $new:literal $check:literal;
     $(#[$doc:meta])* $name:ident: $argument:ty = $value:expr, not $other:expr) => {
        $(#[$doc])*
        #[doc = concat!(
            "\n# Examples\n\n```\n",
            "assert!(", $new, ".", stringify!($name), "(", stringify!($value), ").", $check, "().is_ok());\n",
            "assert!(", $new, ".", stringify!($name), "(", stringify!($other), ").", $check, "().is_err());\n```"
        )]
        pub fn $name(mut self, $name: $argument) -> Self {
            self.$($at.)*$name = $name;
            self
        }
    };
}

/// The setters of how an optimization runs: [`OptimizeParams`](crate::params::optimize::OptimizeParams).
macro_rules! run_setters {
    ([$($at:ident).*] $new:literal $check:literal) => {
        /// An optimizer of your own in place of [`MomentumGains`](tsne_optim::MomentumGains); `None` for none.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::{CustomOptimizer, Momentum, MomentumGains};\n\n",
            "let own = CustomOptimizer::new(|| MomentumGains::new(Momentum::Nesterov));\n",
            "assert!(", $new, ".optimizer(own).", $check, "().is_ok());\n```"
        )]
        pub fn optimizer(mut self, optimizer: impl Into<Option<crate::params::optimizer::CustomOptimizer<T, D>>>) -> Self {
            self.$($at.)*optimizer = optimizer.into();
            self
        }
        /// Functions, one or several, that see the descent every [`callbacks_every_iters`](Self::callbacks_every_iters) iterations
        /// and may stop it.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse std::ops::ControlFlow;\nuse tsne::Callback;\n\n",
            "let one = Callback::new(|iteration| if iteration.kl_divergence < 1.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });\n",
            "let several = vec![one.clone(), one.clone()];\n",
            "assert!(", $new, ".callbacks(one).", $check, "().is_ok());\n",
            "assert!(", $new, ".callbacks(several).", $check, "().is_ok());\n```"
        )]
        pub fn callbacks(mut self, callbacks: impl Into<crate::params::callbacks::Callbacks<T, D>>) -> Self {
            self.$($at.)*callbacks = callbacks.into();
            self
        }
        number! {
            [$($at).*] $new $check;
            /// The iterations from one call of the callbacks to the next, at least 1.
            callbacks_every_iters: usize = 10, not 0
        }
        number! {
            [$($at).*] $new $check;
            /// The number of threads in scikit-learn's convention: -1 all processors, -2 all but one; 0 is an error, and beyond 64 no
            /// more are started than there are processors. `None` is the pool of threads of the caller, rayon's global one outside of
            /// any: see [`with_threads`](crate::with_threads). The result does not depend on it.
            n_jobs: impl Into<Option<i32>> = -2, not 0
        }
    };
}
