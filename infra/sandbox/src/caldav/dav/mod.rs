//! The door for clients: who asks, for what, and which request it is. Each request is done in a room of its own; nothing
//! is done here.

mod answer;
mod collections;
mod members;
mod propfind;
mod props;
mod report;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use super::people::{self, Person};
use super::place::Place;
use super::store::{Collection, Look, Object, Tx};
use super::xml::Name;
use super::{CalDav, MOUNT, page};
use answer::Refusal;

const ALLOW: &str = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL";

pub(super) fn routes() -> Router<CalDav> {
    Router::new()
        .route(MOUNT, any(serve))
        .route(&format!("{MOUNT}/"), any(serve))
        .route(&format!("{MOUNT}/{{*inside}}"), any(serve))
}

/// A request by somebody who may ask it.
struct Call<'a> {
    server: &'a CalDav,
    person: &'static Person,
    place: Place,
    headers: &'a HeaderMap,
    body: &'a str,
}

async fn serve(
    State(server): State<CalDav>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(place) = Place::parse(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    if place == Place::Root && (method == Method::GET || method == Method::HEAD) {
        return page::show(&server, uri.query().unwrap_or_default(), &headers);
    }
    let control = server.control();
    control.count(method.as_str(), place.pattern());
    let Some(person) = people::signed_in(&headers).filter(|person| !control.refuses(person.id)) else {
        control.count_refused();
        return unauthorised();
    };
    if let Some(failure) = control.take_failure(method.as_str(), person.id) {
        return answer::failure(&failure);
    }
    let Ok(body) = std::str::from_utf8(&body) else {
        return Refusal::bare(StatusCode::BAD_REQUEST).response(control.manners());
    };
    let call = Call { server: &server, person, place, headers: &headers, body };
    call.answer(&method).unwrap_or_else(|refusal| refusal.response(control.manners()))
}

fn unauthorised() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Sandbox calendars\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge).into_response()
}

impl Call<'_> {
    fn answer(&self, method: &Method) -> Result<Response, Refusal> {
        if self.place.person().is_some_and(|owner| owner != self.person.id) {
            return Err(Refusal::needs_privileges());
        }
        match method.as_str() {
            "OPTIONS" => Ok(options()),
            "PROPFIND" => propfind::propfind(self),
            "REPORT" => report::report(self),
            "GET" | "HEAD" => members::get(self, method),
            "PUT" => members::put(self),
            "DELETE" => members::delete(self),
            "MKCALENDAR" | "MKCOL" => collections::make(self, method),
            "PROPPATCH" => collections::change(self),
            _ => Err(Refusal::not_allowed()),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The collection that the place is, or is in.
    fn collection(&self, tx: &Tx<'_>) -> Result<Option<Collection>, Refusal> {
        match &self.place {
            Place::Calendar { person, slug } | Place::Object { person, slug, .. } => {
                Ok(tx.find_collection(person, slug)?)
            }
            Place::Root | Place::Principal { .. } | Place::Home { .. } => Ok(None),
        }
    }

    /// The object that the place is, with its collection.
    fn object(&self, tx: &Tx<'_>) -> Result<Option<(Collection, Object)>, Refusal> {
        let Place::Object { name, .. } = &self.place else { return Ok(None) };
        let Some(inside) = self.collection(tx)? else { return Ok(None) };
        Ok(tx.find_object(&inside, name)?.map(|object| (inside, object)))
    }

    /// Refuses what stands on no state that is there (RFC 9110 section 13.1).
    fn check_conditions(&self, present: Option<&Object>) -> Result<(), Refusal> {
        let etag = present.map(Object::etag);
        let named = |list: &str| {
            let mut tags = list.split(',').map(str::trim);
            etag.as_deref().is_some_and(|etag| list == "*" || tags.any(|tag| tag == etag))
        };
        let wanted = self.header("if-match").is_none_or(named);
        let unwanted = self.header("if-none-match").is_some_and(named);
        if wanted && !unwanted { Ok(()) } else { Err(Refusal::bare(StatusCode::PRECONDITION_FAILED)) }
    }
}

/// Whether the person in whose home it stands may change what is in it.
fn is_writable(collection: &Collection) -> bool {
    match collection.look {
        Look::Own | Look::Inbox => true,
        Look::Shared | Look::Subscribed => false,
    }
}

fn options() -> Response {
    let classes = HeaderValue::from_static("1, 3, access-control, extended-mkcol, calendar-access");
    (StatusCode::OK, [("dav", classes), ("allow", HeaderValue::from_static(ALLOW))]).into_response()
}

/// The names that a `prop` element asks for.
fn names_in(prop: roxmltree::Node<'_, '_>) -> Vec<Name> {
    prop.children().filter(roxmltree::Node::is_element).map(Name::of).collect()
}
