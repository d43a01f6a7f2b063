//! From what a clinician typed to where their calendars are (RFC 6764, RFC 5397, RFC 4791): the URL itself, then
//! the server's well-known address, then its root. It proves the credentials on the way and lists no events.
//!
//! Not done: SRV and TXT records, which name hosts without proof where DNS is not signed.

use daybook_engine::ports::RemoteError;
use url::Url;

use crate::guard;
use crate::href;
use crate::session::Session;
use crate::wire::multistatus::{Multistatus, Props};
use crate::wire::read::Propfind;
use crate::wire::{Depth, xml};

/// What discovery found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub home: Url,
    /// How invitations name the clinician.
    pub addresses: Vec<String>,
}

const ICLOUD: &str = "https://caldav.icloud.com/";

const ASKED: [&xml::PropertyName<'static, 'static>; 4] = [
    &xml::CURRENT_USER_PRINCIPAL,
    &xml::CALENDAR_HOME_SET,
    &xml::CALENDAR_USER_ADDRESS_SET,
    &xml::RESOURCETYPE,
];

/// The URL that a person meant. Whatever credentials it carries are dropped: the person gave them apart.
pub fn entry(typed: &str) -> Result<Url, RemoteError> {
    let wrong =
        |why: &str| RemoteError::Rejected { what: "the calendar server's URL".into(), why: why.into() };
    let typed = typed.trim();
    let with_scheme = if typed.contains("://") { typed.to_owned() } else { format!("https://{typed}") };
    let mut url = Url::parse(&with_scheme).map_err(|_| wrong("it is no URL"))?;
    if !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("it is no https URL"));
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    let entry_host = matches!(url.domain(), Some("icloud.com" | "www.icloud.com"));
    Ok(if entry_host { Url::parse(ICLOUD).unwrap_or(url) } else { url })
}

/// Finds the calendars. Refused credentials end it at once: asking again could lock the account (trap C-T13).
pub async fn discover(session: &Session) -> Result<Found, RemoteError> {
    let typed = &session.base;
    let candidates = [typed.clone(), href::url_of(typed, "/.well-known/caldav"), href::url_of(typed, "/")];
    let mut folder = None;
    let mut last = RemoteError::Missing { what: format!("a calendar account at {}", host_of(typed)) };
    for candidate in candidates {
        match look(session, &candidate).await {
            Ok(Looked::Home(found)) => return Ok(found),
            Ok(Looked::Folder(found)) => folder = folder.or(Some(found)),
            Ok(Looked::Nothing) => {}
            Err(error @ (RemoteError::Refused { .. } | RemoteError::Later { .. })) => return Err(error),
            Err(error) => last = worse(last, error),
        }
    }
    folder.ok_or(last)
}

/// What stands at one candidate.
enum Looked {
    Home(Found),
    /// A calendar, or a folder of calendars, on a server that names no principals: better than nothing.
    Folder(Found),
    Nothing,
}

/// A refusal of our own says more to the person than that nothing was found.
fn worse(last: RemoteError, error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Missing { .. } => last,
        other => other,
    }
}

async fn look(session: &Session, at: &Url) -> Result<Looked, RemoteError> {
    let (props, at) = ask(session, at).await?;
    if let Some(found) = home_in(session, &at, &props)? {
        return Ok(Looked::Home(found));
    }
    if let Some(principal) = &props.principal {
        let principal = vetted(session, &at, principal)?;
        let (props, principal) = ask(session, &principal).await?;
        if let Some(found) = home_in(session, &principal, &props)? {
            return Ok(Looked::Home(found));
        }
    }
    Ok(folder(&at, &props))
}

fn folder(at: &Url, props: &Props) -> Looked {
    let is = |kind: &str| props.types.iter().any(|name| name == kind);
    let path = match (is("calendar"), is("collection")) {
        (true, _) => href::parent(at.path()),
        (false, true) if at.path() != "/" => at.path(),
        _ => return Looked::Nothing,
    };
    Looked::Folder(Found { home: href::url_of(at, &href::collection(path)), addresses: Vec::new() })
}

async fn ask(session: &Session, at: &Url) -> Result<(Props, Url), RemoteError> {
    let request = Propfind { path: at.path(), depth: Depth::Zero, properties: &ASKED };
    let (answer, url) = session.ask_at(at, &request).await?;
    let path = url.path().to_owned();
    Ok((only(answer, &path), url))
}

/// iCloud has answered with another href than the one asked for: if there is one line, it is meant.
pub fn only(answer: Multistatus, path: &str) -> Props {
    let path = href::canonical(path);
    let (mut meant, mut others): (Vec<_>, Vec<_>) =
        answer.responses.into_iter().partition(|line| line.path == path);
    match (meant.pop(), others.pop(), others.is_empty()) {
        (Some(line), ..) | (None, Some(line), true) => line.props,
        _ => Props::default(),
    }
}

fn home_in(session: &Session, at: &Url, props: &Props) -> Result<Option<Found>, RemoteError> {
    let Some(home) = &props.home else { return Ok(None) };
    let mut home = vetted(session, at, home)?;
    home.set_path(&href::collection(home.path()));
    Ok(Some(Found { home, addresses: props.addresses.iter().map(|one| address(one)).collect() }))
}

/// A link to where the credentials may go (iCloud hands out absolute URLs on another host, trap C-T1).
fn vetted(session: &Session, from: &Url, link: &str) -> Result<Url, RemoteError> {
    let to = from.join(link).ok().filter(|to| guard::may_follow(session.http.allow(), from, to));
    to.ok_or_else(|| RemoteError::Rejected {
        what: format!("the calendar account at {}", host_of(from)),
        why: "it lies on another server, where the password may not go".into(),
    })
}

/// An address as invitations are compared: lower case, without `mailto:`.
pub fn address(text: &str) -> String {
    let text = text.trim().to_lowercase();
    text.strip_prefix("mailto:").map(str::to_owned).unwrap_or(text)
}

pub fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or("the server")
}

/// The calendar that iCloud makes for everybody.
pub fn is_icloud_default(base: &Url, path: &str) -> bool {
    guard::is_icloud(base) && href::stem(path.trim_end_matches('/')) == "home"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_a_person_may_type() {
        for (typed, expected) in [
            (" dav.example.org/user/ ", Some("https://dav.example.org/user/")),
            ("https://ada:pw@dav.example.org/?x#y", Some("https://dav.example.org/")),
            ("icloud.com", Some(ICLOUD)),
            ("https://caldav.icloud.com", Some(ICLOUD)),
            ("http://127.0.0.1:5232/ada/", Some("http://127.0.0.1:5232/ada/")),
            ("file:///etc/passwd", None),
            ("", None),
        ] {
            assert_eq!(entry(typed).ok().as_ref().map(Url::as_str), expected, "{typed}");
        }
    }

    #[test]
    fn addresses_are_compared_in_one_form() {
        assert_eq!(address(" MAILTO:Ada@Example.org"), "ada@example.org");
        assert_eq!(address("/principals/ada/"), "/principals/ada/");
    }
}
