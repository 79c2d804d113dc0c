//! People as a whole process has them: made on the command line, signed in with a browser's requests,
//! locked out by nobody, and gone when they are disabled.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use wayleave_testkit::{Answer, Client, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const PASSWORD: &str = "correct horse battery";
const SESSION: &str = "/api/v1/session";

/// Runs a command with a password on its standard input.
async fn with_password(gateway: &Gateway, args: &[&str]) -> (bool, String) {
    let mut child = tokio::process::Command::new(BINARY)
        .args(args)
        .args(["--json", "--data", gateway.data().to_str().expect("a path")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await.expect("a password");
    drop(stdin);
    let done = child.wait_with_output().await.expect("its end");
    let said = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(said).expect("text"))
}

/// A request of a page of this server, with these cookies.
async fn browse(
    client: &Client,
    url: &str,
    what: (&str, &str),
    body: Value,
    cookie: &str,
) -> Reply {
    let request = client.request(what.0, what.1).without("authorization").header("origin", url);
    client.send(&request.header("cookie", cookie).json(body.to_string())).await
}

fn cookies(reply: &Reply) -> String {
    let set = reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let pairs = set.filter_map(|(_, value)| value.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

#[tokio::test]
async fn an_operator_is_made_and_signs_in_and_invites() {
    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let create = ["person", "create", "Op@example.com", "--operator"];
    let (done, said) = with_password(&gateway, &create).await;
    assert!(done && !said.contains(PASSWORD), "{said}");
    let made: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((&made["email"], &made["operator"]), (&json!("op@example.com"), &json!(true)));

    let anybody = gateway.client("");
    let url = gateway.url();
    let words = |password: &str| json!({"email": "op@example.com", "password": password});
    let wrong = browse(&anybody, url, ("POST", SESSION), words("wrong horse battery"), "").await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (401, &json!("wrong_password")));
    let signed_in = browse(&anybody, url, ("POST", SESSION), words(PASSWORD), "").await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    let operator = cookies(&signed_in);
    let wish = json!({"email": "ed@example.com", "role": "editor"});
    let path = "/api/v1/workspaces/main/invitations";
    let invited = browse(&anybody, url, ("POST", path), wish, &operator).await.json();
    let secret = invited["secret"].as_str().expect("a secret");
    assert_eq!(invited["link"], format!("{url}/console/invitation#{secret}"));

    let taken = json!({"secret": secret, "password": PASSWORD});
    let path = "/api/v1/invitations/accept";
    let editor = browse(&anybody, url, ("POST", path), taken, "").await;
    assert_eq!(editor.json()["workspaces"][0]["role"], "editor", "{}", editor.text());
    let editor = cookies(&editor);
    let provider = json!({"name": "p", "kind": "openai"});
    let path = "/api/v1/workspaces/main/providers";
    let refused = browse(&anybody, url, ("POST", path), provider, &editor).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("owner, admin and operator may"), "{}", refused.text());

    let members = gateway.run(&["member", "list", "--json"]).await;
    let member: Value = serde_json::from_str(members.trim()).expect("one line");
    assert_eq!((&member["email"], &member["role"]), (&json!("ed@example.com"), &json!("editor")));
    let sessions = gateway.run(&["session", "list", "ed@example.com", "--json"]).await;
    assert_eq!(sessions.lines().count(), 1);
    gateway.run(&["person", "disable", "ed@example.com"]).await;
    let over = browse(&anybody, url, ("GET", "/api/v1/me"), json!(null), &editor).await;
    assert_eq!((over.status, &over.json()["code"]), (401, &json!("session_over")));

    let me = gateway.run(&["whoami"]).await;
    assert_eq!(me.trim(), "local operator, operator of the instance");
    let log = gateway.stderr();
    for secret in [secret, PASSWORD, "wls_"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn editors_work_within_the_limits_that_the_command_line_set() {
    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let set = async |options: &[&str]| {
        gateway.run(&[&["workspace", "settings", "main"], options].concat()).await
    };
    assert!(set(&[]).await.contains("editors are not limited"));
    let tests = ["--editor-environment", "test", "--editor-model", "p/gpt-x"];
    set(&tests).await;
    let told = set(&["--editor-key-days", "30", "--editor-aliases-per-key"]).await;
    for line in [
        "keys of editors are of: test",
        "keys of editors expire within 30 days",
        "keys of editors name their aliases",
        "aliases of editors lead to: p/gpt-x",
    ] {
        assert!(told.lines().any(|it| it == line), "{line}: {told}");
    }
    assert_eq!(set(&[]).await, told);
    let shown: Value = serde_json::from_str(set(&["--json"]).await.trim()).expect("JSON");
    let expected = json!({
        "environments": ["test"], "key_days": 30, "models": ["p/gpt-x"], "aliases_per_key": true,
    });
    assert_eq!(shown["editor_limits"], expected);

    let args = ["token", "create", "ed", "--role", "editor", "--json"];
    let made: Value = serde_json::from_str(gateway.run(&args).await.trim()).expect("JSON");
    let editor = gateway.client(made["secret"].as_str().expect("a secret"));
    let wish = json!({"name": "k", "owner": "o", "environment": "production"}).to_string();
    let path = "/api/v1/workspaces/main/keys";
    let refused = editor.send(&editor.request("POST", path).json(wish.clone())).await;
    assert_eq!((refused.status, refused.at("/code").as_str()), (403, "outside_editor_limits"));
    assert!(set(&["--no-editor-limits"]).await.contains("editors are not limited"));
    let done = editor.send(&editor.request("POST", path).json(wish)).await;
    assert_eq!(done.status, 201, "{}", done.text());
}

#[tokio::test]
async fn a_token_with_scopes_does_that_and_no_more() {
    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let args = ["token", "create", "ci", "--role", "editor", "--scope", "keys.read", "--json"];
    let made: Value = serde_json::from_str(gateway.run(&args).await.trim()).expect("JSON");
    let token = made["secret"].as_str().expect("a secret");
    let client = gateway.client(token);
    assert_eq!(client.get("/api/v1/workspaces/main/keys").await.status, 200);
    let refused = client.get("/api/v1/workspaces/main/aliases").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("aliases.read"), "{}", refused.text());
    gateway.run(&["token", "revoke", "ci"]).await;
    assert_eq!(client.get("/api/v1/workspaces/main/keys").await.status, 401);
}

/// What an issuer says of itself; the sign-in itself is tested next to its code.
fn issuer(got: &Received) -> Answer {
    let url = format!("http://{}", got.header("host").expect("a host"));
    match got.path.as_str() {
        "/.well-known/openid-configuration" => Answer::json(
            200,
            json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            })
            .to_string(),
        ),
        _ => Answer::json(200, json!({"keys": []}).to_string()),
    }
}

#[tokio::test]
async fn an_issuer_is_reached_by_the_rules_of_all_outbound_calls() {
    let issuer = Script::start(issuer).await;
    let url = issuer.url();
    let grant = "staff=viewer@main";
    let set = ["sso", "set", "--issuer", &url, "--client-id", "wayleave", "--grant", grant];
    let start = "/api/v1/sso/start";

    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let shown = gateway.run(&set).await;
    assert!(shown.contains(&format!("{}/api/v1/sso/callback", gateway.url())), "{shown}");
    assert!(shown.contains("group staff: viewer of main"), "{shown}");
    let sent = gateway.client("").get(start).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let to = sent.header("location").expect("a location");
    assert!(to.starts_with(&format!("{url}/authorize?")), "{to}");
    assert!(to.contains("code_challenge_method=S256") && to.contains("scope=openid"), "{to}");
    gateway.run(&["sso", "remove"]).await;
    assert_eq!(gateway.client("").get(start).await.status, 404);

    let text = Setup::workspace("main").text();
    let closed = Start::new(BINARY).without_flag("--upstream-allow").setup(&text).up().await;
    closed.run(&set).await;
    let asked = issuer.count();
    let refused = closed.client("").get(start).await;
    assert_eq!((refused.status, &refused.json()["code"]), (502, &json!("issuer_failed")));
    assert_eq!(issuer.count(), asked, "a private address is not called");
}
