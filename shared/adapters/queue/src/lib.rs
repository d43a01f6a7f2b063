//! The queue of sync requests, in process.
