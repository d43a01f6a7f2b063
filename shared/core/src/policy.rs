//! What a practice allows, and what follows from it for one connection: the detail in force and why it is no more.
//! It compares levels, names and times; whoever asks brings the clock, and carries out what follows.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::connection::Provider;
use crate::detail::{Cap, Detail, Part2};
use crate::window::WindowDays;

/// What a practice allows its clinicians.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    pub detail_cap: Detail,
    pub part2: Part2,
    pub providers: Allowed<Provider>,
    /// In lower case, as [`AccountHome::domain`].
    pub account_domains: Allowed<String>,
    /// The widest window that may be chosen.
    pub window: WindowDays,
    pub feed: Feed,
    /// At most one a domain.
    pub attestations: Vec<Attestation>,
}

/// Nothing is forbidden, and nothing is attested: no account is told more than that there is an appointment.
impl Default for Policy {
    fn default() -> Self {
        Self {
            detail_cap: Detail::Full,
            part2: Part2::No,
            providers: Allowed::All,
            account_domains: Allowed::All,
            window: WindowDays::WIDEST,
            feed: Feed::Allowed,
            attestations: Vec::new(),
        }
    }
}

/// Everything, or only what is named.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Allowed<T> {
    #[default]
    All,
    Only(BTreeSet<T>),
}

impl<T: Ord> Allowed<T> {
    pub fn has<Q: Ord + ?Sized>(&self, one: &Q) -> bool
    where
        T: std::borrow::Borrow<Q>,
    {
        match self {
            Allowed::All => true,
            Allowed::Only(named) => named.contains(one),
        }
    }
}

/// Whether clinicians may make a read-only feed, whose address is its only lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Feed {
    #[default]
    Allowed,
    Forbidden,
}

/// Somebody's word that an agreement covers patient data in the accounts of one domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attestation {
    /// In lower case, as [`AccountHome::domain`].
    pub domain: String,
    /// Who gives their word, by name.
    pub attested_by: String,
    /// Which version of the text they agreed to.
    pub text_version: u32,
    pub given_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Attestation {
    /// The version of the text that our pages show.
    pub const TEXT_VERSION: u32 = 1;

    pub fn holds(&self, now: Timestamp) -> bool {
        self.given_at <= now && now < self.expires_at
    }
}

/// Whose an account is: who holds what is written there, and so which agreement could cover it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountHome {
    pub kind: AccountKind,
    /// The organisation's domain, the mail provider's, or the calendar server's name; in lower case.
    pub domain: String,
}

impl AccountHome {
    pub fn new(kind: AccountKind, domain: &str) -> Self {
        Self { kind, domain: domain.trim().trim_end_matches('.').to_lowercase() }
    }

    /// A home by what stands behind the `@` of an address.
    pub fn of_address(kind: AccountKind, address: &str) -> Self {
        Self::new(kind, address.rsplit_once('@').map_or(address, |(_, domain)| domain))
    }
}

/// What kind of account it is, as far as it limits the detail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccountKind {
    /// An organisation's, at a provider that signs agreements with organisations.
    Organisation,
    /// A private person's, which no agreement covers.
    Private,
    /// Apple's terms forbid patient data, and Apple signs no agreement.
    Icloud,
    /// A calendar server of which we know nothing but its name: only the practice can know who runs it.
    Server,
}

impl AccountKind {
    /// Whether there can be an agreement for such an account.
    fn can_be_covered(self) -> bool {
        match self {
            AccountKind::Organisation | AccountKind::Server => true,
            AccountKind::Private | AccountKind::Icloud => false,
        }
    }
}

/// Who can see what stands in a calendar, as far as its provider tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// The clinician alone.
    Own,
    /// Others with them.
    Shared,
    /// Anybody.
    Public,
    /// The account no longer lists it, or its provider does not say, so nobody can tell.
    Unknown,
}

/// Somebody beside its owner who may look into a calendar, in the words of any provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Onlooker {
    pub who: Who,
    pub sees: Sees,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// A person, a group, an organisation.
    Some,
    /// Whoever knows the address.
    Everybody,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sees {
    /// When its owner is busy.
    Times,
    /// What for.
    Details,
}

/// Where a calendar that the account owns comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// We made it, and have shared it with nobody.
    Made,
    /// It was there before.
    Chosen,
}

impl Audience {
    /// Of a calendar that the account owns; `onlookers` is `None` where the provider does not say. Whoever sees nothing but
    /// times sees no more than `Busy` tells.
    pub fn of(onlookers: Option<&[Onlooker]>, origin: Origin) -> Self {
        let Some(onlookers) = onlookers else {
            return match origin {
                Origin::Made => Self::Own,
                Origin::Chosen => Self::Unknown,
            };
        };
        let mut looking = onlookers.iter().filter(|one| one.sees == Sees::Details).map(|one| one.who);
        match (looking.clone().any(|who| who == Who::Everybody), looking.next()) {
            (true, _) => Self::Public,
            (false, Some(_)) => Self::Shared,
            (false, None) => Self::Own,
        }
    }
}

/// What a connection is tied to, as far as it limits the detail.
#[derive(Clone, Copy, Debug)]
pub struct Tie<'a> {
    pub provider: Provider,
    /// `None` until somebody has signed in.
    pub home: Option<&'a AccountHome>,
    /// Of the main calendar; `None` where there is none, or it is still to be made.
    pub audience: Option<Audience>,
    pub now: Timestamp,
}

/// Why a connection may not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    Provider,
    Domain,
}

impl Policy {
    /// The level in force, and what lowered it, if anything did. The lowest cap counts; of equal ones the first, in order
    /// of how little the clinician can do about it.
    pub fn effective(&self, wanted: Detail, tie: &Tie<'_>) -> (Detail, Option<Cap>) {
        let caps = [
            (self.part2 == Part2::Yes).then_some((Detail::Busy, Cap::Part2)),
            self.refuses(tie.provider, tie.home).map(|_| (Detail::Busy, Cap::NotAllowed)),
            Some((self.detail_cap, Cap::Practice)),
            self.account_cap(tie),
            audience_cap(tie.audience),
        ];
        caps.into_iter().flatten().fold((wanted, None), |(level, why), (cap, who)| {
            if cap < level { (cap, Some(who)) } else { (level, why) }
        })
    }

    /// The window of who asks for none.
    pub fn default_window(&self) -> WindowDays {
        WindowDays::default().within(self.window)
    }

    /// Why no connection to such an account may be made, if none may. One that exists goes on at `busy`: to stop it would
    /// leave its times open or closed for reasons that no longer hold.
    pub fn refuses(&self, provider: Provider, home: Option<&AccountHome>) -> Option<Refusal> {
        if !self.providers.has(&provider) {
            return Some(Refusal::Provider);
        }
        let is_foreign = home.is_some_and(|home| !self.account_domains.has(home.domain.as_str()));
        is_foreign.then_some(Refusal::Domain)
    }

    /// When the level may next fall by itself: an attestation on which it rests ends.
    pub fn next_expiry(&self, tie: &Tie<'_>) -> Option<Timestamp> {
        self.attestation(tie.home?).filter(|given| given.holds(tie.now)).map(|given| given.expires_at)
    }

    fn account_cap(&self, tie: &Tie<'_>) -> Option<(Detail, Cap)> {
        let at_most = |cap| Some((Detail::Appointment, cap));
        // Who has not signed in has an account all the same; it may be any.
        let Some(home) = tie.home else { return at_most(Cap::NoAgreement) };
        match self.attestation(home) {
            _ if !home.kind.can_be_covered() => at_most(Cap::Account),
            None => at_most(Cap::NoAgreement),
            Some(given) if given.holds(tie.now) => None,
            Some(_) => at_most(Cap::AgreementOver),
        }
    }

    fn attestation(&self, home: &AccountHome) -> Option<&Attestation> {
        self.attestations.iter().find(|given| given.domain == home.domain)
    }
}

fn audience_cap(audience: Option<Audience>) -> Option<(Detail, Cap)> {
    match audience {
        None | Some(Audience::Own) => None,
        Some(Audience::Shared) => Some((Detail::Busy, Cap::SharedCalendar)),
        Some(Audience::Public) => Some((Detail::Busy, Cap::PublicCalendar)),
        Some(Audience::Unknown) => Some((Detail::Busy, Cap::UnknownAudience)),
    }
}

#[cfg(test)]
mod tests;
