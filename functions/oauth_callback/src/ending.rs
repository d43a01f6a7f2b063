//! The pages of sign-ins that went no further: what it is, what it means, and one thing to do next. The cause goes to
//! the log, once, where it is ours or a server's; no page quotes it.

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use daybook_core::connection::Provider;
use daybook_engine::EngineError;
use daybook_engine::ports::{RemoteError, StoreError, VaultError};
use daybook_engine::sign_in::{Meanwhile, Stopped, Why};

use crate::door::Begun;
use crate::plan;

/// What a person is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    status: StatusCode,
    title: String,
    text: String,
    /// The one thing to do next.
    next: &'static str,
    retry: Option<String>,
    from: Begun,
}

#[derive(Template)]
#[template(path = "ended.html")]
struct EndedPage<'a> {
    title: &'a str,
    text: &'a str,
    next: &'a str,
    retry: Option<&'a str>,
    /// There is a settings page to go back to.
    leads_back: bool,
}

const ASK_AGAIN: &str = "Open the sign-in from your EHR once more.";
const TRY_AGAIN: &str = "Try again.";
const LATER: &str = "Try again in a few minutes.";

impl Ending {
    fn new(
        status: StatusCode,
        title: impl Into<String>,
        text: impl Into<String>,
        next: &'static str,
    ) -> Self {
        Self { status, title: title.into(), text: text.into(), next, retry: None, from: Begun::Elsewhere }
    }

    /// What a stopped sign-in comes to; `provider` where it is known.
    pub fn of(stopped: Stopped, provider: Option<Provider>) -> Self {
        let Stopped { why, retry, meanwhile } = stopped;
        let name = provider.map_or("the provider", plan::provider_name);
        let ending = match &why {
            Why::LinkOver => over(),
            Why::OtherBrowser => other_browser(),
            Why::Declined => declined(name, meanwhile),
            Why::AdministratorNeeded => administrator_needed(name, meanwhile),
            Why::TooLittle { needed, granted } => {
                too_little(name, &plan::missing(*needed, *granted), meanwhile)
            }
            Why::OtherAccount { expected, shown } => other_account(expected, shown),
            Why::Failed(error) => failed(error, name),
        };
        Self { retry, ..ending }
    }

    /// With the way back to where it began.
    pub fn from(self, from: Begun) -> Self {
        Self { from, ..self }
    }

    /// A form of another site's.
    pub fn foreign_form() -> Self {
        let text = "The form was not sent from Daybook's own page. Nothing was changed.";
        Self::new(StatusCode::FORBIDDEN, "This did not come from our page", text, ASK_AGAIN)
    }

    pub fn nowhere() -> Self {
        let text = "This address leads nowhere.";
        Self::new(StatusCode::NOT_FOUND, "There is nothing here", text, ASK_AGAIN)
    }

    pub fn internal() -> Self {
        let text = "It is Daybook's fault, not yours. Nothing was changed.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here", text, LATER)
    }
}

impl IntoResponse for Ending {
    fn into_response(self) -> Response {
        let Self { title, text, retry, .. } = &self;
        let page = EndedPage {
            title,
            text,
            next: self.next,
            retry: retry.as_deref(),
            leads_back: self.from == Begun::Settings,
        };
        let html = page.render().unwrap_or_else(|_| self.title.clone());
        let mut response = (self.status, Html(html)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

/// What to say beside the form, where typing again can help; the status with it.
pub(crate) fn retype(why: &Why) -> Option<(StatusCode, String)> {
    let bad = StatusCode::UNPROCESSABLE_ENTITY;
    match why {
        Why::Failed(EngineError::Calendar(error)) => {
            let (status, words) = match error {
                RemoteError::Refused { .. } => (bad, "The server refuses this user name and password."),
                RemoteError::Missing { .. } => (bad, "There are no calendars at this address."),
                RemoteError::Rejected { .. } => (bad, "This address cannot be used."),
                RemoteError::Later { .. } => {
                    log(error);
                    (
                        StatusCode::SERVICE_UNAVAILABLE,
                        "The server does not answer. Try again in a few minutes.",
                    )
                }
                _ => {
                    log(error);
                    (bad, "The server does not answer as calendar servers do. Is the address right?")
                }
            };
            Some((status, words.to_owned()))
        }
        Why::OtherAccount { expected, shown } => {
            let words =
                format!("This is {shown}. The connection is to {expected}: sign in with that account.");
            Some((StatusCode::CONFLICT, words))
        }
        _ => None,
    }
}

fn over() -> Ending {
    let text = "Each link works once, in one browser, for ten minutes. If you have just signed in with it, all is well: \
                your EHR shows the connection.";
    Ending::new(StatusCode::GONE, "This link is over", text, ASK_AGAIN)
}

fn other_browser() -> Ending {
    let text = "This sign-in was begun in another browser, and can go on only there.";
    Ending::new(StatusCode::FORBIDDEN, "Begun in another browser", text, ASK_AGAIN)
}

/// What was chosen is saved before anybody signs in for it.
fn so(meanwhile: Meanwhile) -> &'static str {
    match meanwhile {
        Meanwhile::NothingWaits => "Nothing was changed.",
        Meanwhile::SyncWaits => {
            "Until it is allowed, the sync waits: what stands stays, and may be out of date."
        }
    }
}

fn declined(name: &str, meanwhile: Meanwhile) -> Ending {
    let text = format!("You did not allow Daybook at {name}. {}", so(meanwhile));
    let (title, next) = match meanwhile {
        Meanwhile::NothingWaits => {
            ("Not connected", "If you want your calendar connected after all, try again.")
        }
        Meanwhile::SyncWaits => {
            ("Not allowed", "Try again and allow it, or choose what needs less in your settings.")
        }
    };
    Ending::new(StatusCode::UNPROCESSABLE_ENTITY, title, text, next)
}

fn administrator_needed(name: &str, meanwhile: Meanwhile) -> Ending {
    let text = format!(
        "Your organisation lets its administrators decide which apps may be used with {name}, and none has allowed \
         Daybook yet. {}",
        so(meanwhile)
    );
    let next = match meanwhile {
        Meanwhile::NothingWaits => "Ask your administrator to allow Daybook, then try again.",
        Meanwhile::SyncWaits => {
            "Ask your administrator to allow Daybook, then try again; or choose what needs less in your settings."
        }
    };
    Ending::new(StatusCode::UNPROCESSABLE_ENTITY, "Your administrator must allow this first", text, next)
}

fn too_little(name: &str, missing: &[&str], meanwhile: Meanwhile) -> Ending {
    let text = format!(
        "For what you chose, Daybook also has to {}. That box was not ticked at {name}. {}",
        missing.join(", and to "),
        so(meanwhile)
    );
    let next = match meanwhile {
        Meanwhile::NothingWaits => "Try again, and tick every box.",
        Meanwhile::SyncWaits => "Try again, and tick every box; or choose what needs less in your settings.",
    };
    Ending::new(StatusCode::UNPROCESSABLE_ENTITY, "One permission is missing", text, next)
}

fn other_account(expected: &str, shown: &str) -> Ending {
    let text =
        format!("You signed in as {shown}, and this connection is to {expected}. Nothing was changed.");
    Ending::new(
        StatusCode::CONFLICT,
        "This is another account",
        text,
        "Try again, and choose the other account.",
    )
}

fn failed(error: &EngineError, name: &str) -> Ending {
    match error {
        EngineError::AlreadyConnected { .. } => already_connected(),
        EngineError::NotFound { .. } => over(),
        EngineError::WrongState { .. } => disconnected(),
        EngineError::NotAllowed { what } => not_allowed(what),
        EngineError::Invalid { why, .. } => not_in_account(why),
        EngineError::Calendar(remote) => at_provider(remote, name),
        EngineError::Ehr(_)
        | EngineError::Store(StoreError::Later { .. })
        | EngineError::Vault(VaultError::Later { .. })
        | EngineError::Stale { .. } => {
            log(error);
            busy("Daybook")
        }
        EngineError::TimeZoneMissing { .. } | EngineError::Store(_) | EngineError::Vault(_) => {
            log(error);
            Ending::internal()
        }
    }
}

fn already_connected() -> Ending {
    let text = "Another connection of yours uses this account. Nothing was changed.";
    let next = "Use that connection, or disconnect it in your EHR's settings first.";
    Ending::new(StatusCode::CONFLICT, "This account is connected already", text, next)
}

fn disconnected() -> Ending {
    let text = "This connection was disconnected in the meantime.";
    Ending::new(StatusCode::GONE, "Disconnected", text, "Connect your calendar anew in your EHR.")
}

fn not_allowed(what: &str) -> Ending {
    let text = format!("Your practice does not allow {what}. Nothing was changed.");
    let next = "Try again with an account that your practice allows, or ask its administrator.";
    Ending::new(StatusCode::FORBIDDEN, "Your practice does not allow this", text, next)
}

fn not_in_account(why: &str) -> Ending {
    let text = format!("The settings do not fit this account: {why}. Nothing was changed.");
    let next = "Choose another calendar in your EHR's settings, or try again with another account.";
    Ending::new(StatusCode::UNPROCESSABLE_ENTITY, "That calendar is not here", text, next)
}

fn at_provider(error: &RemoteError, name: &str) -> Ending {
    log(error);
    match error {
        RemoteError::Later { .. } => busy(name),
        RemoteError::Unconfigured { .. } => {
            let title = format!("Daybook is not set up for {name}");
            let text =
                format!("{name} does not accept this deployment of Daybook. It is nothing that you did.");
            let next = "Tell whoever runs Daybook; they find the reason in its log.";
            Ending::new(StatusCode::BAD_GATEWAY, title, text, next)
        }
        RemoteError::Missing { .. } => {
            let text = format!("This account has no calendars at {name}. Nothing was changed.");
            let next = "Try again with the account that has your calendar.";
            Ending::new(StatusCode::UNPROCESSABLE_ENTITY, "No calendars here", text, next)
        }
        RemoteError::Rejected { .. } | RemoteError::Refused { .. } => {
            let text = format!(
                "{name} did not confirm the sign-in, perhaps because it took too long. Nothing was changed."
            );
            Ending::new(StatusCode::UNPROCESSABLE_ENTITY, "The sign-in did not hold", text, TRY_AGAIN)
        }
        RemoteError::CursorLost { .. }
        | RemoteError::Conflict { .. }
        | RemoteError::Forbidden { .. }
        | RemoteError::Unintelligible { .. } => {
            let text =
                format!("{name} answered in a way that Daybook does not understand. Nothing was changed.");
            Ending::new(StatusCode::BAD_GATEWAY, "That did not work", text, TRY_AGAIN)
        }
    }
}

fn busy(name: &str) -> Ending {
    let text = "Nothing was changed.";
    Ending::new(StatusCode::SERVICE_UNAVAILABLE, format!("{} is busy", capital(name)), text, LATER)
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The whole chain in one line; our errors hold no content and no secret.
fn log(error: &dyn std::error::Error) {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::warn!(error = chain, "a sign-in went no further");
}
