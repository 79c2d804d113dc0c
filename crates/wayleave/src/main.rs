//! The wayleave command: one binary, a command for each role.

#![allow(unreachable_pub, reason = "a binary has no outside: `pub` says what a module offers")]

mod apply_file;
mod cli;
mod client;
mod command;
mod config;
mod exit;
mod init;
mod net;
mod output;
mod serving;
mod telemetry;
mod transcript;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, Context};
use crate::exit::Failure;
use crate::output::Out;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(args) => command::serve::run(&args, &cli.reach),
        command => on_one_thread(command, &cli.reach),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // A pager that was closed has seen what it wanted.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told that nobody is left to be told.
            let told = writeln!(std::io::stderr(), "wayleave: {failure}");
            drop(told);
            failure.code()
        }
    }
}

/// Commands other than `serve` wait for one answer at a time: one thread is enough.
fn on_one_thread(command: Command, reach: &cli::Reach) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let env = |name: &str| std::env::var(name).ok();
    let context = Context { reach, env: &env };
    let mut stdout = std::io::stdout().lock();
    let mut out = Out::new(reach.json, &mut stdout);
    let done = runtime.block_on(run(command, &context, &mut out));
    done?;
    Ok(out.flush()?)
}

async fn run(command: Command, context: &Context<'_>, out: &mut Out<'_>) -> Result<(), Failure> {
    match command {
        Command::Serve(_) => Err(Failure::Usage("serve runs on threads of its own".to_owned())),
        Command::Init(args) => command::init::run(&args, context, out).await,
        Command::Apply(args) => command::apply::run(&args, context, out).await,
        Command::Migrate(args) => command::migrate::run(&args, context, out).await,
        Command::Workspace(it) => command::workspace::run(it, context, out).await,
        Command::Person(it) => command::person::run(it, context, out).await,
        Command::Member(it) => command::member::run(it, context, out).await,
        Command::Invitation(it) => command::invitation::run(it, context, out).await,
        Command::Session(it) => command::session::run(it, context, out).await,
        Command::Token(it) => command::token::run(it, context, out).await,
        Command::Sso(it) => command::sso::run(it, context, out).await,
        Command::Whoami => command::whoami::run(context, out).await,
        Command::Key(it) => command::key::run(it, context, out).await,
        Command::Provider(it) => command::provider::run(it, context, out).await,
        Command::Credential(it) => command::credential::run(it, context, out).await,
        Command::Model(it) => command::model::run(it, context, out).await,
        Command::DefaultModel(it) => command::default_model::run(it, context, out).await,
        Command::Pool(it) => command::pool::run(it, context, out).await,
        Command::Grant(it) => command::grant::run(it, context, out).await,
        Command::Audit(it) => command::audit::run(it, context, out).await,
        Command::Plan(it) => command::plan::run(it, context, out).await,
        Command::Catalog(it) => command::catalog::run(it, context, out).await,
        Command::Alias(it) => command::alias::run(it, context, out).await,
        Command::Usage(args) => command::usage::run(&args, context, out).await,
        Command::Job(it) => command::job::run(it, context, out).await,
        Command::Spool(it) => command::spool::run(it, context, out).await,
        Command::Kek(it) => command::kek::run(it, context, out).await,
        Command::Backup(args) => command::backup::run(&args, context, out).await,
        Command::Restore(args) => command::restore::run(&args, context, out),
        Command::Doctor(args) => command::doctor::run(&args, context, out).await,
        Command::Version => command::version::run(out),
        Command::Completions(args) => command::completions::run(&args, out),
    }
}
