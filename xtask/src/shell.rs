//! Other programs: started, listened to, waited for. It interprets no output but the test tally.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::tally::Tally;

/// How long after its end a program may still print.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a chore could not be done, for the person at the terminal.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(what: String) -> Self {
        Self(what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a program ended that ran tests.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Ran {
    pub ended: Ended,
    pub tally: Tally,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ended {
    #[default]
    Well,
    Badly,
}

impl Ran {
    pub fn badly() -> Self {
        Self { ended: Ended::Badly, tally: Tally::default() }
    }

    /// Both, one after the other.
    #[must_use]
    pub fn and(mut self, next: Ran) -> Self {
        if next.ended == Ended::Badly {
            self.ended = Ended::Badly;
        }
        self.tally.add(next.tally);
        self
    }
}

/// A program that is about to be run.
pub struct Shell(Command);

impl Shell {
    pub fn new(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        Self(command)
    }

    /// The cargo that started us, so that the toolchain stays the same.
    pub fn cargo(arguments: &[&str]) -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
    }

    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it to its end; what it prints goes to the terminal. A bad end is a failure.
    pub fn run(mut self) -> Result<(), Failure> {
        let line = self.line();
        let status =
            self.0.status().map_err(|cause| Failure::new(format!("cannot start `{line}`: {cause}")))?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` ended with {status}"))) }
    }

    /// Whether it can be started and ends well; prints nothing.
    pub fn succeeds(mut self) -> bool {
        let quiet = self.0.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Runs it and returns what it printed.
    pub fn read(mut self) -> Result<String, Failure> {
        let line = self.line();
        let output = self.0.stderr(Stdio::inherit()).output();
        let output = output.map_err(|cause| Failure::new(format!("cannot start `{line}`: {cause}")))?;
        if !output.status.success() {
            return Err(Failure::new(format!("`{line}` ended with {}", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|cause| Failure::new(format!("`{line}`: {cause}")))
    }

    /// Runs tests: passes their output on as it comes, and counts.
    pub fn count(mut self) -> Result<Ran, Failure> {
        let line = self.line();
        let cannot = |cause: std::io::Error| Failure::new(format!("cannot run `{line}`: {cause}"));
        let mut child = self.0.stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let lines = lines_of(child.stdout.take());
        let mut tally = Tally::default();
        loop {
            match lines.recv_timeout(PATIENCE) {
                Ok(printed) => {
                    println!("{printed}");
                    tally.read(&printed);
                }
                Err(RecvTimeoutError::Timeout) if child.try_wait().map_err(cannot)?.is_none() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let ended = if child.wait().map_err(cannot)?.success() { Ended::Well } else { Ended::Badly };
        Ok(Ran { ended, tally })
    }

    fn line(&self) -> String {
        let program = Path::new(self.0.get_program()).file_name().unwrap_or_default();
        let words = std::iter::once(program).chain(self.0.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Read beside: a server that a test has left running keeps the pipe open after the tests are over.
fn lines_of(stdout: Option<ChildStdout>) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let printed = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).split(b'\n'));
        for line in printed.map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn tests_are_counted_and_a_bad_end_is_seen() {
        let script = "echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101";
        let ran = Shell::new("sh", &["-c", script]).count().unwrap();
        assert_eq!((ran.ended, ran.tally.passed, ran.tally.failed), (Ended::Badly, 2, 1));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = Shell::new("no-such-program", &["--now"]).run().unwrap_err();
        assert!(failure.to_string().contains("`no-such-program --now`"), "{failure}");
    }
}
