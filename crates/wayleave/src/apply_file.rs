//! Setup files: YAML with places in every error, and variables filled into secrets, nowhere else.

use std::path::Path;

use serde_saphyr::{Location, Spanned};
use wayleave_admin::apply::document::Document;
use wayleave_model::Secret;

/// A setup file that cannot be used: `path:line:column: what is wrong`, a line for each mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadSetup(Vec<String>);

/// Reads the documents of a setup file. `${NAME}` in a secret is replaced by what `env` says.
///
/// # Errors
/// The first mistake in the grammar, or every variable that is missing.
pub fn load(
    path: &Path,
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Document<Secret>>, BadSetup> {
    let at = |place: Location| format!("{}:{}:{}", path.display(), place.line(), place.column());
    // A snippet would show what is near the mistake, secrets too.
    let options = serde_saphyr::options! { with_snippet: false };
    let read = serde_saphyr::from_multiple_with_options::<Document<Spanned<String>>>(text, options);
    let documents = read.map_err(|error| {
        let place = error.location().map_or_else(|| path.display().to_string(), at);
        BadSetup(vec![format!("{place}: {}", message(&error))])
    })?;
    if documents.is_empty() {
        return Err(BadSetup(vec![format!("{}: it holds no document", path.display())]));
    }
    let mut wrong = repeated(path, &documents);
    let mut filled = Vec::new();
    for document in documents {
        let fill = |secret: Spanned<String>| -> Result<Secret, std::convert::Infallible> {
            Ok(expand(&secret.value, env).unwrap_or_else(|why| {
                wrong.push(format!("{}: {why}", at(secret.referenced)));
                Secret::new("")
            }))
        };
        match document.map_secrets(fill) {
            Ok(document) => filled.push(document),
            Err(never) => match never {},
        }
    }
    if wrong.is_empty() { Ok(filled) } else { Err(BadSetup(wrong)) }
}

/// A workspace declared twice would be pruned twice, each time of what the other document has.
fn repeated(path: &Path, documents: &[Document<Spanned<String>>]) -> Vec<String> {
    let names: Vec<&str> = documents.iter().map(|it| it.workspace.as_str()).collect();
    let twice = |(at, name): &(usize, &&str)| names[..*at].contains(*name);
    names
        .iter()
        .enumerate()
        .filter(twice)
        .map(|(_, name)| {
            format!(
                "{}: two documents are for the workspace `{name}`: make them one",
                path.display()
            )
        })
        .collect()
}

fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or("`${` has no closing brace")?;
        let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
        if name.is_empty()
            || !name.chars().all(plain)
            || name.starts_with(|it: char| it.is_ascii_digit())
        {
            return Err(
                "`${…}` wants the name of a variable: letters, digits and underscores".to_owned()
            );
        }
        let value = env(name).filter(|it| !it.is_empty());
        out.push_str(before);
        out.push_str(&value.ok_or_else(|| format!("the variable {name} is not set"))?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(Secret::new(out))
}

/// The message without the place, which stands before it already.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let cut = text.rfind(" at line ").unwrap_or(text.len());
    let text = &text[..cut];
    match (text.starts_with("line "), text.split_once(": ")) {
        (true, Some((_, rest))) => rest.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_admin::apply::document::PriceDecl;

    const SETUP: &str = r#"version: 1
workspace: main
providers:
  - name: openai-main
    kind: openai-compatible
    base_url: http://127.0.0.1:9001/v1
    credentials:
      - {name: prod, api_key: "${OPENAI_KEY}"}
models:
  - {provider: openai-main, name: gpt-x, type: llm, price: {input: 0.15, output: "0.60"}}
aliases:
  - name: fast
    targets: [{provider: openai-main, model: gpt-x}]
keys:
  - {name: ci, secret: "wl_${A}_${B}", owner: platform, environment: test, aliases: [fast]}
"#;

    fn env(name: &str) -> Option<String> {
        match name {
            "OPENAI_KEY" => Some("sk-canary".to_owned()),
            "A" => Some("1".to_owned()),
            "B" => Some("${A}".to_owned()),
            _ => None,
        }
    }

    fn wrong(from: &str, to: &str) -> String {
        assert!(SETUP.contains(from), "{from}");
        load(Path::new("setup.yaml"), &SETUP.replace(from, to), &env).unwrap_err().to_string()
    }

    #[test]
    fn variables_are_filled_into_secrets_once() {
        let documents = load(Path::new("setup.yaml"), SETUP, &env).unwrap();
        let document = &documents[0];
        let credential = &document.providers[0].credentials[0];
        assert_eq!(credential.api_key.as_ref().unwrap().expose(), b"sk-canary");
        assert_eq!(document.keys[0].secret.as_ref().unwrap().expose(), b"wl_1_${A}");
        let Some(PriceDecl::Listed(price)) = &document.models[0].price else { panic!("no list") };
        assert_eq!(price.values().map(|it| it.0.to_string()).collect::<Vec<_>>(), ["0.15", "0.6"]);
    }

    #[test]
    fn a_price_can_be_the_catalogs() {
        let text = SETUP.replace("{input: 0.15, output: \"0.60\"}", "catalog");
        let documents = load(Path::new("setup.yaml"), &text, &env).unwrap();
        assert_eq!(documents[0].models[0].price, Some(PriceDecl::Catalog));
        let error = wrong("{input: 0.15, output: \"0.60\"}", "cheap");
        assert!(error.starts_with("setup.yaml:10:") && error.contains("`catalog`"), "{error}");
    }

    #[test]
    fn variables_elsewhere_stay_as_they_are() {
        let text = SETUP.replace("name: fast", "name: \"${A}\"");
        let documents = load(Path::new("setup.yaml"), &text, &env).unwrap();
        assert_eq!(documents[0].aliases[0].name, "${A}");
    }

    #[test]
    fn a_missing_variable_is_named_with_its_place() {
        assert_eq!(
            wrong("OPENAI_KEY", "OPENAI_KEX"),
            "setup.yaml:8:31: the variable OPENAI_KEX is not set"
        );
        assert_eq!(wrong("${A}_${B}", "${A"), "setup.yaml:15:24: `${` has no closing brace");
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place() {
        let error = wrong("    base_url:", "    base_uri:");
        assert!(error.starts_with("setup.yaml:6:5: unknown field `base_uri`"), "{error}");
        let error = wrong("model: gpt-x}", "modle: gpt-x}");
        assert!(error.starts_with("setup.yaml:13:39: unknown field `modle`"), "{error}");
    }

    #[test]
    fn values_that_cannot_be_are_named_with_their_place() {
        let error = wrong("input: 0.15", "input: cheap");
        assert!(
            error.starts_with("setup.yaml:10:") && error.contains("`cheap` is not an amount"),
            "{error}"
        );
        let error = wrong("version: 1", "version: 7");
        assert!(
            error.starts_with("setup.yaml:1:") && error.contains("version 7 is unknown"),
            "{error}"
        );
        let error = wrong("type: llm", "type: lmm");
        assert!(error.starts_with("setup.yaml:10:") && error.contains("lmm"), "{error}");
        assert!(wrong("workspace: main", "workspace: [").starts_with("setup.yaml:"));
    }

    #[test]
    fn no_error_shows_a_secret() {
        let text = SETUP
            .replace("${OPENAI_KEY}", "sk-canary")
            .replace("environment: test", "enviroment: test");
        let error =
            load(Path::new("setup.yaml"), &text.replace("prod,", "prod, colour: red,"), &env)
                .unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        let error =
            load(Path::new("setup.yaml"), &text.replace("\"sk-canary\"", "[sk-canary]"), &env)
                .unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }

    #[test]
    fn one_document_for_each_workspace() {
        let two = format!("{SETUP}---\nversion: 1\nworkspace: other\n");
        assert_eq!(load(Path::new("setup.yaml"), &two, &env).unwrap().len(), 2);
        let twice = format!("{SETUP}---\nversion: 1\nworkspace: main\n");
        let error = load(Path::new("setup.yaml"), &twice, &env).unwrap_err().to_string();
        assert_eq!(error, "setup.yaml: two documents are for the workspace `main`: make them one");
        assert_eq!(
            load(Path::new("s"), "", &env).unwrap_err().to_string(),
            "s: it holds no document"
        );
    }
}
