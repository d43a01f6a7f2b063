//! Serves the sandbox EHR alone: `cargo run -p daybook-sandbox --example sandbox -- --help`.

use std::error::Error;
use std::path::PathBuf;

use daybook_sandbox::ehr::{HookTarget, Sandbox};
use jiff::Timestamp;

const HELP: &str = "\
Serves the sandbox EHR.
  --listen ADDR       where to listen (127.0.0.1:8790; port 0 picks one)
  --file FILE         the practice's file (sandbox-ehr.sqlite); made and filled if it is not there
  --hook URL          where to post what changed; needs --secret
  --secret WHSEC      the Standard Webhooks secret of the hook";

struct Options {
    listen: String,
    file: PathBuf,
    hook: Option<url::Url>,
    secret: String,
}

fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options {
        listen: "127.0.0.1:8790".to_owned(),
        file: "sandbox-ehr.sqlite".into(),
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
            "--file" => options.file = value.into(),
            "--hook" => options.hook = Some(value.parse()?),
            "--secret" => options.secret = value,
            _ => return Err(format!("{word} is not known").into()),
        }
    }
    Ok(Some(options))
}

#[expect(clippy::disallowed_methods, reason = "a program of its own has the machine's clock")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("{HELP}");
        return Ok(());
    };
    let sandbox = Sandbox::open(&options.file, Timestamp::now())?;
    if let Some(url) = options.hook {
        tokio::spawn(sandbox.clone().deliver_hooks(HookTarget::new(url, &options.secret)?));
    }
    let listener = tokio::net::TcpListener::bind(&options.listen).await?;
    println!("listening on http://{}/sandbox/ehr/", listener.local_addr()?);
    axum::serve(listener, sandbox.router()).await?;
    Ok(())
}
