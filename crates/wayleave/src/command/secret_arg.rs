//! Secrets on their way into a command: never as an argument, which every process could read.

use std::io::Read;

use wayleave_model::Secret;

use crate::cli::Context;
use crate::exit::Failure;

/// Reads `env:NAME`, `file:PATH` or `-`. One line break at the end is not part of a secret.
pub(super) fn read(option: &str, source: &str, context: &Context<'_>) -> Result<Secret, Failure> {
    let wrong = |why: String| Failure::Usage(format!("{option}: {why}"));
    let mut text = if let Some(name) = source.strip_prefix("env:") {
        context.env(name).ok_or_else(|| wrong(format!("the variable {name} is not set")))?
    } else if let Some(path) = source.strip_prefix("file:") {
        std::fs::read_to_string(path).map_err(|error| wrong(format!("{path}: {error}")))?
    } else if source == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        text
    } else {
        let why =
            "give env:NAME, file:PATH or - (standard input): other programs can read arguments";
        return Err(wrong(why.to_owned()));
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err(wrong("it is empty".to_owned())) } else { Ok(Secret::new(text)) }
}

/// `FIELD=SOURCE`, taken apart.
pub(super) fn pair<'a>(option: &str, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    text.split_once('=').ok_or_else(|| Failure::Usage(format!("{option}: expected NAME=VALUE")))
}
