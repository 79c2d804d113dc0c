//! Which place wins, and what is said of each mistake.

use std::path::Path;

use super::*;

fn resolve(
    flags: &[(&'static str, &str)],
    env: &[(&str, &str)],
    file: &str,
) -> Result<Config, ConfigError> {
    let mut given = Flags::new();
    for (name, value) in flags {
        given.entry(name).or_default().push((*value).to_owned());
    }
    let env =
        |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let file = File::parse(Path::new("w.toml"), file).unwrap();
    Config::resolve(&Layers { flags: &given, env: &env, file: Some(&file) }, 2)
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "listen = [\"127.0.0.1:1\"]\nheartbeat_ms = 1";
    let listen = |config: Config| config.listen[0].port();
    assert_eq!(listen(resolve(&[], &[], "").unwrap()), 8080);
    assert_eq!(listen(resolve(&[], &[], file).unwrap()), 1);
    let env = [("WAYLEAVE_LISTEN", "127.0.0.1:2")];
    assert_eq!(listen(resolve(&[], &env, file).unwrap()), 2);
    assert_eq!(listen(resolve(&[("listen", "127.0.0.1:3")], &env, file).unwrap()), 3);
    assert_eq!(resolve(&[], &env, file).unwrap().heartbeat, Duration::from_millis(1));
}

#[test]
fn everything_has_a_default_that_serves_one_machine() {
    let config = resolve(&[], &[], "").unwrap();
    assert_eq!(config.data, Path::new("data"));
    assert_eq!(config.workers, 2);
    assert!(config.upstream.allow.is_empty());
    assert!(matches!(config.kek, KekSource::File(path) if path == Path::new("data/kek")));
    assert_eq!(config.timeouts.idle, Duration::from_secs(300));
}

#[test]
fn lists_are_repeated_flags_commas_or_arrays() {
    let nets =
        |config: Config| config.upstream.allow.iter().map(ToString::to_string).collect::<Vec<_>>();
    let want = ["127.0.0.0/8", "::1/128"];
    let flags = [("upstream-allow", "127.0.0.0/8"), ("upstream-allow", "::1")];
    assert_eq!(nets(resolve(&flags, &[], "").unwrap()), want);
    let env = [("WAYLEAVE_UPSTREAM_ALLOW", "127.0.0.0/8, ::1/128")];
    assert_eq!(nets(resolve(&[], &env, "").unwrap()), want);
    let file = "[upstream]\nallow = [\"127.0.0.0/8\", \"::1/128\"]";
    assert_eq!(nets(resolve(&[], &[], file).unwrap()), want);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let error = resolve(
        &[("listen", "localhost")],
        &[("WAYLEAVE_WORKERS", "0")],
        "log_format = \"xml\"\n\n[timeouts]\nidle_ms = 0",
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "--listen: `localhost` is not an address: expected IP and port, like 127.0.0.1:8080 or [::]:8080\n\
         w.toml:1:14: `log_format`: `xml` is no log format: expected text or json\n\
         WAYLEAVE_WORKERS: `0` is not a number of threads: expected 1 to 1024\n\
         w.toml:4:11: `timeouts.idle_ms`: `0` is not a number of milliseconds above 0"
    );
}

#[test]
fn a_half_of_a_pair_is_refused() {
    let error = resolve(&[("tls-cert", "c.pem")], &[], "").unwrap_err();
    assert_eq!(error.to_string(), "--tls-cert: needs --tls-key beside it");
    let error = resolve(&[("kek-file", "k")], &[("WAYLEAVE_KEK", "x")], "").unwrap_err();
    assert_eq!(error.to_string(), "--kek: stands beside WAYLEAVE_KEK: give one of them");
}

#[test]
fn a_key_nobody_knows_is_refused_with_its_place() {
    let error =
        File::parse(Path::new("w.toml"), "data = \"d\"\n[upstream]\nalow = []").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("w.toml:3:1: unknown key `upstream.alow`; known are listen, data,")
    );
    let error = File::parse(Path::new("w.toml"), "[provider]\nx = 1").unwrap_err();
    assert!(error.to_string().starts_with("w.toml:1:2: unknown key `provider`;"), "{error}");
    let error = File::parse(Path::new("w.toml"), "data = [\"a\"]").unwrap_err();
    assert_eq!(error.to_string(), "w.toml:1:8: expected one value, not a list");
    assert!(
        File::parse(Path::new("w.toml"), "data =")
            .unwrap_err()
            .to_string()
            .starts_with("w.toml:1:")
    );
}

#[test]
fn credentials_are_checked_daily_unless_another_period_is_named() {
    let every =
        |flags: &[(&'static str, &str)]| resolve(flags, &[], "").map(|it| it.check_credentials);
    assert_eq!(every(&[]), Ok(Some(Duration::from_secs(86_400))));
    assert_eq!(every(&[("check-credentials", "90m")]), Ok(Some(Duration::from_secs(5_400))));
    assert_eq!(every(&[("check-credentials", "off")]), Ok(None));
    for wrong in ["0h", "1", "h", "-1h", "1w", "1é"] {
        let error = every(&[("check-credentials", wrong)]).unwrap_err();
        let why = format!(
            "--check-credentials: `{wrong}` is neither `off` nor a time like 90m, 24h or 7d"
        );
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn the_catalog_is_public_unless_it_is_switched_off() {
    let public = |flags: &[(&'static str, &str)], file: &str| {
        resolve(flags, &[], file).map(|config| config.public_catalog)
    };
    assert_eq!(public(&[], ""), Ok(true));
    assert_eq!(public(&[], "catalog = \"off\""), Ok(false));
    assert_eq!(public(&[("catalog", "public")], "catalog = \"off\""), Ok(true));
    let error = public(&[("catalog", "no")], "").unwrap_err();
    assert_eq!(error.to_string(), "--catalog: `no` is neither public nor off");
}

#[test]
fn a_refused_secret_is_not_echoed() {
    let error = resolve(&[], &[("WAYLEAVE_METRICS_TOKEN", "hunter2")], "").unwrap_err();
    assert_eq!(
        error.to_string(),
        "WAYLEAVE_METRICS_TOKEN: too short: expected at least 16 characters"
    );
}

#[test]
fn addresses_that_cannot_be_one_are_refused() {
    for bad in ["ai.example.com", "ftp://x", "https://u:p@x", "https://x?y"] {
        assert!(resolve(&[("public-url", bad)], &[], "").is_err(), "{bad}");
    }
    let config = resolve(&[("public-url", "https://ai.example.com/")], &[], "").unwrap();
    assert_eq!(config.public_url.as_deref(), Some("https://ai.example.com"));
    assert!(resolve(&[("cors-origin", "https://a.example/path")], &[], "").is_err());
}
