//! When to try again after the other side said not now.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(15);
/// The other side may ask for more patience than we have on our own, within reason.
const LONGEST_ASKED: Duration = Duration::from_hours(24);

/// The pause before the next attempt: doubling from one second to a quarter of an hour, spread by `jitter`
/// (0 to 1, drawn by the caller) over its upper half, and never shorter than the other side asked for.
pub fn delay(attempts: u32, jitter: f64, retry_after: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempts.min(20))).min(LONGEST);
    let spread = doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    spread.max(retry_after.unwrap_or_default().min(LONGEST_ASKED))
}

/// The pause before a source or item that refuses us is tried again without being asked.
pub const PARKED: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_a_quarter_of_an_hour() {
        for (attempts, jitter, after, expected_ms) in [
            (0, 1.0, None, 1_000),
            (0, 0.0, None, 500),
            (3, 1.0, None, 8_000),
            (40, 1.0, None, 900_000),
            (0, 0.0, Some(30), 30_000),
            (40, 1.0, Some(30), 900_000),
            (0, 0.0, Some(u64::MAX), 86_400_000),
        ] {
            let pause = delay(attempts, jitter, after.map(Duration::from_secs));
            assert_eq!(pause.as_millis(), expected_ms, "{attempts} {jitter} {after:?}");
        }
    }
}
