use tsne_core::{Affinities, Context, Result, Scalar, blocks, memory};

/// The name of what is made here in errors.
const WHAT: &str = "components of the neighbor graph";

/// The connected components of a graph, numbered in the order of their first points.
pub(super) struct Components {
    /// The component of each point.
    pub(super) of_point: Vec<u32>,
    /// The points of each component, ascending.
    pub(super) members: Vec<Vec<u32>>,
}

/// Finds the components by joining the ends of every edge of positive weight, whichever of its two entries is there.
pub(super) fn components<T: Scalar>(graph: &Affinities<T>, cx: Context<'_>) -> Result<Components> {
    let n = graph.n();
    // Union-find whose root is the first point of the set, with path halving: near to linear, and the same in any case.
    let mut parents = memory::collected(WHAT, 0..n as u32)?;
    for i in 0..n {
        if i % blocks::BLOCK == 0 {
            cx.check()?;
        }
        let mut root = find(&mut parents, i as u32);
        let (columns, weights) = graph.row(i);
        for (&j, weight) in columns.iter().zip(weights) {
            if *weight > T::ZERO {
                let other = find(&mut parents, j);
                parents[root.max(other) as usize] = root.min(other);
                root = root.min(other);
            }
        }
    }
    let mut numbers = memory::filled(WHAT, n, 0u32)?;
    let mut sizes: Vec<usize> = Vec::new();
    for i in 0..n as u32 {
        let root = find(&mut parents, i);
        if root == i {
            numbers[i as usize] = sizes.len() as u32;
            if sizes.len() == sizes.capacity() {
                let more = sizes.len().max(16);
                memory::reserve(WHAT, &mut sizes, more)?;
            }
            sizes.push(0);
        }
        // A root is the first point of its set: it has its number by now.
        let number = numbers[root as usize];
        numbers[i as usize] = number;
        sizes[number as usize] += 1;
    }
    let mut members = memory::filled(WHAT, sizes.len(), Vec::new())?;
    for (members, size) in members.iter_mut().zip(sizes) {
        memory::reserve(WHAT, members, size)?;
    }
    for (&number, i) in numbers.iter().zip(0u32..) {
        members[number as usize].push(i);
    }
    Ok(Components { of_point: numbers, members })
}

fn find(parents: &mut [u32], mut i: u32) -> u32 {
    loop {
        let parent = parents[i as usize];
        if parent == i {
            return i;
        }
        let grandparent = parents[parent as usize];
        parents[i as usize] = grandparent;
        i = grandparent;
    }
}
