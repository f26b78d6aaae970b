use crate::node::{BUCKET, Node};
use crate::sources::{Lists, Series, Sources, Spreads, Sum};
use crate::tree::Tree;
use tsne_core::{Bounds, Error, Kernel, Profile, Result, Scalar, memory};

/// The most points of a group: points of one cell that share one walk.
///
/// On a map of 10,000 points at theta 0.5 with one thread, 16, 32, 64, 128 and 256 took 2.8, 2.1, 1.9, 1.9 and 2.2 ms;
/// the larger the group, the stricter the criterion: forces erred by 4.5, 3.6, 3.4, 2.3 and 1.7 in 1,000.
pub(crate) const GROUP: usize = 128;

/// The share of the kernel's own length in the criterion.
///
/// On maps of 10,000 points at theta 0.5 with one thread, with 0, 0.5 and 1: after the early phase 4.1, 1.7 and 1.4 ms in 2-D, forces
/// erring by 0.34, 0.70 and 1.9 in 1,000; in 3-D 0.26, 0.54 and 1.0 in 1,000, in 3.3 and 2.7 ms with 0.5 and 1. Maps at the end are
/// hardly touched.
const NEAR: f64 = 0.5;

/// The criterion: a cell stands for its points where `side² < theta² (distance² + length²)`.
///
/// The kernel is smooth on the scale of its `length` ([`NEAR`] `min(dof, 1)`, the square): where cells are small against that, the
/// series about their mean converges at any distance, and they may touch the targets or lie among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Criterion<T> {
    theta: T,
    theta2: T,
    /// `theta² length²`.
    near2: T,
}

impl<T: Scalar> Criterion<T> {
    pub(crate) fn new(theta: f64, kernel: Kernel) -> Self {
        let theta2 = theta * theta;
        // `exp(-d²)`, the limit for many degrees of freedom, changes on the scale of 1.
        let near2 = T::from_f64(NEAR * theta2 * kernel.dof().min(1.0));
        Self { theta: T::from_f64(theta), theta2: T::from_f64(theta2), near2 }
    }

    /// Whether a cell may stand for its points, if there are several places. Strict, so that `theta = 0` accepts nothing.
    #[inline(always)]
    fn accepts<const D: usize>(self, node: &Node<T, D>, targets: &Bounds<T, D>) -> bool {
        let d2 = targets.squared_distance(&node.center);
        // A square that overflowed is the largest number at least: infinitely far would be far from cells of any size.
        let known = if d2 < T::MAX { d2 } else { T::MAX };
        if node.side2 >= T::ZERO {
            node.side2 < self.theta2 * known + self.near2
        } else {
            node.is_coincident() || self.accepts_large(node, targets)
        }
    }

    /// The same of a cell whose square overflows: beside such sides the kernel's length is nothing, and the largest
    /// difference of a coordinate is a distance, not more than the real one.
    #[cold]
    #[inline(never)]
    fn accepts_large<const D: usize>(self, node: &Node<T, D>, targets: &Bounds<T, D>) -> bool {
        let mut distance = T::ZERO;
        for a in 0..D {
            distance = distance.max(targets.lower[a] - node.center[a]).max(node.center[a] - targets.upper[a]);
        }
        -node.side2 < self.theta * distance
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
        Self { tree, criterion, profile, series: Series::new(kernel), lists }
    }

    /// The action of all points of the tree on a point that is not one of them.
    #[inline(always)]
    pub(crate) fn query(&mut self, y: &[T; D]) -> Sum<D> {
        let mut sums = [Sum::ZERO];
        let targets = Targets { bounds: Bounds::new(*y, *y), own: Own { start: u32::MAX, count: 0 }, is_group: false };
        self.walk(&targets, std::slice::from_ref(y), &mut sums);
        sums[0]
    }

    /// The action of all other points of the tree on each point of a group, [`groups`], given to `write` in order.
    #[inline(always)]
    pub(crate) fn group(&mut self, group: usize, mut write: impl FnMut(Sum<D>)) {
        let node = &self.tree.nodes[group];
        let points = &self.tree.points[node.range()];
        let own = Own { start: node.start, count: node.count };
        let mut sums = [Sum::ZERO; GROUP];
        // Where they coincide, all feel the same: one for all, plus the weight 1 of each of the others, which exert no force.
        let coincident = node.is_coincident();
        let targets = if coincident { &points[..1] } else { points };
        self.walk(&Targets { bounds: Bounds::of(targets), own, is_group: !coincident }, targets, &mut sums);
        if coincident {
            sums[0].z += f64::from(node.count - 1);
        }
        for i in 0..points.len() {
            write(sums[if coincident { 0 } else { i % GROUP }]);
        }
    }

    /// One walk for all `points`, which are the `targets`.
    ///
    /// The criterion takes the distance from the box around the targets, so that it holds for each of them.
    #[inline(always)]
    fn walk(&mut self, targets: &Targets<T, D>, points: &[[T; D]], sums: &mut [Sum<D>]) {
        let Self { tree, criterion, profile, series, lists: Lists { cells, moments, points: singles, terms } } = self;
        let nodes: &[Node<T, D>] = &tree.nodes[..tree.end()];
        let mut i = 0;
        let mut full = Full::Points;
        if targets.is_group {
            points.iter().for_each(|p| singles.push(p, T::ONE));
        } else {
            full = gather(tree, nodes, *criterion, targets, &mut i, (cells, moments), singles);
        }
        // The targets act on each other before any other acts on them.
        let mut each_other = targets.is_group;
        // In one place for each kind of source: what sources do is inlined here for every vector unit and kernel, and is long.
        loop {
            if full != Full::Points {
                cells.act::<true, P>(terms, moments, (*profile, *series), points, false, sums);
            }
            if full != Full::Cells {
                singles.act::<false, P>(terms, moments, (*profile, *series), points, each_other, sums);
            }
            if full == Full::End {
                return;
            }
            each_other = false;
            full = gather(tree, nodes, *criterion, targets, &mut i, (cells, moments), singles);
        }
    }
}

/// The points that a walk is for.
struct Targets<T, const D: usize> {
    /// The box around them.
    bounds: Bounds<T, D>,
    /// Which points of the tree they are: these do not act in the walk.
    own: Own,
    /// Whether the targets act on each other.
    is_group: bool,
}

/// Why a walk stopped to gather.
#[derive(Clone, Copy, PartialEq)]
enum Full {
    /// There is no room for another cell.
    Cells,
    /// There is no room for the points of another leaf.
    Points,
    /// It has come to its end.
    End,
}

/// Gathers what acts on the targets, from node `i` on, until there is no room for it.
#[inline(always)]
fn gather<T: Scalar, const D: usize>(
    tree: &Tree<T, D>,
    nodes: &[Node<T, D>],
    criterion: Criterion<T>,
    Targets { bounds, own, .. }: &Targets<T, D>,
    i: &mut usize,
    (cells, moments): (&mut Sources<'_, T, D>, &mut Spreads<'_, T, D>),
    points: &mut Sources<'_, T, D>,
) -> Full {
    while let Some(node) = nodes.get(*i) {
        if own.start.wrapping_sub(node.start) < node.count {
            // A cell that contains the targets is never taken as a whole; the targets' own acts elsewhere.
            *i = if node.count == own.count { node.skip as usize } else { *i + 1 };
            continue;
        }
        let is_leaf = node.is_leaf();
        if criterion.accepts(node, bounds) {
            if !cells.has_room(1) {
                return Full::Cells;
            }
            moments.set(cells.next(), &node.moments);
            cells.push(&node.center, T::from_i32(node.count as i32));
            *i = node.skip as usize;
        } else if is_leaf {
            if !points.has_room(BUCKET) {
                return Full::Points;
            }
            for p in &tree.points[node.range()] {
                points.push(p, T::ONE);
            }
            *i = node.skip as usize;
        } else {
            *i += 1;
        }
    }
    Full::End
}

/// The points of a tree that do not act in a walk: `count` of them from `start` on, those of one cell.
#[derive(Debug, Clone, Copy)]
struct Own {
    start: u32,
    count: u32,
}
