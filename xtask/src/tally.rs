//! How many tests passed and failed, as the test programs print it themselves.

/// The sum over all `test result:` lines, and which tests failed.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub names_of_failed: Vec<String>,
}

impl Tally {
    /// Takes note of one printed line.
    pub fn read(&mut self, line: &str) {
        if let Some(result) = line.trim_start().strip_prefix("test result:") {
            self.passed += number_before(result, " passed");
            self.failed += number_before(result, " failed");
        } else if let Some(name) = failed_test(line) {
            self.names_of_failed.push(name.into());
        }
    }

    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.names_of_failed.extend(other.names_of_failed);
    }
}

/// `ok. 3 passed; 0 failed` holds 3 before ` passed`.
fn number_before(text: &str, word: &str) -> u64 {
    let before = text.split_once(word).map_or("", |(before, _)| before);
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn results_are_summed_and_failures_named() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test busy::the_table ... ok",
            "test wire::a_413 ... FAILED",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "the story says: test result: 9 passed",
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            tally.read(line);
        }
        let expected = Tally { passed: 15, failed: 1, names_of_failed: vec!["wire::a_413".into()] };
        assert_eq!(tally, expected);
    }
}
