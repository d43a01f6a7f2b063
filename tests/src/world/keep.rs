//! The small ports: practices, remembered answers, the vault, the queue, time and chance.

use std::collections::BTreeMap;

use async_trait::async_trait;
use daybook_core::ids::{Cursor, PracticeId};
use daybook_core::key::PracticeKey;
use daybook_engine::ports::{
    Answer, Claim, Clock, ConnectionRef, Credentials, Due, Idempotency, Practice, Practices, Queue, Random,
    Request, StoreError, Stored, Vault, VaultError,
};
use jiff::Timestamp;

use super::fault::Point;
use super::worker::Message;
use super::{State, World, key_of};

/// What these ports keep.
#[derive(Default)]
pub(super) struct Kept {
    practices: BTreeMap<PracticeId, Practice>,
    cursors: BTreeMap<PracticeId, (Option<Cursor>, Timestamp)>,
    answers: BTreeMap<(PracticeId, String), Answered>,
    pub credentials: BTreeMap<ConnectionRef, Stored>,
}

struct Answered {
    digest: String,
    answer: Option<Answer>,
    until: Timestamp,
}

impl State {
    pub(super) fn due_practices(&self) -> impl Iterator<Item = (Timestamp, Due)> + '_ {
        self.kept.practices.keys().map(|practice| {
            let due_at = self.kept.cursors.get(practice).map_or(Timestamp::MIN, |(_, due_at)| *due_at);
            (due_at, Due::Practice(practice.clone()))
        })
    }

    pub(super) fn practice(&self, id: &PracticeId) -> Option<&Practice> {
        self.kept.practices.get(id)
    }

    pub fn has_credentials(&self, at: &ConnectionRef) -> bool {
        self.kept.credentials.contains_key(at)
    }
}

#[async_trait]
impl Practices for World {
    async fn put_practice(&self, practice: &Practice) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a practice")?;
        let mut state = self.lock();
        let stored = state.practice(&practice.id).filter(|stored| stored.set_at.is_some());
        let kept = stored.map(|stored| (stored.policy.clone(), stored.set_at));
        let (policy, set_at) = kept.unwrap_or_else(|| (practice.policy.clone(), practice.set_at));
        let practice = Practice { policy, set_at, ..practice.clone() };
        state.kept.practices.insert(practice.id.clone(), practice);
        ending.store("a practice", ())
    }

    async fn set_practice(&self, practice: &Practice, replaces: Option<Timestamp>) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a practice")?;
        let mut state = self.lock();
        if state.practice(&practice.id).and_then(|stored| stored.set_at) != replaces {
            return Err(StoreError::Stale { what: format!("practice {}", practice.id) });
        }
        state.kept.practices.insert(practice.id.clone(), practice.clone());
        ending.store("a practice", ())
    }

    async fn find_practice(&self, id: &PracticeId) -> Result<Option<Practice>, StoreError> {
        self.point(Point::TableRead).await.of_store("a practice")?;
        Ok(self.lock().kept.practices.get(id).cloned())
    }

    async fn find_ehr_cursor(&self, id: &PracticeId) -> Result<Option<Cursor>, StoreError> {
        self.point(Point::TableRead).await.of_store("a practice")?;
        Ok(self.lock().kept.cursors.get(id).and_then(|(cursor, _)| cursor.clone()))
    }

    async fn put_ehr_cursor(
        &self,
        id: &PracticeId,
        cursor: Option<&Cursor>,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("a practice")?;
        self.lock().kept.cursors.insert(id.clone(), (cursor.cloned(), due_at));
        ending.store("a practice", ())
    }
}

#[async_trait]
impl Idempotency for World {
    async fn claim(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Claim, StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an answer")?;
        let name = (practice.clone(), key.to_owned());
        let mut state = self.lock();
        let claim = match state.kept.answers.get(&name).filter(|kept| kept.until > now) {
            None => Claim::Yours,
            Some(kept) if kept.digest != digest => Claim::Taken,
            Some(Answered { answer: Some(answer), .. }) => Claim::Answered(answer.clone()),
            Some(_) => Claim::Running,
        };
        if claim == Claim::Yours {
            let claimed = Answered { digest: digest.to_owned(), answer: None, until };
            state.kept.answers.insert(name, claimed);
        }
        ending.store("an answer", claim)
    }

    async fn keep_answer(
        &self,
        practice: &PracticeId,
        key: &str,
        digest: &str,
        answer: &Answer,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an answer")?;
        let kept = Answered { digest: digest.to_owned(), answer: Some(answer.clone()), until };
        self.lock().kept.answers.insert((practice.clone(), key.to_owned()), kept);
        ending.store("an answer", ())
    }

    async fn give_back(&self, practice: &PracticeId, key: &str) -> Result<(), StoreError> {
        let ending = self.point(Point::TableWrite).await.of_store("an answer")?;
        self.lock().kept.answers.remove(&(practice.clone(), key.to_owned()));
        ending.store("an answer", ())
    }
}

#[async_trait]
impl Vault for World {
    async fn practice_key(&self, practice: &PracticeId) -> Result<PracticeKey, VaultError> {
        self.point(Point::Vault).await.of_vault()?;
        Ok(key_of(practice))
    }

    async fn find_credentials(&self, at: &ConnectionRef) -> Result<Option<Stored>, VaultError> {
        self.point(Point::Vault).await.of_vault()?;
        Ok(self.lock().kept.credentials.get(at).cloned())
    }

    async fn put_credentials(
        &self,
        at: &ConnectionRef,
        credentials: &Credentials,
        replaces: Option<u64>,
    ) -> Result<u64, VaultError> {
        self.point(Point::Vault).await.of_vault()?;
        let mut state = self.lock();
        if state.kept.credentials.get(at).map(|stored| stored.version) != replaces {
            return Err(VaultError::Stale { connection: at.id.to_string() });
        }
        let version = replaces.unwrap_or_default() + 1;
        let stored = Stored { credentials: credentials.clone(), version };
        state.kept.credentials.insert(at.clone(), stored);
        Ok(version)
    }

    async fn delete_credentials(&self, at: &ConnectionRef) -> Result<(), VaultError> {
        self.point(Point::Vault).await.of_vault()?;
        self.lock().kept.credentials.remove(at);
        Ok(())
    }
}

#[async_trait]
impl Queue for World {
    async fn send(&self, request: Request) -> Result<(), StoreError> {
        let ending = self.point(Point::Queue).await.of_store("the queue")?;
        let mut state = self.lock();
        let visible_at = state.now;
        state.queue.push(Message { request, visible_at, holder: None });
        ending.store("the queue", ())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.lock().clock()
    }
}

impl Random for World {
    fn token(&self) -> String {
        self.lock().token()
    }

    fn unit(&self) -> f64 {
        self.lock().chance.f64()
    }
}
