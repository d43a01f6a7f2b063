//! OAuth 2.0 against a provider's endpoints: authorise, exchange, refresh, revoke. It stores nothing.
