//! Where a story is played: the same stories are told of both deployments.

use std::path::Path;

use super::browser::Browser;
use super::cloud;
use super::daybook::{Daybook, binary};
use super::ehr::Ehr;
use super::town::Town;
use crate::aws::Stack;
use crate::canary::words::level_of_stories;

/// What notices are signed with.
pub const NOTICE_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// Whose accounts an agreement covers, so that every level is in force: all that stories connect.
const COVERED: [&str; 2] = ["clinic.example", "127.0.0.1"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// One process with everything in it.
    OneMachine,
    /// Functions behind an HTTP API, a queue and a schedule.
    Aws,
}

impl Place {
    /// Starts a Daybook that reads this EHR, which posts to its hook, leads people to it and takes its notices. `more` are
    /// variables; on AWS those without an underscore are parameters of the template. `None` where what it needs is missing and nobody requires it.
    pub async fn open(self, data: &Path, ehr: &Ehr, more: &[(&str, &str)]) -> Option<Daybook> {
        let town = Town::open().await;
        ehr.offer_calendar_sync(&town.url);
        let settings = self.settings(&town, ehr);
        let own = settings.iter().map(|(name, value)| (*name, value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        let mut daybook = match self {
            Self::OneMachine => Daybook::start_in(town, &binary()?, data, &all),
            Self::Aws => {
                let stack = Stack::open(&town, &ehr.fhir_url(), &all).await?;
                Daybook::on_aws(town, stack)
            }
        };
        put_agreements_on_record(ehr, &daybook.url).await;
        daybook.tell(level_of_stories());
        ehr.hook(&daybook.url);
        Some(daybook)
    }

    fn settings(self, town: &Town, ehr: &Ehr) -> Vec<(&'static str, String)> {
        let (mailbox, secret) = (town.mailbox(), NOTICE_SECRET.to_owned());
        match self {
            Self::OneMachine => {
                let public = ("DAYBOOK_PUBLIC_URL", town.url.clone());
                let notices = [("DAYBOOK_NOTICE_URL", mailbox), ("DAYBOOK_NOTICE_SECRET", secret)];
                let (ehr, cloud) = (ehr.settings(), cloud::settings(&town.url));
                ehr.into_iter().chain(cloud).chain(notices).chain([public]).collect()
            }
            // Parameters of the template.
            Self::Aws => {
                let launch = ehr.launches();
                vec![
                    ("NoticeUrl", mailbox),
                    ("NoticeSecret", secret),
                    ("LaunchIssuer", launch.issuer.to_owned()),
                    ("LaunchJwks", launch.keys),
                    ("LaunchReturnUrls", launch.return_url.to_owned()),
                ]
            }
        }
    }
}

/// The practice's administrator says that there are agreements, on the page for it.
async fn put_agreements_on_record(ehr: &Ehr, daybook: &str) {
    let browser = Browser::new();
    ehr.launch(&browser, "Open as the practice's administrator").await;
    let mut page = browser.open(&format!("{daybook}/settings/practice/agreements")).await;
    for domain in COVERED {
        let form = page.form_with("Put on record").with("domain", domain).with("attested_by", "Avery Admin");
        page = browser.press(&form.with("confirmed", "yes"), "Put on record").await;
        page.says(&[domain]);
    }
}
