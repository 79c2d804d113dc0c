//! What people are told when a server starts: on the first start its secrets, once.

use std::fmt::Write;

use crate::init::FirstRun;

/// The words of a first start: base URL, key and a call to paste.
pub fn first(run: &FirstRun, base: &str) -> String {
    let shown =
        |secret: &wayleave_model::Secret| secret.expose_str().unwrap_or_default().to_owned();
    let (key, token) = (shown(&run.client_key), shown(&run.admin_token));
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "
  Wayleave is ready. These secrets are shown once, now:

    base URL      {base}/v1
    client key    {key}
    admin token   {token}

  A first call, answered by the built-in sandbox (no account, no cost):

    curl {base}/v1/chat/completions \\
      -H 'Authorization: Bearer {key}' \\
      -H 'Content-Type: application/json' \\
      -d '{{\"model\": \"sandbox/echo\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}'

  Then see what it cost:  wayleave usage --data {data}

",
        data = run.data.display(),
    );
    out
}

/// The words of every later start.
pub fn again(base: &str, models: usize) -> String {
    format!("\n  Wayleave is ready at {base}/v1 with {models} models.\n\n")
}
