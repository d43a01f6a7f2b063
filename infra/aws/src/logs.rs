//! Logs as JSON lines on stdout, which is where Lambda picks them up. Ids, numbers and reasons; no content.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How much our own rooms tell: `error`, `warn`, `info` (the default), `debug`, `trace`.
const LEVEL: &str = "DAYBOOK_LOG";
/// What our rooms' names begin with, and the audit trail's.
const OURS: [&str; 2] = ["daybook", "audit"];

/// From here on everything is logged. A second call changes nothing.
pub fn begin() {
    let level = std::env::var(LEVEL).ok().and_then(|word| LevelFilter::from_str(&word).ok());
    let logs = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_max_level(LevelFilter::TRACE)
        .finish();
    drop(logs.with(told(level.unwrap_or(LevelFilter::INFO))).try_init());
}

/// Libraries tell no details, whatever is asked for: theirs are headers and bodies.
fn told(level: LevelFilter) -> Targets {
    let libraries = level.min(LevelFilter::INFO);
    Targets::new().with_default(libraries).with_targets(OURS.map(|room| (room, level)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_never_tell_details() {
        let tells = |level, target: &str, of| told(level).would_enable(target, &of);
        for level in [LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE] {
            assert!(tells(level, "aws_smithy_runtime::client", Level::INFO), "{level}");
            assert!(!tells(level, "aws_smithy_runtime::client", Level::DEBUG), "{level}");
            assert!(!tells(level, "lambda_runtime::layers", Level::TRACE), "{level}");
        }
        assert!(tells(LevelFilter::DEBUG, "daybook_engine::sync", Level::DEBUG));
        assert!(!tells(LevelFilter::INFO, "daybook_engine::sync", Level::DEBUG));
        assert!(tells(LevelFilter::INFO, "audit", Level::INFO));
        assert!(!tells(LevelFilter::ERROR, "hyper", Level::WARN));
    }
}
