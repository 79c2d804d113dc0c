//! The tools themselves: what a script says is what a client gets.

use std::time::Duration;

use wayleave_testkit::script::Ended;
use wayleave_testkit::tls::Authority;
use wayleave_testkit::{Answer, Client, Gate, Script, client::Ending};

fn client(script: &Script) -> Client {
    Client::new(script.addr(), "key")
}

#[tokio::test]
async fn requests_are_recorded_to_the_byte() {
    let script = Script::start(|_| Answer::json(201, r#"{"a":1}"#)).await;
    let reply = client(&script).post("/v1/x?y=z", "{ \"odd\" :1}").await;
    assert_eq!((reply.status, reply.text().as_str()), (201, r#"{"a":1}"#));
    let got = script.request(0).await;
    assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", "/v1/x?y=z"));
    assert_eq!(got.text(), "{ \"odd\" :1}");
    assert_eq!(got.header("authorization"), Some("Bearer key"));
    assert_eq!(script.ended(0).await, Ended::Played);
}

#[tokio::test]
async fn a_body_sent_in_chunks_is_put_together_and_the_connection_goes_on() {
    let script = Script::start(|it| Answer::json(200, format!("{}", it.n))).await;
    let mut connection = client(&script).connect().await;
    for n in 0..2 {
        let head = "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.send(format!("{head}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n").as_bytes()).await;
        assert_eq!(connection.reply().await.text(), n.to_string());
    }
    let got = script.received();
    assert_eq!(
        got.iter().map(|it| (it.connection, it.text())).collect::<Vec<_>>(),
        [(0, "abcd".to_owned()), (0, "abcd".to_owned())]
    );
}

#[tokio::test]
async fn pieces_are_read_as_frames_however_they_are_cut() {
    let body = b"data: 1\n\ndata: \xc3\xa4\n\n: c\n\nrest";
    for size in 1..body.len() {
        let script = Script::start(move |_| Answer::events().pieces_of(size, body)).await;
        let mut stream = client(&script).stream(&client(&script).request("GET", "/")).await;
        assert_eq!(stream.frames().await, ["data: 1\n\n", "data: ä\n\n", ": c\n\n", "rest"]);
        assert_eq!(stream.ending(), Ending::Clean);
    }
}

#[tokio::test]
async fn cuts_and_resets_are_no_clean_ends() {
    for answer in [Answer::events().piece("x").cut(), Answer::events().piece("x").pause(50).reset()]
    {
        let script = Script::start(move |_| answer.clone()).await;
        let reply = client(&script).get("/").await;
        assert_eq!((reply.text().as_str(), reply.ending), ("x", Ending::Cut));
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_during_silence() {
    let script = Script::start(|_| Answer::events().piece("x").silence()).await;
    let mut connection = client(&script).connect().await;
    connection.send(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    script.request(0).await;
    assert!(!connection.closed_within(Duration::from_millis(50)).await);
    drop(connection);
    assert_eq!(script.ended(0).await, Ended::PeerLeft);
}

#[tokio::test]
async fn a_gate_holds_answers_back() {
    let gate = Gate::closed();
    let held = gate.clone();
    let script = Script::start(move |_| Answer::events().wait(&held).piece("x")).await;
    let mut connection = client(&script).connect().await;
    connection.send(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    script.request(0).await;
    gate.open();
    assert_eq!(connection.reply().await.text(), "x");
}

#[tokio::test]
async fn tls_speaks_whichever_protocol_the_client_offers() {
    let authority = Authority::new();
    let script = Script::start_tls(&authority, |it| Answer::json(200, it.h2.to_string())).await;
    let plain = Client::new(script.addr(), "key").tls(authority.client(&[b"http/1.1"]));
    assert_eq!(plain.get("/").await.text(), "false");
    let offers_h2 = Client::new(script.addr(), "key").tls(authority.client(&[b"h2"]));
    // The server's settings frame: nine bytes of head, type 4 (RFC 9113, section 6.5).
    let mut connection = offers_h2.connect().await;
    connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(!connection.closed_within(Duration::from_millis(200)).await);
}
