//! The signed launch: what the EHR says of the person whom it sends to our settings page, and whether it holds. The
//! signature is checked elsewhere, before: nothing here knows a key.

use jiff::{SignedDuration, Timestamp};

use crate::ids::{PracticeId, PractitionerId};

/// What a practice's EHR is trusted for when it sends people to us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaunchTrust {
    /// What `iss` must be.
    pub issuer: String,
    /// The EHR's public keys: a JWK Set (RFC 7517), as text.
    pub keys: String,
    /// Where the EHR may have people sent back to. One that ends with a slash stands for all addresses below it.
    pub return_urls: Vec<String>,
}

/// What the EHR says, once its signature holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Claims {
    pub issuer: String,
    pub audiences: Vec<String>,
    /// About whom: `Practitioner/prac-12`.
    pub subject: String,
    pub tenant: Option<String>,
    pub role: String,
    /// Who acts, where that is not the subject: `User/9`.
    pub actor: Option<String>,
    pub return_url: Option<String>,
    pub issued_at: Timestamp,
    pub not_before: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Names the token: each opens one session.
    pub id: String,
}

/// Who has come, as what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Visitor {
    pub practice: PracticeId,
    /// Whose calendars are shown; an administrator sees nobody's.
    pub practitioner: Option<PractitionerId>,
    pub role: Role,
    /// The EHR's id of the person, for the audit trail.
    pub actor: String,
    pub return_url: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sees and settles their own calendars.
    Clinician,
    /// Settles what holds for the practice, and sees no clinician's calendars.
    Admin,
    /// Acts for one clinician.
    Delegate,
}

/// Why a launch opens nothing. For the log; the person is told none of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the launch is from another issuer")]
    Issuer,
    #[error("the launch is for another audience")]
    Audience,
    #[error("the launch is for another practice")]
    Practice,
    #[error("the launch holds for longer than two minutes, or for no time")]
    Lifetime,
    #[error("the launch is not valid yet")]
    TooEarly,
    #[error("the launch is over")]
    Over,
    #[error("the launch has no usable id")]
    Id,
    #[error("the launch has a role that is not known")]
    Role,
    #[error("the launch does not say who is meant")]
    Subject,
    #[error("the launch does not say who acts")]
    Actor,
    #[error("the launch leads back to an address that is not registered")]
    ReturnUrl,
}

/// The longest that a token may hold.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(2);
/// How far the EHR's clock may be from ours.
pub const SKEW: SignedDuration = SignedDuration::from_secs(30);
const MOST_ID_BYTES: usize = 256;
const MOST_NAME_BYTES: usize = 128;
const MOST_URL_BYTES: usize = 1_024;
const PRACTITIONER: &str = "Practitioner/";

impl LaunchTrust {
    /// Whether people may be sent back to this address.
    pub fn leads_to(&self, url: &str) -> bool {
        let is_plain = url.len() <= MOST_URL_BYTES && url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        let is_listed =
            |listed: &String| url == listed || (listed.ends_with('/') && url.starts_with(&**listed));
        is_plain && is_web && self.return_urls.iter().any(is_listed)
    }
}

/// Who comes with these claims, if they hold now.
pub fn admit(
    claims: &Claims,
    practice: &PracticeId,
    trust: &LaunchTrust,
    audience: &str,
    now: Timestamp,
) -> Result<Visitor, Refusal> {
    if claims.issuer != trust.issuer {
        return Err(Refusal::Issuer);
    }
    if !claims.audiences.iter().any(|one| same_place(one, audience)) {
        return Err(Refusal::Audience);
    }
    if claims.tenant.as_ref().is_some_and(|tenant| tenant != practice.as_str()) {
        return Err(Refusal::Practice);
    }
    in_time(claims, now)?;
    if !is_name(&claims.id, MOST_ID_BYTES) {
        return Err(Refusal::Id);
    }
    if claims.return_url.as_ref().is_some_and(|url| !trust.leads_to(url)) {
        return Err(Refusal::ReturnUrl);
    }
    let role = role(&claims.role).ok_or(Refusal::Role)?;
    let return_url = claims.return_url.clone();
    Ok(Visitor {
        practice: practice.clone(),
        practitioner: about(claims, role)?,
        role,
        actor: actor(claims, role)?,
        return_url,
    })
}

/// An address with or without a slash at its end is the same.
fn same_place(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn in_time(claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
    let lifetime = claims.expires_at.duration_since(claims.issued_at);
    if lifetime <= SignedDuration::ZERO || lifetime > LONGEST {
        return Err(Refusal::Lifetime);
    }
    let begins = claims.not_before.map_or(claims.issued_at, |not_before| not_before.max(claims.issued_at));
    if begins.duration_since(now) > SKEW {
        return Err(Refusal::TooEarly);
    }
    if now.duration_since(claims.expires_at) > SKEW { Err(Refusal::Over) } else { Ok(()) }
}

fn role(word: &str) -> Option<Role> {
    match word {
        "clinician" => Some(Role::Clinician),
        "practice_admin" | "admin" => Some(Role::Admin),
        "delegate" => Some(Role::Delegate),
        _ => None,
    }
}

/// Whose calendars it is about. The subject may be written as a FHIR reference or as the bare id.
fn about(claims: &Claims, role: Role) -> Result<Option<PractitionerId>, Refusal> {
    match role {
        Role::Admin if is_name(&claims.subject, MOST_NAME_BYTES) => Ok(None),
        Role::Admin => Err(Refusal::Subject),
        Role::Clinician | Role::Delegate => {
            let id = claims.subject.strip_prefix(PRACTITIONER).unwrap_or(&claims.subject);
            let is_id = is_name(id, MOST_NAME_BYTES) && !id.contains('/');
            is_id.then(|| Some(PractitionerId::new(id))).ok_or(Refusal::Subject)
        }
    }
}

fn actor(claims: &Claims, role: Role) -> Result<String, Refusal> {
    match (&claims.actor, role) {
        (Some(actor), _) if is_name(actor, MOST_NAME_BYTES) => Ok(actor.clone()),
        (Some(_), _) | (None, Role::Delegate) => Err(Refusal::Actor),
        (None, Role::Clinician | Role::Admin) => Ok(claims.subject.clone()),
    }
}

fn is_name(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    const AUDIENCE: &str = "https://sync.example.org";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn trust() -> LaunchTrust {
        LaunchTrust {
            issuer: "https://ehr.example".into(),
            keys: "{}".into(),
            return_urls: vec!["https://app.ehr.example/settings".into(), "https://ehr.example/".into()],
        }
    }

    fn claims() -> Claims {
        Claims {
            issuer: "https://ehr.example".into(),
            audiences: vec![AUDIENCE.into()],
            subject: "Practitioner/prac-12".into(),
            tenant: Some("demo".into()),
            role: "clinician".into(),
            actor: None,
            return_url: Some("https://app.ehr.example/settings".into()),
            issued_at: at(0),
            not_before: None,
            expires_at: at(120),
            id: "lt_1".into(),
        }
    }

    fn admitted(claims: &Claims, second: i64) -> Result<Visitor, Refusal> {
        admit(claims, &"demo".into(), &trust(), AUDIENCE, at(second))
    }

    #[test]
    fn a_launch_that_holds_tells_who_comes() {
        let user = || Some("User/9".to_owned());
        for (role, subject, actor, expected) in [
            (
                "clinician",
                "Practitioner/prac-12",
                None,
                (Some("prac-12"), Role::Clinician, "Practitioner/prac-12"),
            ),
            ("clinician", "prac-12", user(), (Some("prac-12"), Role::Clinician, "User/9")),
            ("delegate", "Practitioner/prac-12", user(), (Some("prac-12"), Role::Delegate, "User/9")),
            ("practice_admin", "User/9", None, (None, Role::Admin, "User/9")),
            ("admin", "Practitioner/prac-12", user(), (None, Role::Admin, "User/9")),
        ] {
            let claims = Claims { role: role.into(), subject: subject.into(), actor, ..claims() };
            let visitor = admitted(&claims, 10).unwrap();
            let shown = visitor.practitioner.as_ref().map(PractitionerId::as_str);
            assert_eq!((shown, visitor.role, &*visitor.actor), expected, "{role} {subject}");
        }
    }

    #[test]
    fn a_launch_that_differs_in_one_thing_opens_nothing() {
        type Change = fn(&mut Claims);
        let changes: [(Change, Refusal); 21] = [
            (|c| c.issuer = "https://ehr.example.evil".into(), Refusal::Issuer),
            (|c| c.audiences = vec!["https://other.example".into()], Refusal::Audience),
            (|c| c.audiences = vec![], Refusal::Audience),
            (|c| c.tenant = Some("other".into()), Refusal::Practice),
            (|c| c.expires_at = at(121), Refusal::Lifetime),
            (|c| c.expires_at = at(0), Refusal::Lifetime),
            (|c| c.not_before = Some(at(41)), Refusal::TooEarly),
            (|c| (c.issued_at, c.expires_at) = (at(41), at(100)), Refusal::TooEarly),
            (|c| (c.issued_at, c.expires_at) = (at(-140), at(-21)), Refusal::Over),
            (|c| c.id = String::new(), Refusal::Id),
            (|c| c.id = "x".repeat(257), Refusal::Id),
            (|c| c.role = "owner".into(), Refusal::Role),
            (|c| c.role = String::new(), Refusal::Role),
            (|c| c.subject = String::new(), Refusal::Subject),
            (|c| c.subject = "Patient/1".into(), Refusal::Subject),
            (|c| c.role = "delegate".into(), Refusal::Actor),
            (|c| c.actor = Some("a b".into()), Refusal::Actor),
            (|c| c.return_url = Some("https://evil.example/".into()), Refusal::ReturnUrl),
            (|c| c.return_url = Some("https://app.ehr.example/settings/x".into()), Refusal::ReturnUrl),
            (|c| c.return_url = Some("https://ehr.example\\@evil.example".into()), Refusal::ReturnUrl),
            (|c| c.return_url = Some("javascript:alert(1)".into()), Refusal::ReturnUrl),
        ];
        for (number, (change, refusal)) in changes.into_iter().enumerate() {
            let mut claims = claims();
            change(&mut claims);
            assert_eq!(admitted(&claims, 10), Err(refusal), "change {number}");
        }
    }

    #[test]
    fn clocks_may_be_half_a_minute_apart() {
        for (second, expected) in
            [(-31, Some(Refusal::TooEarly)), (-30, None), (0, None), (150, None), (151, Some(Refusal::Over))]
        {
            assert_eq!(admitted(&claims(), second).err(), expected, "at {second}");
        }
    }

    #[test]
    fn an_address_that_ends_with_a_slash_stands_for_all_below_it() {
        for (url, expected) in [
            ("https://ehr.example/", true),
            ("https://ehr.example/settings?tab=2", true),
            ("https://ehr.example.evil/", false),
            ("https://app.ehr.example/settings", true),
            ("https://app.ehr.example/settings?x", false),
            ("https://ehr.example/a b", false),
        ] {
            assert_eq!(trust().leads_to(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_left_out_is_not_missed() {
        let claims = Claims { tenant: None, return_url: None, not_before: None, ..claims() };
        assert_eq!(admitted(&claims, 10).unwrap().return_url, None);
    }
}
