//! The providers' webhook door: handshakes are answered, senders proven, signals queued. No body is believed.
