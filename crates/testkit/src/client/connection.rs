//! One connection to a server: bytes out, replies in.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::reply::{Head, Reply};
use super::streaming::Streaming;

/// The longest a server may be silent before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// An open connection.
pub struct Connection {
    socket: Box<dyn Socket>,
    /// What was received and not yet asked for.
    pub(super) buffer: Vec<u8>,
    certificate: Option<Vec<u8>>,
}

impl Connection {
    /// Connects without TLS.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open(addr: SocketAddr) -> Connection {
        Connection::of(tcp(addr).await, None)
    }

    /// Connects without TLS, if somebody listens.
    pub async fn try_open(addr: SocketAddr) -> Option<Connection> {
        let tcp = TcpStream::connect(addr).await.ok()?;
        tcp.set_nodelay(true).ok()?;
        Some(Connection::of(tcp, None))
    }

    /// Connects with TLS, to `localhost`.
    ///
    /// # Panics
    /// When nobody listens or the certificate is not trusted.
    pub async fn open_tls(addr: SocketAddr, config: Arc<ClientConfig>) -> Connection {
        let name = ServerName::try_from("localhost").expect("a name");
        let tls = TlsConnector::from(config).connect(name, tcp(addr).await).await.expect("TLS");
        let certificate = peer_certificate(&tls);
        Connection::of(tls, certificate)
    }

    /// Connects to a socket in the file system.
    ///
    /// # Panics
    /// When nobody listens.
    pub async fn open_unix(path: &Path) -> Connection {
        Connection::of(UnixStream::connect(path).await.expect("a server that listens"), None)
    }

    /// Connects to a socket in the file system, if somebody listens.
    pub async fn try_open_unix(path: &Path) -> Option<Connection> {
        Some(Connection::of(UnixStream::connect(path).await.ok()?, None))
    }

    fn of(socket: impl Socket + 'static, certificate: Option<Vec<u8>>) -> Connection {
        Connection { socket: Box::new(socket), buffer: Vec::new(), certificate }
    }

    /// The server's own certificate (DER), with TLS.
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the server does not take them.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("the server takes what is sent");
    }

    /// Sends bytes to a server that may stop taking them.
    ///
    /// # Errors
    /// When it did.
    pub async fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = async {
            self.socket.write_all(bytes).await?;
            self.socket.flush().await
        };
        timeout(PATIENCE, sent).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Closes the sending side only.
    ///
    /// # Panics
    /// When the connection is gone already.
    pub async fn finish_sending(&mut self) {
        self.socket.shutdown().await.expect("a connection to half-close");
    }

    /// Reads a whole reply.
    ///
    /// # Panics
    /// When none comes.
    pub async fn reply(&mut self) -> Reply {
        let head = self.head().await.expect("a reply");
        head.reply(self).await
    }

    /// Reads a whole reply, if the server sends one before it closes.
    pub async fn maybe_reply(&mut self) -> Option<Reply> {
        let head = self.head().await.ok()?;
        Some(head.reply(self).await)
    }

    /// Reads a reply's head; the rest comes through what this returns.
    ///
    /// # Panics
    /// When none comes.
    pub async fn streaming(mut self) -> Streaming {
        let head = self.head().await.expect("a reply's head");
        Streaming::new(self, head)
    }

    /// Reads a reply's head, if the server sends one before it closes.
    pub async fn maybe_streaming(mut self) -> Option<Streaming> {
        let head = self.head().await.ok()?;
        Some(Streaming::new(self, head))
    }

    /// Whether the server has closed the connection, waiting for at most `time`.
    pub async fn closed_within(&mut self, time: Duration) -> bool {
        timeout(time, async { while self.more().await.is_ok_and(|more| more) {} }).await.is_ok()
    }

    /// The next head of a reply, interim ones left out.
    async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|it| it == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..at + 4).collect();
                let head = Head::parse(&head);
                if head.status >= 200 {
                    return Ok(head);
                }
            } else if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads more into the buffer; `false` at the end.
    pub(super) async fn more(&mut self) -> io::Result<bool> {
        let read = timeout(PATIENCE, self.socket.read_buf(&mut self.buffer)).await;
        match read {
            Ok(read) => read.map(|bytes| bytes > 0),
            Err(_) => panic!("the server said nothing for {} s", PATIENCE.as_secs()),
        }
    }
}

async fn tcp(addr: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(addr).await.expect("a server that listens");
    tcp.set_nodelay(true).expect("a socket option");
    tcp
}

fn peer_certificate(tls: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    Some(tls.get_ref().1.peer_certificates()?.first()?.to_vec())
}
