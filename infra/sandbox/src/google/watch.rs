//! Channels: opened on a calendar's events, stopped by who opened them. What is sent through them is the outbox's
//! work.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::access::{Seen, Visitor};
use super::answer::Answer;
use super::call::Call;
use super::refusal::Refusal;
use crate::cloud::{Cloud, Role, Subscription, World};

/// What is granted at most, and where nothing is asked: a little less than clients like to ask for, which they must
/// notice.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 6);
const LONGEST_ID: usize = 64;
const LONGEST_TOKEN: usize = 256;

/// `events.watch`. The first message is on its way when this is answered, or before.
pub fn open(cloud: &Cloud, visitor: &Visitor, calendar: &str, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let (id, address) = (channel_id(&body)?, address(&body)?);
    let token = token(&body)?;
    let resource = resource_uri(cloud, calendar);
    let channel = cloud.change(|tx| {
        let seen = visitor.see(tx.world(), calendar)?;
        if matches!(seen.role, Role::Holiday | Role::Subscribed) {
            let message = "Push notifications are not supported by this resource.";
            return Err(Refusal::bad("global", "pushNotSupportedForRequestedResource", message));
        }
        if is_taken(tx.world(), &id, &visitor.client, tx.now()) {
            return Err(Refusal::bad("global", "channelIdNotUnique", "Channel id not unique"));
        }
        let channel = Subscription {
            id: id.clone(),
            account: visitor.account.clone(),
            client: visitor.client.clone(),
            calendar: seen.calendar.id.clone(),
            url: address.to_string(),
            lifecycle_url: None,
            secret: token.clone(),
            expires: expires(&body, tx.now())?,
            resource: resource.clone(),
            sent: 0,
            extra: json!({"resourceId": resource_id(&seen)}),
        };
        tx.put_subscription(channel.clone());
        Ok(channel)
    })?;
    cloud.greet(&channel.id);
    Ok(Answer::json(shown(&channel)))
}

fn shown(channel: &Subscription) -> Value {
    let mut shown = json!({"kind": "api#channel", "id": channel.id,
        "resourceId": channel.extra.get("resourceId"), "resourceUri": channel.resource,
        "expiration": channel.expires.as_millisecond().to_string()});
    if let (Some(token), Some(fields)) = (&channel.secret, shown.as_object_mut()) {
        fields.insert("token".to_owned(), json!(token));
    }
    shown
}

fn channel_id(body: &Map<String, Value>) -> Result<String, Refusal> {
    let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
    if !matches!(kind, "web_hook" | "webhook") {
        return Err(Refusal::invalid("Unknown channel type"));
    }
    let id = body.get("id").and_then(Value::as_str).ok_or_else(|| Refusal::required("Required"))?;
    let legal = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte));
    if id.is_empty() || id.len() > LONGEST_ID || !legal {
        return Err(Refusal::invalid("Invalid channel id"));
    }
    Ok(id.to_owned())
}

/// `https` anywhere; plain `http` only to this machine, for which the real service would have to be fooled.
fn address(body: &Map<String, Value>) -> Result<Url, Refusal> {
    let text = body.get("address").and_then(Value::as_str).unwrap_or_default();
    let refusal = || {
        let message = format!("WebHook callback must be HTTPS: {text}");
        Refusal::bad("global", "push.webhookUrlNotHttps", &message)
    };
    let url = Url::parse(text).map_err(|_| refusal())?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) { Ok(url) } else { Err(refusal()) }
}

fn token(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let token = body.get("token").and_then(Value::as_str);
    if token.is_some_and(|token| token.len() > LONGEST_TOKEN) {
        return Err(Refusal::invalid("Channel token is too long"));
    }
    Ok(token.map(str::to_owned))
}

/// `params.ttl` in seconds or `expiration` in milliseconds, both as text; never more than the longest.
fn expires(body: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let number = |value: Option<&Value>| {
        let text = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        text.map(|text| text.parse::<i64>().map_err(|_| Refusal::invalid("Invalid expiration"))).transpose()
    };
    let ttl = number(body.get("params").and_then(|params| params.get("ttl")))?;
    let asked =
        ttl.map(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX));
    let until = number(body.get("expiration"))?;
    let until = until.map(|at| Timestamp::from_millisecond(at).unwrap_or(Timestamp::MAX));
    let most = now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    let granted = asked.or(until).map_or(most, |wanted| wanted.min(most));
    if granted > now { Ok(granted) } else { Err(Refusal::invalid("Invalid expiration")) }
}

/// Ids are unique in a client's project while the channel lives.
fn is_taken(world: &World, id: &str, client: &str, now: Timestamp) -> bool {
    let channel = world.subscriptions.get(id);
    channel.is_some_and(|channel| channel.expires > now || channel.client != client)
}

/// The same for every channel of a person on a calendar.
fn resource_id(seen: &Seen) -> String {
    let mixed =
        digest::digest(&digest::SHA256, format!("{}\n{}", seen.account.id, seen.calendar.id).as_bytes());
    URL_SAFE_NO_PAD.encode(mixed.as_ref().iter().take(15).copied().collect::<Vec<u8>>())
}

fn resource_uri(cloud: &Cloud, calendar: &str) -> String {
    let id: String = url::form_urlencoded::byte_serialize(calendar.as_bytes()).collect();
    let base = cloud.base().as_str().trim_end_matches('/');
    format!("{base}/calendar/v3/calendars/{id}/events?alt=json")
}

/// `channels.stop`: only by the account and the client that opened it, and only with its resource.
pub fn stop(cloud: &Cloud, visitor: &Visitor, call: &Call) -> Result<Answer, Refusal> {
    let body = call.json()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (id, resource) = (text("id"), text("resourceId"));
    cloud.change(|tx| {
        let found = tx.world().subscriptions.get(id).filter(|channel| {
            channel.account == visitor.account
                && channel.client == visitor.client
                && channel.extra.get("resourceId").and_then(Value::as_str) == Some(resource)
                && channel.expires > tx.now()
        });
        if found.is_none() {
            return Err(Refusal::no_channel(id, &visitor.client));
        }
        tx.remove_subscription(id);
        Ok(Answer::empty())
    })
}
