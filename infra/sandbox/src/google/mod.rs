//! The sandbox google.
