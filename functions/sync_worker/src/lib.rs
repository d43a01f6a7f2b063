//! Takes one request from the queue and syncs one connection.
