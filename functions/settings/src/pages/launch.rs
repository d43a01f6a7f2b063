//! `POST /launch`: the EHR sends a person with a token that it has signed. Whatever is wrong with it, the answer is the
//! same page; the log says what it was.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use daybook_core::audit::{Deed, Hand, Outcome, Who};
use daybook_core::ids::PracticeId;
use daybook_core::launch::{Claims, LaunchTrust, Refusal, Visitor, admit};
use daybook_engine::audit::Doing;
use daybook_engine::ports::{Claim, Practice};
use daybook_engine::{Engine, EngineError, chain};
use daybook_launch::{BadKeys, KeySet, Peek, Unproven, peek};
use jiff::SignedDuration;

use super::fields::Fields;
use super::session::{Place, begin};
use super::{Ending, Room};

/// How long a used launch is remembered: longer than any is good for.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// Why a launch opens nothing; for the log.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the launch names no practice that takes launches")]
    Unknown,
    #[error("the practice's launch keys cannot be used")]
    Keys(#[from] BadKeys),
    #[error(transparent)]
    Unproven(#[from] Unproven),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the launch was used before")]
    Used,
    #[error("the EHR knows no such practitioner")]
    Stranger,
    /// With the practice, once it is known.
    #[error("the launch could not be looked at")]
    Broken(#[source] EngineError, Option<Box<Practice>>),
}

/// The form's one field is `launch_token`.
pub(crate) async fn launch(
    State(room): State<Room>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Ending> {
    let fields = Fields::read(&body);
    let (practice, visitor) = match room.visitor(fields.get("launch_token")).await {
        Ok(found) => found,
        Err(failed) => {
            tracing::warn!(target: "audit", error = chain(&failed), "a launch opened nothing");
            return Err(match failed {
                Failed::Broken(error, Some(practice)) => Ending::of(error).in_frame_of(&practice),
                Failed::Broken(error, None) => error.into(),
                _ => Ending::not_launched(),
            });
        }
    };
    let place = Place::of(&headers);
    let cookie = begin(&room.engine, &visitor, place).await;
    let cookie = cookie.map_err(|ending| ending.in_frame_of(&practice))?;
    let who = Who::visitor(visitor.role, &visitor.actor);
    let doing = Doing { practitioner: visitor.practitioner.clone(), ..Doing::of(Deed::LaunchOpened) };
    room.engine.note(&visitor.practice, who, doing).await;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, "/settings")], [(SET_COOKIE, cookie)]).into_response())
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self::Broken(error, None)
    }
}

impl Room {
    async fn visitor(&self, token: &str) -> Result<(Practice, Visitor), Failed> {
        let practice = self.practice_of(&peek(token).ok_or(Unproven::Form)?).await?;
        let trust = practice.launch.as_ref().ok_or(Failed::Unknown)?;
        let claims = KeySet::parse(&trust.keys)?.read(token)?;
        let admitted = self.admitted(&practice.id, trust, &claims).await;
        if admitted.as_ref().is_err_and(is_kept) {
            let who = Who { hand: Hand::Stranger, user: None };
            let doing = Doing::of(Deed::LaunchRefused).ending(Outcome::Refused);
            self.engine.note(&practice.id, who, doing).await;
        }
        match admitted {
            Ok(visitor) => Ok((practice, visitor)),
            Err(Failed::Broken(error, _)) => Err(Failed::Broken(error, Some(Box::new(practice)))),
            Err(failed) => Err(failed),
        }
    }

    /// Who comes, where the EHR's signature holds.
    async fn admitted(
        &self,
        practice: &PracticeId,
        trust: &LaunchTrust,
        claims: &Claims,
    ) -> Result<Visitor, Failed> {
        let visitor = admit(claims, practice, trust, &self.engine.public_url, self.engine.clock.now())?;
        self.use_up(practice, claims).await?;
        known(&self.engine, &visitor).await?;
        Ok(visitor)
    }

    /// Whose launch it says to be; with whose keys it is then checked.
    async fn practice_of(&self, peek: &Peek) -> Result<Practice, Failed> {
        let named = peek.tenant.as_deref().map(PracticeId::new);
        let candidates = named.as_slice().iter().chain(if named.is_none() { &*self.practices } else { &[] });
        for id in candidates {
            let practice = match self.engine.practice(id).await {
                Err(EngineError::NotFound { .. }) => continue,
                found => found?,
            };
            if practice.launch.as_ref().is_some_and(|trust| trust.issuer == peek.issuer) {
                return Ok(practice);
            }
        }
        Err(Failed::Unknown)
    }

    /// Each launch opens one session. The name cannot be one of the API's keys, which hold no space.
    async fn use_up(&self, practice: &PracticeId, claims: &Claims) -> Result<(), Failed> {
        let key = self.engine.vault.practice_key(practice).await.map_err(EngineError::from)?;
        let name = format!("launch {}", key.request_digest("launch", claims.id.as_bytes()));
        let now = self.engine.clock.now();
        let until = now.saturating_add(REMEMBERED).unwrap_or(now);
        match self.used.claim(practice, &name, "used", now, until).await.map_err(EngineError::from)? {
            Claim::Yours => Ok(()),
            Claim::Answered(_) | Claim::Running | Claim::Taken => Err(Failed::Used),
        }
    }
}

/// Whether the trail keeps that a launch was refused. Forged ones, and old ones sent again and again, would only fill it:
/// those are told to the log.
fn is_kept(failed: &Failed) -> bool {
    match failed {
        Failed::Stranger => true,
        Failed::Refused(refusal) => !matches!(refusal, Refusal::Over | Refusal::TooEarly),
        Failed::Unknown | Failed::Keys(_) | Failed::Unproven(_) | Failed::Used | Failed::Broken(..) => false,
    }
}

/// The practitioner must be the EHR's. While it does not answer, its signature of a moment ago is enough: a person must
/// be able to pause and to disconnect during an outage.
async fn known(engine: &Engine, visitor: &Visitor) -> Result<(), Failed> {
    let Some(practitioner) = &visitor.practitioner else { return Ok(()) };
    match engine.practitioner(&visitor.practice, practitioner).await {
        Err(EngineError::NotFound { .. }) => Err(Failed::Stranger),
        Err(error) => {
            tracing::warn!(error = chain(&error), "a launch is believed while the EHR does not answer");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
