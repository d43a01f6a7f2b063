//! Time and chance, as inputs.

use jiff::Timestamp;

pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

pub trait Random: Send + Sync {
    /// A fresh opaque name, at least 120 bits, fit for an id or a token.
    fn token(&self) -> String;

    /// Evenly spread from 0 to 1.
    fn unit(&self) -> f64;
}
