//! `wayleave serve`: the order of a server's life.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wayleave_admin::{AdminState, Shelf, SignIn, keep_checking};
use wayleave_gateway::drain::Drains;
use wayleave_gateway::follower::Follower;
use wayleave_gateway::job::Poller;
use wayleave_gateway::keeper::{self, Keeper};
use wayleave_gateway::metrics::Metrics;
use wayleave_gateway::pool::Healths;
use wayleave_gateway::recent::Recent;
use wayleave_gateway::recorder::Recorder;
use wayleave_gateway::server::{self, Server};
use wayleave_gateway::task::upload::Uploads;
use wayleave_gateway::token::Tokens;
use wayleave_gateway::upstream::Upstream;
use wayleave_gateway::vault::Vault;
use wayleave_gateway::{Gateway, Settings, Timers};
use wayleave_model::Clock;
use wayleave_model::id::NodeId;
use wayleave_spool::{Options, Recovery, Spool};
use wayleave_store::Store;

use super::settings::SettingsArgs;
use crate::cli::Reach;
use crate::config::{Config, KekSource, TlsFiles};
use crate::exit::Failure;
use crate::serving::signals::{Signals, Wish};
use crate::serving::{banner, control, fetch, healths, live, metrics, prove, socket, tls};
use crate::{init, telemetry};

/// How long the spool may take to empty at the end.
const EMPTYING: Duration = Duration::from_secs(10);

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The process's settings.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Runs a server until SIGTERM.
///
/// # Errors
/// What kept it from starting, with what to do.
pub fn run(args: &ServeArgs, reach: &Reach) -> Result<(), Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let config = args.settings.resolve(reach, &env)?;
    let _logs = telemetry::start(config.log_format, env("WAYLEAVE_LOG"));
    let runtime = match config.workers {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        n => tokio::runtime::Builder::new_multi_thread().worker_threads(n).enable_all().build()?,
    };
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let clock = Clock::system();
    init::folder(&config.data)?;
    let (spool, recovery) = open_spool(&config, &clock)?;
    let store = init::open(&config, clock.clone()).await?;
    let first = init::ensure(&config, &store).await?;
    if let Some(file) = &config.apply {
        crate::command::apply::at_start(file, &store).await?;
    }
    let listeners = bind(&config).await?;
    let base = base_url(&config, &listeners)?;
    let tasks = TaskTracker::new();
    let gateway =
        gateway(&config, &base, &store, spool, &recovery, tasks.clone(), clock.clone()).await?;
    let poller = Poller::begin(Arc::clone(&gateway), store.clone()).await?;
    let tls = Arc::new(ArcSwapOption::empty());
    load_certificate(&tls, config.tls.as_ref())?;
    let admin = AdminState {
        store: store.clone(),
        clock,
        public_url: base.clone(),
        key_file: match &config.kek {
            KekSource::File(path) => Some(path.clone()),
            KekSource::Given(_) => None,
        },
        spool: Some(config.data.join("spool")),
        public_catalog: config.public_catalog.then(Shelf::default),
        healths: Arc::new(healths::Known(Arc::clone(&gateway))),
        sign_in: SignIn::new(Arc::new(fetch::Guarded(Arc::clone(&gateway)))),
        fetch: Arc::new(fetch::Guarded(Arc::clone(&gateway))),
        prove: Arc::new(prove::Ladder(Arc::clone(&gateway))),
        tasks: tasks.clone(),
    };
    let checking = config.check_credentials.map(|it| keep_checking(admin.clone(), it));
    let router = wayleave_admin::router(admin);
    let router = live::at_once(router, Arc::clone(&gateway), store.clone());
    let (accepting, settling) = (CancellationToken::new(), CancellationToken::new());
    let recorder = Arc::clone(&gateway.recorder);
    let follower = Follower::new(recorder, store.clone(), recovery.cursor, recovery.end);
    let follower = tokio::spawn(follower.run(settling.clone(), EMPTYING));
    let healths = Arc::clone(&gateway.healths);
    tasks.spawn(Keeper::new(Arc::clone(&gateway), store.clone(), healths).run(accepting.clone()));
    tasks.spawn(poller.run(accepting.clone()));
    if let Some(checking) = checking {
        tasks.spawn(accepting.clone().run_until_cancelled_owned(checking));
    }
    let local = socket::bind(&config.data)?;
    tasks.spawn(socket::listen(local, router.clone(), accepting.clone()));
    if let Some(addr) = config.metrics_listen {
        let listener =
            TcpListener::bind(addr).await.map_err(|err| taken("--metrics-listen", addr, &err))?;
        tasks.spawn(metrics::listen(listener, Arc::clone(&gateway), accepting.clone()));
    }
    let connections = TaskTracker::new();
    let server = Arc::new(Server {
        gateway: Arc::clone(&gateway),
        control: control::plane(router, Arc::clone(&gateway), config.metrics_token),
        tls: Arc::clone(&tls),
        connections: connections.clone(),
    });
    for listener in listeners {
        tasks.spawn(Arc::clone(&server).listen(listener, accepting.clone()));
    }
    announce(first.as_ref(), &base, &gateway)?;
    while signals.next().await == Wish::Reload {
        match load_certificate(&tls, config.tls.as_ref()) {
            Ok(()) if config.tls.is_none() => {
                tracing::info!("SIGHUP: there is no certificate to read again")
            }
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(err) => tracing::error!(%err, "the certificate cannot be used: the old one stays"),
        }
    }
    server::drain(&gateway);
    accepting.cancel();
    connections.close();
    let unfinished = tokio::time::timeout(config.drain, connections.wait()).await.is_err();
    if unfinished {
        tracing::warn!(
            connections = connections.len(),
            "streams were cut: the drain deadline passed"
        );
    }
    drop(server);
    tasks.close();
    // What goes on in the background for clients that left is bounded too.
    let _ = tokio::time::timeout(config.drain, tasks.wait()).await;
    settling.cancel();
    if let Err(err) = follower.await {
        tracing::error!(%err, "the follower ended badly: the spool is read again at the next start");
    }
    store.close().await;
    let _ = std::fs::remove_file(config.data.join(socket::NAME));
    Ok(())
}

async fn gateway(
    config: &Config,
    base: &str,
    store: &Store,
    spool: Spool,
    recovery: &Recovery,
    tasks: TaskTracker,
    clock: Clock,
) -> Result<Arc<Gateway>, Failure> {
    let settings = settings(config, base)?;
    let healths = Arc::new(Healths::default());
    healths.meters().look(clock.now());
    let world = keeper::read(store, &healths).await?;
    let upstream = Upstream::new(&settings).map_err(|err| Failure::Usage(err.to_string()))?;
    let media = Upstream::for_media(&settings).map_err(|err| Failure::Usage(err.to_string()))?;
    let metrics = Arc::new(Metrics::default());
    metrics.revision.set(world.revision);
    Ok(Arc::new(Gateway {
        world: ArcSwap::from_pointee(world),
        drains: Drains::new(settings.max_drains, settings.drain_limit, tasks),
        uploads: Uploads::new(settings.upload_room),
        recorder: Arc::new(Recorder {
            clock,
            spool: Arc::new(spool),
            metrics,
            recent: Recent::default(),
            meters: healths.meters().clone(),
        }),
        upstream,
        media,
        vault: Vault::new(store.clone()),
        tokens: Tokens::default(),
        healths,
        hasher: store.hasher(),
        node: NodeId(uuid::Uuid::from_bytes(recovery.node_id)),
        confirmed: AtomicU64::new(0),
        draining: AtomicBool::new(false),
        settings,
    }))
}

fn settings(config: &Config, base: &str) -> Result<Settings, Failure> {
    let proxy = config.upstream.proxy.as_deref().map(str::parse).transpose();
    Ok(Settings {
        public_url: base.to_owned(),
        heartbeat: config.heartbeat,
        upload_folder: config.data.clone(),
        key_grace: config.key_grace,
        timeouts: Timers {
            connect: config.timeouts.connect,
            first_byte: config.timeouts.first_byte,
            first_token: config.timeouts.first_token,
            idle: config.timeouts.idle,
        },
        upstream_allow: config.upstream.allow.clone(),
        media_allow: config.upstream.media_allow.clone(),
        upstream_proxy: proxy.map_err(|err| Failure::Usage(format!("--upstream-proxy: {err}")))?,
        upstream_ca: config.upstream.ca.clone(),
        trusted_proxies: config.trusted_proxy.clone(),
        cors_origins: config.cors_origins.clone(),
        ..Settings::default()
    })
}

fn open_spool(config: &Config, clock: &Clock) -> Result<(Spool, Recovery), Failure> {
    let id = NodeId::new(clock.now()).0.into_bytes();
    let opened = Spool::open(&config.data.join("spool"), Options::new(id));
    let (spool, recovery) = opened.map_err(|err| Failure::Refused(err.to_string()))?;
    for damage in &recovery.damage {
        tracing::warn!(?damage, "a part of the spool cannot be read and is passed over");
    }
    if recovery.unacked > 0 {
        tracing::info!(records = recovery.unacked, "records of an earlier run are delivered now");
    }
    Ok((spool, recovery))
}

async fn bind(config: &Config) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::with_capacity(config.listen.len());
    for &addr in &config.listen {
        listeners.push(TcpListener::bind(addr).await.map_err(|err| taken("--listen", addr, &err))?);
    }
    Ok(listeners)
}

fn taken(flag: &str, addr: std::net::SocketAddr, err: &std::io::Error) -> Failure {
    Failure::Refused(format!(
        "{flag} {addr}: {err}; choose another address, or port 0 for any free one"
    ))
}

/// What clients are told: as set, else the first address that was bound.
fn base_url(config: &Config, listeners: &[TcpListener]) -> Result<String, Failure> {
    if let Some(url) = &config.public_url {
        return Ok(url.clone());
    }
    let addr = match listeners.first() {
        Some(listener) => listener.local_addr()?,
        None => return Err(Failure::Usage("--listen: at least one address".to_owned())),
    };
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let host = match addr.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    Ok(format!("{scheme}://{host}:{}", addr.port()))
}

fn load_certificate(
    into: &ArcSwapOption<rustls::ServerConfig>,
    files: Option<&TlsFiles>,
) -> Result<(), Failure> {
    if let Some(files) = files {
        into.store(Some(Arc::new(tls::read(files)?)));
    }
    Ok(())
}

/// One JSON line on standard output for programs; words for people on standard error.
fn announce(first: Option<&init::FirstRun>, base: &str, gateway: &Gateway) -> Result<(), Failure> {
    let words = match first {
        Some(run) => banner::first(run, base),
        None => banner::again(base, gateway.world.load().sizes().1),
    };
    std::io::stderr().write_all(words.as_bytes())?;
    let ready = serde_json::json!({"event": "ready", "url": base});
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{ready}")?;
    Ok(stdout.flush()?)
}
