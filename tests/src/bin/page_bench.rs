//! What a page of Settings > Calendar Sync costs: CPU of the server, and bytes with its style, script and picture. At most
//! 5 ms and 100 KB are wanted. The EHR and the provider answer from other processes and are not counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::Path;

use daybook_tests::outside::browser::{Browser, Page, allow};
use daybook_tests::outside::cloud::{self, ADA, Provider};
use daybook_tests::outside::daybook::{Daybook, binary};
use daybook_tests::outside::ehr::Ehr;
use daybook_tests::outside::eventually;

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
    let browser = Browser::new();
    let connection = connect(&browser, &ehr.meter.url(), provider).await;
    let pages = ["", "/choices", "/leave", "/verify", "/week", "/review"];
    let pages = pages.map(|page| format!("{connection}{page}"));
    let more = ["/settings", "/settings/connect"].map(|page| format!("{}{page}", daybook.url));
    for page in pages.iter().chain(&more) {
        print!("| {provider} ");
        measure(&browser, &daybook, page).await;
    }
}

/// From the EHR's settings to a calendar that is in step; the address of its page.
async fn connect(browser: &Browser, ehr: &str, provider: &str) -> String {
    let page = browser.open(&format!("{ehr}/sandbox/ehr/settings")).await;
    let page = browser.press(&button(&page, "Open Calendar Sync"), "Open Calendar Sync").await;
    let page = browser.press(&page.form(), "Continue").await;
    let form = button(&page, "Continue to sign in").with("provider", provider);
    let page = browser.press(&form.with("direction", "two_way"), "Continue to sign in").await;
    let page = browser.press(&page.form(), "Continue to").await;
    // The browser stops at the border of a site.
    let page = allow(browser, browser.open(page.url.as_str()).await, ADA).await;
    let page = browser.open(page.url.as_str()).await;
    let connection = page.url.as_str().to_owned();
    let page = browser.follow(&page, "Yes, go on").await;
    let page = browser.press(&button(&page, "See what will happen"), "See what will happen").await;
    browser.press(&button(&page, "Start Sync"), "Start Sync").await;
    eventually("it is in step", || async { browser.open(&connection).await.text().contains("In step.") })
        .await;
    connection
}

fn button(page: &Page, words: &str) -> daybook_tests::outside::browser::Form {
    page.forms().into_iter().find(|form| form.has_button(words)).unwrap_or_else(|| panic!("{}", page.text()))
}

async fn measure(browser: &Browser, daybook: &Daybook, address: &str) {
    let page = browser.open(address).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let mut bytes = page.html.len();
    for part in page.parts() {
        bytes += browser.open(part.as_str()).await.html.len();
    }
    let before = daybook.usage().0;
    for _ in 0..TIMES {
        browser.open(address).await;
    }
    let spent = (daybook.usage().0 - before) * 1_000.0 / f64::from(TIMES);
    let kb = f64::from(u32::try_from(bytes).unwrap()) / 1_000.0;
    let short = address.rsplit_once("/connections/").map_or_else(
        || page.url.path().to_owned(),
        |(_, path)| path.split_once('/').map_or("connection".to_owned(), |(_, page)| page.to_owned()),
    );
    println!("| {short} | {spent:.2} | {:.2} | {kb:.1} | {:.2} |", spent / MS_WANTED, kb / KB_WANTED);
}
