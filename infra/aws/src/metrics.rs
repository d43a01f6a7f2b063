//! Metrics as one line on stdout in the embedded metric format, out of which `CloudWatch` makes them. It sends nothing.
//!
//! The crate `metrique` does this too, and brings 81 crates for what is one JSON line.
//! The format: `AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html`.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "Daybook";
/// The one dimension: without names of practices, so that there are as many metrics as there are kinds.
const DIMENSION: &str = "Stack";

/// What is measured in one invocation. Numbers only.
#[derive(Clone, Debug)]
pub struct Metrics {
    stack: String,
    named: Vec<(&'static str, &'static str, Value)>,
}

impl Metrics {
    pub fn new(stack: &str) -> Self {
        Self { stack: stack.to_owned(), named: Vec::new() }
    }

    #[must_use]
    pub fn count(mut self, name: &'static str, count: u64) -> Self {
        self.named.push((name, "Count", count.into()));
        self
    }

    /// Something that may be below zero, such as days left.
    #[must_use]
    pub fn number(mut self, name: &'static str, number: i64) -> Self {
        self.named.push((name, "None", number.into()));
        self
    }

    #[must_use]
    pub fn seconds(mut self, name: &'static str, seconds: f64) -> Self {
        self.named.push((name, "Seconds", seconds.into()));
        self
    }

    /// One line on stdout.
    pub fn write(&self, now: Timestamp) {
        let line = format!("{}\n", self.line(now));
        let mut out = std::io::stdout().lock();
        // What measures must not break what works.
        drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
    }

    fn line(&self, now: Timestamp) -> Value {
        let kinds: Vec<Value> =
            self.named.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": kinds});
        let mut line = Map::new();
        let about = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
        line.insert("_aws".to_owned(), about);
        line.insert(DIMENSION.to_owned(), self.stack.as_str().into());
        line.extend(self.named.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_embedded_metric_format() {
        let at = Timestamp::from_millisecond(1_763_830_000_123).unwrap();
        let metrics = Metrics::new("daybook-prod");
        for (metrics, expected) in [
            (
                metrics.clone().seconds("SyncSeconds", 1.25).count("MirrorsChanged", 3),
                json!({
                    "_aws": {
                        "Timestamp": 1_763_830_000_123_i64,
                        "CloudWatchMetrics": [{
                            "Namespace": "Daybook",
                            "Dimensions": [["Stack"]],
                            "Metrics": [
                                {"Name": "SyncSeconds", "Unit": "Seconds"},
                                {"Name": "MirrorsChanged", "Unit": "Count"},
                            ],
                        }],
                    },
                    "Stack": "daybook-prod",
                    "SyncSeconds": 1.25,
                    "MirrorsChanged": 3,
                }),
            ),
            (
                metrics.number("AppSecretDaysLeft", -2),
                json!({
                    "_aws": {
                        "Timestamp": 1_763_830_000_123_i64,
                        "CloudWatchMetrics": [{
                            "Namespace": "Daybook",
                            "Dimensions": [["Stack"]],
                            "Metrics": [{"Name": "AppSecretDaysLeft", "Unit": "None"}],
                        }],
                    },
                    "Stack": "daybook-prod",
                    "AppSecretDaysLeft": -2,
                }),
            ),
        ] {
            let line = metrics.line(at);
            assert_eq!(line, expected);
            assert!(!line.to_string().contains('\n'));
        }
    }
}
