//! Serves the sandbox alone: `cargo run -p daybook-sandbox --example sandbox -- --help`.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use daybook_sandbox::caldav::{self, CalDav};
use daybook_sandbox::cloud::{HttpCaller, Opening};
use daybook_sandbox::ehr::{HookTarget, Sandbox};
use daybook_sandbox::google::{self, Google};
use daybook_sandbox::microsoft::{self, Microsoft};
use jiff::Timestamp;
use url::Url;

const HELP: &str = "\
Serves the sandbox: an EHR, Google, Microsoft, a CalDAV server.
  --listen ADDR       where to listen (127.0.0.1:8790; port 0 picks one)
  --folder FOLDER     where their files are kept (.sandbox); made and filled if they are not there
  --hook URL          where the EHR posts what changed; needs --secret
  --secret WHSEC      the Standard Webhooks secret of the hook";

struct Options {
    listen: String,
    folder: PathBuf,
    hook: Option<Url>,
    secret: String,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        listen: "127.0.0.1:8790".to_owned(),
        folder: ".sandbox".into(),
        hook: None,
        secret: String::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--help" {
            return Ok(None);
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--listen" => options.listen = value,
            "--folder" => options.folder = value.into(),
            "--hook" => options.hook = Some(value.parse()?),
            "--secret" => options.secret = value,
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    Ok(Some(options))
}

#[expect(clippy::disallowed_methods, reason = "a program of its own has the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The EHR, which posts to the hook if there is one.
fn ehr(options: &Options) -> Result<Router, Box<dyn Error>> {
    let ehr = Sandbox::open(&options.folder.join("ehr.sqlite"), now())?;
    if let Some(url) = options.hook.clone() {
        tokio::spawn(ehr.clone().deliver_hooks(HookTarget::new(url, &options.secret)?));
    }
    Ok(ehr.router())
}

/// Google and Microsoft, which post to whoever subscribes.
fn clouds(options: &Options, origin: &str) -> Result<Router, Box<dyn Error>> {
    let caller = Arc::new(HttpCaller::new()?);
    let opening = |mount: &str, file: &str| -> Result<Opening, url::ParseError> {
        Ok(Opening {
            file: Some(options.folder.join(file)),
            base: Url::parse(&format!("{origin}{mount}"))?,
            clock: Arc::new(now),
            caller: caller.clone(),
        })
    };
    let google = Google::open(opening(google::MOUNT, "google.sqlite")?)?;
    let microsoft = Microsoft::open(opening(microsoft::MOUNT, "microsoft.sqlite")?)?;
    tokio::spawn(google.cloud().clone().deliver());
    tokio::spawn(microsoft.cloud().clone().deliver());
    Ok(google.router().merge(microsoft.router()))
}

fn caldav(options: &Options) -> Result<Router, Box<dyn Error>> {
    let server = CalDav::open(caldav::Opening {
        file: Some(options.folder.join("caldav.sqlite")),
        clock: Arc::new(now),
        furnishing: caldav::Furnishing::Lived,
    })?;
    Ok(server.router())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("{HELP}");
        return Ok(());
    };
    std::fs::create_dir_all(&options.folder)?;
    let listener = tokio::net::TcpListener::bind(&options.listen).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let router = ehr(&options)?.merge(clouds(&options, &origin)?).merge(caldav(&options)?);
    for mount in [daybook_sandbox::ehr::MOUNT, google::MOUNT, microsoft::MOUNT, caldav::MOUNT] {
        println!("listening on {origin}{mount}/");
    }
    axum::serve(listener, router).await?;
    Ok(())
}
