//! Workers: the production sync as futures that are polled by hand, in an order that somebody else picks. A crash is a
//! future that is dropped. The queue hands out one message of a group at a time, and again when its time is up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use daybook_engine::ports::Request;
use daybook_engine::sync::{Report, Run};
use daybook_engine::{Engine, EngineError};
use jiff::{SignedDuration, Timestamp};

use super::World;
use super::fault::Plant;

/// One request in the queue.
#[derive(Clone, Debug)]
pub struct Message {
    pub request: Request,
    /// Not handed out before.
    pub visible_at: Timestamp,
    /// Who works on it.
    pub holder: Option<usize>,
}

/// A message whose run failed comes back after this.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

type Running = Pin<Box<dyn Future<Output = Result<Report, EngineError>> + Send>>;

/// One worker, which may be at work.
pub struct Worker {
    number: usize,
    engine: Engine,
    running: Option<Job>,
}

struct Job {
    /// The correlation of its message, which is unique.
    message: String,
    future: Running,
    pub started: Timestamp,
}

impl Worker {
    pub fn new(number: usize, engine: Engine) -> Self {
        Self { number, engine, running: None }
    }

    pub fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    /// Since when it is at work.
    pub fn since(&self) -> Option<Timestamp> {
        self.running.as_ref().map(|job| job.started)
    }

    /// Takes the next message, if one may be handed out.
    pub fn take(&mut self, world: &Arc<World>) -> bool {
        let Some(message) = world.lock().hand_out(self.number) else { return false };
        let (number, now) = (self.number, world.lock().now);
        world.lock().tell_read(|| format!("- worker {number} begins at {now}"));
        let engine = self.engine.clone();
        let started = world.lock().now;
        let correlation = message.request.correlation.clone();
        let future: Running = Box::pin(async move { Box::pin(engine.sync(&message.request)).await });
        self.running = Some(Job { message: correlation, future, started });
        true
    }

    /// Goes on to its next await. Says whether it ended.
    pub fn poll(&mut self, world: &Arc<World>) -> bool {
        let Some(job) = &mut self.running else { return true };
        world.lock().worker = Some(self.number);
        let polled = poll_once(&mut job.future);
        world.lock().worker = None;
        let Poll::Ready(result) = polled else { return false };
        let (number, message) = (self.number, job.message.clone());
        world.lock().tell_read(|| format!("- worker {number} ends: {result:?}"));
        self.running = None;
        world.lock().lose_worker(self.number);
        world.lock().give_back(&message, self.number, &result);
        true
    }

    /// Dies where it stands; its message comes back when its time is up.
    pub fn crash(&mut self, world: &Arc<World>) {
        if let Some(Job { .. }) = &self.running {
            let number = self.number;
            world.lock().tell_read(|| format!("- worker {number} crashes"));
        }
        self.running = None;
        world.lock().lose_worker(self.number);
    }

    /// To the end of its job.
    pub fn finish(&mut self, world: &Arc<World>) {
        for _ in 0..100_000 {
            if self.poll(world) {
                return;
            }
        }
        world.lock().break_promise("a run did not end");
        self.crash(world);
    }
}

impl super::State {
    /// The oldest visible message of a connection on which nobody works.
    fn hand_out(&mut self, worker: usize) -> Option<Message> {
        let now = self.now;
        let is_busy = |message: &&Message, queue: &[Message]| {
            queue.iter().any(|other| {
                other.holder.is_some()
                    && other.visible_at > now
                    && other.request.connection == message.request.connection
            })
        };
        let position = self
            .queue
            .iter()
            .position(|message| message.visible_at <= now && !is_busy(&message, &self.queue))?;
        if self.is_planted(Plant::QueueAcksFirst) {
            return Some(self.queue.remove(position));
        }
        let visible_at = now + self.visibility;
        let message = &mut self.queue[position];
        (message.holder, message.visible_at) = (Some(worker), visible_at);
        Some(message.clone())
    }

    fn give_back(&mut self, correlation: &str, worker: usize, result: &Result<Report, EngineError>) {
        self.mix((correlation, result.is_ok()));
        let now = self.now;
        let ours =
            |message: &Message| message.request.correlation == correlation && message.holder == Some(worker);
        match result {
            Ok(Report { run: Run::Done | Run::Continued, .. }) => self.queue.retain(|message| !ours(message)),
            Ok(Report { run: Run::Held, .. }) | Err(_) => {
                for message in self.queue.iter_mut().filter(|message| ours(message)) {
                    (message.holder, message.visible_at) = (None, now + AGAIN);
                }
            }
        }
    }
}

/// Goes on to its next await; its output, where that was the last.
pub fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
    match poll_once(future) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs what works under a lease of its own, as this worker, to its end or to its n-th await: then it dies there.
pub fn work<T>(world: &World, number: usize, future: impl Future<Output = T>, awaits: usize) -> Option<T> {
    let mut future = Box::pin(future);
    let mut output = None;
    for _ in 0..awaits {
        world.lock().worker = Some(number);
        output = poll(&mut future);
        world.lock().worker = None;
        if output.is_some() {
            break;
        }
    }
    world.lock().lose_worker(number);
    output
}

/// Runs a future to its end, alone.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = poll_once(&mut future) {
            return output;
        }
    }
    panic!("a call did not end")
}
