//! The command line: what can be asked, and how a server is reached.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use wayleave_model::Secret;

use crate::client::Client;
use crate::command;
use crate::exit::{EXIT_CODES, Failure};
use crate::net::Base;

/// A self-hosted AI gateway: one base URL and one key for every client, every provider behind it.
#[derive(Debug, Parser)]
#[command(name = "wayleave", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// How a server is reached, and how answers are printed.
    #[command(flatten)]
    pub reach: Reach,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub struct Reach {
    /// Manage the server at this URL [env: WAYLEAVE_SERVER]
    #[arg(long, value_name = "URL", global = true)]
    pub server: Option<String>,
    /// Sign in with this management token; better given as WAYLEAVE_TOKEN
    #[arg(long, value_name = "TOKEN", global = true)]
    pub token: Option<String>,
    /// The data folder: without --server, manage the server that runs on it [env: WAYLEAVE_DATA] [default: data]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// More certificates (PEM) to trust, for a server with one of its own [env: WAYLEAVE_CA]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca: Option<PathBuf>,
    /// The workspace [env: WAYLEAVE_WORKSPACE] [default: main]
    #[arg(long, short, value_name = "NAME", global = true)]
    pub workspace: Option<String>,
    /// Print one JSON object per line
    #[arg(long, global = true)]
    pub json: bool,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a server
    Serve(Box<command::serve::ServeArgs>),
    /// Make a data folder: key file, database, admin token, sandbox; shows its secrets once
    Init(command::init::InitArgs),
    /// Make the server as a setup file says
    Apply(command::apply::ApplyArgs),
    /// Bring a database to this version's schema
    Migrate(command::migrate::MigrateArgs),
    /// Tenants
    #[command(subcommand)]
    Workspace(command::workspace::WorkspaceCommand),
    /// People who sign in
    #[command(subcommand)]
    Person(command::person::PersonCommand),
    /// What people are in a workspace
    #[command(subcommand)]
    Member(command::member::MemberCommand),
    /// Ways into a workspace, for one person, once
    #[command(subcommand)]
    Invitation(command::invitation::InvitationCommand),
    /// Browsers that people are signed in with
    #[command(subcommand)]
    Session(command::session::SessionCommand),
    /// Management tokens for automation
    #[command(subcommand)]
    Token(command::token::TokenCommand),
    /// Single sign-on
    #[command(subcommand)]
    Sso(command::sso::SsoCommand),
    /// Say who you are to the server, and what you may do
    Whoami,
    /// Client keys
    #[command(subcommand)]
    Key(command::key::KeyCommand),
    /// Providers and their credentials
    #[command(subcommand)]
    Provider(command::provider::ProviderCommand),
    /// Named secrets of providers, proven before they are saved
    #[command(subcommand)]
    Credential(command::credential::CredentialCommand),
    /// Models of providers, and their prices
    #[command(subcommand)]
    Model(command::model::ModelCommand),
    /// The model of each type that clients of the management API are told to use
    #[command(subcommand)]
    DefaultModel(command::default_model::DefaultModelCommand),
    /// The credentials that share a model's load
    #[command(subcommand)]
    Pool(command::pool::PoolCommand),
    /// Who changed what in the workspace
    #[command(subcommand)]
    Audit(command::audit::AuditCommand),
    /// What workspaces are granted
    #[command(subcommand)]
    Plan(command::plan::PlanCommand),
    /// What of the system's providers workspaces are supplied with
    #[command(subcommand)]
    Grant(command::grant::GrantCommand),
    /// What is publicly known of models, and where it comes from
    #[command(subcommand)]
    Catalog(command::catalog::CatalogCommand),
    /// Public model names and where they lead
    #[command(subcommand)]
    Alias(command::alias::AliasCommand),
    /// What was asked, and what it cost
    Usage(command::usage::UsageArgs),
    /// Videos that providers make: how they stand, and what they cost
    #[command(subcommand)]
    Job(command::job::JobCommand),
    /// Records that a node left behind
    #[command(subcommand)]
    Spool(command::spool::SpoolCommand),
    /// The keys that encrypt stored secrets
    #[command(subcommand)]
    Kek(command::kek::KekCommand),
    /// Copy database and spool of a running server
    Backup(command::backup::BackupArgs),
    /// Make a data folder from a backup
    Restore(command::restore::RestoreArgs),
    /// Find out what is wrong, here or with an endpoint
    Doctor(command::doctor::DoctorArgs),
    /// Say which version this is
    Version,
    /// Print a completion script for a shell
    Completions(command::completions::CompletionsArgs),
}

/// What a command has at hand.
pub struct Context<'a> {
    /// How the server is reached.
    pub reach: &'a Reach,
    /// Looks up the environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

impl Context<'_> {
    /// A client of the server that was named.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a URL that is none.
    pub fn client(&self) -> Result<Client, Failure> {
        let ca = self.reach.ca.clone().or_else(|| self.env("WAYLEAVE_CA").map(PathBuf::from));
        match self.reach.server.clone().or_else(|| self.env("WAYLEAVE_SERVER")) {
            None => Ok(Client::new(Base::socket(&self.data()), None, None)),
            Some(url) => {
                let base =
                    Base::parse(&url).map_err(|why| Failure::Usage(format!("--server: {why}")))?;
                let token = self.reach.token.clone().or_else(|| self.env("WAYLEAVE_TOKEN"));
                let token = token.ok_or_else(|| {
                    Failure::Usage(
                        "--server needs a management token: set WAYLEAVE_TOKEN".to_owned(),
                    )
                })?;
                Ok(Client::new(base, Some(Secret::new(token)), ca))
            }
        }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        let given =
            self.reach.data.clone().or_else(|| self.env("WAYLEAVE_DATA").map(PathBuf::from));
        given.unwrap_or_else(|| PathBuf::from("data"))
    }

    /// The workspace's name.
    pub fn workspace(&self) -> String {
        let given = self.reach.workspace.clone().or_else(|| self.env("WAYLEAVE_WORKSPACE"));
        given.unwrap_or_else(|| "main".to_owned())
    }

    /// A path of the workspace's part of the API; `rest` begins with a slash.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/workspaces/{}{rest}", crate::client::escape(&self.workspace()))
    }

    /// A variable that is set to something.
    pub fn env(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|it| !it.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn verify_cli() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_server_needs_a_token_and_a_folder_does_not() {
        let cli =
            Cli::try_parse_from(["wayleave", "version", "--server", "http://127.0.0.1:1"]).unwrap();
        let nothing = |_: &str| None;
        assert!(Context { reach: &cli.reach, env: &nothing }.client().is_err());
        let token = |name: &str| (name == "WAYLEAVE_TOKEN").then(|| "wlt_x".to_owned());
        assert!(Context { reach: &cli.reach, env: &token }.client().is_ok());
        let cli = Cli::try_parse_from(["wayleave", "version"]).unwrap();
        assert!(Context { reach: &cli.reach, env: &nothing }.client().is_ok());
    }
}
