//! The points of a map and new ones in it, as one.

use crate::input::{Annotations, Labels};
use std::collections::HashMap;

/// What the column is called that tells which points are new, and what it calls them. The others have no label there: a page draws
/// such points in gray, and below.
const WHICH: &str = "points";
const NEW: &str = "new";

/// Ids and labels of `fitted.0` points of a map and `new.0` new ones after them. Columns of labels of the same name become one; a first
/// column tells which points are new.
pub(crate) fn together(fitted: (usize, &Annotations), new: (usize, &Annotations)) -> Annotations {
    let ((n, old), (m, new)) = (fitted, new);
    let ids = (old.ids.is_some() || new.ids.is_some()).then(|| {
        let of = |ids: &Option<Vec<String>>, count| ids.clone().unwrap_or_else(|| vec![String::new(); count]);
        [of(&old.ids, n), of(&new.ids, m)].concat()
    });
    let which = Labels::from_texts((0..n + m).map(|i| if i < n { "" } else { NEW }));
    let mut labels = vec![Labels { name: WHICH.into(), ..which }];
    for column in &new.labels {
        let of_map = old.column(&column.name);
        labels.push(joined((of_map, n), (Some(column), m)));
    }
    for column in old.labels.iter().filter(|column| new.column(&column.name).is_none()) {
        labels.push(joined((Some(column), n), (None, m)));
    }
    Annotations { ids, labels }
}

/// Labels of points, and those of others after them; either may have none.
fn joined((first, n): (Option<&Labels>, usize), (second, m): (Option<&Labels>, usize)) -> Labels {
    let text = |labels: Option<&Labels>, count: usize| -> Vec<Option<String>> {
        (0..count).map(|i| labels.and_then(|labels| labels.of(i)).map(str::to_owned)).collect()
    };
    let texts: Vec<Option<String>> = [text(first, n), text(second, m)].concat();
    // The order of the kinds is that of all of them.
    let kinds = Labels::from_texts(texts.iter().flatten());
    let places: HashMap<&str, u32> = kinds.names.iter().map(String::as_str).zip(0..).collect();
    let code = |text: &Option<String>| text.as_ref().and_then(|text| places.get(text.as_str()).copied());
    let codes = texts.iter().map(|text| code(text).unwrap_or(Labels::MISSING)).collect();
    let of = second.or(first);
    Labels {
        name: of.map(|labels| labels.name.clone()).unwrap_or_default(),
        label_type: of.map(|labels| labels.label_type).unwrap_or_default(),
        codes,
        names: kinds.names,
        title: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_same_name_become_one() {
        let labels = |name: &str, texts: &[&str]| Labels { name: name.into(), ..Labels::from_texts(texts) };
        let old = Annotations {
            ids: Some(vec!["a".into(), "b".into()]),
            labels: vec![labels("kind", &["x", "c10"]), labels("age", &["1", "2"])],
        };
        let new = Annotations { ids: None, labels: vec![labels("kind", &["c2", "", "x"])] };
        let all = together((2, &old), (3, &new));
        assert_eq!(all.ids.as_ref().unwrap(), &["a", "b", "", "", ""]);
        let of = |name: &str| (0..5).map(|i| all.column(name).unwrap().of(i).unwrap_or("-")).collect::<Vec<_>>();
        assert_eq!(of("points"), ["-", "-", "new", "new", "new"]);
        assert_eq!(of("kind"), ["x", "c10", "c2", "-", "x"]);
        assert_eq!(of("age"), ["1", "2", "-", "-", "-"]);
        assert_eq!(all.column("kind").unwrap().names, ["c2", "c10", "x"]);
    }
}
