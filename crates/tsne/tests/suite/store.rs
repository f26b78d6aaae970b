//! The container of saved models: round trips, the documented bytes, and every kind of damage.

#[path = "../common/model_file.rs"]
mod model_file;
mod random;
mod saving;
mod settings;

use model_file::{Forged, Part, xxh64};
use tsne::store::{ElementType, MAX_SECTIONS, Reader, Settings, StoreError, VERSION, Value, Writer};

#[test]
fn the_hash_of_the_tests_gives_the_published_values() {
    assert_eq!(xxh64(b""), 0xEF46DB3751D8E999);
    assert_eq!(xxh64(b"a"), 0xD24EC4F1A98C6E5B);
    assert_eq!(xxh64(b"abc"), 0x44BC2CF5AD770999);
    assert_eq!(xxh64(b"Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1);
}

/// The library's file of [`Forged::valid`].
fn written() -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new();
    writer.array("positions", &[1, 2], &[1.5_f32, -2.0]).unwrap();
    writer.array::<u64>("empty", &[0], &[]).unwrap().array("raw", &[3], &[7_u8, 8, 9]).unwrap();
    assert_eq!(writer.write_to(&mut file).unwrap(), file.len() as u64);
    file
}

/// The error of reading a forged file.
#[track_caller]
fn refused(change: impl FnOnce(&mut Forged)) -> StoreError {
    let mut forged = Forged::valid();
    change(&mut forged);
    Reader::from_bytes(&forged.bytes()).unwrap_err()
}

/// Asserts that a forged file is called damaged, for the reason that holds.
#[track_caller]
fn damaged(reason: &str, change: impl FnOnce(&mut Forged)) {
    let error = refused(change);
    assert!(matches!(&error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn the_bytes_are_those_of_the_document() {
    let bytes = Forged::valid().bytes();
    assert_eq!(written(), bytes);
    // The document's own sums: header, three rows, two payloads of at most 64 bytes, end marker.
    assert_eq!(bytes.len(), 64 + 3 * 128 + 2 * 64 + 8);
}

#[test]
fn every_type_comes_back_bit_for_bit() {
    let bytes: Vec<u8> = (0..=255).collect();
    let f32s = [0.0, -0.0, 1.0e-45, f32::MAX, f32::INFINITY, f32::from_bits(0x7FC1_2345)];
    let f64s = [-0.0, 5.0e-324, f64::NEG_INFINITY, f64::from_bits(0xFFF8_0000_DEAD_BEEF)];
    let mut file = Vec::new();
    let mut writer = Writer::new();
    writer.array("u8", &[2, 2, 2, 32], &bytes).unwrap();
    writer.array("u32", &[3], &[0, 1, u32::MAX]).unwrap();
    writer.array("u64", &[], &[u64::MAX]).unwrap();
    writer.array("usize", &[2, 1], &[0_usize, 1 << 31]).unwrap();
    writer.array("f32", &[2, 3], &f32s).unwrap();
    writer.array("f64", &[4], &f64s).unwrap();
    writer.array::<f64>("none", &[0, 7], &[]).unwrap();
    writer.write_to(&mut file).unwrap();

    let mut reader = Reader::from_bytes(&file).unwrap();
    assert_eq!(reader.version(), VERSION);
    assert_eq!(reader.names().collect::<Vec<_>>(), ["u8", "u32", "u64", "usize", "f32", "f64", "none"]);
    assert_eq!(reader.element_type("usize").unwrap(), ElementType::U64);
    assert_eq!(reader.shape("none").unwrap(), [0, 7]);
    assert_eq!(reader.take::<u8>("u8", &[2, 2, 2, 32]).unwrap(), bytes);
    assert_eq!(reader.take::<u32>("u32", &[3]).unwrap(), [0, 1, u32::MAX]);
    assert_eq!(reader.take::<u64>("u64", &[]).unwrap(), [u64::MAX]);
    assert_eq!(reader.take::<usize>("usize", &[2, 1]).unwrap(), [0, 1 << 31]);
    let back = reader.take::<f32>("f32", &[2, 3]).unwrap();
    assert!(back.iter().zip(f32s).all(|(a, b)| a.to_bits() == b.to_bits()), "{back:?}");
    let back = reader.take::<f64>("f64", &[4]).unwrap();
    assert!(back.iter().zip(f64s).all(|(a, b)| a.to_bits() == b.to_bits()), "{back:?}");
    assert_eq!(reader.take::<f64>("none", &[0, 7]).unwrap(), [0.0; 0]);
}

/// Lengths around the size of the pieces in which arrays are converted, 65,536 bytes.
#[test]
fn arrays_of_many_pieces_come_back() {
    for n in [8_191, 8_192, 8_193, 70_001] {
        let long: Vec<u64> = (0..n as u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let short: Vec<u32> = long.iter().map(|&value| value as u32).collect();
        let mut file = Vec::new();
        Writer::new().array("a", &[n], &long).unwrap().array("b", &[n], &short).unwrap().write_to(&mut file).unwrap();
        let mut reader = Reader::from_bytes(&file).unwrap();
        assert!(reader.take::<u64>("a", &[n]).unwrap() == long, "n {n}");
        assert!(reader.take::<u32>("b", &[n]).unwrap() == short, "n {n}");
    }
}

#[test]
fn a_file_without_sections_is_valid() {
    let mut file = Vec::new();
    Writer::new().write_to(&mut file).unwrap();
    assert_eq!(Reader::from_bytes(&file).unwrap().names().len(), 0);
}

#[test]
fn every_change_of_a_byte_is_found() {
    let mut file = written();
    for i in 0..file.len() {
        let right = file[i];
        for wrong in (0..=255).filter(|&byte| byte != right) {
            file[i] = wrong;
            assert!(Reader::from_bytes(&file).is_err(), "byte {i} set to {wrong}");
        }
        file[i] = right;
    }
    assert!(Reader::from_bytes(&file).is_ok());
}

#[test]
fn every_cut_and_every_addition_is_found() {
    let mut file = written();
    for n in 1..file.len() {
        match Reader::from_bytes(&file[..n]).unwrap_err() {
            // Before the header is complete, its own length is the least that is missing.
            StoreError::Length { found, expected } => {
                assert_eq!((found, expected), (n as u64, if n < 64 { 64 } else { file.len() as u64 }));
            }
            other => panic!("cut to {n}: {other:?}"),
        }
    }
    assert!(matches!(Reader::from_bytes(&[]), Err(StoreError::NotAModel { .. })));
    for byte in [0, b'\n', 0x89] {
        file.push(byte);
        assert!(matches!(Reader::from_bytes(&file), Err(StoreError::Length { .. })), "{} bytes", file.len());
    }
}

#[test]
fn a_transfer_in_text_mode_is_recognized() {
    let to_unix = String::from_utf8_lossy(&written()).replace("\r\n", "\n").into_bytes();
    let to_dos: Vec<u8> =
        written().iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect();
    let seven_bits: Vec<u8> = written().iter().map(|byte| byte & 0x7F).collect();
    for file in [to_unix, to_dos, seven_bits] {
        let error = Reader::from_bytes(&file).unwrap_err().to_string();
        assert!(error.contains("text mode"), "{error}");
    }
    let error = Reader::from_bytes(b"\x93NUMPY\x01\x00v").unwrap_err();
    assert!(matches!(error, StoreError::NotAModel { .. }), "{error:?}");
}

#[test]
fn a_later_major_version_is_refused_by_name() {
    for version in [[2, 0], [0, 9], [u16::MAX, 3]] {
        let error = refused(|file| file.version = version);
        let StoreError::Version { found, supported } = error else { panic!("{error:?}") };
        assert_eq!((found, supported), ((version[0], version[1]), VERSION));
        let given = format!("{}.{}", version[0], version[1]);
        assert!(error.to_string().contains(&given), "{error}");
    }
}

#[test]
fn a_later_minor_version_is_read_around_what_is_new() {
    let mut file = Forged::valid();
    file.version = [1, 7];
    // An element type of the future, whose size is unknown: any shape may go with any length.
    let new =
        Part { name: b"new".into(), code: 99, rank: 2, shape: [u64::MAX >> 1, 1 << 40, 0, 0], ..file.parts[2].clone() };
    file.parts.insert(1, new);
    let mut reader = Reader::from_bytes(&file.bytes()).unwrap();
    assert_eq!(reader.version(), (1, 7));
    assert_eq!(reader.take::<f32>("positions", &[1, 2]).unwrap(), [1.5, -2.0]);
    assert!(reader.contains("new"));
    assert!(matches!(reader.element_type("new"), Err(StoreError::Unsupported(_))));
    assert!(matches!(reader.take::<u8>("new", &[3]), Err(StoreError::Unsupported(_))));
    assert!(matches!(reader.settings("new"), Err(StoreError::Unsupported(_))));

    // The same in a file of this version is damage.
    file.version = [VERSION.0, VERSION.1];
    assert!(matches!(Reader::from_bytes(&file.bytes()), Err(StoreError::Corrupt { .. })));
}

/// Files whose checksums are right and whose content is not. That none of these is believed far enough to reserve
/// memory is in tests/store_allocation.rs.
#[test]
fn forged_files_are_refused() {
    damaged("sections", |file| file.count = Some(u32::MAX));
    damaged("sections", |file| file.count = Some(MAX_SECTIONS as u32 + 1));
    damaged("sections", |file| file.count = Some(900));
    // One too many, in a file that is right apart from that.
    damaged("sections", |file| {
        let part = file.parts[1].clone();
        file.parts = (0..=MAX_SECTIONS).map(|i| Part { name: i.to_string().into(), ..part.clone() }).collect();
    });
    damaged("reserved", |file| file.reserved = 1);
    assert!(matches!(refused(|file| file.length = Some(u64::MAX)), StoreError::Length { expected: u64::MAX, .. }));
    assert!(matches!(refused(|file| file.length = Some(0)), StoreError::Length { expected: 0, .. }));

    damaged("shape", |file| file.parts[0].length = Some(u64::MAX));
    damaged("shape", |file| file.parts[0].shape = [u64::MAX, u64::MAX, 0, 0]);
    // 2^61 integers of 8 bytes have 2^64, which is 0 if the product wraps; -1 times -3 is 3 if that product wraps.
    damaged("shape", |file| file.parts[1].shape = [1 << 61, 0, 0, 0]);
    damaged("shape", |file| {
        file.parts[2].rank = 2;
        file.parts[2].shape = [u64::MAX, u64::MAX - 2, 0, 0];
    });
    damaged("shape", |file| file.parts[2].shape = [4, 0, 0, 0]);
    damaged("dimensions", |file| file.parts[0].rank = 5);
    damaged("dimensions", |file| file.parts[0].rank = u32::MAX);
    damaged("dimensions", |file| file.parts[2].shape = [3, 1, 0, 0]);
    damaged("end", |file| {
        file.parts[2].shape[0] = u64::MAX;
        file.parts[2].length = Some(u64::MAX);
    });
    damaged("end", |file| {
        file.parts[2].shape[0] = 1000;
        file.parts[2].length = Some(1000);
    });
    damaged("end marker", |file| {
        file.parts[2].shape[0] = 3 + 64;
        file.parts[2].length = Some(3 + 64);
        file.end.resize(8 + 63, 0);
    });
    damaged("starts at", |file| file.parts[0].offset = Some(449));
    damaged("starts at", |file| file.parts[2].offset = Some(448));
    damaged("starts at", |file| file.parts[2].offset = Some(u64::MAX - 63));
    damaged("element type", |file| file.parts[0].code = 6);
    damaged("element type", |file| file.parts[0].code = 0);
    damaged("padding", |file| file.parts[0].padding = 1);
    damaged("end marker", |file| file.end[3] = b'X');

    damaged("name", |file| file.parts[0].name = b"raw".into());
    damaged("name", |file| file.parts[0].name = b"".into());
    damaged("name", |file| file.parts[0].name = b"a\0b".into());
    damaged("name", |file| file.parts[0].name = b"\xFF\xFE".into());
    damaged("name", |file| file.parts[0].name = "pösitions".into());
    damaged("name", |file| file.parts[0].name = b"a b".into());
}

#[test]
fn what_is_asked_for_must_be_what_is_there() {
    let mut reader = Reader::from_bytes(&written()).unwrap();
    let error = reader.take::<f32>("position", &[1, 2]).unwrap_err();
    assert!(matches!(&error, StoreError::Missing { what } if what.contains("position")), "{error:?}");
    assert!(matches!(reader.shape("position"), Err(StoreError::Missing { .. })));
    let error = reader.take::<f64>("positions", &[1, 2]).unwrap_err().to_string();
    assert!(error.contains("f32") && error.contains("f64"), "{error}");
    let error = reader.take::<f32>("positions", &[2, 1]).unwrap_err().to_string();
    assert!(error.contains("[1, 2]") && error.contains("[2, 1]"), "{error}");
    // None of the failures took it.
    assert!(reader.take::<f32>("positions", &[1, 2]).is_ok());
    assert!(matches!(reader.take::<f32>("positions", &[1, 2]), Err(StoreError::Taken { .. })));
    assert!(reader.contains("positions"));
}

#[test]
fn what_cannot_be_held_is_refused_on_writing() {
    let mut writer = Writer::new();
    let long = "n".repeat(65);
    for (name, shape) in
        [("", &[1][..]), (&long, &[1]), ("a b", &[1]), ("é", &[1]), ("a", &[2]), ("a", &[1; 5]), ("a", &[0])]
    {
        let error = writer.array(name, shape, &[1_u8]).unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{name:?} {shape:?}: {error:?}");
    }
    assert!(writer.array("a", &[usize::MAX, 2], &[1_u8]).is_err());
    writer.array(&long[..64], &[1], &[1_u8]).unwrap();
    let error = writer.array(&long[..64], &[1], &[1_u8]).unwrap_err().to_string();
    assert!(error.contains("already"), "{error}");
    for i in 1..MAX_SECTIONS {
        writer.array(&i.to_string(), &[1], &[1_u8]).unwrap();
    }
    assert!(writer.array("one-too-many", &[1], &[1_u8]).is_err());
    let mut file = Vec::new();
    writer.write_to(&mut file).unwrap();
    assert_eq!(Reader::from_bytes(&file).unwrap().names().len(), MAX_SECTIONS);
}

#[test]
fn types_can_move_between_threads() {
    fn check<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    check::<Writer<'_>>();
    check::<Reader>();
    check::<Settings>();
    check::<Value>();
    check::<StoreError>();
}
