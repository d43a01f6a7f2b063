//! How each provider writes scopes: what is asked, what a person may untick, what comes back.

use std::collections::BTreeSet;

use crate::cloud::Dialect;

const GOOGLE: &str = "https://www.googleapis.com/auth/";
const GRAPH: &str = "https://graph.microsoft.com/";

/// A scope as the provider itself writes it; `None` if it is no scope of this provider.
pub(super) fn canonical(dialect: Dialect, asked: &str) -> Option<String> {
    match (dialect, asked) {
        (_, "openid") => Some("openid".to_owned()),
        (Dialect::Google, "email") => Some(format!("{GOOGLE}userinfo.email")),
        (Dialect::Google, "profile") => Some(format!("{GOOGLE}userinfo.profile")),
        (Dialect::Google, _) => asked.starts_with(GOOGLE).then(|| asked.to_owned()),
        (Dialect::Microsoft, _) => {
            let short = asked.strip_prefix(GRAPH).unwrap_or(asked);
            let known = !short.is_empty() && !short.contains(['/', ':']);
            known.then(|| short.to_owned())
        }
    }
}

/// Does a scope only say who somebody is? Those have no box.
pub(super) fn is_identity(scope: &str) -> bool {
    let name = scope.strip_prefix(GOOGLE).unwrap_or(scope);
    matches!(name, "openid" | "userinfo.email" | "userinfo.profile" | "email" | "profile" | "offline_access")
}

/// What a token answer says of scopes: Microsoft adds who one is and leaves `offline_access` out.
pub(super) fn answered(dialect: Dialect, granted: &BTreeSet<String>) -> String {
    let mut words: Vec<&str> = granted.iter().map(String::as_str).collect();
    if dialect == Dialect::Microsoft {
        words.retain(|word| *word != "offline_access");
        if granted.contains("openid") {
            words.extend(["profile", "email"].into_iter().filter(|word| !granted.contains(*word)));
        }
    }
    words.join(" ")
}

/// What the consent page says a scope is for.
pub(super) fn meaning(scope: &str) -> &'static str {
    match scope.strip_prefix(GOOGLE).unwrap_or(scope) {
        "calendar" => "See, edit, share, and permanently delete all your calendars",
        "calendar.readonly" => "See and download any calendar you can access",
        "calendar.events" => "View and edit events on all your calendars",
        "calendar.events.readonly" => "View events on all your calendars",
        "calendar.events.owned" => "View and edit events on calendars you own",
        "calendar.events.owned.readonly" => "View events on calendars you own",
        "calendar.events.freebusy" => "See the availability on calendars you can access",
        "calendar.freebusy" => "View your availability in your calendars",
        "calendar.app.created" => "Make secondary calendars, and see and change their events",
        "calendar.acls.readonly" => "See the sharing permissions of calendars you own",
        "calendar.calendarlist" => "See, add, and remove calendars you are subscribed to",
        "calendar.calendarlist.readonly" => "See the list of calendars you are subscribed to",
        "Calendars.ReadWrite" => "Have full access to your calendars",
        "Calendars.Read" => "Read your calendars",
        "Calendars.ReadBasic" => "Read basic details of your calendars",
        "Calendars.ReadWrite.Shared" => "Read and write to your and shared calendars",
        "Calendars.Read.Shared" => "Read calendars you can access",
        "User.Read" => "Sign you in and read your profile",
        _ => "Something that this sandbox does not know",
    }
}
