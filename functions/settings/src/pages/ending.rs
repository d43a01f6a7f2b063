//! Pages on which something went no further: what it is, what it means, and one thing to do next. The cause goes to the
//! log, once, where it is ours or a server's; no page quotes it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use daybook_engine::ports::{Practice, RemoteError, StoreError, VaultError};
use daybook_engine::{EngineError, chain};

use super::session::Guest;
use super::shell::{Shell, dressed};

/// What a person is told.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    status: StatusCode,
    title: &'static str,
    text: String,
    next: Next,
    shell: Box<Shell>,
}

/// The one thing to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Next {
    /// Only the EHR can help.
    Ehr,
    Link(String, &'static str),
}

#[derive(Template)]
#[template(path = "ending.html")]
struct EndingPage<'a> {
    shell: &'a Shell,
    title: &'a str,
    text: &'a str,
    link: Option<(&'a str, &'a str)>,
}

impl Ending {
    fn new(status: StatusCode, title: &'static str, text: impl Into<String>, next: Next) -> Self {
        Self { status, title, text: text.into(), next, shell: Box::new(Shell::strange()) }
    }

    /// With what stands around this guest's pages.
    pub fn to(self, guest: &Guest) -> Self {
        Self { shell: Box::new(guest.shell()), ..self }
    }

    /// For nobody whom we know, where this practice's EHR may be showing it.
    pub fn in_frame_of(self, practice: &Practice) -> Self {
        Self { shell: Box::new(Shell::strange_in(practice)), ..self }
    }

    /// What a failed use case comes to on the pages of one connection: the way on leads back to it.
    pub fn at(guest: &Guest, connection: &str, error: EngineError) -> Self {
        let page = format!("/settings/connections/{connection}");
        Self::of(error).to(guest).with_link(page, "Back to this calendar")
    }

    /// With another way on.
    pub fn with_link(self, address: impl Into<String>, words: &'static str) -> Self {
        Self { next: Next::Link(address.into(), words), ..self }
    }

    /// Nobody whom we know is here.
    pub fn no_session() -> Self {
        let text =
            "Open Calendar Sync from your EHR. For your safety it closes by itself after half an hour.";
        Self::new(StatusCode::UNAUTHORIZED, "Please open this from your EHR", text, Next::Ehr)
    }

    /// One page for every launch that opens nothing: who sends forged ones learns nothing from it.
    pub fn not_launched() -> Self {
        let text =
            "This link is over, was used already, or is not one that Daybook accepts. Nothing was changed.";
        Self::new(StatusCode::UNAUTHORIZED, "Please open this from your EHR again", text, Next::Ehr)
    }

    pub fn foreign_form() -> Self {
        let text = "The form was not sent from this page as it stands now. Nothing was changed.";
        Self::new(StatusCode::FORBIDDEN, "Please try that again", text, home())
    }

    pub fn nowhere() -> Self {
        let text = "There is no calendar of yours at this address.";
        Self::new(StatusCode::NOT_FOUND, "There is nothing here", text, home())
    }

    pub fn not_yours() -> Self {
        let text = "Clinicians see and settle their own calendars. Administrators settle what holds for the practice.";
        Self::new(StatusCode::FORBIDDEN, "This page is for clinicians", text, home())
    }

    pub fn not_for_clinicians() -> Self {
        let text =
            "What holds for the practice is for its administrators. Your own calendars are yours to settle.";
        Self::new(StatusCode::FORBIDDEN, "This page is for administrators", text, home())
    }

    pub fn changed_meanwhile() -> Self {
        let text =
            "These settings were changed meanwhile, perhaps in another window. Look at them again first.";
        Self::new(StatusCode::CONFLICT, "Changed meanwhile", text, home())
    }

    pub fn too_much() -> Self {
        let text = "The form is larger than any that this page sends. Nothing was changed.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That was too much", text, home())
    }

    pub fn internal() -> Self {
        let text = "It is Daybook's fault, not yours. Try again in a few minutes.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here", text, home())
    }

    /// Something in the form cannot be.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That cannot be saved", text, home())
    }

    /// What to say above the form, where it is the form that cannot be saved.
    pub fn of_form(&self) -> Option<&str> {
        (self.status == StatusCode::UNPROCESSABLE_ENTITY).then_some(self.text.as_str())
    }

    fn busy(who: &str) -> Self {
        let text =
            format!("{who} does not answer right now. Nothing was changed. Try again in a few minutes.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not now", text, home())
    }

    /// What a failed use case comes to.
    #[expect(clippy::needless_pass_by_value, reason = "errors are mapped to it by name")]
    pub fn of(error: EngineError) -> Self {
        match &error {
            EngineError::NotFound { .. } | EngineError::Store(StoreError::Missing { .. }) => Self::nowhere(),
            EngineError::AlreadyConnected { .. } => {
                let text = "Another connection of yours uses this account. Nothing was changed.";
                Self::new(StatusCode::CONFLICT, "This account is connected already", text, home())
            }
            EngineError::Stale { .. } | EngineError::Store(StoreError::Stale { .. }) => {
                Self::changed_meanwhile()
            }
            EngineError::Invalid { why, .. } => Self::invalid(format!("The reason: {why}.")),
            EngineError::WrongState { .. } => {
                let text = "The connection is no longer as this page showed it. Nothing was changed.";
                Self::new(StatusCode::CONFLICT, "That is not possible now", text, home())
            }
            EngineError::NotAllowed { what } => {
                let text = format!(
                    "Your practice does not allow {what}. Nothing was changed. Its administrator can allow it."
                );
                Self::new(StatusCode::FORBIDDEN, "Your practice does not allow this", text, home())
            }
            EngineError::TimeZoneMissing { .. } => {
                let text = "To close time in the EHR, Daybook must know your time zone, and the EHR gives none. Set it \
                            there first, or sync one way.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "No time zone is known", text, home())
            }
            EngineError::Calendar(remote) => Self::at_provider(remote),
            EngineError::Ehr(_) => {
                log(&error);
                Self::busy("Your EHR")
            }
            EngineError::Store(StoreError::Later { .. }) | EngineError::Vault(VaultError::Later { .. }) => {
                log(&error);
                Self::busy("Daybook")
            }
            EngineError::Store(_) | EngineError::Vault(_) => {
                log(&error);
                Self::internal()
            }
        }
    }

    fn at_provider(error: &RemoteError) -> Self {
        log(error);
        match error {
            RemoteError::Refused { .. } => {
                let text = "Your calendar's provider no longer accepts Daybook. Sign in again from your connection's page.";
                Self::new(StatusCode::CONFLICT, "Sign in again", text, home())
            }
            RemoteError::Unconfigured { .. } => {
                let text = "The provider does not accept this deployment of Daybook. Tell whoever runs it; it is nothing \
                            that you did.";
                Self::new(StatusCode::BAD_GATEWAY, "Not set up for this provider", text, home())
            }
            _ => Self::busy("Your calendar's provider"),
        }
    }
}

fn home() -> Next {
    Next::Link("/settings".to_owned(), "Back to Calendar Sync")
}

impl From<EngineError> for Ending {
    fn from(error: EngineError) -> Self {
        Self::of(error)
    }
}

impl IntoResponse for Ending {
    fn into_response(self) -> Response {
        let link = match &self.next {
            Next::Ehr => None,
            Next::Link(address, words) => Some((address.as_str(), *words)),
        };
        let page = EndingPage { shell: &self.shell, title: self.title, text: &self.text, link };
        let html = page.render().unwrap_or_else(|_| self.title.to_owned());
        dressed(&self.shell, self.status, html)
    }
}

/// The whole chain in one line; our errors hold no content and no secret.
fn log(error: &dyn std::error::Error) {
    tracing::warn!(error = chain(error), "a settings page could not do what was asked");
}
