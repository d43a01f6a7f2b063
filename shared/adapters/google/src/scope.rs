//! Google's permissions ("scopes"), and what they come to in our words. The table of scopes and methods is Google's
//! reference, method by method.

use daybook_core::access::{Access, Reads, Writes};

const OPENID: &str = "openid";
const EMAIL: &str = "email";
const EVERYTHING: &str = "https://www.googleapis.com/auth/calendar";
const EVERYTHING_READ: &str = "https://www.googleapis.com/auth/calendar.readonly";
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
const EVENTS_READ: &str = "https://www.googleapis.com/auth/calendar.events.readonly";
const MADE: &str = "https://www.googleapis.com/auth/calendar.app.created";
const LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist";
const LIST_READ: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
const SHARING: &str = "https://www.googleapis.com/auth/calendar.acls.readonly";
const FREE_BUSY: &str = "https://www.googleapis.com/auth/calendar.freebusy";

/// What to ask a person for. Whoever may write everywhere may also make a calendar, which `calendar.events` alone
/// does not allow.
pub fn scopes(access: Access) -> Vec<&'static str> {
    let mut scopes = vec![OPENID, EMAIL, LIST_READ];
    if access.writes != Writes::Nothing {
        // With whom the main calendar is shared. Whoever leaves it unticked may do everything, and is told less there.
        scopes.push(SHARING);
    }
    match access.writes {
        Writes::Nothing => {}
        Writes::OwnCalendars => scopes.push(MADE),
        Writes::AllCalendars => scopes.extend([MADE, EVENTS]),
    }
    if access.reads == Reads::Events {
        if access.writes != Writes::AllCalendars {
            scopes.push(EVENTS_READ);
        }
        scopes.push(FREE_BUSY);
    }
    scopes
}

/// What was allowed: a person may leave boxes unticked, and the sign-in succeeds all the same. Without the list of
/// calendars nothing works, and whoever may write everywhere but make no calendar may do less than was asked for.
pub fn access(scopes: &[String]) -> Access {
    let has = |wanted: &[&str]| scopes.iter().any(|scope| wanted.contains(&scope.as_str()));
    let writes = match (has(&[EVERYTHING, MADE]), has(&[EVERYTHING, EVENTS])) {
        (true, true) => Writes::AllCalendars,
        (true, false) => Writes::OwnCalendars,
        (false, _) => Writes::Nothing,
    };
    let reads = if !has(&[EVERYTHING, EVERYTHING_READ, LIST, LIST_READ]) {
        Reads::Nothing
    } else if has(&[EVERYTHING, EVERYTHING_READ, EVENTS, EVENTS_READ]) {
        Reads::Events
    } else {
        Reads::Names
    };
    Access { writes, reads }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(scopes: &[&str]) -> Access {
        access(&scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_for_and_granted_covers_what_is_needed() {
        for writes in [Writes::Nothing, Writes::OwnCalendars, Writes::AllCalendars] {
            for reads in [Reads::Names, Reads::Events] {
                let needed = Access { writes, reads };
                assert!(granted(&scopes(needed)).covers(needed), "{needed:?}");
            }
        }
    }

    #[test]
    fn an_unticked_list_of_calendars_covers_nothing() {
        for writes in [Writes::Nothing, Writes::OwnCalendars, Writes::AllCalendars] {
            for reads in [Reads::Names, Reads::Events] {
                let needed = Access { writes, reads };
                let mut ticked = scopes(needed);
                ticked.retain(|scope| *scope != LIST_READ);
                let least = Access { writes: Writes::Nothing, reads: Reads::Names };
                assert!(!granted(&ticked).covers(least), "{needed:?}");
            }
        }
        assert!(
            !granted(&[LIST_READ, EVENTS])
                .covers(Access { writes: Writes::OwnCalendars, reads: Reads::Names })
        );
    }

    #[test]
    fn the_least_is_asked_for() {
        let own = Access { writes: Writes::OwnCalendars, reads: Reads::Names };
        assert_eq!(scopes(own), [OPENID, EMAIL, LIST_READ, SHARING, MADE]);
        let two_way = Access { writes: Writes::OwnCalendars, reads: Reads::Events };
        assert_eq!(scopes(two_way), [OPENID, EMAIL, LIST_READ, SHARING, MADE, EVENTS_READ, FREE_BUSY]);
        assert_eq!(scopes(Access::ALL), [OPENID, EMAIL, LIST_READ, SHARING, MADE, EVENTS, FREE_BUSY]);
    }

    #[test]
    fn unticked_boxes_are_noticed() {
        let access = |writes, reads| Access { writes, reads };
        for (scopes, expected) in [
            (vec![OPENID, LIST_READ], access(Writes::Nothing, Reads::Names)),
            (vec![LIST_READ, MADE, FREE_BUSY], access(Writes::OwnCalendars, Reads::Names)),
            (vec![LIST, EVENTS_READ], access(Writes::Nothing, Reads::Events)),
            (vec![LIST_READ, EVENTS], access(Writes::Nothing, Reads::Events)),
            (vec![LIST_READ, MADE, EVENTS], Access::ALL),
            (vec![EVERYTHING], Access::ALL),
            (vec![EVERYTHING_READ], access(Writes::Nothing, Reads::Events)),
            (vec![MADE, EVENTS, FREE_BUSY], access(Writes::AllCalendars, Reads::Nothing)),
            (vec!["https://www.googleapis.com/auth/userinfo.email", ""], granted(&[])),
        ] {
            assert_eq!(granted(&scopes), expected, "{scopes:?}");
        }
    }
}
