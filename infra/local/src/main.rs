//! The one-machine deployment: the same doors and the same engine as on AWS, with the table, the vault, the queue and the
//! clock inside one process. This file reads the configuration and ends the process; it builds nothing itself.

mod config;
mod data_dir;
mod doors;
mod house;
mod notices;
mod page;
mod providers;
mod stop;
mod try_out;
mod workers;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use daybook_engine::chain;
use tracing_subscriber::EnvFilter;

use config::Config;

/// What `sysexits` and this program's contract call a bad configuration.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    log_to_stderr();
    let config = match read_configuration() {
        Ok(config) => config,
        Err(faults) => return refuse(&format!("the configuration cannot be used:\n{faults}")),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("no runtime can be started: {error}")),
    };
    match runtime.block_on(house::run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&chain(&error)),
    }
}

fn read_configuration() -> Result<Config, config::Faults> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let file = match std::fs::read_to_string(config::FILE) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            let mut faults = config::Faults::default();
            faults.add(config::FILE, &format!("cannot be read: {error}"));
            return Err(faults);
        }
    };
    Config::read(variables, file.as_deref())
}

/// Ids, numbers and reasons; `RUST_LOG` chooses how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn refuse(why: &str) -> ExitCode {
    // Nobody may be reading; the exit code says it too.
    drop(writeln!(std::io::stderr(), "daybook: {why}"));
    ExitCode::from(BAD_CONFIGURATION)
}
