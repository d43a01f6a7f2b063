//! The caps, as a table: what is wanted, to whom it goes, what comes of it and why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * 86_400).unwrap()
}

fn attestation(domain: &str, from: i64, until: i64) -> Attestation {
    Attestation {
        domain: domain.into(),
        attested_by: "Avery Admin".into(),
        text_version: Attestation::TEXT_VERSION,
        given_at: at(from),
        expires_at: at(until),
    }
}

/// A practice that has attested three domains, one of them for days long gone.
fn policy() -> Policy {
    let attestations = vec![
        attestation("clinic.example", 0, 100),
        attestation("old.example", 0, 10),
        attestation("gmail.com", 0, 100),
        attestation("icloud.com", 0, 100),
        attestation("dav.clinic.example", 0, 100),
    ];
    Policy { attestations, ..Policy::default() }
}

const DAY: i64 = 50;

fn effective(policy: &Policy, kind: AccountKind, domain: &str, audience: Audience) -> (Detail, Option<Cap>) {
    let home = AccountHome::new(kind, domain);
    let tie = Tie { provider: Provider::Google, home: Some(&home), audience: Some(audience), now: at(DAY) };
    policy.effective(Detail::Full, &tie)
}

#[test]
fn the_account_the_calendar_and_the_practice_cap_the_detail() {
    use AccountKind::{Icloud, Organisation, Private, Server};
    use Audience::{Own, Public, Shared, Unknown};
    use Detail::{Appointment, Busy, Full, Initials};
    let capped = |detail_cap| Policy { detail_cap, ..policy() };
    let part2 = || Policy { part2: Part2::Yes, ..policy() };
    let only = |names: &[&str]| Allowed::Only(names.iter().map(|name| (*name).to_owned()).collect());
    let domains = |names| Policy { account_domains: only(names), ..policy() };
    let providers = |one| Policy { providers: Allowed::Only([one].into()), ..policy() };
    for (policy, kind, domain, audience, level, cap) in [
        (policy(), Organisation, "clinic.example", Own, Full, None),
        (policy(), Organisation, "Clinic.Example.", Own, Full, None),
        (policy(), Organisation, "sub.clinic.example", Own, Appointment, Some(Cap::NoAgreement)),
        (policy(), Organisation, "other.example", Own, Appointment, Some(Cap::NoAgreement)),
        (policy(), Organisation, "old.example", Own, Appointment, Some(Cap::AgreementOver)),
        (policy(), Server, "dav.clinic.example", Own, Full, None),
        (policy(), Server, "dav.example", Own, Appointment, Some(Cap::NoAgreement)),
        (policy(), Private, "gmail.com", Own, Appointment, Some(Cap::Account)),
        (policy(), Icloud, "icloud.com", Own, Appointment, Some(Cap::Account)),
        (policy(), Organisation, "clinic.example", Shared, Busy, Some(Cap::SharedCalendar)),
        (policy(), Organisation, "clinic.example", Public, Busy, Some(Cap::PublicCalendar)),
        (policy(), Private, "gmail.com", Unknown, Busy, Some(Cap::UnknownAudience)),
        (capped(Initials), Organisation, "clinic.example", Own, Initials, Some(Cap::Practice)),
        (capped(Initials), Private, "gmail.com", Own, Appointment, Some(Cap::Account)),
        (capped(Appointment), Private, "gmail.com", Own, Appointment, Some(Cap::Practice)),
        (capped(Busy), Organisation, "clinic.example", Shared, Busy, Some(Cap::Practice)),
        (part2(), Organisation, "clinic.example", Shared, Busy, Some(Cap::Part2)),
        (domains(&["clinic.example"]), Organisation, "clinic.example", Own, Full, None),
        (domains(&["clinic.example"]), Private, "gmail.com", Own, Busy, Some(Cap::NotAllowed)),
        (domains(&[]), Organisation, "clinic.example", Own, Busy, Some(Cap::NotAllowed)),
        (providers(Provider::Google), Organisation, "clinic.example", Own, Full, None),
        (providers(Provider::Caldav), Organisation, "clinic.example", Own, Busy, Some(Cap::NotAllowed)),
    ] {
        let found = effective(&policy, kind, domain, audience);
        assert_eq!(found, (level, cap), "{kind:?} {domain} {audience:?}");
    }
}

#[test]
fn who_wants_less_is_not_capped() {
    let home = AccountHome::new(AccountKind::Private, "gmail.com");
    let tie = Tie { provider: Provider::Google, home: Some(&home), audience: None, now: at(DAY) };
    for level in [Detail::Busy, Detail::Appointment] {
        assert_eq!(policy().effective(level, &tie), (level, None));
    }
    let nobody = Tie { home: None, ..tie };
    assert_eq!(policy().effective(Detail::Full, &nobody), (Detail::Appointment, Some(Cap::NoAgreement)));
}

#[test]
fn an_attestation_holds_from_its_first_moment_until_its_last() {
    let home = AccountHome::new(AccountKind::Organisation, "clinic.example");
    for (now, level, expiry) in [
        (at(0), Detail::Full, Some(at(100))),
        (at(100) - jiff::SignedDuration::from_nanos(1), Detail::Full, Some(at(100))),
        (at(100), Detail::Appointment, None),
        (at(-1), Detail::Appointment, None),
    ] {
        let tie = Tie { provider: Provider::Microsoft, home: Some(&home), audience: None, now };
        assert_eq!(policy().effective(Detail::Full, &tie).0, level, "{now}");
        assert_eq!(policy().next_expiry(&tie), expiry, "{now}");
    }
}

#[test]
fn the_domain_of_an_address_is_behind_its_last_at() {
    for (address, domain) in
        [("ada@Clinic.Example", "clinic.example"), ("\"a@b\"@x.org", "x.org"), ("ada", "ada"), ("", "")]
    {
        assert_eq!(AccountHome::of_address(AccountKind::Private, address).domain, domain);
    }
}

#[test]
fn what_is_not_allowed_is_named() {
    let home = AccountHome::new(AccountKind::Private, "gmail.com");
    let only = |names: &[&str]| Allowed::Only(names.iter().map(|name| (*name).to_owned()).collect());
    let policy = Policy {
        providers: Allowed::Only([Provider::Google].into()),
        account_domains: only(&["x"]),
        ..policy()
    };
    assert_eq!(policy.refuses(Provider::Google, None), None, "nobody has signed in yet");
    assert_eq!(policy.refuses(Provider::Google, Some(&home)), Some(Refusal::Domain));
    assert_eq!(policy.refuses(Provider::Caldav, Some(&home)), Some(Refusal::Provider));
    assert_eq!(Policy::default().refuses(Provider::Caldav, Some(&home)), None);
}

#[test]
fn who_sees_a_calendar_follows_from_with_whom_it_is_shared() {
    use Who::{Everybody, Some as Somebody};
    let one = |who, sees| Onlooker { who, sees };
    let (times, details) = (|who| one(who, Sees::Times), |who| one(who, Sees::Details));
    for (onlookers, origin, expected) in [
        (None, Origin::Made, Audience::Own),
        (None, Origin::Chosen, Audience::Unknown),
        (Some(vec![]), Origin::Chosen, Audience::Own),
        (Some(vec![times(Somebody), times(Everybody)]), Origin::Chosen, Audience::Own),
        (Some(vec![times(Everybody), details(Somebody)]), Origin::Made, Audience::Shared),
        (Some(vec![details(Somebody), details(Everybody)]), Origin::Made, Audience::Public),
    ] {
        assert_eq!(Audience::of(onlookers.as_deref(), origin), expected, "{onlookers:?} {origin:?}");
    }
}

#[test]
fn who_asks_for_no_window_gets_what_is_allowed_of_the_usual_one() {
    let days = |past, future| WindowDays::new(past, future).unwrap();
    for (bounds, expected) in
        [(WindowDays::WIDEST, days(7, 365)), (days(0, 400), days(0, 365)), (days(30, 60), days(7, 60))]
    {
        let policy = Policy { window: bounds, ..Policy::default() };
        assert_eq!(policy.default_window(), expected, "{bounds:?}");
    }
}
