//! What stories are told with: one clinician with an account at one provider, connected, and the steps of a story.

use daybook_core::appointment::Status;
use daybook_core::connection::{Connection, Provider, Settings, State};
use daybook_core::ids::CalendarId;
use daybook_core::link::Link;
use daybook_core::time::Interval;
use daybook_engine::Pace;
use daybook_engine::connect::NewConnection;
use daybook_engine::ports::{Cause, ConnectionRef, Links, Named};
use daybook_engine::receive::EhrSignal;
use daybook_sandbox::cloud::Item;
use jiff::{SignedDuration, Timestamp};

use super::browser::Answer;
use super::hand::{DavHand, GoogleHand, Hand, MicrosoftHand, Standing};
use super::house::{HOST, House, OURS};
use crate::world::scene::{appointment, demo, login, two_way};
use crate::world::worker::run;

/// A Monday morning in New York.
pub const BEGINNING: &str = "2026-11-23T12:00Z";
pub const ADA: &str = "ada@clinic.example";

pub struct Stage {
    pub house: House,
    pub hand: Box<dyn Hand>,
    /// The calendar that mirrors go to, and the one of the clinician's own life.
    pub main: CalendarId,
    pub private: CalendarId,
    pub connections: Vec<ConnectionRef>,
}

/// The hand of ada at a provider.
pub fn hand(provider: Provider) -> Box<dyn Hand> {
    match provider {
        Provider::Google => Box::new(GoogleHand::of(ADA)),
        Provider::Microsoft => Box::new(MicrosoftHand::of(ADA)),
        Provider::Caldav => Box::new(DavHand::ada()),
    }
}

/// An hour so many days and hours after the first morning.
pub fn hour(days: i64, hours: i64) -> Interval {
    let beginning: Timestamp = BEGINNING.parse().unwrap();
    let start = beginning + SignedDuration::from_hours(days * 24 + hours);
    Interval::between(start, start + SignedDuration::from_mins(50))
}

impl Stage {
    /// Ada has two calendars; nothing is connected.
    pub fn before(provider: Provider) -> Self {
        Self::over(provider, 7, Pace::default())
    }

    /// The same, by a seed and at a pace of its own.
    pub fn over(provider: Provider, seed: u64, pace: Pace) -> Self {
        let house = House::new(seed, BEGINNING, pace);
        let hand = hand(provider);
        let (main, private) = (hand.make_calendar(&house, "work"), hand.make_calendar(&house, "private"));
        Self { house, hand, main, private, connections: Vec::new() }
    }

    /// Ada of `demo` is connected in both directions, and everything is settled.
    pub fn connected(provider: Provider) -> Self {
        let mut stage = Self::before(provider);
        let settings = stage.settings();
        stage.connect("demo", "ada", settings);
        stage.assert_agreed();
        stage
    }

    pub fn settings(&self) -> Settings {
        two_way(self.main.as_str(), &[self.main.as_str(), self.private.as_str()])
    }

    /// Connects, signs in, and works until all is quiet.
    pub fn connect(&mut self, practice: &str, practitioner: &str, settings: Settings) -> ConnectionRef {
        let at = self.begin(practice, practitioner, settings);
        if self.hand.provider() != Provider::Caldav {
            let done = self.house.sign_in(&at, ADA, Answer::Allow);
            done.unwrap_or_else(|stopped| panic!("{:?}", stopped.why));
        }
        self.settle();
        at
    }

    /// A connection that waits for its sign-in; a password is given at once.
    pub fn begin(&mut self, practice: &str, practitioner: &str, settings: Settings) -> ConnectionRef {
        let provider = self.hand.provider();
        let login = (provider == Provider::Caldav).then(|| daybook_engine::ports::Login {
            url: DavHand::url(),
            password: "ada-sandbox".to_owned().into(),
            ..login("ada")
        });
        let (practice, practitioner) = (practice.into(), practitioner.into());
        let new = NewConnection { practice, practitioner, provider, settings, login };
        let made = run(self.house.engine.connect(new)).unwrap();
        let at = ConnectionRef { practice: made.practice, id: made.id };
        self.connections.push(at.clone());
        at
    }

    pub fn at(&self) -> &ConnectionRef {
        &self.connections[0]
    }

    pub fn now(&self) -> Timestamp {
        self.house.world.lock().now
    }

    pub fn hour(&self, days: i64, hours: i64) -> Interval {
        hour(days, hours)
    }

    pub fn wait(&self, length: SignedDuration) {
        self.house.world.lock().now += length;
    }

    /// Notifications arrive and the workers work, until all is quiet.
    pub fn settle(&mut self) {
        for _ in 0..5 {
            self.house.drain();
            self.house.deliver();
        }
        self.house.drain();
        assert_eq!(self.house.world.lock().broken, [""; 0]);
    }

    /// Time passes, the sweep comes by, everything is settled.
    pub fn sweep_after(&mut self, length: SignedDuration) {
        self.wait(length);
        run(self.house.engine.sweep(0, jiff::Timestamp::MAX)).unwrap();
        self.settle();
    }

    /// A sweep a day for so many days, each a little after the practice's midnight.
    pub fn days(&mut self, days: u32) {
        for _ in 0..days {
            self.sweep_after(SignedDuration::from_hours(24));
            self.sweep_after(SignedDuration::from_secs(61));
        }
    }

    /// A person asks for a look now.
    pub fn sync_now(&mut self, at: &ConnectionRef) {
        run(self.house.engine.sync_now(at)).unwrap();
        self.settle();
    }

    /// A run that knows nothing of what changed.
    pub fn poke(&mut self, at: &ConnectionRef, named: &Named) {
        run(self.house.engine.signal(at, named, Cause::Provider)).unwrap();
        self.settle();
    }

    pub fn book(&mut self, id: &str, at: Interval) {
        self.house.world.lock().book(&demo(), appointment(id, "ada", at));
        self.tell(id);
    }

    /// As [`Self::book`], at another practice.
    pub fn book_at(&mut self, practice: &str, id: &str, at: Interval) {
        self.house.world.lock().book(&practice.into(), appointment(id, "ada", at));
        let (appointments, practitioners) = (vec![id.into()], vec!["ada".into()]);
        let signal = EhrSignal { appointments, practitioners };
        run(self.house.engine.receive_ehr(&practice.into(), &signal)).unwrap();
        self.settle();
    }

    pub fn move_appointment(&mut self, id: &str, to: Interval) {
        self.house.world.lock().change(&demo(), &id.into(), |a| a.when = Some(Ok(to)));
        self.tell(id);
    }

    pub fn cancel(&mut self, id: &str) {
        self.house.world.lock().change(&demo(), &id.into(), |a| a.status = Status::Cancelled);
        self.tell(id);
    }

    fn tell(&mut self, id: &str) {
        self.house.ehr_tells(id, "ada");
        self.settle();
    }

    pub fn connection(&self, at: &ConnectionRef) -> Connection {
        run(self.house.engine.find(at)).unwrap()
    }

    pub fn state(&self, at: &ConnectionRef) -> State {
        self.connection(at).evidence.state()
    }

    pub fn mirrors(&self) -> Vec<Standing> {
        self.hand.mirrors(&self.house, &self.main)
    }

    /// What the first connection remembers.
    pub fn links(&self) -> Vec<Link> {
        run(self.house.world.list_links(self.at())).unwrap()
    }

    /// Ada declines the one invitation that stands in her own calendar, on the provider's page.
    pub fn decline_invitation(&self, mount: &str, account: &str) {
        let cloud = self.house.cloud(self.hand.provider()).unwrap();
        let (calendar, item) = cloud.read(|world| {
            let main = world.primary(&world.account(account).unwrap().id).unwrap();
            let is_invited = |item: &&Item| item.body.to_string().contains("ingrid@hospital.example");
            (main.id.clone(), world.items_of(&main.id).find(is_invited).unwrap().id.clone())
        });
        let form = [("account", account), ("calendar", &calendar), ("item", &item), ("reply", "decline")];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = http::Request::post(format!("{HOST}{mount}/events/answer"))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = self.house.browse(request.body(body.into()).unwrap());
        assert!(answer.status().is_redirection(), "{}", answer.status());
    }

    /// When our mirrors stand.
    pub fn mirrored(&self) -> Vec<Interval> {
        self.mirrors().into_iter().map(|one| one.at).collect()
    }

    /// When ada's time is closed.
    pub fn blocked(&self) -> Vec<Interval> {
        self.house.blocks(self.at())
    }

    /// Everything that was written on either side since last asked.
    pub fn written(&self) -> Vec<String> {
        let written = self.peek_written();
        let mut state = self.house.world.lock();
        state.seen = state.told.len();
        written
    }

    /// The same, not taken away.
    pub fn peek_written(&self) -> Vec<String> {
        let state = self.house.world.lock();
        let new = &state.told[state.seen..];
        new.iter().filter(|line| line.starts_with("put") || line.starts_with("delete")).cloned().collect()
    }

    /// Subscriptions of ours that hold, by the calendars that they tell of.
    pub fn subscriptions(&self) -> Vec<String> {
        let Some(cloud) = self.house.cloud(self.hand.provider()) else { return Vec::new() };
        let now = cloud.now();
        let mut held: Vec<String> = cloud.read(|world| {
            let all = world.subscriptions.values();
            all.filter(|one| one.client == "daybook" && one.expires > now)
                .map(|one| one.calendar.clone())
                .collect()
        });
        held.sort();
        held
    }

    /// The calendars that are read, as subscriptions should name them.
    pub fn read(&self) -> Vec<String> {
        let mut read = vec![self.main.to_string(), self.private.to_string()];
        read.sort();
        read
    }

    /// Everything at the provider, by the number of its last change.
    pub fn changes(&self) -> u64 {
        self.house.cloud(self.hand.provider()).map_or(0, |cloud| cloud.read(|world| world.seq))
    }

    /// Whether Google still holds what ada allowed us: then it asks nothing.
    pub fn has_google_grant(&self) -> bool {
        let query = "response_type=code&scope=openid&prompt=none";
        let url = format!(
            "{HOST}/sandbox/google/o/oauth2/v2/auth?client_id=daybook&login_hint={ADA}&{query}\
             &redirect_uri={OURS}/oauth/google/callback"
        );
        let answer = self.house.browse(http::Request::get(url).body(bytes::Bytes::new()).unwrap());
        answer.headers()[http::header::LOCATION].to_str().unwrap().contains("code=")
    }

    /// Both sides agree, and a further look writes nothing.
    pub fn assert_agreed(&mut self) {
        for at in self.connections.clone() {
            if self.state(&at) == State::Active {
                assert_eq!(self.house.differences(&at, self.hand.as_ref()), [""; 0]);
            }
        }
        self.written();
        for at in self.connections.clone() {
            if self.state(&at) == State::Active {
                run(self.house.engine.resume(&at)).unwrap();
            }
        }
        self.settle();
        assert_eq!(self.written(), [""; 0], "a further look wrote something");
    }
}
