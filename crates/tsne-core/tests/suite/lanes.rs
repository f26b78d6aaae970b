//! Sums of lanes have one tree.

use tsne_core::lanes::fold;

#[test]
fn lanes_are_folded_pairwise() {
    assert_eq!(fold([1e16f64, 1.0, -1e16, 1.0]), 2.0);
    assert_eq!(fold([3.0f32, 1.0, 2.0]), 6.0);
    assert_eq!(fold([5.0f32]), 5.0);
    assert_eq!(fold::<f32, 0>([]), 0.0);
}
