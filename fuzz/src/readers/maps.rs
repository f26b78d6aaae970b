//! Maps with ids and labels, which are written and must read back.

use super::{bound, check_labels};
use crate::alive::bounded;
use crate::input::Input;
use crate::scratch::file;
use tsne::Float;
use tsne_cli::input::{Annotations, InputOptions, Labels, MapTable};
use tsne_cli::output::{Beside, Format};

/// A map with what is known of its points.
#[derive(Debug)]
pub(super) struct Map<T, const D: usize> {
    y: Vec<[T; D]>,
    annotations: Annotations,
}

/// Words that stand for a label that is missing, in any case of their letters.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "<na>", "#n/a", "-nan"];

impl<T: Float, const D: usize> Map<T, D> {
    /// Up to eight points with ids and columns of labels of any text.
    pub(super) fn of(input: &mut Input<'_>) -> Self {
        let n = input.below(8) + 1;
        let y = (0..n).map(|_| std::array::from_fn(|_| input.scalar())).collect();
        let ids = input.flag().then(|| (0..n).map(|_| input.text()).collect());
        let labels = (0..input.below(3))
            .map(|_| {
                let kinds: Vec<String> = (0..input.below(4) + 1).map(|_| input.text()).collect();
                Labels { name: input.text(), ..Labels::from_texts((0..n).map(|_| input.pick(&kinds))) }
            })
            .collect();
        Self { y, annotations: Annotations { ids, labels } }
    }

    /// Writes the map in a format that has room for all of it, and reads it again.
    pub(super) fn round_trip(&self, format: Format, name: &str) {
        let mut bytes = Vec::new();
        let beside = Beside { annotations: Some(&self.annotations), graph: None };
        format.write(&mut bytes, &self.y, &beside).expect("a map can be written");
        let path = file(name, &bytes);
        let options = InputOptions::default();
        let read = bounded(16 * bound(bytes.len()), || MapTable::read(&path, &options));
        let MapTable { table, annotations, .. } = read.unwrap_or_else(|error| panic!("{name}: {error:#}: {self:?}"));
        let found = table.rows().unwrap();
        assert_eq!((found.n(), found.d()), (self.y.len(), D), "{self:?}");
        // Text has the fewest digits that read back as the same number of the type.
        let found = found.iter().flatten().map(|value| T::from_f64(*value).bits());
        assert!(found.eq(self.y.as_flattened().iter().map(|value| value.bits())), "{name}: {self:?}");
        assert_eq!(annotations.ids.is_some(), self.annotations.ids.is_some(), "{name}: {self:?}");
        for (found, expected) in annotations.ids.iter().flatten().zip(self.annotations.ids.iter().flatten()) {
            assert_eq!(found, expected.trim(), "{name}: {self:?}");
        }
        assert_eq!(annotations.labels.len(), self.annotations.labels.len(), "{name}: {self:?}");
        for (found, expected) in annotations.labels.iter().zip(&self.annotations.labels) {
            check_labels(found, self.y.len());
            for i in 0..self.y.len() {
                // Readers of all formats take the blanks around a text away.
                let expected = expected.of(i).map(str::trim).filter(|label| !is_missing(label));
                assert_eq!(found.of(i), expected, "{name}, point {i}: {self:?}");
            }
        }
    }
}

fn is_missing(label: &str) -> bool {
    MISSING.contains(&label.to_ascii_lowercase().as_str())
}
