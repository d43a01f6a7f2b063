//! The parts that a function may be put together from. A part is named by the function that has it and comes with the code
//! that builds it, so that a program holds only what it may reach, and starts the faster for it.

use std::sync::Arc;

use daybook_core::connection::Provider;
use daybook_ehr::{EhrDirectory, FhirConfig};
use daybook_engine::ports::{Courier, Ehrs};
use daybook_http::{Transport, Web};
use daybook_notices::{NoticeSecret, Post};
use daybook_queue::SqsQueue;
use daybook_secrets::{AwsVault, Secrets};
use futures_util::FutureExt;
use url::Url;

use crate::config::{Config, Kind};
use crate::house::Ground;
use crate::letters::{Letter, Letters};
use crate::providers::{Calendars, Ways};
use crate::start::{StartError, failed};

/// What a function may reach beside the table. Its role allows no more.
#[derive(Clone, Copy)]
pub struct Part {
    pub(crate) kind: Kind,
    pub(crate) lay: fn(&mut Ground) -> Result<(), StartError>,
}

impl Part {
    /// Where requests to sync are left.
    pub const QUEUE: Part = Part {
        kind: Kind::Queue,
        lay: |ground| {
            queue(ground);
            Ok(())
        },
    };
    /// Connections' credentials and the practice's key.
    pub const VAULT: Part = Part {
        kind: Kind::Vault,
        lay: |ground| {
            vault(ground);
            Ok(())
        },
    };
    /// Google, Microsoft and CalDAV servers, as this deployment is registered there.
    pub const CALENDARS: Part = Part { kind: Kind::Calendars, lay: calendars };
    /// The practice's EHR.
    pub const EHR: Part = Part { kind: Kind::Ehr, lay: ehr };
    /// The way to whom notices are posted.
    pub const COURIER: Part = Part { kind: Kind::Courier, lay: courier };
    /// The keys that open the API.
    pub const API_KEYS: Part = Part {
        kind: Kind::ApiKeys,
        lay: |ground| {
            want(ground, Letter::ApiKeys);
            Ok(())
        },
    };
    /// The keys of whoever runs the platform, which open what holds for a practice.
    pub const PLATFORM_KEYS: Part = Part {
        kind: Kind::PlatformKeys,
        lay: |ground| {
            want(ground, Letter::PlatformKeys);
            Ok(())
        },
    };
    /// What the EHR signs its hooks with.
    pub const HOOK_SECRETS: Part = Part {
        kind: Kind::HookSecrets,
        lay: |ground| {
            want(ground, Letter::HookSecrets);
            Ok(())
        },
    };
}

fn courier(ground: &mut Ground) -> Result<(), StartError> {
    // What the configuration names may be inside; an address that is set later must be public.
    let named = ground.config.practice.notices_to.as_deref().and_then(place_of).unwrap_or_default();
    let allow = named.parse().map_err(failed("the address for notices cannot be used"))?;
    let post = Post::new(allow).map_err(failed("notices cannot be posted"))?;
    ground.courier = Some(Box::new(move |config: &Config, letters: &Letters| {
        let secrets = letters.notice_secrets()?.iter().map(NoticeSecret::parse).collect::<Result<_, _>>();
        let secrets = secrets.map_err(failed("a secret for notices cannot be used"))?;
        post.sign_with(config.practice.id.clone(), secrets);
        Ok(Arc::new(post.clone()) as Arc<dyn Courier>)
    }));
    want(ground, Letter::NoticeSecrets);
    Ok(())
}

/// `host:port`
fn place_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

fn queue(ground: &mut Ground) {
    if let Some(url) = &ground.config.queue_url {
        let queue = SqsQueue::new(aws_sdk_sqs::Client::new(&ground.sdk), url);
        ground.queue = Arc::new(queue.clone());
        ground.received_from = Some(queue);
    }
}

fn vault(ground: &mut Ground) {
    if let (Some(secrets), Some(given)) = (secrets(ground), &ground.config.secrets) {
        ground.vault = Arc::new(AwsVault::new(secrets, Arc::new(ground.table.clone()), given.token_store));
    }
}

fn calendars(ground: &mut Ground) -> Result<(), StartError> {
    let Some(given) = &ground.config.calendars else { return Ok(()) };
    let registered = [(Provider::Google, Letter::Google), (Provider::Microsoft, Letter::Microsoft)]
        .map(|(provider, letter)| given.of(provider).map(|_| letter));
    let (ways, clock) = (Ways::new(given, &ground.clock)?, ground.clock.clone());
    ground.calendars = Some(Box::new(move |config: &Config, letters: &Letters| {
        let connect = |given| Calendars::connect(given, &ways, letters, &clock);
        config.calendars.as_ref().map_or_else(|| Ok(Calendars::default()), connect)
    }));
    registered.into_iter().flatten().for_each(|letter| want(ground, letter));
    Ok(())
}

fn ehr(ground: &mut Ground) -> Result<(), StartError> {
    let web: Arc<dyn Transport> = Arc::new(Web::new().map_err(failed("EHRs cannot be reached"))?);
    ground.ehrs = Some(Box::new(move |config: &Config, letters: &Letters| {
        let ehrs = EhrDirectory::over(web.clone());
        if let Some(url) = &config.ehr_url {
            let fhir = FhirConfig { token: letters.ehr_token()?, ..FhirConfig::open(url.as_str()) };
            let reached = ehrs.configure(config.practice.id.clone(), &fhir);
            reached.map_err(failed("the EHR cannot be reached as configured"))?;
        }
        Ok(Arc::new(ehrs) as Arc<dyn Ehrs>)
    }));
    want(ground, Letter::Ehr);
    Ok(())
}

/// Has the letter read before anything is built.
fn want(ground: &mut Ground, letter: Letter) {
    if let (None, Some(secrets)) = (&ground.read_letters, secrets(ground)) {
        ground.read_letters = Some(Box::new(move |practice, wanted, before| {
            let secrets = secrets.clone();
            async move { Letters::read(&secrets, &practice, &wanted, &before).await }.boxed()
        }));
    }
    ground.wanted.push(letter);
}

fn secrets(ground: &Ground) -> Option<Secrets> {
    let given = ground.config.secrets.as_ref()?;
    let client = aws_sdk_secretsmanager::Client::new(&ground.sdk);
    Some(Secrets::new(client, &given.prefix, given.kms_key.clone()))
}
