//! The table inside this process: the real SDK, whose requests are answered by a `DynamoDB` engine over `SQLite`
//! instead of the network. For one machine and for tests; nothing of it is linked on AWS.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, IdentityCache, Region, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::embedded_listing::{HandOver, Listing};

/// The body of an answer that has its listing beside it.
const NOTHING: &str = "{}";

/// Why the embedded table cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("{path} is in use by another process")]
    InUse { path: PathBuf },
    #[error("{path} cannot be opened")]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the embedded table cannot be opened")]
    Engine(#[source] DynoxideError),
}

/// Keeps the embedded table open, and its file locked against other processes.
pub struct Embedded {
    database: Database,
    _lock: Option<File>,
}

impl Embedded {
    /// Deletes rows whose time has passed, as the real table does by itself. Returns how many.
    pub fn delete_expired(&self) -> Result<usize, EmbeddedError> {
        self.database.sweep_ttl().map_err(EmbeddedError::Engine)
    }
}

/// A client of an embedded table: in a file, or in memory.
///
/// A file is written ahead and synced at each request, on a thread of its own. In memory a request is answered on
/// the spot, whatever runs the future, so that a test decides what happens when.
pub fn embedded_client(path: Option<&Path>) -> Result<(Client, Embedded), EmbeddedError> {
    let lock = path.map(locked).transpose()?;
    let database = match path {
        None => Database::memory(),
        Some(path) => Database::new(&path.to_string_lossy()),
    };
    let database = database.map_err(EmbeddedError::Engine)?;
    let engine = match path {
        None => Engine::Direct(database.clone()),
        Some(path) => Engine::Threaded(serve_on_thread(database.clone(), path)?),
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("local"))
        .endpoint_url("http://embedded.invalid")
        // Nobody looks at a signature inside this process.
        .allow_no_auth()
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(engine)
        .interceptor(HandOver)
        .build();
    Ok((Client::from_conf(config), Embedded { database, _lock: lock }))
}

/// Two processes on one file would each believe that they alone hold the leases.
fn locked(path: &Path) -> Result<File, EmbeddedError> {
    let path = path.with_extension("lock");
    let failed = |cause| EmbeddedError::File { path: path.clone(), cause };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(EmbeddedError::InUse { path }),
        Err(std::fs::TryLockError::Error(cause)) => Err(EmbeddedError::File { path, cause }),
    }
}

/// A request, and where its answer goes.
type Job = (HttpRequest, oneshot::Sender<Result<HttpResponse, ConnectorError>>);

fn serve_on_thread(database: Database, path: &Path) -> Result<mpsc::Sender<Job>, EmbeddedError> {
    let (jobs, inbox) = mpsc::channel::<Job>();
    let serve = move || {
        for (request, reply) in inbox {
            // Who no longer waits for the answer needs none; the write has happened all the same.
            drop(reply.send(answer(&database, &request)));
        }
    };
    std::thread::Builder::new()
        .name("embedded-table".into())
        .spawn(serve)
        .map_err(|cause| EmbeddedError::File { path: path.to_owned(), cause })?;
    Ok(jobs)
}

/// Takes the place of the network.
#[derive(Clone)]
enum Engine {
    Direct(Database),
    Threaded(mpsc::Sender<Job>),
}

/// The SDK asks for it; there is nothing to show.
impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self {
            Engine::Direct(database) => HttpConnectorFuture::ready(answer(database, &request)),
            Engine::Threaded(jobs) => {
                let (reply, answered) = oneshot::channel();
                let sent = jobs.send((request, reply));
                HttpConnectorFuture::new(async move {
                    sent.map_err(|_| stopped())?;
                    answered.await.map_err(|_| stopped())?
                })
            }
        }
    }
}

fn stopped() -> ConnectorError {
    ConnectorError::io("the embedded table has stopped".into())
}

fn answer(database: &Database, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let body = request.body().bytes().unwrap_or_default();
    let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').next_back());
    let answered = match operation.unwrap_or_default() {
        "Query" => list(database, body).map(|listing| (NOTHING.to_owned(), Some(listing))),
        operation => dispatch(database, operation, body).map(|body| (body, None)),
    };
    let (status, (body, listing)) = match answered {
        Ok(answered) => (200, answered),
        Err(error) => (error.status_code(), (error.to_json(), None)),
    };
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    if let Some(listing) = listing {
        response.add_extension(listing);
    }
    Ok(response)
}

fn list(database: &Database, body: &[u8]) -> Result<Listing, DynoxideError> {
    refuse_empty_keys(body)?;
    Ok(Listing::new(database.query(read(body)?)?))
}

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "UpdateTable" => run(body, |request| database.update_table(request)),
        "UpdateTimeToLive" => run(body, |request| database.update_time_to_live(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "TransactWriteItems" => run(body, |request| database.transact_write_items(request)),
        other => Err(DynoxideError::ValidationException(format!("{other} is not used by Daybook"))),
    }
}

/// `DynamoDB` has no empty keys and refuses to look for one; this engine would find nothing, or everything. All values of
/// our queries are keys.
fn refuse_empty_keys(body: &[u8]) -> Result<(), DynoxideError> {
    let asked: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let values = asked.get("ExpressionAttributeValues").and_then(serde_json::Value::as_object);
    let mut keys = values.into_iter().flat_map(|values| values.values().filter_map(|value| value.get("S")));
    if keys.any(|key| key == "") {
        let words = "The AttributeValue for a key attribute cannot contain an empty string value.";
        return Err(DynoxideError::ValidationException(words.to_owned()));
    }
    Ok(())
}

fn run<Request: DeserializeOwned, Response: Serialize>(
    body: &[u8],
    operate: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<String, DynoxideError> {
    serde_json::to_string(&operate(read(body)?)?).map_err(malformed)
}

fn read<Request: DeserializeOwned>(body: &[u8]) -> Result<Request, DynoxideError> {
    serde_json::from_slice(body).map_err(malformed)
}

#[expect(clippy::needless_pass_by_value, reason = "as a function to map by")]
fn malformed(error: serde_json::Error) -> DynoxideError {
    DynoxideError::SerializationException(error.to_string())
}
