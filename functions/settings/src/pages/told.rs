//! The trail of what people did on the pages: who, what, to which connection, and how it went. Ids only.

use daybook_core::audit::Who;
use daybook_engine::EngineError;
use daybook_engine::audit::{Doing, outcome};

use super::Room;
use super::session::Guest;

/// Writes down what came of a deed, and hands that on.
pub(crate) async fn told<T>(
    room: &Room,
    guest: &Guest,
    doing: Doing,
    done: Result<T, EngineError>,
) -> Result<T, EngineError> {
    room.engine.note(&guest.practice.id, who(guest), doing.ending(outcome(&done))).await;
    done
}

/// Who is here, as the trail says it.
pub(crate) fn who(guest: &Guest) -> Who {
    let visitor = &guest.session.visitor;
    Who::visitor(visitor.role, &visitor.actor)
}
