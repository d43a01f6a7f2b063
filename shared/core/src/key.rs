//! What the practice's key derives: the names of our mirrors and the fingerprints of what we wrote.
//! The key itself comes from the vault; it is never shown.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::event::EventRef;
use crate::ids::{AppointmentId, CalendarId, PractitionerId, ScheduleId};
use crate::mirror::{BlockContent, Certainty, Content, MirrorContent, MirrorId};

type HmacSha256 = Hmac<Sha256>;

/// 32 secret bytes, one set a practice.
#[derive(Clone)]
pub struct PracticeKey {
    names: HmacSha256,
    prints: HmacSha256,
    sign_ins: HmacSha256,
}

/// What a sealed text is for: one never passes for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seal {
    /// A link to our sign-in page.
    Link,
    /// The `state` that a browser carries to the provider and back (RFC 6749 section 10.12).
    State,
    /// The verifier that only whoever began a sign-in can show (RFC 7636 section 4.1).
    Verifier,
    /// Who is at the settings page, as the cookie carries it.
    Session,
    /// That a form is of our own page in that session.
    Form,
}

impl std::fmt::Debug for PracticeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PracticeKey([redacted])")
    }
}

/// A keyed digest of the fields that we write, with the number of the format that made it.
/// Equal fingerprints mean equal content; from a fingerprint nobody learns the content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fingerprint {
    format: u8,
    digest: [u8; 16],
}

impl Fingerprint {
    /// The format that this version writes. A link of an older format is agreed on anew, lazily.
    pub const FORMAT: u8 = 1;

    /// As stored: the format, then the digest.
    pub fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [self.format; 17];
        for (to, from) in bytes.iter_mut().skip(1).zip(self.digest) {
            *to = from;
        }
        bytes
    }

    /// `None` where the length is not ours.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (format, digest) = bytes.split_first()?;
        Some(Self { format: *format, digest: digest.try_into().ok()? })
    }
}

/// What owns a mirror, in either lane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    Appointment(AppointmentId),
    Event(EventRef),
}

/// Where a mirror lives.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    Calendar(CalendarId),
    Schedule(ScheduleId),
}

impl Target {
    pub fn as_str(&self) -> &str {
        match self {
            Target::Calendar(id) => id.as_str(),
            Target::Schedule(id) => id.as_str(),
        }
    }
}

impl PracticeKey {
    /// Working keys are derived from the secret, so that a name never doubles as a fingerprint.
    pub fn new(secret: &[u8; 32]) -> Self {
        let derive = |label: &[u8]| keyed(&digest(keyed(secret), &[label]));
        Self {
            names: derive(b"daybook mirror names 1"),
            prints: derive(b"daybook fingerprints 1"),
            sign_ins: derive(b"daybook sign-in 1"),
        }
    }

    /// The one name of the mirror of `owner` in `target` for this practitioner, whichever connection
    /// writes it. The last ten bytes are a tag over the first fifteen: see [`Self::is_ours`].
    pub fn mirror_id(&self, practitioner: &PractitionerId, owner: &Owner, target: &Target) -> MirrorId {
        let body = match owner {
            Owner::Appointment(id) => self.name(&[
                b"a",
                practitioner.as_str().as_bytes(),
                id.as_str().as_bytes(),
                target.as_str().as_bytes(),
            ]),
            Owner::Event(event) => self.name(&[
                b"e",
                practitioner.as_str().as_bytes(),
                event.calendar.as_str().as_bytes(),
                event.item.as_str().as_bytes(),
                event.occurrence.as_str().as_bytes(),
                target.as_str().as_bytes(),
            ]),
        };
        self.signed_name(practitioner, &body)
    }

    /// The one name of an appointment in the practitioner's feed, whatever the feed's address: of the same form as a
    /// mirror's, so that it is recognised when it comes back through a calendar that subscribes to the feed.
    pub fn feed_id(&self, practitioner: &PractitionerId, appointment: &AppointmentId) -> MirrorId {
        let body = self.name(&[b"f", practitioner.as_str().as_bytes(), appointment.as_str().as_bytes()]);
        self.signed_name(practitioner, &body)
    }

    /// Whether this name could only have been made with this practice's key for this practitioner. So a
    /// mirror is recognised when it comes back through another connection, calendar or feed (E-046), while
    /// a mirror of another practice is an ordinary event.
    pub fn is_ours(&self, practitioner: &PractitionerId, mirror: &MirrorId) -> bool {
        let bytes = from_base32hex(mirror.as_str().get(MirrorId::PREFIX.len()..).unwrap_or_default());
        match bytes.split_at_checked(15) {
            Some((body, tag)) => constant_time_eq(tag, &self.tag(practitioner, body)),
            None => false,
        }
    }

    /// A short name for an item of a calendar, to look its links up by without storing its id as a key.
    pub fn item_digest(&self, calendar: &CalendarId, item: &str) -> String {
        let name = self.name(&[b"i", calendar.as_str().as_bytes(), item.as_bytes()]);
        base32hex(name.into_iter().take(15))
    }

    /// A short name for an appointment and an event that take the same time.
    pub fn conflict_name(&self, appointment: &AppointmentId, event: &EventRef) -> String {
        let name = self.name(&[
            b"x",
            appointment.as_str().as_bytes(),
            event.calendar.as_str().as_bytes(),
            event.item.as_str().as_bytes(),
            event.occurrence.as_str().as_bytes(),
        ]);
        base32hex(name.into_iter().take(10))
    }

    /// A short name for a request to our API, to recognise it by when it is repeated. Keyed, because a
    /// request may hold a password.
    pub fn request_digest(&self, target: &str, body: &[u8]) -> String {
        let name = self.name(&[b"r", target.as_bytes(), body]);
        base32hex(name.into_iter().take(20))
    }

    /// 48 letters and digits that nobody else can make from this text for this purpose.
    pub fn seal(&self, purpose: Seal, text: &str) -> String {
        let purpose: &[u8] = match purpose {
            Seal::Link => b"l",
            Seal::State => b"s",
            Seal::Verifier => b"v",
            Seal::Session => b"w",
            Seal::Form => b"f",
        };
        let sealed = digest(self.sign_ins.clone(), &[purpose, text.as_bytes()]);
        base32hex(sealed.into_iter().take(30))
    }

    /// Whether `seal` is ours for this text.
    pub fn is_sealed(&self, purpose: Seal, text: &str, seal: &str) -> bool {
        constant_time_eq(self.seal(purpose, text).as_bytes(), seal.as_bytes())
    }

    /// Fingerprint of what we want to stand, or of what stands, on the other side.
    pub fn fingerprint(&self, content: &Content) -> Fingerprint {
        match content {
            Content::Mirror(mirror) => self.fingerprint_mirror(mirror),
            Content::Block(block) => self.fingerprint_block(*block),
        }
    }

    pub fn fingerprint_mirror(&self, mirror: &MirrorContent) -> Fingerprint {
        let certainty: &[u8] = match mirror.certainty {
            Certainty::Confirmed => b"c",
            Certainty::Tentative => b"t",
        };
        let start = mirror.interval.start().as_second().to_be_bytes();
        let end = mirror.interval.end().as_second().to_be_bytes();
        let reminder = mirror.reminder_minutes.map_or([0xff; 8], |minutes| u64::from(minutes).to_be_bytes());
        let location = mirror.location.as_deref().unwrap_or_default();
        self.print(&[
            b"m",
            mirror.title.trim().as_bytes(),
            &start,
            &end,
            certainty,
            location.trim().as_bytes(),
            &reminder,
        ])
    }

    pub fn fingerprint_block(&self, block: BlockContent) -> Fingerprint {
        let start = block.interval.start().as_second().to_be_bytes();
        let end = block.interval.end().as_second().to_be_bytes();
        self.print(&[b"b", &start, &end])
    }

    /// A fingerprint of all that a feed shows; in order of name.
    pub fn fingerprint_feed(&self, entries: &[(MirrorId, MirrorContent)]) -> Fingerprint {
        let one = |(name, content): &(MirrorId, MirrorContent)| {
            [name.as_str().as_bytes(), &self.fingerprint_mirror(content).to_bytes()].concat()
        };
        let prints: Vec<Vec<u8>> = entries.iter().map(one).collect();
        let parts = std::iter::once(b"f".as_slice()).chain(prints.iter().map(Vec::as_slice));
        self.print(&parts.collect::<Vec<_>>())
    }

    fn signed_name(&self, practitioner: &PractitionerId, body: &[u8]) -> MirrorId {
        let body: Vec<u8> = body.iter().copied().take(15).collect();
        let tag = self.tag(practitioner, &body);
        MirrorId(format!("{}{}", MirrorId::PREFIX, base32hex(body.into_iter().chain(tag))))
    }

    fn name(&self, parts: &[&[u8]]) -> [u8; 32] {
        digest(self.names.clone(), parts)
    }

    fn tag(&self, practitioner: &PractitionerId, body: &[u8]) -> Vec<u8> {
        self.name(&[b"t", practitioner.as_str().as_bytes(), body]).into_iter().take(10).collect()
    }

    fn print(&self, parts: &[&[u8]]) -> Fingerprint {
        let mut truncated = [0; 16];
        for (to, from) in truncated.iter_mut().zip(digest(self.prints.clone(), parts)) {
            *to = from;
        }
        Fingerprint { format: Fingerprint::FORMAT, digest: truncated }
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length; the error is unreachable")]
fn keyed(secret: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(secret).expect("HMAC takes any key")
}

/// Each part goes in behind its length, so that no two lists of parts read alike. In one piece: that is several
/// times faster than many small ones.
fn digest(mut mac: HmacSha256, parts: &[&[u8]]) -> [u8; 32] {
    let mut message = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    mac.update(&message);
    mac.finalize().into_bytes().into()
}

fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// RFC 4648 section 7, lower case, without padding; the input is a multiple of five bytes.
fn base32hex(bytes: impl IntoIterator<Item = u8>) -> String {
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u16, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u16::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = usize::from((buffer >> bits) & 31);
            text.push(char::from(ALPHABET.get(digit).copied().unwrap_or_default()));
        }
    }
    text
}

fn from_base32hex(text: &str) -> Vec<u8> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u16, 0);
    for digit in text.bytes().filter_map(|byte| ALPHABET.iter().position(|letter| *letter == byte)) {
        buffer = (buffer << 5) | u16::try_from(digit).unwrap_or_default();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 255).unwrap_or_default());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use crate::time::Interval;

    fn key(byte: u8) -> PracticeKey {
        PracticeKey::new(&[byte; 32])
    }

    fn name(key: &PracticeKey, practitioner: &str, appointment: &str, calendar: &str) -> MirrorId {
        let owner = Owner::Appointment(appointment.into());
        key.mirror_id(&practitioner.into(), &owner, &Target::Calendar(calendar.into()))
    }

    #[test]
    fn a_name_depends_on_practitioner_owner_target_and_key() {
        let names = [
            name(&key(1), "p", "a", "c"),
            name(&key(1), "q", "a", "c"),
            name(&key(1), "p", "b", "c"),
            name(&key(1), "p", "a", "d"),
            name(&key(2), "p", "a", "c"),
            name(&key(1), "pa", "", "c"),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
        assert_eq!(name(&key(1), "p", "a", "c"), names[0]);
    }

    #[test]
    fn e_046_ours_is_recognised_by_name_alone() {
        let ours = name(&key(1), "p", "a", "c");
        assert_eq!(MirrorId::parse(ours.as_str()), Some(ours.clone()));
        assert!(key(1).is_ours(&"p".into(), &ours));
        assert!(!key(1).is_ours(&"q".into(), &ours), "another clinician's");
        assert!(!key(2).is_ours(&"p".into(), &ours), "another practice's");
        let forged = MirrorId::parse(&format!("db1{}", "0".repeat(40))).unwrap();
        assert!(!key(1).is_ours(&"p".into(), &forged));
    }

    #[test]
    fn e_046_what_a_feed_shows_is_ours_and_no_mirror_of_any_calendar() {
        let feed = key(1).feed_id(&"p".into(), &"a".into());
        assert_eq!(MirrorId::parse(feed.as_str()), Some(feed.clone()));
        assert!(key(1).is_ours(&"p".into(), &feed));
        assert!(!key(1).is_ours(&"q".into(), &feed));
        assert!(!key(2).is_ours(&"p".into(), &feed));
        assert_ne!(feed, name(&key(1), "p", "a", ""));
        assert_ne!(feed, key(1).feed_id(&"p".into(), &"b".into()));
    }

    #[test]
    fn a_seal_holds_for_one_text_one_purpose_and_one_practice() {
        let seal = key(1).seal(Seal::Link, "text");
        assert_eq!(seal.len(), 48, "long enough for a verifier, which has at least 43");
        assert!(key(1).is_sealed(Seal::Link, "text", &seal));
        assert!(!key(1).is_sealed(Seal::State, "text", &seal));
        assert!(!key(1).is_sealed(Seal::Link, "texts", &seal));
        assert!(!key(2).is_sealed(Seal::Link, "text", &seal));
    }

    #[test]
    fn names_that_are_not_of_our_form_are_no_mirrors() {
        for name in ["", "db1", "lunch", &format!("db1{}", "z".repeat(40)), &format!("db2{}", "0".repeat(40))]
        {
            assert_eq!(MirrorId::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_fingerprint_covers_each_field_that_we_write() {
        let interval = |from, to| {
            Interval::new(
                jiff::Timestamp::from_second(from).unwrap(),
                jiff::Timestamp::from_second(to).unwrap(),
            )
            .unwrap()
        };
        let plain = MirrorContent {
            title: "Busy".into(),
            interval: interval(0, 60),
            certainty: Certainty::Confirmed,
            location: None,
            reminder_minutes: None,
        };
        let others = [
            MirrorContent { title: "Busy!".into(), ..plain.clone() },
            MirrorContent { interval: interval(1, 60), ..plain.clone() },
            MirrorContent { interval: interval(0, 61), ..plain.clone() },
            MirrorContent { certainty: Certainty::Tentative, ..plain.clone() },
            MirrorContent { location: Some("Room 2".into()), ..plain.clone() },
            MirrorContent { reminder_minutes: Some(0), ..plain.clone() },
        ];
        let print = key(1).fingerprint_mirror(&plain);
        for other in others {
            assert_ne!(key(1).fingerprint_mirror(&other), print, "{other:?}");
        }
        assert_ne!(key(2).fingerprint_mirror(&plain), print);
        assert_eq!(Fingerprint::from_bytes(&print.to_bytes()), Some(print));
    }
}
