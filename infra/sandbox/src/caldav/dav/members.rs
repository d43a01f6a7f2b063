//! GET, PUT and DELETE of one resource (RFC 4791 section 5.3), and DELETE of a whole calendar. What a text says is
//! judged, never changed.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use super::{Call, is_writable};
use crate::caldav::control::{Manners, Tags};
use crate::caldav::ical::{self, Facts, NoObject};
use crate::caldav::place::Place;
use crate::caldav::store::{Collection, Object, Tx};
use crate::caldav::xml::{caldav, dav};

pub(super) fn get(call: &Call<'_>, method: &Method) -> Result<Response, Refusal> {
    if !matches!(call.place, Place::Object { .. }) {
        return Err(Refusal::not_allowed());
    }
    let (_, object) = call.server.transact(|tx| call.object(tx))?.ok_or_else(Refusal::missing)?;
    let etag = object.etag();
    let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
    if call.header("if-none-match").is_some_and(|known| known == etag) {
        return Ok(with_etag(StatusCode::NOT_MODIFIED.into_response(), &etag));
    }
    let text = object.text.filter(|_| *method == Method::GET).unwrap_or_default();
    Ok(with_etag(([(header::CONTENT_TYPE, kind)], text).into_response(), &etag))
}

pub(super) fn put(call: &Call<'_>) -> Result<Response, Refusal> {
    let Place::Object { name, .. } = &call.place else { return Err(Refusal::not_allowed()) };
    let control = call.server.control();
    if call.header("content-type").is_some_and(|kind| !kind.starts_with("text/calendar")) {
        return Err(Refusal::caldav("supported-calendar-data"));
    }
    let facts = ical::read(call.body).map_err(|why| match why {
        NoObject::Data => Refusal::caldav("valid-calendar-data"),
        NoObject::Object => Refusal::caldav("valid-calendar-object-resource"),
    })?;
    judge(&facts, control.manners())?;
    let (created, object) = call.server.transact(|tx| {
        let inside = call.collection(tx)?.ok_or_else(|| Refusal::bare(StatusCode::CONFLICT))?;
        let before = tx.find_object(&inside, name)?;
        call.check_conditions(before.as_ref())?;
        check_target(call, tx, &inside, &facts)?;
        let object = tx.put_object(&inside, name, &facts.uid, Some(call.body))?;
        Ok::<_, Refusal>((before.is_none(), object))
    })?;
    let status = if created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    Ok(match control.tags() {
        Tags::Sent => with_etag(status.into_response(), &object.etag()),
        Tags::Omitted => status.into_response(),
    })
}

/// Each server has its own taste; a METHOD none may take (RFC 4791 section 4.1).
fn judge(facts: &Facts, manners: Manners) -> Result<(), Refusal> {
    let odd = |name: &str| facts.odd.contains(&name);
    match manners {
        _ if odd("METHOD") => Err(Refusal::caldav("valid-calendar-object-resource")),
        Manners::Apple if odd("DTEND") => Err(Refusal::missing()),
        Manners::Apple if odd("VTIMEZONE") => Err(Refusal::bare(StatusCode::FORBIDDEN)),
        Manners::Apple if odd("CALSCALE") || odd("STATUS") || odd("SEQUENCE") => {
            Err(Refusal::bare(StatusCode::BAD_REQUEST))
        }
        Manners::Plain | Manners::Apple => Ok(()),
    }
}

/// The collection must take such objects, and the UID must not stand there under another name; on iCloud, in no other
/// calendar of that person either.
fn check_target(call: &Call<'_>, tx: &Tx<'_>, inside: &Collection, facts: &Facts) -> Result<(), Refusal> {
    if !is_writable(inside) {
        return Err(Refusal::needs_privileges());
    }
    if inside.component != facts.component {
        return Err(Refusal::caldav("supported-calendar-component"));
    }
    let everywhere = call.server.control().manners() == Manners::Apple;
    let others = tx.find_uid(&inside.person, &facts.uid)?;
    let mut places = others
        .iter()
        .filter(|(slug, _)| everywhere || *slug == inside.slug)
        .map(|(slug, name)| Place::object(&inside.person, slug, name));
    match places.find(|place| *place != call.place) {
        Some(other) => {
            let conflict = caldav("no-uid-conflict").with([dav("href").text(other.href())]);
            Err(Refusal::because(StatusCode::FORBIDDEN, conflict))
        }
        None => Ok(()),
    }
}

pub(super) fn delete(call: &Call<'_>) -> Result<Response, Refusal> {
    call.server.transact(|tx| {
        let inside = call.collection(tx)?.ok_or_else(Refusal::missing)?;
        if !is_writable(&inside) {
            return Err(Refusal::needs_privileges());
        }
        if matches!(call.place, Place::Calendar { .. }) {
            return Ok(tx.remove_collection(&inside)?);
        }
        let (_, object): (Collection, Object) = call.object(tx)?.ok_or_else(Refusal::missing)?;
        call.check_conditions(Some(&object))?;
        Ok(tx.remove_object(&inside, &object)?)
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
