//! Arrays that do not fit are errors.

use tsne_core::{Error, memory};

/// Sizes that a `Vec` may have and no machine: the allocator itself has to refuse them.
#[test]
fn what_no_machine_holds_is_an_error() {
    let len = isize::MAX as usize / 16;
    let error = memory::filled("numbers", len, 0u64).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { what: "numbers", bytes, .. } if bytes == 8 * len), "{error}");
    let mut array = vec![7u64];
    assert!(
        memory::resize("numbers", &mut array, len, 0).is_err() && memory::reserve("numbers", &mut array, len).is_err()
    );
    assert_eq!(array, [7]);
    // From where on arrays come from the system, and one below.
    for len in [(1 << 17) - 1, 1 << 17] {
        assert!(memory::filled("numbers", len, 3u64).unwrap().iter().all(|v| *v == 3));
    }
}

#[test]
fn copies_are_equal_and_take_the_memory_that_is_there() {
    let from = [3u64, 1, 2];
    assert_eq!(memory::copied("numbers", &from).unwrap(), from);
    assert_eq!(memory::collected("numbers", from.iter().map(|v| v + 1)).unwrap(), [4, 2, 3]);
    let mut into = vec![7u64; 5];
    let there = into.as_ptr();
    memory::copy_into("numbers", &mut into, &from).unwrap();
    assert_eq!((&into[..], into.as_ptr()), (&from[..], there));
}
