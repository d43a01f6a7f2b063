//! The v1 API, and later the settings page.
