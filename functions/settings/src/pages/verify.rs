//! *Verify*: a person has both sides tried, and sees each step. What is tried, and how, is the engine's to know.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_engine::EngineError;
use daybook_engine::audit::Doing;
use daybook_engine::ports::ConnectionRef;
use daybook_engine::verify::{Failure, Outcome, ProbeStep, Tried, Verdict, Verification};
use tokio::time::sleep;

use super::told::told;
use super::words::{Zone, verified};
use super::{Ending, Guest, Posted, Room, Shell, show};

/// With these a person waits three seconds at most before the page says that a sync is at work.
const MOST_WAITS: usize = 6;
const WAIT: Duration = Duration::from_millis(500);

#[derive(Template)]
#[template(path = "verify.html")]
struct Page {
    shell: Shell,
    id: String,
    shown: Shown,
    /// The one before.
    last: Option<String>,
    /// In which the night is told.
    zone: String,
}

/// How far it has come.
enum Shown {
    NotYet,
    /// A sync is at work.
    Busy,
    Tried {
        verdict: &'static str,
        /// How it went, as a sentence.
        how: String,
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
    let connection = guest.connection(&room.engine, &id).await?;
    let zone = Zone::of(&room.engine, &connection, &guest.practice).await;
    let page = Page {
        shell: guest.shell(),
        id,
        shown: Shown::NotYet,
        last: verified(&connection, &zone),
        zone: zone.name().to_owned(),
    };
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
    let found = told(&room, guest, doing, soon(&room, &at).await).await;
    let found = found.map_err(|error| Ending::at(guest, &id, error))?;
    let shown = match found {
        Verification::Busy => Shown::Busy,
        Verification::Tried(trial) => {
            let calendar = Side { name: "Your calendar", steps: steps(&trial.calendar, in_calendar) };
            let ehr = Side { name: "The EHR", steps: steps(&trial.ehr, in_ehr) };
            let sides = [calendar, ehr].into_iter().filter(|side| !side.steps.is_empty()).collect();
            let (verdict, how) = words(trial.verdict(), &zone.time(trial.at));
            Shown::Tried { verdict, how, sides }
        }
    };
    let page = Page { shell: guest.shell(), id, shown, last: None, zone: zone.name().to_owned() };
    show(&page.shell, &page)
}

/// Whoever presses the button waits for a sync that is done in a moment.
async fn soon(room: &Room, at: &ConnectionRef) -> Result<Verification, EngineError> {
    for _ in 0..MOST_WAITS {
        match room.engine.verify(at).await? {
            Verification::Busy => sleep(WAIT).await,
            tried @ Verification::Tried(_) => return Ok(tried),
        }
    }
    room.engine.verify(at).await
}

/// The heading, and how it went. What was not tried is not said to work.
fn words(verdict: Verdict, at: &str) -> (&'static str, String) {
    let well = || format!("Every step went well, {at}.");
    match verdict {
        Verdict::BothWork => ("Both sides work", well()),
        Verdict::CalendarWorks => ("Your calendar works", well()),
        Verdict::EhrWorks => ("The EHR works", well()),
        Verdict::Fails => ("Something does not work", format!("Not every step went well, {at}.")),
        Verdict::NothingTried => {
            let why = "Daybook has no calendar to write to, and your busy times do not close the EHR.";
            ("There is nothing to try", why.to_owned())
        }
    }
}

fn steps(tried: &[Tried], why: fn(Failure) -> &'static str) -> Vec<Step> {
    tried.iter().map(|tried| step(tried, why)).collect()
}

fn step(tried: &Tried, why: fn(Failure) -> &'static str) -> Step {
    let what = match tried.step {
        ProbeStep::Find => "Your schedule is found",
        ProbeStep::Write => "A test entry is written",
        ProbeStep::ReadBack => "It is read back as it was written",
        ProbeStep::Move => "It is moved",
        ProbeStep::ReadMoved => "It is read back where it was moved to",
        ProbeStep::Delete => "It is removed again",
    };
    let (mark, outcome) = match tried.outcome {
        Outcome::Done => ("active", "Done".to_owned()),
        Outcome::Failed(failure) => ("reconnect_required", format!("Failed: {}", why(failure))),
        Outcome::NotTried => ("paused", "Not tried".to_owned()),
    };
    Step { what, mark, outcome }
}

/// Why, and what to do next.
fn in_calendar(failure: Failure) -> &'static str {
    match failure {
        Failure::SignedOut => "Daybook is signed out. Go back to this calendar and sign in again.",
        Failure::NotNow => "your calendar does not answer. Look again in a while.",
        Failure::Closed => {
            "your main calendar is not there, or may not be written. Choose another one under “Change settings”."
        }
        Failure::NotTaken => {
            "your calendar does not keep what is written. Look again in a while; if it stays so, choose another calendar."
        }
        Failure::Misconfigured => "the provider does not accept Daybook. Tell whoever runs it.",
    }
}

fn in_ehr(failure: Failure) -> &'static str {
    match failure {
        Failure::SignedOut | Failure::Closed => {
            "the EHR does not let Daybook close time. Tell your practice's administrator."
        }
        Failure::NotNow => "the EHR does not answer. Look again in a while.",
        Failure::NotTaken => {
            "the EHR does not keep what is written. Look again in a while; if it stays so, tell your administrator."
        }
        Failure::Misconfigured => "the EHR does not accept Daybook. Tell whoever runs it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_tried_is_said_to_work() {
        for (verdict, heading, how) in [
            (Verdict::BothWork, "Both sides work", "Every step went well, 9 am."),
            (Verdict::CalendarWorks, "Your calendar works", "Every step went well, 9 am."),
            (Verdict::EhrWorks, "The EHR works", "Every step went well, 9 am."),
            (Verdict::Fails, "Something does not work", "Not every step went well, 9 am."),
            (Verdict::NothingTried, "There is nothing to try", "Daybook has no calendar to write to"),
        ] {
            let (said, told) = words(verdict, "9 am");
            assert!(said == heading && told.starts_with(how), "{verdict:?}: {said}, {told}");
        }
    }
}
