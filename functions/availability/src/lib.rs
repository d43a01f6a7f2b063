//! Free times and the booking check.
