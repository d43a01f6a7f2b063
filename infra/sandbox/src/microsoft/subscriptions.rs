//! `/subscriptions` (providers B.5): made after a handshake, renewed, reauthorised, deleted. Sending what changed is
//! the common outbox's work.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::call::{Answer, Call};
use super::prefer::IdForm;
use super::refusal::Refusal;
use super::stored::text;
use super::visit::{Need, Visit};
use crate::cloud::{Subscription, Tx, World};

const MIN_LIFE: SignedDuration = SignedDuration::from_mins(45);
const MAX_SECRET: usize = 128;
const MAX_SUBSCRIPTIONS: usize = 1_000;
const CHANGES: [&str; 3] = ["created", "updated", "deleted"];

impl Visit<'_> {
    pub async fn create_subscription(&self, call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let wished = self.wished(call)?;
        self.graph.cloud.read(|world| self.check_room(world, &wished))?;
        self.shake_hands(&wished.url).await?;
        if let Some(url) = &wished.lifecycle_url {
            self.shake_hands(url).await?;
        }
        let made = self.graph.cloud.change(|tx| {
            self.check_room(tx.world(), &wished)?;
            let made = Subscription { id: guid(tx), ..wished };
            tx.put_subscription(made.clone());
            Ok::<_, Refusal>(made)
        })?;
        Ok(Answer::created(self.subscription_json(&made)))
    }

    pub fn list_subscriptions(&self, call: &Call) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let now = self.graph.cloud.now();
        let all: Vec<Value> = self.graph.cloud.read(|world| {
            let own = world.subscriptions.values().filter(|one| self.owns(one, now));
            own.map(|one| self.subscription_json(one)).collect()
        });
        self.page(call, "subscriptions", &all)
    }

    pub fn get_subscription(&self, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let found = self.graph.cloud.read(|world| self.subscription(world, id).cloned())?;
        Ok(Answer::ok(self.subscription_json(&found)))
    }

    /// A new expiry, or another address, which must shake hands first.
    pub async fn change_subscription(&self, call: &Call, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        let mut found = self.graph.cloud.read(|world| self.subscription(world, id).cloned())?;
        let request = call.json()?;
        if request.get("expirationDateTime").is_some() {
            found.expires = self.expiry(request)?;
        }
        if request.get("notificationUrl").is_some() {
            found.url = address(request, "notificationUrl")?;
            self.shake_hands(&found.url).await?;
        }
        self.graph.cloud.change(|tx| {
            self.subscription(tx.world(), id)?;
            tx.put_subscription(found.clone());
            Ok::<_, Refusal>(())
        })?;
        Ok(Answer::ok(self.subscription_json(&found)))
    }

    /// Does not extend the life.
    pub fn reauthorize(&self, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        self.graph.cloud.read(|world| self.subscription(world, id).map(|_| Answer::nothing()))
    }

    pub fn delete_subscription(&self, id: &str) -> Result<Answer, Refusal> {
        self.require(Need::Read)?;
        self.graph.cloud.change(|tx| {
            self.subscription(tx.world(), id)?;
            tx.remove_subscription(id);
            Ok(Answer::nothing())
        })
    }

    fn subscription<'w>(&self, world: &'w World, id: &str) -> Result<&'w Subscription, Refusal> {
        let now = self.graph.cloud.now();
        let found = world.subscriptions.get(id).filter(|one| self.owns(one, now));
        found.ok_or_else(Refusal::no_resource)
    }

    fn owns(&self, one: &Subscription, now: Timestamp) -> bool {
        one.account == self.account.id && one.client == self.grant.client && one.expires > now
    }

    /// What the request asks for, without an id.
    fn wished(&self, call: &Call) -> Result<Subscription, Refusal> {
        let request = call.json()?;
        let secret = request.get("clientState").and_then(Value::as_str).map(str::to_owned);
        if secret.as_ref().is_some_and(|secret| secret.len() > MAX_SECRET) {
            return Err(invalid("clientState is longer than 128 characters."));
        }
        let lifecycle = request.get("lifecycleNotificationUrl").filter(|url| !url.is_null());
        let resource = text(request, "resource").to_owned();
        let ids = if call.prefer.ids == IdForm::Immutable { "immutable" } else { "default" };
        Ok(Subscription {
            id: String::new(),
            account: self.account.id.clone(),
            client: self.grant.client.clone(),
            calendar: self.graph.cloud.read(|world| self.watched(world, &resource))?,
            url: address(request, "notificationUrl")?,
            lifecycle_url: lifecycle.map(|_| address(request, "lifecycleNotificationUrl")).transpose()?,
            secret,
            expires: self.expiry(request)?,
            resource,
            sent: 0,
            extra: json!({"changeType": changes(text(request, "changeType"))?, "ids": ids}),
        })
    }

    /// The calendar that a resource means; `me/events` is the main one (providers B.5.1).
    fn watched(&self, world: &World, resource: &str) -> Result<String, Refusal> {
        let call = Call::new(axum::http::Method::GET, resource)?;
        let segments = self.canonical(world, &call);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["me", "calendars", calendar, "events"] => Ok(self.calendar(world, calendar)?.0.id.clone()),
            _ => Err(invalid("The resource is not supported for subscriptions.")),
        }
    }

    fn expiry(&self, request: &Value) -> Result<Timestamp, Refusal> {
        let now = self.graph.cloud.now();
        let minutes = self.graph.switches(|switches| switches.max_subscription_minutes);
        let wished = text(request, "expirationDateTime").parse::<Timestamp>();
        let wished = wished.ok().filter(|wished| *wished > now);
        let wished = wished.ok_or_else(|| invalid("expirationDateTime is missing or not in the future."))?;
        if wished > now + SignedDuration::from_mins(i64::from(minutes)) {
            return Err(invalid(&format!(
                "Subscription expiration can only be {minutes} minutes in the future."
            )));
        }
        Ok(wished.max(now + MIN_LIFE))
    }

    /// One subscription for each client, resource and change type; not too many in all.
    fn check_room(&self, world: &World, wished: &Subscription) -> Result<(), Refusal> {
        let now = self.graph.cloud.now();
        let live =
            || world.subscriptions.values().filter(|one| one.account == wished.account && one.expires > now);
        let kind = |one: &Subscription| one.extra.get("changeType").cloned();
        let same = |one: &Subscription| {
            one.client == wished.client && one.calendar == wished.calendar && kind(one) == kind(wished)
        };
        if live().any(same) {
            let message = "A subscription with the same resource and change type exists already.";
            return Err(Refusal::new(StatusCode::CONFLICT, "conflict", message));
        }
        if live().count() >= MAX_SUBSCRIPTIONS {
            let message = "The mailbox has reached its quota of subscriptions.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "QuotaExceeded", message));
        }
        Ok(())
    }

    /// Posts a token and wants it back as plain text (providers B.5.2).
    async fn shake_hands(&self, url: &str) -> Result<(), Refusal> {
        let token = format!(
            "Validation: Testing client application reachability for subscription Request-Id: {}",
            self.graph.request_id()
        );
        let mut target = Url::parse(url).map_err(|_| invalid("The address cannot be read."))?;
        target.query_pairs_mut().append_pair("validationToken", &token);
        let headers = [("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        let answered = self.graph.cloud.caller().post(target.as_str(), &headers, String::new()).await;
        let Ok(answered) = answered else { return Err(failed("Subscription validation request timed out.")) };
        let plain = answered.content_type.trim_start().to_ascii_lowercase().starts_with("text/plain");
        if answered.status == 200 && plain && answered.body == token {
            return Ok(());
        }
        Err(failed(
            "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation \
             request.",
        ))
    }

    fn subscription_json(&self, one: &Subscription) -> Value {
        json!({
            "@odata.context": self.context("subscriptions/$entity"), "id": one.id, "resource": one.resource,
            "applicationId": one.client, "changeType": one.extra.get("changeType"), "clientState": one.secret,
            "notificationUrl": one.url, "lifecycleNotificationUrl": one.lifecycle_url,
            "expirationDateTime": one.expires.to_string(), "creatorId": one.account,
            "latestSupportedTlsVersion": "v1_2", "includeResourceData": null, "encryptionCertificate": null,
            "encryptionCertificateId": null, "notificationQueryOptions": null, "notificationUrlAppId": null,
        })
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
}

fn failed(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "ValidationError", message)
}

fn address(request: &Value, name: &str) -> Result<String, Refusal> {
    let url = Url::parse(text(request, name)).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    url.map(String::from).ok_or_else(|| invalid(&format!("{name} is not an address that can be called.")))
}

/// In one order, so that duplicates are seen.
fn changes(text: &str) -> Result<String, Refusal> {
    let named: Vec<&str> = text.split(',').map(str::trim).collect();
    let known = CHANGES.into_iter().filter(|known| named.contains(known)).collect::<Vec<_>>();
    if known.is_empty() || named.iter().any(|one| !CHANGES.contains(one)) {
        return Err(invalid("changeType must be a list of created, updated and deleted."));
    }
    Ok(known.join(","))
}

/// `5b0c1f3e-0d7a-4a6f-8c33-2f6b7a000000`.
fn guid(tx: &mut Tx<'_>) -> String {
    let digits = tx.fresh("");
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}000000", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 24))
}
