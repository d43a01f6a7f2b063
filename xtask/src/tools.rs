//! What the tests need besides Rust: real servers, a browser and what drives it, each pinned and with its reason.
//! It installs into `target/test-tools` and touches the system only where a Debian package is missing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Failure, Shell};
use crate::workspace::Workspace;

/// A package of a registry.
struct Pinned {
    name: &'static str,
    version: &'static str,
    /// Prefixes of the test binaries that use it.
    serves: &'static [&'static str],
    why: &'static str,
}

/// Packages of Python that can live together, in a folder of that name.
struct Venv {
    folder: &'static str,
    packages: &'static [Pinned],
}

const PYTHON: &[Venv] = &[
    Venv {
        folder: "venv",
        packages: &[
            Pinned {
                name: "radicale",
                version: "3.9.0",
                serves: &["contract", "e2e", "browser"],
                why: "a CalDAV server that we did not write, of one file and one process",
            },
            Pinned {
                name: "vobject",
                version: "0.9.9",
                serves: &["e2e_feed"],
                why: "reads and judges our feed as somebody else's calendar program does",
            },
            Pinned {
                name: "ministack",
                version: "1.5.33",
                serves: &["e2e_aws", "e2e_rie", "contract_vault"],
                why: "runs our binaries as functions behind queues, schedules and an API, on loopback",
            },
            Pinned {
                name: "moto[server]",
                version: "5.2.5",
                serves: &["contract_vault"],
                why: "a second opinion on how AWS's secrets answer",
            },
            Pinned {
                name: "aws-sam-translator",
                version: "1.115.0",
                serves: &["e2e_aws", "e2e_rie", "template"],
                why: "turns the template into what AWS deploys, with the code that AWS uses",
            },
            Pinned {
                name: "boto3",
                version: "1.43.106",
                serves: &["e2e_aws", "e2e_rie", "template"],
                why: "deploys stacks in tests; the translator asks it for partitions",
            },
        ],
    },
    // Both pin much that the servers above need in other versions.
    Venv {
        folder: "lint",
        packages: &[
            Pinned {
                name: "cfn-lint",
                version: "1.58.0",
                serves: &["template"],
                why: "knows every property of every resource, and which values they take",
            },
            Pinned {
                name: "checkov",
                version: "3.3.30",
                serves: &["template"],
                why: "finds what is open, unencrypted or allowed to everybody",
            },
        ],
    },
    Venv {
        folder: "sam",
        packages: &[Pinned {
            name: "aws-sam-cli",
            version: "1.170.0",
            serves: &["e2e_aws", "e2e_rie"],
            why: "brings AWS's own runtime emulator as a file, with nothing to download",
        }],
    },
];

const NODE: &[Pinned] = &[
    Pinned {
        name: "playwright-core",
        version: "1.65.1",
        serves: &["browser"],
        why: "drives the browser that is installed, and downloads none",
    },
    Pinned {
        name: "axe-core",
        version: "4.14.1",
        serves: &["browser"],
        why: "finds what a screen reader cannot",
    },
];

/// A program of the system, and the Debian package that brings it.
struct System {
    /// Ends well where it is there.
    probe: &'static [&'static str],
    package: &'static str,
    serves: &'static [&'static str],
}

const SYSTEM: &[System] = &[
    System {
        probe: &["python3", "-c", "import venv, ensurepip"],
        package: "python3-venv",
        serves: &["contract", "e2e", "browser", "template"],
    },
    System { probe: &["node", "--version"], package: "nodejs", serves: &["browser"] },
    System { probe: &["npm", "--version"], package: "npm", serves: &["browser"] },
    System { probe: &["chromium", "--version"], package: "chromium", serves: &["browser"] },
    System { probe: &["curl", "--version"], package: "curl", serves: &["browser"] },
];

/// Everything, whichever tests there are.
pub fn install_all(workspace: &Workspace) -> Result<(), Failure> {
    install(&workspace.test_tools(), &|_| true)?;
    println!("{}:", workspace.test_tools().display());
    for Pinned { name, version, why, .. } in PYTHON.iter().flat_map(|venv| venv.packages).chain(NODE) {
        println!("{name} {version}: {why}");
    }
    Ok(())
}

/// What these test binaries use.
pub fn install_for(workspace: &Workspace, tests: &[&str]) -> Result<(), Failure> {
    install(&workspace.test_tools(), &|serves| is_used(serves, tests))
}

fn is_used(serves: &[&str], tests: &[&str]) -> bool {
    serves.iter().any(|prefix| tests.iter().any(|test| test.starts_with(prefix)))
}

type Wanted<'a> = &'a dyn Fn(&[&str]) -> bool;

fn install(folder: &Path, wanted: Wanted) -> Result<(), Failure> {
    install_system(wanted)?;
    for venv in PYTHON {
        let python = pins(venv.packages, wanted, "==");
        once(&folder.join(venv.folder), &python, |venv| install_python(venv, &python))?;
    }
    let node = pins(NODE, wanted, "@");
    once(&folder.join("node"), &node, |modules| install_node(modules, &node))
}

fn pins(table: &[Pinned], wanted: Wanted, sign: &str) -> Vec<String> {
    let used = table.iter().filter(|pinned| wanted(pinned.serves));
    used.map(|pinned| format!("{}{sign}{}", pinned.name, pinned.version)).collect()
}

/// Installs unless the folder holds just these pins already: then no network is touched.
fn once(
    folder: &Path,
    pins: &[String],
    install: impl Fn(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stamp = folder.join("daybook-pins.txt");
    let wanted = pins.join("\n");
    if pins.is_empty() || fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let cannot = |path: &PathBuf, cause| Failure::new(format!("cannot write {}: {cause}", path.display()));
    fs::create_dir_all(folder).map_err(|cause| cannot(&folder.into(), cause))?;
    install(folder)?;
    fs::write(&stamp, wanted).map_err(|cause| cannot(&stamp, cause))
}

fn install_python(venv: &Path, pins: &[String]) -> Result<(), Failure> {
    let pip = venv.join("bin").join("pip");
    if !pip.exists() {
        Shell::new("python3", &["-m", "venv", "."]).within(venv).run()?;
    }
    let mut arguments = vec!["install", "--quiet", "--disable-pip-version-check"];
    arguments.extend(pins.iter().map(String::as_str));
    Shell::new(pip, &arguments).run()
}

fn install_node(folder: &Path, pins: &[String]) -> Result<(), Failure> {
    let mut arguments = vec![
        "install",
        "--prefix",
        ".",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel",
        "error",
    ];
    arguments.extend(pins.iter().map(String::as_str));
    Shell::new("npm", &arguments).within(folder).run()
}

fn install_system(wanted: Wanted) -> Result<(), Failure> {
    let used = SYSTEM.iter().filter(|program| wanted(program.serves));
    let missing: Vec<&str> =
        used.filter(|program| !is_there(program)).map(|program| program.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("tools: installing the Debian packages {}", missing.join(", "));
    apt(&["update", "--quiet=2"], &[])?;
    apt(&["install", "--quiet=2", "--yes", "--no-install-recommends"], &missing)
}

fn is_there(program: &System) -> bool {
    match program.probe {
        [name, arguments @ ..] => Shell::new(name, arguments).succeeds(),
        [] => false,
    }
}

fn apt(command: &[&str], packages: &[&str]) -> Result<(), Failure> {
    let arguments: Vec<&str> = command.iter().chain(packages).copied().collect();
    let run = Shell::new("apt-get", &arguments).with("DEBIAN_FRONTEND", "noninteractive").run();
    run.map_err(|failure| Failure::new(format!("{failure}; on another system, install them by hand")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_what_the_present_tests_use_is_installed() {
        let for_tests = |tests: &'static [&'static str]| {
            let wanted = move |serves: &[&str]| is_used(serves, tests);
            let python = PYTHON.iter().map(|venv| pins(venv.packages, &wanted, "=="));
            python.chain([pins(NODE, &wanted, "@")]).collect::<Vec<_>>().concat()
        };
        assert_eq!(for_tests(&["story"]), Vec::<String>::new());
        assert_eq!(for_tests(&["contract_caldav"]), ["radicale==3.9.0"]);
        assert_eq!(for_tests(&["browser"]).len(), 1 + NODE.len());
        assert_eq!(for_tests(&["template"]).len(), 4);
    }

    #[test]
    fn installed_pins_are_not_installed_again_and_new_ones_are() {
        let folder = std::env::temp_dir().join(format!("daybook-xtask-{}", std::process::id()));
        let installs = Cell::new(0);
        let count = |pins: &[&str]| {
            let pins: Vec<String> = pins.iter().map(ToString::to_string).collect();
            let install = |_: &Path| {
                installs.set(installs.get() + 1);
                Ok(())
            };
            once(&folder, &pins, install).unwrap();
            installs.get()
        };
        assert_eq!([count(&[]), count(&["a==1"]), count(&["a==1"]), count(&["a==2"])], [0, 1, 1, 2]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
