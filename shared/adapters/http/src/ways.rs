//! The ways out to addresses that come from outside: each request is checked, and each name where it leads when the
//! connection is made. It follows no redirect and knows no protocol above HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use crate::guard::{Allow, Refusal, Trust, is_public};
use crate::{SetupError, Transport, TransportError, Web};

/// The ways out, one for each kind of trust. Cheap to clone.
#[derive(Clone)]
pub struct Ways {
    allow: Allow,
    public: Arc<dyn Transport>,
    listed: Arc<dyn Transport>,
    loopback: Arc<dyn Transport>,
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    #[error("the host is not spoken to: {0}")]
    Guarded(Refusal),
    #[error("no answer came")]
    Transport(#[source] TransportError),
}

impl Ways {
    /// Over the network, in HTTP/1.1 only, where each trust has connections of its own.
    pub fn http1(allow: Allow, tune: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Self, SetupError> {
        let way = |trust| {
            Web::http1(|client| tune(client).dns_resolver(Filtering(trust)))
                .map(|web| Arc::new(web) as Arc<dyn Transport>)
        };
        Ok(Self {
            allow,
            public: way(Trust::Public)?,
            listed: way(Trust::Listed)?,
            loopback: way(Trust::Loopback)?,
        })
    }

    /// Over one transport for all. URLs are checked as ever; the addresses behind names are the transport's business.
    pub fn over(transport: Arc<dyn Transport>, allow: Allow) -> Self {
        Self { allow, public: transport.clone(), listed: transport.clone(), loopback: transport }
    }

    pub fn allow(&self) -> &Allow {
        &self.allow
    }

    /// Sends the request to this URL, if its host may be spoken to.
    pub async fn send(&self, url: &Url, mut request: Request<Bytes>) -> Result<Response<Bytes>, WayError> {
        let trust = self.allow.check(url).map_err(WayError::Guarded)?;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|error| WayError::Transport(TransportError::Unbuildable(Box::new(error))))?;
        self.way(trust).send(request).await.map_err(refused)
    }

    fn way(&self, trust: Trust) -> &dyn Transport {
        match trust {
            Trust::Public => self.public.as_ref(),
            Trust::Listed => self.listed.as_ref(),
            Trust::Loopback => self.loopback.as_ref(),
        }
    }
}

/// A refusal of the resolver is ours, not the network's.
fn refused(error: TransportError) -> WayError {
    match error.cause::<Refusal>() {
        Some(refusal) => WayError::Guarded(refusal.clone()),
        None => WayError::Transport(error),
    }
}

/// Resolves names, and lets through only the addresses that fit the trust, at the moment of connecting: a name
/// that changes its address after we looked at it gains nothing.
#[derive(Clone, Copy)]
struct Filtering(Trust);

impl Resolve for Filtering {
    fn resolve(&self, name: Name) -> Resolving {
        let trust = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fit: Vec<SocketAddr> = found.filter(|address| fits(trust, *address)).collect();
            if fit.is_empty() {
                return Err(Refusal::NotPublic.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

fn fits(trust: Trust, address: SocketAddr) -> bool {
    match trust {
        Trust::Public => is_public(address.ip()),
        Trust::Listed => true,
        Trust::Loopback => address.ip().is_loopback(),
    }
}
