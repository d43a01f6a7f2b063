//! How adapters speak HTTP: one way out with limits, which a test may replace. It knows no provider, follows no
//! redirect and repeats no request.

mod dates;
mod guard;
mod json;
mod tls;
mod ways;
mod web;

use std::error::Error;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

pub use dates::{parse_http_date, retry_after};
pub use guard::{Allow, AllowError, Refusal, Trust};
pub use json::read_json;
pub use ways::{WayError, Ways};
pub use web::{MAX_BODY_BYTES, SetupError, Web};

/// What went wrong underneath.
pub type Underlying = Box<dyn Error + Send + Sync>;

/// Sends one request and brings the whole answer. [`Web`] is the way over the network; a test may give another
/// that answers within the process.
#[async_trait]
pub trait Transport: Send + Sync {
    /// The answer, whatever its status: a redirect is an answer too. The request's URI is absolute.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// Why there is no whole answer. It names neither the URL nor a header: both may hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Ours to mend: asking again changes nothing.
    #[error("the request cannot be built")]
    Unbuildable(#[source] Underlying),
    /// Not connected, cut off, or too slow. Whether the request was carried out is not known.
    #[error("the connection failed")]
    Connection(#[source] Underlying),
    /// The answer was given up after so many bytes.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
}

impl TransportError {
    /// The first cause of this type; resolvers' errors come wrapped by the connector and the client.
    pub fn cause<E: Error + 'static>(&self) -> Option<&E> {
        let mut cause = self.source();
        while let Some(inner) = cause {
            if let Some(found) = inner.downcast_ref() {
                return Some(found);
            }
            cause = inner.source();
        }
        None
    }
}
