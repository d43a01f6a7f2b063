//! The sandbox microsoft.
