//! Whom we take for who they say they are: those for whom the machine's own roots vouch. The roots are read once a
//! process, because reading them is most of what it costs to make a client. It opens no connection.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_platform_verifier::BuilderVerifierExt;

/// Which versions of HTTP a client offers in the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Versions {
    /// HTTP/2 where the server knows it.
    Newest,
    Http1,
}

/// How a client of ours speaks TLS.
pub(crate) fn config(versions: Versions) -> Result<ClientConfig, rustls::Error> {
    let alpn: &[&[u8]] = match versions {
        Versions::Newest => &[b"h2", b"http/1.1"],
        Versions::Http1 => &[b"http/1.1"],
    };
    let mut config = with_roots()?;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

fn with_roots() -> Result<ClientConfig, rustls::Error> {
    static READ: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read.clone());
    }
    let read = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(READ.get_or_init(|| read).clone())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn each_client_offers_what_it_speaks() {
        for (versions, offered) in
            [(Versions::Newest, vec!["h2", "http/1.1"]), (Versions::Http1, vec!["http/1.1"])]
        {
            let config = config(versions).unwrap();
            let protocols: Vec<_> =
                config.alpn_protocols.iter().map(|protocol| str::from_utf8(protocol).unwrap()).collect();
            assert_eq!(protocols, offered);
        }
    }
}
