//! Puts everything together, in the order in which it depends on each other, runs it, and takes it down in the reverse
//! order. No state lives outside the table, the vault and the sandbox's file, so that `kill -9` loses nothing.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use daybook_core::ids::PracticeId;
use daybook_core::launch::LaunchTrust;
use daybook_doorway::{Keyring, PlatformKeys};
use daybook_dynamodb::{Embedded, Table, embedded_client};
use daybook_ehr::{EhrDirectory, FhirConfig};
use daybook_ehr_change::{HookKeys, HookSecret};
use daybook_engine::Engine;
use daybook_engine::ports::{Clock, Practices, Random};
use daybook_oauth_callback::LeadsTo;
use daybook_queue::InProcessQueue;
use daybook_sandbox::ehr::{HookTarget, LaunchTarget, Sandbox};
use daybook_secrets::{SealedVault, SystemRandom};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use url::Url;

use crate::config::{Config, DEMO, EhrConfig, PracticeConfig};
use crate::data_dir::{DataDir, Kept, Key};
use crate::page::KeyHint;
use crate::providers::{self, Calendars, Sandboxes};
use crate::{doors, notices, stop, workers};

/// Why the house does not stand. Whatever it is, somebody must change something before the next start.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StartError {
    what: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Keeps the cause of what went wrong.
pub fn failed<E: std::error::Error + Send + Sync + 'static>(what: &str) -> impl FnOnce(E) -> StartError {
    move |cause| StartError { what: what.to_owned(), cause: Some(Box::new(cause)) }
}

/// The time of this machine.
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What is open while the process runs.
pub struct House {
    pub engine: Engine,
    pub table: Table,
    pub queue: InProcessQueue,
    pub embedded: Arc<Embedded>,
    pub sandbox: Sandbox,
    pub sandboxes: Sandboxes,
    pub leads_to: LeadsTo,
    pub keyring: Keyring,
    pub platform_keys: PlatformKeys,
    pub hooks: HookKeys,
    /// `http://` and the address under which this machine reaches us.
    pub own_url: Url,
    pub public_url: Url,
    pub key_hint: KeyHint,
    pub practices: Vec<daybook_core::ids::PracticeId>,
    /// Whether everybody who can ask is on this machine.
    pub audience: Audience,
    pub trial: Trial,
    demo_hook: Option<SecretString>,
    made: Vec<(Key, SecretString)>,
    _data: DataDir,
}

/// Who can reach the doors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    ThisMachine,
    Others,
}

/// Whether a visitor may make a connection by a click.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trial {
    Offered,
    /// Somebody's real calendars are behind it. The sandbox EHR is there to be looked at.
    EhrOnly,
    NotOffered,
}

/// Builds, serves until somebody asks to stop, and lets what runs come to an end.
pub async fn run(config: Config) -> Result<(), StartError> {
    let data = DataDir::hold(&config.data_dir).map_err(failed("the data directory cannot be used"))?;
    let listener =
        TcpListener::bind(config.listen).await.map_err(failed("the address cannot be listened on"))?;
    let address = listener.local_addr().map_err(failed("the address cannot be listened on"))?;
    let sweep = config.sweep;
    let house = build(config, data, address).await?;
    announce(address, &house.made);
    let stopping = stop::Stopping::on_signal();
    let working = workers::start(&house, sweep, &stopping);
    tokio::spawn(house.sandbox.clone().deliver_hooks(hook_target(&house)?));
    house.sandboxes.deliver();
    let router = doors::router(&house).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopping.clone().asked());
    tokio::select! {
        served = serving.into_future() => served.map_err(failed("serving ended"))?,
        () = stopping.over() => tracing::info!("requests were broken off"),
    }
    working.end().await;
    Ok(())
}

/// The first line is part of the contract; new keys are told this once.
fn announce(address: SocketAddr, made: &[(Key, SecretString)]) {
    let mut lines = format!("listening on http://{address}\n");
    for (key, secret) in made {
        let line =
            format!("made the {} (kept in the data directory): {}\n", key.file(), secret.expose_secret());
        lines.push_str(&line);
    }
    let mut out = std::io::stdout().lock();
    // Whoever started us without reading does not want to know.
    drop(out.write_all(lines.as_bytes()).and_then(|()| out.flush()));
}

async fn build(mut config: Config, data: DataDir, address: SocketAddr) -> Result<House, StartError> {
    let invented = invented(&config);
    let own_url = own_url(address)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let opened = embedded_client(Some(&data.file("table.db")));
    let (client, embedded) = opened.map_err(failed("the table cannot be opened"))?;
    let table = Table::new(client, "daybook", clock.clone());
    table.create_if_missing().await.map_err(failed("the table cannot be made"))?;
    let vault = SealedVault::new(&data.file("keys"), Arc::new(table.clone()));
    let vault = vault.map_err(failed("the vault cannot be opened"))?;
    let sandbox = Sandbox::open(&data.file("sandbox-ehr.db"), clock.now());
    let sandbox = sandbox.map_err(failed("the sandbox EHR cannot be opened"))?;
    let ehrs = EhrDirectory::new().map_err(failed("EHRs cannot be reached"))?;
    let sandboxes = Sandboxes::open(&data, &own_url, &clock)?;
    let Calendars { providers, leads_to } =
        providers::connect(config.google, config.microsoft, config.caldav_allow, &own_url, &clock)?;
    let queue = InProcessQueue::new();
    let mut secrets = Secrets::default();
    let public_url = config.public_url.clone().unwrap_or_else(|| own_url.clone());
    introduce(&mut config.practices, &sandbox, &own_url, &public_url)?;
    config.practices.iter_mut().for_each(|practice| notices::settle_address(practice, &own_url));
    for practice in &config.practices {
        table.put_practice(&practice.practice).await.map_err(failed("a practice cannot be stored"))?;
        let reached = ehrs.configure(practice.practice.id.clone(), &fhir(practice, &own_url));
        reached.map_err(failed("an EHR cannot be reached as configured"))?;
        secrets.add(practice, &data)?;
    }
    let platform_key = match &config.platform_key {
        Some(key) => key.clone(),
        None => secrets.kept(Key::Platform, &data)?,
    };
    let post = notices::post(&config.practices, &secrets.notices)?;
    secrets.tell_sandbox(&sandbox)?;
    let mut engine = Engine::new(
        Arc::new(table.clone()),
        Arc::new(vault),
        Arc::new(queue.clone()),
        Arc::new(ehrs),
        providers,
        clock,
        Arc::new(SystemRandom),
    );
    public_url.as_str().trim_end_matches('/').clone_into(&mut engine.public_url);
    engine.courier = Arc::new(post);
    // Half of it, so that what was polled in one sweep is due again in the next, however long its sync took.
    engine.pace.poll = config.sweep / 2;
    engine.pace.poll_told = engine.pace.poll;
    // We hold the data directory: whoever held a lease before is dead.
    engine.sole_process = Some(SystemRandom.token());
    let on_this_machine = address.ip().is_loopback() && config.public_url.is_none();
    Ok(House {
        engine,
        table,
        queue,
        embedded: Arc::new(embedded),
        sandbox,
        sandboxes,
        leads_to,
        keyring: secrets.keyring,
        platform_keys: PlatformKeys::of(&[platform_key]),
        hooks: secrets.hooks,
        public_url,
        own_url,
        key_hint: secrets.hint,
        practices: config.practices.into_iter().map(|practice| practice.practice.id).collect(),
        audience: if on_this_machine { Audience::ThisMachine } else { Audience::Others },
        trial: if on_this_machine { invented } else { Trial::NotOffered },
        demo_hook: secrets.demo_hook,
        made: secrets.made,
        _data: data,
    })
}

/// What of the practice `demo` is nobody's: appointments and calendars, or appointments alone.
fn invented(config: &Config) -> Trial {
    let has_sandbox_ehr = config.practices.first().is_some_and(|demo| matches!(demo.ehr, EhrConfig::Sandbox));
    let has_real_calendars = config.google.client.is_some() || config.microsoft.client.is_some();
    match (has_sandbox_ehr, has_real_calendars) {
        (true, false) => Trial::Offered,
        (true, true) => Trial::EhrOnly,
        (false, _) => Trial::NotOffered,
    }
}

/// The practice of the sandbox EHR trusts it, and it sends people to us, unless somebody has configured otherwise.
fn introduce(
    practices: &mut [PracticeConfig],
    sandbox: &Sandbox,
    own: &Url,
    public: &Url,
) -> Result<(), StartError> {
    let Some(demo) = practices.first_mut() else { return Ok(()) };
    if !matches!(demo.ehr, EhrConfig::Sandbox) || demo.practice.launch.is_some() {
        return Ok(());
    }
    let address = |base: &Url, path: &str| base.join(path).map_err(failed("the launch has no address"));
    let issuer = address(own, "sandbox/ehr")?.to_string();
    let return_url = address(own, "sandbox/ehr/settings")?;
    let trust = LaunchTrust {
        issuer: issuer.clone(),
        keys: sandbox.launch_keys(),
        return_urls: vec![return_url.to_string()],
    };
    demo.practice.launch = Some(trust);
    if demo.practice.frame_origins.is_empty() {
        let both = [own, public].map(|url| url.origin().ascii_serialization());
        demo.practice.frame_origins = BTreeSet::from(both).into_iter().collect();
    }
    sandbox.offer_calendar_sync(LaunchTarget {
        url: address(public, "launch")?,
        audience: public.to_string(),
        tenant: demo.practice.id.to_string(),
        issuer,
        return_url,
    });
    Ok(())
}

/// Where this machine reaches itself: an address that stands for all of them is no destination.
fn own_url(address: SocketAddr) -> Result<Url, StartError> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let text = format!("http://{}", SocketAddr::new(ip, address.port()));
    text.parse().map_err(failed("the address is none that could be reached"))
}

fn fhir(practice: &PracticeConfig, own_url: &Url) -> FhirConfig {
    match &practice.ehr {
        EhrConfig::Sandbox => FhirConfig::open(format!("{own_url}sandbox/ehr/fhir")),
        EhrConfig::Fhir { url, token } => {
            FhirConfig { token: token.clone(), ..FhirConfig::open(url.as_str()) }
        }
    }
}

fn hook_target(house: &House) -> Result<HookTarget, StartError> {
    let url = house.own_url.join("hooks/ehr/demo").map_err(failed("the hook has no address"))?;
    let secret = house.demo_hook.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    HookTarget::new(url, secret).map_err(failed("the hook's secret cannot be used"))
}

/// Who may come in, collected practice by practice.
#[derive(Default)]
struct Secrets {
    keyring: Keyring,
    hooks: HookKeys,
    demo_hook: Option<SecretString>,
    hint: KeyHint,
    notices: Vec<(PracticeId, SecretString)>,
    made: Vec<(Key, SecretString)>,
}

impl Secrets {
    fn add(&mut self, practice: &PracticeConfig, data: &DataDir) -> Result<(), StartError> {
        let id = &practice.practice.id;
        if id.as_str() == DEMO {
            return self.add_demo(practice, data);
        }
        if let Some(key) = &practice.api_key {
            self.keyring.add(id.clone(), key);
        }
        self.notices.extend(practice.notice_secret.clone().map(|secret| (id.clone(), secret)));
        match &practice.hook_secret {
            Some(secret) => self.add_hook(practice, secret),
            None => Ok(()),
        }
    }

    /// What is not configured for `demo` is kept in the data directory.
    fn add_demo(&mut self, practice: &PracticeConfig, data: &DataDir) -> Result<(), StartError> {
        let key = if let Some(key) = &practice.api_key {
            key.clone()
        } else {
            self.hint = KeyHint::File(data.file(Key::Api.file()));
            self.kept(Key::Api, data)?
        };
        self.keyring.add(practice.practice.id.clone(), &key);
        let hook = match &practice.hook_secret {
            Some(secret) => secret.clone(),
            None => self.kept(Key::EhrHook, data)?,
        };
        self.add_hook(practice, &hook)?;
        self.demo_hook = Some(hook);
        let notices = match &practice.notice_secret {
            Some(secret) => secret.clone(),
            None => self.kept(Key::Notices, data)?,
        };
        self.notices.push((practice.practice.id.clone(), notices));
        Ok(())
    }

    fn add_hook(&mut self, practice: &PracticeConfig, secret: &SecretString) -> Result<(), StartError> {
        let parsed = HookSecret::parse(secret.expose_secret());
        self.hooks
            .add(practice.practice.id.clone(), parsed.map_err(failed("a hook's secret cannot be used"))?);
        Ok(())
    }

    /// The sandbox EHR is `demo`'s, and takes only notices that `demo`'s secret has signed.
    fn tell_sandbox(&self, sandbox: &Sandbox) -> Result<(), StartError> {
        let of_demo = self.notices.iter().find(|(practice, _)| practice.as_str() == DEMO);
        let Some((_, secret)) = of_demo else { return Ok(()) };
        sandbox.trust_notices(secret.expose_secret()).map_err(failed("the notices' secret cannot be used"))
    }

    fn kept(&mut self, key: Key, data: &DataDir) -> Result<SecretString, StartError> {
        match data.secret(key).map_err(failed("a key cannot be kept"))? {
            Kept::Before(secret) => Ok(secret),
            Kept::Now(secret) => {
                self.made.push((key, secret.clone()));
                Ok(secret)
            }
        }
    }
}
