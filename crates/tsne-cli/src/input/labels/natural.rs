//! The order in which people expect names: `2` before `10`, also within words.

use std::cmp::Ordering;

/// Brings names into the one order that they have wherever they are listed and colored: numbers by their value where all are
/// numbers, else by [`natural`].
pub(super) fn sort<V>(names: &mut [(Box<str>, V)]) {
    let number = |name: &str| name.trim().parse::<f64>().ok();
    // Of some numbers only: in between words, that order would go round in circles (1e3, 1x, 2).
    if names.iter().all(|(name, _)| number(name).is_some()) {
        let value = |name: &str| number(name).unwrap_or_default();
        names.sort_unstable_by(|(a, _), (b, _)| value(a).total_cmp(&value(b)).then_with(|| a.cmp(b)));
    } else {
        names.sort_unstable_by(|(a, _), (b, _)| natural(a, b).then_with(|| a.cmp(b)));
    }
}

/// Run by run of digits and of other characters: digits by their value, others whatever their case, and then by it.
fn natural(mut a: &str, mut b: &str) -> Ordering {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let run = |text: &str| text.find(|c: char| c.is_ascii_digit() != is_number(text)).unwrap_or(text.len());
    loop {
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let ((x, rest_a), (y, rest_b)) = (a.split_at(run(a)), b.split_at(run(b)));
        let order = if is_number(x) && is_number(y) {
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            x.to_lowercase().cmp(&y.to_lowercase()).then_with(|| x.cmp(y))
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
        let mut named: Vec<(Box<str>, &str)> = names.iter().map(|name| ((*name).into(), *name)).collect();
        sort(&mut named);
        named.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn two_comes_before_ten() {
        let names = ["cluster 10", "cluster 2", "Cluster 1", "alpha", "10", "2", "x007", "x7a", "x7", "-1"];
        let expected = ["-1", "2", "10", "alpha", "Cluster 1", "cluster 2", "cluster 10", "x007", "x7", "x7a"];
        assert_eq!(sorted(&names), expected);
        assert_eq!(sorted(&["10", "-1.5", "9", "1e1", "-2"]), ["-2", "-1.5", "9", "10", "1e1"]);
        assert_eq!(sorted(&["1e3", "2", "1x"]), ["1e3", "1x", "2"]);
    }

    /// What sorts must not be given: an order that goes round in circles, for which they may panic.
    #[test]
    fn it_is_an_order() {
        let parts = ["", "1", "01", "10", "2", "1e3", "x", "X", "-", "é", "9a", " "];
        let names: Vec<String> = parts.iter().flat_map(|a| parts.iter().map(move |b| format!("{a}{b}"))).collect();
        for a in &names {
            for b in &names {
                assert_eq!(natural(a, b), natural(b, a).reverse(), "{a:?} {b:?}");
                for c in &names {
                    let (ab, bc) = (natural(a, b), natural(b, c));
                    assert!(ab.is_gt() || bc.is_gt() || natural(a, c).is_le(), "{a:?} {b:?} {c:?}");
                }
            }
        }
    }
}
