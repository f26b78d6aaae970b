//! Morton codes against their definition, one bit at a time.

use tsne_core::morton::Cube;
use tsne_core::random::element_seed;
use tsne_core::{Bounds, Scalar};

/// One bit at a time: the definition.
fn interleaved<const D: usize>(cells: [u32; D]) -> u32 {
    let mut code = 0;
    for level in 0..Cube::<D>::LEVELS {
        for cell in cells {
            code = code << 1 | (cell >> (Cube::<D>::LEVELS - 1 - level) & 1);
        }
    }
    code
}

fn check<const D: usize>() {
    let side = (1u64 << Cube::<D>::LEVELS) as f64;
    let cube = Cube::around(&Bounds::new([0.0; D], [side; D]));
    for seed in 0..200 {
        let cells: [u32; D] =
            std::array::from_fn(|a| (element_seed(1, a as u64, seed) & ((1u64 << Cube::<D>::LEVELS) - 1)) as u32);
        // The middle of each cell: no rounding can move it to another.
        let code = cube.code(&cells.map(|c| f64::from(c) + 0.5));
        assert_eq!(code, interleaved(cells));
        assert_eq!(Cube::<D>::common_level(code, code), Cube::<D>::LEVELS);
        for level in 0..Cube::<D>::LEVELS {
            let shift = Cube::<D>::LEVELS - 1 - level;
            let child = cells.iter().fold(0, |child, c| child << 1 | (c >> shift & 1));
            assert_eq!(Cube::<D>::child(code, level), child);
            let neighbor =
                interleaved::<D>(std::array::from_fn(|a| if a == 0 { cells[a] ^ 1 << shift } else { cells[a] }));
            assert_eq!(Cube::<D>::common_level(code, neighbor), level);
        }
    }
}

#[test]
fn codes_interleave_the_bits_of_the_cells() {
    check::<1>();
    check::<2>();
    check::<3>();
    check::<4>();
    check::<7>();
    check::<32>();
}

#[test]
fn cells_are_counted_from_the_lower_corner() {
    // A side of 8 from a corner off the origin, below it along one axis; all numbers here are exact.
    let cube = Cube::around(&Bounds::new([-5.0, 2.0], [3.0, 4.0]));
    assert_eq!(cube.side(), 8.0);
    assert_eq!([0, 1, 3, 16].map(|level| cube.side_at(level)), [8.0, 4.0, 1.0, 0.000_122_070_312_5]);
    let cells = f64::from(1u32 << Cube::<2>::LEVELS);
    for (x, y) in [(0.0, 0.0), (0.25, 0.125), (0.5, 0.0), (0.625, 0.1875)] {
        let code = cube.code(&[-5.0 + 8.0 * x, 2.0 + 8.0 * y]);
        assert_eq!(code, interleaved([x, y].map(|v| (v * cells) as u32)), "{x}, {y}");
    }
}

#[test]
fn the_ends_of_the_longest_axis_have_different_codes_at_any_scale() {
    for side in [f64::from_bits(1), f64::MIN_POSITIVE, 1e-300, 1.0, 3.7, 1e300, f64::MAX] {
        let cube = Cube::around(&Bounds::new([0.0, 0.0], [side, side / 3.0]));
        assert_eq!(Cube::<2>::common_level(cube.code(&[0.0, 0.0]), cube.code(&[side, 0.0])), 0, "side {side:e}");
    }
}

fn check_scales<const D: usize>() {
    // Whole numbers: exact at every scale, down to multiples of the smallest number.
    let whole: Vec<[f64; D]> =
        (0..200).map(|i| std::array::from_fn(|a| (element_seed(2, a as u64, i) >> 44) as f64)).collect();
    let codes = |exponent: i32| -> Vec<u32> {
        // In two steps: the least power of two is no power of a normal number's reciprocal.
        let scale = |v: f64| v * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
        let points: Vec<[f64; D]> = whole.iter().map(|p| p.map(scale)).collect();
        let cube = Cube::around(&Bounds::of(&points));
        points.iter().map(|p| cube.code(p)).collect()
    };
    for exponent in [-1074, -1060, -1040, -1022, -1011, -1000, -991, -600, -1, 600, 1000] {
        assert_eq!(codes(exponent), codes(0), "{D}-D, 2^{exponent}");
    }
}

#[test]
fn codes_do_not_depend_on_the_scale() {
    check_scales::<1>();
    check_scales::<2>();
    check_scales::<3>();
    check_scales::<7>();
}

#[test]
fn any_dimension_and_level_has_an_answer() {
    assert_eq!(Cube::<33>::LEVELS, 0);
    assert_eq!(Cube::around(&Bounds::new([0.0f32; 33], [1.0; 33])).code(&[1.0f32; 33]), 0);
    assert_eq!(Cube::around(&Bounds::<f32, 0>::default()).code(&[0.0f32; 0]), 0);
    assert_eq!((Cube::<3>::child(u32::MAX, u32::MAX), Cube::<3>::common_level(0, u32::MAX)), (7, 0));
    let line = Cube::around(&Bounds::new([0.0], [1.0]));
    assert!(line.side_at(u32::MAX) > 0.0);
    // Outside of the cube and not a number: the nearest cell, and the first.
    assert_eq!([-1.0, 2.0, f64::NAN].map(|v| line.code(&[v])), [0, u32::MAX, 0]);
}

fn boxes<T: Scalar>() {
    let points: Vec<[T; 2]> = (0..50).map(|i| [T::from_usize((i * 7) % 13), -T::from_usize(i % 5)]).collect();
    let bounds = Bounds::of(&points);
    assert_eq!(bounds, Bounds::new([T::ZERO, -T::from_usize(4)], [T::from_usize(12), -T::ZERO]));
    assert_eq!(bounds, Bounds::of(&points[..20]).union(&Bounds::of(&points[20..])));
    assert!(points.iter().all(|p| bounds.squared_distance(p) == T::ZERO));
    // A corner is 3 and 4 away.
    assert_eq!(bounds.squared_distance(&[T::from_usize(15), T::from_usize(4)]), T::from_usize(25));
    assert_eq!(bounds.squared_distance(&[-T::from_usize(3), -T::from_usize(8)]), T::from_usize(25));
    assert_eq!(bounds.squared_distance(&[T::from_usize(5), -T::from_usize(8)]), T::from_usize(16));
    assert_eq!(Bounds::default().union(&bounds), bounds);
}

#[test]
fn a_box_holds_its_points_and_no_more() {
    boxes::<f32>();
    boxes::<f64>();
}
