//! Where values come from: `DAYBOOK_*` variables. It knows no key's meaning.

use std::collections::BTreeMap;

/// All that is wrong, in the order in which it was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn add(&mut self, key: &str, what: &str) {
        self.0.push(format!("{PREFIX}{key}: {what}"));
    }

    /// The value, if nothing was wrong.
    pub fn none_or<T>(self, value: T) -> Result<T, Faults> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Faults {}

const PREFIX: &str = "DAYBOOK_";

/// The variables, by what follows their prefix. An empty one counts as absent.
pub struct Source {
    values: BTreeMap<String, String>,
    faults: Faults,
}

impl Source {
    pub fn new(variables: impl Iterator<Item = (String, String)>) -> Self {
        let ours = variables
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)));
        Self { values: ours.collect(), faults: Faults::default() }
    }

    /// What the text of a key means. A fault counts as absent.
    pub fn find<T>(&mut self, key: &str, meaning: impl Fn(&str) -> Result<T, &'static str>) -> Option<T> {
        let text = self.values.get(key)?;
        meaning(text).map_err(|expected| self.faults.add(key, expected)).ok()
    }

    /// The same of a key that must be there. `None` only beside a fault.
    pub fn require<T>(&mut self, key: &str, meaning: impl Fn(&str) -> Result<T, &'static str>) -> Option<T> {
        if !self.values.contains_key(key) {
            self.faults.add(key, "is required");
        }
        self.find(key, meaning)
    }

    pub fn end(self) -> Faults {
        self.faults
    }
}
