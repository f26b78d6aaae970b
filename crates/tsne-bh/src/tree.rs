use crate::cells::Region;
use crate::dimensions::{in_dimension, wrong_dimension};
use crate::node::Node;
use crate::order::{Order, gather};
use crate::subtree::Open;
use crate::top::Top;
use crate::workers;
use std::any::Any;
use tsne_core::morton::{Cube, key, key_index};
use tsne_core::{Bounds, Context, Error, Result, Scalar, blocks, check_embedding, chunks, instances, memory};

/// A linear tree of cells over a set of points: a bintree, quadtree or octree for `D` = 1, 2, 3.
///
/// Holds any finite point set: coincident points share a leaf, and no others more than a small constant number of
/// them. Cells without points are absent, as are cells whose points all lie in one of their children.
/// The module documentation of the crate explains the layout.
///
/// # Determinism
///
/// The same points give the same tree, bit for bit, for any number of threads.
#[derive(Debug)]
pub struct Tree<T, const D: usize> {
    keys: Vec<u64>,
    pub(crate) points: Vec<[T; D]>,
    /// `2n - 1` places, not all of them in use: see [`Region`].
    pub(crate) nodes: Vec<Node<T, D>>,
    node_count: usize,
    side: f64,
    order: Order<T, D>,
    top: Top<D>,
    /// The stacks of the workers that write subtrees.
    stacks: Vec<Vec<Open<D>>>,
}

impl<T: Scalar, const D: usize> Default for Tree<T, D> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            points: Vec::new(),
            nodes: Vec::new(),
            node_count: 0,
            side: 0.0,
            order: Order::default(),
            top: Top::default(),
            stacks: Vec::new(),
        }
    }
}

/// A cell of a [`Tree`] as [`Tree::visit`] shows it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Cell<T, const D: usize> {
    /// The mean of its points.
    pub center: [T; D],
    /// Its side; 0 if all its points coincide, or where its square is below all numbers of the type.
    pub side: f64,
    /// Its points, as a range of [`Tree::order`].
    pub start: usize,
    /// The number of its points, at least 1.
    pub count: usize,
    /// Whether it has no children.
    pub is_leaf: bool,
}

impl<T: Scalar, const D: usize> Tree<T, D> {
    /// The largest number of points: `2n - 1` nodes are addressed by 32 bits.
    pub const MAX_POINTS: usize = (u32::MAX / 2) as usize;

    /// A tree without points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    ///
    /// assert_eq!(Tree::<f32, 2>::new().n(), 0);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds the tree over `y`, in `O(n log n)`. A second call at the same `n` reuses all memory.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] unless `D` is 1, 2 or 3, or for a coordinate beyond half the largest number,
    /// [`Error::NonFinite`] for a position that is not finite,
    /// [`Error::Capacity`] beyond [`Tree::MAX_POINTS`], [`Error::OutOfMemory`], [`Error::Cancelled`].
    /// The tree is empty after an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// assert_eq!((tree.n(), tree.side()), (100, 9.0));
    /// assert!(tree.build(&[[f32::NAN, 0.0]], Context::new()).is_err());
    /// assert_eq!(tree.n(), 0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn build(&mut self, y: &[[T; D]], cx: Context<'_>) -> Result<()> {
        build(self, y.as_flattened(), cx).unwrap_or_else(|| {
            self.clear();
            Err(wrong_dimension(D))
        })
    }

    /// [`Tree::build`], compiled where it is called.
    pub(crate) fn build_here(&mut self, y: &[[T; D]], cx: Context<'_>) -> Result<()> {
        self.clear();
        let result = self.try_build(y, cx);
        if result.is_err() {
            self.clear();
        }
        result
    }

    fn try_build(&mut self, y: &[[T; D]], cx: Context<'_>) -> Result<()> {
        if y.len() > Self::MAX_POINTS {
            return Err(Error::capacity("the points of a tree", y.len(), Self::MAX_POINTS));
        }
        check_embedding(y)?;
        cx.check()?;
        if y.is_empty() {
            return Ok(());
        }
        memory::resize("the keys of a tree", &mut self.keys, y.len(), 0)?;
        memory::resize("the points of a tree", &mut self.points, y.len(), [T::ZERO; D])?;
        // Never shrunk: the places beyond the root's skip are not reached.
        let places = 2 * y.len() - 1;
        if self.nodes.len() < places {
            memory::resize("the nodes of a tree", &mut self.nodes, places, Node::EMPTY)?;
        }
        let (keys, points, nodes) = (&mut self.keys, &mut self.points, &mut self.nodes[..places]);
        chunks::for_each(keys, blocks::BLOCK, |b, keys| {
            keys.iter_mut().zip(blocks::range(b, y.len())).for_each(|(k, i)| *k = key(0, i as u32));
        });
        let cube = self.order.arrange(y, keys)?;
        cx.check()?;
        gather(y, keys, points);
        let cube = cube.unwrap_or(Cube::around(&Bounds::of(&y[..1])));
        self.side = cube.side();
        let root = Region { cube, start: 0, count: y.len() as u32, node: 0, skip: places as u32 };
        self.top.divide(root, &mut self.order, y, keys, points)?;
        let workers = workers::count(self.top.tasks());
        self.stacks.resize_with(workers.max(self.stacks.len()), Vec::new);
        let subtrees = self.top.subtrees(y, keys, points, nodes);
        workers::run(subtrees, &mut self.stacks[..workers], |stack, (subtree, built)| {
            *built = subtree.write(stack)?;
            Ok(())
        })?;
        self.node_count = self.top.join(nodes).nodes;
        Ok(())
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.points.clear();
        self.node_count = 0;
        self.side = 0.0;
    }

    /// The number of points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// assert_eq!(tree.n(), 100);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn n(&self) -> usize {
        self.points.len()
    }

    /// The number of cells.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// assert!((2..2 * 100).contains(&tree.node_count()));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn node_count(&self) -> usize {
        self.node_count
    }

    /// The side of the smallest axis-parallel cube around all points.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// assert_eq!(tree.side(), 9.0);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub const fn side(&self) -> f64 {
        self.side
    }

    /// The indices of the points in the order of the tree: each cell holds consecutive ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// let mut order: Vec<usize> = tree.order().collect();
    /// order.sort_unstable();
    /// assert!(order.into_iter().eq(0..100));
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn order(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.keys.iter().map(|&key| key_index(key) as usize)
    }

    /// The keys, of which the lower halves are the indices of the points in the order of the tree.
    pub(crate) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// The number of node places that a walk may reach.
    pub(crate) fn end(&self) -> usize {
        (2 * self.points.len()).saturating_sub(1)
    }

    /// Walks over the cells in depth-first order, root first; where `open` returns `false`, the cells below are
    /// left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use tsne_bh::Tree;
    /// use tsne_core::Context;
    ///
    /// let y: Vec<[f32; 2]> = (0..100).map(|i| [(i % 10) as f32, (i / 10) as f32]).collect();
    /// let mut tree = Tree::new();
    /// tree.build(&y, Context::new())?;
    /// // Every point is in one leaf.
    /// let mut points = 0;
    /// tree.visit(|cell| {
    ///     points += if cell.is_leaf { cell.count } else { 0 };
    ///     true
    /// });
    /// assert_eq!(points, 100);
    /// # Ok::<(), tsne_core::Error>(())
    /// ```
    pub fn visit(&self, mut open: impl FnMut(Cell<T, D>) -> bool) {
        let mut i = 0;
        while i < self.end() {
            let node = &self.nodes[i];
            let cell = Cell {
                center: node.center,
                side: node.side(),
                start: node.start as usize,
                count: node.count as usize,
                is_leaf: node.is_leaf(),
            };
            i = if open(cell) && !cell.is_leaf { i + 1 } else { node.skip as usize };
        }
    }
}

/// Checks that trees exist for `D`.
pub(crate) fn check_dimension<const D: usize>() -> Result<()> {
    if (1..=3).contains(&D) { Ok(()) } else { Err(wrong_dimension(D)) }
}

instances! {
    /// [`Tree::build`] for an `any` that is a tree.
    fn build[Build]<'a, 'b, T>(any: &'b mut dyn Any, y: &'b [T], cx: Context<'b>) -> Option<Result<()>> = build_any
}

fn build_any<T: Scalar>(any: &mut dyn Any, y: &[T], cx: Context<'_>) -> Option<Result<()>> {
    in_dimension!(any.downcast_mut() as Tree<T>, |this| this.build_here(y.as_chunks().0, cx))
}
