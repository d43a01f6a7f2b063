//! The messages of one invocation, one after the other: read, sync within the time that is left, tell how it went.

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use daybook_aws::{House, Metrics, Part};
use daybook_engine::chain;
use daybook_engine::ports::Request;
use daybook_engine::sync::{Report, Run, Tally};
use daybook_engine::{Engine, EngineError};
use daybook_queue::parse_body;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent};
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::{Fate, Outcome, fate};

/// Everything that a sync needs.
pub const PARTS: &[Part] = &[Part::QUEUE, Part::VAULT, Part::CALENDARS, Part::EHR];

/// So long before the function's own end a sync is broken off, to tell the queue and the log.
const LEFT_TO_TELL: Duration = Duration::from_secs(5);

/// What the function works with.
pub type Worker = House;

/// Takes the messages of one event. Those that failed are named; the queue brings them again.
pub async fn work(house: Worker, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let deadline = Timestamp::try_from(event.context.deadline())?;
    let mut response = SqsBatchResponse::default();
    for message in event.payload.records {
        if let Fate::Again(pause) = take(&house, &message, deadline).await {
            delay(&house, &message, pause).await;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}

async fn take(house: &House, message: &SqsMessage, deadline: Timestamp) -> Fate {
    let id = message.message_id.as_deref().unwrap_or_default();
    let outcome = match parse_body(message.body.as_deref().unwrap_or_default()) {
        Ok(request) => {
            let span = span_of(&request);
            sync(house, request, deadline).instrument(span).await
        }
        Err(error) => {
            tracing::error!(message_id = id, %error, "a message cannot be read; it will be a dead letter");
            Outcome::Unreadable
        }
    };
    fate(outcome, receives(message))
}

/// Ids and the cause: what a request is, and nothing else.
fn span_of(request: &Request) -> Span {
    let Request { connection, cause, correlation, .. } = request;
    tracing::info_span!("sync", practice = %connection.practice, connection = %connection.id, ?cause, correlation)
}

/// How often this message was received, this time included.
fn receives(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

async fn sync(house: &House, request: Request, deadline: Timestamp) -> Outcome {
    let begun = house.engine.clock.now();
    let since = request.since;
    let left = Duration::try_from(deadline.duration_since(begun)).unwrap_or_default();
    let mut engine = house.engine.clone();
    engine.pace = engine.pace.within(left);
    let run = run(engine, request, left.saturating_sub(LEFT_TO_TELL)).await;
    let now = house.engine.clock.now();
    measure(&house.stack, run.as_ref(), now.duration_since(begun), now.duration_since(since)).write(now);
    match run {
        Some(report) => Outcome::Ran(report.run),
        None => Outcome::Failed,
    }
}

/// `None` where it failed; the log says how.
async fn run(engine: Engine, request: Request, within: Duration) -> Option<Report> {
    match timeout(within, engine.try_sync(&request)).await {
        Ok(Some(Ok(report))) => {
            told(&report);
            Some(report)
        }
        Ok(Some(Err(error))) => {
            tracing::warn!(error = chain(&error as &EngineError), "a sync failed; tried again");
            None
        }
        Ok(None) => {
            tracing::error!("a sync panicked; tried again");
            None
        }
        Err(_) => {
            tracing::error!("a sync did not stop in time and was broken off; tried again");
            None
        }
    }
}

fn told(report: &Report) {
    let Tally { changed, put_off, rejected, .. } = report.tally;
    match report.run {
        Run::Done => tracing::info!(changed, put_off, rejected, "synced"),
        Run::Continued => tracing::info!(changed, put_off, rejected, "synced in part; goes on"),
        Run::Held => tracing::info!("somebody else syncs it; tried again"),
    }
}

fn measure(
    stack: &str,
    report: Option<&Report>,
    took: SignedDuration,
    since_signal: SignedDuration,
) -> Metrics {
    let metrics = Metrics::new(stack)
        .seconds("SyncSeconds", took.as_secs_f64())
        .count("SyncFailed", report.is_none().into());
    let Some(Report { run, tally }) = report else { return metrics };
    let metrics = metrics
        .count("MirrorsChanged", tally.changed)
        .count("WritesPutOff", tally.put_off)
        .count("WritesRejected", tally.rejected)
        .count("DriftHealed", tally.healed)
        .count("Untold", tally.untold)
        .count("HandedOver", (*run == Run::Continued).into());
    // Of a signal that changed nothing nobody waits for the end, and one that was put off has not come to its end.
    let is_agreed = *run == Run::Done && tally.changed > 0 && tally.put_off == 0;
    if is_agreed { metrics.seconds("SignalToAgreedSeconds", since_signal.as_secs_f64()) } else { metrics }
}

/// Without it the message comes again too, only later.
async fn delay(house: &House, message: &SqsMessage, pause: Duration) {
    let (Some(queue), Some(receipt)) = (&house.queue, message.receipt_handle.as_deref()) else { return };
    if let Err(error) = queue.delay(receipt, pause).await {
        tracing::warn!(error = chain(&error), "a message could not be told when to come again");
    }
}
