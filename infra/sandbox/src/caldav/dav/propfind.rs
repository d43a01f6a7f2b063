//! PROPFIND: properties of a resource, or of a collection and what is directly in it (RFC 4918 section 9.1).

use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{Refusal, multistatus};
use super::props::{Reader, Resource, Wanted};
use super::{Call, names_in};
use crate::caldav::place::Place;
use crate::caldav::store::Tx;
use crate::caldav::xml::{self, DAV, Element};

pub(super) fn propfind(call: &Call<'_>) -> Result<Response, Refusal> {
    let wanted = wanted(call.body)?;
    let with_members = match call.header("depth") {
        Some("0") => Members::Left,
        Some("1") => Members::Told,
        _ => return Err(Refusal::dav("propfind-finite-depth")),
    };
    let lines = call.server.transact(|tx| lines(call, tx, &wanted, with_members))?;
    Ok(multistatus(lines, call.server.control().manners()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Members {
    Left,
    Told,
}

/// No body asks for everything.
fn wanted(body: &str) -> Result<Wanted, Refusal> {
    if body.trim().is_empty() {
        return Ok(Wanted::All);
    }
    let document = xml::parse(body).ok_or_else(|| Refusal::bare(StatusCode::BAD_REQUEST))?;
    let root = document.root_element();
    if !xml::is(&root, DAV, "propfind") {
        return Err(Refusal::bare(StatusCode::BAD_REQUEST));
    }
    Ok(xml::child(root, DAV, "prop").map_or(Wanted::All, |prop| Wanted::Named(names_in(prop))))
}

fn lines(call: &Call<'_>, tx: &Tx<'_>, wanted: &Wanted, members: Members) -> Result<Vec<Element>, Refusal> {
    let reader = Reader { tx, person: call.person };
    let mut lines = Vec::new();
    match &call.place {
        Place::Root => lines.push(reader.line(&Resource::Root, wanted)?),
        Place::Principal { .. } => lines.push(reader.line(&Resource::Principal, wanted)?),
        Place::Home { person } => {
            lines.push(reader.line(&Resource::Home, wanted)?);
            let collections =
                if members == Members::Told { tx.list_collections(person)? } else { Vec::new() };
            for one in &collections {
                lines.push(reader.line(&Resource::Collection(one), wanted)?);
            }
        }
        Place::Calendar { .. } => {
            let one = call.collection(tx)?.ok_or_else(Refusal::missing)?;
            lines.push(reader.line(&Resource::Collection(&one), wanted)?);
            let objects = if members == Members::Told { tx.list_objects(&one)? } else { Vec::new() };
            for object in &objects {
                lines.push(reader.line(&Resource::Object(&one, object), wanted)?);
            }
        }
        Place::Object { .. } => {
            let (one, object) = call.object(tx)?.ok_or_else(Refusal::missing)?;
            lines.push(reader.line(&Resource::Object(&one, &object), wanted)?);
        }
    }
    Ok(lines)
}
