//! `wayleave default-model`: the model of each type that clients of the management API are told to use.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::{Out, cell};

/// What to do with default models.
#[derive(Debug, Subcommand)]
pub enum DefaultModelCommand {
    /// Show that of every type, and whether it can be called
    List,
    /// Choose an enabled model of that type
    Set {
        /// llm, embedding, rerank, speech-to-text, text-to-speech, image, moderation, video
        #[arg(value_name = "TYPE")]
        model_type: String,
        /// The provider's name or id
        provider: String,
        /// The model's name or id
        model: String,
    },
    /// Leave a type without one
    Unset {
        /// llm, embedding, rerank, speech-to-text, text-to-speech, image, moderation, video
        #[arg(value_name = "TYPE")]
        model_type: String,
    },
}

/// Does it.
pub async fn run(
    command: DefaultModelCommand,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let of = |model_type: &str| context.path(&format!("/default-models/{}", escape(model_type)));
    match command {
        DefaultModelCommand::List => {
            let columns = [
                ("TYPE", "/type"),
                ("PROVIDER", "/provider"),
                ("MODEL", "/name"),
                ("AVAILABLE", "/available"),
                ("BECAUSE", "/unavailable_because"),
                ("MANAGED BY", "/managed_by"),
            ];
            out.list(&client.list(&context.path("/default-models")).await?, &columns)?;
        }
        DefaultModelCommand::Set { model_type, provider, model } => {
            let wish = json!({"provider": provider, "model": model});
            let done = client.put(&of(&model_type), &wish, None).await?.body;
            let warning = match done["unavailable_because"].as_str() {
                Some(why) => format!(", which cannot be called now ({})", why.replace('_', " ")),
                None => String::new(),
            };
            let name = |key: &str| cell(done.get(key));
            let is = format!("{}/{}", name("provider"), name("name"));
            out.said(&done, &format!("the default {model_type} is {is}{warning}"))?;
        }
        DefaultModelCommand::Unset { model_type } => {
            client.delete(&of(&model_type)).await?;
            let sentence = format!("there is no default {model_type}");
            out.said(&Value::Null, &sentence)?;
        }
    }
    Ok(())
}
