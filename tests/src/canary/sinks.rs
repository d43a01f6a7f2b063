//! Where something could leak to, with all that came out there.

use std::collections::BTreeMap;
use std::path::Path;

use super::words::found;

#[derive(Default)]
pub struct Sinks(BTreeMap<&'static str, Vec<u8>>);

impl Sinks {
    pub fn add(&mut self, sink: &'static str, bytes: Vec<u8>) {
        self.0.entry(sink).or_default().extend(bytes);
    }

    pub fn of(&self, sink: &str) -> Vec<u8> {
        self.0.get(sink).cloned().unwrap_or_default()
    }

    pub fn assert_silent(&self, words: &[&'static str]) {
        for (sink, bytes) in &self.0 {
            assert!(!bytes.is_empty(), "nothing came out of {sink}: it was not looked at");
            assert_silent(sink, bytes, words);
        }
    }
}

/// Says what it found, and a little of what stands around it.
pub fn assert_silent(sink: &str, bytes: &[u8], words: &[&'static str]) {
    let leaked = found(bytes, words);
    let text = String::from_utf8_lossy(bytes);
    let around = |word: &&str| {
        let line = text.lines().find(|line| line.to_ascii_lowercase().contains(&word.to_ascii_lowercase()));
        line.unwrap_or_default().chars().take(600).collect::<String>()
    };
    let shown: Vec<String> = leaked.iter().take(3).map(around).collect();
    assert!(leaked.is_empty(), "in {sink}: {leaked:?}\n{}", shown.join("\n"));
}

/// Every file below a folder whose name is chosen: the table with what it has not yet tidied up, keys, the rest.
pub fn files(folder: &Path, is_chosen: &impl Fn(&str) -> bool) -> Vec<u8> {
    let mut all = Vec::new();
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_chosen)) {
        let path = entry.path();
        let bytes =
            if path.is_dir() { files(&path, is_chosen) } else { std::fs::read(&path).unwrap_or_default() };
        all.extend(bytes);
        all.push(b'\n');
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::words::all_secrets;
    use super::*;

    /// The check of each sink must fail on a leak.
    #[test]
    #[should_panic(expected = "in the table: [\"Quillanary\"]")]
    fn a_planted_leak_fails_the_check() {
        let mut sinks = Sinks::default();
        sinks.add("the table", b"{\"title\":\"Appt Quillanary\"}".to_vec());
        sinks.assert_silent(&all_secrets());
    }
}
