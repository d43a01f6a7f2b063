//! The use cases: connect, receive a signal, sync, sweep, change, disconnect. They order the steps and keep the
//! promises about crashes; what to do about an event or an appointment is decided in `daybook-core`.

pub mod ports;
