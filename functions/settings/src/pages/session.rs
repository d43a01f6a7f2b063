//! Who is at the pages: a session of half an hour in a cookie, sealed with the practice's key. No row is kept, so that it
//! can be neither listed nor stolen from the table; logging out takes the cookie away.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use daybook_core::connection::Connection;
use daybook_core::ids::{ConnectionId, PracticeId, PractitionerId};
use daybook_core::key::{PracticeKey, Seal};
use daybook_core::launch::{Role, Visitor};
use daybook_doorway::{SessionCookie, is_ours};
use daybook_engine::ports::{ConnectionRef, Practice};
use daybook_engine::{Engine, EngineError};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::fields::Fields;
use super::{Ending, Room};

const HOLDS: SignedDuration = SignedDuration::from_mins(30);
/// At the top of a window the cookie goes with its session.
const KEPT_S: u32 = 30 * 60;
/// For longer than a session holds: a frame shows the page which says that it is over only where its practice is known.
const KEPT_IN_FRAME_S: u32 = 24 * 60 * 60;
/// The field that proves that a form is of our own page in this session.
pub(crate) const TOKEN_FIELD: &str = "form_token";

/// A visitor's session, as the cookie has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    pub visitor: Visitor,
    pub place: Place,
    nonce: String,
}

/// Where the pages are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Window,
    /// In a page of the EHR's: sign-in pages refuse that, and open in a window of their own.
    Frame,
}

impl Place {
    /// What the browser says of a request (<https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header>).
    pub fn of(headers: &HeaderMap) -> Self {
        let is_frame = |dest: &HeaderValue| matches!(dest.as_bytes(), b"iframe" | b"frame" | b"fencedframe");
        if headers.get("sec-fetch-dest").is_some_and(is_frame) { Self::Frame } else { Self::Window }
    }
}

/// The cookie's text before its seal.
#[derive(Serialize, Deserialize)]
struct Written {
    practice: String,
    practitioner: Option<String>,
    role: RoleWord,
    actor: String,
    return_url: Option<String>,
    place: Place,
    until: i64,
    nonce: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoleWord {
    Clinician,
    Admin,
    Delegate,
}

impl From<Role> for RoleWord {
    fn from(role: Role) -> Self {
        match role {
            Role::Clinician => Self::Clinician,
            Role::Admin => Self::Admin,
            Role::Delegate => Self::Delegate,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Clinician => Self::Clinician,
            RoleWord::Admin => Self::Admin,
            RoleWord::Delegate => Self::Delegate,
        }
    }
}

/// The cookie that begins a session for this visitor.
pub(crate) async fn begin(engine: &Engine, visitor: &Visitor, place: Place) -> Result<HeaderValue, Ending> {
    let until = engine.clock.now().saturating_add(HOLDS).unwrap_or(jiff::Timestamp::MAX);
    let visitor = visitor.clone();
    let practice = visitor.practice.clone();
    let written = Written {
        practice: visitor.practice.to_string(),
        practitioner: visitor.practitioner.map(|id| id.to_string()),
        role: visitor.role.into(),
        actor: visitor.actor,
        return_url: visitor.return_url,
        place,
        until: until.as_second(),
        nonce: engine.random.token(),
    };
    let text = serde_json::to_vec(&written).map_err(|_| Ending::internal())?;
    let text = BASE64_URL_SAFE_NO_PAD.encode(text);
    let key = practice_key(engine, &practice).await?;
    let value = format!("{text}.{}", key.seal(Seal::Session, &text));
    let cookie = SessionCookie::at(&engine.public_url);
    let line = match place {
        Place::Window => cookie.keep(&value, KEPT_S),
        Place::Frame => cookie.keep_in_frame(&value, KEPT_IN_FRAME_S),
    };
    line.ok_or_else(Ending::internal)
}

async fn practice_key(engine: &Engine, practice: &PracticeId) -> Result<PracticeKey, Ending> {
    Ok(engine.vault.practice_key(practice).await.map_err(EngineError::from)?)
}

/// The cookie that ends it.
pub(crate) fn end(engine: &Engine, place: Place) -> Result<HeaderValue, Ending> {
    let cookie = SessionCookie::at(&engine.public_url);
    let line = match place {
        Place::Window => cookie.keep("over", 0),
        Place::Frame => cookie.keep_in_frame("over", 0),
    };
    line.ok_or_else(Ending::internal)
}

/// A session that holds, with its practice and the token of its forms.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub session: Session,
    pub practice: Practice,
    pub token: String,
}

impl Guest {
    async fn read(room: &Room, headers: &HeaderMap) -> Result<Self, Ending> {
        let engine = &room.engine;
        let shown = SessionCookie::at(&engine.public_url).shown(headers).ok_or_else(Ending::no_session)?;
        let (text, seal) = shown.rsplit_once('.').ok_or_else(Ending::no_session)?;
        let written = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let written: Option<Written> = written.and_then(|text| serde_json::from_slice(&text).ok());
        let written = written.ok_or_else(Ending::no_session)?;
        // The practice must be known before its key is asked for: a key is made at first use.
        let practice = match engine.practice(&written.practice.as_str().into()).await {
            Err(EngineError::NotFound { .. }) => return Err(Ending::no_session()),
            found => found?,
        };
        let key = practice_key(engine, &practice.id).await.map_err(|ending| ending.in_frame_of(&practice))?;
        if !key.is_sealed(Seal::Session, text, seal) {
            return Err(Ending::no_session());
        }
        if engine.clock.now().as_second() >= written.until {
            return Err(Ending::no_session().in_frame_of(&practice));
        }
        let token = key.seal(Seal::Form, &written.nonce);
        let session = Session {
            visitor: Visitor {
                practice: practice.id.clone(),
                practitioner: written.practitioner.map(PractitionerId::new),
                role: written.role.into(),
                actor: written.actor,
                return_url: written.return_url,
            },
            place: written.place,
            nonce: written.nonce,
        };
        Ok(Self { session, practice, token })
    }

    /// Whose calendars these are; an administrator has none here.
    pub fn practitioner(&self) -> Result<&PractitionerId, Ending> {
        self.session.visitor.practitioner.as_ref().ok_or_else(|| Ending::not_yours().to(self))
    }

    /// A connection of the clinician's own; another's looks like one that is not there.
    pub async fn connection(&self, engine: &Engine, id: &str) -> Result<Connection, Ending> {
        let own = self.practitioner()?;
        let at = ConnectionRef { practice: self.practice.id.clone(), id: ConnectionId::new(id) };
        let nowhere = || Ending::nowhere().to(self);
        let found =
            engine.store.find_connection(&at).await.map_err(|error| Ending::of(error.into()).to(self))?;
        found.filter(|found| found.practitioner == *own).ok_or_else(nowhere)
    }
}

impl FromRequestParts<Room> for Guest {
    type Rejection = Ending;

    async fn from_request_parts(parts: &mut Parts, room: &Room) -> Result<Self, Ending> {
        Self::read(room, &parts.headers).await
    }
}

/// A form that our own page in this session has sent.
pub(crate) struct Posted {
    pub guest: Guest,
    pub fields: Fields,
}

impl FromRequest<Room> for Posted {
    type Rejection = Ending;

    async fn from_request(request: Request, room: &Room) -> Result<Self, Ending> {
        if !is_ours(request.headers(), &room.engine.public_url) {
            let guest = Guest::read(room, request.headers()).await;
            return Err(
                guest.map_or_else(|_| Ending::foreign_form(), |guest| Ending::foreign_form().to(&guest))
            );
        }
        let guest = Guest::read(room, request.headers()).await?;
        let body = Bytes::from_request(request, room).await.map_err(|_| Ending::too_much().to(&guest))?;
        let fields = Fields::read(&body);
        let key = practice_key(&room.engine, &guest.practice.id).await.map_err(|ending| ending.to(&guest))?;
        if !key.is_sealed(Seal::Form, &guest.session.nonce, fields.get(TOKEN_FIELD)) {
            return Err(Ending::foreign_form().to(&guest));
        }
        Ok(Self { guest, fields })
    }
}
