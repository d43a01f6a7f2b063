//! The trail of what people did on the pages: who, what, to which connection. Ids only.

use daybook_core::launch::Visitor;

use super::session::Guest;

/// Writes one line for a deed.
pub(crate) fn told(guest: &Guest, connection: &str, deed: &str) {
    let Visitor { practice, actor, role, .. } = &guest.session.visitor;
    tracing::info!(target: "audit", %practice, actor, ?role, connection, deed, "a person used the settings page");
}
