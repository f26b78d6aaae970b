//! Random content comes back, random damage is found.

use super::model_file::{Forged, Part, xxh64};
use super::written;
use proptest::prelude::*;
use tsne::store::{Reader, Writer};

proptest! {
    /// Bytes of any kind never panic, and are never a model.
    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Reader::from_bytes(&bytes).is_err());
    }

    /// A table of random bytes with a checksum that is right: checks beyond the checksums see it, and refuse or find a
    /// file that is consistent. 64 rows at most; most bytes are zero, so that some fields are valid.
    #[test]
    fn random_tables_are_refused(
        rows in prop::collection::vec(prop::collection::vec(prop_oneof![9 => Just(0_u8), 1 => any::<u8>()], 128), 1..64),
        minor in 0_u16..3,
    ) {
        let table = rows.concat();
        let mut file = Forged { version: [1, minor], parts: Vec::new(), count: Some(rows.len() as u32), ..Forged::valid() };
        file.length = Some((64 + table.len() + 8) as u64);
        let mut bytes = file.bytes();
        let checksum = xxh64(&[&bytes[..56], &table].concat());
        bytes.splice(56..64, checksum.to_le_bytes());
        bytes.splice(64..64, table);
        prop_assert!(Reader::from_bytes(&bytes).is_err());
    }

    /// Any one byte range of a valid file replaced by random bytes is found.
    #[test]
    fn random_damage_is_found(at in 0_usize..584, noise in prop::collection::vec(any::<u8>(), 1..80)) {
        let right = written();
        let mut wrong = right.clone();
        for (to, byte) in wrong[at..].iter_mut().zip(noise) {
            *to = byte;
        }
        prop_assert_eq!(Reader::from_bytes(&wrong).is_ok(), wrong == right);
    }

    /// What is written comes back, and equals the file built by hand.
    #[test]
    fn any_content_comes_back(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        floats in prop::collection::vec(any::<f64>(), 0..100),
        name in "[!-~]{1,64}",
    ) {
        let mut file = Vec::new();
        let mut writer = Writer::new();
        writer.array(&name, &[bytes.len()], &bytes).unwrap();
        let second = if name == "second" { "other" } else { "second" };
        writer.array(second, &[floats.len(), 1], &floats).unwrap().write_to(&mut file).unwrap();

        let mut forged = Forged::valid();
        let template = forged.parts[0].clone();
        let payload = floats.iter().flat_map(|value| value.to_le_bytes()).collect();
        forged.parts = vec![
            Part { name: name.clone().into(), code: 1, rank: 1, shape: [bytes.len() as u64, 0, 0, 0], payload: bytes.clone(), ..template.clone() },
            Part { name: second.into(), code: 5, rank: 2, shape: [floats.len() as u64, 1, 0, 0], payload, ..template },
        ];
        prop_assert!(file == forged.bytes());

        let mut reader = Reader::from_bytes(&file).unwrap();
        prop_assert_eq!(reader.take::<u8>(&name, &[bytes.len()]).unwrap(), &bytes[..]);
        let back = reader.take::<f64>(second, &[floats.len(), 1]).unwrap();
        prop_assert!(back.iter().map(|v| v.to_bits()).eq(floats.iter().map(|v| v.to_bits())));
    }
}
