//! A whole deployment in the process: the production engine over the world's table, vault, queue and EHR, with the real
//! adapters, against the three stand-ins. Each worker is a process of its own, with its own memory of tokens.

use std::sync::Arc;

use axum::Router;
use daybook_caldav::Caldav;
use daybook_core::connection::Provider;
use daybook_engine::ports::{CalendarProvider, Practices};
use daybook_engine::{Engine, Pace, Providers};
use daybook_google::{Google, GoogleConfig};
use daybook_http::Transport;
use daybook_microsoft::{Microsoft, MicrosoftConfig};
use daybook_sandbox::caldav::{CalDav, Furnishing};
use daybook_sandbox::cloud::{Clock, Cloud, Opening};
use daybook_sandbox::{caldav, google, microsoft};
use http::Request;
use url::Url;

use super::browser::mount;
use super::postman::{Letter, Postman};
use super::streets::Streets;
use crate::world::scene::{demo, practice};
use crate::world::worker::{Worker, run};
use crate::world::{Calendars, World};

/// Where the stand-ins are; nobody listens there.
pub const HOST: &str = "http://127.0.0.1:8787";
/// Where browsers and providers reach us.
pub const OURS: &str = "https://daybook.example";

pub struct House {
    pub world: Arc<World>,
    pub google: Cloud,
    pub microsoft: Cloud,
    /// All stand-ins, for people and browsers: without faults.
    pub town: Router,
    pub postman: Arc<Postman>,
    pub streets: Arc<Streets>,
    pace: Pace,
    /// The doors' process.
    pub engine: Engine,
    pub workers: Vec<Worker>,
}

impl House {
    /// One practice `demo` with the clinicians ada and ben, one `other` with ada; two workers.
    pub fn new(seed: u64, now: &str, pace: Pace) -> Self {
        let world = World::new(seed, now.parse().unwrap());
        world.lock().calendars = Calendars::Elsewhere;
        let postman = Arc::new(Postman::default());
        let opening = |mount: &str| Opening {
            file: None,
            base: Url::parse(&format!("{HOST}{mount}")).unwrap(),
            clock: clock_of(&world),
            caller: postman.clone(),
        };
        let google = google::Google::open(opening(google::MOUNT)).unwrap();
        let microsoft = microsoft::Microsoft::open(opening(microsoft::MOUNT)).unwrap();
        let furnishing = Furnishing::Bare;
        let dav = caldav::Opening { file: None, clock: clock_of(&world), furnishing };
        let dav = CalDav::open(dav).unwrap();
        let town = google.router().merge(microsoft.router()).merge(dav.router());
        let streets = Arc::new(Streets::new(world.clone(), town.clone()));
        let engine = engine(&world, &streets, pace);
        postman.serve(daybook_provider_webhook::router(engine.clone()));
        let mut house = Self {
            google: google.cloud().clone(),
            microsoft: microsoft.cloud().clone(),
            town,
            postman,
            streets,
            pace,
            engine,
            workers: Vec::new(),
            world,
        };
        house.workers = (0..2).map(|number| Worker::new(number, house.process())).collect();
        house.settle_in();
        house
    }

    fn settle_in(&self) {
        for id in ["demo", "other"] {
            run(self.world.put_practice(&practice(id))).unwrap();
        }
        let mut state = self.world.lock();
        state.employ("demo", "ada", "ada-room");
        state.employ("demo", "ben", "ben-room");
        state.employ("other", "ada", "other-room");
        drop(state);
        run(self.engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
    }

    /// A fresh process over the same table: whatever was in memory is forgotten.
    pub fn process(&self) -> Engine {
        engine(&self.world, &self.streets, self.pace)
    }

    /// The worker's process dies and begins anew.
    pub fn restart(&mut self, which: usize) {
        self.workers[which].crash(&self.world);
        self.workers[which] = Worker::new(which, self.process());
    }

    pub fn cloud(&self, provider: Provider) -> Option<&Cloud> {
        match provider {
            Provider::Google => Some(&self.google),
            Provider::Microsoft => Some(&self.microsoft),
            Provider::Caldav => None,
        }
    }

    /// Turns a switch of a stand-in, or makes it do something.
    pub fn control(&self, provider: Provider, wish: &serde_json::Value) {
        let url = format!("{HOST}{}/control", mount(provider));
        let request = Request::post(url).header("content-type", "application/json");
        let answer = self.browse(request.body(wish.to_string().into()).unwrap());
        assert!(answer.status().is_success(), "{wish}: {}", String::from_utf8_lossy(answer.body()));
    }

    /// How the sandbox Microsoft behaves where Graph leaves it open.
    pub fn set_manners(&self, manners: &serde_json::Value) {
        let request = Request::put(format!("{HOST}/sandbox/microsoft/control/graph"));
        let request = request.header("content-type", "application/json");
        let answer = self.browse(request.body(manners.to_string().into()).unwrap());
        assert!(answer.status().is_success(), "{manners}: {}", String::from_utf8_lossy(answer.body()));
    }

    /// What the stand-ins have to tell goes into the bag.
    pub fn collect_letters(&self) {
        run(self.google.deliver_due());
        run(self.microsoft.deliver_due());
    }

    /// Everything on its way arrives.
    pub fn deliver(&self) {
        self.collect_letters();
        for letter in self.postman.take() {
            self.hand_over(letter);
        }
    }

    /// One letter; it goes back into the bag where the door cannot take it.
    pub fn hand_over(&self, letter: Letter) {
        if run(self.postman.hand_over(&letter)).is_server_error() {
            self.postman.put_back(letter);
        }
    }

    /// Works until the queue is empty; messages of the dead come back when their time is up.
    pub fn drain(&mut self) {
        for _ in 0..40 {
            for worker in &mut self.workers {
                worker.finish(&self.world);
            }
            while self.workers[0].take(&self.world) {
                self.workers[0].finish(&self.world);
            }
            if self.world.lock().queue.is_empty() {
                return;
            }
            let mut state = self.world.lock();
            let visibility = state.visibility;
            state.now += visibility;
        }
        self.world.lock().break_promise("the queue does not empty");
    }

    /// How a signal of the EHR about an appointment looks.
    pub fn ehr_tells(&self, appointment: &str, practitioner: &str) {
        let signal = daybook_engine::receive::EhrSignal {
            appointments: vec![appointment.into()],
            practitioners: vec![practitioner.into()],
        };
        run(self.engine.receive_ehr(&demo(), &signal)).unwrap();
    }
}

/// Doors, engine, stand-ins and postman hold each other.
impl Drop for House {
    fn drop(&mut self) {
        self.postman.close();
    }
}

/// The stand-ins live in the world's own time, however wrong a worker's clock is.
fn clock_of(world: &Arc<World>) -> Clock {
    let world = world.clone();
    Arc::new(move || world.lock().now)
}

fn engine(world: &Arc<World>, streets: &Arc<Streets>, pace: Pace) -> Engine {
    let transport: Arc<dyn Transport> = streets.clone();
    let google = Google::new(google_config(), transport.clone(), world.clone());
    let microsoft = Microsoft::new(microsoft_config(), transport.clone(), world.clone());
    let dav = Caldav::over(transport, "loopback".parse().unwrap(), world.clone());
    let providers = Providers::from([
        (Provider::Google, Arc::new(google) as Arc<dyn CalendarProvider>),
        (Provider::Microsoft, Arc::new(microsoft)),
        (Provider::Caldav, Arc::new(dav)),
    ]);
    let mut engine = world.engine_with(pace, providers);
    engine.public_url = OURS.into();
    engine
}

fn at(path: &str) -> Url {
    Url::parse(&format!("{HOST}{path}")).unwrap()
}

fn google_config() -> GoogleConfig {
    GoogleConfig {
        client_id: "daybook".into(),
        client_secret: "secret".to_owned().into(),
        auth_url: at("/sandbox/google/o/oauth2/v2/auth"),
        token_url: at("/sandbox/google/token"),
        revoke_url: at("/sandbox/google/revoke"),
        api_url: at("/sandbox/google"),
    }
}

fn microsoft_config() -> MicrosoftConfig {
    MicrosoftConfig {
        client_id: "daybook".into(),
        client_secret: "secret".to_owned().into(),
        auth_url: at("/sandbox/microsoft/common/oauth2/v2.0/authorize"),
        token_url: at("/sandbox/microsoft/common/oauth2/v2.0/token"),
        api_url: at("/sandbox/microsoft/v1.0"),
    }
}
