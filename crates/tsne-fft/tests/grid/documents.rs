//! Parameters in documents.

use tsne_fft::{GridParams, Interpolation};

#[test]
fn parameters_come_back_and_may_be_some_only() {
    let params = GridParams::default()
        .with_n_interpolation_points(5)
        .with_min_num_intervals(30)
        .with_ints_in_interval(0.5)
        .with_interpolation(Interpolation::Lagrange);
    for params in [params, GridParams::default().with_force_tolerance(Some(0.01))] {
        let json = serde_json::to_string(&params).unwrap();
        assert_eq!(serde_json::from_str::<GridParams>(&json).unwrap(), params, "{json}");
    }
    let read = |json: &str| serde_json::from_str::<GridParams>(json);
    assert_eq!(read("{}").unwrap(), GridParams::default());
    assert_eq!(
        read(r#"{"interpolation": "b-spline", "ints_in_interval": 2}"#).unwrap(),
        GridParams::default().with_ints_in_interval(2.0)
    );
    assert!(
        read(r#"{"spacing": 0.5}"#).unwrap_err().to_string().starts_with("unknown field `spacing`, expected one of")
    );
    assert!(read(r#"{"ints_in_interval": "inf"}"#).unwrap().check().is_err());
}
