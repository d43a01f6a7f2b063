//! The sign-in door: our own page before the provider's, and where the provider sends the browser back to.
