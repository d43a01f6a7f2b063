//! Our sign-in page and the page of a sign-in that holds.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use axum::response::{Html, IntoResponse, Response};
use daybook_core::access::Access;
use daybook_core::connection::{AccountName, Connection, MainCalendar, State};
use daybook_core::policy::AccountKind;
use daybook_engine::sign_in::{Opened, Way};

use crate::cookie;
use crate::door::Begun;
use crate::ending::Ending;
use crate::origin::LeadsTo;
use crate::plan;
use crate::typed::Typed;

/// Where Apple keeps calendars.
const ICLOUD: &str = "https://caldav.icloud.com";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    clinician: &'a str,
    practice: &'a str,
    provider: &'static str,
    calendar: &'static str,
    /// The account that is expected, where there is one.
    account: Option<&'a str>,
    happens: Vec<String>,
    may: Vec<&'static str>,
    starts: &'static str,
    fields: Option<Fields<'a>>,
    /// Something was typed that did not do.
    is_again: bool,
}

/// What a form that asks for a password shows.
struct Fields<'a> {
    url: &'a str,
    username: &'a str,
    /// What was wrong with it.
    fault: Option<&'a str>,
}

/// Whose calendar server it is, as far as was chosen before. It only fills in the form: nobody is sent to Apple who did
/// not choose it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Server {
    Icloud,
    Unsaid,
}

impl Server {
    /// The word in a link; what it does not know says nothing.
    pub fn of(word: Option<&str>) -> Self {
        if word == Some("icloud") { Self::Icloud } else { Self::Unsaid }
    }

    /// Who signs in again has one already.
    fn or_known(self, account: Option<&AccountName>) -> Self {
        let is_icloud = account.is_some_and(|account| account.home.kind == AccountKind::Icloud);
        if is_icloud { Self::Icloud } else { self }
    }

    fn address(self) -> &'static str {
        match self {
            Self::Icloud => ICLOUD,
            Self::Unsaid => "",
        }
    }
}

/// What is told about what was typed before.
pub(crate) struct Again<'a> {
    pub typed: &'a Typed,
    pub fault: &'a str,
    pub status: StatusCode,
}

/// Our page, with the cookie.
pub(crate) fn sign_in(
    leads_to: &LeadsTo,
    opened: &Opened,
    cookie: &cookie::Name,
    server: Server,
    again: Option<&Again<'_>>,
) -> Result<Response, Ending> {
    let connection = &opened.connection;
    let server = server.or_known(connection.account.as_ref());
    let fields = match opened.way {
        Way::Page => None,
        Way::Password => Some(Fields {
            url: again.map_or(server.address(), |again| &again.typed.url),
            username: again.map_or("", |again| &again.typed.username),
            fault: again.map(|again| again.fault),
        }),
    };
    let page = SignInPage {
        clinician: &opened.clinician,
        practice: connection.practice.as_str(),
        provider: plan::provider_name(connection.provider),
        calendar: plan::calendar_name(connection.provider),
        account: connection.account.as_ref().map(|account| account.label.as_str()),
        happens: plan::happens(&connection.settings),
        may: plan::may(connection.provider, Access::needed(&connection.settings)),
        starts: plan::starts(connection),
        fields,
        is_again: again.is_some(),
    };
    let status = again.map_or(StatusCode::OK, |again| again.status);
    let policy = [(CONTENT_SECURITY_POLICY, leads_to.policy(connection.provider))];
    let mut response = (status, policy, Html(rendered(&page)?)).into_response();
    if let Some(line) = cookie.keep(&opened.browser) {
        response.headers_mut().insert(SET_COOKIE, line);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "done.html")]
struct DonePage<'a> {
    account: &'a str,
    next: String,
}

/// The page of a sign-in that holds; who came from the settings page goes back there.
pub(crate) fn done(connection: &Connection, from: Begun) -> Result<Response, Ending> {
    if from == Begun::Settings {
        let place = format!("/settings/connections/{}", connection.id);
        return Ok((StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response());
    }
    let account = connection.account.as_ref().map_or("", |account| account.label.as_str());
    let page = DonePage { account, next: next(connection) };
    Ok(Html(rendered(&page)?).into_response())
}

fn next(connection: &Connection) -> String {
    match connection.evidence.state() {
        State::Ready => "Nothing is written yet. Say yes in your EHR's settings, and it starts.".to_owned(),
        State::Paused => "It is paused, and stays so until you resume it in your EHR's settings.".to_owned(),
        State::Active => "Daybook goes on where it stopped.".to_owned(),
        _ => match &connection.settings.main_calendar {
            MainCalendar::Create(name) => {
                format!(
                    "Daybook is at work. Within a minute or two you find the calendar “{name}” in this account."
                )
            }
            MainCalendar::Made(_) | MainCalendar::Existing(_) => {
                "Daybook is at work. Your appointments appear within a minute or two.".to_owned()
            }
            MainCalendar::None => {
                "Daybook is at work. Your busy times are closed within a minute or two.".to_owned()
            }
        },
    }
}

pub(crate) fn rendered(page: &impl Template) -> Result<String, Ending> {
    page.render().map_err(|error| {
        tracing::error!(%error, "a page of the sign-in cannot be written");
        Ending::internal()
    })
}
