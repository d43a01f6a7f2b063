//! Puts the engine together from what a function may reach, and from nothing else. It runs nothing.

use std::sync::Arc;

use aws_types::SdkConfig;
use daybook_core::connection::Provider;
use daybook_core::ids::PracticeId;
use daybook_core::quota::Quota;
use daybook_dynamodb::Table;
use daybook_engine::Engine;
use daybook_engine::chain;
use daybook_engine::ports::{Absent, Clock, Courier, Ehrs, Practice, Practices, Queue, StoreError, Vault};
use daybook_queue::SqsQueue;
use daybook_secrets::SystemRandom;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use secrecy::SecretString;
use url::Url;

use crate::config::Config;
use crate::letters::{Letter, Letters};
use crate::part::Part;
use crate::providers::Calendars;
use crate::start::StartError;

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
    /// Where this function's messages come from, if it has any.
    pub queue: Option<SqsQueue>,
    /// As the configuration has it.
    pub practice: Practice,
    /// Empty without [`Part::API_KEYS`].
    pub api_keys: Vec<SecretString>,
    /// Empty without [`Part::PLATFORM_KEYS`].
    pub platform_keys: Vec<SecretString>,
    /// Empty without [`Part::HOOK_SECRETS`].
    pub hook_secrets: Vec<SecretString>,
    /// Where our sign-in page may lead a browser to.
    pub sign_in_pages: Vec<(Provider, Url)>,
    /// The dimension of the metrics.
    pub stack: String,
    /// When the secret of our registration at Microsoft ends.
    pub microsoft_secret_expires: Option<Date>,
}

/// What a house is built on: it outlives every change of a secret. What no part has laid stands empty.
pub struct Ground {
    pub config: Config,
    pub sdk: SdkConfig,
    pub table: Table,
    pub clock: Arc<dyn Clock>,
    pub queue: Arc<dyn Queue>,
    /// The same queue, for whoever receives from it.
    pub received_from: Option<SqsQueue>,
    pub vault: Arc<dyn Vault>,
    pub calendars: Option<Box<Build<Calendars>>>,
    pub ehrs: Option<Box<Build<Arc<dyn Ehrs>>>>,
    pub courier: Option<Box<Build<Arc<dyn Courier>>>>,
    pub read_letters: Option<Box<ReadLetters>>,
    pub wanted: Vec<Letter>,
}

/// Builds something with what was read.
pub type Build<T> = dyn Fn(&Config, &Letters) -> Result<T, StartError> + Send + Sync;
/// Reads these letters of a practice; those that cannot be read stay as they were.
pub type ReadLetters = dyn Fn(PracticeId, Vec<Letter>, Letters) -> BoxFuture<'static, Letters> + Send + Sync;

impl Ground {
    pub fn new(config: Config, sdk: SdkConfig, parts: &[Part]) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let table = Table::new(aws_sdk_dynamodb::Client::new(&sdk), &config.table, clock.clone());
        let mut ground = Self {
            config,
            sdk,
            table,
            clock,
            queue: Arc::new(Absent),
            received_from: None,
            vault: Arc::new(Absent),
            calendars: None,
            ehrs: None,
            courier: None,
            read_letters: None,
            wanted: Vec::new(),
        };
        parts.iter().try_for_each(|part| (part.lay)(&mut ground))?;
        Ok(ground)
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
        let Some(read) = &self.read_letters else { return Letters::default() };
        read(self.config.practice.id.clone(), self.wanted.clone(), before.clone()).await
    }

    /// Opens the way to the table by a read of nothing, so that the first request need not.
    pub async fn greet_table(&self) {
        if let Err(error) = self.table.find_practice(&PracticeId::new("-")).await {
            tracing::warn!(error = chain(&error), "the table does not answer yet");
        }
    }

    pub fn build(&self, letters: &Letters) -> Result<House, StartError> {
        let calendars = self.calendars.as_ref().map(|build| build(&self.config, letters)).transpose()?;
        let calendars = calendars.unwrap_or_default();
        let ehrs = self.ehrs.as_ref().map(|build| build(&self.config, letters)).transpose()?;
        let mut engine = Engine::new(
            Arc::new(self.table.clone()),
            self.vault.clone(),
            self.queue.clone(),
            ehrs.unwrap_or_else(|| Arc::new(Absent)),
            calendars.providers,
            self.clock.clone(),
            Arc::new(SystemRandom),
        );
        if let Some(build) = &self.courier {
            engine.courier = build(&self.config, letters)?;
        }
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
            queue: self.received_from.clone(),
            practice: self.config.practice.clone(),
            api_keys: letters.api_keys()?,
            platform_keys: letters.platform_keys()?,
            hook_secrets: letters.hook_secrets()?,
            sign_in_pages: calendars.sign_in_pages,
            stack: self.config.stack.clone(),
            microsoft_secret_expires: self.config.microsoft_secret_expires,
        })
    }
}

impl House {
    /// Stores the practice as configured if the table has another one or none: a practice that is there is polled. What a
    /// person has set stays.
    pub async fn settle_practice(&self) -> Result<(), StoreError> {
        let stored = self.table.find_practice(&self.practice.id).await?;
        let configured = |stored: &Practice| match stored.set_at {
            Some(_) => {
                Practice { policy: stored.policy.clone(), set_at: stored.set_at, ..self.practice.clone() }
            }
            None => self.practice.clone(),
        };
        if stored.is_some_and(|stored| configured(&stored) == stored) {
            return Ok(());
        }
        self.table.put_practice(&self.practice).await
    }
}
