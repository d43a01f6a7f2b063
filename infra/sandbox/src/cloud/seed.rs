//! The first days of a provider: its people, their calendars, a few events. Everybody is invented.

use super::{Dialect, Face, Tx};

pub(super) fn plant(_tx: &mut Tx<'_>, _dialect: Dialect, _face: &dyn Face) -> Result<(), jiff::Error> {
    Ok(())
}
