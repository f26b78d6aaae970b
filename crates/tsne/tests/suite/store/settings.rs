//! The section of scalars.

use proptest::prelude::*;
use tsne::store::{Reader, Settings, StoreError, Writer};

#[test]
fn settings_come_back() {
    let mut settings = Settings::new();
    settings.set("n", 70_000_usize).set("seed", u64::MAX).set("theta", 0.1 + 0.2).set("zero", -0.0);
    settings.set("none", f64::NAN).set("least", 5.0e-324).set("limit", f64::INFINITY).set("exact", true);
    settings.set("metric", "euclidean").set("empty", "").set("text", "a=b:c\\n\r\n\\ \t\"é\n");
    settings.set("metric", "cosine").set("return", "a\r");
    let mut file = Vec::new();
    Writer::new().settings("settings", &settings).unwrap().write_to(&mut file).unwrap();
    let back = Reader::from_bytes(&file).unwrap().settings("settings").unwrap();

    assert_eq!(back.get::<usize>("n").unwrap(), 70_000);
    assert_eq!(back.get::<u64>("seed").unwrap(), u64::MAX);
    assert_eq!(back.get::<f64>("theta").unwrap().to_bits(), (0.1_f64 + 0.2).to_bits());
    assert_eq!(back.get::<f64>("zero").unwrap().to_bits(), (-0.0_f64).to_bits());
    assert!(back.get::<f64>("none").unwrap().is_nan());
    assert_eq!(back.get::<f64>("least").unwrap(), 5.0e-324);
    assert_eq!(back.get::<f64>("limit").unwrap(), f64::INFINITY);
    assert!(back.get::<bool>("exact").unwrap());
    assert_eq!(back.get::<&str>("metric").unwrap(), "cosine");
    assert_eq!(back.get::<&str>("empty").unwrap(), "");
    assert_eq!(back.get::<&str>("text").unwrap(), "a=b:c\\n\r\n\\ \t\"é\n");
    assert_eq!(back.get::<&str>("return").unwrap(), "a\r");
    assert_eq!(back.iter().count(), 12);
    assert!(back.iter().map(|(name, _)| name).is_sorted());

    assert_eq!(back.optional::<f64>("absent").unwrap(), None);
    assert!(matches!(back.get::<f64>("absent"), Err(StoreError::Missing { .. })));
    assert!(matches!(back.optional::<u64>("theta"), Err(StoreError::Mismatch { .. })));
    assert!(matches!(back.get::<f64>("n"), Err(StoreError::Mismatch { .. })));
}

#[test]
fn settings_are_text_as_documented() {
    let mut settings = Settings::new();
    settings.set("theta", 0.5).set("exact", false).set("metric", "l1\n\\").set("n", 3_u64);
    let mut file = Vec::new();
    Writer::new().settings("settings", &settings).unwrap().write_to(&mut file).unwrap();
    let text = b"exact=bool:false\nmetric=str:l1\\n\\\\\nn=u64:3\ntheta=f64:0.5\n";
    assert_eq!(Reader::from_bytes(&file).unwrap().take::<u8>("settings", &[text.len()]).unwrap(), text);
}

#[test]
fn settings_that_are_not_sorted_lines_are_damage() {
    let bad: [&[u8]; 14] = [
        b"\n",
        b"n=u64:1",
        b"n\n",
        b"n=1\n",
        b"=u64:1\n",
        b"a b=u64:1\n",
        b"n=u64:-1\n",
        b"n=u64:18446744073709551616\n",
        b"n=f64:one\n",
        b"n=bool:yes\n",
        b"n=i64:1\n",
        b"n=str:\\t\n",
        b"n=u64:1\na=u64:1\n",
        b"n=u64:1\nn=u64:1\n",
    ];
    for text in bad.into_iter().chain([&b"n=str:\xFF\n"[..], b"n=str:\\\n"]) {
        let mut file = Vec::new();
        Writer::new().array("settings", &[text.len()], text).unwrap().write_to(&mut file).unwrap();
        let error = Reader::from_bytes(&file).unwrap().settings("settings").unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{}: {error:?}", text.escape_ascii());
    }
    for name in ["", "a b", "a=b", "a\n", "é"] {
        let mut settings = Settings::new();
        settings.set(name, 1.0);
        assert!(matches!(Writer::new().settings("s", &settings), Err(StoreError::Invalid { .. })), "{name:?}");
    }
}

proptest! {
    /// Any text and any number comes back as a setting.
    #[test]
    fn any_setting_comes_back(text in any::<String>(), number in any::<f64>(), name in "[!-<>-~]{1,20}") {
        let mut settings = Settings::new();
        settings.set(&format!("t.{name}"), text.as_str()).set(&format!("x.{name}"), number);
        let mut file = Vec::new();
        Writer::new().settings("settings", &settings).unwrap().write_to(&mut file).unwrap();
        let back = Reader::from_bytes(&file).unwrap().settings("settings").unwrap();
        prop_assert_eq!(back.get::<&str>(&format!("t.{name}")).unwrap(), text.as_str());
        let number_back = back.get::<f64>(&format!("x.{name}")).unwrap();
        prop_assert!(number_back.to_bits() == number.to_bits() || number.is_nan() && number_back.is_nan());
    }
}
