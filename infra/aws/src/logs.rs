//! Logs as JSON lines on stdout, which is where Lambda picks them up. Ids, numbers and reasons; no content.

use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

/// How much is told: `error`, `warn`, `info` (the default), `debug`, `trace`.
const LEVEL: &str = "DAYBOOK_LOG";

/// From here on everything is logged. A second call changes nothing.
pub fn begin() {
    let level = std::env::var(LEVEL).ok().and_then(|word| LevelFilter::from_str(&word).ok());
    // One level for everything: choosing by module would bring in the crate for regular expressions.
    let logs = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_max_level(level.unwrap_or(LevelFilter::INFO));
    drop(logs.try_init());
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
