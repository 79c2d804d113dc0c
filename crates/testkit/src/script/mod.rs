//! A scripted upstream: a real socket that answers exactly what the test says, when it says it.

mod answer;
mod http1;
mod http2;
mod io;
mod received;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub use answer::{Answer, Gate};
pub use received::Received;

use crate::tls::Authority;
use crate::within;
use io::Io;

/// Streams that one HTTP/2 connection of a TLS upstream may have at once, as most servers limit it.
pub const H2_STREAMS: u32 = 100;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was sent to its end.
    Played,
    /// The peer closed its connection before that.
    PeerLeft,
}

type Decide = Box<dyn Fn(&Received) -> Answer + Send + Sync>;

/// A running upstream. Dropped, it closes every connection.
pub struct Script {
    addr: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    decide: Decide,
    connections: AtomicUsize,
    log: Mutex<Log>,
    changed: Notify,
}

#[derive(Default)]
struct Log {
    received: Vec<Received>,
    ended: HashMap<usize, Ended>,
}

impl Script {
    /// Answers each request with what `decide` says of it.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start(decide: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Script {
        Script::listen(Box::new(decide), None).await
    }

    /// The same over TLS, as `localhost`, offering HTTP/2 with [`H2_STREAMS`] streams and HTTP/1.1.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start_tls(
        authority: &Authority,
        decide: impl Fn(&Received) -> Answer + Send + Sync + 'static,
    ) -> Script {
        let config = authority.server(&[b"h2", b"http/1.1"]);
        Script::listen(Box::new(decide), Some(TlsAcceptor::from(config))).await
    }

    async fn listen(decide: Decide, tls: Option<TlsAcceptor>) -> Script {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            decide,
            connections: AtomicUsize::new(0),
            log: Mutex::default(),
            changed: Notify::new(),
        });
        let (is_tls, served) = (tls.is_some(), Arc::clone(&shared));
        let accepting = tokio::spawn(async move {
            // Dropping the set ends every connection.
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                connections.spawn(connection(Arc::clone(&served), tcp, tls.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Script { addr, tls: is_tls, shared, accepting }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL, without a path.
    pub fn url(&self) -> String {
        match self.tls {
            true => format!("https://localhost:{}", self.addr.port()),
            false => format!("http://{}", self.addr),
        }
    }

    /// Every request so far, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        self.shared.log().received.clone()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.shared.log().received.len()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// The request with that number, counted from 0, once it is here.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn request(&self, n: usize) -> Received {
        self.wait("a request to the upstream", |log| log.received.get(n).cloned()).await
    }

    /// How the answer to that request ended, once it has.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn ended(&self, n: usize) -> Ended {
        self.wait("the end of an upstream's answer", |log| log.ended.get(&n).copied()).await
    }

    async fn wait<T>(&self, what: &str, look: impl Fn(&Log) -> Option<T>) -> T {
        within(20, what, async {
            loop {
                let changed = self.shared.changed.notified();
                let mut changed = std::pin::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = look(&self.shared.log()) {
                    return found;
                }
                changed.await;
            }
        })
        .await
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; its number is its place in the log.
    fn note(&self, mut received: Received) -> (Received, Answer) {
        {
            let mut log = self.log();
            received.n = log.received.len();
            log.received.push(received.clone());
        }
        self.changed.notify_waiters();
        let answer = (self.decide)(&received);
        (received, answer)
    }

    fn note_end(&self, n: usize, ended: Ended) {
        self.log().ended.insert(n, ended);
        self.changed.notify_waiters();
    }
}

async fn connection(shared: Arc<Shared>, tcp: TcpStream, tls: Option<TlsAcceptor>) {
    let id = shared.connections.fetch_add(1, Ordering::Relaxed);
    // Each piece is to leave as its own segment.
    let _ = tcp.set_nodelay(true);
    let io = match tls {
        None => Io::Plain(tcp),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(tls) => Io::Tls(Box::new(tls)),
            Err(_) => return,
        },
    };
    if io.is_h2() {
        http2::serve(shared, id, io).await
    } else {
        http1::serve(&shared, id, io).await
    }
}
