//! Who signed in, where the ID token does not tell.

use bytes::Bytes;
use daybook_engine::ports::RemoteError;
use http::Request;
use serde::Deserialize;

use super::{Api, Operation, Reply, get, read};

/// Where a person's own data may be asked for; the newer places know no `/oauth2`.
pub const PLACES: [&[&str]; 2] = [&["oauth2", "v3", "userinfo"], &["v1", "userinfo"]];

/// Asks one of [`PLACES`].
pub struct GetPerson {
    pub place: &'static [&'static str],
}

#[derive(Debug, Deserialize)]
pub struct Person {
    pub sub: String,
    pub email: Option<String>,
    /// The domain of the organisation that the account belongs to.
    pub hd: Option<String>,
}

impl Operation for GetPerson {
    type Answer = Person;

    fn what(&self) -> String {
        "a Google account".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        get(&api.url(self.place.iter().copied()))
    }

    fn parse(&self, reply: &Reply) -> Result<Person, RemoteError> {
        read(self.what(), reply)
    }
}

/// Asks for the account's first calendar, whose id is the account's address.
pub struct GetPrimary;

#[derive(Debug, Deserialize)]
pub struct Primary {
    pub id: String,
}

impl Operation for GetPrimary {
    type Answer = Primary;

    fn what(&self) -> String {
        "a Google account".into()
    }

    fn prepare(&self, api: &Api) -> Result<Request<Bytes>, http::Error> {
        get(&api.calendar(["users", "me", "calendarList", "primary"]))
    }

    fn parse(&self, reply: &Reply) -> Result<Primary, RemoteError> {
        read(self.what(), reply)
    }
}
