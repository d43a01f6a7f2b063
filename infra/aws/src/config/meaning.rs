//! What the texts of variables mean. An error says what is expected and never quotes the text.

use std::time::Duration;

use daybook_caldav::Allow;
use daybook_core::appointment::ProposedPolicy;
use daybook_core::detail::{Detail, Part2};
use daybook_core::ids::PracticeId;
use daybook_launch::KeySet;
use daybook_secrets::TokenStore;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

type Meaning<T> = Result<T, &'static str>;

pub fn text(text: &str) -> Meaning<String> {
    if text.len() <= 1_024 && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("expected visible ASCII characters without spaces")
    }
}

pub fn web_address(text: &str) -> Meaning<Url> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
    };
    let url = Url::parse(text).ok().filter(plain);
    url.ok_or("expected an http or https address without user, password and query")
}

/// The same without a slash at its end.
pub fn base_address(text: &str) -> Meaning<String> {
    web_address(text).map(|url| url.as_str().trim_end_matches('/').to_owned())
}

pub fn practice_id(text: &str) -> Meaning<PracticeId> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if text.len() <= 64 && text.chars().all(plain) {
        Ok(PracticeId::new(text))
    } else {
        Err("expected at most 64 of a-z, 0-9, `-` and `_`")
    }
}

pub fn secrets_prefix(text: &str) -> Meaning<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if text.len() <= 128 && text.chars().all(plain) && !text.ends_with('/') {
        Ok(text.to_owned())
    } else {
        Err("expected the beginning of names in Secrets Manager, without a slash at its end")
    }
}

pub fn allow(text: &str) -> Meaning<Allow> {
    text.parse().map_err(|_| "expected a comma list of `host`, `host:port` and `loopback`")
}

pub fn seconds(text: &str) -> Meaning<Duration> {
    match text.parse::<u64>() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected 1 to 86400 seconds"),
    }
}

pub fn count(text: &str) -> Meaning<u32> {
    text.parse().map_err(|_| "expected a whole number, or 0 for none")
}

pub fn date(text: &str) -> Meaning<Date> {
    text.parse().map_err(|_| "expected a date such as 2027-05-31")
}

pub fn time_zone(text: &str) -> Meaning<String> {
    let known = TimeZone::get(text).is_ok();
    known.then(|| text.to_owned()).ok_or("expected an IANA name such as America/New_York")
}

pub fn detail(text: &str) -> Meaning<Detail> {
    match text {
        "busy" => Ok(Detail::Busy),
        "appointment" => Ok(Detail::Appointment),
        "reference" => Ok(Detail::Reference),
        "initials" => Ok(Detail::Initials),
        "full" => Ok(Detail::Full),
        _ => Err("expected busy, appointment, reference, initials or full"),
    }
}

pub fn part2(text: &str) -> Meaning<Part2> {
    match text {
        "true" => Ok(Part2::Yes),
        "false" => Ok(Part2::No),
        _ => Err("expected true or false"),
    }
}

pub fn proposed(text: &str) -> Meaning<ProposedPolicy> {
    match text {
        "ignore" => Ok(ProposedPolicy::Ignore),
        "counts_as_booked" => Ok(ProposedPolicy::CountsAsBooked),
        _ => Err("expected ignore or counts_as_booked"),
    }
}

pub fn launch_keys(text: &str) -> Meaning<String> {
    let read = KeySet::parse(text).map(|_| text.to_owned());
    read.map_err(|_| "expected a JSON Web Key Set of public keys, each with a `kid`")
}

/// As they are written, since an address counts only as a whole.
pub fn addresses(text: &str) -> Meaning<Vec<String>> {
    let all = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let checked = all.map(|one| web_address(one).map(|_| one.to_owned()));
    checked.collect::<Result<_, _>>().map_err(|_| "expected a comma list of http or https addresses")
}

pub fn origins(text: &str) -> Meaning<Vec<String>> {
    let all = addresses(text)?;
    let is_origin =
        |one: &String| Url::parse(one).is_ok_and(|url| url.origin().ascii_serialization() == *one);
    if all.iter().all(is_origin) {
        Ok(all)
    } else {
        Err("expected a comma list of origins such as https://ehr.example")
    }
}

pub fn token_store(text: &str) -> Meaning<TokenStore> {
    match text {
        "secret" => Ok(TokenStore::Secret),
        "sealed" => Ok(TokenStore::Sealed),
        _ => Err("expected secret or sealed"),
    }
}
