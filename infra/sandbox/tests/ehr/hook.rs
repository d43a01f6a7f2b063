//! The hook, through a real receiver on loopback, checked by another implementation of the signature.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use daybook_sandbox::ehr::HookTarget;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use crate::house::{House, block, open, visit, with};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What arrived: headers and body.
type Call = (HeaderMap, String);

#[derive(Clone)]
struct Ear {
    calls: UnboundedSender<Call>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

struct Receiver {
    target: HookTarget,
    calls: UnboundedReceiver<Call>,
    server: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// Listens on a free port; gives these answers first, then 202.
    async fn start(answers: &[StatusCode]) -> Self {
        let (sender, calls) = unbounded_channel();
        let ear = Ear { calls: sender, answers: Arc::new(Mutex::new(answers.iter().copied().collect())) };
        let app = Router::new().route("/hooks/ehr/demo", post(hear)).with_state(ear);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/ehr/demo", listener.local_addr().unwrap()).parse().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }).abort_handle();
        Self { target: HookTarget::new(url, SECRET).unwrap(), calls, server }
    }

    /// The next message, its signature verified.
    async fn next(&mut self) -> (String, Value) {
        let (headers, body) = self.calls.recv().await.unwrap();
        standardwebhooks::Webhook::new(SECRET).unwrap().verify(body.as_bytes(), &headers).unwrap();
        let id = headers.get("webhook-id").unwrap().to_str().unwrap().to_owned();
        (id, serde_json::from_str(&body).unwrap())
    }
}

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: String) -> StatusCode {
    ear.calls.send((headers, body)).unwrap();
    ear.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::ACCEPTED)
}

fn summary(message: &Value) -> String {
    let data = &message["data"];
    let fields = data["changed_fields"].as_array().unwrap().iter().map(|field| field.as_str().unwrap());
    let fields: Vec<&str> = fields.collect();
    let practitioner = data["practitioner_id"].as_str().unwrap_or("-");
    let version = data["version"].as_str().unwrap();
    format!(
        "{} {} {version} {practitioner} [{}]",
        message["type"].as_str().unwrap(),
        data["id"].as_str().unwrap(),
        fields.join(" ")
    )
}

#[tokio::test]
async fn every_change_is_told_once_signed_and_without_content() {
    let house = House::new();
    let mut receiver = Receiver::start(&[]).await;
    let sender = tokio::spawn(house.sandbox.clone().deliver_hooks(receiver.target.clone()));
    let path = "/Appointment/a1";
    let moved = with(visit("prac-1"), &json!({"end": "2026-12-15T16:00:00Z", "description": "Panic"}));
    let handed_over = with(visit("prac-2"), &json!({"end": "2026-12-15T16:00:00Z", "description": "Panic"}));
    for (body, expected) in [
        (visit("prac-1"), vec!["appointment.created a1 1 prac-1 []"]),
        (moved, vec!["appointment.updated a1 2 prac-1 [description end]"]),
        (
            handed_over.clone(),
            vec![
                "appointment.updated a1 3 prac-1 [participant]",
                "appointment.updated a1 3 prac-2 [participant]",
            ],
        ),
        (
            with(handed_over.clone(), &json!({"status": "cancelled"})),
            vec!["appointment.cancelled a1 4 prac-2 [status]"],
        ),
        (handed_over, vec!["appointment.restored a1 5 prac-2 [status]"]),
    ] {
        house.put(path, body).await;
        for expected in expected {
            let (_, message) = receiver.next().await;
            assert_eq!(summary(&message), expected);
            let text = message.to_string();
            assert!(
                !text.contains("Panic") && !text.contains("Hartwell") && !text.contains("pat-1"),
                "{text}"
            );
        }
    }
    house.put("/Slot/quiet", block("quiet")).await;
    house.fhir("DELETE", path, &[], Value::Null).await;
    assert_eq!(summary(&receiver.next().await.1), "appointment.deleted a1 6 prac-2 []");
    let role = house.get("/PractitionerRole/role-3").await.json();
    house.put("/PractitionerRole/role-3", with(role, &json!({"availableTime": null}))).await;
    assert_eq!(summary(&receiver.next().await.1), "schedule.hours_changed role-3 2 prac-3 [availableTime]");
    let location = house.get("/Location/loc-1").await.json();
    house.put("/Location/loc-1", with(location, &json!({"extension": null}))).await;
    assert_eq!(summary(&receiver.next().await.1), "practice.timezone_changed loc-1 2 - [extension]");
    sender.abort();
}

#[tokio::test]
async fn a_failed_message_comes_again_with_its_id() {
    let house = House::new();
    let mut receiver = Receiver::start(&[StatusCode::INTERNAL_SERVER_ERROR]).await;
    let sender = tokio::spawn(house.sandbox.clone().deliver_hooks(receiver.target.clone()));
    house.put("/Appointment/a1", visit("prac-1")).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first, second);
    sender.abort();
}

#[tokio::test]
async fn a_refusal_for_good_is_not_tried_again() {
    let house = House::new();
    let mut receiver = Receiver::start(&[StatusCode::GONE]).await;
    let sender = tokio::spawn(house.sandbox.clone().deliver_hooks(receiver.target.clone()));
    house.put("/Appointment/a1", visit("prac-1")).await;
    assert_eq!(receiver.next().await.1["data"]["version"], "1");
    house.put("/Appointment/a1", visit("prac-1")).await;
    assert_eq!(receiver.next().await.1["data"]["version"], "2");
    sender.abort();
}

#[tokio::test]
async fn unsent_messages_outlive_the_process() {
    let house = House::new();
    house.put("/Appointment/a1", visit("prac-1")).await;
    let reopened = open(&house.dir);
    let mut receiver = Receiver::start(&[]).await;
    let sender = tokio::spawn(reopened.deliver_hooks(receiver.target.clone()));
    assert_eq!(summary(&receiver.next().await.1), "appointment.created a1 1 prac-1 []");
    sender.abort();
}

#[tokio::test]
async fn dropped_hooks_stay_dropped() {
    let house = House::new();
    let control = |body: &'static str| {
        house.call("POST".parse().unwrap(), "/sandbox/ehr/control", &[], body.to_owned())
    };
    control(r#"{"hooks":"drop"}"#).await;
    house.put("/Appointment/lost", visit("prac-1")).await;
    control(r#"{"hooks":"deliver"}"#).await;
    house.put("/Appointment/kept", visit("prac-1")).await;
    let mut receiver = Receiver::start(&[]).await;
    let sender = tokio::spawn(house.sandbox.clone().deliver_hooks(receiver.target.clone()));
    assert_eq!(receiver.next().await.1["data"]["id"], "kept");
    sender.abort();
}
