//! Hooks on their way: late, doubled, out of order, and lost where the sweep makes good for it.

use daybook_core::ids::{AppointmentId, PractitionerId};
use daybook_engine::ports::Cause;
use daybook_engine::receive::EhrSignal;

use super::history::{History, Sweeping};
use crate::world::scene::demo;
use crate::world::worker::run;

/// One notification that an outside system has sent.
#[derive(Clone, Debug)]
pub enum Hook {
    Ehr(EhrSignal),
    /// Something changed in an account.
    Account(&'static str),
}

impl History {
    /// The EHR tells about an appointment, naming everybody who had or has to do with it.
    pub(super) fn ehr_tells(&mut self, id: &AppointmentId, before: Vec<PractitionerId>) {
        let mut practitioners = before;
        practitioners.extend(self.world.lock().named_by(&demo(), id));
        let signal = EhrSignal { appointments: vec![id.clone()], practitioners };
        self.send(Hook::Ehr(signal));
    }

    pub(super) fn send(&mut self, hook: Hook) {
        let copies = match self.chance.u32(0..10) {
            0 if self.sweeping == Sweeping::On => 0,
            1 => 2,
            _ => 1,
        };
        self.hooks.extend(std::iter::repeat_n(hook, copies));
    }

    /// Some of them arrive, in any order.
    pub(super) fn deliver_hooks(&mut self) {
        for _ in 0..self.chance.u32(1..4) {
            if self.hooks.is_empty() {
                return;
            }
            let which = self.chance.usize(0..self.hooks.len());
            let hook = self.hooks.swap_remove(which);
            self.deliver(&hook);
        }
    }

    /// A sender that gets no answer sends again.
    pub(super) fn deliver(&mut self, hook: &Hook) {
        self.world.lock().tell_read(|| format!("- arrives: {hook:?}"));
        let delivered = match hook {
            Hook::Ehr(signal) => run(self.engine.receive_ehr(&demo(), signal)),
            Hook::Account(label) => self.account_tells(label),
        };
        if delivered.is_err() {
            self.hooks.push(hook.clone());
        }
    }

    fn account_tells(&mut self, label: &str) -> Result<(), daybook_engine::EngineError> {
        for at in self.connections.clone() {
            let account = self.world.lock().account_of(&at);
            if account.as_deref() == Some(label) {
                let named = self.world.lock().all_calendars(&at);
                run(self.engine.signal(&at, &named, Cause::Provider))?;
            }
        }
        Ok(())
    }
}
