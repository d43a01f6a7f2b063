//! Where values come from: names with text, from variables or from TOML. It knows no key's meaning.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// All that is wrong, in the order in which it was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn add(&mut self, key: &str, what: &str) {
        self.0.push(format!("{key}: {what}"));
    }

    /// The value, if nothing was wrong.
    pub fn none_or<T>(self, value: T) -> Result<T, Faults> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// One flat set of values, by keys in capitals. A value that was read is taken out, so that what is left is unknown.
pub struct Source {
    place: Place,
    values: BTreeMap<String, String>,
}

/// Where the values were written, and so how their writer knows their keys.
enum Place {
    Variables,
    Table(usize),
}

impl Source {
    /// Values of the process's own variables, or of the file's first part.
    pub fn variables(values: BTreeMap<String, String>) -> Self {
        Self { place: Place::Variables, values }
    }

    /// Values of the n-th `[[practice]]`, counted from one.
    pub fn table(number: usize, values: BTreeMap<String, String>) -> Self {
        Self { place: Place::Table(number), values }
    }

    /// Lets variables that begin with the prefix win. Ours with an unknown name may be somebody else's: left out.
    pub fn overlay(&mut self, variables: impl Iterator<Item = (String, String)>) {
        for (name, value) in variables {
            if let Some(key) = name.strip_prefix(super::PREFIX).filter(|key| super::is_known(key)) {
                self.values.insert(key.to_owned(), value);
            }
        }
    }

    /// The text of a key; an empty one counts as absent.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.values.remove(key).filter(|text| !text.is_empty())
    }

    /// What the text of a key means. A fault counts as absent.
    pub fn read<T>(
        &mut self,
        key: &str,
        faults: &mut Faults,
        meaning: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key)?;
        self.check(key, faults, meaning(&text))
    }

    /// As [`Self::read`], where the empty text means something.
    pub fn read_even_empty<T>(
        &mut self,
        key: &str,
        faults: &mut Faults,
        meaning: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.values.remove(key)?;
        self.check(key, faults, meaning(&text))
    }

    /// As [`Self::read`], where there must be one.
    pub fn require<T>(
        &mut self,
        key: &str,
        faults: &mut Faults,
        meaning: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if let Some(text) = self.text(key) {
            return self.check(key, faults, meaning(&text));
        }
        faults.add(&self.name(key), "is required");
        None
    }

    /// What nobody asked for is a fault: it is most likely misspelt.
    pub fn refuse_rest(self, faults: &mut Faults) {
        for key in self.values.keys() {
            faults.add(&self.name(key), "is not a key of the configuration");
        }
    }

    fn check<T>(&self, key: &str, faults: &mut Faults, read: Result<T, String>) -> Option<T> {
        read.map_err(|what| faults.add(&self.name(key), &what)).ok()
    }

    /// A key as the one who wrote it knows it.
    pub fn name(&self, key: &str) -> String {
        match self.place {
            Place::Variables => format!("{}{key}", super::PREFIX),
            Place::Table(number) => format!("[[practice]] {number} {}", key.to_ascii_lowercase()),
        }
    }
}

/// A file, read as far as it could be.
#[derive(Default)]
pub struct File {
    /// By the name of the variable, without its prefix.
    pub values: BTreeMap<String, String>,
    pub practices: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    practice: Vec<BTreeMap<String, Scalar>>,
    #[serde(flatten)]
    values: BTreeMap<String, Scalar>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Whole(i64),
    Flag(bool),
    Other(IgnoredAny),
}

/// Reads a `daybook.toml`. Keys may be written as the variables (`DAYBOOK_LISTEN`) or short (`listen`).
pub fn from_file(text: &str, faults: &mut Faults) -> File {
    let document: Document = match toml::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            // The error's full text would quote the line, which may hold a secret.
            let line =
                error.span().map_or(0, |span| text.get(..span.start).unwrap_or_default().lines().count());
            faults.add(super::FILE, &format!("line {}: no TOML that fits", line.max(1)));
            return File::default();
        }
    };
    let short = |key: &str| {
        let key = key.to_ascii_uppercase();
        key.strip_prefix(super::PREFIX).map(str::to_owned).unwrap_or(key)
    };
    let values = document.values.into_iter().filter_map(|(key, value)| {
        let text = text_of(&key, value, faults)?;
        Some((short(&key), text))
    });
    let values = values.collect();
    let table = |(index, table): (usize, BTreeMap<String, Scalar>)| {
        let name = format!("[[practice]] {} ", index + 1);
        let texts = table.into_iter().filter_map(|(key, value)| {
            let text = text_of(&format!("{name}{key}"), value, faults)?;
            Some((key.to_ascii_uppercase(), text))
        });
        texts.collect()
    };
    let practices = document.practice.into_iter().enumerate().map(table).collect();
    File { values, practices }
}

fn text_of(key: &str, value: Scalar, faults: &mut Faults) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Whole(number) => Some(number.to_string()),
        Scalar::Flag(flag) => Some(flag.to_string()),
        Scalar::Other(_) => {
            faults.add(key, "expected a text, a number or a truth value");
            None
        }
    }
}
