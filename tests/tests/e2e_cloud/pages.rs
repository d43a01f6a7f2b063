//! What a page of Settings > Calendar Sync weighs, with everything that a browser loads with it.

use daybook_tests::outside::cloud::Provider;
use daybook_tests::outside::daybook::{Daybook, binary};
use daybook_tests::outside::pages::{Pages, weigh};

const MOST_BYTES: usize = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_with_all_its_parts_is_small() {
    let Some(binary) = binary() else { return };
    let data = tempfile::tempdir().unwrap();
    let daybook = Daybook::start(&binary, data.path(), &[]);
    let pages = Pages::open(&daybook.url, Provider::Google.word()).await;
    for (name, browser, way) in pages.all().await {
        let page = way.go(browser).await;
        assert!(!page.parts().is_empty(), "{name} has no style");
        let bytes = weigh(browser, &page).await;
        println!("{name}: {bytes} bytes");
        assert!(bytes <= MOST_BYTES, "{name} weighs {bytes} bytes");
    }
}
