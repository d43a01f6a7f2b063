//! Keeps what a function works with, and renews it when a secret behind it was replaced. A warm function asks for no
//! secret in between.

use std::sync::Arc;
use std::time::Duration;

use daybook_engine::chain;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config::{Config, Kind};
use crate::house::{Ground, House};
use crate::letters::Letters;
use crate::part::Part;
use crate::start::{StartError, failed};

/// How long a replaced secret may take to be heeded.
const FRESH_FOR: Duration = Duration::from_mins(10);
/// Warming up is worth no more than this; the first request does the rest.
const WARM_UP: Duration = Duration::from_secs(2);
/// Who asks must not wait longer for secrets that may not even have changed.
const PATIENCE: Duration = Duration::from_secs(4);

/// Makes what the function works with out of the house.
type Furnish<T> = dyn Fn(House) -> Result<T, StartError> + Send + Sync;

/// Cheap to clone; clones keep the same thing.
pub struct Keeper<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    ground: Ground,
    furnish: Box<Furnish<T>>,
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    letters: Letters,
    read_at: Timestamp,
    /// `None` until all secrets were readable for the first time.
    furnished: Option<T>,
}

impl<T> Clone for Keeper<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T: Clone> Keeper<T> {
    /// Reads the configuration and warms up. What cannot be reached yet is no fault: the first request tries again.
    pub async fn open(
        parts: &[Part],
        furnish: impl Fn(House) -> Result<T, StartError> + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let kinds: Vec<Kind> = parts.iter().map(|part| part.kind).collect();
        let config = Config::read(std::env::vars(), &kinds);
        let config = config.map_err(failed("the configuration cannot be used"))?;
        let sdk = crate::clients::shared_config(|name| std::env::var(name).ok());
        let ground = Ground::new(config, sdk, parts)?;
        let kept = Kept { letters: Letters::default(), read_at: Timestamp::MIN, furnished: None };
        let shared = Shared { ground, furnish: Box::new(furnish), kept: Mutex::new(kept) };
        let keeper = Self { shared: Arc::new(shared) };
        keeper.warm_up().await;
        Ok(keeper)
    }

    async fn warm_up(&self) {
        let all = async { tokio::join!(self.shared.ground.greet_table(), self.current()) };
        match timeout(WARM_UP, all).await {
            Ok(((), Ok(_))) => {}
            Ok(((), Err(error))) => {
                tracing::warn!(
                    error = chain(&error),
                    "not all that is needed could be had; the first request tries again"
                );
            }
            Err(_) => tracing::warn!("warming up took too long; the first request goes on"),
        }
    }

    /// What to work with now.
    pub async fn current(&self) -> Result<T, StartError> {
        let Shared { ground, furnish, kept } = self.shared.as_ref();
        let mut kept = kept.lock().await;
        let is_fresh = kept.read_at + FRESH_FOR > ground.now();
        if let Some(furnished) = kept.furnished.as_ref().filter(|_| is_fresh) {
            return Ok(furnished.clone());
        }
        let read = timeout(PATIENCE, ground.read_letters(&kept.letters)).await;
        let letters = read.unwrap_or_else(|_| {
            tracing::error!("secrets cannot be read in time");
            kept.letters.clone()
        });
        if !ground.is_enough(&letters) {
            kept.letters = letters;
            return Err(StartError::new("a secret cannot be read"));
        }
        if kept.furnished.is_none() || !letters.equals(&kept.letters) {
            match ground.build(&letters).and_then(furnish) {
                Ok(furnished) => kept.furnished = Some(furnished),
                Err(error) if kept.furnished.is_none() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "a replaced secret cannot be used; the one before it still is"
                    );
                }
            }
            kept.letters = letters;
        }
        kept.read_at = ground.now();
        kept.furnished.clone().ok_or_else(|| StartError::new("nothing is furnished"))
    }
}
