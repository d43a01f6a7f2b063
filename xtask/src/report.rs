//! What a test run leaves on the terminal: one line a step, and the sum as the very last line.

use std::fmt;
use std::time::Duration;

use crate::shell::{Ended, Ran};

#[derive(PartialEq, Eq, Debug, Default)]
pub struct Report {
    pub lines: Vec<Line>,
}

/// How one step went.
#[derive(PartialEq, Eq, Debug)]
pub struct Line {
    pub name: &'static str,
    pub verdict: Verdict,
    pub took: Duration,
}

#[derive(PartialEq, Eq, Debug)]
pub enum Verdict {
    Ran(Ran),
    /// There is no test binary for this step in the tree.
    NoTests,
    /// A step that it needs has failed.
    Skipped {
        missing: &'static str,
    },
}

impl Line {
    fn failed(&self) -> bool {
        match &self.verdict {
            Verdict::Ran(ran) => ran.ended == Ended::Badly,
            Verdict::NoTests => false,
            Verdict::Skipped { .. } => true,
        }
    }

    /// Failed tests; a step that failed without one (a lint, a crash) counts as one, so that the sum never
    /// claims a success that was none.
    fn failures(&self) -> u64 {
        match &self.verdict {
            Verdict::Ran(ran) if ran.ended == Ended::Badly => ran.tally.failed.max(1),
            Verdict::Ran(ran) => ran.tally.failed,
            Verdict::NoTests | Verdict::Skipped { .. } => 0,
        }
    }

    fn passes(&self) -> u64 {
        match &self.verdict {
            Verdict::Ran(ran) => ran.tally.passed,
            Verdict::NoTests | Verdict::Skipped { .. } => 0,
        }
    }

    fn names_of_failed(&self) -> &[String] {
        match &self.verdict {
            Verdict::Ran(ran) => &ran.tally.names_of_failed,
            Verdict::NoTests | Verdict::Skipped { .. } => &[],
        }
    }

    fn outcome(&self) -> String {
        match &self.verdict {
            Verdict::Ran(ran) if ran.ended == Ended::Badly => "FAILED".into(),
            Verdict::Ran(_) => "ok".into(),
            Verdict::NoTests => "no tests yet".into(),
            Verdict::Skipped { missing } => format!("skipped, {missing} failed"),
        }
    }
}

impl Report {
    pub fn succeeded(&self) -> bool {
        !self.lines.iter().any(Line::failed)
    }

    pub fn failed(&self, step: &str) -> bool {
        self.lines.iter().any(|line| line.name == step && line.failed())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<12}{:>8}{:>8}  outcome", "step", "minutes", "passed")?;
        for line in &self.lines {
            let minutes = line.took.as_secs_f64() / 60.0;
            writeln!(f, "{:<12}{minutes:>8.1}{:>8}  {}", line.name, line.passes(), line.outcome())?;
        }
        for test in self.lines.iter().flat_map(Line::names_of_failed) {
            writeln!(f, "failed: {test}")?;
        }
        let passed: u64 = self.lines.iter().map(Line::passes).sum();
        let failed: u64 = self.lines.iter().map(Line::failures).sum();
        writeln!(f, "{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::tally::Tally;

    fn line(name: &'static str, ended: Ended, passed: u64, failed: u64) -> Line {
        let tally = Tally { passed, failed, names_of_failed: Vec::new() };
        Line { name, verdict: Verdict::Ran(Ran { ended, tally }), took: Duration::from_secs(90) }
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let report =
            Report { lines: vec![line("unit", Ended::Well, 3, 0), line("story", Ended::Badly, 4, 2)] };
        assert_eq!(report.to_string().lines().last(), Some("7 passed, 2 failed"));
        assert!(report.to_string().contains("unit             1.5       3  ok"), "{report}");
        assert!(!report.succeeded());
    }

    #[test]
    fn a_step_that_fails_without_a_failed_test_counts_as_one() {
        let report = Report { lines: vec![line("fmt", Ended::Badly, 0, 0), line("unit", Ended::Well, 3, 0)] };
        assert_eq!(report.to_string().lines().last(), Some("3 passed, 1 failed"));
    }

    #[test]
    fn a_step_without_tests_says_so_and_a_skipped_one_is_no_success() {
        let of = |verdict| Report { lines: vec![Line { name: "e2e", verdict, took: Duration::ZERO }] };
        assert!(of(Verdict::NoTests).to_string().contains("no tests yet"));
        assert!(of(Verdict::NoTests).succeeded());
        assert!(!of(Verdict::Skipped { missing: "build" }).succeeded());
    }
}
