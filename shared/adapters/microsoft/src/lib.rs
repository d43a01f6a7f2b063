//! Outlook and Microsoft 365 calendars behind the engine's ports. No Graph word leaves this room.
