//! Agreements about patient data, by the domain of the accounts that they cover: somebody's word for one, and taking it
//! back. Nothing of an agreement itself is kept, and nobody looks whether there is one.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::connection::State as ConnectionState;
use daybook_core::policy::{AccountKind, Attestation};
use daybook_engine::audit::Doing;
use daybook_engine::ports::Practice;
use daybook_engine::roster::Member;
use jiff::{SignedDuration, Timestamp};

use super::super::fields::Fields;
use super::super::home::to;
use super::super::told::who;
use super::super::words::{Zone, number};
use super::super::{Ending, Guest, Posted, Room, Shell, show, show_refused};
use super::policy::practice;
use super::refused;
use crate::policy::{MOST_NAME_CHARS, MOST_NAMES, domain_of};

const HOME: &str = "/settings/practice/agreements";
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
const MOST_YEARS: i32 = 5;

#[derive(Template)]
#[template(path = "practice_agreements.html")]
struct Page {
    shell: Shell,
    told: Option<&'static str>,
    given: Vec<Given>,
    /// Domains of connected accounts that none covers.
    open: String,
    fault: Option<&'static str>,
    typed: Typed,
}

/// What stands in the form.
#[derive(Default)]
struct Typed {
    domain: String,
    attested_by: String,
    years: String,
    confirmed: bool,
}

struct Given {
    domain: String,
    holds: bool,
    sentence: String,
    by: String,
    since: String,
    accounts: String,
}

pub(crate) async fn page(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    let practice = practice(&room, &guest).await?;
    let told = match query.as_deref() {
        Some("given") => Some("It is on record. Clinicians with such accounts may now choose to show more."),
        Some("withdrawn") => Some("It is withdrawn. Daybook is rewriting the entries now."),
        _ => None,
    };
    let page = Page { told, ..written(&room, &guest, &practice).await? };
    show(&page.shell, &page)
}

/// The page, with an empty form.
async fn written(room: &Room, guest: &Guest, practice: &Practice) -> Result<Page, Ending> {
    let members = room.engine.members(&practice.id).await.map_err(|error| Ending::of(error).to(guest))?;
    let zone = guest.practice_zone(&room.engine).await?;
    let now = room.engine.clock.now();
    let accounts = accounts(&members);
    let all = &practice.policy.attestations;
    let covered = |domain: &String| all.iter().any(|one| one.domain == *domain && one.holds(now));
    let open: Vec<String> = accounts.keys().filter(|domain| !covered(domain)).cloned().collect();
    Ok(Page {
        shell: guest.shell(),
        told: None,
        given: all.iter().map(|one| given(one, &accounts, &zone, now)).collect(),
        open: open.join(", "),
        fault: None,
        typed: Typed::default(),
    })
}

/// Somebody's word.
pub(crate) async fn give(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let practice = practice(&room, guest).await?;
    let one = match read(fields, &practice.policy.attestations, room.engine.clock.now()) {
        Ok(one) => one,
        Err(fault) => {
            let page = written(&room, guest, &practice).await?;
            let page = Page { fault: Some(fault), typed: typed(fields), ..page };
            return show_refused(&page.shell, &page);
        }
    };
    let admin = who(guest);
    let set = room.engine.change_practice(&practice.id, &admin, |practice| {
        let all = &mut practice.policy.attestations;
        all.retain(|other| other.domain != one.domain);
        all.push(one.clone());
        all.sort_unstable_by(|one, other| one.domain.cmp(&other.domain));
    });
    let doing = Doing::of(Deed::AttestationGiven).about(one.domain.clone());
    refused(&room, guest, doing, set.await, HOME).await?;
    Ok(to(&format!("{HOME}?given")))
}

/// Takes it back.
pub(crate) async fn withdraw(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let practice = practice(&room, guest).await?;
    let domain = fields.get("domain");
    let known = practice.policy.attestations.iter().find(|one| one.domain == domain);
    let Some(known) = known.map(|one| one.domain.clone()) else { return Ok(to(HOME)) };
    let admin = who(guest);
    let set = room.engine.change_practice(&practice.id, &admin, |practice| {
        practice.policy.attestations.retain(|one| one.domain != known);
    });
    let doing = Doing::of(Deed::AttestationWithdrawn).about(known.clone());
    refused(&room, guest, doing, set.await, HOME).await?;
    Ok(to(&format!("{HOME}?withdrawn")))
}

fn typed(fields: &Fields) -> Typed {
    let text = |name| fields.get(name).to_owned();
    Typed {
        domain: text("domain"),
        attested_by: text("attested_by"),
        years: text("years"),
        confirmed: text("confirmed") == "yes",
    }
}

/// `others` are on record.
fn read(fields: &Fields, others: &[Attestation], now: Timestamp) -> Result<Attestation, &'static str> {
    let domain =
        domain_of(fields.get("domain")).ok_or("Write a domain such as clinic.example.org, without an @.")?;
    if others.len() >= MOST_NAMES && others.iter().all(|other| other.domain != domain) {
        return Err("At most 200 agreements are kept.");
    }
    let attested_by = fields.get("attested_by").to_owned();
    let has_name = (1..=MOST_NAME_CHARS).contains(&attested_by.chars().count());
    if !has_name || attested_by.contains(char::is_control) {
        return Err("Write your name, with at most 200 characters.");
    }
    if fields.get("confirmed") != "yes" {
        return Err("Tick the box: without your word there is nothing to put on record.");
    }
    let years = fields.get("years").parse().ok().filter(|years| (1..=MOST_YEARS).contains(years));
    let years: i32 = years.ok_or("Choose for how long it holds.")?;
    let expires_at = now.checked_add(YEAR * years).unwrap_or(Timestamp::MAX);
    Ok(Attestation {
        domain,
        attested_by,
        text_version: Attestation::TEXT_VERSION,
        given_at: now,
        expires_at,
    })
}

/// How many accounts of each domain are connected that an agreement can cover.
fn accounts(members: &[Member]) -> BTreeMap<String, u64> {
    let mut accounts = BTreeMap::new();
    let living = members.iter().filter(|member| member.state != ConnectionState::Disconnected);
    for home in living.filter_map(|member| member.home.as_ref()) {
        if matches!(home.kind, AccountKind::Organisation | AccountKind::Server) {
            *accounts.entry(home.domain.clone()).or_default() += 1;
        }
    }
    accounts
}

fn given(one: &Attestation, accounts: &BTreeMap<String, u64>, zone: &Zone, now: Timestamp) -> Given {
    let until = zone.date(one.expires_at, 0);
    let holds = one.holds(now);
    let count = accounts.get(&one.domain).copied().unwrap_or_default();
    Given {
        domain: one.domain.clone(),
        holds,
        sentence: if holds {
            format!("Holds until {until}.")
        } else {
            format!("Over since {until}. Renew it below.")
        },
        by: one.attested_by.clone(),
        since: zone.date(one.given_at, 0),
        accounts: format!("{} connected.", number(count, "account is", "accounts are")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_word_is_given_in_full_or_not_at_all() {
        for (form, holds) in [
            ("domain=Clinic.Example&attested_by=Ada&years=1&confirmed=yes", true),
            ("domain=clinic.example&attested_by=Ada&years=1", false),
            ("domain=ada%40clinic.example&attested_by=Ada&years=1&confirmed=yes", false),
            ("domain=clinic.example&attested_by=&years=1&confirmed=yes", false),
            ("domain=clinic.example&attested_by=Ada&years=9&confirmed=yes", false),
        ] {
            let read = read(&Fields::read(form.as_bytes()), &[], Timestamp::UNIX_EPOCH);
            assert_eq!(read.is_ok(), holds, "{form}");
            assert!(read.is_err() || read.unwrap().domain == "clinic.example");
        }
    }
}
