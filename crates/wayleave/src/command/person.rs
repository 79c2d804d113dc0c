//! `wayleave person`: who can sign in. Passwords are read from a pipe, a file or a variable, never from
//! an argument.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::secret_arg;
use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Make one, with a password from standard input
    Create(CreateArgs),
    /// Show all
    List,
    /// Give one another password, from standard input, and sign them out everywhere
    Password {
        /// Their address or id
        person: String,
        /// Where the password comes from: env:NAME, file:PATH or - for standard input
        #[arg(long, value_name = "SOURCE", default_value = "-")]
        password: String,
    },
    /// Change one
    Update(UpdateArgs),
    /// Let one sign in no more, and sign them out everywhere
    Disable {
        /// Their address or id
        person: String,
    },
    /// Let one sign in again
    Enable {
        /// Their address or id
        person: String,
    },
    /// Remove one who owns no workspace
    Delete {
        /// Their address or id
        person: String,
    },
}

/// A new person.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What they sign in with
    email: String,
    /// How others see them
    #[arg(long)]
    name: Option<String>,
    /// Make them an operator of the whole instance
    #[arg(long)]
    operator: bool,
    /// Where the password comes from: env:NAME, file:PATH or - for standard input
    #[arg(long, value_name = "SOURCE", default_value = "-")]
    password: String,
    /// They have no password, and sign in with single sign-on only
    #[arg(long, conflicts_with = "password")]
    no_password: bool,
}

/// What changes of a person.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// Their address or id
    person: String,
    /// Another address to sign in with
    #[arg(long)]
    email: Option<String>,
    /// How others see them
    #[arg(long)]
    name: Option<String>,
    /// Whether they are an operator of the whole instance
    #[arg(long, value_name = "BOOL")]
    operator: Option<bool>,
}

const PATH: &str = "/api/v1/system/people";

/// Does it.
pub async fn run(
    command: PersonCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = |person: &str| format!("{PATH}/{}", escape(person));
    match command {
        PersonCommand::Create(args) => {
            let mut wish = json!({"email": args.email, "operator": args.operator});
            if let Some(name) = &args.name {
                wish["name"] = json!(name);
            }
            if !args.no_password {
                let password = secret_arg::read("--password", &args.password, context)?;
                wish["password"] = json!(password.expose_str());
            }
            let made = client.post(PATH, &wish).await?;
            let what = if args.operator { "operator" } else { "person" };
            out.said(&made.body, &format!("{what} {} made", args.email))?;
        }
        PersonCommand::List => {
            let columns = [
                ("ADDRESS", "/email"),
                ("NAME", "/name"),
                ("OPERATOR", "/operator"),
                ("PASSWORD", "/has_password"),
                ("ENABLED", "/enabled"),
                ("LAST SIGN-IN", "/last_sign_in_at"),
                ("ID", "/id"),
            ];
            out.list(&client.list(PATH).await?, &columns)?;
        }
        PersonCommand::Password { person, password } => {
            let password = secret_arg::read("--password", &password, context)?;
            let wish = json!({"password": password.expose_str()});
            let done = client.post(&format!("{}/password", path(&person)), &wish).await?;
            let said = format!("{person} has another password, and is signed out everywhere");
            out.said(&done.body, &said)?;
        }
        PersonCommand::Update(args) => {
            let mut wish = serde_json::Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    wish.insert(name.to_owned(), value);
                }
            };
            put("email", args.email.map(Value::from));
            put("name", args.name.map(Value::from));
            put("operator", args.operator.map(Value::from));
            if wish.is_empty() {
                let why = "say what changes: --email, --name or --operator";
                return Err(Failure::Usage(why.to_owned()));
            }
            let done = client.patch(&path(&args.person), &Value::Object(wish), None).await?;
            out.said(&done.body, &format!("{} changed", args.person))?;
        }
        PersonCommand::Disable { person } => {
            let done = client.patch(&path(&person), &json!({"enabled": false}), None).await?;
            out.said(&done.body, &format!("{person} can sign in no more"))?;
        }
        PersonCommand::Enable { person } => {
            let done = client.patch(&path(&person), &json!({"enabled": true}), None).await?;
            out.said(&done.body, &format!("{person} can sign in again"))?;
        }
        PersonCommand::Delete { person } => {
            let gone = client.delete(&path(&person)).await?;
            out.said(&gone.body, &format!("{person} removed"))?;
        }
    }
    Ok(())
}
