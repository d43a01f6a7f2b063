//! What may be asked for: the bodies and queries of the API, and how they become settings. Bounds are checked
//! here; whether the account has such a calendar is for the engine to find out.

use daybook_core::connection::{BlockingCalendars, CalendarRef, MainCalendar, Settings, Start as StartWhen};
use daybook_core::ids::{CalendarId, PractitionerId};
use daybook_core::policy::Policy;
use daybook_core::window::WindowDays;
use daybook_doorway::{Fault, Problem};
use daybook_engine::command::Patch;
use daybook_engine::ports::Login;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use url::Url;
use utoipa::{IntoParams, ToSchema};

use crate::body::JsonBody;
use crate::words::{AgedOut, BlockScope, Detail, Direction, Mirrors, Provider, Start};

const DEFAULT_CALENDAR: &str = "Work schedule";
/// Four weeks, the most that Google takes.
const MOST_REMINDER_MINUTES: u32 = 40_320;
const MOST_NAME_CHARS: usize = 200;
const MOST_ID_CHARS: usize = 1_024;
const MOST_BLOCKING: usize = 100;

/// A connection to be made.
#[expect(clippy::option_option, reason = "absent leaves a setting as it is, `null` clears it")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConnectionBody {
    /// The clinician, by the EHR's id.
    #[schema(required, example = "prac-1")]
    #[serde(default, deserialize_with = "given")]
    practitioner_id: Option<String>,
    #[schema(required)]
    #[serde(default, deserialize_with = "given")]
    provider: Option<Provider>,
    #[serde(default, deserialize_with = "given")]
    direction: Option<Direction>,
    #[serde(default, deserialize_with = "given")]
    window: Option<WindowBody>,
    #[serde(default, deserialize_with = "given")]
    detail: Option<Detail>,
    /// `null`: write nothing.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MainCalendarBody>)]
    main_calendar: Option<Option<MainCalendarBody>>,
    /// Ids. Absent or `null` in two-way: the calendars that the account itself owns.
    blocking_calendars: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    aged_out: Option<AgedOut>,
    #[serde(default, deserialize_with = "given")]
    block_scope: Option<BlockScope>,
    /// `null`: explicitly none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, maximum = 40320)]
    reminder_minutes: Option<Option<u32>>,
    #[serde(default, deserialize_with = "given")]
    start: Option<Start>,
    /// For `caldav` only. Without it the connection is `authorising`, and its `authorise_url` leads to a page that
    /// asks the clinician to sign in.
    caldav: Option<CaldavBody>,
}

/// Settings to change; what is absent stays as it is.
#[expect(clippy::option_option, reason = "absent leaves a setting as it is, `null` clears it")]
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    #[serde(default, deserialize_with = "given")]
    direction: Option<Direction>,
    #[serde(default, deserialize_with = "given")]
    window: Option<WindowBody>,
    #[serde(default, deserialize_with = "given")]
    detail: Option<Detail>,
    /// `null`: write nothing.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<MainCalendarBody>)]
    main_calendar: Option<Option<MainCalendarBody>>,
    /// Ids. `null`: the calendars that the account itself owns.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    blocking_calendars: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    aged_out: Option<AgedOut>,
    #[serde(default, deserialize_with = "given")]
    block_scope: Option<BlockScope>,
    /// `null`: explicitly none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, maximum = 40320)]
    reminder_minutes: Option<Option<u32>>,
    /// Signs in again, to the same account.
    caldav: Option<CaldavBody>,
}

/// Whole days before and after today, in the practice's zone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowBody {
    /// By default 7, or as many as the practice allows.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = u32, maximum = 3650, default = 7)]
    past_days: Option<u32>,
    /// By default 365, or as many as the practice allows.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = u32, minimum = 1, maximum = 1826, default = 365)]
    future_days: Option<u32>,
}

/// Either `id`, a calendar of the account, or `create`, the name of one to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MainCalendarBody {
    id: Option<String>,
    create: Option<String>,
}

/// How to sign in to a CalDAV server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaldavBody {
    url: String,
    username: String,
    /// An app password where the server offers them.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Which connections to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those of this practitioner.
    pub practitioner_id: Option<String>,
}

/// How to disconnect.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DisconnectQuery {
    /// What becomes of the events that we wrote; `remove` if not said.
    pub mirrors: Option<Mirrors>,
}

/// A new connection as the engine takes it, before it is known whose practice it is in.
pub(crate) struct Wanted {
    pub practitioner: PractitionerId,
    pub provider: daybook_core::connection::Provider,
    pub settings: Settings,
    /// `None`: the clinician signs in later, on a page.
    pub login: Option<Login>,
}

/// Tells `null` from absent: whatever is there is `Some`, and `null` only where the inner type allows it.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// What a body asks for, or everything that is wrong with it.
pub(crate) fn wanted(body: JsonBody<NewConnectionBody>, policy: &Policy) -> Result<Wanted, Problem> {
    let JsonBody { read: body, mut faults } = body;
    let practitioner = required("/practitioner_id", body.practitioner_id, &mut faults);
    let practitioner = practitioner.and_then(|id| practitioner_id(&id, "/practitioner_id", &mut faults));
    let provider = required("/provider", body.provider, &mut faults);
    let login = body.caldav.and_then(|caldav| login(caldav, &mut faults));
    if login.is_some() && provider.is_some_and(|provider| provider != Provider::Caldav) {
        faults.push(no_password());
    }
    let start = body.start.map_or(StartWhen::default(), Into::into);
    let chosen = SettingsBody {
        direction: body.direction,
        window: body.window,
        detail: body.detail,
        main_calendar: body.main_calendar,
        blocking_calendars: Some(body.blocking_calendars),
        aged_out: body.aged_out,
        block_scope: body.block_scope,
        reminder_minutes: body.reminder_minutes,
        caldav: None,
    };
    let settings = fresh(read_settings(chosen, policy, &mut faults), start, policy);
    let (Some(practitioner), Some(provider), true) = (practitioner, provider, faults.is_empty()) else {
        return Err(Problem::invalid(faults));
    };
    Ok(Wanted { practitioner, provider: provider.into(), settings, login })
}

/// Where somebody gives a password that nobody asks for.
pub(crate) fn no_password() -> Fault {
    fault("/caldav", "only for the provider `caldav`; the others ask for the password on their own pages")
}

/// A change of settings, a new sign-in, or both.
pub(crate) struct Change {
    pub patch: Patch,
    pub login: Option<Login>,
}

/// What a body changes, or everything that is wrong with it.
pub(crate) fn change(body: JsonBody<SettingsBody>, policy: &Policy) -> Result<Change, Problem> {
    let JsonBody { mut read, mut faults } = body;
    let login = read.caldav.take().and_then(|caldav| login(caldav, &mut faults));
    let patch = read_settings(read, policy, &mut faults);
    if faults.is_empty() { Ok(Change { patch, login }) } else { Err(Problem::invalid(faults)) }
}

/// The practitioner that a query names.
pub(crate) fn listed(query: ListQuery) -> Result<Option<PractitionerId>, Problem> {
    let mut faults = Vec::new();
    let practitioner =
        query.practitioner_id.and_then(|id| practitioner_id(&id, "?practitioner_id", &mut faults));
    if faults.is_empty() { Ok(practitioner) } else { Err(Problem::invalid(faults)) }
}

fn fresh(patch: Patch, start: StartWhen, policy: &Policy) -> Settings {
    Settings {
        direction: patch.direction.unwrap_or_default(),
        window: patch.window.unwrap_or_else(|| policy.default_window()),
        detail: patch.detail.unwrap_or_default(),
        main_calendar: patch.main_calendar.unwrap_or_else(|| MainCalendar::Create(DEFAULT_CALENDAR.into())),
        blocking_calendars: patch.blocking_calendars.unwrap_or(BlockingCalendars::Owned),
        aged_out: patch.aged_out.unwrap_or_default(),
        block_scope: patch.block_scope.unwrap_or_default(),
        reminder_minutes: patch.reminder_minutes.flatten(),
        start,
    }
}

fn read_settings(body: SettingsBody, policy: &Policy, faults: &mut Vec<Fault>) -> Patch {
    Patch {
        direction: body.direction.map(Into::into),
        window: body.window.and_then(|window| window_days(&window, policy, faults)),
        detail: body.detail.map(Into::into),
        main_calendar: body.main_calendar.and_then(|main| main_calendar(main, faults)),
        blocking_calendars: body.blocking_calendars.and_then(|ids| blocking_calendars(ids, faults)),
        aged_out: body.aged_out.map(Into::into),
        block_scope: body.block_scope.map(Into::into),
        reminder_minutes: body.reminder_minutes.and_then(|minutes| reminder(minutes, faults)),
    }
}

fn required<T>(pointer: &str, value: Option<T>, faults: &mut Vec<Fault>) -> Option<T> {
    let told = faults.iter().any(|fault| fault.pointer.starts_with(pointer));
    if value.is_none() && !told {
        faults.push(fault(pointer, "is required"));
    }
    value
}

/// FHIR ids, and the underscore that some EHRs add: fit for a URL as they are.
pub(crate) fn practitioner_id(id: &str, pointer: &str, faults: &mut Vec<Fault>) -> Option<PractitionerId> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let fits = (1..=64).contains(&id.len()) && id.chars().all(plain);
    if !fits {
        faults.push(fault(pointer, "expected 1 to 64 letters, digits, `-`, `.` or `_`"));
    }
    fits.then(|| PractitionerId::new(id))
}

fn window_days(window: &WindowBody, policy: &Policy, faults: &mut Vec<Fault>) -> Option<WindowDays> {
    let usual = policy.default_window();
    let past_days = window.past_days.unwrap_or(usual.past_days().into());
    let future_days = window.future_days.unwrap_or(usual.future_days().into());
    let days = WindowDays::new(past_days, future_days);
    if days.is_none() {
        let past = WindowDays::new(past_days, 1).is_none();
        let future = WindowDays::new(0, future_days).is_none();
        faults.extend(past.then(|| fault("/window/past_days", "expected 0 to 3650")));
        faults.extend(future.then(|| fault("/window/future_days", "expected 1 to 1826")));
    }
    days
}

fn main_calendar(body: Option<MainCalendarBody>, faults: &mut Vec<Fault>) -> Option<MainCalendar> {
    match body.map(|body| (body.id, body.create)) {
        None => Some(MainCalendar::None),
        Some((Some(id), None)) => calendar(&id, "/main_calendar/id", faults).map(MainCalendar::Existing),
        Some((None, Some(name))) => {
            let name = name.trim();
            if !is_name(name) {
                faults.push(fault("/main_calendar/create", "expected a name of 1 to 200 characters"));
            }
            Some(MainCalendar::Create(name.to_owned()))
        }
        Some((None, None) | (Some(_), Some(_))) => {
            faults.push(fault("/main_calendar", "expected either `id` or `create`"));
            None
        }
    }
}

fn blocking_calendars(ids: Option<Vec<String>>, faults: &mut Vec<Fault>) -> Option<BlockingCalendars> {
    let Some(ids) = ids else { return Some(BlockingCalendars::Owned) };
    if ids.len() > MOST_BLOCKING {
        faults.push(fault("/blocking_calendars", "expected at most 100 calendars"));
        return None;
    }
    let mut chosen: Vec<CalendarRef> = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let pointer = format!("/blocking_calendars/{index}");
        if chosen.iter().any(|calendar| calendar.id.as_str() == id) {
            faults.push(fault(&pointer, "named twice"));
        }
        chosen.extend(calendar(id, &pointer, faults));
    }
    Some(BlockingCalendars::Chosen(chosen))
}

/// A calendar by its id; the engine fills in its name.
fn calendar(id: &str, pointer: &str, faults: &mut Vec<Fault>) -> Option<CalendarRef> {
    let fits = !id.is_empty() && id.len() <= MOST_ID_CHARS && !id.contains(char::is_control);
    if !fits {
        faults.push(fault(pointer, "expected a calendar's id"));
    }
    fits.then(|| CalendarRef { id: CalendarId::new(id), name: String::new() })
}

#[expect(clippy::option_option, reason = "absent leaves a setting as it is, `null` clears it")]
fn reminder(minutes: Option<u32>, faults: &mut Vec<Fault>) -> Option<Option<u32>> {
    if minutes.is_some_and(|minutes| minutes > MOST_REMINDER_MINUTES) {
        faults.push(fault("/reminder_minutes", "expected 0 to 40320, or null"));
        return None;
    }
    Some(minutes)
}

fn login(body: CaldavBody, faults: &mut Vec<Fault>) -> Option<Login> {
    let before = faults.len();
    if !is_server(&body.url) {
        faults.push(fault("/caldav/url", "expected an http or https URL without user and password"));
    }
    if !is_name(&body.username) {
        faults.push(fault("/caldav/username", "expected 1 to 200 characters"));
    }
    let password = body.password.expose_secret();
    if password.is_empty() || password.len() > MOST_ID_CHARS || password.contains(char::is_control) {
        faults.push(fault("/caldav/password", "expected 1 to 1024 characters"));
    }
    let CaldavBody { url, username, password } = body;
    (faults.len() == before).then_some(Login { url, username, password })
}

fn is_server(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= MOST_NAME_CHARS && !name.contains(char::is_control)
}

fn fault(pointer: &str, detail: &str) -> Fault {
    Fault { pointer: pointer.to_owned(), detail: detail.to_owned() }
}
