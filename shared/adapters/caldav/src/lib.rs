//! CalDAV calendars behind the engine's ports.
