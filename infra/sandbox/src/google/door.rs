//! The API's HTTP door: who asks, is it too much, is a fault planned, and then the method. Batches pass through the
//! same door, call by call.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};

use super::access::Visitor;
use super::answer::{Answer, Body};
use super::call::{Api, Call};
use super::events::list::Knows;
use super::events::{list, one};
use super::fields::Fields;
use super::refusal::Refusal;
use super::{Google, batch, calendars, freebusy, watch};
use crate::cloud::Fault;

const BODY_LIMIT: usize = 4 * 1024 * 1024;
const ROOT: &str = "/calendar/v3/";
/// As axum writes them: requests are counted by these.
const PATHS: [&str; 13] = [
    "users/me/calendarList",
    "users/me/calendarList/{calendar}",
    "calendars",
    "calendars/{calendar}",
    "calendars/{calendar}/acl",
    "calendars/{calendar}/events",
    "calendars/{calendar}/events/watch",
    "calendars/{calendar}/events/{event}",
    "calendars/{calendar}/events/{event}/instances",
    "calendars/{calendar}/events/{event}/{other}",
    "channels/stop",
    "freeBusy",
    "{*rest}",
];

pub(super) fn routes(google: &Google) -> Router {
    let mount = google.cloud.mount();
    let all =
        PATHS.iter().fold(Router::new(), |all, path| all.route(&format!("{mount}{ROOT}{path}"), any(single)));
    all.route(&format!("{mount}/batch/calendar/v3"), post(many))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(google.clone())
}

async fn single(
    State(google): State<Google>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    google.answer(&method, &uri.to_string(), headers, body.to_vec())
}

async fn many(State(google): State<Google>, headers: HeaderMap, body: Bytes) -> Response {
    let answers = match google.answer_batch(&headers, &body) {
        Ok(answers) => answers,
        Err(refusal) => return Answer::from(*refusal).into_response(),
    };
    let kind = format!("multipart/mixed; boundary={}", batch::BOUNDARY);
    ([(header::CONTENT_TYPE, kind)], batch::text_of(&answers)).into_response()
}

impl Google {
    fn answer(&self, method: &Method, target: &str, headers: HeaderMap, body: Vec<u8>) -> Answer {
        let inside = target.split_once(ROOT).map_or("", |(_, inside)| inside);
        let call = Call::parse(method, inside, headers, body);
        let done = call.and_then(|call| {
            let answer = self.let_in(&call)?;
            cut(answer, &call)
        });
        done.unwrap_or_else(Answer::from)
    }

    fn answer_batch(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Vec<(Option<String>, Answer)>, Box<Refusal>> {
        if let Ok(grant) = self.cloud.bearer(headers) {
            // Nobody to blame a fault on otherwise: its parts will say so.
            match self.cloud.fault(&grant.account, crate::cloud::Operation::Batch) {
                None | Some(Fault::LostAnswer | Fault::Stale | Fault::Slow { .. }) => {}
                Some(fault) => return Err(Box::new(refusal_of(&fault))),
            }
        }
        let parts = batch::parse(headers, body)?;
        let answers = parts.into_iter().map(|part| {
            self.cloud.note_batched(&part.method);
            let answer = self.answer(&part.method, &part.target, part.headers, part.body);
            (part.content_id, answer)
        });
        Ok(answers.collect())
    }

    /// Who asks, whether it is too much, whether a fault is planned.
    fn let_in(&self, call: &Call) -> Result<Answer, Refusal> {
        let grant = self.cloud.bearer(&call.headers).map_err(|_| Refusal::invalid_credentials())?;
        self.limiter.note(&grant.account, &grant.client, self.cloud.now())?;
        let fault = self.cloud.fault(&grant.account, call.api.operation());
        let visitor = Visitor::admit(grant, &call.api);
        match fault {
            None | Some(Fault::Slow { .. }) => self.perform(&visitor?, call, Knows::All),
            Some(Fault::Stale) => self.perform(&visitor?, call, Knows::NotTheNewest),
            Some(Fault::LostAnswer) => {
                self.perform(&visitor?, call, Knows::All)?;
                Err(Refusal::with_status(StatusCode::SERVICE_UNAVAILABLE))
            }
            Some(fault) => Ok(answer_of(&fault)),
        }
    }

    fn perform(&self, visitor: &Visitor, call: &Call, knows: Knows) -> Result<Answer, Refusal> {
        let cloud = &self.cloud;
        match &call.api {
            Api::CalendarListList => calendars::list(cloud, visitor, &call.query),
            Api::CalendarListGet(id) => calendars::get_entry(cloud, visitor, id),
            Api::CalendarsInsert => calendars::insert(cloud, visitor, call),
            Api::CalendarsGet(id) => calendars::get(cloud, visitor, id, call),
            Api::CalendarsPatch(id) => calendars::patch(cloud, visitor, id, call),
            Api::CalendarsDelete(id) => calendars::delete(cloud, visitor, id, call),
            Api::AclList(id) => calendars::sharing(cloud, visitor, id),
            Api::EventsList(id) => self.list_events(visitor, id, call, knows),
            Api::EventsInsert(id) => one::insert(cloud, visitor, id, call),
            Api::EventsGet(id, event) => one::get(cloud, visitor, id, event, call),
            Api::EventsUpdate(id, event) => one::update(cloud, visitor, id, event, call),
            Api::EventsPatch(id, event) => one::patch(cloud, visitor, id, event, call),
            Api::EventsDelete(id, event) => one::delete(cloud, visitor, id, event, call),
            Api::EventsInstances(id, event) => self.list_instances(visitor, id, event, call),
            Api::EventsWatch(id) => watch::open(cloud, visitor, id, call),
            Api::ChannelsStop => watch::stop(cloud, visitor, call),
            Api::FreeBusy => freebusy::query(cloud, visitor, call),
        }
    }

    fn list_events(
        &self,
        visitor: &Visitor,
        calendar: &str,
        call: &Call,
        knows: Knows,
    ) -> Result<Answer, Refusal> {
        let now = self.cloud.now();
        self.cloud.read(|world| {
            let seen = visitor.see(world, calendar)?;
            list::events(world, now, &seen, &call.query, knows).map(Answer::json)
        })
    }

    fn list_instances(
        &self,
        visitor: &Visitor,
        calendar: &str,
        id: &str,
        call: &Call,
    ) -> Result<Answer, Refusal> {
        let now = self.cloud.now();
        self.cloud.read(|world| {
            let seen = visitor.see(world, calendar)?;
            list::instances(world, now, &seen, id, &call.query).map(Answer::json)
        })
    }
}

/// `fields=`.
fn cut(mut answer: Answer, call: &Call) -> Result<Answer, Refusal> {
    let Some(selector) = call.query.one("fields") else { return Ok(answer) };
    let fields = Fields::parse(selector);
    let fields = fields.map_err(|_| Refusal::parameter("fields", "Invalid field selection"))?;
    if let (Body::Json(value), true) = (&answer.body, answer.status.is_success()) {
        answer.body = Body::Json(fields.cut(value.clone()));
    }
    Ok(answer)
}

/// What a planned fault looks like at Google.
fn answer_of(fault: &Fault) -> Answer {
    let retry_after_s = match fault {
        Fault::TooMany { retry_after_s } | Fault::Status { retry_after_s, .. } => *retry_after_s,
        Fault::Html { status } => return Answer::html(status_from(*status)),
        _ => None,
    };
    Answer { retry_after_s, ..Answer::from(refusal_of(fault)) }
}

fn refusal_of(fault: &Fault) -> Refusal {
    match fault {
        Fault::TooMany { .. } => Refusal::rate_limit(),
        Fault::Forbidden { reason } => Refusal::forbidden_for(reason),
        Fault::Status { status, .. } | Fault::Html { status } => Refusal::with_status(status_from(*status)),
        Fault::CursorExpired => Refusal::full_sync_required(),
        Fault::Unauthorized => Refusal::invalid_credentials(),
        Fault::LostAnswer | Fault::Stale | Fault::Slow { .. } => Refusal::backend(),
    }
}

fn status_from(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
