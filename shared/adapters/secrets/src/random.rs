//! Chance from the operating system, by way of aws-lc-rs. It keeps no state.

use aws_lc_rs::rand;
use daybook_engine::ports::Random;

/// The cryptographic generator of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// 160 bits in lower-case hexadecimal: fit for URLs, file names and every provider's ids.
    fn token(&self) -> String {
        hexadecimal::<20>()
    }

    fn unit(&self) -> f64 {
        let bits = u32::from_be_bytes(drawn());
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}

pub(crate) fn hexadecimal<const N: usize>() -> String {
    as_hexadecimal(&drawn::<N>())
}

/// Two lower-case digits for each byte.
pub(crate) fn as_hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[expect(
    clippy::expect_used,
    reason = "without chance nothing may be named or sealed; the source never fails once it works"
)]
pub(crate) fn drawn<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system's source of chance works");
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn tokens_are_long_plain_and_never_alike() {
        let tokens: HashSet<_> = (0..1_000).map(|_| SystemRandom.token()).collect();
        assert_eq!(tokens.len(), 1_000);
        for token in tokens {
            assert!(token.len() == 40 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        }
    }

    #[test]
    fn units_lie_between_zero_and_one_and_are_spread() {
        let drawn: Vec<f64> = (0..1_000).map(|_| SystemRandom.unit()).collect();
        assert!(drawn.iter().all(|unit| (0.0..1.0).contains(unit)));
        assert!(drawn.iter().any(|unit| *unit < 0.1) && drawn.iter().any(|unit| *unit > 0.9));
    }
}
