//! The steps of the whole test run, as a table, and the loop over it.
//! What a step's tests mean is told in `tests/README.md`, not here.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::purity;
use crate::report::{Line, Report, Verdict};
use crate::shell::{Ended, Failure, Ran, Shell};
use crate::simulate::Histories;
use crate::tools;
use crate::workspace::{TESTS, Workspace};

/// One step of `cargo xtask test`.
#[derive(PartialEq, Eq, Debug)]
pub struct Step {
    pub name: &'static str,
    about: &'static str,
    work: Work,
    /// Steps without which this one tells nothing.
    needs: &'static [&'static str],
}

#[derive(PartialEq, Eq, Debug)]
enum Work {
    /// Done beside the steps that need no tools, since it waits for the network.
    Tools,
    Cargo(&'static [&'static str]),
    Purity,
    Unit,
    /// The test binaries of that name, and those whose name goes on with `_`.
    Tests(&'static str),
    /// Stories that were played already, once more at each other level of detail.
    Levels,
}

/// What is played at every level beside `e2e_canary`, which does so by itself.
const STORIES_OF_LEVELS: [&str; 3] = ["e2e_cloud", "e2e_one_way", "e2e_two_way"];
/// `e2e` plays them at `full`.
const LOWER_LEVELS: [&str; 4] = ["busy", "appointment", "reference", "initials"];

const STEPS: &[Step] = &[
    Step {
        name: "tools",
        about: "install what the tests need, beside the next steps",
        work: Work::Tools,
        needs: &[],
    },
    Step {
        name: "fmt",
        about: "every file is formatted",
        work: Work::Cargo(&["fmt", "--all", "--check"]),
        needs: &[],
    },
    Step {
        name: "clippy",
        about: "no lint complains",
        work: Work::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        needs: &[],
    },
    Step {
        name: "purity",
        about: "the core stays pure, dependencies point one way, nothing is left unfinished",
        work: Work::Purity,
        needs: &[],
    },
    Step {
        name: "build",
        about: "everything compiles",
        work: Work::Cargo(&["build", "--profile", "ci", "--workspace", "--all-targets"]),
        needs: &[],
    },
    Step { name: "unit", about: "tests inside the packages", work: Work::Unit, needs: &["build"] },
    Step {
        name: "story",
        about: "little scripts with golden plans",
        work: Work::Tests("story"),
        needs: &["build"],
    },
    Step {
        name: "simulation",
        about: "50,000 random histories with faults and crashes",
        work: Work::Tests("simulation"),
        needs: &["build"],
    },
    Step {
        name: "template",
        about: "the template of the AWS stack: linted, and the same as the code that it deploys",
        work: Work::Tests("template"),
        needs: &["build", "tools"],
    },
    Step {
        name: "contract",
        about: "every adapter against real servers and the sandbox",
        work: Work::Tests("contract"),
        needs: &["build", "tools"],
    },
    Step {
        name: "e2e",
        about: "the running program from outside",
        work: Work::Tests("e2e"),
        needs: &["build", "tools"],
    },
    Step {
        name: "levels",
        about: "the stories of one machine again, at each lower level of detail",
        work: Work::Levels,
        needs: &["build", "tools"],
    },
    Step {
        name: "browser",
        about: "the pages in a real browser",
        work: Work::Tests("browser"),
        needs: &["build", "tools"],
    },
];

pub fn find(name: &str) -> Option<&'static Step> {
    STEPS.iter().find(|step| step.name == name)
}

pub fn print_list() {
    for step in STEPS {
        println!("{:<12}{}", step.name, step.about);
    }
}

/// Runs every step, or one and what it needs. A step that fails stops only those that need its result.
pub fn run(workspace: &Workspace, only: Option<&'static Step>) -> ExitCode {
    let chosen = chosen(only);
    let report = thread::scope(|scope| {
        let mut report = Report::default();
        let mut tools = chosen
            .iter()
            .find(|step| step.work == Work::Tools)
            .map(|step| scope.spawn(|| timed(step.name, || install(workspace))));
        for step in chosen.iter().filter(|step| step.work != Work::Tools) {
            if step.needs.contains(&"tools") {
                report.lines.extend(tools.take().map(finish));
            }
            report.lines.push(take(workspace, step, &report));
        }
        report.lines.extend(tools.take().map(finish));
        report
    });
    print!("{report}");
    if report.succeeded() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn chosen(only: Option<&'static Step>) -> Vec<&'static Step> {
    let wanted = |step: &&Step| only.is_none_or(|only| *step == only || only.needs.contains(&step.name));
    STEPS.iter().filter(wanted).collect()
}

fn take(workspace: &Workspace, step: &'static Step, so_far: &Report) -> Line {
    // Without tools the tests say themselves what they miss; without a build there is nothing to say.
    if let Some(missing) = step.needs.iter().find(|needed| **needed == "build" && so_far.failed(needed)) {
        return Line { name: step.name, verdict: Verdict::Skipped { missing }, took: Duration::ZERO };
    }
    println!("\n== {}: {}", step.name, step.about);
    timed(step.name, || work(workspace, step))
}

fn work(workspace: &Workspace, step: &Step) -> Result<Verdict, Failure> {
    match &step.work {
        Work::Tools => install(workspace),
        Work::Cargo(arguments) => {
            Shell::cargo(arguments).within(&workspace.root).run().map(|()| Verdict::Ran(Ran::default()))
        }
        Work::Purity => purity::check(workspace).map(Verdict::Ran),
        Work::Unit => unit(workspace),
        Work::Tests(prefix) => tests(workspace, prefix),
        Work::Levels => levels(workspace),
    }
}

/// The tests inside the packages, and every test binary that no other step runs: none is forgotten.
fn unit(workspace: &Workspace) -> Result<Verdict, Failure> {
    let others = workspace.packages.iter().flat_map(|package| &package.tests);
    // Two packages may have a test of the same name: asked for once, both are run.
    let unclaimed: BTreeSet<&str> = others.map(String::as_str).filter(|test| !is_claimed(test)).collect();
    let unclaimed: Vec<&str> = unclaimed.into_iter().collect();
    let inside = test(workspace, &["--lib", "--bins"], &unclaimed)?;
    Ok(Verdict::Ran(inside.and(test(workspace, &["--doc"], &[])?)))
}

fn is_claimed(test: &str) -> bool {
    STEPS.iter().any(|step| matches!(step.work, Work::Tests(prefix) if belongs(test, prefix)))
}

fn belongs(test: &str, prefix: &str) -> bool {
    test.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn tests(workspace: &Workspace, prefix: &str) -> Result<Verdict, Failure> {
    let present = present_tests(workspace);
    let of_step: Vec<&str> = present.into_iter().filter(|test| belongs(test, prefix)).collect();
    if of_step.is_empty() {
        return Ok(Verdict::NoTests);
    }
    test(workspace, &[], &of_step).map(Verdict::Ran)
}

fn levels(workspace: &Workspace) -> Result<Verdict, Failure> {
    let mut all = Ran::default();
    for level in LOWER_LEVELS {
        println!("-- at {level}");
        let played = test_command(workspace, &[], &STORIES_OF_LEVELS).with("DAYBOOK_TEST_LEVEL", level);
        all = all.and(played.count()?);
    }
    Ok(Verdict::Ran(all))
}

fn present_tests(workspace: &Workspace) -> Vec<&str> {
    let package = workspace.package(TESTS);
    package.map_or(Vec::new(), |package| package.tests.iter().map(String::as_str).collect())
}

/// Always the whole workspace: cargo unites the features of the packages that it is asked for, and a smaller
/// choice would compile the dependencies once more.
fn test_command(workspace: &Workspace, kinds: &[&str], binaries: &[&str]) -> Shell {
    let mut arguments = vec!["test", "--profile", "ci", "--workspace", "--no-fail-fast"];
    arguments.extend(kinds);
    arguments.extend(binaries.iter().flat_map(|name| ["--test", name]));
    let (seeds, count) = Histories::default().variable();
    with_tools(Shell::cargo(&arguments), workspace).with(seeds, count)
}

fn test(workspace: &Workspace, kinds: &[&str], binaries: &[&str]) -> Result<Ran, Failure> {
    test_command(workspace, kinds, binaries).count()
}

/// Tells tests where the program and their tools are.
pub fn with_tools(cargo: Shell, workspace: &Workspace) -> Shell {
    cargo
        .within(&workspace.root)
        .with("DAYBOOK_TEST_SERVERS", "required")
        .with("DAYBOOK_TEST_TOOLS", workspace.test_tools())
        .with("DAYBOOK_BIN", workspace.target.join("ci").join("daybook"))
}

fn install(workspace: &Workspace) -> Result<Verdict, Failure> {
    tools::install_for(workspace, &present_tests(workspace)).map(|()| Verdict::Ran(Ran::default()))
}

#[expect(clippy::disallowed_methods, reason = "the report tells how long each step took")]
fn timed(name: &'static str, work: impl FnOnce() -> Result<Verdict, Failure>) -> Line {
    let start = Instant::now();
    let verdict = work().unwrap_or_else(|failure| {
        eprintln!("{name}: {failure}");
        Verdict::Ran(Ran { ended: Ended::Badly, ..Ran::default() })
    });
    Line { name, verdict, took: start.elapsed() }
}

fn finish(tools: ScopedJoinHandle<'_, Line>) -> Line {
    tools.join().unwrap_or(Line { name: "tools", verdict: Verdict::Ran(Ran::badly()), took: Duration::ZERO })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    fn names(only: Option<&str>) -> Vec<&'static str> {
        chosen(only.map(|name| find(name).unwrap())).iter().map(|step| step.name).collect()
    }

    #[test]
    fn one_step_brings_what_it_needs() {
        assert_eq!(names(Some("purity")), ["purity"]);
        assert_eq!(names(Some("e2e")), ["tools", "build", "e2e"]);
        assert_eq!(names(None).len(), STEPS.len());
    }

    #[test]
    fn whatever_is_needed_is_a_step_that_comes_earlier() {
        for (place, step) in STEPS.iter().enumerate() {
            for needed in step.needs {
                assert!(STEPS[..place].iter().any(|earlier| earlier.name == *needed), "{needed}");
            }
        }
    }

    #[test]
    fn a_new_test_file_finds_its_step_by_its_name() {
        for (test, prefix, expected) in [
            ("contract", "contract", true),
            ("contract_caldav", "contract", true),
            ("contracts", "contract", false),
            ("e2e_two_way", "e2e", true),
            ("wire", "e2e", false),
        ] {
            assert_eq!(belongs(test, prefix), expected, "{test}");
        }
        assert!(!is_claimed("wire"), "runs with the unit tests");
    }

    #[test]
    fn a_failed_build_skips_the_tests_and_says_so() {
        let workspace = Workspace { root: "/".into(), target: "/".into(), packages: Vec::new() };
        let build = Line { name: "build", verdict: Verdict::Ran(Ran::badly()), took: Duration::ZERO };
        let report = Report { lines: vec![build] };
        let line = take(&workspace, find("story").unwrap(), &report);
        assert_eq!(line.verdict, Verdict::Skipped { missing: "build" });
    }
}
