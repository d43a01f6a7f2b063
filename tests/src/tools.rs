//! Where `cargo xtask tools` put what the tests need, and what becomes of a test whose tool is missing.
#![allow(clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// From `$DAYBOOK_TEST_TOOLS`, else the workspace's own target folder, whether or not anything is in it.
pub fn folder() -> PathBuf {
    std::env::var_os("DAYBOOK_TEST_TOOLS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-tools"), PathBuf::from)
}

/// What was found. Where nothing was, the test is left out and says so, unless `DAYBOOK_TEST_SERVERS=required`: then it
/// fails.
pub fn required<T>(found: Option<T>, missing: &str) -> Option<T> {
    let is_required = std::env::var("DAYBOOK_TEST_SERVERS").is_ok_and(|value| value == "required");
    assert!(found.is_some() || !is_required, "{missing}");
    if found.is_none() {
        println!("skipped: {missing}");
    }
    found
}

/// Below the ports that the system hands out by itself (from 32768 on): between the look and the start of a server, no
/// connection and no server of another test can take one of these.
const FIRST_PORT: u32 = 10_000;
const PORTS: u32 = 20_000;
const MOST_LOOKS: usize = 1_000;

/// A port of this machine that nobody listens on; another one each time.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Other test processes begin elsewhere.
    let begin = std::process::id().wrapping_mul(97);
    let ports = std::iter::repeat_with(|| {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        u16::try_from(FIRST_PORT + begin.wrapping_add(given) % PORTS).expect("a port")
    });
    ports.take(MOST_LOOKS).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
