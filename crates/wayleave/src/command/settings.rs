//! The flags of the process's own settings, shared by the commands that open a data folder.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Reach;
use crate::config::{Config, File, Flags, Layers};
use crate::exit::Failure;

/// Every setting as a flag. Each is also a variable `WAYLEAVE_…` and a key of the settings file;
/// flags win over variables, variables over the file.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// A settings file in TOML [env: WAYLEAVE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where clients are served; repeat it for several. Port 0 takes any [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    /// sqlite:FILE or postgres://user:password@host/database [default: sqlite:DATA/wayleave.db]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// A certificate chain (PEM) for TLS; read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<String>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,
    /// The key-encryption key's file; WAYLEAVE_KEK holds the key itself [env: WAYLEAVE_KEK_FILE] [default: DATA/kek]
    #[arg(long, value_name = "FILE")]
    pub kek: Option<String>,
    /// A private or loopback network that providers may be in, like 127.0.0.0/8; repeat it for several
    #[arg(long, value_name = "CIDR", num_args = 1..)]
    pub upstream_allow: Vec<String>,
    /// A private network that files named in requests may be fetched from, for providers that take only bytes; repeat it for several
    #[arg(long, value_name = "CIDR", num_args = 1..)]
    pub media_allow: Vec<String>,
    /// A proxy for all upstream calls, like http://proxy:3128
    #[arg(long, value_name = "URL")]
    pub upstream_proxy: Option<String>,
    /// More certificates (PEM) to trust upstream
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Option<String>,
    /// The address that clients see, like `https://ai.example.com`
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// A proxy whose X-Forwarded-For is believed; repeat it for several
    #[arg(long, value_name = "CIDR", num_args = 1..)]
    pub trusted_proxy: Vec<String>,
    /// A setup file applied at start
    #[arg(long, value_name = "FILE")]
    pub apply: Option<String>,
    /// How logs look: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// A listener of its own for /metrics
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// Threads that serve requests [default: one per core]
    #[arg(long, value_name = "N")]
    pub workers: Option<String>,
    /// Bring a PostgreSQL schema up to date at start
    #[arg(long)]
    pub migrate: bool,
    /// A stream that is silent for so long gets a heartbeat [default: 15000]
    #[arg(long, value_name = "MS")]
    pub heartbeat_ms: Option<String>,
    /// Longest wait for a connection upstream [default: 10000]
    #[arg(long, value_name = "MS")]
    pub connect_timeout_ms: Option<String>,
    /// Longest wait from the request's last byte to the answer's head [default: 600000]
    #[arg(long, value_name = "MS")]
    pub first_byte_timeout_ms: Option<String>,
    /// Longest wait from the head to the first piece of content [default: 600000]
    #[arg(long, value_name = "MS")]
    pub first_token_timeout_ms: Option<String>,
    /// Longest wait between two pieces of an answer [default: 300000]
    #[arg(long, value_name = "MS")]
    pub idle_timeout_ms: Option<String>,
    /// How long streams may go on after SIGTERM [default: 30000]
    #[arg(long, value_name = "MS")]
    pub drain_ms: Option<String>,
    /// How long keys are honoured after the database was last heard of [default: 600000]
    #[arg(long, value_name = "MS")]
    pub key_grace_ms: Option<String>,
    /// Whether /api/catalog is shown to everybody: public or off [default: public]
    #[arg(long, value_name = "WHO")]
    pub catalog: Option<String>,
    /// How often stored credentials are proven again, by what costs nothing: like 12h, or off [default: 24h]
    #[arg(long, value_name = "EVERY")]
    pub check_credentials: Option<String>,
    /// A web origin that may call /v1; repeat it for several
    #[arg(long, value_name = "ORIGIN")]
    pub cors_origin: Vec<String>,
}

impl SettingsArgs {
    /// The checked settings, from flags, environment and file.
    ///
    /// # Errors
    /// [`Failure::Usage`] with a line for each setting that is wrong.
    pub fn resolve(
        &self,
        reach: &Reach,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, Failure> {
        let path = self
            .config
            .clone()
            .or_else(|| env("WAYLEAVE_CONFIG").filter(|it| !it.is_empty()).map(PathBuf::from));
        let file = path.map(|path| read(&path)).transpose()?;
        let flags = self.flags(reach.data.as_deref());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let layers = Layers { flags: &flags, env, file: file.as_ref() };
        Config::resolve(&layers, cores).map_err(|error| Failure::Usage(error.to_string()))
    }

    fn flags(&self, data: Option<&Path>) -> Flags {
        let one = |it: &Option<String>| it.iter().cloned().collect::<Vec<_>>();
        let all = [
            ("listen", self.listen.clone()),
            ("data", data.map(|it| it.display().to_string()).into_iter().collect()),
            ("database", one(&self.database)),
            ("tls-cert", one(&self.tls_cert)),
            ("tls-key", one(&self.tls_key)),
            ("kek-file", one(&self.kek)),
            ("upstream-allow", self.upstream_allow.clone()),
            ("media-allow", self.media_allow.clone()),
            ("upstream-proxy", one(&self.upstream_proxy)),
            ("upstream-ca", one(&self.upstream_ca)),
            ("public-url", one(&self.public_url)),
            ("trusted-proxy", self.trusted_proxy.clone()),
            ("apply", one(&self.apply)),
            ("log-format", one(&self.log_format)),
            ("metrics-listen", one(&self.metrics_listen)),
            ("workers", one(&self.workers)),
            ("migrate", self.migrate.then(|| "true".to_owned()).into_iter().collect()),
            ("heartbeat-ms", one(&self.heartbeat_ms)),
            ("connect-timeout-ms", one(&self.connect_timeout_ms)),
            ("first-byte-timeout-ms", one(&self.first_byte_timeout_ms)),
            ("first-token-timeout-ms", one(&self.first_token_timeout_ms)),
            ("idle-timeout-ms", one(&self.idle_timeout_ms)),
            ("drain-ms", one(&self.drain_ms)),
            ("key-grace-ms", one(&self.key_grace_ms)),
            ("catalog", one(&self.catalog)),
            ("check-credentials", one(&self.check_credentials)),
            ("cors-origin", self.cors_origin.clone()),
        ];
        all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }
}

fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("--config: {}: {error}", path.display())))?;
    File::parse(path, &text).map_err(|error| Failure::Usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use crate::config::layers::SETTINGS;
    use clap::{CommandFactory, Parser};

    #[test]
    fn every_setting_is_a_flag_but_for_the_one_that_is_a_secret() {
        let cli = Cli::command();
        let serve = cli.find_subcommand("serve").unwrap();
        let known = |flag: &str| {
            let has = |command: &clap::Command| {
                command.get_arguments().any(|it| it.get_long() == Some(flag))
            };
            has(serve) || has(&cli)
        };
        for setting in SETTINGS.iter().filter(|it| it.name != "metrics-token") {
            assert!(known(setting.flag().trim_start_matches('-')), "{}", setting.flag());
        }
    }

    #[test]
    fn flags_reach_the_settings() {
        let line = [
            "wayleave",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "d",
            "--migrate",
            "--upstream-allow",
            "127.0.0.0/8",
            "10.0.0.0/8",
        ];
        let cli = Cli::try_parse_from(line).unwrap();
        let crate::cli::Command::Serve(args) = cli.command else { panic!("not serve") };
        let config = args.settings.resolve(&cli.reach, &|_| None).unwrap();
        assert_eq!(config.listen[0].port(), 0);
        assert_eq!(config.data, Path::new("d"));
        assert!(config.migrate);
        assert_eq!(config.upstream.allow.len(), 2);
    }
}
