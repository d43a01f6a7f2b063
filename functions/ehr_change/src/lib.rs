//! Proves who sent an EHR hook, marks ids, queues a signal.
