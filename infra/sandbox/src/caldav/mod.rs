//! The sandbox caldav.
