//! Google Calendar behind the engine's ports. No Google word leaves this room.
