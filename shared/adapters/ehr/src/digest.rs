//! Short names for states, to tell them apart later. They protect nothing.

use sha2::{Digest, Sha256};

/// Sixteen hex digits. The parts are told apart, so that no two lists of them look the same.
pub(crate) fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let first = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}

#[cfg(test)]
mod tests {
    use super::short_hash;

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(short_hash(&["ab", "c"]), short_hash(&["a", "bc"]));
        assert_eq!(short_hash(&[]), "e3b0c44298fc1c14", "SHA-256 of nothing, cut");
    }
}
