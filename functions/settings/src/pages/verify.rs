//! *Verify*: a person has both sides tried, and sees each step. What is tried, and how, is the engine's to know.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::verify::{Outcome, ProbeStep, Tried, Verification};

use super::told::told;
use super::words::Zone;
use super::{Ending, Guest, Posted, Room, Shell, show};

#[derive(Template)]
#[template(path = "verify.html")]
struct Page {
    shell: Shell,
    id: String,
    shown: Shown,
}

/// How far it has come.
enum Shown {
    NotYet,
    /// A sync is at work.
    Busy,
    Tried {
        is_well: bool,
        at: String,
        sides: Vec<Side>,
    },
}

/// One side with its steps.
struct Side {
    name: &'static str,
    steps: Vec<Step>,
}

struct Step {
    what: &'static str,
    /// Names its colour.
    mark: &'static str,
    outcome: String,
}

pub(crate) async fn form(
    State(room): State<Room>,
    Path(id): Path<String>,
    guest: Guest,
) -> Result<Response, Ending> {
    guest.connection(&room.engine, &id).await?;
    let page = Page { shell: guest.shell(), id, shown: Shown::NotYet };
    show(&page.shell, &page)
}

pub(crate) async fn verify(
    State(room): State<Room>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Ending> {
    let guest = &posted.guest;
    let connection = guest.connection(&room.engine, &id).await?;
    let zone = Zone::of(&room.engine, &connection, &guest.practice).await;
    let doing = Doing::to(Deed::Verified, &connection);
    let at = ConnectionRef::from(&connection);
    let found = told(&room, guest, doing, room.engine.verify(&at).await).await;
    let found = found.map_err(|error| Ending::at(guest, &id, error))?;
    let shown = match found {
        Verification::Busy => Shown::Busy,
        Verification::Tried(trial) => {
            let sides = [("Your calendar", &trial.calendar), ("The EHR", &trial.ehr)];
            let tried = sides.into_iter().filter(|(_, steps)| !steps.is_empty());
            let sides = tried.map(|(name, steps)| Side { name, steps: steps.iter().map(step).collect() });
            Shown::Tried { is_well: trial.is_well(), at: zone.time(trial.at), sides: sides.collect() }
        }
    };
    let page = Page { shell: guest.shell(), id, shown };
    show(&page.shell, &page)
}

fn step(tried: &Tried) -> Step {
    let what = match tried.step {
        ProbeStep::Write => "A test entry is written",
        ProbeStep::ReadBack => "It is read back as it was written",
        ProbeStep::Move => "It is moved",
        ProbeStep::ReadMoved => "It is read back where it was moved to",
        ProbeStep::Delete => "It is removed again",
    };
    let (mark, outcome) = match &tried.outcome {
        Outcome::Done => ("active", "Done".to_owned()),
        Outcome::Failed(why) => ("reconnect_required", format!("Failed: {why}")),
        Outcome::NotTried => ("paused", "Not tried".to_owned()),
    };
    Step { what, mark, outcome }
}
