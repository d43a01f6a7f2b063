//! Where `cargo xtask tools` put what the tests need, and what becomes of a test whose tool is missing.
#![allow(clippy::expect_used, reason = "test support: a failure here is a failed test")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};

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

/// A port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
