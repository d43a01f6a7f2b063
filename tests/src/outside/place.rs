//! Where a story is played: the same stories are told of both deployments.

use std::path::Path;

use super::daybook::{Daybook, binary};
use super::ehr::Ehr;
use crate::aws::Stack;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// One process with everything in it.
    OneMachine,
    /// Functions behind an HTTP API, a queue and a schedule.
    Aws,
}

impl Place {
    /// Starts a Daybook that reads this EHR, which posts to its hook. `None` where what it needs is missing and nobody
    /// requires it.
    pub async fn open(self, data: &Path, ehr: &Ehr, more: &[(&str, &str)]) -> Option<Daybook> {
        let daybook = match self {
            Self::OneMachine => start(data, ehr, more)?,
            Self::Aws => Daybook::on_aws(Stack::open(data, &ehr.fhir_url(), more).await?),
        };
        ehr.hook(&daybook.url);
        Some(daybook)
    }
}

/// The program on this machine, with `data` as its folder.
pub fn start(data: &Path, ehr: &Ehr, more: &[(&str, &str)]) -> Option<Daybook> {
    let fhir = ehr.fhir_url();
    let own = [("DAYBOOK_EHR_FHIR_URL", fhir.as_str())];
    Some(Daybook::start(&binary()?, data, &[&own, more].concat()))
}
