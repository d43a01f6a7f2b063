//! One FHIR interaction as data, the same whether it came as an HTTP request or as an entry of a bundle,
//! and its answer. Doing it is `interactions`.

use axum::http::{HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::outcome::Refusal;
use crate::ehr::MOUNT;
use crate::ehr::kind::{Kind, is_id};

/// Query parameters in their order.
pub(super) type Pairs = Vec<(String, String)>;

pub(super) struct Call {
    pub(super) interaction: Interaction,
    pub(super) if_match: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_none_exist: Option<Pairs>,
    pub(super) prefer: Prefer,
    pub(super) body: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Interaction {
    Capabilities,
    Bundle,
    Search(Kind, Pairs),
    Create(Kind),
    Read(Kind, String),
    ReadVersion(Kind, String, String),
    Update(Kind, String),
    UpdateWhere(Kind, Pairs),
    Delete(Kind, String),
    DeleteWhere(Kind, Pairs),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Return {
    Minimal,
    #[default]
    Representation,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Handling {
    #[default]
    Lenient,
    Strict,
}

/// What the client would like (`Prefer`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefer {
    pub(super) returns: Return,
    pub(super) handling: Handling,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: Option<i64>,
    pub(super) updated: Option<Timestamp>,
    pub(super) location: Option<String>,
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn plain(status: StatusCode, body: Option<Value>) -> Self {
        Self { status, version: None, updated: None, location: None, body }
    }

    pub(super) fn etag(&self) -> Option<String> {
        self.version.map(|version| format!("W/\"{version}\""))
    }
}

/// The address under which the client reached us, so that the links we give lead back to it.
#[derive(Clone, Debug)]
pub(super) struct Base(String);

impl Base {
    pub(super) fn from_host(host: Option<&HeaderValue>) -> Self {
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        Self(format!("http://{host}{MOUNT}/fhir"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(&self, kind: Kind, id: &str) -> String {
        format!("{}/{}/{id}", self.0, kind.name())
    }

    /// The part of a bundle entry's address that follows the base.
    pub(super) fn relative<'a>(&self, url: &'a str) -> &'a str {
        url.strip_prefix(&self.0).unwrap_or(url).trim_start_matches('/')
    }
}

impl Interaction {
    /// Reads a method and an address relative to the base, such as `Slot/slot-1` or `Slot?start=ge2026`.
    pub(super) fn parse(method: &Method, target: &str) -> Result<Self, Refusal> {
        let (path, pairs) = split_target(target)?;
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["metadata"]) => Ok(Self::Capabilities),
            ("POST", []) => Ok(Self::Bundle),
            ("GET", [kind]) | ("GET" | "POST", [kind, "_search"]) => {
                Ok(Self::Search(kind_named(kind)?, pairs))
            }
            ("POST", [kind]) => Ok(Self::Create(kind_named(kind)?)),
            ("PUT", [kind]) => Ok(Self::UpdateWhere(kind_named(kind)?, pairs)),
            ("DELETE", [kind]) => Ok(Self::DeleteWhere(kind_named(kind)?, pairs)),
            ("GET", [kind, id]) => Ok(Self::Read(kind_named(kind)?, id_named(id)?)),
            ("PUT", [kind, id]) => Ok(Self::Update(kind_named(kind)?, id_named(id)?)),
            ("DELETE", [kind, id]) => Ok(Self::Delete(kind_named(kind)?, id_named(id)?)),
            ("GET", [kind, id, "_history", version]) => {
                Ok(Self::ReadVersion(kind_named(kind)?, id_named(id)?, (*version).to_owned()))
            }
            ("GET" | "POST" | "PUT" | "DELETE", [kind, ..]) => {
                kind_named(kind)?;
                Err(Refusal::not_found("the EHR has no such operation"))
            }
            _ => Err(Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "not-supported",
                "the EHR reads, searches, creates, updates and deletes; nothing else",
            )),
        }
    }
}

/// Decoded path segments and query pairs.
fn split_target(target: &str) -> Result<(Vec<String>, Pairs), Refusal> {
    let target = target.trim_start_matches('/');
    let url =
        Url::parse(&format!("http://ehr/{target}")).map_err(|_| Refusal::malformed("unreadable address"))?;
    let segments = url.path_segments().into_iter().flatten();
    let path = segments.filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    Ok((path, url.query_pairs().into_owned().collect()))
}

fn kind_named(name: &str) -> Result<Kind, Refusal> {
    Kind::from_name(name).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "not-supported", "the EHR keeps no resources of this type")
    })
}

fn id_named(id: &str) -> Result<String, Refusal> {
    is_id(id).then(|| id.to_owned()).ok_or_else(|| Refusal::malformed("this is no FHIR id"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn addresses_are_read() {
        let pairs = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        for (method, target, expected) in [
            ("GET", "/metadata", Ok(Interaction::Capabilities)),
            ("POST", "", Ok(Interaction::Bundle)),
            ("POST", "/", Ok(Interaction::Bundle)),
            ("GET", "Slot?_id=a", Ok(Interaction::Search(Kind::Slot, pairs("_id", "a")))),
            ("POST", "/Slot/_search", Ok(Interaction::Search(Kind::Slot, Vec::new()))),
            ("POST", "/Slot", Ok(Interaction::Create(Kind::Slot))),
            ("GET", "/Slot/a", Ok(Interaction::Read(Kind::Slot, "a".into()))),
            ("GET", "/Slot/a/_history/2", Ok(Interaction::ReadVersion(Kind::Slot, "a".into(), "2".into()))),
            ("PUT", "/Slot/a", Ok(Interaction::Update(Kind::Slot, "a".into()))),
            (
                "PUT",
                "Slot?identifier=s|v",
                Ok(Interaction::UpdateWhere(Kind::Slot, pairs("identifier", "s|v"))),
            ),
            ("DELETE", "/Slot/a", Ok(Interaction::Delete(Kind::Slot, "a".into()))),
            ("GET", "/Encounter/a", Err(404)),
            ("GET", "/Slot/a/b/c/d", Err(404)),
            ("GET", "/Slot/a%20b", Err(400)),
            ("PATCH", "/Slot/a", Err(405)),
            ("GET", "/", Err(405)),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let parsed = Interaction::parse(&method, target).map_err(|refusal| refusal.status.as_u16());
            assert_eq!(parsed, expected, "{method} {target}");
        }
    }
}
