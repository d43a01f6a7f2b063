//! What syncing costs at each kind of provider, beside what it should cost: requests of a first sync of 1,000 appointments, wall time, CPU
//! and peak memory; then requests of an idle run, of one changed appointment and of one event of the clinician's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]

mod caldav;
mod cloud;

use std::path::Path;

use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::daybook::binary;
use daybook_tests::outside::ehr::{Ehr, at};
use serde_json::json;

#[tokio::main]
async fn main() {
    let Some(binary) = binary() else {
        println!("the binary is missing: cargo build --profile ci");
        std::process::exit(2);
    };
    let number = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000);
    caldav::measure(&binary, number).await;
    for provider in Provider::BOTH {
        cloud::measure(&binary, provider, number).await;
    }
}

/// An EHR with so many appointments of one clinician, twenty a day.
async fn full_ehr(data: &Path, number: i64) -> Ehr {
    let ehr = Ehr::start(data).await;
    ehr.empty().await;
    // Nobody needs to be told of these.
    ehr.fhir("POST", "../control", Some(&json!({"hooks": "drop"}))).await;
    for n in 0..number {
        let (start, end) = (at(1 + n / 20, 360 + n % 20 * 50), at(1 + n / 20, 410 + n % 20 * 50));
        ehr.book(&format!("a{n}"), &start, &end).await;
    }
    ehr.fhir("POST", "../control", Some(&json!({"hooks": "deliver"}))).await;
    ehr
}
