//! What was asked for on the command line. It carries nothing out.

use std::fmt;

use crate::simulate::Histories;
use crate::steps::{self, Step};

pub const HELP: &str = "\
The project's chores.

Usage: cargo xtask <CHORE>

Chores:
  test [--only STEP] [--list]      every check and test, in order; with --only, one step and what it needs
  tools                            install what the tests need, into target/test-tools
  simulate [--seeds N] [--seed S]  run N random histories (50000), or the one history of seed S again
  bench [NAME]                     run every bench of tests/src/bin, or one
  screenshots                      make the README's pictures anew, into docs/pictures
  costs                            print what keeping tokens costs on AWS, in either form
  verify-live --provider P         put the calendar contract to the real google, microsoft or caldav, with a test
                                   account of yours, and print what differs from the sandbox

Options:
  -h, --help                       print this

The last line of `test` is `N passed, N failed`; its exit code is 0 only where every step succeeded.
";

/// One thing to do.
#[derive(PartialEq, Eq, Debug)]
pub enum Chore {
    Help,
    ListSteps,
    Test { only: Option<&'static Step> },
    Tools,
    Simulate(Histories),
    Bench { name: Option<String> },
    Screenshots,
    Costs,
    VerifyLive { provider: String },
}

/// Words that make no chore.
#[derive(PartialEq, Eq, Debug)]
pub struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub fn parse(words: &[String]) -> Result<Chore, Usage> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Err(Usage("name a chore".into())),
        words if words.iter().any(|word| matches!(*word, "-h" | "--help" | "help")) => Ok(Chore::Help),
        ["test", rest @ ..] => parse_test(rest),
        ["tools"] => Ok(Chore::Tools),
        ["simulate", rest @ ..] => parse_simulate(rest),
        ["bench"] => Ok(Chore::Bench { name: None }),
        ["bench", name] => Ok(Chore::Bench { name: Some((*name).into()) }),
        ["screenshots"] => Ok(Chore::Screenshots),
        ["costs"] => Ok(Chore::Costs),
        ["verify-live", "--provider", provider @ ("google" | "microsoft" | "caldav")] => {
            Ok(Chore::VerifyLive { provider: (*provider).into() })
        }
        ["verify-live", ..] => Err(Usage("say --provider google, microsoft or caldav".into())),
        [chore, ..] => Err(Usage(format!("cannot read the chore `{chore}` and what follows it"))),
    }
}

fn parse_test(words: &[&str]) -> Result<Chore, Usage> {
    match words {
        [] => Ok(Chore::Test { only: None }),
        ["--list"] => Ok(Chore::ListSteps),
        ["--only", name] => steps::find(name)
            .map(|step| Chore::Test { only: Some(step) })
            .ok_or_else(|| Usage(format!("there is no step `{name}`; `cargo xtask test --list` names them"))),
        _ => Err(Usage(format!("cannot read `test {}`", words.join(" ")))),
    }
}

fn parse_simulate(words: &[&str]) -> Result<Chore, Usage> {
    let number = |text: &str| text.parse().map_err(|_| Usage(format!("`{text}` is not a whole number")));
    match words {
        [] => Ok(Chore::Simulate(Histories::default())),
        ["--seeds", count] => Ok(Chore::Simulate(Histories::Many(number(count)?))),
        ["--seed", seed] => Ok(Chore::Simulate(Histories::One(number(seed)?))),
        _ => Err(Usage("give either --seeds N or --seed S".into())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn read(line: &str) -> Result<Chore, Usage> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn every_chore_is_read() {
        for (line, chore) in [
            ("--help", Chore::Help),
            ("test -h", Chore::Help),
            ("test", Chore::Test { only: None }),
            ("test --list", Chore::ListSteps),
            ("test --only purity", Chore::Test { only: steps::find("purity") }),
            ("tools", Chore::Tools),
            ("simulate", Chore::Simulate(Histories::Many(50_000))),
            ("simulate --seeds 7", Chore::Simulate(Histories::Many(7))),
            ("simulate --seed 7", Chore::Simulate(Histories::One(7))),
            ("bench", Chore::Bench { name: None }),
            ("bench sync", Chore::Bench { name: Some("sync".into()) }),
            ("screenshots", Chore::Screenshots),
            ("costs", Chore::Costs),
            ("verify-live --provider google", Chore::VerifyLive { provider: "google".into() }),
        ] {
            assert_eq!(read(line), Ok(chore), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "tset",
            "test --only",
            "test --only nothing",
            "simulate --seed x",
            "tools now",
            "verify-live --provider apple",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
