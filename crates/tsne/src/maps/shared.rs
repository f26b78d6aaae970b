//! The methods that maps of fitted points and of new ones have in common, written once.
//!
//! Each type has a field `run`, an `advance` that optimizes and an `evaluate` that computes the divergence. `$set_up` are the hidden
//! lines of the examples, after which the map is called `$map`.

macro_rules! map_methods {
    ($set_up:literal, $map:literal) => {
        /// The position of each point, in the order given.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let positions: &[[f32; 2]] = ", $map, ".positions();\n",
            "assert_eq!(positions.len(), ", $map, ".affinities().n());\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn positions(&self) -> &[[T; D]] {
            &self.run.positions
        }

        /// The positions, by value.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let x: Vec<f32> = ", $map, ".into_positions().iter().map(|position| position[0]).collect();\n",
            "assert!(x.len() >= 10);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn into_positions(self) -> Vec<[T; D]> {
            self.run.positions
        }

        /// The optimizer with its gains and velocities; `None` with a [`CustomOptimizer`](crate::CustomOptimizer).
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let velocity = ", $map, ".optimizer().map(|optimizer| optimizer.velocity().len());\n",
            "assert_eq!(velocity, Some(", $map, ".positions().len()));\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub const fn optimizer(&self) -> Option<&tsne_optim::MomentumGains<T, D>> {
            self.run.optimizer.momentum_gains()
        }

        /// What [`optimize`](Self::optimize) takes where it is told nothing else: the parameters of the normal phase that the map was
        /// made with, without exaggeration.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let dense = ", $map, ".optimized(", $map, ".params().n_iter(20).exaggeration(4.0))?;\n",
            "// What is named in one call does not stay.\n",
            "assert_eq!(dense.params().schedule, ", $map, ".params().schedule);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn params(&self) -> crate::params::optimize::OptimizeParams<T, D> {
            self.run.params.clone()
        }

        /// The schedule of [`params`](Self::params).
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let before = ", $map, ".iterations();\n",
            "let further = ", $map, ".optimized(", $map, ".schedule().n_iter(20).exaggeration(4.0))?;\n",
            "assert_eq!(further.iterations(), before + 20);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn schedule(&self) -> crate::params::schedule::Schedule {
            self.run.params.schedule.clone()
        }

        /// The number of iterations that were run, in all.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let before = ", $map, ".iterations();\n",
            "assert_eq!(", $map, ".optimized(5)?.iterations(), before + 5);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub const fn iterations(&self) -> usize {
            self.run.iterations
        }

        /// Why the last descent ended.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "assert_eq!(", $map, ".finish(), tsne::Finish::Completed);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub const fn finish(&self) -> tsne_optim::Finish {
            self.run.finish
        }

        /// The repulsion that was used last; never automatic.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "// What Auto takes for so few points.\n",
            "assert_eq!(", $map, ".negative_gradient_method(), tsne::RepulsionMethod::Exact);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn negative_gradient_method(&self) -> crate::params::repulsion::RepulsionMethod<T, D> {
            self.run.repulsion.method.clone()
        }

        /// What was not used as given, and what deserves a second look. Whether the map
        /// [flew apart](crate::Warning::FlownApart) is among it once its divergence is known: after a fit, or when asked for.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "assert!(", $map, ".warnings().is_empty());\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn warnings(&self) -> &[crate::warning::Warning] {
            self.run.warnings()
        }

        /// The KL divergence of just these positions, without exaggeration, by the repulsion used last. Of new points it is the sum of
        /// what each one's affinities diverge by.
        ///
        /// It is computed when it is asked for first, at the cost of some iterations, and then kept: see
        /// [`evaluate_kl_divergence`](Self::evaluate_kl_divergence), whose error is NaN here. A fit ends with computing it.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let before = ", $map, ".kl_divergence();\n",
            "assert!(", $map, ".optimized(100)?.kl_divergence() < before);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn kl_divergence(&self) -> f64 {
            self.evaluate_kl_divergence(Context::new()).unwrap_or(f64::NAN)
        }

        /// [`kl_divergence`](Self::kl_divergence) with a context for cancellation, and with its error.
        ///
        /// # Errors
        ///
        /// [`Error::Cancelled`], and those of the repulsion: none for the toolkit's own at positions that a descent came to.
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let divergence = ", $map, ".evaluate_kl_divergence(tsne::Context::new())?;\n",
            "assert_eq!(divergence, ", $map, ".kl_divergence());\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn evaluate_kl_divergence(&self, cx: Context<'_>) -> Result<f64> {
            if let Some(known) = self.run.known() {
                return Ok(known);
            }
            let (computed, doubt) = crate::threads::run(self.run.params.n_jobs, || {
                let computed = self.evaluate(cx)?;
                Ok((computed, self.doubt(computed, cx)?))
            })?;
            Ok(self.run.judge(computed, doubt))
        }

        /// Optimizes in place, by a number of iterations of the normal phase without exaggeration, by a
        /// [`Schedule`](crate::Schedule) or a part of one, or by [`OptimizeParams`](crate::OptimizeParams). What they do not name is that
        /// of [`params`](Self::params).
        ///
        /// Gains and velocities go on where the last call left them, and nothing is built anew, so `n` calls of one iteration equal one
        /// of `n` in bits and in cost.
        ///
        /// Returns why the descent ended: [`Finish::Stopped`](crate::Finish::Stopped) when a callback asked for it. On an error the
        /// map is what it was before.
        ///
        /// # Errors
        ///
        /// [`Error::Parameter`] for a parameter out of range, [`Error::Diverged`] if the descent leaves the finite numbers.
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::Finish;\n\n", $set_up,
            "# let mut ", $map, " = ", $map, ";\n",
            "let before = ", $map, ".iterations();\n",
            "assert_eq!(", $map, ".optimize(20)?, Finish::Completed);\n",
            $map, ".optimize(", $map, ".schedule().n_iter(20).exaggeration(4.0))?;\n",
            $map, ".optimize(", $map, ".params().n_iter(20).negative_gradient_method(\"bh\"))?;\n",
            "assert_eq!(", $map, ".iterations(), before + 60);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn optimize(&mut self, told: impl Into<crate::params::optimize::Optimize<T, D>>) -> Result<tsne_optim::Finish> {
            self.optimize_with(told, None, Context::new())
        }

        /// [`optimize`](Self::optimize) with an observer that may stop the descent, and a context for progress and cancellation.
        ///
        /// # Errors
        ///
        /// Those of [`optimize`](Self::optimize), and [`Error::Cancelled`].
        #[doc = concat!(
            "\n# Examples\n\n```\nuse std::ops::ControlFlow;\nuse tsne::{Context, Finish, Iteration, Observers};\n\n", $set_up,
            "# let mut ", $map, " = ", $map, ";\n",
            "let mut stop = |_: &Iteration<'_, f32, 2>| ControlFlow::Break(());\n",
            "let mut observers = Observers::new().every(10, &mut stop);\n",
            "let finish = ", $map, ".optimize_with(100, Some(&mut observers), Context::new())?;\n",
            "assert_eq!(finish, Finish::Stopped);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn optimize_with(
            &mut self,
            told: impl Into<crate::params::optimize::Optimize<T, D>>,
            observer: Option<&mut (dyn Observer<T, D> + Send)>,
            cx: Context<'_>,
        ) -> Result<tsne_optim::Finish> {
            let params = told.into().over(&self.run.params)?;
            crate::threads::run(params.n_jobs, || self.advance(&params, observer, cx))?;
            Ok(self.run.finish)
        }

        /// The map after further optimization, as a new value; this one stays (openTSNE's `inplace=False`).
        ///
        /// # Errors
        ///
        /// Those of [`optimize`](Self::optimize).
        #[doc = concat!(
            "\n# Examples\n\n```\n", $set_up,
            "let further = ", $map, ".optimized(20)?;\n",
            "assert_eq!(further.iterations(), ", $map, ".iterations() + 20);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn optimized(&self, told: impl Into<crate::params::optimize::Optimize<T, D>>) -> Result<Self> {
            self.optimized_with(told, None, Context::new())
        }

        /// [`optimized`](Self::optimized) with an observer that may stop the descent, and a context for progress and cancellation.
        ///
        /// # Errors
        ///
        /// Those of [`optimize`](Self::optimize), and [`Error::Cancelled`].
        #[doc = concat!(
            "\n# Examples\n\n```\nuse tsne::{CancelToken, Context, Error};\n\n", $set_up,
            "let token = CancelToken::new();\ntoken.cancel(); // As another thread would.\n",
            "let cancelled = ", $map, ".optimized_with(20, None, Context::new().with_cancel(&token));\n",
            "assert_eq!(cancelled.unwrap_err(), Error::Cancelled);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn optimized_with(
            &self,
            told: impl Into<crate::params::optimize::Optimize<T, D>>,
            observer: Option<&mut (dyn Observer<T, D> + Send)>,
            cx: Context<'_>,
        ) -> Result<Self> {
            let mut next = self.clone();
            next.optimize_with(told, observer, cx)?;
            Ok(next)
        }

        /// This map, or [`OptimizationInterrupt`](crate::OptimizationInterrupt) with it if a callback or an observer stopped its last
        /// descent: openTSNE's `propagate_exception`.
        ///
        /// # Errors
        ///
        /// [`OptimizationInterrupt`](crate::OptimizationInterrupt) if [`finish`](Self::finish) is
        /// [`Finish::Stopped`](crate::Finish::Stopped).
        #[doc = concat!(
            "\n# Examples\n\n```\nuse std::ops::ControlFlow;\nuse tsne::Callback;\n\n", $set_up,
            "let stop = Callback::new(|_| ControlFlow::Break(()));\n",
            "let stopped = ", $map, ".optimized(", $map, ".params().callbacks(stop).n_iter(100))?;\n",
            "let interrupt = stopped.propagate_interrupt().unwrap_err();\n",
            "assert_eq!(interrupt.final_embedding.iterations(), ", $map, ".iterations() + 50);\n",
            "# Ok::<(), tsne::Error>(())\n```"
        )]
        pub fn propagate_interrupt(self) -> Result<Self, crate::maps::interrupt::OptimizationInterrupt<Self>> {
            match self.run.finish {
                tsne_optim::Finish::Stopped => Err(crate::maps::interrupt::OptimizationInterrupt {
                    kl_divergence: self.kl_divergence(),
                    final_embedding: Box::new(self),
                }),
                _ => Ok(self),
            }
        }
    };
}
