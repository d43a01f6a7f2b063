//! The vault: sealed credentials and practice keys.
