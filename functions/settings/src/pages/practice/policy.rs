//! What a practice allows, as a form: what each part means, what would change, and then the yes. What follows from a policy
//! is the core's to decide.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use daybook_core::audit::Deed;
use daybook_core::connection::Provider;
use daybook_core::detail::{Detail, Part2};
use daybook_core::policy::{Allowed, Feed, Policy};
use daybook_core::window::WindowDays;
use daybook_engine::audit::Doing;
use daybook_engine::ports::Practice;
use daybook_engine::roster::Effects;

use super::super::fields::Fields;
use super::super::home::to;
use super::super::levels::{Level, detail, samples};
use super::super::told::who;
use super::super::words::{calendar, number};
use super::super::{Ending, Guest, Posted, Room, Shell, show, show_refused};
use super::refused;
use super::words::name;
use crate::policy::{MOST_NAMES, domain_of};

const HOME: &str = "/settings/practice/policy";
/// The fields that say a policy.
const NAMES: [&str; 9] =
    ["seen", "detail_cap", "part2", "provider", "domains", "domain_list", "past_days", "future_days", "feed"];
const PROVIDERS: [(Provider, &str); 3] =
    [(Provider::Google, "google"), (Provider::Microsoft, "microsoft"), (Provider::Caldav, "caldav")];

#[derive(Template)]
#[template(path = "practice_policy.html")]
struct Page {
    shell: Shell,
    told: Option<&'static str>,
    fault: Option<&'static str>,
    /// When the policy was last set, as this page shows it.
    seen: String,
    levels: Vec<Level>,
    part2: bool,
    providers: Vec<Choice>,
    names_domains: bool,
    domain_list: String,
    past_days: String,
    future_days: String,
    feed: bool,
}

/// What stands in the form.
struct Typed {
    detail_cap: Detail,
    part2: Part2,
    providers: Allowed<Provider>,
    names_domains: bool,
    domain_list: String,
    past_days: String,
    future_days: String,
    feed: Feed,
}

struct Choice {
    word: &'static str,
    name: &'static str,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "practice_preview.html")]
struct Preview {
    shell: Shell,
    changes: Vec<String>,
    effects: Vec<String>,
    fields: Vec<(String, String)>,
}

pub(crate) async fn page(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    guest: Guest,
) -> Result<Response, Ending> {
    let practice = practice(&room, &guest).await?;
    let told = (query.as_deref() == Some("saved"))
        .then_some("Saved. Daybook is bringing every calendar in line now.");
    let page = Page { told, ..written(&guest, &practice, standing(&practice.policy)) };
    show(&page.shell, &page)
}

fn written(guest: &Guest, practice: &Practice, typed: Typed) -> Page {
    let mut levels = samples(typed.detail_cap);
    for level in &mut levels {
        level.name = detail(level.word).map_or(level.name, name);
    }
    let providers = PROVIDERS.map(|(provider, word)| Choice {
        word,
        name: calendar(provider),
        is_chosen: typed.providers.has(&provider),
    });
    Page {
        shell: guest.shell(),
        told: None,
        fault: None,
        seen: seen(practice),
        levels,
        part2: typed.part2 == Part2::Yes,
        providers: providers.into(),
        names_domains: typed.names_domains,
        domain_list: typed.domain_list,
        past_days: typed.past_days,
        future_days: typed.future_days,
        feed: typed.feed == Feed::Allowed,
    }
}

/// The form as the policy stands.
fn standing(policy: &Policy) -> Typed {
    Typed {
        detail_cap: policy.detail_cap,
        part2: policy.part2,
        providers: policy.providers.clone(),
        names_domains: policy.account_domains != Allowed::All,
        domain_list: named_domains(policy).join("\n"),
        past_days: policy.window.past_days().to_string(),
        future_days: policy.window.future_days().to_string(),
        feed: policy.feed,
    }
}

/// The form as it was sent.
fn typed(fields: &Fields, before: &Policy) -> Typed {
    let text = |name| fields.get(name).to_owned();
    Typed {
        detail_cap: detail(fields.get("detail_cap")).unwrap_or(before.detail_cap),
        part2: part2(fields),
        providers: providers(fields),
        names_domains: fields.get("domains") == "some",
        domain_list: text("domain_list"),
        past_days: text("past_days"),
        future_days: text("future_days"),
        feed: feed(fields),
    }
}

/// What would change, for the practice and for the calendars that are connected.
pub(crate) async fn preview(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let before = practice(&room, guest).await?;
    let wanted = match wanted(fields, &before.policy) {
        Ok(wanted) => wanted,
        Err(fault) => {
            let page = written(guest, &before, typed(fields, &before.policy));
            let page = Page { fault: Some(fault), ..page };
            return show_refused(&page.shell, &page);
        }
    };
    let effects = room.engine.policy_effects(&before.id, &wanted).await;
    let effects = effects.map_err(|error| Ending::of(error).to(guest).with_link(HOME, "Back"))?;
    let page = Preview {
        shell: guest.shell(),
        changes: changes(&before.policy, &wanted),
        effects: told_effects(&effects),
        fields: fields.only(&NAMES),
    };
    show(&page.shell, &page)
}

/// The yes.
pub(crate) async fn apply(State(room): State<Room>, posted: Posted) -> Result<Response, Ending> {
    let Posted { guest, fields } = &posted;
    let before = practice(&room, guest).await?;
    let wanted = wanted(fields, &before.policy)
        .map_err(|fault| Ending::invalid(fault).to(guest).with_link(HOME, "Back"))?;
    if fields.get("seen") != seen(&before) {
        return Err(Ending::changed_meanwhile().to(guest).with_link(HOME, "Look again"));
    }
    let admin = who(guest);
    let set = room.engine.set_policy(&before.id, &admin, before.set_at, |policy| {
        let attestations = std::mem::take(&mut policy.attestations);
        *policy = Policy { attestations, ..wanted.clone() };
    });
    refused(&room, guest, Doing::of(Deed::PolicyChanged), set.await, HOME).await?;
    Ok(to(&format!("{HOME}?saved")))
}

/// As it stands now, whatever this process remembers.
pub(super) async fn practice(room: &Room, guest: &Guest) -> Result<Practice, Ending> {
    guest.administers()?;
    room.engine.read_practice(&guest.practice.id).await.map_err(|error| Ending::of(error).to(guest))
}

fn seen(practice: &Practice) -> String {
    practice.set_at.map(|at| at.to_string()).unwrap_or_default()
}

fn named_domains(policy: &Policy) -> Vec<String> {
    match &policy.account_domains {
        Allowed::All => Vec::new(),
        Allowed::Only(domains) => domains.iter().cloned().collect(),
    }
}

/// The policy that the form says. Agreements have a page of their own.
fn wanted(fields: &Fields, before: &Policy) -> Result<Policy, &'static str> {
    let days = |name: &str| fields.get(name).parse::<u32>().ok();
    let window =
        days("past_days").zip(days("future_days")).and_then(|(past, future)| WindowDays::new(past, future));
    let account_domains = match fields.get("domains") {
        "some" => Allowed::Only(domains(fields.get("domain_list")).ok_or(
            "Write at most 200 domains, one on each line, such as clinic.example.org; at least one.",
        )?),
        "all" => Allowed::All,
        _ => return Err("Choose whose accounts may be connected."),
    };
    Ok(Policy {
        detail_cap: detail(fields.get("detail_cap")).ok_or("Choose the most that may be told.")?,
        part2: part2(fields),
        providers: providers(fields),
        account_domains,
        window: window.ok_or("The time range goes up to 3650 days back and from 1 to 1826 ahead.")?,
        feed: feed(fields),
        attestations: before.attestations.clone(),
    })
}

fn part2(fields: &Fields) -> Part2 {
    if fields.get("part2") == "yes" { Part2::Yes } else { Part2::No }
}

fn feed(fields: &Fields) -> Feed {
    if fields.get("feed") == "allowed" { Feed::Allowed } else { Feed::Forbidden }
}

fn providers(fields: &Fields) -> Allowed<Provider> {
    let words = fields.all("provider");
    let chosen: Vec<Provider> =
        PROVIDERS.iter().filter(|(_, word)| words.contains(word)).map(|(provider, _)| *provider).collect();
    if chosen.len() == PROVIDERS.len() { Allowed::All } else { Allowed::Only(chosen.into_iter().collect()) }
}

/// `None` where there are none, too many, or one that is no domain.
fn domains(text: &str) -> Option<std::collections::BTreeSet<String>> {
    let names: Vec<&str> =
        text.split(['\n', ',', ' ']).map(str::trim).filter(|name| !name.is_empty()).collect();
    let read: Option<std::collections::BTreeSet<String>> = names.into_iter().map(domain_of).collect();
    read.filter(|read| (1..=MOST_NAMES).contains(&read.len()))
}

/// A line for each part that would be another.
fn changes(before: &Policy, after: &Policy) -> Vec<String> {
    let line = |differs: bool, line: String| differs.then_some(line);
    let (past, future) = (after.window.past_days(), after.window.future_days());
    let lines = [
        line(
            before.detail_cap != after.detail_cap,
            format!(
                "The most that an appointment may tell: {} (so far: {}).",
                name(after.detail_cap),
                name(before.detail_cap)
            ),
        ),
        line(
            before.part2 != after.part2,
            match after.part2 {
                Part2::Yes => "42 CFR Part 2 applies: every entry says “Busy” and nothing else.",
                Part2::No => "42 CFR Part 2 no longer applies.",
            }
            .to_owned(),
        ),
        line(before.providers != after.providers, format!("May be connected: {}.", provider_names(after))),
        line(
            before.account_domains != after.account_domains,
            match &after.account_domains {
                Allowed::All => "Any account may be connected.".to_owned(),
                Allowed::Only(_) => {
                    format!("Only accounts of {} may be connected.", named_domains(after).join(", "))
                }
            },
        ),
        line(
            before.window != after.window,
            format!("The widest time range: {past} days back, {future} days ahead."),
        ),
        line(
            before.feed != after.feed,
            match after.feed {
                Feed::Allowed => "Clinicians may make a secret address to subscribe to.",
                Feed::Forbidden => {
                    "Clinicians may no longer make a secret address to subscribe to, and those that there are show nothing any more."
                }
            }
            .to_owned(),
        ),
    ];
    lines.into_iter().flatten().collect()
}

fn provider_names(policy: &Policy) -> String {
    let allowed = PROVIDERS.iter().filter(|(provider, _)| policy.providers.has(provider));
    let names: Vec<&str> = allowed.map(|(provider, _)| calendar(*provider)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn told_effects(effects: &Effects) -> Vec<String> {
    let of = |count: usize, what: &str| {
        let calendars = number(u64::try_from(count).unwrap_or(u64::MAX), "calendar", "calendars");
        (count > 0).then(|| format!("In {calendars} {what}"))
    };
    let lines = [
        of(effects.lowered, "every entry that was ever written is rewritten, and tells less."),
        of(effects.raised, "entries tell more, as far as the clinician has chosen it."),
        of(effects.narrowed, "entries outside the new time range are removed."),
        of(effects.widened, "entries come back, as far ahead and back as the clinician has chosen."),
        of(effects.unwanted, "the account is no longer one that you allow: its clinician is told."),
        (effects.closed_feeds > 0).then(|| {
            let feeds = u64::try_from(effects.closed_feeds).unwrap_or(u64::MAX);
            format!(
                "No longer updated: {} to a secret address.",
                number(feeds, "subscription", "subscriptions")
            )
        }),
    ];
    lines.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn domains_as_people_write_them() {
        for (text, expected) in [
            ("clinic.example", Some(vec!["clinic.example"])),
            (" A.example\r\nb.example, c.example. ", Some(vec!["a.example", "b.example", "c.example"])),
            ("", None),
            ("ada@clinic.example", None),
            ("https://clinic.example/", None),
        ] {
            let expected = expected.map(|all| all.into_iter().map(str::to_owned).collect());
            assert_eq!(domains(text), expected, "{text}");
        }
    }

    #[test]
    fn what_would_change_is_said() {
        let before = Policy::default();
        let after = Policy { detail_cap: Detail::Busy, feed: Feed::Forbidden, ..before.clone() };
        assert_eq!(
            changes(&before, &after),
            [
                "The most that an appointment may tell: Only that the clinician is busy (so far: Client, service and place).",
                "Clinicians may no longer make a secret address to subscribe to, and those that there are show nothing any more."
            ]
        );
        assert!(changes(&before, &before).is_empty());
        let effects = Effects { lowered: 1, unwanted: 2, closed_feeds: 3, ..Effects::default() };
        assert_eq!(
            told_effects(&effects),
            [
                "In 1 calendar every entry that was ever written is rewritten, and tells less.",
                "In 2 calendars the account is no longer one that you allow: its clinician is told.",
                "No longer updated: 3 subscriptions to a secret address."
            ]
        );
    }
}
