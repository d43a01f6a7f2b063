//! Everything that a test from outside needs: the running binary, an EHR, a calendar server, meters between them.
//! Nothing here knows how Daybook works inside.

pub mod at_radicale;
pub mod browser;
pub mod calendar;
pub mod cloud;
pub mod daybook;
pub mod ehr;
pub mod hook;
pub mod meter;
pub mod pages;
pub mod place;
pub mod process;
pub mod scene;
pub mod tls;
pub mod town;

use std::time::{Duration, Instant};

/// Asks again until the answer is yes; says what was awaited when it never is. Generous, since machines are busy, and a message
/// whose worker was cut off comes again after six minutes: no test measures time with it.
#[expect(clippy::disallowed_methods, reason = "a test may look at the clock to give up")]
pub async fn eventually<F, Fut>(what: &str, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(8) {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never happened: {what}");
}
