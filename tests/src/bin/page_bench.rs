//! What a page of Settings > Calendar Sync costs: CPU of the server, and bytes with its style, script and picture. At most
//! 5 ms and 100 KB are wanted. The EHR and the provider answer from other processes and are not counted. Words after the
//! command keep to the pages that have one of them in their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::io::Write;
use std::path::Path;

use daybook_tests::outside::browser::Browser;
use daybook_tests::outside::cloud::{self, Provider};
use daybook_tests::outside::daybook::{Daybook, binary};
use daybook_tests::outside::ehr::Ehr;
use daybook_tests::outside::pages::{Pages, Way, weigh};

/// The sandbox's providers take six hundred requests a minute, and a week is read from each calendar.
const TIMES: u32 = 30;
/// Nothing else shall be going on.
const QUIET: [(&str, &str); 2] = [("DAYBOOK_SWEEP_SECONDS", "3600"), ("RUST_LOG", "warn")];
const MS_WANTED: f64 = 5.0;
const KB_WANTED: f64 = 100.0;

#[tokio::main]
async fn main() {
    let Some(binary) = binary() else {
        println!("the binary is missing: cargo build --profile ci");
        std::process::exit(2);
    };
    println!("| provider | page | ms of CPU | of {MS_WANTED} | KB in all | of {KB_WANTED} |");
    println!("|---|---|---|---|---|---|");
    for provider in Provider::BOTH {
        all_pages(&binary, provider.word()).await;
    }
}

async fn all_pages(binary: &Path, provider: &str) {
    let data = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [data, cloud_data, ehr_data] = data.each_ref().map(tempfile::TempDir::path);
    let (cloud, ehr) = (Daybook::start(binary, cloud_data, &QUIET), Ehr::start(ehr_data).await);
    let settings = [ehr.settings(), cloud::settings(&cloud.url)].concat();
    let settings: Vec<_> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).chain(QUIET).collect();
    let daybook = Daybook::start(binary, data, &settings);
    ehr.offer_calendar_sync(&daybook.url);
    let pages = Pages::open(&ehr.meter.url(), provider).await;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    for (name, browser, way) in pages.all().await.into_iter().filter(|(name, ..)| wanted(name)) {
        print!("| {provider} | {name} ");
        std::io::stdout().flush().unwrap();
        measure(&daybook, browser, &way).await;
    }
}

async fn measure(daybook: &Daybook, browser: &Browser, way: &Way) {
    let page = way.go(browser).await;
    let bytes = weigh(browser, &page).await;
    let before = daybook.usage().0;
    for _ in 0..TIMES {
        way.go(browser).await;
    }
    let spent = (daybook.usage().0 - before) * 1_000.0 / f64::from(TIMES);
    let kb = f64::from(u32::try_from(bytes).unwrap()) / 1_000.0;
    println!("| {spent:.2} | {:.2} | {kb:.1} | {:.2} |", spent / MS_WANTED, kb / KB_WANTED);
}
