//! TLS before a server that speaks none, so that a browser may be shown several sites on one machine. It passes bytes on
//! and knows nothing of HTTP. The certificate is made anew and proves nothing: who uses it must say so.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A port for visitors of these hosts. What it is passed on to is told later, when it has started.
pub struct Front {
    pub port: u16,
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Front {
    pub async fn open(hosts: &[&str]) -> Self {
        let made =
            rcgen::generate_simple_self_signed(hosts.iter().map(ToString::to_string).collect::<Vec<_>>());
        let made = made.expect("a certificate can be made");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        Self { port, listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// Passes everything on, until the test ends.
    pub fn pass_on_to(self, server: SocketAddr) {
        tokio::spawn(async move {
            while let Ok((visitor, _)) = self.listener.accept().await {
                tokio::spawn(pass_on(self.acceptor.clone(), visitor, server));
            }
        });
    }
}

/// A visitor that leaves in the middle is no fault.
async fn pass_on(acceptor: TlsAcceptor, visitor: TcpStream, server: SocketAddr) {
    let (Ok(mut visitor), Ok(mut server)) =
        (acceptor.accept(visitor).await, TcpStream::connect(server).await)
    else {
        return;
    };
    let _ = copy_bidirectional(&mut visitor, &mut server).await;
}
