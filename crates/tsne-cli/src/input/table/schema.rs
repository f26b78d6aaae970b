//! What is known of the columns of a table before its rows are read.

/// The columns of a table.
#[derive(Debug, Clone, Default)]
pub(in crate::input) struct Schema {
    /// Their names, where the file has any; empty for a column without one.
    pub(in crate::input) names: Option<Vec<String>>,
    pub(in crate::input) kinds: Vec<Kind>,
    /// How many of the first columns the file itself calls names of the rows.
    pub(in crate::input) index: usize,
    /// Whether the file says itself what its columns are called and hold.
    pub(in crate::input) typed: bool,
}

impl Schema {
    /// That of a table of text with these names, of which nothing else is known.
    pub(in crate::input) fn of_texts(names: Vec<String>) -> Self {
        Self { kinds: vec![Kind::Text; names.len()], names: Some(names), ..Self::default() }
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) enum Kind {
    /// A number in each row.
    Number,
    /// A text in each row.
    Text,
    /// Several numbers in each row.
    Vector,
    /// What is none of these, in the words of the file.
    #[cfg_attr(not(feature = "columnar"), expect(dead_code, reason = "text has none"))]
    Other(String),
}

impl Kind {
    /// Why a column of this kind can neither label nor name points, if that is so.
    pub(in crate::input) fn no_text(&self) -> Option<String> {
        match self {
            Self::Number | Self::Text => None,
            Self::Vector => Some("lists of numbers".to_owned()),
            Self::Other(what) => Some(format!("values of the type {what}")),
        }
    }
}

/// Whether a first column of this name holds the names of rows: pandas and R leave it empty, anndata writes `index`.
pub(in crate::input) fn is_index_name(name: &str) -> bool {
    const NAMES: [&str; 11] =
        ["", "index", "_index", "unnamed: 0", "id", "ids", "rownames", "row.names", "obs_names", "barcode", "barcodes"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}
