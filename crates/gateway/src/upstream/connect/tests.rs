//! Addresses however they are written, and tunnels through a proxy.

use tokio::net::TcpListener;
use tower_service::Service;

use super::*;

fn connector(allow: &[&str], proxy: Option<&str>) -> Connector {
    let guard = Guard::new(allow.iter().map(|net| net.parse().unwrap()).collect());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let proxy = proxy.map(|proxy| proxy.parse().unwrap());
    Connector::new(guard, Arc::new(tls), proxy, Duration::from_secs(5))
}

async fn open(connector: &Connector, uri: &str) -> Result<Stream, ConnectError> {
    connector.clone().call(uri.parse().unwrap()).await
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_listed_address_is_called_and_an_unlisted_one_is_not() {
    let (_listener, port) = listener().await;
    let uri = format!("http://127.0.0.1:{port}/v1");
    assert!(open(&connector(&["127.0.0.0/8"], None), &uri).await.is_ok());
    let refused = open(&connector(&["10.0.0.0/8"], None), &uri).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Forbidden(Forbidden::NotListed(_))), "{refused}");
}

#[tokio::test]
async fn loopback_is_recognised_however_it_is_written() {
    let (_listener, port) = listener().await;
    let guarded = connector(&[], None);
    // Whole, hexadecimal, octal and shortened numbers are addresses to the system's resolver.
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "user:pass@127.0.0.1",
    ] {
        let failed = open(&guarded, &format!("http://{host}:{port}/")).await.err().unwrap();
        let harmless = matches!(failed, ConnectError::Forbidden(_) | ConnectError::Dns(..));
        assert!(harmless, "{host}: {failed}");
    }
}

#[tokio::test]
async fn a_metadata_service_is_never_called() {
    let all = connector(&["0.0.0.0/0", "::/0"], None);
    for host in
        ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "2852039166"]
    {
        let failed = open(&all, &format!("http://{host}/")).await.err().unwrap();
        let harmless =
            matches!(failed, ConnectError::Forbidden(Forbidden::Never(_)) | ConnectError::Dns(..));
        assert!(harmless, "{host}: {failed}");
    }
}

/// Opens `uri` through a proxy that answers so; what the proxy was asked, and the outcome.
async fn tunnelled(uri: &str, answer: &'static str) -> (String, Result<Stream, ConnectError>) {
    let (listener, port) = listener().await;
    let proxy = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let head = read_head(&mut tcp).await.unwrap();
        tcp.write_all(answer.as_bytes()).await.unwrap();
        (head, tcp)
    });
    let connector =
        connector(&["127.0.0.0/8", "::1/128"], Some(&format!("http://127.0.0.1:{port}")));
    let opened = open(&connector, uri).await;
    (proxy.await.unwrap().0, opened)
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_to_the_name() {
    let (asked, opened) = tunnelled("http://127.0.0.1:81/v1", "HTTP/1.1 204 Fine\r\n\r\n").await;
    assert_eq!(asked, "CONNECT 127.0.0.1:81 HTTP/1.1\r\nhost: 127.0.0.1:81\r\n\r\n");
    assert!(opened.is_ok());
    let (asked, opened) = tunnelled("http://[::1]/", "HTTP/1.1 200 OK\r\nvia: x\r\n\r\n").await;
    assert_eq!(asked, "CONNECT [::1]:80 HTTP/1.1\r\nhost: [::1]:80\r\n\r\n");
    assert!(opened.is_ok());
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let (_, opened) = tunnelled("http://127.0.0.1:81/", "HTTP/1.1 407 No\r\n\r\n").await;
    assert_eq!(opened.err().unwrap().to_string(), "the upstream proxy: answered 407");
}

#[tokio::test]
async fn a_forbidden_address_does_not_reach_the_proxy() {
    let (_listener, port) = listener().await;
    let connector = connector(&[], Some(&format!("http://127.0.0.1:{port}")));
    let failed = open(&connector, "http://169.254.169.254/").await.err().unwrap();
    assert!(matches!(failed, ConnectError::Forbidden(Forbidden::Never(_))), "{failed}");
}
