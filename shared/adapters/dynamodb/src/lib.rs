//! The single table behind the engine's stores.
