//! Values in documents.

use serde_json::{from_str, to_string};
use tsne_core::serial::{Number, Optional};
use tsne_core::{AffinityKind, Kernel, Stage};

#[test]
fn a_kernel_is_its_degrees_of_freedom_and_is_checked() {
    let kernel = Kernel::new(0.5).unwrap();
    assert_eq!(to_string(&kernel).unwrap(), "0.5");
    assert_eq!(from_str::<Kernel>("0.5").unwrap(), kernel);
    assert_eq!(from_str::<Kernel>("1").unwrap(), Kernel::CAUCHY);
    for (json, why) in [("0", "dof is 0, but must be"), ("\"NaN\"", "dof is NaN"), ("null", "invalid type: null")] {
        let error = from_str::<Kernel>(json).unwrap_err().to_string();
        assert!(error.starts_with(why), "{json}: {error}");
    }
}

#[test]
fn numbers_come_back_whatever_they_are() {
    for number in [0.0, -0.0, 0.1, 1e300, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let json = to_string(&Number(number)).unwrap();
        let back = from_str::<Number>(&json).unwrap().0;
        assert!(back.to_bits() == number.to_bits() || back.is_nan() && number.is_nan(), "{json}");
        let json = to_string(&Optional::from(Some(number))).unwrap();
        let back = from_str::<Optional<Number>>(&json).unwrap().0.unwrap().0;
        assert!(back.to_bits() == number.to_bits() || back.is_nan() && number.is_nan(), "{json}");
    }
    for json in ["\"infinite\"", "null", "true", "\"\"", "[1.0]"] {
        assert!(from_str::<Number>(json).is_err(), "{json}");
    }
}

#[test]
fn none_is_a_word_and_a_null_is_read_as_it() {
    assert_eq!(to_string(&Optional::from(None::<f64>)).unwrap(), "\"none\"");
    for json in ["\"none\"", "null"] {
        assert_eq!(from_str::<Optional<Number>>(json).unwrap().0, None);
        assert_eq!(from_str::<Optional<i32>>(json).unwrap().0, None);
    }
    assert_eq!(from_str::<Optional<i32>>("-2").unwrap().0, Some(-2));
    for json in ["1.5", "\"1\"", "3000000000"] {
        assert!(from_str::<Optional<i32>>(json).is_err(), "{json}");
    }
}

#[test]
fn kinds_and_stages_have_their_names() {
    let stages = [Stage::Neighbors, Stage::Affinities, Stage::Initialization, Stage::Optimization];
    for stage in stages {
        assert_eq!(to_string(&stage).unwrap(), format!("\"{stage}\""));
        assert_eq!(from_str::<Stage>(&format!("\"{stage}\"")).unwrap(), stage);
    }
    assert_eq!(from_str::<AffinityKind>("\"joint\"").unwrap(), AffinityKind::Joint);
}
