//! Puts the engine together from what a function may reach, and from nothing else. It runs nothing.

use std::sync::Arc;

use aws_types::SdkConfig;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::quota::Quota;
use daybook_dynamodb::Table;
use daybook_ehr::{EhrDirectory, FhirConfig};
use daybook_engine::Engine;
use daybook_engine::ports::{Clock, Ehrs, Practice, Practices, Queue, StoreError, Vault};
use daybook_http::{Transport, Web};
use daybook_queue::SqsQueue;
use daybook_secrets::{AwsVault, Secrets, SystemRandom};
use jiff::Timestamp;
use jiff::civil::Date;
use secrecy::SecretString;
use url::Url;

use crate::absent::Absent;
use crate::config::{Config, Part};
use crate::letters::{Letter, Letters};
use crate::logs::chain;
use crate::providers::{Calendars, Ways};
use crate::start::{StartError, failed};

/// The time of this machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a function works with.
#[derive(Clone)]
pub struct House {
    pub engine: Engine,
    pub table: Table,
    pub queue: Option<SqsQueue>,
    /// As the configuration has it.
    pub practice: Practice,
    /// Empty without [`Part::ApiKeys`].
    pub api_keys: Vec<SecretString>,
    /// Empty without [`Part::HookSecrets`].
    pub hook_secrets: Vec<SecretString>,
    /// Where our sign-in page may lead a browser to.
    pub sign_in_pages: Vec<(Provider, Url)>,
    /// The dimension of the metrics.
    pub stack: String,
    /// When the secret of our registration at Microsoft ends.
    pub microsoft_secret_expires: Option<Date>,
}

/// What a house is built on: it outlives every change of a secret.
pub struct Ground {
    config: Config,
    table: Table,
    queue: Option<SqsQueue>,
    secrets: Option<Secrets>,
    vault: Arc<dyn Vault>,
    ways: Option<Ways>,
    to_ehr: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
    wanted: Vec<Letter>,
}

impl Ground {
    pub fn new(config: Config, sdk: &SdkConfig, parts: &[Part]) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let table = Table::new(aws_sdk_dynamodb::Client::new(sdk), &config.table, clock.clone());
        let queue = config.queue_url.clone();
        let secrets = config.secrets.as_ref().map(|given| {
            let client = aws_sdk_secretsmanager::Client::new(sdk);
            Secrets::new(client, &given.prefix, given.kms_key.clone())
        });
        let ways = config.calendars.as_ref().map(|calendars| Ways::new(calendars, &clock)).transpose()?;
        let to_ehr = config.ehr_url.as_ref().map(|_| way_to_ehr()).transpose()?;
        Ok(Self {
            vault: vault(&config, secrets.as_ref(), &table, parts),
            queue: queue.map(|url| SqsQueue::new(aws_sdk_sqs::Client::new(sdk), url)),
            wanted: wanted(&config, parts),
            config,
            table,
            secrets,
            ways,
            to_ehr,
            clock,
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether these are all that a house needs.
    pub fn is_enough(&self, letters: &Letters) -> bool {
        letters.has(&self.wanted)
    }

    /// Reads the secrets that people set; those that cannot be read stay as they were.
    pub async fn read_letters(&self, before: &Letters) -> Letters {
        match &self.secrets {
            Some(secrets) if !self.wanted.is_empty() => {
                Letters::read(secrets, &self.config.practice.id, &self.wanted, before).await
            }
            _ => Letters::default(),
        }
    }

    /// Opens the way to the table by a read of nothing, so that the first request need not.
    pub async fn greet_table(&self) {
        if let Err(error) = self.table.find_practice(&PracticeId::new("-")).await {
            tracing::warn!(error = chain(&error), "the table does not answer yet");
        }
    }

    pub fn build(&self, letters: &Letters) -> Result<House, StartError> {
        let calendars = match (&self.config.calendars, &self.ways) {
            (Some(config), Some(ways)) => Calendars::connect(config, ways, letters, &self.clock)?,
            _ => Calendars::default(),
        };
        let mut engine = Engine::new(
            Arc::new(self.table.clone()),
            self.vault.clone(),
            self.queue_port(),
            self.ehrs(letters)?,
            calendars.providers,
            self.clock.clone(),
            Arc::new(SystemRandom),
        );
        engine.pace.poll = self.config.pace.poll;
        engine.pace.poll_told = self.config.pace.poll_told;
        if let Some(calendars) = &self.config.calendars {
            engine.public_url.clone_from(&calendars.public_url);
        }
        if let Some(per_minute) = self.config.google_per_minute {
            engine.budgets.insert(Provider::Google, (Arc::new(self.table.clone()), Quota { per_minute }));
        }
        Ok(House {
            engine,
            table: self.table.clone(),
            queue: self.queue.clone(),
            practice: self.config.practice.clone(),
            api_keys: letters.api_keys()?,
            hook_secrets: letters.hook_secrets()?,
            sign_in_pages: calendars.sign_in_pages,
            stack: self.config.stack.clone(),
            microsoft_secret_expires: self.config.microsoft_secret_expires,
        })
    }

    fn queue_port(&self) -> Arc<dyn Queue> {
        match &self.queue {
            Some(queue) => Arc::new(queue.clone()),
            None => Arc::new(Absent),
        }
    }

    fn ehrs(&self, letters: &Letters) -> Result<Arc<dyn Ehrs>, StartError> {
        let (Some(url), Some(transport)) = (&self.config.ehr_url, &self.to_ehr) else {
            return Ok(Arc::new(Absent));
        };
        let ehrs = EhrDirectory::over(transport.clone());
        let fhir = FhirConfig { token: letters.ehr_token()?, ..FhirConfig::open(url.as_str()) };
        let reached = ehrs.configure(self.config.practice.id.clone(), &fhir);
        reached.map_err(failed("the EHR cannot be reached as configured"))?;
        Ok(Arc::new(ehrs))
    }
}

impl House {
    /// Stores the practice as configured if the table has another one or none: a practice that is there is polled.
    pub async fn settle_practice(&self) -> Result<(), StoreError> {
        let stored = self.table.find_practice(&self.practice.id).await?;
        if stored.as_ref() == Some(&self.practice) {
            return Ok(());
        }
        self.table.put_practice(&self.practice).await
    }
}

fn way_to_ehr() -> Result<Arc<dyn Transport>, StartError> {
    Ok(Arc::new(Web::new().map_err(failed("EHRs cannot be reached"))?))
}

fn vault(config: &Config, secrets: Option<&Secrets>, table: &Table, parts: &[Part]) -> Arc<dyn Vault> {
    match (&config.secrets, secrets) {
        (Some(given), Some(secrets)) if parts.contains(&Part::Vault) => {
            Arc::new(AwsVault::new(secrets.clone(), Arc::new(table.clone()), given.token_store))
        }
        _ => Arc::new(Absent),
    }
}

fn wanted(config: &Config, parts: &[Part]) -> Vec<Letter> {
    let has = |part| parts.contains(&part);
    let registered = |provider| config.calendars.as_ref().is_some_and(|all| all.of(provider).is_some());
    [
        (Letter::ApiKeys, has(Part::ApiKeys)),
        (Letter::HookSecrets, has(Part::HookSecrets)),
        (Letter::Ehr, has(Part::Ehr)),
        (Letter::Google, registered(Provider::Google)),
        (Letter::Microsoft, registered(Provider::Microsoft)),
    ]
    .into_iter()
    .filter_map(|(letter, is_wanted)| is_wanted.then_some(letter))
    .collect()
}
