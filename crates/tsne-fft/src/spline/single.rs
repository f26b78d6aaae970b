//! The repulsion among one set of points: by one grid, or pair by pair.

use crate::choose::cost::{Choice, Crowd, nominal};
use crate::choose::density::{Buffers, Counted};
use crate::choose::tolerance::Chooser;
use crate::layout::bounds::Bounds;
use crate::pairs::all::{AllPairs, QUERIES};
use crate::pairs::near::Queries;
use crate::pairs::rows::Row;
use crate::params::GridParams;
use crate::points::slabs::BLOCK;
use crate::scalar::GridScalar;
use crate::spline::field::{Field, Filled, Places};
use crate::spline::split::{Rest, Sharpness, Smoothed};
use tsne_core::{Context, Kernel, Result, blocks, chunks, memory};

/// What is kept from call to call: buffers, spectra, plans. No result depends on it.
#[derive(Debug)]
pub(crate) struct Single<T: 'static, const D: usize> {
    pub(crate) field: Field<T, D>,
    all: AllPairs<T, D>,
    chooser: Chooser<D>,
    counts: Buffers,
    around: Vec<Row>,
    /// Forces in the order of the sorted points.
    forces: Vec<[T; D]>,
    sums: Vec<f64>,
    near_sums: Vec<(f64, usize)>,
    /// Pairs that the last call summed directly.
    pub(crate) pairs: usize,
}

impl<T: GridScalar, const D: usize> Default for Single<T, D> {
    fn default() -> Self {
        Self {
            field: Field::default(),
            all: AllPairs::default(),
            chooser: Chooser::default(),
            counts: Buffers::default(),
            around: Vec::new(),
            forces: Vec::new(),
            sums: Vec::new(),
            near_sums: Vec::new(),
            pairs: 0,
        }
    }
}

impl<T: GridScalar, const D: usize> Single<T, D> {
    /// The cheapest grid for points that is as exact as `params` ask for.
    pub(crate) fn choose(
        &mut self,
        params: &GridParams,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
    ) -> Result<Choice<T, D>> {
        let Self { chooser, counts, around, .. } = self;
        let mut densities = Counted::new(y, bounds, counts)?;
        let mut crowd = Crowd::new(kernel, y.len(), around, &mut densities);
        Ok(chooser.choose(params, bounds, y, &mut crowd))
    }

    /// The grid that the parameters ask for, whatever filling costs: for one that is read many times.
    pub(crate) fn choose_nominal(
        &mut self,
        params: &GridParams,
        kernel: Kernel,
        bounds: &Bounds<T, D>,
        y: &[[T; D]],
    ) -> Result<Choice<T, D>> {
        if params.force_tolerance.is_some() {
            return self.choose(params, kernel, bounds, y);
        }
        let Self { counts, around, .. } = self;
        let mut densities = Counted::new(y, bounds, counts)?;
        Ok(nominal(params, bounds, &mut Crowd::new(kernel, y.len(), around, &mut densities)))
    }

    /// What a coarse grid under these points must not fall below: see [`Chooser::least_spacing`].
    pub(crate) fn least_spacing(&mut self, params: &GridParams, kernel: Kernel, y: &[[T; D]]) -> (Sharpness, f64) {
        self.chooser.least_spacing(params, kernel, y)
    }

    /// Writes the forces of all pairs on this member's points, of the kernel less its smooth part on a coarser grid, and returns the
    /// sum of the weights.
    pub(crate) fn by_pairs(
        &mut self,
        (kernel, coarser): (Kernel, Option<Smoothed>),
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        self.all.assign(y)?;
        self.pairs = y.len() * y.len();
        self.all.own_sums((kernel, coarser.as_ref().map(Smoothed::rest)), out, &mut self.sums, cx)
    }

    /// The same by the chosen grid.
    pub(crate) fn by_grid(
        &mut self,
        choice: &Choice<T, D>,
        (kernel, coarser): (Kernel, Option<Smoothed>),
        y: &[[T; D]],
        out: &mut [[T; D]],
        cx: Context<'_>,
    ) -> Result<f64> {
        let filled = self.field.fill(choice, (kernel, coarser), y, cx)?;
        cx.check()?;
        self.pairs = 0;
        let sum = match filled.rest {
            None => self.read(&filled, y, out, cx)?,
            Some(rest) => self.read_sorted(kernel, (&filled, rest), (y.len(), out), cx)?,
        };
        Ok(sum + y.len() as f64 * (filled.constant - filled.own))
    }

    /// Reads the forces on this member's points, and the sum of the potential over all, from the grid.
    fn read(&mut self, filled: &Filled<T, D>, y: &[[T; D]], out: &mut [[T; D]], cx: Context<'_>) -> Result<f64> {
        let field = &self.field;
        self.sums.clear();
        self.sums.resize(blocks::count(y.len()), 0.0);
        let own = cx.share(self.sums.len());
        let first = own.start;
        let out = (out.as_flattened_mut(), blocks::BLOCK * D);
        chunks::for_each2((&mut self.sums[own], 1), out, |b, sum, out| {
            let places = Places::Given(&y[blocks::range(first + b, y.len())]);
            sum[0] = field.read_block(filled, (places, true), out.as_chunks_mut().0);
        });
        cx.gather(&mut self.sums, 1)?;
        Ok(self.sums.iter().sum())
    }

    /// The same from the grid and from near pairs, point after sorted point: a member's share of these are not its own points.
    fn read_sorted(
        &mut self,
        kernel: Kernel,
        (filled, rest): (&Filled<T, D>, Rest<T>),
        (n, out): (usize, &mut [[T; D]]),
        cx: Context<'_>,
    ) -> Result<f64> {
        let field = &self.field;
        memory::resize("forces", &mut self.forces, n, [T::ZERO; D])?;
        self.near_sums.clear();
        self.near_sums.resize(n.div_ceil(QUERIES), (0.0, 0));
        let own = cx.share(self.near_sums.len());
        let before = own.start;
        let forces = &mut self.forces[cx.part(n, QUERIES)];
        let forces = (forces.as_flattened_mut(), QUERIES * D);
        chunks::for_each2((&mut self.near_sums[own], 1), forces, |block, sum, forces| {
            // A call that was cancelled ends with the check below.
            if cx.check().is_ok() {
                let (first, forces) = ((before + block) * QUERIES, forces.as_chunks_mut().0);
                let potential = field.read_block(filled, (Places::Sorted { first }, true), forces);
                let added = field.add_near((kernel, &filled.lattice, rest), Queries::Own { first }, forces);
                sum[0] = (potential + added.weight, added.pairs);
            }
        });
        cx.check()?;
        cx.gather(&mut self.near_sums, 1)?;
        cx.gather(&mut self.forces, QUERIES)?;
        // Back into the order of the points. The blocks of this member's need not be whole ones of those that are sorted together.
        let start = cx.rows(n).start;
        let (head, rest) = out.split_at_mut(out.len().min(start.next_multiple_of(BLOCK) - start));
        for (start, out) in [(start, head), (start.next_multiple_of(BLOCK), rest)] {
            chunks::for_each_point(out, BLOCK, |b, out| {
                let (block, skipped) = (start / BLOCK + b, if b == 0 { start % BLOCK } else { 0 });
                for (i, rank) in field.sorted.block(&field.slabs, block) {
                    if let Some(out) = out.get_mut(i.wrapping_sub(skipped)) {
                        *out = self.forces[rank];
                    }
                }
            });
        }
        self.pairs = self.near_sums.iter().map(|sum| sum.1).sum();
        Ok(self.near_sums.iter().map(|sum| sum.0).sum())
    }
}
