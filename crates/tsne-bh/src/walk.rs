use crate::node::{BUCKET, Node};
use crate::sources::{Lists, Series, Sum};
use crate::tree::Tree;
use tsne_core::{Bounds, Error, Kernel, Profile, Result, Scalar, memory};

/// The most points of a group: points of one cell that share one walk.
///
/// On a map of 10,000 points at theta 0.5 with one thread, 16, 32, 64, 128 and 256 took 2.8, 2.1, 1.9, 1.9 and 2.2 ms;
/// the larger the group, the stricter the criterion: forces erred by 4.5, 3.6, 3.4, 2.3 and 1.7 in 1,000.
pub(crate) const GROUP: usize = 128;

/// The criterion: a cell stands for its points where `side / distance < theta`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Criterion<T> {
    theta2: T,
}

impl<T: Scalar> Criterion<T> {
    pub(crate) fn new(theta: f64) -> Self {
        Self { theta2: T::from_f64(theta * theta) }
    }

    /// Strict, so that `theta = 0` accepts nothing; where a number overflows, cells are opened.
    #[inline(always)]
    fn accepts(self, side2: T, d2: T) -> bool {
        side2 < self.theta2 * d2
    }
}

/// Checks a threshold.
pub(crate) fn check_theta(theta: f64) -> Result<()> {
    if theta.is_finite() && theta >= 0.0 {
        Ok(())
    } else {
        Err(Error::parameter("theta", theta, "a finite number, at least 0 (0 is exact, 0.5 the usual choice)"))
    }
}

/// The groups of a tree: its largest cells of at most [`GROUP`] points, or of points that coincide.
pub(crate) fn groups<T: Scalar, const D: usize>(tree: &Tree<T, D>, groups: &mut Vec<u32>) -> Result<()> {
    groups.clear();
    // At most as many as there are points: also where later points make smaller ones.
    memory::reserve("the groups of a tree", groups, tree.n())?;
    let mut i = 0;
    while i < tree.end() {
        let node = &tree.nodes[i];
        if node.count as usize <= GROUP || node.is_leaf() {
            groups.push(i as u32);
            i = node.skip as usize;
        } else {
            i += 1;
        }
    }
    Ok(())
}

/// The state of walks, reused from one to the next.
#[derive(Debug)]
pub(crate) struct Walker<'a, T, P, const D: usize> {
    tree: &'a Tree<T, D>,
    criterion: Criterion<T>,
    profile: P,
    series: Series<T>,
    lists: Lists<'a, T, D>,
}

impl<'a, T: Scalar, P: Profile<T>, const D: usize> Walker<'a, T, P, D> {
    #[inline(always)]
    pub(crate) fn new(
        tree: &'a Tree<T, D>,
        criterion: Criterion<T>,
        kernel: Kernel,
        profile: P,
        lists: Lists<'a, T, D>,
    ) -> Self {
        Self { tree, criterion, profile, series: Series::new(kernel, D), lists }
    }

    /// The action of all points of the tree on a point that is not one of them.
    #[inline(always)]
    pub(crate) fn query(&mut self, y: &[T; D]) -> Sum<D> {
        let mut sums = [Sum::ZERO];
        self.walk(&Bounds::new(*y, *y), Own { start: u32::MAX, count: 0 }, std::slice::from_ref(y), &mut sums);
        sums[0]
    }

    /// The action of all other points of the tree on each point of a group, [`groups`], given to `write` in order.
    #[inline(always)]
    pub(crate) fn group(&mut self, group: usize, mut write: impl FnMut(Sum<D>)) {
        let node = &self.tree.nodes[group];
        let points = &self.tree.points[node.range()];
        let own = Own { start: node.start, count: node.count };
        let mut sums = [Sum::ZERO; GROUP];
        if node.is_coincident() {
            // All feel the same: one for all, plus the weight 1 of each of the others, which exert no force.
            self.walk(&Bounds::of(&points[..1]), own, &points[..1], &mut sums[..1]);
            sums[0].z += f64::from(node.count - 1);
            for _ in points {
                write(sums[0]);
            }
            return;
        }
        for p in points {
            self.lists.points.push(p, T::ONE, T::ZERO);
        }
        self.lists.points.act_on_each_other(&mut self.lists.terms, self.profile, self.series, points, &mut sums);
        self.walk(&Bounds::of(points), own, points, &mut sums);
        for (_, sum) in points.iter().zip(sums) {
            write(sum);
        }
    }

    /// One walk for all `targets` in `bounds`, which are the points `own` of the tree: these do not act.
    ///
    /// The criterion takes the distance from the box around the targets, so that it holds for each of them.
    #[inline(always)]
    fn walk(&mut self, bounds: &Bounds<T, D>, own: Own, targets: &[[T; D]], sums: &mut [Sum<D>]) {
        let tree = self.tree;
        let nodes: &[Node<T, D>] = &tree.nodes[..tree.end()];
        let mut i = 0;
        while let Some(node) = nodes.get(i) {
            if own.start.wrapping_sub(node.start) < node.count {
                // A cell that contains the targets is never taken as a whole; the targets' own acts elsewhere.
                i = if node.count == own.count { node.skip as usize } else { i + 1 };
                continue;
            }
            let is_leaf = node.is_leaf();
            if self.criterion.accepts(node.side2, bounds.squared_distance(&node.center)) || node.is_coincident() {
                if !self.lists.cells.has_room(1) {
                    self.lists.cells.act::<true, P>(&mut self.lists.terms, self.profile, self.series, targets, sums);
                }
                self.lists.cells.push(&node.center, T::from_i32(node.count as i32), node.moment);
                i = node.skip as usize;
            } else if is_leaf {
                if !self.lists.points.has_room(BUCKET) {
                    self.lists.points.act::<false, P>(&mut self.lists.terms, self.profile, self.series, targets, sums);
                }
                for p in &tree.points[node.range()] {
                    self.lists.points.push(p, T::ONE, T::ZERO);
                }
                i = node.skip as usize;
            } else {
                i += 1;
            }
        }
        self.lists.cells.act::<true, P>(&mut self.lists.terms, self.profile, self.series, targets, sums);
        self.lists.points.act::<false, P>(&mut self.lists.terms, self.profile, self.series, targets, sums);
    }
}

/// The points of a tree that do not act in a walk: `count` of them from `start` on, those of one cell.
#[derive(Debug, Clone, Copy)]
struct Own {
    start: u32,
    count: u32,
}
