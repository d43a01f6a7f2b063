//! Where the tests find what they start: servers that `cargo xtask tools` installs, binaries that the build made.

use std::path::{Path, PathBuf};

use crate::tools::{folder, required};

/// The functions, by their binaries' names.
pub const FUNCTIONS: [&str; 7] = [
    "availability",
    "ehr_change",
    "oauth_callback",
    "provider_webhook",
    "settings",
    "sync_worker",
    "window_sweep",
];

/// The Python that has ministack; `None` where nobody installed it and nobody requires it.
pub fn python() -> Option<PathBuf> {
    let venv = folder().join("venv/bin");
    let found = venv.join("ministack").is_file().then(|| venv.join("python"));
    required(found, "ministack is not installed: cargo xtask tools")
}

/// The folder in which all the functions' binaries are.
pub fn binaries() -> Option<PathBuf> {
    let named = std::env::var_os("DAYBOOK_BIN").map(PathBuf::from);
    let named = named.and_then(|binary| binary.parent().map(Path::to_owned));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/ci");
    let has_all = |folder: &PathBuf| FUNCTIONS.iter().all(|name| folder.join(name).is_file());
    let found = named.into_iter().chain([built]).find(has_all);
    required(found, "the functions are missing: cargo build --profile ci --workspace")
}

/// AWS's own emulator of one function alone, as its command line for local runs brings it.
pub fn emulator_of_one_function() -> Option<PathBuf> {
    let lib = folder().join("sam/lib");
    let versions = std::fs::read_dir(lib).into_iter().flatten().flatten();
    let inside = "site-packages/samcli/local/rapid/aws-lambda-rie-x86_64";
    let found = versions.map(|version| version.path().join(inside)).find(|path| path.is_file());
    required(found, "aws-sam-cli is not installed: cargo xtask tools")
}

/// Processes whose environment has all of these lines.
pub fn processes_with(lines: &[String]) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").expect("a Linux machine").flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has_all = |id: &u32| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let own: Vec<&[u8]> = environment.split(|byte| *byte == 0).collect();
        lines.iter().all(|line| own.contains(&line.as_bytes()))
    };
    ids.filter(has_all).collect()
}

/// As `kill -9`.
pub fn kill(process: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()), "{process} cannot be killed");
}
